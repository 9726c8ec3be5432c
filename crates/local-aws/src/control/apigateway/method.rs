//! Methods of a resource.

use serde_json::{Value, json};

use super::{
    api, api_mut, bad_request, conflict, integration, method_of, no_method, no_resource,
    patch::{self, Op, Patch},
    resource_of, resource_of_mut,
};
use crate::{
    control::{Call, Service},
    protocol::{Answer, ApiError, Outcome},
    state::apigateway::{Method, Resource, Snapshot},
};

const VERBS: [&str; 8] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "ANY"];

const AUTHORIZATION_TYPES: [&str; 4] = ["NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS"];

pub(super) fn put(call: &Call) -> Outcome {
    let input = call.input(Service::ApiGateway);
    let verb = call.label(2);
    if !VERBS.contains(&verb) {
        return Err(bad_request(format!("Invalid HttpMethod specified: {verb}")));
    }
    input.refuse(&["requestParameters", "requestModels", "requestValidatorId"])?;
    let method = Method {
        http_method: verb.to_owned(),
        authorization_type: input.required("authorizationType")?.to_owned(),
        authorizer_id: input.text("authorizerId")?.map(ToOwned::to_owned),
        authorization_scopes: input.texts("authorizationScopes")?.unwrap_or_default(),
        api_key_required: input.flag("apiKeyRequired")?.unwrap_or(false),
        operation_name: input.text("operationName")?.map(ToOwned::to_owned),
        integration: None,
    };
    let shown = call.app.store.write(|state| {
        let api = api_mut(call, state.region_mut(&call.region))?;
        resource_of(call, api)?;
        check(&api.current, &method)?;
        let resource = resource_of_mut(call, api)?;
        if resource.methods.contains_key(verb) {
            return Err(conflict("Method already exists for this resource"));
        }
        let shown = view(resource, &method);
        resource.methods.insert(verb.to_owned(), method);
        Ok(shown)
    })?;
    Ok(Answer::created(shown))
}

pub(super) fn get(call: &Call) -> Outcome {
    let shown = call.app.store.read(|state| {
        let api = api(call, state)?;
        Ok::<_, ApiError>(view(resource_of(call, api)?, method_of(call, api)?))
    })?;
    Ok(Answer::ok(shown))
}

pub(super) fn update(call: &Call) -> Outcome {
    let patches = patch::read(call)?;
    let shown = call.app.store.write(|state| {
        let api = api_mut(call, state.region_mut(&call.region))?;
        let mut method = method_of(call, api)?.clone();
        patches.iter().try_for_each(|patch| apply(&mut method, patch))?;
        check(&api.current, &method)?;
        let resource = resource_of_mut(call, api)?;
        let shown = view(resource, &method);
        resource.methods.insert(method.http_method.clone(), method);
        Ok::<_, ApiError>(shown)
    })?;
    Ok(Answer::ok(shown))
}

pub(super) fn delete(call: &Call) -> Outcome {
    call.app.store.write(|state| {
        let api = api_mut(call, state.region_mut(&call.region))?;
        let resource = api.current.resources.get_mut(call.label(1)).ok_or_else(no_resource)?;
        resource.methods.remove(call.label(2)).map(|_| ()).ok_or_else(no_method)
    })?;
    Ok(Answer::empty(204))
}

fn apply(method: &mut Method, patch: &Patch) -> Result<(), ApiError> {
    match (patch.op, patch.parts().as_slice()) {
        (Op::Replace, ["authorizationType"]) => {
            patch.value()?.clone_into(&mut method.authorization_type);
            if !needs_authorizer(&method.authorization_type) {
                method.authorizer_id = None;
            }
        }
        (Op::Replace, ["authorizerId"]) => method.authorizer_id = patch.optional(),
        (Op::Replace, ["apiKeyRequired"]) => method.api_key_required = patch.flag()?,
        (Op::Replace, ["operationName"]) => method.operation_name = patch.optional(),
        // One scope an operation; replacing the list as a whole is not offered.
        (Op::Add, ["authorizationScopes"]) => {
            let scope = patch.value()?;
            if !method.authorization_scopes.iter().any(|present| present == scope) {
                method.authorization_scopes.push(scope.to_owned());
            }
        }
        (Op::Remove, ["authorizationScopes"]) => {
            let scope = patch.value()?;
            let before = method.authorization_scopes.len();
            method.authorization_scopes.retain(|present| present != scope);
            if method.authorization_scopes.len() == before {
                return Err(bad_request(format!("Invalid authorization scope specified: {scope}")));
            }
        }
        _ => return Err(patch.refused()),
    }
    Ok(())
}

fn needs_authorizer(authorization_type: &str) -> bool {
    matches!(authorization_type, "CUSTOM" | "COGNITO_USER_POOLS")
}

/// Whether authorization type, authorizer and scopes go together.
fn check(snapshot: &Snapshot, method: &Method) -> Result<(), ApiError> {
    let kind = method.authorization_type.as_str();
    if !AUTHORIZATION_TYPES.contains(&kind) {
        return Err(bad_request(format!("Invalid authorization type specified: {kind}")));
    }
    if needs_authorizer(kind) {
        let authorizer = method.authorizer_id.as_ref().and_then(|id| snapshot.authorizers.get(id));
        let fits =
            authorizer.is_some_and(|found| (found.kind == "COGNITO_USER_POOLS") == (kind == "COGNITO_USER_POOLS"));
        if !fits {
            return Err(bad_request(
                "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS \
                 requires a valid authorizer.",
            ));
        }
    }
    if !method.authorization_scopes.is_empty() && kind != "COGNITO_USER_POOLS" {
        return Err(bad_request("Authorization scopes are only supported with COGNITO_USER_POOLS authorization"));
    }
    Ok(())
}

/// A method with its integration.
pub(super) fn view(resource: &Resource, method: &Method) -> Value {
    let mut shown = json!({
        "httpMethod": method.http_method,
        "authorizationType": method.authorization_type,
        "apiKeyRequired": method.api_key_required,
    });
    if let Some(id) = &method.authorizer_id {
        shown["authorizerId"] = json!(id);
    }
    if !method.authorization_scopes.is_empty() {
        shown["authorizationScopes"] = json!(method.authorization_scopes);
    }
    if let Some(name) = &method.operation_name {
        shown["operationName"] = json!(name);
    }
    if let Some(integration) = &method.integration {
        shown["methodIntegration"] = integration::view(resource, integration);
    }
    shown
}
