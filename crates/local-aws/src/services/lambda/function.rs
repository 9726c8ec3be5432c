//! Functions as a whole: create, read, list, delete.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    code::Code,
    error::{TAGS, conflict, invalid},
    listing::page_size,
    permissions, settings,
    target::{self, find, function_arn, no_function, target},
    version, view,
};
use crate::{
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    random,
    request::Request,
    services::page::page,
    state::lambda::{Function, Version},
};

pub(super) fn create(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let named = target::parse(input.required("FunctionName")?, None, &request.region, request.account())?;
    if named.version.is_some() {
        return Err(invalid("The name of a new function must not include a version."));
    }
    let name = named.name;
    let role = input.required("Role")?;
    if input.text("PackageType")? == Some("Image") {
        return Err(ApiError::not_implemented("functions from images"));
    }
    for needed in ["Runtime", "Handler"] {
        if input.text(needed)?.is_none_or(str::is_empty) {
            return Err(invalid(format!("{needed} is mandatory for functions created with deployment packages.")));
        }
    }
    let mut latest = Version {
        role: role.to_owned(),
        runtime: String::new(),
        handler: String::new(),
        description: String::new(),
        timeout_s: 3,
        memory_mb: 128,
        architecture: "x86_64".to_owned(),
        environment: BTreeMap::new(),
        log_group: None,
        log_format: "Text".to_owned(),
        code_sha256_hex: String::new(),
        code_sha256: String::new(),
        code_size: 0,
        revision_id: random::uuid(),
        last_modified_ms: request.now_ms,
    };
    settings::apply(&input, &mut latest)?;
    settings::apply_architecture(&input, &mut latest)?;
    let publish = input.flag("Publish")?.unwrap_or(false);
    let function_tags = TAGS.new_tags(input.text_map("Tags")?)?;
    let code = input.structure("Code")?.ok_or_else(|| input.missing("Code"))?;
    let code = Code::read(request, &code)?;

    // Check before storing the zip, so that a refused request leaves no blob behind.
    let check_absent = |exists: bool| match exists {
        true => Err(conflict(format!("Function already exist: {name}"))),
        false => Ok(()),
    };
    cloud.store.read(|state| {
        check_absent(find(request, state, &name).is_ok())?;
        settings::check_role(request, state, role)
    })?;
    code.put(&cloud.store, &mut latest)?;
    let shown = cloud.store.write(|state| {
        check_absent(find(request, state, &name).is_ok())?;
        settings::check_role(request, state, role)?;
        let active_from_ms = request.now_ms + cloud.faults.function_pending_ms;
        let mut function = Function {
            name: name.clone(),
            arn: function_arn(&request.region, request.account(), &name),
            latest,
            previous: None,
            active_from_ms,
            updated_from_ms: active_from_ms,
            versions: BTreeMap::new(),
            reserved_concurrency: None,
            policy: Vec::new(),
            tags: function_tags,
        };
        let number = publish.then(|| version::publish_latest(&mut function, None, request.now_ms));
        let shown = view::configuration(&function, number, request.now_ms);
        state.region_mut(&request.region).functions.insert(name.clone(), function);
        Ok::<_, ApiError>(shown)
    })?;
    Ok(Response::created(shown))
}

pub(super) fn get(cloud: &Cloud, request: &Request) -> Outcome {
    let target = target(request)?;
    // As on AWS, a caller without permission to list tags gets the function without them.
    let arn = function_arn(&request.region, request.account(), &target.name);
    let list_tags = cloud.store.read(|state| {
        let tagged = find(request, state, &target.name).is_ok_and(|function| !function.tags.is_empty());
        tagged.then(|| permissions::list_tags(request, state, &arn))
    });
    let tags_error = list_tags.and_then(|permission| cloud.guard.check(request, &[permission]).err());
    let document = cloud.store.read(|state| {
        let function = find(request, state, &target.name)?;
        version::check(request, function, target.version)?;
        let tagged = !function.tags.is_empty();
        let shows_error = tags_error.as_ref().filter(|_| tagged);
        Ok::<_, ApiError>(json!({
            "Configuration": view::configuration(function, target.version, request.now_ms),
            "Code": { "RepositoryType": "S3" },
            "Tags": (tagged && shows_error.is_none()).then_some(&function.tags),
            "TagsError": shows_error.map(|error| json!({ "ErrorCode": error.code, "Message": error.message })),
            "Concurrency": function.reserved_concurrency.map(|count| json!({ "ReservedConcurrentExecutions": count })),
        }))
    })?;
    Ok(Response::ok(document))
}

pub(super) fn list(cloud: &Cloud, request: &Request) -> Outcome {
    if request.param("FunctionVersion").is_some() {
        return Err(ApiError::not_implemented("lambda:ListFunctions with FunctionVersion"));
    }
    let limit = page_size(request)?;
    let (functions, next) = cloud.store.read(|state| {
        let functions = state.region(&request.region).map(|region| region.functions.values()).into_iter().flatten();
        let shown =
            functions.map(|function| (function.name.as_str(), view::configuration(function, None, request.now_ms)));
        page::<Value>(shown, request.param("Marker"), limit)
    });
    Ok(Response::ok(json!({ "Functions": functions, "NextMarker": next })))
}

pub(super) fn delete(cloud: &Cloud, request: &Request) -> Outcome {
    let target = target(request)?;
    cloud.store.write(|state| {
        let region = state.region_mut(&request.region);
        let function = region.functions.get_mut(&target.name).ok_or_else(|| no_function(request, &target.name))?;
        version::check(request, function, target.version)?;
        match target.version {
            None => region.functions.remove(&target.name).map(|_| ()),
            Some(number) => function.versions.remove(&number).map(|_| ()),
        };
        Ok::<_, ApiError>(())
    })?;
    cloud.functions.retire(&request.region, &target.name);
    Ok(Response::empty(204))
}
