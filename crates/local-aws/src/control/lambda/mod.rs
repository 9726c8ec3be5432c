//! Lambda: functions, their code, versions, concurrency and resource policy.

mod code;
mod concurrency;
mod configuration;
mod environment;
mod function;
pub(super) mod invoke;
mod permission;
mod tag;
mod version;
mod view;

use super::{Call, Service};
use crate::{
    protocol::{ApiError, Outcome},
    state::{Region, State, lambda::Function},
};

/// The operation that a verb and path stand for.
pub(super) fn route(method: &str, parts: &[&str]) -> Option<(&'static str, Vec<String>)> {
    let (operation, labels): (_, &[&str]) = match (method, parts) {
        ("POST", ["2015-03-31", "functions"]) => ("CreateFunction", &[]),
        ("GET", ["2015-03-31", "functions"]) => ("ListFunctions", &[]),
        ("GET", ["2015-03-31", "functions", name]) => ("GetFunction", &[*name]),
        ("DELETE", ["2015-03-31", "functions", name]) => ("DeleteFunction", &[*name]),
        ("GET", ["2015-03-31", "functions", name, "configuration"]) => ("GetFunctionConfiguration", &[*name]),
        ("PUT", ["2015-03-31", "functions", name, "configuration"]) => ("UpdateFunctionConfiguration", &[*name]),
        ("PUT", ["2015-03-31", "functions", name, "code"]) => ("UpdateFunctionCode", &[*name]),
        ("POST", ["2015-03-31", "functions", name, "invocations"]) => ("Invoke", &[*name]),
        ("POST", ["2015-03-31", "functions", name, "versions"]) => ("PublishVersion", &[*name]),
        ("GET", ["2015-03-31", "functions", name, "versions"]) => ("ListVersionsByFunction", &[*name]),
        ("POST", ["2015-03-31", "functions", name, "policy"]) => ("AddPermission", &[*name]),
        ("GET", ["2015-03-31", "functions", name, "policy"]) => ("GetPolicy", &[*name]),
        ("DELETE", ["2015-03-31", "functions", name, "policy", id]) => ("RemovePermission", &[*name, *id]),
        ("PUT", ["2017-10-31", "functions", name, "concurrency"]) => ("PutFunctionConcurrency", &[*name]),
        ("DELETE", ["2017-10-31", "functions", name, "concurrency"]) => ("DeleteFunctionConcurrency", &[*name]),
        ("GET", ["2019-09-30", "functions", name, "concurrency"]) => ("GetFunctionConcurrency", &[*name]),
        ("POST", ["2017-03-31", "tags", arn]) => ("TagResource", &[*arn]),
        ("DELETE", ["2017-03-31", "tags", arn]) => ("UntagResource", &[*arn]),
        ("GET", ["2017-03-31", "tags", arn]) => ("ListTags", &[*arn]),
        _ => return None,
    };
    Some((operation, labels.iter().map(|label| (*label).to_owned()).collect()))
}

/// Runs an operation of Lambda, except Invoke.
pub(super) fn run(call: &Call) -> Outcome {
    match call.operation.as_str() {
        "CreateFunction" => function::create(call),
        "GetFunction" => function::get(call),
        "GetFunctionConfiguration" => function::get_configuration(call),
        "ListFunctions" => function::list(call),
        "DeleteFunction" => function::delete(call),
        "UpdateFunctionCode" => code::update(call),
        "UpdateFunctionConfiguration" => configuration::update(call),
        "PublishVersion" => version::publish(call),
        "ListVersionsByFunction" => version::list(call),
        "AddPermission" => permission::add(call),
        "GetPolicy" => permission::get(call),
        "RemovePermission" => permission::remove(call),
        "PutFunctionConcurrency" => concurrency::put(call),
        "GetFunctionConcurrency" => concurrency::get(call),
        "DeleteFunctionConcurrency" => concurrency::delete(call),
        "TagResource" => tag::tag(call),
        "UntagResource" => tag::untag(call),
        "ListTags" => tag::list(call),
        other => Err(ApiError::not_implemented(&format!("lambda:{other}"))),
    }
}

/// A function, and which version of it is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    name: String,
    /// None and `$LATEST` both mean the unpublished version.
    version: Option<u64>,
}

/// What a request names: `name`, `name:version`, a partial or a full ARN; the qualifier may also be a parameter.
fn target(call: &Call) -> Result<Target, ApiError> {
    parse_target(call.label(0), call.param("Qualifier"), &call.region, call.account())
}

fn parse_target(given: &str, qualifier: Option<&str>, region: &str, account: &str) -> Result<Target, ApiError> {
    let refuse = || {
        let message = format!(
            "1 validation error detected: Value '{given}' at 'functionName' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: (arn:...:function:)?([a-zA-Z0-9-_]+)(:($LATEST|[a-zA-Z0-9-_]+))?"
        );
        ApiError::new(400, "ValidationException", message)
    };
    let parts: Vec<&str> = given.split(':').collect();
    let (name, inline) = match parts[..] {
        [name] => (name, None),
        [name, qualifier] if name != "function" => (name, Some(qualifier)),
        ["arn", _, "lambda", arn_region, arn_account, "function", name, ref rest @ ..] if rest.len() < 2 => {
            if arn_region != region || arn_account != account {
                let message = format!("Function not found: {given}");
                return Err(ApiError::new(404, "ResourceNotFoundException", message));
            }
            (name, rest.first().copied())
        }
        [_, "function", name] => (name, None),
        [_, "function", name, qualifier] => (name, Some(qualifier)),
        _ => return Err(refuse()),
    };
    let word =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if !word(name) || name.len() > 64 {
        return Err(refuse());
    }
    if inline.is_some() && qualifier.is_some() && inline != qualifier {
        let message = "The derived qualifier from the function name does not match the specified qualifier.";
        return Err(ApiError::new(400, "InvalidParameterValueException", message));
    }
    let version = match qualifier.or(inline) {
        None | Some("$LATEST") => None,
        Some(text) => match text.parse() {
            Ok(number) => Some(number),
            // Anything else is an alias, and nothing here makes aliases.
            Err(_) => {
                let message = format!("Function not found: {}:{text}", function_arn(region, account, name));
                return Err(ApiError::new(404, "ResourceNotFoundException", message));
            }
        },
    };
    Ok(Target { name: name.to_owned(), version })
}

/// For operations on the function as a whole.
fn whole_function(call: &Call) -> Result<String, ApiError> {
    let target = target(call)?;
    match target.version {
        None => Ok(target.name),
        Some(_) => Err(ApiError::not_implemented(&format!("lambda:{} on a published version", call.operation))),
    }
}

fn function_arn(region: &str, account: &str, name: &str) -> String {
    format!("arn:aws:lambda:{region}:{account}:function:{name}")
}

fn not_found(call: &Call, name: &str) -> ApiError {
    let arn = function_arn(&call.region, call.account(), name);
    ApiError::new(404, "ResourceNotFoundException", format!("Function not found: {arn}"))
}

fn find<'a>(call: &Call, state: &'a State, name: &str) -> Result<&'a Function, ApiError> {
    state.region(&call.region).and_then(|region| region.functions.get(name)).ok_or_else(|| not_found(call, name))
}

fn find_mut<'a>(call: &Call, region: &'a mut Region, name: &str) -> Result<&'a mut Function, ApiError> {
    region.functions.get_mut(name).ok_or_else(|| not_found(call, name))
}

/// A value that Lambda itself refuses.
fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidParameterValueException", message)
}

/// Refuses what fails while the function is `Pending` or an update is `InProgress`.
///
/// "Lambda function states" lists the operations: Invoke while Pending; UpdateFunctionCode, UpdateFunctionConfiguration
/// and PublishVersion in both; TagResource while InProgress. The same page says elsewhere that every operation on a
/// Pending function fails; the list is the more precise, so AddPermission and PutFunctionConcurrency are admitted.
fn check_changeable(function: &Function, now_ms: u64) -> Result<(), ApiError> {
    check_active(function, now_ms)?;
    check_no_update(function, now_ms)
}

/// Refuses what fails while the function is `Pending`.
fn check_active(function: &Function, now_ms: u64) -> Result<(), ApiError> {
    if now_ms >= function.active_from_ms {
        return Ok(());
    }
    let message =
        "The operation cannot be performed at this time. The function is currently in the following state: Pending";
    Err(ApiError::new(409, "ResourceConflictException", message))
}

/// Refuses what fails while an update is `InProgress`. A creation is none.
fn check_no_update(function: &Function, now_ms: u64) -> Result<(), ApiError> {
    if now_ms >= function.updated_from_ms || now_ms < function.active_from_ms {
        return Ok(());
    }
    let arn = &function.arn;
    let message =
        format!("The operation cannot be performed at this time. An update is in progress for resource: {arn}");
    Err(ApiError::new(409, "ResourceConflictException", message))
}

/// Refuses a change that was meant for another revision.
fn check_revision(call: &Call, current: &str) -> Result<(), ApiError> {
    let asked = call.input(Service::Lambda).text("RevisionId")?.or_else(|| call.param("RevisionId"));
    match asked {
        Some(asked) if asked != current => Err(ApiError::new(
            412,
            "PreconditionFailedException",
            "The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to \
             retrieve the latest RevisionId",
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_named_in_every_documented_way() {
        let parse = |given: &str, qualifier| parse_target(given, qualifier, "us-east-1", "000000000000").ok();
        let whole = |name: &str, version| Some(Target { name: name.to_owned(), version });
        assert_eq!(parse("f", None), whole("f", None));
        assert_eq!(parse("f:3", None), whole("f", Some(3)));
        assert_eq!(parse("f", Some("$LATEST")), whole("f", None));
        assert_eq!(parse("000000000000:function:f", None), whole("f", None));
        assert_eq!(parse("arn:aws:lambda:us-east-1:000000000000:function:f:7", None), whole("f", Some(7)));
        assert_eq!(parse("arn:aws:lambda:eu-west-1:000000000000:function:f", None), None);
        assert_eq!(parse("f:live", None), None);
        assert_eq!(parse("a b", None), None);
        assert_eq!(parse("f:1", Some("2")), None);
    }
}
