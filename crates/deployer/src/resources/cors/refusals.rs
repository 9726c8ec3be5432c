//! Headers of API Gateway's own refusals. Without them, a page cannot tell a refusal from a broken network.

use std::collections::BTreeMap;

use anyhow::Result;
use aws_sdk_apigateway::types::GatewayResponseType;

use super::preflight::ALLOW_ORIGIN;
use crate::{
    aws::{Doing as _, none_if_not_found},
    resources::{Context, Reader},
};

/// The types that stand for all refusals and failures that have no gateway response of their own.
pub const TYPES: [&str; 2] = ["DEFAULT_4XX", "DEFAULT_5XX"];

const HEADER: &str = "gatewayresponse.header.";
/// API Gateway's code of the error, which a page could not read otherwise. It also tells our gateway responses from others.
const EXPOSED: (&str, &str) = ("Access-Control-Expose-Headers", "'x-amzn-errortype'");

/// The parameters of the gateway responses that are not AWS's own, sorted, by type.
pub type Refusals = BTreeMap<String, Vec<(String, String)>>;

/// A gateway response cannot compare origins. Several origins therefore become a star: a refusal holds nothing that is worth
/// hiding from a page, and requests carry a token and no cookies.
pub(super) fn parameters(origins: &[String]) -> Vec<(String, String)> {
    let origin = match origins {
        [only] => only,
        _ => "*",
    };
    let parameter = |name: &str, value: &str| (format!("{HEADER}{name}"), value.to_owned());
    vec![parameter(ALLOW_ORIGIN, &format!("'{origin}'")), parameter(EXPOSED.0, EXPOSED.1)]
}

/// Whether we wrote them: these two parameters and no other.
pub(super) fn are_ours(parameters: &[(String, String)]) -> bool {
    let exposed = (format!("{HEADER}{}", EXPOSED.0), EXPOSED.1.to_owned());
    let names_origin = parameters.iter().any(|(name, _)| name.strip_prefix(HEADER) == Some(ALLOW_ORIGIN));
    parameters.len() == 2 && names_origin && parameters.contains(&exposed)
}

pub(super) async fn observe(cx: Reader<'_>, api_id: &str) -> Result<Refusals> {
    let call = cx.aws.apigateway.get_gateway_responses().rest_api_id(api_id).limit(500);
    let answer = none_if_not_found(call.send().await).doing("reading the gateway responses of REST API", api_id)?;
    let mut found = Refusals::new();
    for response in answer.and_then(|answer| answer.items).unwrap_or_default() {
        let kind = response.response_type().map(GatewayResponseType::as_str).unwrap_or_default();
        if TYPES.contains(&kind) && !response.default_response {
            let mut parameters: Vec<_> = response.response_parameters.clone().unwrap_or_default().into_iter().collect();
            parameters.sort();
            found.insert(kind.to_owned(), parameters);
        }
    }
    Ok(found)
}

pub(super) async fn put(cx: Context<'_>, api_id: &str, kind: &str, parameters: &[(String, String)]) -> Result<()> {
    let call = cx.aws.apigateway.put_gateway_response().rest_api_id(api_id).response_type(kind.into());
    let call = call.set_response_parameters(Some(parameters.iter().cloned().collect()));
    call.send().await.doing("writing gateway response", kind)?;
    Ok(())
}

pub(super) async fn delete(cx: Context<'_>, api_id: &str, kind: &str) -> Result<()> {
    let call = cx.aws.apigateway.delete_gateway_response().rest_api_id(api_id).response_type(kind.into());
    none_if_not_found(call.send().await).doing("deleting gateway response", kind)?;
    Ok(())
}
