//! Authorizers.

use serde_json::{Value, json};

use super::{
    error::{bad_request, conflict, limit_exceeded, not_found},
    listing::Listing,
    lookup::{api, api_mut},
    patch::{self, Op, Patch},
};
use crate::{
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    random::{self, Alphabet},
    request::Request,
    state::apigateway::{Authorizer, Snapshot},
};

/// The longest time that AWS caches an authorizer's result, in seconds.
const MAX_TTL_S: u32 = 3600;

/// Authorizers per API (default quota).
const MAX_AUTHORIZERS: usize = 10;

pub(super) fn create(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let name = input.required("name")?;
    let kind = input.required("type")?;
    if kind != "COGNITO_USER_POOLS" {
        return Err(ApiError::not_implemented(&format!("authorizers of type {kind} (only COGNITO_USER_POOLS)")));
    }
    let authorizer = Authorizer {
        id: random::id(Alphabet::LowerAlphanumeric, 6),
        name: name.to_owned(),
        kind: kind.to_owned(),
        provider_arns: input.texts("providerARNs")?.unwrap_or_default(),
        identity_source: input.text("identitySource")?.map(ToOwned::to_owned),
        identity_validation_expression: input.text("identityValidationExpression")?.map(ToOwned::to_owned),
        result_ttl_s: input.count("authorizerResultTtlInSeconds", 0..=MAX_TTL_S)?.unwrap_or(300),
    };
    let shown = view(&authorizer);
    cloud.store.write(|state| {
        let api = api_mut(request, state.region_mut(&request.region))?;
        check(&api.current, &authorizer)?;
        if api.current.authorizers.len() >= MAX_AUTHORIZERS {
            return Err(limit_exceeded("Maximum number of Authorizers for this API has been reached"));
        }
        api.current.authorizers.insert(authorizer.id.clone(), authorizer);
        Ok(())
    })?;
    Ok(Response::created(shown))
}

pub(super) fn get(cloud: &Cloud, request: &Request) -> Outcome {
    let shown = cloud.store.read(|state| {
        let found = api(request, state)?.current.authorizers.get(request.label(1));
        found.map(view).ok_or_else(no_authorizer)
    })?;
    Ok(Response::ok(shown))
}

pub(super) fn list(cloud: &Cloud, request: &Request) -> Outcome {
    let listing = Listing::read(request)?;
    let shown = cloud.store.read(|state| {
        let authorizers = api(request, state)?.current.authorizers.values();
        Ok::<_, ApiError>(listing.show(authorizers.map(|authorizer| (authorizer.id.as_str(), view(authorizer)))))
    })?;
    Ok(Response::ok(shown))
}

pub(super) fn update(cloud: &Cloud, request: &Request) -> Outcome {
    patch::update(cloud, request, |api, patches| {
        let mut authorizer = api.current.authorizers.get(request.label(1)).ok_or_else(no_authorizer)?.clone();
        patches.iter().try_for_each(|patch| apply(&mut authorizer, patch))?;
        check(&api.current, &authorizer)?;
        let shown = view(&authorizer);
        api.current.authorizers.insert(authorizer.id.clone(), authorizer);
        Ok(shown)
    })
}

pub(super) fn delete(cloud: &Cloud, request: &Request) -> Outcome {
    let id = request.label(1);
    cloud.store.write(|state| {
        let api = api_mut(request, state.region_mut(&request.region))?;
        if !api.current.authorizers.contains_key(id) {
            return Err(no_authorizer());
        }
        let mut methods = api
            .current
            .resources
            .values()
            .flat_map(|resource| resource.methods.values().map(move |method| (resource.path.as_str(), method)));
        if let Some((path, method)) = methods.find(|(_, method)| method.authorizer_id.as_deref() == Some(id)) {
            let verb = &method.http_method;
            return Err(conflict(format!("Cannot delete authorizer, is referenced in method: {verb}/{path}")));
        }
        api.current.authorizers.remove(id);
        Ok(())
    })?;
    Ok(Response::empty(202))
}

fn no_authorizer() -> ApiError {
    not_found("Invalid Authorizer identifier specified")
}

fn apply(authorizer: &mut Authorizer, patch: &Patch) -> Result<(), ApiError> {
    match (patch.op, patch.parts().as_slice()) {
        (Op::Replace, ["name"]) => patch.value()?.clone_into(&mut authorizer.name),
        (Op::Replace, ["identitySource"]) => authorizer.identity_source = patch.optional(),
        (Op::Replace, ["identityValidationExpression"]) => {
            authorizer.identity_validation_expression = patch.optional();
        }
        (Op::Replace, ["authorizerResultTtlInSeconds"]) => authorizer.result_ttl_s = patch.parsed()?,
        (Op::Add, ["providerARNs"]) => {
            let arn = patch.value()?;
            if !authorizer.provider_arns.iter().any(|present| present == arn) {
                authorizer.provider_arns.push(arn.to_owned());
            }
        }
        (Op::Remove, ["providerARNs"]) => {
            let arn = patch.value()?;
            authorizer.provider_arns.retain(|present| present != arn);
        }
        _ => return Err(patch.unsupported()),
    }
    Ok(())
}

fn check(snapshot: &Snapshot, authorizer: &Authorizer) -> Result<(), ApiError> {
    if authorizer.name.is_empty() {
        return Err(bad_request("Authorizer name cannot be empty"));
    }
    if snapshot.authorizers.values().any(|other| other.name == authorizer.name && other.id != authorizer.id) {
        let name = &authorizer.name;
        return Err(bad_request(format!(
            "Authorizer name must be unique. Authorizer {name} already exists in this RestApi."
        )));
    }
    // AWS does not document a check that the pools exist. Tokens of missing pools are refused either way.
    let is_pool = |arn: &String| {
        let parts: Vec<&str> = arn.split(':').collect();
        matches!(parts[..], ["arn", _, "cognito-idp", _, _, pool] if pool.starts_with("userpool/"))
    };
    if authorizer.provider_arns.is_empty() || !authorizer.provider_arns.iter().all(is_pool) {
        return Err(bad_request("Invalid Authorizer providerARNs specified: Cognito user pool ARNs are required"));
    }
    let header = authorizer.identity_source.as_deref().and_then(|source| source.strip_prefix("method.request.header."));
    if header.is_none_or(str::is_empty) {
        return Err(bad_request(
            "Invalid mapping expression specified: the identity source must be method.request.header.<name>",
        ));
    }
    if authorizer.result_ttl_s > MAX_TTL_S {
        return Err(bad_request(format!("Authorizer result TTL must be between 0 and {MAX_TTL_S} seconds")));
    }
    Ok(())
}

fn view(authorizer: &Authorizer) -> Value {
    json!({
        "id": authorizer.id,
        "name": authorizer.name,
        "type": authorizer.kind,
        "providerARNs": authorizer.provider_arns,
        "authType": "cognito_user_pools",
        "authorizerResultTtlInSeconds": authorizer.result_ttl_s,
        "identitySource": authorizer.identity_source,
        "identityValidationExpression": authorizer.identity_validation_expression,
    })
}
