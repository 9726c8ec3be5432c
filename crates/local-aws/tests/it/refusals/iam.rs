//! Roles.

use aws_sdk_iam::types::Tag;

use super::Table;
use crate::cloud::{Cloud, TRUST};

const ROLES: &str = "IAM API reference, CreateRole";
const DELETE: &str = "IAM API reference, DeleteRole";
const POLICIES: &str = "IAM API reference, PutRolePolicy";
const QUOTAS: &str = "IAM user guide, *IAM and AWS STS quotas*";
const TAGS: &str = "IAM API reference, TagRole";

const INVALID: (u16, &str) = (400, "ValidationError");
const MALFORMED: (u16, &str) = (400, "MalformedPolicyDocument");
const LIMIT: (u16, &str) = (409, "LimitExceeded");
const ABSENT: (u16, &str) = (404, "NoSuchEntity");
const EXISTS: (u16, &str) = (409, "EntityAlreadyExists");
const IN_USE: (u16, &str) = (409, "DeleteConflict");

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap()
}

fn policy(resource: &str) -> String {
    format!(r#"{{"Statement":{{"Effect":"Allow","Action":"logs:PutLogEvents","Resource":"{resource}"}}}}"#)
}

#[tokio::test]
async fn roles() {
    let cloud = Cloud::start().await;
    let iam = cloud.iam();
    let create = |name: &str, trust: &str| iam.create_role().role_name(name).assume_role_policy_document(trust);
    create("r", TRUST).send().await.unwrap();
    let mut table = Table::default();
    table.refused("a role twice", ROLES, EXISTS, create("r", TRUST).send().await);
    table.refused("a role's name twice, in other case", ROLES, EXISTS, create("R", TRUST).send().await);
    table.refused("a role's name of 65 characters", ROLES, INVALID, create(&"r".repeat(65), TRUST).send().await);
    table.refused("a role's name with a space", ROLES, INVALID, create("a b", TRUST).send().await);
    table.refused("a role's path without its last slash", ROLES, INVALID, create("p", TRUST).path("/a").send().await);
    let foreign = create("d", TRUST).description("\u{2713}").send().await;
    table.refused("a role's description beyond Latin-1", ROLES, INVALID, foreign);
    let short = create("s", TRUST).max_session_duration(3599).send().await;
    table.refused("a session of under an hour", ROLES, INVALID, short);
    table.refused("a trust policy that is not JSON", ROLES, MALFORMED, create("j", "{").send().await);
    table.refused("a trust policy without a principal", ROLES, MALFORMED, create("t", &policy("*")).send().await);
    let services: Vec<String> = (0..100).map(|number| format!("\"service-{number}.amazonaws.com\"")).collect();
    let long = TRUST.replace("\"lambda.amazonaws.com\"", &format!("[{}]", services.join(",")));
    table.refused("a trust policy of over 2,048 characters", QUOTAS, LIMIT, create("l", &long).send().await);
    table.refused("reading an unknown role", ROLES, ABSENT, iam.get_role().role_name("absent").send().await);
    for most in [0, 1001] {
        let page = iam.list_roles().max_items(most).send().await;
        table.refused(&format!("{most} roles on a page"), "IAM API reference, ListRoles", INVALID, page);
    }

    let put = |name: &str, text: &str| iam.put_role_policy().role_name("r").policy_name(name).policy_document(text);
    table.refused("an inline policy that names a principal", POLICIES, MALFORMED, put("p", TRUST).send().await);
    let long = policy(&"a".repeat(10_240));
    table.refused("inline policies of over 10,240 characters", QUOTAS, LIMIT, put("p", &long).send().await);
    put("p", &policy("*")).send().await.unwrap();
    let delete = || iam.delete_role().role_name("r").send();
    table.refused("deleting a role that has an inline policy", DELETE, IN_USE, delete().await);
    iam.delete_role_policy().role_name("r").policy_name("p").send().await.unwrap();
    let attach = |arn: String| iam.attach_role_policy().role_name("r").policy_arn(arn).send();
    for number in 0..10 {
        attach(format!("arn:aws:iam::aws:policy/Policy{number}")).await.unwrap();
    }
    let eleventh = attach("arn:aws:iam::aws:policy/Policy10".to_owned()).await;
    table.refused("an 11th managed policy of a role", QUOTAS, LIMIT, eleventh);
    table.refused("deleting a role that has a managed policy", DELETE, IN_USE, delete().await);
    let unknown = attach("arn:aws:iam::000000000000:policy/absent".to_owned()).await;
    table.refused("attaching an unknown policy", "IAM API reference, AttachRolePolicy", ABSENT, unknown);

    let tag_role = |tags: Vec<Tag>| iam.tag_role().role_name("r").set_tags(Some(tags)).send();
    let many = |from: usize, to: usize| (from..to).map(|number| tag(&format!("k{number}"), "v")).collect();
    table.refused("51 tags of a role in one call", TAGS, INVALID, tag_role(many(0, 51)).await);
    tag_role(many(0, 50)).await.unwrap();
    table.refused("a 51st tag of a role", TAGS, LIMIT, tag_role(many(50, 51)).await);
    let own = tag_role(vec![tag("aws:owner", "x")]).await;
    table.refused("a role's tag that begins with aws:", TAGS, (400, "InvalidInput"), own);
    table.refused(
        "a role's tag with characters that tags may not have",
        TAGS,
        INVALID,
        tag_role(vec![tag("a!", "x")]).await,
    );
    table.done();
}
