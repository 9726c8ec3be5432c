//! Checks that a stack works: it grants a token, classifies an image with the token, and refuses one without.

use std::time::Duration;

use anyhow::anyhow;

use crate::{
    backoff::Backoff,
    change::{Event, Events},
    config::Config,
    data_plane::{AccessToken, Client, Reply, Secret, Unanswered, read_token},
    error::Failure,
    outputs::Outputs,
};

/// The test image, a grey square of 28 by 28 pixels.
pub const IMAGE: &[u8] = include_bytes!("probe.png");
/// A new domain can take a minute before it answers.
const TOKEN_PATIENCE: Duration = Duration::from_secs(120);
/// A new deployment and a new permission take effect after some seconds.
const ENDPOINT_PATIENCE: Duration = Duration::from_secs(60);

/// Checks the stack and returns the token that the check used.
pub async fn run(outputs: &Outputs, secret: &Secret, config: &Config, events: &Events) -> anyhow::Result<AccessToken> {
    events.send(Event::Note(format!("probing {}", outputs.endpoint)));
    let client = Client::new(outputs)?;
    let token = token(&client, outputs, secret).await?;
    let hint = format!("the function's log may say why: log group /aws/lambda/{}", outputs.function_name);

    let with = async || client.try_post(outputs, Some(&token.token), IMAGE, "image/png").await;
    let without = async || client.try_post(outputs, None, IMAGE, "image/png").await;
    let (answered, refused) = tokio::join!(
        expect(200, "with a token", config, outputs, with),
        expect(401, "without a token", config, outputs, without),
    );
    answered.map_err(|error| error.with_hint(&hint))?;
    let hint = "the endpoint may be open to anyone: `deployer plan` shows what differs, `deployer down` deletes it";
    refused.map_err(|error| error.with_hint(hint))?;
    Ok(token)
}

async fn token(client: &Client, outputs: &Outputs, secret: &Secret) -> anyhow::Result<AccessToken> {
    let mut backoff = Backoff::new(TOKEN_PATIENCE);
    loop {
        let answer = client.try_token(outputs, secret).await;
        if let Ok(reply) = &answer
            && reply.status == 200
        {
            return read_token(reply, outputs, &[]);
        }
        if !backoff.pause(None).await {
            return match answer {
                Ok(reply) => read_token(&reply, outputs, &[]),
                Err(unanswered) => {
                    let failure = Failure::failed(format!("fetching a token from {}", outputs.token_url));
                    Err(anyhow::Error::new(unanswered)
                        .context(failure.hint("a new token domain may need longer: run `deployer up` again")))
                }
            };
        }
    }
}

/// Why a check failed.
struct Failed {
    failure: Failure,
    cause: anyhow::Error,
}

impl Failed {
    fn with_hint(self, hint: &str) -> anyhow::Error {
        self.cause.context(self.failure.hint(hint))
    }
}

/// Posts until the expected status arrives, time runs out, or the answer is final.
async fn expect(
    status: u16,
    how: &str,
    config: &Config,
    outputs: &Outputs,
    post: impl AsyncFn() -> Result<Reply, Unanswered>,
) -> Result<(), Failed> {
    // The first request may take as long as the function's timeout.
    let mut backoff = Backoff::new(ENDPOINT_PATIENCE + Duration::from_secs(u64::from(config.function.timeout_s)));
    loop {
        let answer = post().await;
        let cause = match answer {
            Ok(reply) if reply.status == status => return Ok(()),
            Ok(reply) if is_final(reply.status) => Some(anyhow!("it answered {}", reply.problem())),
            Ok(reply) if !backoff.pause(None).await => Some(anyhow!("it still answers {}", reply.problem())),
            Err(unanswered) if !backoff.pause(None).await => Some(anyhow::Error::new(unanswered)),
            _ => None,
        };
        if let Some(cause) = cause {
            let failure = Failure::failed(format!("probing {} {how}", outputs.endpoint));
            return Err(Failed { failure, cause });
        }
    }
}

/// Whether the function itself answered, so that it would answer the same again.
fn is_final(status: u16) -> bool {
    matches!(status, 400 | 413 | 415 | 422)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use axum::{http::HeaderMap, http::StatusCode, routing::post};

    use super::*;
    use crate::testing::{config, outputs, serve, token_endpoint};

    /// An endpoint that answers requests with a token with these statuses in turn, repeating the last, and requests
    /// without a token with the other status.
    async fn endpoint(with: &'static [u16], without: u16) -> String {
        let asked = Arc::new(AtomicU32::new(0));
        let handler = async move |headers: HeaderMap| {
            let status = if headers.contains_key("authorization") {
                let number = asked.fetch_add(1, Ordering::SeqCst) as usize;
                with[number.min(with.len() - 1)]
            } else {
                without
            };
            (StatusCode::from_u16(status).unwrap(), r#"{"message":"said"}"#)
        };
        serve(token_endpoint(Arc::default()).route("/dev/", post(handler))).await
    }

    async fn probe(base: &str) -> anyhow::Result<AccessToken> {
        let folder = tempfile::tempdir().unwrap();
        run(&outputs(base), &Secret::new("s3cret"), &config(folder.path()), &Events::silent()).await
    }

    #[tokio::test]
    async fn a_stack_that_needs_a_moment_is_proved() {
        let token = probe(&endpoint(&[403, 500, 200], 401).await).await.unwrap();
        assert_eq!(token.token.expose(), "token-1");
    }

    #[tokio::test]
    async fn what_the_function_refuses_is_told_at_once() {
        let error = probe(&endpoint(&[422], 401).await).await.unwrap_err();
        let text = format!("{error:#}");
        assert!(text.ends_with("/dev/ with a token: it answered said (422 Unprocessable Entity)"), "{text}");
    }
}
