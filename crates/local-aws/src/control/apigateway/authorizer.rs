//! Authorizers.

use serde_json::{Value, json};

use super::{
    api, api_mut, bad_request, conflict, items, limit_exceeded, not_found, page_size,
    patch::{self, Op, Patch},
};
use crate::{
    control::{Call, Service, page::page},
    protocol::{Answer, ApiError, Outcome},
    random::{self, Alphabet},
    state::apigateway::{Authorizer, Snapshot},
};

/// Seconds that an answer may be remembered.
const MOST_TTL_S: u32 = 3600;

/// Authorizers of an API (default quota).
const MOST_AUTHORIZERS: usize = 10;

pub(super) fn create(call: &Call) -> Outcome {
    let input = call.input(Service::ApiGateway);
    let name = input.required("name")?;
    let kind = input.required("type")?;
    if kind != "COGNITO_USER_POOLS" {
        return Err(ApiError::not_implemented(&format!("authorizers of type {kind} (only COGNITO_USER_POOLS)")));
    }
    let authorizer = Authorizer {
        id: random::id(Alphabet::LowerAlphanumeric, 6)?,
        name: name.to_owned(),
        kind: kind.to_owned(),
        provider_arns: input.texts("providerARNs")?.unwrap_or_default(),
        identity_source: input.text("identitySource")?.map(ToOwned::to_owned),
        identity_validation_expression: input.text("identityValidationExpression")?.map(ToOwned::to_owned),
        result_ttl_s: input.count("authorizerResultTtlInSeconds", 0..=MOST_TTL_S)?.unwrap_or(300),
    };
    let shown = view(&authorizer);
    call.app.store.write(|state| {
        let api = api_mut(call, state.region_mut(&call.region))?;
        check(&api.current, &authorizer)?;
        if api.current.authorizers.len() >= MOST_AUTHORIZERS {
            return Err(limit_exceeded("Maximum number of Authorizers for this API has been reached"));
        }
        api.current.authorizers.insert(authorizer.id.clone(), authorizer);
        Ok(())
    })?;
    Ok(Answer::created(shown))
}

pub(super) fn get(call: &Call) -> Outcome {
    let shown = call.app.store.read(|state| {
        let found = api(call, state)?.current.authorizers.get(call.label(1));
        found.map(view).ok_or_else(no_authorizer)
    })?;
    Ok(Answer::ok(shown))
}

pub(super) fn list(call: &Call) -> Outcome {
    let limit = page_size(call)?;
    let found = call.app.store.read(|state| {
        let authorizers = api(call, state)?.current.authorizers.values();
        let shown = authorizers.map(|authorizer| (authorizer.id.as_str(), view(authorizer)));
        Ok::<_, ApiError>(page(shown, call.param("position"), limit))
    })?;
    Ok(Answer::ok(items(found)))
}

pub(super) fn update(call: &Call) -> Outcome {
    let patches = patch::read(call)?;
    let shown = call.app.store.write(|state| {
        let api = api_mut(call, state.region_mut(&call.region))?;
        let mut authorizer = api.current.authorizers.get(call.label(1)).ok_or_else(no_authorizer)?.clone();
        patches.iter().try_for_each(|patch| apply(&mut authorizer, patch))?;
        check(&api.current, &authorizer)?;
        let shown = view(&authorizer);
        api.current.authorizers.insert(authorizer.id.clone(), authorizer);
        Ok::<_, ApiError>(shown)
    })?;
    Ok(Answer::ok(shown))
}

pub(super) fn delete(call: &Call) -> Outcome {
    let id = call.label(1);
    call.app.store.write(|state| {
        let api = api_mut(call, state.region_mut(&call.region))?;
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
    Ok(Answer::empty(202))
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
        (Op::Replace, ["authorizerResultTtlInSeconds"]) => authorizer.result_ttl_s = patch.number()?,
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
        _ => return Err(patch.refused()),
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
    // Whether the pools exist is not checked here: no document says that AWS does. Their tokens are refused either way.
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
    if authorizer.result_ttl_s > MOST_TTL_S {
        return Err(bad_request(format!("Authorizer result TTL must be between 0 and {MOST_TTL_S} seconds")));
    }
    Ok(())
}

fn view(authorizer: &Authorizer) -> Value {
    let mut shown = json!({
        "id": authorizer.id,
        "name": authorizer.name,
        "type": authorizer.kind,
        "providerARNs": authorizer.provider_arns,
        "authType": "cognito_user_pools",
        "authorizerResultTtlInSeconds": authorizer.result_ttl_s,
    });
    if let Some(source) = &authorizer.identity_source {
        shown["identitySource"] = json!(source);
    }
    if let Some(expression) = &authorizer.identity_validation_expression {
        shown["identityValidationExpression"] = json!(expression);
    }
    shown
}
