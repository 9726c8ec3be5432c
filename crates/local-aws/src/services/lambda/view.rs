//! A function's configuration, as Lambda shows it.

use serde_json::{Value, json};

use crate::{clock, state::lambda::Function};

/// The configuration of `$LATEST`, or of the published version `number`.
pub(super) fn configuration(function: &Function, number: Option<u64>, now_ms: u64) -> Value {
    let published = number.and_then(|number| Some((number, function.versions.get(&number)?)));
    let version = published.map_or(&function.latest, |(_, version)| version);
    let mut shown = json!({
        "FunctionName": function.name,
        "FunctionArn": published.map_or_else(|| function.arn.clone(), |(number, _)| format!("{}:{number}", function.arn)),
        "Runtime": version.runtime,
        "Role": version.role,
        "Handler": version.handler,
        "CodeSize": version.code_size,
        "Description": version.description,
        "Timeout": version.timeout_s,
        "MemorySize": version.memory_mb,
        "LastModified": clock::lambda_time(version.last_modified_ms),
        "CodeSha256": version.code_sha256,
        "Version": published.map_or_else(|| "$LATEST".to_owned(), |(number, _)| number.to_string()),
        "TracingConfig": { "Mode": "PassThrough" },
        "RevisionId": version.revision_id,
        "PackageType": "Zip",
        "Architectures": [version.architecture],
        "EphemeralStorage": { "Size": 512 },
        "SnapStart": { "ApplyOn": "None", "OptimizationStatus": "Off" },
        "Environment": (!version.environment.is_empty()).then(|| json!({ "Variables": version.environment })),
        "LoggingConfig": {
            "LogFormat": version.log_format,
            "LogGroup": version.log_group.clone().unwrap_or_else(|| format!("/aws/lambda/{}", function.name)),
        },
    });
    if now_ms < function.active_from_ms {
        shown["State"] = json!("Pending");
        shown["StateReason"] = json!("The function is being created.");
        shown["StateReasonCode"] = json!("Creating");
    } else {
        shown["State"] = json!("Active");
        if published.is_none() && now_ms < function.updated_from_ms {
            shown["LastUpdateStatus"] = json!("InProgress");
            shown["LastUpdateStatusReason"] = json!("The function is being created.");
            shown["LastUpdateStatusReasonCode"] = json!("Creating");
        } else {
            shown["LastUpdateStatus"] = json!("Successful");
        }
    }
    shown
}
