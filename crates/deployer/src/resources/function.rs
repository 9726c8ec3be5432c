//! The Lambda function: GetFunction, CreateFunction, UpdateFunctionCode, UpdateFunctionConfiguration, concurrency.
//!
//! A new function is Pending, an updated one InProgress; until that is over, the next update is refused with
//! ResourceConflictException. A role made seconds ago cannot be assumed yet. Owned by tags.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Result;
use aws_sdk_lambda::{
    primitives::Blob,
    types::{
        Architecture, Environment, FunctionCode, FunctionConfiguration, LastUpdateStatus, LogFormat, LoggingConfig,
        Runtime, State,
    },
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Context, Diff, Observed, Step};
use crate::{
    aws::{
        ApiError, Doing as _, found,
        wait::{self, Poll},
    },
    engine::plan::{FieldDiff, ResourceKind},
    error::Failure,
};

/// Handler of a custom runtime; the name of the executable by convention.
const HANDLER: &str = "bootstrap";
/// Roles are usable within seconds, rarely after a minute.
const ROLE_DEADLINE: Duration = Duration::from_secs(75);
/// A zip of the largest size is Active well within this.
const READY_DEADLINE: Duration = Duration::from_secs(180);

/// The zip that it runs.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    /// SHA-256 in Base64, as Lambda reports it.
    pub sha256: String,
    /// The zip.
    pub zip: Arc<Vec<u8>>,
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Code({}, {} bytes)", self.sha256, self.zip.len())
    }
}

/// What it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// Name.
    pub name: String,
    /// ARN of its role.
    pub role: String,
    /// Instruction set.
    pub architecture: String,
    /// Memory.
    pub memory_mb: i32,
    /// Seconds until it is stopped.
    pub timeout_s: i32,
    /// Environment.
    pub environment: BTreeMap<String, String>,
    /// Log group.
    pub log_group: String,
    /// Concurrent environments kept for it; none takes them from the account's pool.
    pub reserved_concurrency: Option<i32>,
    /// The zip; none compares everything else.
    pub code: Option<Code>,
}

/// What it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actual {
    /// ARN of its role.
    pub role: String,
    /// Runtime.
    pub runtime: String,
    /// Handler.
    pub handler: String,
    /// Instruction set.
    pub architecture: String,
    /// Memory.
    pub memory_mb: i32,
    /// Seconds until it is stopped.
    pub timeout_s: i32,
    /// Environment.
    pub environment: BTreeMap<String, String>,
    /// Log group.
    pub log_group: String,
    /// Concurrent environments kept for it.
    pub reserved_concurrency: Option<i32>,
    /// SHA-256 of its zip.
    pub code_sha256: String,
}

/// Reads everything with one call.
pub async fn observe(cx: Context<'_>) -> Result<Observed<Actual>> {
    let name = cx.id.function();
    let answer = cx.aws.lambda.get_function().function_name(&name).send().await;
    let Some(answer) = found(answer).doing("reading function", &name)? else { return Ok(Observed::Absent) };
    let Some(config) = answer.configuration else { return Ok(Observed::Absent) };
    let reserved = answer.concurrency.and_then(|concurrency| concurrency.reserved_concurrent_executions);
    let tags = answer.tags.unwrap_or_default();
    Ok(Observed::by_tags(cx.id, actual(config, reserved), |key| tags.get(key).map(String::as_str)))
}

fn actual(config: FunctionConfiguration, reserved_concurrency: Option<i32>) -> Actual {
    let architecture = config.architectures().first().map_or("x86_64", Architecture::as_str).to_owned();
    Actual {
        role: config.role.unwrap_or_default(),
        runtime: config.runtime.map(|runtime| runtime.as_str().to_owned()).unwrap_or_default(),
        handler: config.handler.unwrap_or_default(),
        architecture,
        memory_mb: config.memory_size.unwrap_or_default(),
        timeout_s: config.timeout.unwrap_or_default(),
        environment: config.environment.and_then(|env| env.variables).unwrap_or_default().into_iter().collect(),
        log_group: config.logging_config.and_then(|logging| logging.log_group).unwrap_or_default(),
        reserved_concurrency,
        code_sha256: config.code_sha256.unwrap_or_default(),
    }
}

/// Compares.
pub fn diff(desired: &Desired, actual: &Actual) -> Vec<FieldDiff> {
    let mut diff = Diff::default()
        .field("role", &desired.role, &actual.role)
        .field("runtime", &Runtime::Providedal2023.as_str(), &actual.runtime.as_str())
        .field("handler", &HANDLER, &actual.handler.as_str())
        .field("architecture", &desired.architecture, &actual.architecture)
        .field("memory_mb", &desired.memory_mb, &actual.memory_mb)
        .field("timeout_s", &desired.timeout_s, &actual.timeout_s)
        .field("log_group", &desired.log_group, &actual.log_group)
        .field("reserved_concurrency", &desired.reserved_concurrency, &actual.reserved_concurrency);
    let names: std::collections::BTreeSet<&String> =
        desired.environment.keys().chain(actual.environment.keys()).collect();
    for name in names {
        let (wanted, there) = (desired.environment.get(name), actual.environment.get(name));
        if wanted != there {
            // A value may be a secret, so the plan shows what tells two of them apart and no more.
            diff = diff.with(&format!("environment.{name}"), digest(wanted), digest(there));
        }
    }
    if let Some(code) = &desired.code {
        diff = diff.field("code", &code.sha256, &actual.code_sha256);
    }
    diff.done()
}

fn digest(value: Option<&String>) -> Value {
    value.map_or(Value::Null, |value| {
        let hex: String = Sha256::digest(value).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Value::String(format!("sha256:{hex}…"))
    })
}

/// Fields that UpdateFunctionCode sets; the rest of them is UpdateFunctionConfiguration's.
const CODE_FIELDS: [&str; 2] = ["code", "architecture"];
const CONFIG_FIELDS: [&str; 7] = ["role", "runtime", "handler", "memory_mb", "timeout_s", "log_group", "environment"];

/// Makes it so; gives its name. A created function may still be Pending: see [`wait_until_ready`].
pub async fn reconcile(cx: Context<'_>, desired: &Desired, step: &Step<Actual>) -> Result<String> {
    let name = &desired.name;
    if let Step::Create = step {
        create(cx, desired).await?;
    }
    if let Step::Adopt(..) = step {
        let call = cx.aws.lambda.tag_resource().resource(cx.id.function_arn());
        call.set_tags(Some(cx.id.tag_map())).send().await.doing("tagging function", name)?;
    }
    let (code, config) = (step.differs(&CODE_FIELDS), step.differs(&CONFIG_FIELDS));
    if code || config {
        wait_until_ready(cx).await?;
    }
    if code {
        update_code(cx, desired).await?;
        wait_until_ready(cx).await?;
    }
    if config {
        update_configuration(cx, desired).await?;
        wait_until_ready(cx).await?;
    }
    let reserve = match step {
        Step::Create => desired.reserved_concurrency.is_some(),
        _ => step.differs(&["reserved_concurrency"]),
    };
    if reserve {
        set_concurrency(cx, desired).await?;
    }
    Ok(name.clone())
}

/// The function's configuration and code for a create; a role that cannot be assumed yet is tried again.
async fn create(cx: Context<'_>, desired: &Desired) -> Result<()> {
    let name = &desired.name;
    let code = FunctionCode::builder().zip_file(Blob::new(zip(desired)?.zip.as_slice())).build();
    wait::until(cx.events, ResourceKind::Function, ROLE_DEADLINE, async || {
        let call = cx
            .aws
            .lambda
            .create_function()
            .function_name(name)
            .role(&desired.role)
            .runtime(Runtime::Providedal2023)
            .handler(HANDLER)
            .architectures(Architecture::from(desired.architecture.as_str()))
            .memory_size(desired.memory_mb)
            .timeout(desired.timeout_s)
            .environment(environment(desired))
            .logging_config(logging(desired))
            .code(code.clone())
            .set_tags(Some(cx.id.tag_map()));
        let answer = call.send().await;
        match answer.map_err(ApiError::from) {
            Ok(_) => Ok(Poll::Ready(())),
            Err(error) if role_not_ready(&error) => Ok(Poll::Pending("role not assumable yet".into())),
            // Our own create whose answer was lost: function names are unique, its tags tell whose it is.
            Err(error) if error.code() == Some("ResourceConflictException") => match observe(cx).await? {
                Observed::Owned(_) => Ok(Poll::Ready(())),
                _ => Err(error).doing("creating function", name),
            },
            Err(error) => Err(error).doing("creating function", name),
        }
    })
    .await
}

/// Lambda has no code of its own for this: InvalidParameterValueException "The role defined for the function cannot be
/// assumed by Lambda." The code alone also stands for settings that will never be right, so the message decides.
fn role_not_ready(error: &ApiError) -> bool {
    error.code() == Some("InvalidParameterValueException") && error.message().contains("cannot be assumed")
}

fn zip(desired: &Desired) -> Result<&Code> {
    desired.code.as_ref().ok_or_else(|| {
        Failure::failed(format!("creating function \"{}\": its package was not built", desired.name)).into()
    })
}

async fn update_code(cx: Context<'_>, desired: &Desired) -> Result<()> {
    let name = &desired.name;
    let code = Blob::new(zip(desired)?.zip.as_slice());
    let call = cx.aws.lambda.update_function_code().function_name(name).zip_file(code);
    let call = call.architectures(Architecture::from(desired.architecture.as_str()));
    call.send().await.doing("updating the code of function", name)?;
    Ok(())
}

async fn update_configuration(cx: Context<'_>, desired: &Desired) -> Result<()> {
    let name = &desired.name;
    wait::until(cx.events, ResourceKind::Function, ROLE_DEADLINE, async || {
        let call = cx
            .aws
            .lambda
            .update_function_configuration()
            .function_name(name)
            .role(&desired.role)
            .runtime(Runtime::Providedal2023)
            .handler(HANDLER)
            .memory_size(desired.memory_mb)
            .timeout(desired.timeout_s)
            .environment(environment(desired))
            .logging_config(logging(desired));
        match call.send().await.map_err(ApiError::from) {
            Err(error) if role_not_ready(&error) => Ok(Poll::Pending("role not assumable yet".into())),
            other => other.doing("updating function", name).map(|_| Poll::Ready(())),
        }
    })
    .await
}

async fn set_concurrency(cx: Context<'_>, desired: &Desired) -> Result<()> {
    let name = &desired.name;
    match desired.reserved_concurrency {
        Some(count) => {
            let call = cx.aws.lambda.put_function_concurrency().function_name(name);
            call.reserved_concurrent_executions(count).send().await.doing("reserving concurrency of function", name)?;
        }
        None => {
            let call = cx.aws.lambda.delete_function_concurrency().function_name(name);
            call.send().await.doing("releasing the concurrency of function", name)?;
        }
    }
    Ok(())
}

/// Waits until it can be invoked and updated.
pub async fn wait_until_ready(cx: Context<'_>) -> Result<()> {
    let name = cx.id.function();
    wait::until(cx.events, ResourceKind::Function, READY_DEADLINE, async || {
        let answer = cx.aws.lambda.get_function_configuration().function_name(&name).send().await;
        let config = answer.doing("reading function", &name)?;
        let failed = |what: &str, why: Option<&str>| {
            Err(Failure::failed(format!(
                "waiting for function \"{name}\": {what}: {}",
                why.unwrap_or("no reason given")
            ))
            .into())
        };
        match (config.state(), config.last_update_status()) {
            (Some(State::Failed), _) => failed("its creation failed", config.state_reason()),
            (_, Some(LastUpdateStatus::Failed)) => failed("its update failed", config.last_update_status_reason()),
            (Some(State::Pending), _) => Ok(Poll::Pending("function Pending".into())),
            (_, Some(LastUpdateStatus::InProgress)) => Ok(Poll::Pending("function update InProgress".into())),
            _ => Ok(Poll::Ready(())),
        }
    })
    .await
}

fn environment(desired: &Desired) -> Environment {
    Environment::builder().set_variables(Some(desired.environment.clone().into_iter().collect())).build()
}

fn logging(desired: &Desired) -> LoggingConfig {
    LoggingConfig::builder().log_format(LogFormat::Text).log_group(&desired.log_group).build()
}

/// Deletes it, with its permissions.
pub async fn delete(cx: Context<'_>) -> Result<()> {
    let name = cx.id.function();
    found(cx.aws.lambda.delete_function().function_name(&name).send().await).doing("deleting function", &name)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desired() -> Desired {
        Desired {
            name: "f".into(),
            role: "arn:role".into(),
            architecture: "x86_64".into(),
            memory_mb: 1024,
            timeout_s: 15,
            environment: BTreeMap::from([("A".into(), "1".into())]),
            log_group: "/aws/lambda/f".into(),
            reserved_concurrency: None,
            code: Some(Code { sha256: "abc=".into(), zip: Arc::default() }),
        }
    }

    fn actual() -> Actual {
        Actual {
            role: "arn:role".into(),
            runtime: "provided.al2023".into(),
            handler: "bootstrap".into(),
            architecture: "x86_64".into(),
            memory_mb: 1024,
            timeout_s: 15,
            environment: BTreeMap::from([("A".into(), "1".into())]),
            log_group: "/aws/lambda/f".into(),
            reserved_concurrency: None,
            code_sha256: "abc=".into(),
        }
    }

    #[test]
    fn the_same_is_no_diff() {
        assert_eq!(diff(&desired(), &actual()), []);
    }

    #[test]
    fn each_field_is_one_diff_and_belongs_to_one_call() {
        let cases = [
            ("role", Actual { role: "x".into(), ..actual() }),
            ("runtime", Actual { runtime: "python3.7".into(), ..actual() }),
            ("handler", Actual { handler: "x".into(), ..actual() }),
            ("architecture", Actual { architecture: "arm64".into(), ..actual() }),
            ("memory_mb", Actual { memory_mb: 128, ..actual() }),
            ("timeout_s", Actual { timeout_s: 3, ..actual() }),
            ("log_group", Actual { log_group: "x".into(), ..actual() }),
            ("reserved_concurrency", Actual { reserved_concurrency: Some(0), ..actual() }),
            ("environment.A", Actual { environment: BTreeMap::new(), ..actual() }),
            ("code", Actual { code_sha256: "x".into(), ..actual() }),
        ];
        for (field, changed) in cases {
            let found = diff(&desired(), &changed);
            assert_eq!(found.iter().map(|diff| diff.field.as_str()).collect::<Vec<_>>(), [field]);
            let step = Step::Update(changed, found);
            let calls = [&CODE_FIELDS[..], &CONFIG_FIELDS[..], &["reserved_concurrency"]];
            assert_eq!(calls.iter().filter(|fields| step.differs(fields)).count(), 1, "{field}");
        }
    }

    #[test]
    fn values_of_the_environment_are_not_shown() {
        let changed = Actual { environment: BTreeMap::from([("A".into(), "hunter2".into())]), ..actual() };
        let shown = format!("{:?}", diff(&desired(), &changed));
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn without_a_package_the_code_is_not_compared() {
        let desired = Desired { code: None, ..desired() };
        assert_eq!(diff(&desired, &Actual { code_sha256: "x".into(), ..actual() }), []);
    }

    #[test]
    fn only_the_role_error_is_worth_another_try() {
        let code = "InvalidParameterValueException";
        let role = ApiError::with_code(code, "The role defined for the function cannot be assumed by Lambda.");
        assert!(role_not_ready(&role));
        assert!(!role_not_ready(&ApiError::with_code(code, "Unsupported memory size")));
    }
}
