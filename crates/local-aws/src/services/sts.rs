//! STS: who the caller is.

use serde_json::json;

use crate::{
    cloud::Cloud,
    operation::{Operation, Quota::Undocumented, Wire::Action, read},
    outcome::{Outcome, Response},
    request::Request,
    service::Service::Sts,
};

/// Every operation of STS. GetCallerIdentity needs no permission, as on AWS.
pub(crate) static OPERATIONS: &[Operation] =
    &[read(Sts, "GetCallerIdentity", Action, Undocumented, |_, _| Vec::new(), get_caller_identity)];

#[expect(clippy::unnecessary_wraps, reason = "the type of every operation")]
fn get_caller_identity(cloud: &Cloud, request: &Request) -> Outcome {
    let account = request.account();
    Ok(Response::ok(json!({
        "Account": account,
        "Arn": cloud.guard.principal(account),
        "UserId": cloud.guard.principal_id(account),
    })))
}
