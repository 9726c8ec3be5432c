//! Errors as clients see them: problem details (RFC 9457).

use classifier::Error;
use serde::Serialize;

/// Why a request was refused or failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    /// Explanation for the client.
    pub(crate) detail: String,
    /// Cause of a server error, for the log only.
    pub(crate) cause: Option<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
}

impl Problem {
    pub(crate) fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), cause: None }
    }

    /// The response body.
    pub(crate) fn document(&self) -> serde_json::Result<String> {
        let title = match self.status {
            400 => "Bad Request",
            413 => "Content Too Large",
            415 => "Unsupported Media Type",
            422 => "Unprocessable Content",
            _ => "Internal Server Error",
        };
        serde_json::to_string(&Document { r#type: "about:blank", title, status: self.status, detail: &self.detail })
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::NotAnImage(_) | Error::Damaged(_) => 400,
            Error::TooLarge(_) => 413,
            Error::UnsupportedFormat(_) => 415,
            Error::Unprocessable(_) => 422,
            Error::Undecided(cause) | Error::Model(cause) => {
                let detail = "classifying the image failed; see the function's log for the cause".to_owned();
                return Self { status: 500, detail, cause: Some(cause.clone()) };
            }
        };
        Self::new(status, error.to_string())
    }
}
