//! The API endpoint: throttles, authorizes, checks the function's policy, invokes it, and converts its response, in
//! this order.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use serde_json::{Map, Value};

use super::{
    address::StageAddress,
    authorizer,
    gateway_error::GatewayError,
    mock,
    proxy_event::{self, Ids},
    proxy_response,
    route::{self, Route},
};
use crate::{
    clock,
    cloud::Cloud,
    functions::InvokeError,
    policy, random,
    state::lambda::{Function, Statement, Version},
    store::Store,
    token_buckets::{Limit, TokenBuckets},
};

/// The largest body of a request, in bytes.
const MAX_PAYLOAD: usize = 10 * 1024 * 1024;
/// The largest size of all headers together, in bytes.
const MAX_HEADERS: usize = 10_240;
/// The largest payload of a synchronous invocation, in bytes: 6 MB and some headroom.
pub(super) const MAX_LAMBDA_PAYLOAD: usize = 6_291_556;

/// Handles a request to a stage.
pub(super) async fn respond(
    cloud: &Cloud,
    throttles: &TokenBuckets,
    address: &StageAddress,
    request: &Request<Bytes>,
) -> Response<Bytes> {
    let now_ms = clock::now_ms();
    let (extended, trace) = (random::extended_request_id(), random::trace_id(now_ms / 1000));
    let ids = Ids { request: random::uuid(), extended, trace, now_ms };
    let mut response = match serve(cloud, throttles, address, request, &ids).await {
        Ok(response) => response,
        Err(error) => {
            let headers = cloud.store.read(|state| route::refusal_headers(state, address, error));
            error.response(&headers)
        }
    };
    let headers = response.headers_mut();
    for (name, value) in
        [("x-amzn-requestid", &ids.request), ("x-amz-apigw-id", &ids.extended), ("x-amzn-trace-id", &ids.trace)]
    {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    response
}

async fn serve(
    cloud: &Cloud,
    throttles: &TokenBuckets,
    address: &StageAddress,
    request: &Request<Bytes>,
    ids: &Ids,
) -> Result<Response<Bytes>, GatewayError> {
    check_size(request)?;
    let verb = request.method().as_str();
    let route = cloud.store.read(|state| route::find(state, address, verb))?;
    throttle(throttles, &route, verb)?;
    if route.method.api_key_required {
        // There are no usage plans here, so no API key is ever valid.
        return Err(GatewayError::Forbidden);
    }
    let claims = authorize(&route, request.headers())?;
    let integration = route.method.integration.as_ref().ok_or(GatewayError::Internal)?;
    if integration.kind == "MOCK" {
        return mock::respond(integration, &route.binary_media_types, request);
    }
    if integration.kind != "AWS_PROXY" {
        return Err(GatewayError::NotImplemented);
    }
    let target = invoke_target(&cloud.store, &route, verb)?;
    let event = proxy_event::build(&route, address, request, claims.as_ref(), ids);
    let event = Bytes::from(serde_json::to_vec(&event).map_err(|_| GatewayError::Internal)?);
    if event.len() > MAX_LAMBDA_PAYLOAD {
        return Err(GatewayError::TooLong);
    }
    let limit = Duration::from_millis(u64::from(integration.timeout_ms.clamp(50, 29_000)));
    let invocation = cloud.functions.invoke(&target.region, &target.function, &target.version, event);
    let output = match tokio::time::timeout(limit, invocation).await {
        Err(_) => return Err(GatewayError::TimedOut),
        // API Gateway returns 500 for every error of Lambda's API, including its 429.
        Ok(Err(InvokeError::Throttled | InvokeError::BadCode(_))) => return Err(GatewayError::Internal),
        Ok(Ok(output)) => output,
    };
    if output.function_error.is_some() {
        return Err(GatewayError::BadGateway);
    }
    proxy_response::convert(&output.payload, &route.binary_media_types, request.headers())
}

fn check_size(request: &Request<Bytes>) -> Result<(), GatewayError> {
    if request.body().len() > MAX_PAYLOAD {
        return Err(GatewayError::TooLong);
    }
    // Each header adds a colon, a space and a line end.
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if headers > MAX_HEADERS { Err(GatewayError::HeadersTooLong) } else { Ok(()) }
}

fn throttle(throttles: &TokenBuckets, route: &Route, verb: &str) -> Result<(), GatewayError> {
    let setting = &route.setting;
    let (Some(rate), burst) = (setting.throttling_rate_limit, setting.throttling_burst_limit) else {
        return Ok(());
    };
    let burst = burst.map_or_else(|| rate.ceil(), f64::from);
    // A negative rate means no limit.
    if rate < 0.0 {
        return Ok(());
    }
    let key = format!("{}/{}/{verb}{}", route.api_id, route.stage, route.resource_path);
    let limit = Limit { bucket: key, rate, burst };
    if throttles.take(&[limit], Instant::now()) { Ok(()) } else { Err(GatewayError::Throttled) }
}

fn authorize(route: &Route, headers: &HeaderMap) -> Result<Option<Map<String, Value>>, GatewayError> {
    match route.method.authorization_type.as_str() {
        "NONE" => Ok(None),
        "COGNITO_USER_POOLS" => {
            let (authorizer, issuers) = route.authorizer.as_ref().ok_or(GatewayError::Internal)?;
            let scopes = &route.method.authorization_scopes;
            let claims = authorizer::authorize(authorizer, issuers, scopes, headers, clock::now_s())?;
            Ok(Some(authorizer::event_claims(&claims)))
        }
        _ => Err(GatewayError::NotImplemented),
    }
}

/// The function that an integration invokes.
struct InvokeTarget {
    region: String,
    function: String,
    version: Version,
}

fn invoke_target(store: &Store, route: &Route, verb: &str) -> Result<InvokeTarget, GatewayError> {
    let integration = route.method.integration.as_ref().ok_or(GatewayError::Internal)?;
    let uri = integration.uri.as_deref().ok_or(GatewayError::Internal)?;
    let arn = function_arn(uri, route).ok_or(GatewayError::Internal)?;
    let caller = format!(
        "arn:aws:execute-api:{}:{}:{}/{}/{verb}{}",
        route.region,
        route.account_id,
        route.api_id,
        route.stage,
        source_path(&route.resource_path),
    );
    store.read(|state| {
        let region = state.region(&arn.region).ok_or(GatewayError::Internal)?;
        let function = region.functions.get(&arn.name).ok_or(GatewayError::Internal)?;
        // An integration with its own role does not need the function's resource policy.
        if integration.credentials.is_none() && !allows_call(function, &caller, &route.account_id) {
            return Err(GatewayError::Internal);
        }
        let now_ms = clock::now_ms();
        if now_ms < function.active_from_ms {
            return Err(GatewayError::Internal);
        }
        let version = match arn.qualifier.as_deref() {
            None | Some("$LATEST") => function.serving(now_ms),
            Some(number) => {
                let number: u64 = number.parse().map_err(|_| GatewayError::Internal)?;
                function.versions.get(&number).ok_or(GatewayError::Internal)?
            }
        };
        Ok(InvokeTarget { region: arn.region.clone(), function: arn.name.clone(), version: version.clone() })
    })
}

#[derive(Debug, PartialEq, Eq)]
struct FunctionArn {
    region: String,
    name: String,
    qualifier: Option<String>,
}

/// Parses the function's ARN in `arn:aws:apigateway:<region>:lambda:path/2015-03-31/functions/<arn>/invocations`.
fn function_arn(uri: &str, route: &Route) -> Option<FunctionArn> {
    let mut uri = uri.to_owned();
    for (name, value) in &route.stage_variables {
        uri = uri.replace(&format!("${{stageVariables.{name}}}"), value);
    }
    let (_, rest) = uri.split_once(":lambda:path/2015-03-31/functions/")?;
    let mut parts = rest.strip_suffix("/invocations")?.split(':').skip(3);
    let (region, _account, kind, name) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let qualifier = parts.next().map(str::to_owned);
    (kind == "function").then(|| FunctionArn { region: region.to_owned(), name: name.to_owned(), qualifier })
}

/// The resource's path in a source ARN, where path parameters appear as `*`.
fn source_path(resource_path: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { "*".to_owned() } else { part.to_owned() };
    resource_path.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn allows_call(function: &Function, caller: &str, account_id: &str) -> bool {
    let allows = |statement: &Statement| {
        matches!(statement.action.as_str(), "lambda:InvokeFunction" | "lambda:*" | "*")
            && matches!(statement.principal.as_str(), "apigateway.amazonaws.com" | "*")
            && statement.source_arn.as_deref().is_none_or(|pattern| policy::matches(pattern, caller))
            && statement.source_account.as_deref().is_none_or(|account| account == account_id)
    };
    function.policy.iter().any(allows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_parameters_are_stars_in_a_source_arn() {
        assert_eq!(source_path("/"), "/");
        assert_eq!(source_path("/a/{id}/{proxy+}"), "/a/*/*");
    }
}
