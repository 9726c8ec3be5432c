//! The stage: GetStages, CreateStage, UpdateStage, DeleteStage. A child of the API.
//!
//! Its description records the deployment that we created (see [`super::deployment`]); one call changes both. Its
//! throttle is a setting of the stage and needs no deployment.

use anyhow::Result;
use aws_sdk_apigateway::types::{Op, PatchOperation, Stage};

use super::{Context, Reader, deployment::Record};
use crate::{
    aws::{ApiError, Doing as _, none_if_not_found},
    change::{Diff, FieldDiff, KNOWN_AFTER_APPLY, Observed, Step},
    error::Failure,
};

/// All methods of all resources.
pub const ALL: &str = "*/*";
/// Our method's own settings in a patch: the path with `/` as `~1`, then the verb.
const OUR_METHOD: &str = "~1/POST";
/// Fields that differ together with others, or that a patch removes.
const DEPLOYMENT: &str = "deployment_id";
const DESCRIPTION: &str = "description";
const METHOD_THROTTLE: &str = "method_throttle";
const CANARY: &str = "canary";
/// What AWS writes as the throttle as soon as any other setting of the stage is set.
const DEFAULT_THROTTLE: (f64, i32) = (10_000.0, 5_000);

#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    pub name: String,
    /// Requests per second. `None` means the account's limit.
    pub throttle_rate: Option<f64>,
    /// Size of a burst, in requests. `None` means the account's limit.
    pub throttle_burst: Option<i32>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Actual {
    /// The deployment that it serves.
    pub deployment_id: String,
    /// Free text. We record there which deployment we created.
    pub description: Option<String>,
    /// Requests per second. `None` means the account's limit.
    pub throttle_rate: Option<f64>,
    /// Size of a burst, in requests. `None` means the account's limit.
    pub throttle_burst: Option<i32>,
    /// Rate and burst of our method alone, which would override those of the stage.
    pub method_throttle: Option<(f64, i32)>,
    /// Whether a part of the requests goes to another deployment.
    pub canary: bool,
}

impl Actual {
    pub fn record(&self) -> Option<Record> {
        self.description.as_deref().and_then(Record::parse)
    }

    /// The deployment that we created, as long as the stage serves it.
    pub fn serves(&self) -> Option<Record> {
        self.record().filter(|record| record.deployment_id == self.deployment_id)
    }
}

/// The deployment that it should serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serving<'a> {
    /// Whatever it serves now: deployments are not part of the run.
    Any,
    /// One that exists.
    Existing(&'a Record),
    /// The one that apply will create.
    New,
}

/// The stages that an API has.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Discovered {
    /// The stack's own stage.
    pub stage: Observed<Actual>,
    /// Names of the others, which serve whatever deployment they point at.
    pub others: Vec<String>,
}

/// Reads all stages of the API and picks ours.
pub async fn observe(cx: Reader<'_>, api_id: &str) -> Result<Discovered> {
    let name = &cx.id.stage;
    let answer = cx.aws.apigateway.get_stages().rest_api_id(api_id).send().await;
    let answer = none_if_not_found(answer).doing("reading the stages of REST API", api_id)?;
    let items = answer.and_then(|answer| answer.item).unwrap_or_default();
    let ours = items.iter().find(|item| item.stage_name() == Some(name)).map(actual);
    let mut others: Vec<String> = items.into_iter().filter_map(|item| item.stage_name).collect();
    others.retain(|other| other != name);
    others.sort();
    Ok(Discovered { stage: Observed::child(ours), others })
}

fn actual(stage: &Stage) -> Actual {
    let throttle = |is_it: fn(&str) -> bool| {
        let (_, setting) = stage.method_settings()?.iter().find(|(key, _)| is_it(key))?;
        let throttle = (setting.throttling_rate_limit, setting.throttling_burst_limit);
        // A negative number means that it has no limit of its own.
        (throttle != DEFAULT_THROTTLE && throttle.0 >= 0.0 && throttle.1 >= 0).then_some(throttle)
    };
    let all = throttle(|key| key == ALL);
    Actual {
        deployment_id: stage.deployment_id().unwrap_or_default().to_owned(),
        description: stage.description().map(Into::into),
        throttle_rate: all.map(|throttle| throttle.0),
        throttle_burst: all.map(|throttle| throttle.1),
        method_throttle: throttle(is_ours).filter(|own| Some(*own) != all),
        canary: stage.canary_settings().is_some(),
    }
}

/// Whether a key of the stage's settings means POST on `/`. AWS does not document how it spells the root path there: it
/// is `~1` in patches, and every other path has no leading slash.
fn is_ours(key: &str) -> bool {
    key.strip_suffix("/POST").is_some_and(|path| path.replace("~1", "/").trim_matches('/').is_empty())
}

/// If only rate or burst is set, AWS's default applies to the other.
pub fn diff(desired: &Desired, serving: Serving<'_>, actual: Option<&Actual>) -> Vec<FieldDiff> {
    let (rate, burst) = match throttle(desired) {
        Some((rate, burst)) if (rate, burst) != DEFAULT_THROTTLE => (Some(rate), Some(burst)),
        _ => (None, None),
    };
    let deployment_id = actual.map(|actual| actual.deployment_id.as_str());
    let diff = match serving {
        Serving::Any => Diff::default(),
        Serving::New => Diff::default().field(DEPLOYMENT, KNOWN_AFTER_APPLY, deployment_id),
        Serving::Existing(record) => Diff::default()
            .field(DEPLOYMENT, record.deployment_id.as_str(), deployment_id)
            .field(DESCRIPTION, Some(record.description()), actual.map(|actual| actual.description.clone())),
    };
    diff.field("throttle_rate", rate, actual.map(|actual| actual.throttle_rate))
        .field("throttle_burst", burst, actual.map(|actual| actual.throttle_burst))
        .field(METHOD_THROTTLE, None, actual.map(|actual| actual.method_throttle))
        .field(CANARY, false, actual.map(|actual| actual.canary))
        .done()
}

/// Rate and burst, if either is set. AWS's default applies to the other.
pub fn throttle(desired: &Desired) -> Option<(f64, i32)> {
    match (desired.throttle_rate, desired.throttle_burst) {
        (None, None) => None,
        (rate, burst) => Some((rate.unwrap_or(DEFAULT_THROTTLE.0), burst.unwrap_or(DEFAULT_THROTTLE.1))),
    }
}

/// Brings it to the desired state and points it at the deployment. Returns its name.
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
            if step.differs(&[DEPLOYMENT, DESCRIPTION]) {
                patches.extend(record.map(record_patches).unwrap_or_default());
            }
            if step.differs(&["throttle_rate", "throttle_burst"]) {
                patches.extend(throttle_patches(throttle(desired).unwrap_or(DEFAULT_THROTTLE)));
            }
            let removed = [(METHOD_THROTTLE, OUR_METHOD), (CANARY, "canarySettings")];
            patches
                .extend(removed.into_iter().filter(|(field, _)| step.differs(&[field])).map(|(_, path)| remove(path)));
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
        // Perhaps our own call whose answer was lost: check what exists.
        Err(error) if error.code() == Some("ConflictException") => {
            let there = observe(cx.reader(), api_id).await?.stage;
            match there.owned() {
                Some(actual) if actual.serves().as_ref() == Some(record) => Ok(()),
                _ => Err(anyhow::Error::new(error).context(Failure::changed_meanwhile("creating stage", name))),
            }
        }
        other => other.doing("creating stage", name).map(|_| ()),
    }
}

/// Deletes a stage of that name.
pub async fn delete(cx: Context<'_>, api_id: &str, name: &str) -> Result<()> {
    let call = cx.aws.apigateway.delete_stage().rest_api_id(api_id).stage_name(name);
    none_if_not_found(call.send().await).doing("deleting stage", name)?;
    Ok(())
}

fn remove(path: &str) -> PatchOperation {
    PatchOperation::builder().op(Op::Remove).path(format!("/{path}")).build()
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
    use aws_sdk_apigateway::types::MethodSetting;

    use super::*;
    use crate::testing::fields;

    fn desired(rate: Option<f64>, burst: Option<i32>) -> Desired {
        Desired { name: "dev".into(), throttle_rate: rate, throttle_burst: burst }
    }

    fn with_setting(rate: f64, burst: i32) -> Actual {
        let setting = MethodSetting::builder().throttling_rate_limit(rate).throttling_burst_limit(burst).build();
        actual(&Stage::builder().deployment_id("d").method_settings(ALL, setting).build())
    }

    #[test]
    fn no_throttle_is_no_setting_and_the_default_one() {
        let none = desired(None, None);
        assert_eq!(diff(&none, Serving::Any, Some(&actual(&Stage::builder().build()))), []);
        assert_eq!(diff(&none, Serving::Any, Some(&with_setting(10_000.0, 5_000))), []);
        assert_eq!(diff(&none, Serving::Any, Some(&with_setting(5.0, 2))).len(), 2);
    }

    #[test]
    fn a_throttle_is_compared_field_by_field() {
        let found = |rate, burst, actual| diff(&desired(Some(rate), burst), Serving::Any, Some(&actual));
        assert_eq!(found(5.0, Some(2), with_setting(5.0, 2)), []);
        assert_eq!(fields(&found(6.0, Some(2), with_setting(5.0, 2))), ["throttle_rate"]);
        assert_eq!(found(5.0, None, with_setting(5.0, 5_000)), []);
    }

    #[test]
    fn settings_that_override_the_stage_are_seen() {
        let own = MethodSetting::builder().throttling_rate_limit(1.0).throttling_burst_limit(1).build();
        let canary = aws_sdk_apigateway::types::CanarySettings::builder().percent_traffic(10.0).build();
        let stage = Stage::builder().method_settings(OUR_METHOD, own).canary_settings(canary).build();
        let found = diff(&desired(None, None), Serving::Any, Some(&actual(&stage)));
        assert_eq!(fields(&found), [METHOD_THROTTLE, CANARY]);
        assert!(is_ours("/POST") && is_ours("~1/POST"));
        assert!(!is_ours("predict/POST") && !is_ours("~1/GET"));
    }

    #[test]
    fn it_serves_our_deployment_only_while_it_points_at_it() {
        let record = Record { deployment_id: "d".into(), snapshot: "s".into() };
        let stage = |id: &str| actual(&Stage::builder().deployment_id(id).description(record.description()).build());
        assert_eq!(stage("d").serves(), Some(record.clone()));
        assert_eq!(stage("repointed").serves(), None);
        assert_eq!(actual(&Stage::builder().deployment_id("d").build()).serves(), None);
        let found = |serving, id: &str| diff(&desired(None, None), serving, Some(&stage(id)));
        assert_eq!(found(Serving::Existing(&record), "d"), []);
        assert_eq!(fields(&found(Serving::Existing(&record), "repointed")), [DEPLOYMENT]);
        assert_eq!(fields(&found(Serving::New, "d")), [DEPLOYMENT]);
        assert_eq!(found(Serving::Any, "repointed"), []);
    }
}
