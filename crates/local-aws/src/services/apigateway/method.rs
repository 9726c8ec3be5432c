//! Methods of a resource.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    error::{bad_request, conflict},
    integration,
    lookup::{api, api_mut, method_of, no_method, no_resource, resource_of, resource_of_mut},
    patch::{self, Op, Patch},
    response,
};
use crate::{
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    request::Request,
    state::apigateway::{Method, Resource, Snapshot},
};

const VERBS: [&str; 8] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "ANY"];

const AUTHORIZATION_TYPES: [&str; 4] = ["NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS"];

pub(super) fn put(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let verb = request.label(2);
    if !VERBS.contains(&verb) {
        return Err(bad_request(format!("Invalid HttpMethod specified: {verb}")));
    }
    input.reject_unsupported(&["requestParameters", "requestModels", "requestValidatorId"])?;
    let method = Method {
        http_method: verb.to_owned(),
        authorization_type: input.required("authorizationType")?.to_owned(),
        authorizer_id: input.text("authorizerId")?.map(ToOwned::to_owned),
        authorization_scopes: input.texts("authorizationScopes")?.unwrap_or_default(),
        api_key_required: input.flag("apiKeyRequired")?.unwrap_or(false),
        operation_name: input.text("operationName")?.map(ToOwned::to_owned),
        responses: BTreeMap::new(),
        integration: None,
    };
    let shown = cloud.store.write(|state| {
        let api = api_mut(request, state.region_mut(&request.region))?;
        resource_of(request, api)?;
        check(&api.current, &method)?;
        let resource = resource_of_mut(request, api)?;
        if resource.methods.contains_key(verb) {
            return Err(conflict("Method already exists for this resource"));
        }
        let shown = view(resource, &method);
        resource.methods.insert(verb.to_owned(), method);
        Ok(shown)
    })?;
    Ok(Response::created(shown))
}

pub(super) fn get(cloud: &Cloud, request: &Request) -> Outcome {
    let shown = cloud.store.read(|state| {
        let api = api(request, state)?;
        Ok::<_, ApiError>(view(resource_of(request, api)?, method_of(request, api)?))
    })?;
    Ok(Response::ok(shown))
}

pub(super) fn update(cloud: &Cloud, request: &Request) -> Outcome {
    patch::update(cloud, request, |api, patches| {
        let mut method = method_of(request, api)?.clone();
        patches.iter().try_for_each(|patch| apply(&mut method, patch))?;
        check(&api.current, &method)?;
        let resource = resource_of_mut(request, api)?;
        let shown = view(resource, &method);
        resource.methods.insert(method.http_method.clone(), method);
        Ok(shown)
    })
}

pub(super) fn delete(cloud: &Cloud, request: &Request) -> Outcome {
    cloud.store.write(|state| {
        let api = api_mut(request, state.region_mut(&request.region))?;
        let resource = api.current.resources.get_mut(request.label(1)).ok_or_else(no_resource)?;
        resource.methods.remove(request.label(2)).map(|_| ()).ok_or_else(no_method)
    })?;
    Ok(Response::empty(204))
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
        // Each patch adds or removes one scope; API Gateway cannot replace the whole list.
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
        _ => return Err(patch.unsupported()),
    }
    Ok(())
}

fn needs_authorizer(authorization_type: &str) -> bool {
    matches!(authorization_type, "CUSTOM" | "COGNITO_USER_POOLS")
}

/// Checks that authorization type, authorizer and scopes are consistent.
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

/// A method with its integration, as API Gateway shows it.
pub(super) fn view(resource: &Resource, method: &Method) -> Value {
    let responses = method.responses.iter();
    let responses: BTreeMap<&String, Value> =
        responses.map(|(status, parameters)| (status, response::method_response_view(status, parameters))).collect();
    json!({
        "httpMethod": method.http_method,
        "authorizationType": method.authorization_type,
        "apiKeyRequired": method.api_key_required,
        "authorizerId": method.authorizer_id,
        "authorizationScopes": (!method.authorization_scopes.is_empty()).then_some(&method.authorization_scopes),
        "operationName": method.operation_name,
        "methodResponses": (!responses.is_empty()).then_some(responses),
        "methodIntegration": method.integration.as_ref().map(|integration| integration::view(resource, integration)),
    })
}
