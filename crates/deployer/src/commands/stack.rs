//! What the commands about a deployed stack share: connecting to it, finding it, naming it.

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

/// Whether a command may start the local cloud for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// It is made when it is not there.
    IfNeeded,
    /// It is only woken; without one there is no stack.
    IfThere,
}

/// Clients for where the options say that the stack is; none when that is a local cloud that was never started.
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

/// Clients for a stack that must be there.
async fn connect_to_stack(context: &Context) -> Result<Clients> {
    connect(context, Start::IfThere).await?.ok_or_else(|| {
        let name = &context.target.config.name;
        Failure::failed(format!("looking for stack \"{name}\": the local cloud was never started"))
            .hint(format!("run `{} up`", context.invocation))
            .into()
    })
}

/// The stack's outputs.
pub(super) async fn outputs(context: &Context) -> Result<Outputs> {
    engine::lookup(&connect_to_stack(context).await?, &context.target.config).await
}

/// The stack's outputs, where they are not known, and its client secret.
pub(super) async fn find(context: &Context, known: Option<Outputs>) -> Result<(Outputs, Secret)> {
    let aws = connect_to_stack(context).await?;
    let outputs = match known {
        Some(known) => known,
        None => engine::lookup(&aws, &context.target.config).await?,
    };
    let secret = engine::client_secret(&aws, &outputs).await?;
    Ok((outputs, secret))
}

/// What there is of the stack, beside what should be. The function's package is not part of it.
pub(super) async fn look(context: &Context, aws: &Clients) -> Result<(StackId, Desired, World)> {
    let (id, world) = engine::observe(aws, &context.target.config, false).await?;
    let desired = Desired::new(&context.target.config, &id, None)?;
    Ok((id, desired, world))
}
