//! A function's resource policy.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    error::{conflict, invalid, not_found},
    readiness::check_revision,
    target::{find, find_mut, whole_function},
};
use crate::{
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    request::Request,
    state::lambda::{Function, Statement},
};

/// The largest policy, in bytes (default quota).
const MAX_POLICY: usize = 20 * 1024;

pub(super) fn add(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let name = whole_function(request)?;
    input.reject_unsupported(&[
        "EventSourceToken",
        "FunctionUrlAuthType",
        "InvokedViaFunctionUrl",
        "PrincipalOrgID",
    ])?;
    let statement = Statement {
        sid: input.required("StatementId")?.to_owned(),
        action: input.required("Action")?.to_owned(),
        principal: input.required("Principal")?.to_owned(),
        source_arn: input.text("SourceArn")?.map(ToOwned::to_owned),
        source_account: input.text("SourceAccount")?.map(ToOwned::to_owned),
    };
    if principal(&statement.principal).is_none() {
        return Err(invalid("The provided principal was invalid. Please check the principal and try again."));
    }
    let shown = cloud.store.write(|state| {
        let function = find_mut(request, state.region_mut(&request.region), &name)?;
        check_revision(request, &revision(function))?;
        if function.policy.iter().any(|present| present.sid == statement.sid) {
            let message = format!(
                "The statement id ({}) provided already exists. Please provide a new statement id, or remove the \
                 existing statement.",
                statement.sid
            );
            return Err(conflict(message));
        }
        let shown = view(function, &statement).to_string();
        function.policy.push(statement);
        if policy(function).to_string().len() > MAX_POLICY {
            let message = "The final policy size is bigger than the limit (20480).";
            return Err(ApiError::new(400, "PolicyLengthExceededException", message));
        }
        Ok(shown)
    })?;
    Ok(Response::created(json!({ "Statement": shown })))
}

pub(super) fn get(cloud: &Cloud, request: &Request) -> Outcome {
    let name = whole_function(request)?;
    let document = cloud.store.read(|state| {
        let function = find(request, state, &name)?;
        if function.policy.is_empty() {
            return Err(no_policy());
        }
        Ok(json!({ "Policy": policy(function).to_string(), "RevisionId": revision(function) }))
    })?;
    Ok(Response::ok(document))
}

pub(super) fn remove(cloud: &Cloud, request: &Request) -> Outcome {
    let name = whole_function(request)?;
    let sid = request.label(1);
    cloud.store.write(|state| {
        let function = find_mut(request, state.region_mut(&request.region), &name)?;
        if function.policy.is_empty() {
            return Err(no_policy());
        }
        check_revision(request, &revision(function))?;
        let before = function.policy.len();
        function.policy.retain(|statement| statement.sid != sid);
        if function.policy.len() == before {
            let message = format!("Statement {sid} is not found in resource policy.");
            return Err(not_found(message));
        }
        Ok(())
    })?;
    Ok(Response::empty(204))
}

fn no_policy() -> ApiError {
    not_found("The resource you requested does not exist.")
}

/// The policy's revision id: changes whenever the policy does.
fn revision(function: &Function) -> String {
    let digest: [u8; 32] = Sha256::digest(policy(function).to_string()).into();
    let (first, _) = digest.split_at(16);
    uuid::Uuid::from_slice(first).unwrap_or_default().to_string()
}

fn policy(function: &Function) -> Value {
    let statements: Vec<Value> = function.policy.iter().map(|statement| view(function, statement)).collect();
    json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements })
}

fn view(function: &Function, statement: &Statement) -> Value {
    let mut shown = json!({
        "Sid": statement.sid,
        "Effect": "Allow",
        "Principal": principal(&statement.principal),
        "Action": statement.action,
        "Resource": function.arn,
    });
    let mut condition = serde_json::Map::new();
    if let Some(account) = &statement.source_account {
        condition.insert("StringEquals".to_owned(), json!({ "AWS:SourceAccount": account }));
    }
    if let Some(arn) = &statement.source_arn {
        condition.insert("ArnLike".to_owned(), json!({ "AWS:SourceArn": arn }));
    }
    if !condition.is_empty() {
        shown["Condition"] = Value::Object(condition);
    }
    shown
}

/// A principal as the policy shows it: everyone, an account, an IAM identity or a service. `None` if it is invalid.
fn principal(given: &str) -> Option<Value> {
    if given == "*" {
        return Some(json!("*"));
    }
    if given.len() == 12 && given.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(json!({ "AWS": format!("arn:aws:iam::{given}:root") }));
    }
    if given.starts_with("arn:aws:iam::") {
        return Some(json!({ "AWS": given }));
    }
    let service = given.strip_suffix(".amazonaws.com").filter(|name| !name.is_empty());
    service.filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.'))?;
    Some(json!({ "Service": given }))
}
