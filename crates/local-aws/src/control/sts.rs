//! STS: who the caller is.

use serde_json::json;

use super::Call;
use crate::protocol::{Answer, ApiError, Outcome};

/// Runs an operation of STS.
pub(super) fn run(call: &Call) -> Outcome {
    match call.operation.as_str() {
        "GetCallerIdentity" => Ok(Answer::ok(json!({
            "Account": call.account(),
            "Arn": format!("arn:aws:iam::{}:root", call.account()),
            "UserId": call.account(),
        }))),
        other => Err(ApiError::not_implemented(&format!("sts:{other}"))),
    }
}
