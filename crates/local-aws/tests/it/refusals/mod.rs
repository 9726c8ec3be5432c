//! What AWS refuses, rule by rule: each row is a request by the real SDK client, the status and code that AWS returns,
//! and the document that says so.

mod apigateway;
mod cognito;
mod data_plane;
mod iam;
mod lambda;
mod logs;
mod rates;
mod tokens;

use aws_sdk_iam::error::ProvideErrorMetadata;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};

/// The rows of one service.
#[derive(Default)]
struct Table {
    wrong: Vec<String>,
}

impl Table {
    /// AWS refuses this request.
    fn refused<T, E: ProvideErrorMetadata>(
        &mut self,
        rule: &str,
        source: &str,
        (status, code): (u16, &str),
        result: Result<T, SdkError<E, HttpResponse>>,
    ) {
        let response = match result {
            Ok(_) => "accepted".to_owned(),
            Err(SdkError::ServiceError(refused)) => {
                format!("{} {}", refused.raw().status().as_u16(), refused.err().code().unwrap_or("without a code"))
            }
            Err(error) => format!("{error}"),
        };
        self.row(rule, source, &format!("{status} {code}"), &response);
    }

    /// AWS accepts this request, contrary to what one might expect.
    fn accepted<T, E: ProvideErrorMetadata>(
        &mut self,
        rule: &str,
        source: &str,
        result: Result<T, SdkError<E, HttpResponse>>,
    ) {
        let response = match result {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.code().unwrap_or("no answer").to_owned(),
        };
        self.row(rule, source, "accepted", &response);
    }

    fn row(&mut self, rule: &str, source: &str, expected: &str, response: &str) {
        if response != expected {
            self.wrong.push(format!("{rule}: {response}, not {expected} ({source})"));
        }
    }

    /// Fails with all rows that do not hold.
    fn done(self) {
        assert!(self.wrong.is_empty(), "{:#?}", self.wrong);
    }
}

/// Tags with the keys `k<from>` to `k<to - 1>`.
fn tags(from: usize, to: usize) -> std::collections::HashMap<String, String> {
    (from..to).map(|number| (format!("k{number}"), "v".to_owned())).collect()
}
