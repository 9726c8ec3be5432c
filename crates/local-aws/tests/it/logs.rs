//! Log groups.

use crate::cloud::{Cloud, code};

#[tokio::test]
async fn a_group_can_be_created_changed_and_deleted() {
    let cloud = Cloud::start().await;
    let logs = cloud.logs();
    let name = "/aws/lambda/f";
    logs.create_log_group().log_group_name(name).tags("a", "1").send().await.unwrap();
    let again = logs.create_log_group().log_group_name(name).send().await;
    assert_eq!(code(again), "ResourceAlreadyExistsException");
    logs.create_log_group().log_group_name("/aws/lambda/f2").send().await.unwrap();

    logs.put_retention_policy().log_group_name(name).retention_in_days(14).send().await.unwrap();
    let odd = logs.put_retention_policy().log_group_name(name).retention_in_days(15).send().await;
    assert_eq!(code(odd), "InvalidParameterException");
    let found = logs.describe_log_groups().log_group_name_prefix(name).send().await.unwrap().log_groups.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].retention_in_days, found[1].retention_in_days), (Some(14), None));
    assert!(found[0].arn().unwrap().ends_with(":log-group:/aws/lambda/f:*"));
    let arn = found[0].log_group_arn().unwrap();

    logs.tag_resource().resource_arn(arn).tags("b", "2").send().await.unwrap();
    logs.untag_resource().resource_arn(arn).tag_keys("a").send().await.unwrap();
    let tags = logs.list_tags_for_resource().resource_arn(arn).send().await.unwrap().tags.unwrap();
    assert_eq!(tags.into_iter().collect::<Vec<_>>(), [("b".to_owned(), "2".to_owned())]);

    logs.delete_retention_policy().log_group_name(name).send().await.unwrap();
    let found = logs.describe_log_groups().log_group_name_prefix(name).limit(1).send().await.unwrap();
    assert_eq!(found.log_groups()[0].retention_in_days, None);
    let token = found.next_token.unwrap();
    let rest = logs.describe_log_groups().log_group_name_prefix(name).next_token(token).send().await.unwrap();
    assert_eq!(rest.log_groups().len(), 1);

    assert!(logs.filter_log_events().log_group_name(name).send().await.unwrap().events().is_empty());
    logs.delete_log_group().log_group_name(name).send().await.unwrap();
    assert_eq!(code(logs.delete_log_group().log_group_name(name).send().await), "ResourceNotFoundException");
    assert_eq!(code(logs.filter_log_events().log_group_name(name).send().await), "ResourceNotFoundException");
    assert_eq!(code(logs.list_tags_for_resource().resource_arn(arn).send().await), "ResourceNotFoundException");
}
