//! The configuration that CreateFunction and UpdateFunctionConfiguration share: checks and applies it.

use std::collections::BTreeMap;

use super::error::invalid;
use crate::{
    input::Input,
    outcome::ApiError,
    request::Request,
    services::iam,
    state::{State, lambda::Version},
};

/// Runtimes that the local cloud can run: those whose `bootstrap` is in the zip.
const RUNTIMES: [&str; 2] = ["provided.al2023", "provided.al2"];

/// The size of all variables together, in bytes.
const MAX_ENVIRONMENT: usize = 4096;

/// Variables that Lambda sets itself.
const RESERVED: [&str; 18] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

/// Parameters that AWS supports and the local cloud does not.
const UNSUPPORTED: [&str; 11] = [
    "VpcConfig",
    "DeadLetterConfig",
    "KMSKeyArn",
    "Layers",
    "FileSystemConfigs",
    "CodeSigningConfigArn",
    "ImageConfig",
    "TenancyConfig",
    "CapacityProviderConfig",
    "DurableConfig",
    "PublishTo",
];

/// Applies the parameters in the input to `version`; omitted ones stay as they are.
pub(super) fn apply(input: &Input<'_>, version: &mut Version) -> Result<(), ApiError> {
    input.reject_unsupported(&UNSUPPORTED)?;
    for (name, member, supported) in [
        ("TracingConfig", "Mode", "PassThrough"),
        ("SnapStart", "ApplyOn", "None"),
        ("EphemeralStorage", "Size", "512"),
    ] {
        let Some(structure) = input.structure(name)? else { continue };
        let requested = structure.raw(member).map(|value| value.as_str().map_or(value.to_string(), ToOwned::to_owned));
        if requested.is_some_and(|requested| requested != supported) {
            return Err(ApiError::not_implemented(&format!("the parameter {name} other than {member} {supported}")));
        }
    }
    if let Some(runtime) = input.text("Runtime")? {
        if !RUNTIMES.contains(&runtime) {
            return Err(ApiError::not_implemented(&format!("the runtime {runtime} (only {})", RUNTIMES.join(", "))));
        }
        runtime.clone_into(&mut version.runtime);
    }
    if let Some(handler) = input.text("Handler")? {
        handler.clone_into(&mut version.handler);
    }
    if let Some(description) = input.text("Description")? {
        description.clone_into(&mut version.description);
    }
    version.timeout_s = input.count("Timeout", 1..=900)?.unwrap_or(version.timeout_s);
    version.memory_mb = input.count("MemorySize", 128..=10240)?.unwrap_or(version.memory_mb);
    if let Some(environment) = input.structure("Environment")? {
        let variables = environment.text_map("Variables")?.unwrap_or_default();
        check_variables(&variables)?;
        version.environment = variables;
    }
    if let Some(logging) = input.structure("LoggingConfig")? {
        logging.reject_unsupported(&["ApplicationLogLevel", "SystemLogLevel"])?;
        version.log_group = logging.text("LogGroup")?.map(ToOwned::to_owned);
        if let Some(format) = logging.text("LogFormat")? {
            format.clone_into(&mut version.log_format);
        }
    }
    if let Some(role) = input.text("Role")? {
        role.clone_into(&mut version.role);
    }
    Ok(())
}

/// Applies the architecture in the input, if there is one.
pub(super) fn apply_architecture(input: &Input<'_>, version: &mut Version) -> Result<(), ApiError> {
    if let Some(architecture) = input.texts("Architectures")?.and_then(|all| all.into_iter().next()) {
        version.architecture = architecture;
    }
    Ok(())
}

/// Checks that Lambda can assume the role now.
pub(super) fn check_role(request: &Request, state: &State, arn: &str) -> Result<(), ApiError> {
    let input = request.input();
    let prefix = format!("arn:aws:iam::{}:role/", request.account());
    let Some(path) = arn.strip_prefix(&prefix) else {
        if arn.starts_with("arn:aws:iam::") && arn.contains(":role/") {
            let message = format!("Cross-account pass role is not allowed: {arn}");
            return Err(ApiError::new(403, "AccessDeniedException", message));
        }
        let pattern = r"Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?.+";
        return Err(input.constraint_error("Role", &format!("'{arn}'"), pattern));
    };
    let name = path.rsplit('/').next().unwrap_or(path);
    let usable = state.iam.roles.get(name).is_some_and(|role| {
        format!("{}{name}", role.path.trim_start_matches('/')) == path
            && request.now_ms >= role.assumable_from_ms
            && iam::lets_lambda_assume(&role.assume_role_policy)
    });
    if usable { Ok(()) } else { Err(invalid("The role defined for the function cannot be assumed by Lambda.")) }
}

fn check_variables(variables: &BTreeMap<String, String>) -> Result<(), ApiError> {
    let unable = "Lambda was unable to configure your environment variables because the environment variables you \
         have provided";
    let reserved: Vec<&str> = variables.keys().map(String::as_str).filter(|name| RESERVED.contains(name)).collect();
    if !reserved.is_empty() {
        return Err(invalid(format!(
            "{unable} contains reserved keys that are currently not supported for modification. Reserved keys used in \
             this request: {}",
            reserved.join(", ")
        )));
    }
    // Unlike AWS's, this message omits the values: they may be secret.
    if serde_json::to_string(variables).map_or(usize::MAX, |text| text.len()) > MAX_ENVIRONMENT {
        return Err(invalid(format!("{unable} exceeded the 4KB limit.")));
    }
    Ok(())
}
