//! Proof that a stack works: a token is granted, an image is answered with it, and refused without it.

use std::time::Duration;

use anyhow::anyhow;

use crate::{
    change::{Event, Events},
    config::Config,
    data_plane::{AccessToken, Backoff, Client, Reply, Secret, Unanswered, read_token},
    error::Failure,
    outputs::Outputs,
};

/// A grey square of 28 by 28 pixels.
pub const IMAGE: &[u8] = include_bytes!("probe.png");
/// A new domain serves after up to a minute.
const TOKEN_PATIENCE: Duration = Duration::from_secs(120);
/// A deployment is live, and a permission known, after some seconds.
const ENDPOINT_PATIENCE: Duration = Duration::from_secs(60);

/// Proves the stack, and gives the token that it was proved with.
pub async fn run(outputs: &Outputs, secret: &Secret, config: &Config, events: &Events) -> anyhow::Result<AccessToken> {
    events.send(Event::Note(format!("probing {}", outputs.endpoint)));
    let client = Client::new(outputs)?;
    let token = token(&client, outputs, secret).await?;
    let hint = format!("the function's log may tell why: log group /aws/lambda/{}", outputs.function_name);

    let with = async || client.try_post(outputs, Some(&token.token), IMAGE, "image/png").await;
    let without = async || client.try_post(outputs, None, IMAGE, "image/png").await;
    let (answered, refused) = tokio::join!(
        expect(200, "with a token", config, outputs, with),
        expect(401, "without a token", config, outputs, without),
    );
    answered.map_err(|error| error.hinted(&hint))?;
    let hint = "the endpoint may be open to anyone: `deployer plan` tells what differs, `deployer down` closes it";
    refused.map_err(|error| error.hinted(hint))?;
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

/// What the endpoint did instead.
struct Unproved {
    failure: Failure,
    cause: anyhow::Error,
}

impl Unproved {
    fn hinted(self, hint: &str) -> anyhow::Error {
        self.cause.context(self.failure.hint(hint))
    }
}

/// Posts until the status is the one that proves it, the patience ends, or the answer cannot change any more.
async fn expect(
    status: u16,
    how: &str,
    config: &Config,
    outputs: &Outputs,
    post: impl AsyncFn() -> Result<Reply, Unanswered>,
) -> Result<(), Unproved> {
    // A first request may take as long as the function may.
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
            return Err(Unproved { failure, cause });
        }
    }
}

/// The function itself has answered, and would answer the same again.
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

    /// An endpoint that answers these statuses in turn with a token, the last one for ever, and this one without.
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
