//! What the commands about a deployed stack share: connecting to it and finding it.

use anyhow::Result;

use super::Context;
use crate::{
    aws::Clients,
    config::Target,
    data_plane::Secret,
    engine::{self, World},
    error::Failure,
    local,
    names::StackId,
    outputs::Outputs,
    stack::Desired,
};

/// Whether a command may create the local cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// Starts the local cloud, for the first time if needed.
    IfNeeded,
    /// Starts it only if it was started before; otherwise there is no stack.
    IfThere,
}

/// Clients for the stack's cloud. `None` if that is a local cloud that was never started.
pub(super) async fn connect(context: &Context, start: Start) -> Result<Option<Clients>> {
    let Target { config, local, profile } = &context.target;
    let endpoint = match (*local, start) {
        (false, _) => None,
        (true, Start::IfNeeded) => Some(local::ensure(&config.root).await?),
        (true, Start::IfThere) => match local::resume(&config.root).await? {
            Some(endpoint) => Some(endpoint),
            None => return Ok(None),
        },
    };
    Clients::connect(config, profile.as_deref(), endpoint.as_ref()).await.map(Some)
}

/// Clients for a stack that must exist.
async fn connect_to_stack(context: &Context) -> Result<Clients> {
    connect(context, Start::IfThere).await?.ok_or_else(|| {
        let name = &context.target.config.name;
        Failure::failed(format!("looking for stack \"{name}\": the local cloud was never started"))
            .hint(format!("run `{} up`", context.invocation))
            .into()
    })
}

pub(super) async fn outputs(context: &Context) -> Result<Outputs> {
    engine::lookup(&connect_to_stack(context).await?, &context.target.config).await
}

/// The stack's client secret, and its outputs unless they are known already.
pub(super) async fn find(context: &Context, known: Option<Outputs>) -> Result<(Outputs, Secret)> {
    let aws = connect_to_stack(context).await?;
    let outputs = match known {
        Some(known) => known,
        None => engine::lookup(&aws, &context.target.config).await?,
    };
    let secret = engine::client_secret(&aws, &outputs).await?;
    Ok((outputs, secret))
}

/// What the stack should be, without the function's package, and what exists of it.
pub(super) async fn observe(context: &Context, aws: &Clients) -> Result<(StackId, Desired, World)> {
    let (id, world) = engine::observe(aws, &context.target.config, false).await?;
    let desired = Desired::new(&context.target.config, &id, None)?;
    Ok((id, desired, world))
}
