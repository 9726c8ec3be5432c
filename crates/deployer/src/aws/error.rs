//! SDK errors, reduced to what decisions and people need: AWS's code, its message, and whether the call may have taken
//! effect.
//!
//! Decisions read the code. They read the message only where AWS has no code of its own for the case.

use std::{error::Error as StdError, fmt};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::error::Failure;

/// A call that failed.
#[derive(Debug)]
pub struct ApiError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    code: Option<String>,
    message: String,
    request_id: Option<String>,
    in_doubt: bool,
    unreachable: bool,
}

impl ApiError {
    /// AWS's error code. `None` if no answer arrived.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether the call may have taken effect: the answer was lost, or the service failed internally.
    pub fn in_doubt(&self) -> bool {
        self.0.in_doubt
    }

    /// Whether there was no connection, or no answer in time.
    pub fn is_unreachable(&self) -> bool {
        self.0.unreachable
    }

    /// Whether AWS limits the rate of the call.
    pub fn is_throttled(&self) -> bool {
        matches!(
            self.code(),
            Some(
                "TooManyRequestsException"
                    | "TooManyRequests"
                    | "Throttling"
                    | "ThrottlingException"
                    | "ThrottledException"
                    | "RequestLimitExceeded"
            )
        )
    }

    fn hint(&self) -> Option<String> {
        if self.is_unreachable() {
            return Some("check the network, then run the same command again; it continues from what exists".into());
        }
        let hint = match self.code().unwrap_or_default() {
            "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => match denied_action(self.message()) {
                Some(action) => {
                    format!(
                        "allow {action} to the principal that runs deployer; `deployer policy` prints all that it needs"
                    )
                }
                None => "give the principal that runs deployer the permissions that `deployer policy` prints".into(),
            },
            "ExpiredToken" | "ExpiredTokenException" => {
                "the credentials have expired; renew them, or for SSO run `aws sso login`".into()
            }
            "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "SignatureDoesNotMatch"
            | "InvalidSignatureException" => "check the credentials; AWS does not accept them".into(),
            // It existed when the command read it.
            code if is_not_found(Some(code)) => {
                "something else, perhaps another run, has deleted it; run the same command again".into()
            }
            "ConflictException"
            | "ConcurrentModificationException"
            | "ResourceConflictException"
            | "OperationAbortedException" => {
                "something else, perhaps another run, is changing it; run the same command again".into()
            }
            _ if self.is_throttled() => "AWS limits the rate of this call; run the same command again".into(),
            _ if self.in_doubt() => {
                "the service failed internally; run the same command again; it continues from what exists".into()
            }
            _ => return None,
        };
        Some(hint)
    }
}

/// The action that the caller may not do. Only the message names it: "... is not authorized to perform: iam:CreateRole
/// on resource: ...".
fn denied_action(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("not authorized to perform: ")?;
    rest.split_whitespace().next()
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.0.code, self.0.message.is_empty()) {
            (Some(code), true) => f.write_str(code)?,
            (Some(code), false) => write!(f, "{code}: {}", self.0.message)?,
            (None, _) => f.write_str(&self.0.message)?,
        }
        if let Some(id) = &self.0.request_id {
            write!(f, " (request {id})")?;
        }
        Ok(())
    }
}

impl StdError for ApiError {}

impl<E> From<SdkError<E, HttpResponse>> for ApiError
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let status = error.raw_response().map_or(0, |response| response.status().as_u16());
        let inner = match &error {
            SdkError::ServiceError(service) => {
                let meta = service.err().meta();
                let code = meta.code().filter(|code| !code.is_empty());
                Inner {
                    code: code.map(Into::into),
                    message: meta.message().map_or_else(
                        || if code.is_some() { String::new() } else { format!("answered with status {status}") },
                        Into::into,
                    ),
                    request_id: meta.extra("aws_request_id").map(Into::into),
                    in_doubt: status >= 500,
                    unreachable: false,
                }
            }
            SdkError::ConstructionFailure(_) => without_answer(&error, false, false),
            SdkError::ResponseError(_) => without_answer(&error, true, false),
            _ => without_answer(&error, true, true),
        };
        Self(Box::new(inner))
    }
}

fn without_answer(error: &(dyn StdError + 'static), in_doubt: bool, unreachable: bool) -> Inner {
    // The outer layers say only "dispatch failure"; the inner ones say what a person can act on.
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(layer) = next {
        let text = layer.to_string();
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        next = layer.source();
    }
    Inner { code: None, message: parts.join(": "), request_id: None, in_doubt, unreachable }
}

/// Adds to the error of a call what the call was for.
pub trait Doing<T> {
    /// Takes gerund and resource, then the id: `doing("creating user pool", name)`.
    fn doing(self, what: &str, id: &str) -> anyhow::Result<T>;
}

impl<T, E: Into<ApiError>> Doing<T> for Result<T, E> {
    fn doing(self, what: &str, id: &str) -> anyhow::Result<T> {
        self.map_err(|error| {
            let error = error.into();
            let mut failure = Failure::failed(format!("{what} \"{id}\""));
            failure.hint = error.hint();
            anyhow::Error::new(error).context(failure)
        })
    }
}

/// Whether a code means "not found". Every service has its own codes for that.
pub fn is_not_found(code: Option<&str>) -> bool {
    matches!(code, Some("NotFoundException" | "ResourceNotFoundException" | "NoSuchEntity" | "NoSuchEntityException"))
}

/// Turns a "not found" error into no value.
pub fn none_if_not_found<T, E: Into<ApiError>>(result: Result<T, E>) -> Result<Option<T>, ApiError> {
    match result.map_err(Into::into) {
        Ok(value) => Ok(Some(value)),
        Err(error) if is_not_found(error.code()) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
impl ApiError {
    /// An answer with this code.
    pub fn with_code(code: &str, message: &str) -> Self {
        Self(Box::new(Inner {
            code: Some(code.into()),
            message: message.into(),
            request_id: None,
            in_doubt: false,
            unreachable: false,
        }))
    }

    /// An answer that never came.
    pub fn lost() -> Self {
        Self(Box::new(Inner {
            code: None,
            message: "connection reset".into(),
            request_id: None,
            in_doubt: true,
            unreachable: true,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_call_names_the_action() {
        let error = ApiError::with_code(
            "AccessDenied",
            "User: arn:aws:iam::1:user/x is not authorized to perform: iam:CreateRole on resource: y",
        );
        assert!(error.hint().is_some_and(|hint| hint.contains("iam:CreateRole")));
    }

    #[test]
    fn a_lost_answer_and_an_internal_failure_say_how_to_continue() {
        let hint = |error: ApiError| error.hint().unwrap_or_default();
        assert!(hint(ApiError::lost()).starts_with("check the network, then run the same command again"));
        let mut failed = ApiError::with_code("InternalFailure", "");
        failed.0.in_doubt = true;
        assert!(hint(failed).starts_with("the service failed internally; run the same command again"));
        assert_eq!(ApiError::with_code("BadRequestException", "").hint(), None);
    }

    #[test]
    fn an_error_reads_gerund_resource_cause() {
        let failed: Result<(), ApiError> = Err(ApiError::with_code("NotAllowed", "no"));
        let text = failed.doing("creating domain", "x").map_err(|error| format!("{error:#}"));
        assert_eq!(text, Err("creating domain \"x\": NotAllowed: no".to_owned()));
    }

    #[test]
    fn not_found_is_no_value_and_other_errors_stay() {
        let absent: Result<(), ApiError> = Err(ApiError::with_code("NoSuchEntity", ""));
        assert!(matches!(none_if_not_found(absent), Ok(None)));
        let denied: Result<(), ApiError> = Err(ApiError::with_code("AccessDenied", ""));
        assert!(none_if_not_found(denied).is_err());
    }
}
