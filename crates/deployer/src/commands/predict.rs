//! `predict`: classifies images through the endpoint; each image succeeds or fails on its own.

mod input;
mod output;

use std::{sync::Arc, time::Instant};

use anyhow::{Context as _, bail};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;

use self::{
    input::{Input, Inputs},
    output::{Answered, Outcome, Prediction, Predictions},
};
use super::{context::Context, stack};
use crate::{
    cli::PredictArgs,
    data_plane::{
        Reply, Secret, Unanswered,
        cache::Cache,
        session::{Connection, Session},
    },
    error::Failure,
    outputs::Outputs,
    ui::Ui,
};

/// The largest image that fits into Lambda's 6 MB for a request, in base64 and with room for the event around it.
const IMAGE_LIMIT: usize = (6_291_456 - 32_768) / 4 * 3;

pub(super) async fn run(context: &Context, args: &PredictArgs) -> anyhow::Result<u8> {
    let inputs = Inputs::find(&args.images);
    if let Some(passed_over) = inputs.passed_over() {
        context.ui.warn(passed_over);
    }
    let cache = Cache::new(&context.target, &[]);
    let lookup = async |known| stack::find(context, known).await;
    let session = Session::open(cache, Vec::new(), false, lookup).await?;
    let outcomes = classify_all(&session, &inputs.images, args, &context.ui).await?;
    let failed = outcomes.iter().filter(|outcome| outcome.answer.is_err()).count();
    let predictions = Predictions(outcomes);
    if let ([outcome], false) = (&predictions.0[..], context.ui.is_json())
        && let Err(error) = &outcome.answer
    {
        // If the only image fails, the command fails.
        bail!(Failure::failed(format!("classifying {}: {error}", outcome.image)));
    }
    context.ui.print(&predictions)?;
    Ok(u8::from(failed > 0))
}

async fn classify_all<L>(
    session: &Session<L>,
    inputs: &[Input],
    args: &PredictArgs,
    ui: &Ui,
) -> anyhow::Result<Vec<Outcome>>
where
    L: AsyncFn(Option<Outputs>) -> anyhow::Result<(Outputs, Secret)>,
{
    let bar = (inputs.len() > 1).then(|| ui.bar(inputs.len() as u64));
    let top_k = usize::from(args.top_k);
    let outcomes = stream::iter(inputs)
        .map(async |input| {
            let outcome = Outcome { image: input.name(), answer: classify(session, input, top_k).await? };
            if let Some(bar) = &bar {
                bar.inc(1);
            }
            anyhow::Ok(outcome)
        })
        .buffered(usize::from(args.jobs))
        .try_collect()
        .await;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    outcomes
}

/// Classifies one image. The outer error ends the command, the inner one concerns this image only.
async fn classify<L>(session: &Session<L>, input: &Input, top_k: usize) -> anyhow::Result<Result<Answered, String>>
where
    L: AsyncFn(Option<Outputs>) -> anyhow::Result<(Outputs, Secret)>,
{
    let image = match input.read().await {
        Ok(image) if image.len() > IMAGE_LIMIT => {
            let bytes = image.len();
            return Ok(Err(format!("{bytes} bytes exceed the {IMAGE_LIMIT} that fit into a request to Lambda")));
        }
        Ok(image) => image,
        Err(error) => return Ok(Err(error)),
    };
    let media_type = input::media_type(&image);
    let mut connection = session.connection().await;
    loop {
        let start = Instant::now();
        let sent = post(&connection, &image, media_type).await;
        if is_stale(&connection, &sent)
            && let Some(newer) = session.renew(&connection).await?
        {
            connection = newer;
            continue;
        }
        let latency_ms = start.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
        return match sent {
            Ok(reply) => Ok(read(&reply, top_k, latency_ms)),
            // Nothing listens at the endpoint, so every other image would fail too.
            Err(unanswered) if unanswered.connect => {
                let failure = Failure::failed(format!("connecting to {}", connection.grant.outputs.endpoint));
                Err(unanswered)
                    .context(failure.hint("check the stack with `deployer status`; `deployer up` repairs it"))
            }
            Err(unanswered) => Ok(Err(unanswered.to_string())),
        };
    }
}

async fn post(connection: &Arc<Connection>, image: &[u8], media_type: &str) -> Result<Reply, Unanswered> {
    connection.client.post_image(&connection.grant.outputs, &connection.grant.token.token, image, media_type).await
}

/// Whether a newer token, or outputs that do not come from the cache, may change the answer.
fn is_stale(connection: &Connection, sent: &Result<Reply, Unanswered>) -> bool {
    match sent {
        Ok(reply) => reply.status == 401 || (connection.cached && matches!(reply.status, 403 | 404)),
        Err(unanswered) => connection.cached && unanswered.connect,
    }
}

fn read(reply: &Reply, top_k: usize, latency_ms: u64) -> Result<Answered, String> {
    #[derive(Deserialize)]
    struct Body {
        label: String,
        score: f64,
        predictions: Vec<Prediction>,
    }
    if reply.function_ended() {
        return Err(format!(
            "{}: the function ended without an answer; for a large image, raise function.memory_mb or function.timeout_s",
            reply.problem()
        ));
    }
    if reply.status != 200 {
        return Err(reply.problem());
    }
    let body: Body =
        serde_json::from_slice(&reply.body).map_err(|error| format!("the answer is not a prediction: {error}"))?;
    let mut predictions = body.predictions;
    predictions.truncate(top_k);
    Ok(Answered { label: body.label, score: body.score, predictions, latency_ms })
}

#[cfg(test)]
mod tests;
