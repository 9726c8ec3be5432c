//! The API endpoint: throttle, authorize, check the permission, invoke, answer. In this order.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use serde_json::{Map, Value};

use super::{
    address::StageAddress,
    authorizer,
    gateway_error::GatewayError,
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

/// Bytes that a request to an API may have.
const MAX_PAYLOAD: usize = 10 * 1024 * 1024;
/// Bytes that its headers may have together.
const MAX_HEADERS: usize = 10_240;
/// Bytes that Lambda takes in a synchronous invocation: 6 MB and some room.
pub(super) const MAX_LAMBDA_PAYLOAD: usize = 6_291_556;

/// Answers a request to a stage.
pub(super) async fn answer(
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
        Err(refusal) => refusal.response(),
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
        // No usage plan can exist here, so no key is ever valid.
        return Err(GatewayError::Forbidden);
    }
    let claims = authorize(&route, request.headers())?;
    let integration = route.method.integration.as_ref().ok_or(GatewayError::Internal)?;
    if integration.kind != "AWS_PROXY" {
        return Err(GatewayError::NotImplemented);
    }
    let call = call(&cloud.store, &route, verb)?;
    let event = proxy_event::build(&route, address, request, claims.as_ref(), ids);
    let event = Bytes::from(serde_json::to_vec(&event).map_err(|_| GatewayError::Internal)?);
    if event.len() > MAX_LAMBDA_PAYLOAD {
        return Err(GatewayError::TooLong);
    }
    let limit = Duration::from_millis(u64::from(integration.timeout_ms.clamp(50, 29_000)));
    let invoked = cloud.functions.invoke(&call.region, &call.function, &call.version, event);
    let invocation = match tokio::time::timeout(limit, invoked).await {
        Err(_) => return Err(GatewayError::TimedOut),
        // Lambda's own 429 reaches the caller as 500, like every other refusal of its API.
        Ok(Err(InvokeError::Throttled | InvokeError::BadCode(_))) => return Err(GatewayError::Internal),
        Ok(Ok(invocation)) => invocation,
    };
    if invocation.function_error.is_some() {
        return Err(GatewayError::BadGateway);
    }
    proxy_response::convert(&invocation.payload, &route.binary_media_types, request.headers())
}

fn check_size(request: &Request<Bytes>) -> Result<(), GatewayError> {
    if request.body().len() > MAX_PAYLOAD {
        return Err(GatewayError::TooLong);
    }
    // A line is name, colon, space, value, line end.
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if headers > MAX_HEADERS { Err(GatewayError::HeadersTooLong) } else { Ok(()) }
}

fn throttle(throttles: &TokenBuckets, route: &Route, verb: &str) -> Result<(), GatewayError> {
    let setting = &route.setting;
    let (Some(rate), burst) = (setting.throttling_rate_limit, setting.throttling_burst_limit) else {
        return Ok(());
    };
    let burst = burst.map_or_else(|| rate.ceil(), f64::from);
    // A negative limit is how the API says "none".
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

/// The function that an integration calls, when it lets this method call it.
struct Call {
    region: String,
    function: String,
    version: Version,
}

fn call(store: &Store, route: &Route, verb: &str) -> Result<Call, GatewayError> {
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
        // With a role of its own the integration does not need the function's resource policy.
        if integration.credentials.is_none() && !permits(function, &caller, &route.account_id) {
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
        Ok(Call { region: arn.region.clone(), function: arn.name.clone(), version: version.clone() })
    })
}

#[derive(Debug, PartialEq, Eq)]
struct FunctionArn {
    region: String,
    name: String,
    qualifier: Option<String>,
}

/// The function's ARN in `arn:aws:apigateway:<region>:lambda:path/2015-03-31/functions/<arn>/invocations`.
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

/// Path parameters appear in a source ARN as `*`.
fn source_path(resource_path: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { "*".to_owned() } else { part.to_owned() };
    resource_path.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn permits(function: &Function, caller: &str, account_id: &str) -> bool {
    let permits = |statement: &Statement| {
        matches!(statement.action.as_str(), "lambda:InvokeFunction" | "lambda:*" | "*")
            && matches!(statement.principal.as_str(), "apigateway.amazonaws.com" | "*")
            && statement.source_arn.as_deref().is_none_or(|pattern| policy::matches(pattern, caller))
            && statement.source_account.as_deref().is_none_or(|account| account == account_id)
    };
    function.policy.iter().any(permits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_stars_in_a_source_arn() {
        assert_eq!(source_path("/"), "/");
        assert_eq!(source_path("/a/{id}/{proxy+}"), "/a/*/*");
    }
}
