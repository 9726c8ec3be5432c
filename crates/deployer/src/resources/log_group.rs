//! The function's log group: CreateLogGroup, PutRetentionPolicy, DescribeLogGroups, ListTagsForResource.
//!
//! Created before the function, because Lambda would create it without a retention and without our tags. A late write
//! of a deleted function can do the same, so an existing one is no error. Owned by tags.

use anyhow::Result;

use super::{Context, Reader};
use crate::{
    aws::{ApiError, Doing as _, none_if_not_found},
    change::{Diff, FieldDiff, Observed, Step},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    pub name: String,
    /// How long events are kept.
    pub retention_days: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actual {
    /// How long events are kept. `None` means forever.
    pub retention_days: Option<i32>,
}

/// Reads the group, then its tags.
pub async fn observe(cx: Reader<'_>) -> Result<Observed<Actual>> {
    let name = cx.id.log_group();
    let groups = cx.aws.logs.describe_log_groups().log_group_name_prefix(&name).send().await;
    let groups = groups.doing("reading log group", &name)?;
    let Some(group) = groups.log_groups().iter().find(|group| group.log_group_name() == Some(&name)) else {
        return Ok(Observed::Absent);
    };
    // The ARN that has tags is the one without the asterisk, which stands for the streams.
    let arn = group.arn().unwrap_or_default().trim_end_matches(":*");
    let tags = cx.aws.logs.list_tags_for_resource().resource_arn(arn).send().await;
    let Some(tags) = none_if_not_found(tags).doing("reading the tags of log group", &name)? else {
        // It was deleted after it was described. It is not a group without tags, which would be somebody else's.
        return Ok(Observed::Absent);
    };
    let tags = tags.tags.unwrap_or_default();
    let actual = Actual { retention_days: group.retention_in_days };
    Ok(Observed::by_tags(cx.id, actual, |key| tags.get(key).map(String::as_str)))
}

pub fn diff(desired: &Desired, actual: Option<&Actual>) -> Vec<FieldDiff> {
    Diff::default()
        .field("retention_days", Some(desired.retention_days), actual.map(|actual| actual.retention_days))
        .done()
}

/// Brings it to the desired state. Returns its name.
pub async fn reconcile(cx: Context<'_>, desired: &Desired, step: &Step<Actual>) -> Result<String> {
    let name = &desired.name;
    if let Step::Create = step {
        let created = cx.aws.logs.create_log_group().log_group_name(name).set_tags(Some(cx.id.tag_map())).send().await;
        match created.map_err(ApiError::from) {
            // Our own call whose answer was lost, or a late write of the function that was here before.
            Err(error) if error.code() == Some("ResourceAlreadyExistsException") => tag(cx, name).await?,
            other => drop(other.doing("creating log group", name)?),
        }
    }
    if let Step::Adopt(..) = step {
        tag(cx, name).await?;
    }
    if matches!(step, Step::Create) || step.differs(&["retention_days"]) {
        let put = cx.aws.logs.put_retention_policy().log_group_name(name).retention_in_days(desired.retention_days);
        put.send().await.doing("setting the retention of log group", name)?;
    }
    Ok(name.clone())
}

async fn tag(cx: Context<'_>, name: &str) -> Result<()> {
    let call = cx.aws.logs.tag_resource().resource_arn(cx.id.log_group_arn()).set_tags(Some(cx.id.tag_map()));
    call.send().await.doing("tagging log group", name)?;
    Ok(())
}

/// Deletes it with all its events.
pub async fn delete(cx: Context<'_>) -> Result<()> {
    let name = cx.id.log_group();
    none_if_not_found(cx.aws.logs.delete_log_group().log_group_name(&name).send().await)
        .doing("deleting log group", &name)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_no_diff_and_each_field_is_one() {
        let desired = Desired { name: "g".into(), retention_days: 14 };
        assert_eq!(diff(&desired, Some(&Actual { retention_days: Some(14) })), []);
        assert_eq!(diff(&desired, Some(&Actual { retention_days: None })).len(), 1);
        assert_eq!(diff(&desired, Some(&Actual { retention_days: Some(1) }))[0].field, "retention_days");
    }
}
