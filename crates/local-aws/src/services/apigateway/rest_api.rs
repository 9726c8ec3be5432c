//! REST APIs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    error::{TAGS, bad_request, not_found},
    listing::Listing,
    lookup::{api, no_api},
    patch::{self, Op, Patch},
};
use crate::{
    clock,
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    random::{self, Alphabet},
    request::Request,
    state::apigateway::{Resource, RestApi, Snapshot},
};

const ENDPOINT_TYPES: [&str; 3] = ["REGIONAL", "EDGE", "PRIVATE"];

/// The largest `minimumCompressionSize`, in bytes.
const MAX_COMPRESSION_SIZE: u32 = 10_485_760;

pub(super) fn create(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let name = input.required("name")?;
    if name.is_empty() {
        return Err(bad_request("Name cannot be empty"));
    }
    input.reject_unsupported(&["cloneFrom", "policy", "version", "securityPolicy", "endpointAccessMode"])?;
    if input.text("apiKeySource")? == Some("AUTHORIZER") {
        return Err(ApiError::not_implemented("the parameter apiKeySource other than HEADER"));
    }
    let mut endpoint_type = "EDGE".to_owned();
    if let Some(endpoint) = input.structure("endpointConfiguration")? {
        endpoint.reject_unsupported(&["vpcEndpointIds"])?;
        match endpoint.texts("types")?.as_deref() {
            None => {}
            Some([one]) if ENDPOINT_TYPES.contains(&one.as_str()) => endpoint_type.clone_from(one),
            Some(_) => return Err(bad_request("Invalid endpoint configuration type specified")),
        }
    }
    let api_tags = TAGS.new_tags(input.text_map("tags")?)?;
    let mut binary_media_types = Vec::new();
    for media_type in input.texts("binaryMediaTypes")?.unwrap_or_default() {
        if !binary_media_types.contains(&media_type) {
            binary_media_types.push(media_type);
        }
    }
    let root = Resource {
        id: random::id(Alphabet::LowerAlphanumeric, 10),
        parent_id: None,
        path_part: None,
        path: "/".to_owned(),
        methods: BTreeMap::new(),
    };
    let api = RestApi {
        id: random::id(Alphabet::LowerAlphanumeric, 10),
        name: name.to_owned(),
        description: input.text("description")?.map(ToOwned::to_owned),
        endpoint_type,
        disable_execute_api_endpoint: input.flag("disableExecuteApiEndpoint")?.unwrap_or(false),
        minimum_compression_size: input.count("minimumCompressionSize", 0..=MAX_COMPRESSION_SIZE)?,
        current: Snapshot {
            binary_media_types,
            resources: BTreeMap::from([(root.id.clone(), root)]),
            authorizers: BTreeMap::new(),
            gateway_responses: BTreeMap::new(),
        },
        deployments: BTreeMap::new(),
        stages: BTreeMap::new(),
        tags: api_tags,
        created_ms: request.now_ms,
    };
    let shown = view(&api);
    cloud.store.write(|state| {
        state.region_mut(&request.region).apis.insert(api.id.clone(), api);
        Ok::<_, ApiError>(())
    })?;
    Ok(Response::created(shown))
}

pub(super) fn get(cloud: &Cloud, request: &Request) -> Outcome {
    Ok(Response::ok(cloud.store.read(|state| api(request, state).map(view))?))
}

pub(super) fn list(cloud: &Cloud, request: &Request) -> Outcome {
    let listing = Listing::read(request)?;
    let shown = cloud.store.read(|state| {
        let apis = state.region(&request.region).map(|region| region.apis.values()).into_iter().flatten();
        listing.show(apis.map(|api| (api.id.as_str(), view(api))))
    });
    Ok(Response::ok(shown))
}

pub(super) fn update(cloud: &Cloud, request: &Request) -> Outcome {
    patch::update(cloud, request, |api, patches| {
        patches.iter().try_for_each(|patch| apply(api, patch))?;
        Ok(view(api))
    })
}

pub(super) fn delete(cloud: &Cloud, request: &Request) -> Outcome {
    cloud.store.write(|state| {
        let removed = state.region_mut(&request.region).apis.remove(request.label(0));
        removed.map(|_| ()).ok_or_else(|| no_api(request, request.label(0)))
    })?;
    Ok(Response::empty(202))
}

fn apply(api: &mut RestApi, patch: &Patch) -> Result<(), ApiError> {
    match (patch.op, patch.parts().as_slice()) {
        (Op::Replace, ["name"]) => patch.value()?.clone_into(&mut api.name),
        (Op::Replace, ["description"]) => api.description = patch.optional(),
        (Op::Replace, ["disableExecuteApiEndpoint"]) => api.disable_execute_api_endpoint = patch.flag()?,
        // An API has one type. The path names it by value or by its index, 0.
        (Op::Replace, ["endpointConfiguration", "types", present])
            if *present == api.endpoint_type || *present == "0" =>
        {
            let new = patch.value()?;
            // A private API is called differently than a public one.
            if new == "PRIVATE" {
                return Err(ApiError::not_implemented("changing the endpoint type to PRIVATE"));
            }
            if !ENDPOINT_TYPES.contains(&new) {
                return Err(bad_request("Invalid endpoint configuration type specified"));
            }
            new.clone_into(&mut api.endpoint_type);
        }
        (Op::Replace, ["minimumCompressionSize"]) => {
            api.minimum_compression_size = match patch.optional() {
                None => None,
                Some(_) => Some(patch.parsed()?),
            };
            if api.minimum_compression_size.is_some_and(|size| size > MAX_COMPRESSION_SIZE) {
                return Err(bad_request("Invalid minimum compression size, must be between 0 and 10485760"));
            }
        }
        (op, ["binaryMediaTypes", media_type]) => {
            let types = &mut api.current.binary_media_types;
            let at = types.iter().position(|present| present == media_type);
            match (op, at) {
                (Op::Add, None) => types.push((*media_type).to_owned()),
                (Op::Add, Some(_)) => {}
                (Op::Remove, Some(at)) => drop(types.remove(at)),
                (Op::Replace, Some(at)) => patch.value()?.clone_into(&mut types[at]),
                (_, None) => return Err(not_found(format!("Invalid binary media type specified: {media_type}"))),
            }
        }
        _ => return Err(patch.unsupported()),
    }
    Ok(())
}

fn view(api: &RestApi) -> Value {
    let root = api.current.resources.values().find(|resource| resource.parent_id.is_none());
    let binary_media_types = &api.current.binary_media_types;
    json!({
        "id": api.id,
        "name": api.name,
        "createdDate": clock::epoch_s(api.created_ms),
        "apiKeySource": "HEADER",
        "endpointConfiguration": { "types": [api.endpoint_type], "ipAddressType": "ipv4" },
        "tags": api.tags,
        "disableExecuteApiEndpoint": api.disable_execute_api_endpoint,
        "rootResourceId": root.map(|root| &root.id),
        "description": api.description,
        "minimumCompressionSize": api.minimum_compression_size,
        "binaryMediaTypes": (!binary_media_types.is_empty()).then_some(binary_media_types),
    })
}
