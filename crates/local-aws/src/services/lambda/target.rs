//! The function and version that a request names.

use super::error::{invalid, not_found};
use crate::{
    outcome::ApiError,
    request::Request,
    state::{Region, State, lambda::Function},
};

/// A function and one of its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FunctionTarget {
    pub(super) name: String,
    /// `None` is the unpublished version, `$LATEST`.
    pub(super) version: Option<u64>,
}

/// The function in the request's path: `name`, `name:version`, a partial or a full ARN. The query may have a qualifier,
/// too.
pub(super) fn target(request: &Request) -> Result<FunctionTarget, ApiError> {
    parse(request.label(0), request.param("Qualifier"), &request.region, request.account())
}

pub(super) fn parse(
    given: &str,
    qualifier: Option<&str>,
    region: &str,
    account: &str,
) -> Result<FunctionTarget, ApiError> {
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
                return Err(not_found(format!("Function not found: {given}")));
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
        return Err(invalid(message));
    }
    let version = match qualifier.or(inline) {
        None | Some("$LATEST") => None,
        Some(text) => match text.parse() {
            Ok(number) => Some(number),
            // Anything else is an alias. There are none: no operation here creates them.
            Err(_) => {
                let arn = function_arn(region, account, name);
                return Err(not_found(format!("Function not found: {arn}:{text}")));
            }
        },
    };
    Ok(FunctionTarget { name: name.to_owned(), version })
}

/// The name of the function, for operations that do not accept a version.
pub(super) fn whole_function(request: &Request) -> Result<String, ApiError> {
    let target = target(request)?;
    match target.version {
        None => Ok(target.name),
        Some(_) => Err(ApiError::not_implemented(&format!("lambda:{} on a published version", request.operation))),
    }
}

pub(super) fn function_arn(region: &str, account: &str, name: &str) -> String {
    format!("arn:aws:lambda:{region}:{account}:function:{name}")
}

pub(super) fn no_function(request: &Request, name: &str) -> ApiError {
    let arn = function_arn(&request.region, request.account(), name);
    not_found(format!("Function not found: {arn}"))
}

pub(super) fn find<'a>(request: &Request, state: &'a State, name: &str) -> Result<&'a Function, ApiError> {
    state
        .region(&request.region)
        .and_then(|region| region.functions.get(name))
        .ok_or_else(|| no_function(request, name))
}

pub(super) fn find_mut<'a>(
    request: &Request,
    region: &'a mut Region,
    name: &str,
) -> Result<&'a mut Function, ApiError> {
    region.functions.get_mut(name).ok_or_else(|| no_function(request, name))
}

/// The function's name in `f`, `1:function:f` or `arn:aws:lambda:r:1:function:f`, without a version.
pub(super) fn name_of(function: &str) -> &str {
    let after = function.split_once("function:").map_or(function, |(_, name)| name);
    after.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_form_of_a_function_name_is_parsed() {
        let parsed = |given: &str, qualifier| parse(given, qualifier, "us-east-1", "000000000000").ok();
        let whole = |name: &str, version| Some(FunctionTarget { name: name.to_owned(), version });
        assert_eq!(parsed("f", None), whole("f", None));
        assert_eq!(parsed("f:3", None), whole("f", Some(3)));
        assert_eq!(parsed("f", Some("$LATEST")), whole("f", None));
        assert_eq!(parsed("000000000000:function:f", None), whole("f", None));
        assert_eq!(parsed("arn:aws:lambda:us-east-1:000000000000:function:f:7", None), whole("f", Some(7)));
        assert_eq!(parsed("arn:aws:lambda:eu-west-1:000000000000:function:f", None), None);
        assert_eq!(parsed("f:live", None), None);
        assert_eq!(parsed("a b", None), None);
        assert_eq!(parsed("f:1", Some("2")), None);
    }
}
