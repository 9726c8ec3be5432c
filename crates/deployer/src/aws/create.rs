//! Creates things whose names are not unique.
//!
//! Cognito and API Gateway create a second pool, client, API or authorizer for every CreateX that reaches them. So the
//! SDK must not repeat such a call by itself: when the answer is lost, we first look for the thing, and send the call
//! again only if it does not exist.

use std::time::Duration;

use anyhow::Result;
use aws_smithy_types::retry::RetryConfig;

use super::{
    error::{ApiError, Doing as _},
    wait::{self, Poll},
};
use crate::change::{Events, ResourceKind};

/// Long enough for a burst at the quota of CreateRestApi, 1 in 3 s.
const DEADLINE: Duration = Duration::from_secs(90);

/// Settings of a call to API Gateway that the SDK sends once.
pub fn api_gateway_once() -> aws_sdk_apigateway::config::Builder {
    aws_sdk_apigateway::config::Builder::default().retry_config(RetryConfig::disabled())
}

/// Settings of a call to Cognito that the SDK sends once.
pub fn cognito_once() -> aws_sdk_cognitoidentityprovider::config::Builder {
    aws_sdk_cognitoidentityprovider::config::Builder::default().retry_config(RetryConfig::disabled())
}

/// Creates a thing, or finds the one that an earlier attempt created.
///
/// `create` sends one call without retries; `find` looks for what it created, by ownership.
pub async fn create<T>(
    events: &Events,
    resource: ResourceKind,
    id: &str,
    find: impl AsyncFn() -> Result<Option<T>>,
    create: impl AsyncFn() -> Result<T, ApiError>,
) -> Result<T> {
    let mut in_doubt = false;
    wait::until(events, resource, DEADLINE, async || {
        if in_doubt && let Some(value) = find().await? {
            return Ok(Poll::Ready(value));
        }
        match create().await {
            Ok(value) => Ok(Poll::Ready(value)),
            Err(error) if error.in_doubt() => {
                in_doubt = true;
                Ok(Poll::Pending(format!("the answer was lost ({error}); checking whether the call took effect")))
            }
            Err(error) if error.is_throttled() => Ok(Poll::Pending("AWS limits the rate of this call".into())),
            Err(error) => Err(error).doing(&format!("creating {}", resource.words()), id),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn after_a_lost_answer_the_thing_is_looked_for_before_the_call_is_sent_again() {
        let sent = Cell::new(0);
        let created = create(
            &Events::silent(),
            ResourceKind::UserPool,
            "p",
            async || Ok((sent.get() > 0).then_some("found")),
            async || {
                sent.set(sent.get() + 1);
                Err::<&str, _>(ApiError::lost())
            },
        )
        .await;
        assert_eq!(created.ok(), Some("found"));
        assert_eq!(sent.get(), 1);
    }

    #[tokio::test]
    async fn a_refusal_is_final_and_a_throttle_is_not() {
        let sent = Cell::new(0);
        let created = create(
            &Events::silent(),
            ResourceKind::RestApi,
            "a",
            async || Ok(None),
            async || {
                sent.set(sent.get() + 1);
                Err::<(), _>(match sent.get() {
                    1 => ApiError::with_code("TooManyRequestsException", ""),
                    _ => ApiError::with_code("BadRequestException", "bad"),
                })
            },
        )
        .await;
        assert!(created.is_err_and(|error| format!("{error:#}").contains("BadRequestException")));
        assert_eq!(sent.get(), 2);
    }
}
