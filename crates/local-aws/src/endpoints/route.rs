//! Finds the method of a deployment that a request is for.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::{
    address::StageAddress,
    authorizer::{self, Issuer},
    gateway_error::GatewayError,
};
use crate::{
    state::{
        State,
        apigateway::{Authorizer, Method, MethodSetting, Resource, RestApi, Snapshot, Stage},
    },
    template::literal,
};

/// A method of a stage's deployment, with everything that handles its requests. The deployment's snapshot does not
/// contain later changes; the stage's settings are current.
#[derive(Debug)]
pub(super) struct Route {
    pub region: String,
    pub account_id: String,
    pub api_id: String,
    pub stage: String,
    pub deployment_id: String,
    pub resource_id: String,
    /// For example `/a/{b}`.
    pub resource_path: String,
    pub path_parameters: BTreeMap<String, String>,
    pub method: Method,
    pub authorizer: Option<(Authorizer, Vec<Issuer>)>,
    pub binary_media_types: Vec<String>,
    pub stage_variables: BTreeMap<String, String>,
    pub setting: MethodSetting,
}

/// Finds the route of a request to `address` with this verb.
pub(super) fn find(state: &State, address: &StageAddress, verb: &str) -> Result<Route, GatewayError> {
    let (region, api) = find_api(state, address).ok_or(GatewayError::Forbidden)?;
    let stage = api.stages.get(&address.stage).ok_or(GatewayError::Forbidden)?;
    let deployment = api.deployments.get(&stage.deployment_id).ok_or(GatewayError::Forbidden)?;
    let snapshot: &Snapshot = &deployment.snapshot;
    let (resource, path_parameters) =
        match_resource(snapshot.resources.values(), &address.path).ok_or(GatewayError::MissingAuthenticationToken)?;
    let method = resource.methods.get(verb).or_else(|| resource.methods.get("ANY"));
    let method = method.ok_or(GatewayError::MissingAuthenticationToken)?;
    let authorizer = method.authorizer_id.as_ref().and_then(|id| snapshot.authorizers.get(id));
    Ok(Route {
        region: region.to_owned(),
        account_id: state.account_id.clone(),
        api_id: api.id.clone(),
        stage: stage.name.clone(),
        deployment_id: deployment.id.clone(),
        resource_id: resource.id.clone(),
        resource_path: resource.path.clone(),
        path_parameters,
        method: method.clone(),
        authorizer: authorizer.map(|found| (found.clone(), authorizer::issuers(state, found))),
        binary_media_types: snapshot.binary_media_types.clone(),
        stage_variables: stage.variables.clone(),
        setting: setting(stage, &resource.path, verb),
    })
}

/// The headers that the gateway responses of the stage's deployment add to a refusal.
pub(super) fn refusal_headers(state: &State, address: &StageAddress, error: GatewayError) -> Vec<(String, String)> {
    let find = || {
        let (_, api) = find_api(state, address)?;
        let responses =
            &api.deployments.get(&api.stages.get(&address.stage)?.deployment_id)?.snapshot.gateway_responses;
        let found = error.response_types().iter().find_map(|kind| responses.get(*kind))?;
        let headers = found.response_parameters.iter().filter_map(|(name, value)| {
            Some((name.strip_prefix("gatewayresponse.header.")?.to_owned(), literal(value)?.to_owned()))
        });
        Some(headers.collect())
    };
    find().unwrap_or_default()
}

fn find_api<'a>(state: &'a State, address: &StageAddress) -> Option<(&'a str, &'a RestApi)> {
    let matches = |name: &str| address.region.as_deref().is_none_or(|region| region == name);
    let mut regions = state.regions.iter().filter(|(name, _)| matches(name));
    let (region, api) = regions.find_map(|(name, region)| Some((name.as_str(), region.apis.get(&address.api)?)))?;
    (!api.disable_execute_api_endpoint).then_some((region, api))
}

/// The setting of the method, or of the whole stage.
fn setting(stage: &Stage, path: &str, verb: &str) -> MethodSetting {
    // UpdateStage encodes the slashes of a path as `~1`; GetStage omits the first slash.
    let keys = [
        format!("{path}/{verb}"),
        format!("{}/{verb}", path.trim_start_matches('/')),
        format!("{}/{verb}", path.replace('/', "~1")),
        "*/*".to_owned(),
    ];
    keys.iter().find_map(|key| stage.method_settings.get(key)).cloned().unwrap_or_default()
}

/// How one segment of a resource's path matches the request's. Ordered by precedence.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    Literal,
    Parameter,
    Greedy,
}

fn match_resource<'a>(
    resources: impl Iterator<Item = &'a Resource>,
    path: &str,
) -> Option<(&'a Resource, BTreeMap<String, String>)> {
    let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    // Ignore a trailing slash.
    let path = path.strip_suffix('/').unwrap_or(path);
    let parts: Vec<String> = path.split('/').skip(1).map(decoded).collect();
    let candidates = resources.filter_map(|resource| {
        let (precedence, parameters) = match_path(&resource.path, &parts)?;
        Some((precedence, resource, parameters))
    });
    candidates.min_by(|one, two| one.0.cmp(&two.0)).map(|(_, resource, parameters)| (resource, parameters))
}

fn match_path(pattern: &str, parts: &[String]) -> Option<(Vec<Match>, BTreeMap<String, String>)> {
    let mut matches = Vec::new();
    let mut parameters = BTreeMap::new();
    let mut rest = parts;
    for piece in pattern.split('/').skip(1).filter(|piece| !piece.is_empty()) {
        let name = piece.strip_prefix('{').and_then(|piece| piece.strip_suffix('}'));
        let (first, others) = rest.split_first()?;
        match name {
            None if piece == first => matches.push(Match::Literal),
            None => return None,
            Some(name) => match name.strip_suffix('+') {
                Some(name) => {
                    parameters.insert(name.to_owned(), rest.join("/"));
                    matches.push(Match::Greedy);
                    return Some((matches, parameters));
                }
                None => {
                    parameters.insert(name.to_owned(), first.clone());
                    matches.push(Match::Parameter);
                }
            },
        }
        rest = others;
    }
    rest.is_empty().then_some((matches, parameters))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(path: &str) -> Resource {
        let methods = BTreeMap::new();
        Resource { id: path.to_owned(), parent_id: None, path_part: None, path: path.to_owned(), methods }
    }

    #[test]
    fn literal_segments_take_precedence_over_parameters() {
        let resources = ["/", "/a", "/a/{id}", "/a/b", "/{proxy+}"].map(resource);
        let found = |path: &str| {
            match_resource(resources.iter(), path).map(|(resource, parameters)| {
                let parameters: Vec<_> =
                    parameters.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
                (resource.path.as_str(), parameters.join(","))
            })
        };
        assert_eq!(found("/"), Some(("/", String::new())));
        assert_eq!(found("/a"), Some(("/a", String::new())));
        assert_eq!(found("/a/"), Some(("/a", String::new())));
        assert_eq!(found("/a/b"), Some(("/a/b", String::new())));
        assert_eq!(found("/a/x%20y"), Some(("/a/{id}", "id=x y".to_owned())));
        assert_eq!(found("/a/b/c"), Some(("/{proxy+}", "proxy=a/b/c".to_owned())));
    }

    #[test]
    fn other_paths_match_nothing() {
        let resources = ["/", "/a"].map(resource);
        assert!(match_resource(resources.iter(), "/b").is_none());
        assert!(match_resource(resources.iter(), "/a/b").is_none());
        assert!(match_resource(resources.iter(), "/A").is_none());
    }
}
