//! The app client: ListUserPoolClients, DescribeUserPoolClient, CreateUserPoolClient, UpdateUserPoolClient,
//! DeleteUserPoolClient.
//!
//! A child of the pool, found by name. Names are not unique: the first id counts. UpdateUserPoolClient resets what
//! the call omits, so the client is described first and sent back with our fields changed. A secret cannot be added
//! later, so a client without one is replaced. DescribeUserPoolClient returns the secret
//! too; only whether there is one is kept, and the secret itself is used only when a token is fetched.

use anyhow::{Context as _, Result};
use aws_sdk_cognitoidentityprovider::{
    operation::update_user_pool_client::{UpdateUserPoolClientInput, builders::UpdateUserPoolClientInputBuilder},
    types::{OAuthFlowType, PreventUserExistenceErrorTypes, TimeUnitsType, TokenValidityUnitsType, UserPoolClientType},
};

use super::{Context, Reader};
use crate::{
    aws::{ApiError, Doing as _, create, none_if_not_found},
    change::{Diff, FieldDiff, Observed, ResourceKind, Step},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    pub name: String,
    /// Full scopes.
    pub scopes: Vec<String>,
    /// How long an access token is valid.
    pub token_minutes: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actual {
    pub id: String,
    /// Whether it has a secret.
    pub has_secret: bool,
    pub flows: Vec<String>,
    /// Whether the flows are enabled. If not, the token endpoint answers invalid_grant.
    pub flows_enabled: bool,
    /// Full scopes.
    pub scopes: Vec<String>,
    /// How long an access token is valid.
    pub token_seconds: i64,
    /// Whether errors hide which users exist.
    pub hides_users: bool,
}

/// Ids of the pool's clients with our name. AWS lists no dates, so they are in the order of their ids.
pub async fn list(cx: Reader<'_>, pool_id: &str) -> Result<Vec<String>> {
    let name = cx.id.app_client();
    let call = cx.aws.cognito.list_user_pool_clients().user_pool_id(pool_id).max_results(60);
    let answer = call.into_paginator().items().send().try_collect().await;
    let mut ids = Vec::new();
    for client in answer.doing("listing the app clients of user pool", pool_id)? {
        if client.client_name() == Some(&name) {
            ids.extend(client.client_id);
        }
    }
    ids.sort();
    Ok(ids)
}

pub async fn observe(cx: Reader<'_>, pool_id: &str, client_id: &str) -> Result<Observed<Actual>> {
    Ok(Observed::child(describe(cx, pool_id, client_id).await?.map(|client| actual(&client))))
}

async fn describe(cx: Reader<'_>, pool_id: &str, id: &str) -> Result<Option<UserPoolClientType>> {
    let call = cx.aws.cognito.describe_user_pool_client().user_pool_id(pool_id).client_id(id);
    Ok(none_if_not_found(call.send().await).doing("reading app client", id)?.and_then(|answer| answer.user_pool_client))
}

fn actual(client: &UserPoolClientType) -> Actual {
    let unit = client.token_validity_units().and_then(TokenValidityUnitsType::access_token);
    let seconds_a_unit = match unit {
        Some(TimeUnitsType::Seconds) => 1,
        Some(TimeUnitsType::Minutes) => 60,
        Some(TimeUnitsType::Days) => 86_400,
        // Hours is the API's default.
        _ => 3_600,
    };
    let validity = client.access_token_validity.filter(|&validity| validity != 0);
    Actual {
        id: client.client_id().unwrap_or_default().to_owned(),
        has_secret: client.client_secret().is_some_and(|secret| !secret.is_empty()),
        flows: client.allowed_o_auth_flows().iter().map(|flow| flow.as_str().to_owned()).collect(),
        flows_enabled: client.allowed_o_auth_flows_user_pool_client.unwrap_or_default(),
        scopes: client.allowed_o_auth_scopes().to_vec(),
        // An hour is the default where none is set.
        token_seconds: validity.map_or(3_600, |validity| i64::from(validity) * seconds_a_unit),
        hides_users: client.prevent_user_existence_errors() == Some(&PreventUserExistenceErrorTypes::Enabled),
    }
}

pub fn diff(desired: &Desired, actual: Option<&Actual>) -> Vec<FieldDiff> {
    let flows = [OAuthFlowType::ClientCredentials.as_str().to_owned()];
    let token_seconds = i64::from(desired.token_minutes) * 60;
    Diff::default()
        .field("secret", true, actual.map(|actual| actual.has_secret))
        .set("oauth_flows", &flows, actual.map(|actual| actual.flows.as_slice()))
        .field("oauth_flows_enabled", true, actual.map(|actual| actual.flows_enabled))
        .set("scopes", &desired.scopes, actual.map(|actual| actual.scopes.as_slice()))
        .field("token_seconds", token_seconds, actual.map(|actual| actual.token_seconds))
        .field("prevent_user_existence_errors", true, actual.map(|actual| actual.hides_users))
        .done()
}

/// Whether only a new client can match.
pub fn must_replace(diff: &[FieldDiff]) -> bool {
    diff.iter().any(|field| field.field == "secret")
}

/// Brings it to the desired state. Returns its id.
pub async fn reconcile(cx: Context<'_>, pool_id: &str, desired: &Desired, step: &Step<Actual>) -> Result<String> {
    match step {
        Step::Create => create_client(cx, pool_id, desired).await,
        Step::Replace(actual, _) => {
            delete(cx, pool_id, &actual.id).await?;
            create_client(cx, pool_id, desired).await
        }
        Step::Update(actual, _) | Step::Adopt(actual, _) => {
            update(cx, pool_id, desired, &actual.id).await?;
            Ok(actual.id.clone())
        }
        Step::Keep(actual) | Step::Skip(Some(actual)) => Ok(actual.id.clone()),
        Step::Skip(None) => anyhow::bail!("reading app client \"{}\": it does not exist", desired.name),
    }
}

async fn create_client(cx: Context<'_>, pool_id: &str, desired: &Desired) -> Result<String> {
    let find = async || Ok(list(cx.reader(), pool_id).await?.into_iter().next());
    let send = async || {
        let call = cx
            .aws
            .cognito
            .create_user_pool_client()
            .user_pool_id(pool_id)
            .client_name(&desired.name)
            .generate_secret(true)
            .allowed_o_auth_flows_user_pool_client(true)
            .allowed_o_auth_flows(OAuthFlowType::ClientCredentials)
            .set_allowed_o_auth_scopes(Some(desired.scopes.clone()))
            .access_token_validity(desired.token_minutes)
            .token_validity_units(TokenValidityUnitsType::builder().access_token(TimeUnitsType::Minutes).build())
            .prevent_user_existence_errors(PreventUserExistenceErrorTypes::Enabled);
        let answer = call.customize().config_override(create::cognito_once()).send().await.map_err(ApiError::from)?;
        Ok(answer.user_pool_client.and_then(|client| client.client_id).unwrap_or_default())
    };
    create::create(cx.events, ResourceKind::AppClient, &desired.name, find, send).await
}

async fn update(cx: Context<'_>, pool_id: &str, desired: &Desired, id: &str) -> Result<()> {
    let there = describe(cx.reader(), pool_id, id).await?;
    let there = there.with_context(|| format!("updating app client \"{id}\": it no longer exists"))?;
    let call = update_input(there, desired).user_pool_id(pool_id).client_id(id);
    call.send_with(&cx.aws.cognito).await.doing("updating app client", id)?;
    Ok(())
}

/// The client's current settings with our fields changed: AWS resets what an update leaves out.
fn update_input(there: UserPoolClientType, desired: &Desired) -> UpdateUserPoolClientInputBuilder {
    let units = there.token_validity_units.as_ref();
    let units = TokenValidityUnitsType::builder()
        .access_token(TimeUnitsType::Minutes)
        .set_id_token(units.and_then(|units| units.id_token.clone()))
        .set_refresh_token(units.and_then(|units| units.refresh_token.clone()))
        .build();
    UpdateUserPoolClientInput::builder()
        .client_name(&desired.name)
        .allowed_o_auth_flows_user_pool_client(true)
        .allowed_o_auth_flows(OAuthFlowType::ClientCredentials)
        .set_allowed_o_auth_scopes(Some(desired.scopes.clone()))
        .access_token_validity(desired.token_minutes)
        .token_validity_units(units)
        .prevent_user_existence_errors(PreventUserExistenceErrorTypes::Enabled)
        .set_refresh_token_validity(Some(there.refresh_token_validity).filter(|&validity| validity != 0))
        .set_id_token_validity(there.id_token_validity)
        .set_read_attributes(there.read_attributes)
        .set_write_attributes(there.write_attributes)
        .set_explicit_auth_flows(there.explicit_auth_flows)
        .set_supported_identity_providers(there.supported_identity_providers)
        .set_callback_urls(there.callback_urls)
        .set_logout_urls(there.logout_urls)
        // MiniStack returns an empty one for a client that has none, and Cognito accepts no empty one.
        .set_default_redirect_uri(there.default_redirect_uri.filter(|uri| !uri.is_empty()))
        .set_analytics_configuration(there.analytics_configuration)
        .set_enable_token_revocation(there.enable_token_revocation)
        .set_enable_propagate_additional_user_context_data(there.enable_propagate_additional_user_context_data)
        .set_auth_session_validity(there.auth_session_validity)
        .set_refresh_token_rotation(there.refresh_token_rotation)
}

/// Reads its secret from Cognito.
pub async fn secret(aws: &crate::aws::Clients, pool_id: &str, client_id: &str) -> Result<Option<String>> {
    let call = aws.cognito.describe_user_pool_client().user_pool_id(pool_id).client_id(client_id);
    let answer = call.send().await.doing("reading the secret of app client", client_id)?;
    Ok(answer.user_pool_client.and_then(|client| client.client_secret).filter(|secret| !secret.is_empty()))
}

pub async fn delete(cx: Context<'_>, pool_id: &str, id: &str) -> Result<()> {
    let call = cx.aws.cognito.delete_user_pool_client().user_pool_id(pool_id).client_id(id);
    none_if_not_found(call.send().await).doing("deleting app client", id)?;
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use aws_sdk_cognitoidentityprovider::types::{
        AnalyticsConfigurationType, ExplicitAuthFlowsType, FeatureType, RefreshTokenRotationType,
    };

    use super::*;
    use crate::testing::{fields, unset_members};

    fn desired() -> Desired {
        Desired { name: "c".into(), scopes: vec!["s/predict".into()], token_minutes: 60 }
    }

    fn described() -> Actual {
        let client = UserPoolClientType::builder()
            .client_id("id")
            .client_secret("secret")
            .allowed_o_auth_flows(OAuthFlowType::ClientCredentials)
            .allowed_o_auth_flows_user_pool_client(true)
            .allowed_o_auth_scopes("s/predict")
            .prevent_user_existence_errors(PreventUserExistenceErrorTypes::Enabled);
        actual(&client.build())
    }

    #[test]
    fn the_same_is_no_diff_and_each_field_is_one() {
        assert_eq!(diff(&desired(), Some(&described())), []);
        let cases = [
            ("secret", Actual { has_secret: false, ..described() }),
            ("oauth_flows", Actual { flows: vec!["implicit".into()], ..described() }),
            ("oauth_flows_enabled", Actual { flows_enabled: false, ..described() }),
            ("scopes", Actual { scopes: Vec::new(), ..described() }),
            ("token_seconds", Actual { token_seconds: 300, ..described() }),
            ("prevent_user_existence_errors", Actual { hides_users: false, ..described() }),
        ];
        for (field, changed) in cases {
            let found = diff(&desired(), Some(&changed));
            assert_eq!(fields(&found), [field]);
            assert_eq!(must_replace(&found), field == "secret");
        }
    }

    #[test]
    fn the_validity_of_a_token_is_compared_whatever_its_unit() {
        let seconds = |validity, unit| {
            let units = TokenValidityUnitsType::builder().set_access_token(unit).build();
            let client = UserPoolClientType::builder().access_token_validity(validity).token_validity_units(units);
            actual(&client.build()).token_seconds
        };
        assert_eq!(seconds(60, Some(TimeUnitsType::Minutes)), 3_600);
        assert_eq!(seconds(1, None), 3_600);
        assert_eq!(seconds(300, Some(TimeUnitsType::Seconds)), 300);
        assert_eq!(seconds(1, Some(TimeUnitsType::Days)), 86_400);
    }

    #[test]
    fn what_is_known_of_a_client_does_not_hold_its_secret() {
        let shown = format!("{:?}", described());
        assert!(!shown.contains("\"secret\""), "{shown}");
    }

    /// An update resets what it leaves out, so a member that a newer SDK has must be sent back too.
    #[test]
    fn every_setting_that_an_update_would_reset_is_sent_back() {
        let rotation = RefreshTokenRotationType::builder().feature(FeatureType::Disabled).build().unwrap();
        let there = UserPoolClientType::builder()
            .refresh_token_validity(30)
            .id_token_validity(1)
            .read_attributes("email")
            .write_attributes("email")
            .explicit_auth_flows(ExplicitAuthFlowsType::AllowRefreshTokenAuth)
            .supported_identity_providers("COGNITO")
            .callback_urls("https://a.example")
            .logout_urls("https://a.example")
            .default_redirect_uri("https://a.example")
            .analytics_configuration(AnalyticsConfigurationType::builder().build())
            .enable_token_revocation(true)
            .enable_propagate_additional_user_context_data(false)
            .auth_session_validity(3)
            .refresh_token_rotation(rotation)
            .build();
        let sent = update_input(there, &desired()).user_pool_id("us-east-1_a").client_id("c").build().unwrap();
        assert_eq!(unset_members(&sent), [""; 0]);
    }
}
