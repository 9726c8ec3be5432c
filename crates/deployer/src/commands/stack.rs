//! What the commands about a deployed stack share: connecting to it, finding it, naming it.

use anyhow::Result;
use serde::Serialize;

use super::Context;
use crate::{
    aws::Clients,
    cli::Global,
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
    let (global, config) = (&context.global, &context.config);
    let endpoint = match (global.local, start) {
        (false, _) => None,
        (true, Start::IfNeeded) => Some(local::ensure(&config.root).await?),
        (true, Start::IfThere) => match local::resume(&config.root).await? {
            Some(endpoint) => Some(endpoint),
            None => return Ok(None),
        },
    };
    Clients::connect(global, config, endpoint.as_ref()).await.map(Some)
}

/// Clients for a stack that must be there.
async fn connect_to_stack(context: &Context) -> Result<Clients> {
    connect(context, Start::IfThere).await?.ok_or_else(|| {
        let Context { global, config, .. } = context;
        Failure::failed(format!("looking for stack \"{}\": the local cloud was never started", config.name))
            .hint(format!("run `{} up`", invocation(global)))
            .into()
    })
}

/// The stack's outputs.
pub(super) async fn outputs(context: &Context) -> Result<Outputs> {
    engine::lookup(&connect_to_stack(context).await?, &context.config).await
}

/// The stack's outputs, where they are not known, and its client secret.
pub(super) async fn find(context: &Context, known: Option<Outputs>) -> Result<(Outputs, Secret)> {
    let aws = connect_to_stack(context).await?;
    let outputs = match known {
        Some(known) => known,
        None => engine::lookup(&aws, &context.config).await?,
    };
    let secret = engine::client_secret(&aws, &outputs).await?;
    Ok((outputs, secret))
}

/// What there is of the stack, beside what should be. The function's package is not part of it.
pub(super) async fn look(context: &Context, aws: &Clients) -> Result<(StackId, Desired, World)> {
    let (id, world) = engine::observe(aws, &context.config, false).await?;
    let desired = Desired::new(&context.config, &id, None)?;
    Ok((id, desired, world))
}

/// Which stack, where there are no outputs to tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Identity {
    stack: String,
    stage: String,
    region: Option<String>,
    account_id: Option<String>,
}

impl Identity {
    /// Of a stack whose account is known.
    pub(super) fn of(id: &StackId) -> Self {
        Self {
            stack: id.name.clone(),
            stage: id.stage.clone(),
            region: Some(id.region.clone()),
            account_id: Some(id.account_id.clone()),
        }
    }

    /// Of one in a local cloud that was never started.
    pub(super) fn unknown(context: &Context) -> Self {
        let config = &context.config;
        Self { stack: config.name.clone(), stage: config.stage.clone(), region: None, account_id: None }
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "stack {} in stage {}", self.stack, self.stage)?;
        match (&self.region, &self.account_id) {
            (Some(region), Some(account)) => write!(f, ", {region}, account {account}"),
            _ => Ok(()),
        }
    }
}

/// `deployer` with the options that lead to the same stack again.
pub(super) fn invocation(global: &Global) -> String {
    let mut words = vec!["deployer".to_owned()];
    if global.local {
        words.push("--local".into());
    }
    if global.stage != "dev" {
        words.push(format!("--stage {}", quote(&global.stage)));
    }
    let config = global.config.to_string_lossy();
    if config != "deploy.toml" {
        words.push(format!("--config {}", quote(&config)));
    }
    for (option, value) in [("--profile", &global.profile), ("--region", &global.region)] {
        words.extend(value.as_ref().map(|value| format!("{option} {}", quote(value))));
    }
    words.join(" ")
}

/// For a shell; plain words stay as they are.
pub(super) fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn an_invocation_leads_to_the_same_stack() {
        let said = |args: &[&str]| invocation(&Cli::try_parse_from(args).unwrap().global);
        assert_eq!(said(&["deployer", "status", "--stage", "dev"]), "deployer");
        let full = ["deployer", "--local", "--stage", "a", "--config", "my stack.toml", "--region", "eu-west-1", "up"];
        assert_eq!(said(&full), "deployer --local --stage a --config 'my stack.toml' --region eu-west-1");
    }

    #[test]
    fn quotes_survive_a_shell() {
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("a/b.png"), "a/b.png");
    }
}
