//! Resources: the paths of an API.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    error::{bad_request, conflict, limit_exceeded},
    listing::Listing,
    lookup::{api, api_mut, no_resource, resource_of},
    method,
};
use crate::{
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    random::{self, Alphabet},
    request::Request,
    state::apigateway::Resource,
};

/// Resources per API (default quota).
const MAX_RESOURCES: usize = 300;

pub(super) fn create(cloud: &Cloud, request: &Request) -> Outcome {
    let part = request.input().required("pathPart")?;
    if !is_path_part(part) {
        return Err(bad_request(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the \
             beginning and the end.",
        ));
    }
    let id = random::id(Alphabet::LowerAlphanumeric, 6);
    let shown = cloud.store.write(|state| {
        let api = api_mut(request, state.region_mut(&request.region))?;
        let parent = resource_of(request, api)?;
        if parent.path_part.as_ref().is_some_and(|part| part.ends_with("+}")) {
            return Err(bad_request("Cannot create a child of a resource with a greedy path variable"));
        }
        let siblings = api.current.resources.values().filter(|other| other.parent_id.as_deref() == Some(&parent.id));
        for sibling in siblings.filter_map(|sibling| sibling.path_part.as_deref()) {
            if sibling == part {
                return Err(conflict(format!("Another resource with the same parent already has this name: {part}")));
            }
            if sibling.starts_with('{') && part.starts_with('{') {
                return Err(bad_request(format!(
                    "A sibling ({sibling}) of this resource already has a variable path part -- only one is allowed"
                )));
            }
        }
        if api.current.resources.len() >= MAX_RESOURCES {
            return Err(limit_exceeded("Maximum number of Resources for this API has been reached"));
        }
        let resource = Resource {
            id: id.clone(),
            parent_id: Some(parent.id.clone()),
            path_part: Some(part.to_owned()),
            path: format!("{}/{part}", parent.path.trim_end_matches('/')),
            methods: BTreeMap::new(),
        };
        let shown = view(&resource, false);
        api.current.resources.insert(id, resource);
        Ok(shown)
    })?;
    Ok(Response::created(shown))
}

pub(super) fn get(cloud: &Cloud, request: &Request) -> Outcome {
    let embed = embeds_methods(request)?;
    let shown =
        cloud.store.read(|state| resource_of(request, api(request, state)?).map(|resource| view(resource, embed)))?;
    Ok(Response::ok(shown))
}

pub(super) fn list(cloud: &Cloud, request: &Request) -> Outcome {
    let embed = embeds_methods(request)?;
    let listing = Listing::read(request)?;
    let shown = cloud.store.read(|state| {
        let resources = api(request, state)?.current.resources.values();
        Ok::<_, ApiError>(listing.show(resources.map(|resource| (resource.id.as_str(), view(resource, embed)))))
    })?;
    Ok(Response::ok(shown))
}

/// Also deletes all resources below it.
pub(super) fn delete(cloud: &Cloud, request: &Request) -> Outcome {
    cloud.store.write(|state| {
        let api = api_mut(request, state.region_mut(&request.region))?;
        let resource = api.current.resources.get(request.label(1)).ok_or_else(no_resource)?;
        if resource.parent_id.is_none() {
            return Err(bad_request("Cannot delete root resource"));
        }
        let (path, below) = (resource.path.clone(), format!("{}/", resource.path));
        api.current.resources.retain(|_, other| other.path != path && !other.path.starts_with(&below));
        Ok(())
    })?;
    Ok(Response::empty(202))
}

fn embeds_methods(request: &Request) -> Result<bool, ApiError> {
    let mut embedded = request.params("embed");
    match embedded.find(|what| *what != "methods") {
        Some(other) => Err(bad_request(format!("Invalid embed: {other}"))),
        None => Ok(request.param("embed").is_some()),
    }
}

/// Whether a path part is `{name}`, `{name+}` or consists of `a-zA-Z0-9._-:`.
fn is_path_part(part: &str) -> bool {
    let word = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-:".contains(&byte))
    };
    match part.strip_prefix('{').map(|rest| rest.strip_suffix('}')) {
        None => word(part),
        Some(Some(name)) => word(name.strip_suffix('+').unwrap_or(name)),
        Some(None) => false,
    }
}

fn view(resource: &Resource, embed: bool) -> Value {
    let methods = resource.methods.iter();
    let methods: BTreeMap<&String, Value> =
        methods.map(|(verb, method)| (verb, if embed { method::view(resource, method) } else { json!({}) })).collect();
    json!({
        "id": resource.id,
        "path": resource.path,
        "parentId": resource.parent_id,
        "pathPart": resource.path_part,
        "resourceMethods": (!methods.is_empty()).then_some(methods),
    })
}

#[cfg(test)]
mod tests {
    use super::is_path_part;

    #[test]
    fn path_parts_are_words_or_variables() {
        assert!(["predict", "v1.0", "{id}", "{proxy+}", "a:b-c_d"].into_iter().all(is_path_part));
        assert!(!["", "a/b", "{", "{}", "{a", "a}", "{a}b", "ä", "{+}"].into_iter().any(is_path_part));
    }
}
