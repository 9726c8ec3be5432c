//! Roles and their policies.

use aws_sdk_iam::types::Tag;

use crate::cloud::{Cloud, TRUST, code};

const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:PutLogEvents"],"Resource":"*"}]}"#;

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap()
}

#[tokio::test]
async fn a_role_can_be_created_changed_and_deleted() {
    let cloud = Cloud::start().await;
    let iam = cloud.iam();
    let create = || iam.create_role().role_name("r").assume_role_policy_document(TRUST).tags(tag("a", "1"));
    let made = create().description("1 & <2>").send().await.unwrap().role.unwrap();
    assert_eq!(made.arn, "arn:aws:iam::000000000000:role/r");
    assert_eq!(code(create().send().await), "EntityAlreadyExists");

    let read = iam.get_role().role_name("r").send().await.unwrap().role.unwrap();
    assert_eq!(read.description.as_deref(), Some("1 & <2>"));
    assert_eq!(read.tags()[0].value, "1");
    assert_eq!(read.max_session_duration, Some(3600));
    let encoded = read.assume_role_policy_document.unwrap();
    assert!(encoded.starts_with("%7B%22Version%22"), "{encoded}");
    assert!((read.create_date.secs() - made.create_date.secs()).abs() == 0 && read.create_date.secs() > 1_700_000_000);

    iam.update_role().role_name("r").max_session_duration(7200).send().await.unwrap();
    iam.tag_role().role_name("r").tags(tag("b", "2")).send().await.unwrap();
    iam.untag_role().role_name("r").tag_keys("a").send().await.unwrap();
    let tags = iam.list_role_tags().role_name("r").send().await.unwrap().tags;
    assert_eq!(tags, [tag("b", "2")]);
    let read = iam.get_role().role_name("r").send().await.unwrap().role.unwrap();
    assert_eq!((read.max_session_duration, read.description.as_deref()), (Some(7200), Some("1 & <2>")));

    iam.put_role_policy().role_name("r").policy_name("p").policy_document(POLICY).send().await.unwrap();
    let managed = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    iam.attach_role_policy().role_name("r").policy_arn(managed).send().await.unwrap();
    let inline = iam.get_role_policy().role_name("r").policy_name("p").send().await.unwrap();
    assert!(inline.policy_document.contains("logs%3APutLogEvents"));
    assert_eq!(iam.list_role_policies().role_name("r").send().await.unwrap().policy_names, ["p"]);
    let attached = iam.list_attached_role_policies().role_name("r").send().await.unwrap().attached_policies.unwrap();
    assert_eq!(attached[0].policy_name.as_deref(), Some("AWSLambdaBasicExecutionRole"));

    assert_eq!(code(iam.delete_role().role_name("r").send().await), "DeleteConflict");
    iam.delete_role_policy().role_name("r").policy_name("p").send().await.unwrap();
    assert_eq!(code(iam.delete_role().role_name("r").send().await), "DeleteConflict");
    iam.detach_role_policy().role_name("r").policy_arn(managed).send().await.unwrap();
    iam.delete_role().role_name("r").send().await.unwrap();
    assert_eq!(code(iam.get_role().role_name("r").send().await), "NoSuchEntity");
    assert_eq!(code(iam.delete_role().role_name("r").send().await), "NoSuchEntity");
}

#[tokio::test]
async fn invalid_documents_and_names_are_refused() {
    let cloud = Cloud::start().await;
    let iam = cloud.iam();
    let create = |name: &str, trust: &str| iam.create_role().role_name(name).assume_role_policy_document(trust).send();
    assert_eq!(code(create("r", "{").await), "MalformedPolicyDocument");
    assert_eq!(code(create("r", POLICY).await), "MalformedPolicyDocument");
    assert_eq!(code(create("a b", TRUST).await), "ValidationError");
    assert_eq!(code(create(&"r".repeat(65), TRUST).await), "ValidationError");
    create("r", TRUST).await.unwrap();
    let put = iam.put_role_policy().role_name("r").policy_name("p").policy_document(TRUST).send().await;
    assert_eq!(code(put), "MalformedPolicyDocument");
    let attach = iam.attach_role_policy().role_name("r").policy_arn("arn:aws:iam::000000000000:policy/own").send();
    assert_eq!(code(attach.await), "NoSuchEntity");
    assert_eq!(code(iam.get_role_policy().role_name("r").policy_name("p").send().await), "NoSuchEntity");
}

#[tokio::test]
async fn roles_are_listed_in_pages() {
    let cloud = Cloud::start().await;
    for name in ["a", "b", "c"] {
        cloud.role(name).await;
    }
    let first = cloud.iam().list_roles().max_items(2).send().await.unwrap();
    assert!(first.is_truncated);
    let rest = cloud.iam().list_roles().marker(first.marker.unwrap()).send().await.unwrap();
    assert_eq!(rest.roles.iter().map(|role| role.role_name.as_str()).collect::<Vec<_>>(), ["c"]);
    assert!(!rest.is_truncated);
}
