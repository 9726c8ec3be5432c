//! The COGNITO_USER_POOLS authorizer: GetAuthorizers, CreateAuthorizer, UpdateAuthorizer. A child of the API,
//! deleted with it and found by name, which is unique in an API.

use anyhow::Result;
use aws_sdk_apigateway::types::{Authorizer, AuthorizerType, Op, PatchOperation};

use super::{Context, Reader};
use crate::{
    aws::{ApiError, Doing as _, create, none_if_not_found},
    change::{Diff, FieldDiff, KNOWN_AFTER_APPLY, Observed, ResourceKind, Step},
    error::Failure,
};

/// Where in the request the token is.
pub const IDENTITY_SOURCE: &str = "method.request.header.Authorization";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actual {
    pub id: String,
    /// Unique in the API.
    pub name: String,
    pub kind: String,
    /// Pools whose tokens are accepted.
    pub provider_arns: Vec<String>,
    /// Where in the request the token is.
    pub identity_source: String,
    /// Pattern that `aud` must match; access tokens have no `aud`, so there must be none.
    pub validation_expression: Option<String>,
}

/// Reads all authorizers of the API.
pub async fn list(cx: Reader<'_>, api_id: &str) -> Result<Vec<Actual>> {
    let answer = cx.aws.apigateway.get_authorizers().rest_api_id(api_id).limit(500).send().await;
    let answer = none_if_not_found(answer).doing("reading the authorizers of REST API", api_id)?;
    Ok(answer.and_then(|answer| answer.items).unwrap_or_default().iter().map(actual).collect())
}

/// Picks ours: the one with our name, else the one that guards our method, in case somebody renamed it.
pub fn pick(name: &str, guarding: Option<&str>, all: Vec<Actual>) -> Observed<Actual> {
    let index = all.iter().position(|item| item.name == name);
    let index = index.or_else(|| all.iter().position(|item| Some(item.id.as_str()) == guarding));
    Observed::child(index.and_then(|index| all.into_iter().nth(index)))
}

fn actual(item: &Authorizer) -> Actual {
    Actual {
        id: item.id().unwrap_or_default().to_owned(),
        name: item.name().unwrap_or_default().to_owned(),
        kind: item.r#type().map(AuthorizerType::as_str).unwrap_or_default().to_owned(),
        provider_arns: item.provider_arns().to_vec(),
        identity_source: item.identity_source().unwrap_or_default().to_owned(),
        validation_expression: item.identity_validation_expression().filter(|text| !text.is_empty()).map(Into::into),
    }
}

/// The pool's ARN is unknown until the pool exists.
pub fn diff(desired: &Desired, pool_arn: Option<&str>, actual: Option<&Actual>) -> Vec<FieldDiff> {
    let pool_arn = pool_arn.unwrap_or(KNOWN_AFTER_APPLY);
    Diff::default()
        .field("name", &desired.name, actual.map(|actual| &actual.name))
        .field("type", AuthorizerType::CognitoUserPools.as_str(), actual.map(|actual| actual.kind.as_str()))
        .set("provider_arns", &[pool_arn.to_owned()], actual.map(|actual| actual.provider_arns.as_slice()))
        .field("identity_source", IDENTITY_SOURCE, actual.map(|actual| actual.identity_source.as_str()))
        .field("validation_expression", None, actual.map(|actual| actual.validation_expression.as_deref()))
        .done()
}

/// Brings it to the desired state. Returns its id.
pub async fn reconcile(
    cx: Context<'_>,
    api_id: &str,
    pool_arn: &str,
    desired: &Desired,
    step: &Step<Actual>,
) -> Result<String> {
    match step {
        Step::Create => create_authorizer(cx, api_id, pool_arn, desired).await,
        Step::Keep(actual) | Step::Skip(Some(actual)) => Ok(actual.id.clone()),
        Step::Skip(None) => anyhow::bail!("reading authorizer \"{}\": it does not exist", desired.name),
        Step::Update(actual, _) | Step::Adopt(actual, _) | Step::Replace(actual, _) => {
            let patches = patches(desired, pool_arn, actual);
            let call = cx.aws.apigateway.update_authorizer().rest_api_id(api_id).authorizer_id(&actual.id);
            call.set_patch_operations(Some(patches)).send().await.doing("updating authorizer", &actual.id)?;
            Ok(actual.id.clone())
        }
    }
}

async fn create_authorizer(cx: Context<'_>, api_id: &str, pool_arn: &str, desired: &Desired) -> Result<String> {
    let find = async || {
        Ok(pick(&desired.name, None, list(cx.reader(), api_id).await?).owned().map(|actual| actual.id.clone()))
    };
    let send = async || {
        let call = cx
            .aws
            .apigateway
            .create_authorizer()
            .rest_api_id(api_id)
            .name(&desired.name)
            .r#type(AuthorizerType::CognitoUserPools)
            .provider_arns(pool_arn)
            .identity_source(IDENTITY_SOURCE);
        let answer =
            call.customize().config_override(create::api_gateway_once()).send().await.map_err(ApiError::from)?;
        Ok(answer.id.unwrap_or_default())
    };
    let created = create::create(cx.events, ResourceKind::Authorizer, &desired.name, find, send).await;
    let Err(refused) = created else { return created };
    // Its name is unique in the API, but AWS's BadRequestException does not say that this is the cause. An equal one is
    // as good as our own.
    match pick(&desired.name, None, list(cx.reader(), api_id).await?).owned() {
        Some(actual) if diff(desired, Some(pool_arn), Some(actual)).is_empty() => Ok(actual.id.clone()),
        Some(_) => Err(refused.context(Failure::changed_meanwhile("creating authorizer", &desired.name))),
        None => Err(refused),
    }
}

/// `/providerARNs` is a list: one patch adds or removes one ARN.
fn patches(desired: &Desired, pool_arn: &str, actual: &Actual) -> Vec<PatchOperation> {
    let patch = |op, path: &str, value: &str| PatchOperation::builder().op(op).path(path).value(value).build();
    let mut patches = Vec::new();
    if actual.name != desired.name {
        patches.push(patch(Op::Replace, "/name", &desired.name));
    }
    if actual.kind != AuthorizerType::CognitoUserPools.as_str() {
        patches.push(patch(Op::Replace, "/type", AuthorizerType::CognitoUserPools.as_str()));
    }
    if !actual.provider_arns.iter().any(|arn| arn == pool_arn) {
        patches.push(patch(Op::Add, "/providerARNs", pool_arn));
    }
    for foreign in actual.provider_arns.iter().filter(|arn| *arn != pool_arn) {
        patches.push(patch(Op::Remove, "/providerARNs", foreign));
    }
    if actual.identity_source != IDENTITY_SOURCE {
        patches.push(patch(Op::Replace, "/identitySource", IDENTITY_SOURCE));
    }
    if actual.validation_expression.is_some() {
        patches.push(patch(Op::Replace, "/identityValidationExpression", ""));
    }
    patches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fields;

    fn desired() -> Desired {
        Desired { name: "a".into() }
    }

    fn actual() -> Actual {
        Actual {
            id: "id".into(),
            name: "a".into(),
            kind: "COGNITO_USER_POOLS".into(),
            provider_arns: vec!["pool".into()],
            identity_source: IDENTITY_SOURCE.into(),
            validation_expression: None,
        }
    }

    #[test]
    fn the_same_is_no_diff_and_sends_no_patch() {
        assert_eq!(diff(&desired(), Some("pool"), Some(&actual())), []);
        assert_eq!(patches(&desired(), "pool", &actual()), []);
    }

    #[test]
    fn each_field_is_one_diff_and_has_a_patch() {
        let cases = [
            ("name", Actual { name: "b".into(), ..actual() }),
            ("type", Actual { kind: "TOKEN".into(), ..actual() }),
            ("provider_arns", Actual { provider_arns: vec!["pool".into(), "foreign".into()], ..actual() }),
            ("identity_source", Actual { identity_source: "x".into(), ..actual() }),
            ("validation_expression", Actual { validation_expression: Some("x".into()), ..actual() }),
        ];
        for (field, changed) in cases {
            let found = diff(&desired(), Some("pool"), Some(&changed));
            assert_eq!(fields(&found), [field]);
            assert_eq!(patches(&desired(), "pool", &changed).len(), 1);
        }
    }

    #[test]
    fn a_pool_that_does_not_exist_yet_is_a_diff() {
        assert_eq!(diff(&desired(), None, Some(&actual()))[0].desired, serde_json::json!([KNOWN_AFTER_APPLY]));
    }

    #[test]
    fn a_renamed_authorizer_is_found_by_the_method_that_it_guards() {
        let other = Actual { id: "other".into(), name: "b".into(), ..actual() };
        let id = |picked: Observed<Actual>| picked.owned().map(|actual| actual.id.clone());
        assert_eq!(id(pick("a", Some("other"), vec![other.clone(), actual()])).as_deref(), Some("id"));
        assert_eq!(id(pick("a", Some("other"), vec![other.clone()])).as_deref(), Some("other"));
        assert_eq!(id(pick("a", Some("gone"), vec![other])), None);
    }
}
