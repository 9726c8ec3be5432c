//! Writes the function: creates it, updates code and configuration, tags, concurrency, and the waits between them.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::Result;
use aws_sdk_lambda::{
    primitives::Blob,
    types::{Architecture, Environment, FunctionCode, LastUpdateStatus, LogFormat, LoggingConfig, Runtime, State},
};

use super::state::{Actual, CODE_TAG_FIELD, Code, Desired, HANDLER, diff, observe};
use crate::{
    aws::{
        ApiError, Doing as _, none_if_not_found,
        wait::{self, Poll},
    },
    change::{Observed, ResourceKind, Step},
    error::Failure,
    names::CODE_TAG,
    resources::{Context, role},
};

/// Roles are usable within seconds; in rare cases it takes a minute.
const ROLE_DEADLINE: Duration = Duration::from_secs(75);
/// IAM lists a new role with a short delay, which is over by then.
const ROLE_VISIBLE: Duration = Duration::from_secs(8);
/// A function with the largest zip is Active well before this.
const READY_DEADLINE: Duration = Duration::from_secs(180);

/// The fields that UpdateFunctionCode sets. UpdateFunctionConfiguration sets the others.
pub(super) const CODE_FIELDS: [&str; 2] = ["code", "architecture"];
pub(super) const CONFIG_FIELDS: [&str; 8] =
    ["role", "runtime", "handler", "memory_mb", "timeout_s", "log_group", "log_format", "environment"];

/// Brings an existing function to the desired state, and finishes one that was created. Returns its name. A created
/// function may still be Pending: see [`wait_until_ready`].
pub async fn reconcile(cx: Context<'_>, desired: &Desired, step: &Step<Actual>) -> Result<String> {
    let name = &desired.name;
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
    // After the code: if this fails, the tag names the old code, and the next run sees that something is left to do.
    if matches!(step, Step::Adopt(..)) || step.differs(&[CODE_TAG_FIELD]) {
        let call = cx.aws.lambda.tag_resource().resource(cx.id.function_arn());
        call.set_tags(Some(tags(cx, desired))).send().await.doing("tagging function", name)?;
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

/// Creates it. Tries again while the role cannot be assumed yet, unless another run has deleted the role. Returns the
/// step that is left to do: another run, or a late call of an earlier one, may have created it with other settings.
pub async fn create(cx: Context<'_>, desired: &Desired) -> Result<Step<Actual>> {
    let name = &desired.name;
    let begin = Instant::now();
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
            .set_tags(Some(tags(cx, desired)));
        let answer = call.send().await;
        match answer.map_err(ApiError::from) {
            Ok(_) => Ok(Poll::Ready(Step::Create)),
            Err(error) if role_not_ready(&error) => {
                // Lambda answers the same where there is no such role.
                if begin.elapsed() > ROLE_VISIBLE && matches!(role::observe(cx.reader()).await?, Observed::Absent) {
                    return Err(Failure::deleted("creating function", name, "its role").into());
                }
                Ok(Poll::Pending("role not assumable yet".into()))
            }
            // Function names are unique, and its tags show who owns it. After a lost answer it is our own.
            Err(error) if error.code() == Some("ResourceConflictException") => match observe(cx.reader()).await? {
                Observed::Owned(actual) => Ok(Poll::Ready(match diff(desired, Some(&actual)) {
                    same if same.is_empty() => Step::Keep(actual),
                    diff => Step::Update(actual, diff),
                })),
                _ => Err(error).doing("creating function", name),
            },
            Err(error) => Err(error).doing("creating function", name),
        }
    })
    .await
}

/// Lambda answers InvalidParameterValueException "The role defined for the function cannot be assumed by Lambda." The
/// same code also means settings that will never be valid, so the message decides.
fn role_not_ready(error: &ApiError) -> bool {
    error.code() == Some("InvalidParameterValueException") && error.message().contains("cannot be assumed")
}

/// The ownership tags and the digest of the code.
fn tags(cx: Context<'_>, desired: &Desired) -> HashMap<String, String> {
    let mut tags = cx.id.tag_map();
    tags.extend(desired.code.as_ref().map(|code| (CODE_TAG.to_owned(), code.sha256.clone())));
    tags
}

fn zip(desired: &Desired) -> Result<&Code> {
    desired.code.as_ref().ok_or_else(|| {
        Failure::failed(format!("creating function \"{}\": its package was not built", desired.name)).into()
    })
}

async fn update_code(cx: Context<'_>, desired: &Desired) -> Result<()> {
    let name = &desired.name;
    let code = Blob::new(zip(desired)?.zip.as_slice());
    wait::until(cx.events, ResourceKind::Function, READY_DEADLINE, async || {
        let call = cx.aws.lambda.update_function_code().function_name(name).zip_file(code.clone());
        let call = call.architectures(Architecture::from(desired.architecture.as_str()));
        updated(call.send().await.map_err(ApiError::from), "updating the code of function", name)
    })
    .await
}

async fn update_configuration(cx: Context<'_>, desired: &Desired) -> Result<()> {
    let name = &desired.name;
    wait::until(cx.events, ResourceKind::Function, READY_DEADLINE, async || {
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
        updated(call.send().await.map_err(ApiError::from), "updating function", name)
    })
    .await
}

/// The outcome of a change of the function. Pending while the role is too new or another change is in progress.
fn updated<T>(answer: Result<T, ApiError>, doing: &str, name: &str) -> Result<Poll<()>> {
    match answer {
        Err(error) if role_not_ready(&error) => Ok(Poll::Pending("role not assumable yet".into())),
        Err(error) if error.code() == Some("ResourceConflictException") => {
            Ok(Poll::Pending("another change of the function is in progress".into()))
        }
        other => other.doing(doing, name).map(|_| Poll::Ready(())),
    }
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

/// Deletes it and its permissions.
pub async fn delete(cx: Context<'_>) -> Result<()> {
    let name = cx.id.function();
    none_if_not_found(cx.aws.lambda.delete_function().function_name(&name).send().await)
        .doing("deleting function", &name)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_role_error_is_tried_again() {
        let code = "InvalidParameterValueException";
        let role = ApiError::with_code(code, "The role defined for the function cannot be assumed by Lambda.");
        assert!(role_not_ready(&role));
        assert!(!role_not_ready(&ApiError::with_code(code, "Unsupported memory size")));
    }
}
