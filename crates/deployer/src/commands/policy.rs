//! `policy`: the smallest IAM policy that allows the deployer's commands.

use anyhow::Result;

use super::{
    context::Context,
    stack::{self, Start},
};
use crate::{
    aws::clients,
    cli::PolicyArgs,
    config::Target,
    error::{Failure, kind_of},
    names::StackId,
    policy::Document,
};

pub(super) async fn run(context: &Context, args: &PolicyArgs) -> Result<u8> {
    let id = identify(context, args).await?;
    context.ui.print(&Document::new(&id, args.read_only))?;
    Ok(0)
}

/// The stack's identity, without a call to AWS if the account is given.
async fn identify(context: &Context, args: &PolicyArgs) -> Result<StackId> {
    let Target { config, local, profile } = &context.target;
    let given = match &args.account_id {
        Some(account_id) => Some(account_id.clone()),
        None => match stack::connect(context, Start::IfThere).await.map_err(suggest_flag)? {
            Some(aws) => return aws.identify(config).await.map_err(suggest_flag),
            // A local cloud that was never started has the default account.
            None => None,
        },
    };
    Ok(StackId::new(
        &config.name,
        &config.stage,
        clients::region(config, profile.as_deref(), *local).await?,
        given.unwrap_or_else(|| local_aws::state::DEFAULT_ACCOUNT_ID.to_owned()),
    ))
}

/// Adds the hint that a flag can name the account.
fn suggest_flag(error: anyhow::Error) -> anyhow::Error {
    let mut failure = Failure::new(kind_of(&error), "identifying the account for the policy");
    failure.hint = Some("pass --account-id, which needs no credentials".to_owned());
    error.context(failure)
}
