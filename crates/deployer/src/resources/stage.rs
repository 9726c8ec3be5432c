//! The stage: GetStages, CreateStage, UpdateStage. Hangs on the API.
//!
//! Its description records the deployment that we made (see [`super::deployment`]); both are changed in one call. Its
//! throttle is a stage setting and needs no deployment.

use anyhow::Result;
use aws_sdk_apigateway::types::{MethodSetting, Op, PatchOperation, Stage};

use super::{Context, Diff, Observed, Step, deployment::Record};
use crate::{
    aws::{ApiError, Doing as _, found},
    engine::plan::FieldDiff,
};

/// All methods of all resources.
const ALL: &str = "*/*";
/// What AWS writes for the throttle as soon as any other setting of the stage is set.
const DEFAULT_THROTTLE: (f64, i32) = (10_000.0, 5_000);

/// What it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// Name.
    pub name: String,
    /// Requests a second; none is the account's limit.
    pub throttle_rate: Option<f64>,
    /// Requests at once; none is the account's limit.
    pub throttle_burst: Option<i32>,
}

/// What it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Actual {
    /// Deployment that it serves.
    pub deployment_id: String,
    /// What its description records.
    pub record: Option<Record>,
    /// Requests a second; none is the account's limit.
    pub throttle_rate: Option<f64>,
    /// Requests at once; none is the account's limit.
    pub throttle_burst: Option<i32>,
}

impl Actual {
    /// Whether it serves the deployment that we made of this snapshot.
    pub fn serves(&self, snapshot: &str) -> bool {
        let record = self.record.as_ref();
        record.is_some_and(|record| record.deployment_id == self.deployment_id && record.snapshot == snapshot)
    }
}

/// Reads all of the API's and picks ours.
pub async fn observe(cx: Context<'_>, api_id: &str) -> Result<Observed<Actual>> {
    let name = &cx.id.stage;
    let answer = cx.aws.apigateway.get_stages().rest_api_id(api_id).send().await;
    let answer = found(answer).doing("reading the stages of REST API", api_id)?;
    let items = answer.and_then(|answer| answer.item).unwrap_or_default();
    Ok(Observed::child(items.iter().find(|item| item.stage_name() == Some(name)).map(actual)))
}

fn actual(stage: &Stage) -> Actual {
    let setting = stage.method_settings().and_then(|settings| settings.get(ALL));
    // Negative stands for no limit of its own.
    let limit = |setting: &MethodSetting| {
        let throttle = (setting.throttling_rate_limit, setting.throttling_burst_limit);
        (throttle != DEFAULT_THROTTLE && throttle.0 >= 0.0 && throttle.1 >= 0).then_some(throttle)
    };
    let throttle = setting.and_then(limit);
    Actual {
        deployment_id: stage.deployment_id().unwrap_or_default().to_owned(),
        record: stage.description().and_then(Record::parse),
        throttle_rate: throttle.map(|throttle| throttle.0),
        throttle_burst: throttle.map(|throttle| throttle.1),
    }
}

/// Compares what is the stage's own. Half a throttle is completed by AWS's default.
pub fn diff(desired: &Desired, actual: &Actual) -> Vec<FieldDiff> {
    let (rate, burst) = match throttle(desired) {
        Some((rate, burst)) if (rate, burst) != DEFAULT_THROTTLE => (Some(rate), Some(burst)),
        _ => (None, None),
    };
    Diff::default()
        .field("throttle_rate", &rate, &actual.throttle_rate)
        .field("throttle_burst", &burst, &actual.throttle_burst)
        .done()
}

fn throttle(desired: &Desired) -> Option<(f64, i32)> {
    match (desired.throttle_rate, desired.throttle_burst) {
        (None, None) => None,
        (rate, burst) => Some((rate.unwrap_or(DEFAULT_THROTTLE.0), burst.unwrap_or(DEFAULT_THROTTLE.1))),
    }
}

/// Makes it so and points it at the deployment; gives its name.
pub async fn reconcile(
    cx: Context<'_>,
    api_id: &str,
    record: Option<&Record>,
    desired: &Desired,
    step: &Step<Actual>,
) -> Result<String> {
    let name = &desired.name;
    let mut patches = Vec::new();
    match (step, record) {
        (Step::Skip(_) | Step::Keep(_), _) => return Ok(name.clone()),
        (Step::Create, Some(record)) => {
            create(cx, api_id, record, name).await?;
            patches.extend(throttle(desired).map(throttle_patches).unwrap_or_default());
        }
        (Step::Create, None) => anyhow::bail!("creating stage \"{name}\": there is no deployment for it"),
        (_, record) => {
            patches.extend(record.map(record_patches).unwrap_or_default());
            if step.differs(&["throttle_rate", "throttle_burst"]) {
                patches.extend(throttle_patches(throttle(desired).unwrap_or(DEFAULT_THROTTLE)));
            }
        }
    }
    if !patches.is_empty() {
        let call = cx.aws.apigateway.update_stage().rest_api_id(api_id).stage_name(name);
        call.set_patch_operations(Some(patches)).send().await.doing("updating stage", name)?;
    }
    Ok(name.clone())
}

async fn create(cx: Context<'_>, api_id: &str, record: &Record, name: &str) -> Result<()> {
    let call = cx.aws.apigateway.create_stage().rest_api_id(api_id).stage_name(name);
    let answer = call.deployment_id(&record.deployment_id).description(record.description()).send().await;
    match answer.map_err(ApiError::from) {
        // Our own create whose answer was lost: a look decides.
        Err(error) if error.code() == Some("ConflictException") => {
            let there = observe(cx, api_id).await?;
            match there.owned() {
                Some(actual) if actual.serves(&record.snapshot) => Ok(()),
                _ => Err(error).doing("creating stage", name),
            }
        }
        other => other.doing("creating stage", name).map(|_| ()),
    }
}

fn patch(path: &str, value: &str) -> PatchOperation {
    PatchOperation::builder().op(Op::Replace).path(path).value(value).build()
}

fn record_patches(record: &Record) -> Vec<PatchOperation> {
    vec![patch("/deploymentId", &record.deployment_id), patch("/description", &record.description())]
}

fn throttle_patches((rate, burst): (f64, i32)) -> Vec<PatchOperation> {
    vec![patch("/*/*/throttling/rateLimit", &rate.to_string()), patch("/*/*/throttling/burstLimit", &burst.to_string())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desired(rate: Option<f64>, burst: Option<i32>) -> Desired {
        Desired { name: "dev".into(), throttle_rate: rate, throttle_burst: burst }
    }

    fn with_setting(rate: f64, burst: i32) -> Actual {
        let setting = MethodSetting::builder().throttling_rate_limit(rate).throttling_burst_limit(burst).build();
        actual(&Stage::builder().deployment_id("d").method_settings(ALL, setting).build())
    }

    #[test]
    fn no_throttle_is_no_setting_and_the_default_one() {
        assert_eq!(diff(&desired(None, None), &actual(&Stage::builder().build())), []);
        assert_eq!(diff(&desired(None, None), &with_setting(10_000.0, 5_000)), []);
        assert_eq!(diff(&desired(None, None), &with_setting(5.0, 2)).len(), 2);
    }

    #[test]
    fn a_throttle_is_compared_field_by_field() {
        assert_eq!(diff(&desired(Some(5.0), Some(2)), &with_setting(5.0, 2)), []);
        assert_eq!(diff(&desired(Some(6.0), Some(2)), &with_setting(5.0, 2))[0].field, "throttle_rate");
        assert_eq!(diff(&desired(Some(5.0), None), &with_setting(5.0, 5_000)), []);
    }

    #[test]
    fn it_serves_a_snapshot_only_while_it_points_at_our_deployment() {
        let record = Record { deployment_id: "d".into(), snapshot: "s".into() };
        let stage = |id: &str| actual(&Stage::builder().deployment_id(id).description(record.description()).build());
        assert!(stage("d").serves("s"));
        assert!(!stage("d").serves("t"));
        assert!(!stage("repointed").serves("s"));
        assert!(!actual(&Stage::builder().deployment_id("d").build()).serves("s"));
    }
}
