//! Ownership: resources without an owner are touched only when asked, those of another stack never, and settings that
//! others made stay.

use aws_sdk_cognitoidentityprovider::types::{
    AdminCreateUserConfigType, ExplicitAuthFlowsType, LambdaConfigType, OAuthFlowType, TimeUnitsType,
    TokenValidityUnitsType, UserPoolClientType, UserPoolMfaType, UserPoolType,
};
use local_aws::state::{State, Tags};
use serde_json::{Value, json};

use super::*;
use crate::{
    change::Observed,
    error::kind_of,
    names::{STACK_TAG, STAGE_TAG},
    resources::{Reader, log_group, user_pool},
};

/// Removes our tags from a resource, as if somebody had created it by hand.
async fn disown(cloud: &Cloud, kind: ResourceKind) {
    let (id, keys) = (&cloud.id, || Some(vec![STACK_TAG.to_owned(), STAGE_TAG.to_owned()]));
    let outputs = lookup(&cloud.aws, &cloud.config).await.unwrap();
    match kind {
        ResourceKind::Function => {
            let call = cloud.aws.lambda.untag_resource().resource(id.function_arn()).set_tag_keys(keys());
            call.send().await.map(drop).unwrap();
        }
        ResourceKind::Role => {
            let call = cloud.aws.iam.untag_role().role_name(id.role()).set_tag_keys(keys());
            call.send().await.map(drop).unwrap();
        }
        ResourceKind::LogGroup => {
            let call = cloud.aws.logs.untag_resource().resource_arn(id.log_group_arn()).set_tag_keys(keys());
            call.send().await.map(drop).unwrap();
        }
        ResourceKind::RestApi => {
            let arn = id.rest_api_arn(&outputs.rest_api_id);
            let call = cloud.aws.apigateway.untag_resource().resource_arn(arn).set_tag_keys(keys());
            call.send().await.map(drop).unwrap();
        }
        _ => {
            let arn = id.user_pool_arn(&outputs.user_pool_id);
            let call = cloud.aws.cognito.untag_resource().resource_arn(arn).set_tag_keys(keys());
            call.send().await.map(drop).unwrap();
        }
    }
}

#[tokio::test]
async fn unowned_resources_of_our_names_are_refused_and_adopted_on_demand() {
    let cloud = Cloud::start().await;
    cloud.up().await.unwrap();
    // A pool is in the way only by its domain, because names of pools are not unique.
    let cases = [
        (ResourceKind::Function, ResourceKind::Function),
        (ResourceKind::Role, ResourceKind::Role),
        (ResourceKind::LogGroup, ResourceKind::LogGroup),
        (ResourceKind::UserPool, ResourceKind::Domain),
    ];
    for (disowned, expected) in cases {
        let before = lookup(&cloud.aws, &cloud.config).await.unwrap();
        disown(&cloud, disowned).await;
        cloud.server.clear_requests();
        let error = cloud.up().await.unwrap_err();
        assert_eq!(kind_of(&error).exit_code(), 3, "{disowned:?}: {error:#}");
        assert!(error.to_string().starts_with(&expected.words()), "{error}");
        assert!(error.downcast_ref::<crate::error::Failure>().unwrap().hint.as_ref().unwrap().contains("--adopt"));
        assert_eq!(cloud.writes(), [""; 0], "{disowned:?}");

        let plan = cloud.adopt().await.unwrap();
        assert_eq!(changed(&plan), [(disowned, Action::Adopt)]);
        assert!(cloud.plan().await.is_noop(), "{disowned:?}");
        assert_eq!(lookup(&cloud.aws, &cloud.config).await.unwrap(), before, "{disowned:?}");
    }
    disown(&cloud, ResourceKind::RestApi).await;
    assert_eq!(changed(&cloud.adopt().await.unwrap()), [(ResourceKind::RestApi, Action::Adopt)]);
    assert!(cloud.plan().await.is_noop());
}

#[tokio::test]
async fn all_unowned_resources_are_one_report() {
    let cloud = Cloud::start().await;
    cloud.up().await.unwrap();
    // The pool last, because the outputs are found by it.
    for kind in [ResourceKind::Function, ResourceKind::Role, ResourceKind::LogGroup, ResourceKind::UserPool] {
        disown(&cloud, kind).await;
    }
    let error = cloud.up().await.unwrap_err();
    assert!(error.to_string().starts_with("4 resources are not this stack's"), "{error:#}");
    cloud.adopt().await.unwrap();
    assert!(cloud.plan().await.is_noop());
}

#[tokio::test]
async fn a_pool_created_by_hand_is_adopted_with_its_domain_and_gets_our_name() {
    let mut cloud = Cloud::start().await;
    let made = cloud.aws.cognito.create_user_pool().pool_name("by hand").send().await.unwrap();
    let pool_id = made.user_pool.unwrap().id.unwrap();
    let domain = cloud.aws.cognito.create_user_pool_domain().user_pool_id(&pool_id).domain("digits-by-hand");
    domain.send().await.unwrap();
    cloud.config.auth.domain = Some("digits-by-hand".into());

    let error = cloud.up().await.unwrap_err();
    assert_eq!(error.to_string(), format!("domain \"digits-by-hand\" belongs to user pool {pool_id}"));
    cloud.adopt().await.unwrap();
    let Observed::Owned(pool) = cloud.world().await.user_pool.pool else { panic!("owned") };
    assert_eq!((pool.id, pool.name), (pool_id, "mnist-dev".to_owned()));
    assert!(cloud.plan().await.is_noop());
}

#[tokio::test]
async fn a_desired_domain_that_is_taken_is_refused_before_the_old_one_is_deleted() {
    let mut cloud = Cloud::start().await;
    cloud.up().await.unwrap();
    let made = cloud.aws.cognito.create_user_pool().pool_name("foreign").send().await.unwrap();
    let foreign = made.user_pool.unwrap().id.unwrap();
    let domain = cloud.aws.cognito.create_user_pool_domain().user_pool_id(&foreign).domain("taken");
    domain.send().await.unwrap();
    cloud.config.auth.domain = Some("taken".into());
    cloud.server.clear_requests();
    assert_eq!(kind_of(&cloud.up().await.unwrap_err()).exit_code(), 3);
    assert_eq!(kind_of(&cloud.adopt().await.unwrap_err()).exit_code(), 3, "we have a pool of our own");
    assert_eq!(cloud.writes(), [""; 0]);
}

/// Everything in the account that carries a stack's tags.
fn belongings(state: &State, name: &str, stage: &str) -> Value {
    let ours = |tags: &Tags| {
        tags.get(STACK_TAG).map(String::as_str) == Some(name) && tags.get(STAGE_TAG).map(String::as_str) == Some(stage)
    };
    let region = state.region("us-east-1").unwrap();
    json!({
        "roles": state.iam.roles.values().filter(|role| ours(&role.tags)).collect::<Vec<_>>(),
        "functions": region.functions.values().filter(|function| ours(&function.tags)).collect::<Vec<_>>(),
        "log_groups": region.log_groups.values().filter(|group| ours(&group.tags)).collect::<Vec<_>>(),
        "pools": region.pools.values().filter(|pool| ours(&pool.tags)).collect::<Vec<_>>(),
        "apis": region.apis.values().filter(|api| ours(&api.tags)).collect::<Vec<_>>(),
    })
}

#[tokio::test]
async fn stacks_and_stages_side_by_side_never_touch_each_other() {
    let mut cloud = Cloud::start().await;
    let others = [("mnist", "prod"), ("digits", "dev"), ("mnist-dev", "x")];
    for (name, stage) in others {
        cloud.name(name, stage);
        cloud.up().await.unwrap();
    }
    let before = others.map(|(name, stage)| belongings(&cloud.server.state(), name, stage));
    for world in &before {
        assert!(world.as_object().unwrap().values().all(|found| found.as_array().unwrap().len() == 1), "{world:#}");
    }

    cloud.name("mnist", "dev");
    cloud.up().await.unwrap();
    let config = cloud.config.clone();
    cloud.config.function.memory_mb = 512;
    cloud.config.auth.domain = Some("another".into());
    cloud.config.auth.scopes = vec!["train".into()];
    cloud.up().await.unwrap();
    let outputs = lookup(&cloud.aws, &cloud.config).await.unwrap();
    cloud.aws.apigateway.delete_rest_api().rest_api_id(outputs.rest_api_id).send().await.unwrap();
    cloud.adopt().await.unwrap();
    cloud.down().await;

    let after = others.map(|(name, stage)| belongings(&cloud.server.state(), name, stage));
    assert_eq!(after, before);
    cloud.config = config;
    for (name, stage) in others {
        cloud.name(name, stage);
        assert!(cloud.plan().await.is_noop(), "{name} {stage}");
    }
    // Another stack's names may be the same as ours; its tags differ.
    cloud.name("mnist", "dev-x");
    cloud.server.clear_requests();
    let error = cloud.adopt().await.unwrap_err();
    assert_eq!(kind_of(&error).exit_code(), 3);
    assert!(format!("{error:#}").contains("belongs to stack mnist-dev/x"), "{error:#}");
    assert_eq!(cloud.writes(), [""; 0]);
}

#[tokio::test]
async fn after_a_changed_name_the_plan_shows_what_is_left_behind() {
    let mut cloud = Cloud::start().await;
    cloud.up().await.unwrap();
    assert_eq!(cloud.plan().await.left_behind, []);
    let api_id = lookup(&cloud.aws, &cloud.config).await.unwrap().rest_api_id;
    cloud.name("digits", "dev");
    let left_behind = cloud.plan().await.left_behind;
    assert_eq!(left_behind.len(), 1);
    assert_eq!(left_behind[0].stack, "mnist");
    for named in [(ResourceKind::Function, "mnist-dev"), (ResourceKind::RestApi, &api_id)] {
        assert!(left_behind[0].resources.contains(&(named.0, named.1.to_owned())), "{left_behind:?}");
    }
    cloud.up().await.unwrap();
    assert_eq!(cloud.plan().await.left_behind, [], "perhaps two stacks are wanted");
}

/// All that AWS returns of the pool, except what our update changes.
async fn pool_settings(cloud: &Cloud, pool_id: &str) -> UserPoolType {
    let answer = cloud.aws.cognito.describe_user_pool().user_pool_id(pool_id).send().await.unwrap();
    let mut pool = answer.user_pool.unwrap();
    (pool.last_modified_date, pool.deletion_protection) = (None, None);
    pool
}

/// The same for all clients.
async fn clients(cloud: &Cloud, pool_id: &str) -> Vec<UserPoolClientType> {
    let listed = cloud.aws.cognito.list_user_pool_clients().user_pool_id(pool_id).send().await.unwrap();
    let mut clients = Vec::new();
    for client in listed.user_pool_clients() {
        let call = cloud.aws.cognito.describe_user_pool_client().user_pool_id(pool_id);
        let answer = call.set_client_id(client.client_id.clone()).send().await.unwrap();
        let mut client = answer.user_pool_client.unwrap();
        (client.last_modified_date, client.access_token_validity) = (None, None);
        clients.push(client);
    }
    assert_eq!(clients.len(), 2);
    clients
}

#[tokio::test]
async fn settings_that_others_made_stay_when_ours_are_changed() {
    let mut cloud = Cloud::start().await;
    cloud.up().await.unwrap();
    let outputs = lookup(&cloud.aws, &cloud.config).await.unwrap();
    let cognito = &cloud.aws.cognito;
    let pool = || cognito.update_user_pool().user_pool_id(&outputs.user_pool_id);
    let trigger = "arn:aws:lambda:us-east-1:000000000000:function:on-sign-in";
    pool()
        .set_user_pool_tags(Some(cloud.id.tag_map()))
        .user_pool_tags("team", "vision")
        .admin_create_user_config(AdminCreateUserConfigType::builder().allow_admin_create_user_only(true).build())
        .mfa_configuration(UserPoolMfaType::Optional)
        .lambda_config(LambdaConfigType::builder().pre_authentication(trigger).build())
        .email_verification_subject("Your code")
        .auto_verified_attributes("email".into())
        .send()
        .await
        .unwrap();
    cognito.admin_create_user().user_pool_id(&outputs.user_pool_id).username("ada").send().await.unwrap();
    let second = cognito.create_user_pool_client().user_pool_id(&outputs.user_pool_id).client_name("website");
    let second = second.callback_urls("https://example.com/in").allowed_o_auth_flows(OAuthFlowType::Code);
    second.allowed_o_auth_scopes("openid").allowed_o_auth_flows_user_pool_client(true).send().await.unwrap();
    let units = TokenValidityUnitsType::builder().access_token(TimeUnitsType::Minutes).id_token(TimeUnitsType::Hours);
    let ours = cognito.update_user_pool_client().user_pool_id(&outputs.user_pool_id).client_id(&outputs.client_id);
    ours.client_name("mnist-dev")
        .allowed_o_auth_flows(OAuthFlowType::ClientCredentials)
        .allowed_o_auth_flows_user_pool_client(true)
        .allowed_o_auth_scopes("predict-api/predict")
        .access_token_validity(60)
        .id_token_validity(2)
        .token_validity_units(units.build())
        .explicit_auth_flows(ExplicitAuthFlowsType::AllowRefreshTokenAuth)
        .prevent_user_existence_errors("ENABLED".into())
        .enable_token_revocation(false)
        .read_attributes("email")
        .send()
        .await
        .unwrap();
    assert!(cloud.plan().await.is_noop(), "{:#?}", cloud.plan().await.changes);

    let settings = pool_settings(&cloud, &outputs.user_pool_id).await;
    let before = clients(&cloud, &outputs.user_pool_id).await;
    assert_eq!(settings.mfa_configuration, Some(UserPoolMfaType::Optional));
    assert_eq!(settings.estimated_number_of_users, 1);
    cloud.config.auth.deletion_protection = true;
    cloud.config.auth.token_minutes = 5;
    cloud.up().await.unwrap();
    assert_eq!(pool_settings(&cloud, &outputs.user_pool_id).await, settings);
    assert_eq!(clients(&cloud, &outputs.user_pool_id).await, before);
}

#[tokio::test]
async fn a_renamed_pool_is_found_by_its_domain_and_never_replaced() {
    let cloud = Cloud::start().await;
    cloud.up().await.unwrap();
    let Observed::Owned(user_pool::Actual { id, .. }) = cloud.world().await.user_pool.pool else { panic!("owned") };
    let rename = cloud.aws.cognito.update_user_pool().user_pool_id(&id).pool_name("renamed");
    let rename = rename.set_user_pool_tags(Some(cloud.id.tag_map()));
    let admin = AdminCreateUserConfigType::builder().allow_admin_create_user_only(true).build();
    rename.admin_create_user_config(admin).send().await.unwrap();
    assert_eq!(lookup(&cloud.aws, &cloud.config).await.unwrap().user_pool_id, id, "`token` and `predict` find it too");
    let plan = cloud.up().await.unwrap();
    assert_eq!(changed(&plan), [(ResourceKind::UserPool, Action::Update)]);
    let Observed::Owned(pool) = cloud.world().await.user_pool.pool else { panic!("owned") };
    assert_eq!((pool.id, pool.name.as_str()), (id, "mnist-dev"));
}

/// Another run's `down` deletes it while we read it.
#[tokio::test]
async fn a_log_group_that_is_deleted_before_its_tags_are_read_is_absent_and_not_unowned() {
    let cloud = Cloud::start().await;
    cloud.up().await.unwrap();
    cloud.server.clear_requests();
    // Meanwhile the SDK reads its tags again and again.
    (0..3).for_each(|_| cloud.server.fail_next("ListTagsForResource", Fault::Error500));
    let silent = Events::silent();
    let (observed, ()) = tokio::join!(log_group::observe(Reader { aws: &cloud.aws, id: &cloud.id }), async {
        while !cloud.server.requests().iter().any(|request| request.operation == "ListTagsForResource") {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        log_group::delete(cloud.context(&silent)).await.unwrap();
    });
    assert!(matches!(observed.unwrap(), Observed::Absent));
}
