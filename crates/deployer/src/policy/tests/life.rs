//! The life of a stack, command by command, each with its preconditions.

use anyhow::{Result, ensure};
use local_aws::{Fault, Faults, Permission, Policy};

use crate::{
    change::Events,
    engine::{self, Options, client_secret, destroy, lookup},
    names::{STACK_TAG, STAGE_TAG},
    stack::Desired,
    testing::{self, Cloud, code, copy_files},
};

/// A command in a situation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    /// `up` of a new stack.
    FirstUp,
    /// `up` with nothing to do, `plan` and `status`.
    Plan,
    /// `outputs`, and the AWS calls of `token` and `predict`.
    Outputs,
    /// `up` after changes of `[function]`.
    UpdateFunction,
    /// `up` after changes of `[auth]`.
    UpdateAuth,
    /// `up` after changes of `[api]`.
    UpdateApi,
    /// `up` after manual changes of the API, the role and the function's policy.
    Repair,
    /// `up` whose deployment is created, but the answer is lost.
    LostAnswer,
    /// `up --adopt` of resources that have our names and no tags.
    Adopt,
    /// `down` of a stack whose role was given more policies.
    Down,
    /// `down --delete-users` of a protected pool.
    ProtectedDown,
}

impl Command {
    pub(super) const ALL: [Self; 11] = [
        Self::FirstUp,
        Self::Plan,
        Self::Outputs,
        Self::UpdateFunction,
        Self::UpdateAuth,
        Self::UpdateApi,
        Self::Repair,
        Self::LostAnswer,
        Self::Adopt,
        Self::Down,
        Self::ProtectedDown,
    ];

    /// Creates the preconditions, without the policy.
    pub(super) async fn prepare(self, cloud: &mut Cloud) -> Result<()> {
        match self {
            Self::Repair => Box::pin(change_by_hand(cloud)).await,
            Self::Adopt => Box::pin(strip_tags(cloud)).await,
            Self::Down => give_more_to_the_role(cloud).await,
            Self::ProtectedDown => {
                cloud.config.auth.deletion_protection = true;
                up(cloud, &cloud.desired(), false).await
            }
            _ => Ok(()),
        }
    }

    /// Runs the command.
    pub(super) async fn run(self, cloud: &mut Cloud) -> Result<()> {
        match self {
            Self::FirstUp | Self::Repair => up(cloud, &cloud.desired(), false).await,
            Self::Plan => {
                let plan = plan(cloud, &cloud.desired(), false).await?;
                ensure!(plan.is_noop(), "something differs: {:?}", plan.changes);
                up(cloud, &cloud.desired(), false).await
            }
            Self::Outputs => {
                let outputs = lookup(&cloud.aws, &cloud.config).await?;
                client_secret(&cloud.aws, &outputs).await.map(drop)
            }
            Self::UpdateFunction => {
                cloud.config.function.log_retention_days = 30;
                cloud.config.function.memory_mb = 512;
                cloud.config.function.reserved_concurrency = Some(1);
                up(cloud, &cloud.desired(), false).await?;
                cloud.config.function.reserved_concurrency = None;
                let mut desired = cloud.desired();
                desired.function.code = Some(code("#!/bin/sh\nexit\n"));
                up(cloud, &desired, false).await
            }
            Self::UpdateAuth => {
                cloud.config.auth.token_minutes = 5;
                cloud.config.auth.scopes = vec!["train".into()];
                cloud.config.auth.deletion_protection = true;
                cloud.config.auth.domain = Some("another-prefix".into());
                up(cloud, &cloud.desired(), false).await?;
                cloud.config.auth.deletion_protection = false;
                up(cloud, &cloud.desired(), false).await
            }
            Self::UpdateApi => {
                cloud.config.api.cors_origins = vec!["https://a.example".into()];
                up(cloud, &cloud.desired(), false).await?;
                cloud.config.api.cors_origins = vec!["*".into()];
                up(cloud, &cloud.desired(), false).await?;
                cloud.config.api.cors_origins.clear();
                up(cloud, &cloud.desired(), false).await?;
                cloud.config.api.cors_origins = vec!["*".into()];
                cloud.config.api.throttle_rate = Some(5.0);
                cloud.config.api.binary_media_types = vec!["image/png".into()];
                up(cloud, &cloud.desired(), false).await
            }
            Self::LostAnswer => {
                cloud.server.fail_next("CreateDeployment", Fault::DropAfterEffect);
                cloud.config.api.binary_media_types = vec!["image/webp".into()];
                up(cloud, &cloud.desired(), false).await
            }
            Self::Adopt => {
                up(cloud, &cloud.desired(), true).await?;
                let plan = plan(cloud, &cloud.desired(), false).await?;
                ensure!(plan.is_noop(), "not adopted: {:?}", plan.changes);
                Ok(())
            }
            Self::Down => down(cloud, false).await,
            Self::ProtectedDown => down(cloud, true).await,
        }
    }
}

async fn plan(cloud: &Cloud, desired: &Desired, adopt: bool) -> Result<engine::Plan> {
    let (_, world) = Box::pin(engine::observe(&cloud.aws, &cloud.config, adopt)).await?;
    let plan = engine::plan(desired, &world, &Options { adopt, only: Vec::new() });
    plan.check()?;
    Ok(plan)
}

/// `up`
pub(super) async fn up(cloud: &Cloud, desired: &Desired, adopt: bool) -> Result<()> {
    let plan = plan(cloud, desired, adopt).await?;
    // Boxed, as all futures here, because a test thread has a stack of 2 MB.
    Box::pin(testing::apply(cloud.context(&Events::silent()), desired, &plan)).await.map(drop)
}

async fn down(cloud: &Cloud, delete_users: bool) -> Result<()> {
    let events = Events::silent();
    let cx = cloud.context(&events);
    let (_, world) = Box::pin(engine::observe(&cloud.aws, &cloud.config, false)).await?;
    destroy::check_users(cx, &world, delete_users).await?;
    Box::pin(destroy::destroy(cx, &world)).await
}

async fn change_by_hand(cloud: &Cloud) -> Result<()> {
    let (aws, id) = (&cloud.aws, &cloud.id);
    let outputs = lookup(aws, &cloud.config).await?;
    let api = outputs.rest_api_id.as_str();
    let resources = aws.apigateway.get_resources().rest_api_id(api).send().await?;
    let root = resources.items().iter().find_map(|item| item.id()).unwrap_or_default();
    let any = aws.apigateway.put_method().rest_api_id(api).resource_id(root).http_method("ANY");
    any.authorization_type("NONE").send().await?;
    let stage = aws.apigateway.get_stage().rest_api_id(api).stage_name("dev").send().await?;
    let other = aws.apigateway.create_stage().rest_api_id(api).stage_name("other");
    other.set_deployment_id(stage.deployment_id).send().await?;
    aws.apigateway.delete_stage().rest_api_id(api).stage_name("dev").send().await?;
    aws.apigateway.delete_integration().rest_api_id(api).resource_id(root).http_method("POST").send().await?;
    let authorizers = aws.apigateway.get_authorizers().rest_api_id(api).send().await?;
    let authorizer = authorizers.items().iter().find_map(|item| item.id()).unwrap_or_default();
    let patch = aws_sdk_apigateway::types::PatchOperation::builder().op("replace".into());
    let patch = patch.path("/identitySource").value("method.request.header.Other").build();
    let call = aws.apigateway.update_authorizer().rest_api_id(api).authorizer_id(authorizer);
    call.patch_operations(patch).send().await?;

    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",
        "Principal":{"Service":["lambda.amazonaws.com","ec2.amazonaws.com"]}}}"#;
    aws.iam.update_assume_role_policy().role_name(id.role()).policy_document(trust).send().await?;
    let statement = crate::resources::permission::STATEMENT;
    aws.lambda.remove_permission().function_name(id.function()).statement_id(statement).send().await?;
    let call = aws.lambda.add_permission().function_name(id.function()).statement_id(statement);
    call.principal("apigateway.amazonaws.com").action("lambda:InvokeFunction").send().await?;
    // A second client and a second pool with our name, as a lost answer leaves them.
    let pool = aws.cognito.create_user_pool().pool_name(id.user_pool()).set_user_pool_tags(Some(id.tag_map()));
    pool.send().await?;
    let call = aws.cognito.create_user_pool_client().user_pool_id(&outputs.user_pool_id);
    call.client_name(id.app_client()).send().await?;
    Ok(())
}

async fn give_more_to_the_role(cloud: &Cloud) -> Result<()> {
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}"#;
    let put = cloud.aws.iam.put_role_policy().role_name(cloud.id.role()).policy_name("more");
    put.policy_document(policy).send().await?;
    let managed = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
    cloud.aws.iam.attach_role_policy().role_name(cloud.id.role()).policy_arn(managed).send().await?;
    Ok(())
}

async fn strip_tags(cloud: &Cloud) -> Result<()> {
    let (aws, id) = (&cloud.aws, &cloud.id);
    let outputs = lookup(aws, &cloud.config).await?;
    // The stage's description does not name its deployment either, so `up` has to read all deployments.
    let patch = aws_sdk_apigateway::types::PatchOperation::builder().op("replace".into());
    let patch = patch.path("/description").value("mine").build();
    let stage = aws.apigateway.update_stage().rest_api_id(&outputs.rest_api_id).stage_name("dev");
    stage.patch_operations(patch).send().await?;
    let keys = || Some(vec![STACK_TAG.to_owned(), STAGE_TAG.to_owned()]);
    aws.lambda.untag_resource().resource(id.function_arn()).set_tag_keys(keys()).send().await?;
    aws.iam.untag_role().role_name(id.role()).set_tag_keys(keys()).send().await?;
    aws.logs.untag_resource().resource_arn(id.log_group_arn()).set_tag_keys(keys()).send().await?;
    let pool = id.user_pool_arn(&outputs.user_pool_id);
    aws.cognito.untag_resource().resource_arn(pool).set_tag_keys(keys()).send().await?;
    let api = id.rest_api_arn(&outputs.rest_api_id);
    aws.apigateway.untag_resource().resource_arn(api).set_tag_keys(keys()).send().await?;
    Ok(())
}

/// A command that ran, and the state in which it can run again.
pub(super) struct Lived {
    pub(super) command: Command,
    /// The permissions that its calls needed.
    pub(super) needs: Vec<Permission>,
    before: tempfile::TempDir,
    config: crate::config::Config,
}

/// Runs all commands under a policy.
pub(super) async fn live(policy: &Policy) -> Result<Vec<Lived>> {
    let mut cloud = Cloud::start().await;
    let mut life = Vec::new();
    for command in Command::ALL {
        cloud.server.enforce(None);
        command.prepare(&mut cloud).await?;
        let (before, config) = (copy(&cloud)?, cloud.config.clone());
        let known = cloud.server.permissions().len();
        cloud.server.enforce(Some(policy.clone()));
        Box::pin(command.run(&mut cloud)).await.map_err(|error| error.context(format!("{command:?}")))?;
        let needs = cloud.server.permissions().split_off(known);
        life.push(Lived { command, needs, before, config });
    }
    Ok(life)
}

impl Lived {
    /// The cloud as it was before the command.
    pub(super) async fn cloud(&self) -> Result<Cloud> {
        let folder = tempfile::tempdir()?;
        copy_files(self.before.path(), &folder.path().join("cloud"))?;
        let mut cloud = Cloud::on(folder, Faults::default()).await;
        cloud.config = self.config.clone();
        Ok(cloud)
    }

    /// Runs the command again from the same state, under another policy.
    pub(super) async fn again(&self, policy: Policy) -> Result<()> {
        let mut cloud = self.cloud().await?;
        cloud.server.enforce(Some(policy));
        Box::pin(self.command.run(&mut cloud)).await
    }
}

fn copy(cloud: &Cloud) -> Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    copy_files(&cloud.folder.path().join("cloud"), folder.path())?;
    Ok(folder)
}
