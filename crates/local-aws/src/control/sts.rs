//! STS: who the caller is.

use serde_json::json;

use super::Call;
use crate::{
    authorization,
    protocol::{Answer, ApiError, Outcome},
};

/// Runs an operation of STS.
pub(super) fn run(call: &Call) -> Outcome {
    match call.operation.as_str() {
        "GetCallerIdentity" => Ok(Answer::ok(json!({
            "Account": call.account(),
            "Arn": authorization::principal(call),
            "UserId": authorization::principal_id(call),
        }))),
        other => Err(ApiError::not_implemented(&format!("sts:{other}"))),
    }
}
