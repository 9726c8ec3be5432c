//! Log groups.

use super::{Table, tags};
use crate::cloud::Cloud;

const GROUPS: &str = "CloudWatch Logs API reference, CreateLogGroup";
const RETENTION: &str = "CloudWatch Logs API reference, PutRetentionPolicy";
const TAGS: &str = "CloudWatch Logs API reference, TagResource";

const INVALID: (u16, &str) = (400, "InvalidParameterException");
const ABSENT: (u16, &str) = (400, "ResourceNotFoundException");

#[tokio::test]
async fn log_groups() {
    let cloud = Cloud::start().await;
    let logs = cloud.logs();
    let create = |name: &str| logs.create_log_group().log_group_name(name);
    create("g").send().await.unwrap();
    let mut table = Table::default();
    let twice = create("g").send().await;
    table.refused("a log group twice", GROUPS, (400, "ResourceAlreadyExistsException"), twice);
    table.refused("a log group's name with a space", GROUPS, INVALID, create("a b").send().await);
    table.refused("a log group's name of 513 characters", GROUPS, INVALID, create(&"g".repeat(513)).send().await);
    table.refused(
        "51 tags of a log group in one call",
        GROUPS,
        INVALID,
        create("t").set_tags(Some(tags(0, 51))).send().await,
    );
    let retain = |name: &str, days| logs.put_retention_policy().log_group_name(name).retention_in_days(days).send();
    table.refused("a retention of 15 days", RETENTION, INVALID, retain("g", 15).await);
    table.refused("the retention of an unknown log group", RETENTION, ABSENT, retain("absent", 14).await);
    let delete = logs.delete_log_group().log_group_name("absent").send().await;
    table.refused("deleting an unknown log group", "CloudWatch Logs API reference, DeleteLogGroup", ABSENT, delete);
    let page = logs.describe_log_groups().limit(51).send().await;
    table.refused("51 log groups on a page", "CloudWatch Logs API reference, DescribeLogGroups", INVALID, page);
    let events = logs.filter_log_events().log_group_name("absent").send().await;
    table.refused(
        "the events of an unknown log group",
        "CloudWatch Logs API reference, FilterLogEvents",
        ABSENT,
        events,
    );

    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:g";
    let tag = |arn: &str, tags| logs.tag_resource().resource_arn(arn).set_tags(Some(tags)).send();
    tag(arn, tags(0, 50)).await.unwrap();
    table.refused("a 51st tag of a log group", TAGS, (400, "TooManyTagsException"), tag(arn, tags(50, 51)).await);
    let own = tag(arn, [("aws:owner".to_owned(), "x".to_owned())].into()).await;
    table.refused("a log group's tag that begins with aws:", TAGS, INVALID, own);
    let star = tag(&format!("{arn}:*"), tags(0, 1)).await;
    table.refused("a log group's ARN that ends in :* where it is tagged", TAGS, INVALID, star);
    table.done();
}
