//! Functions as a whole: create, read, list, delete.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{code::Code, environment, find, function_arn, invalid, not_found, parse_target, target, version, view};
use crate::{
    authorization,
    control::{Call, Service, page::page, tags},
    protocol::{Answer, ApiError, Outcome},
    random,
    state::{
        Tags,
        lambda::{Function, Version},
    },
};

pub(super) fn create(call: &Call) -> Outcome {
    let input = call.input(Service::Lambda);
    let named = parse_target(input.required("FunctionName")?, None, &call.region, call.account())?;
    if named.version.is_some() {
        return Err(invalid("A function is created without a version."));
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
        revision_id: random::uuid()?,
        last_modified_ms: call.now_ms,
    };
    environment::apply(&input, &mut latest)?;
    environment::apply_architecture(&input, &mut latest)?;
    let publish = input.flag("Publish")?.unwrap_or(false);
    let mut function_tags = Tags::new();
    tags::add(&mut function_tags, input.text_map("Tags")?.unwrap_or_default(), invalid, invalid)?;
    let code = input.structure("Code")?.ok_or_else(|| input.missing("Code"))?;
    let code = Code::read(call, &code)?;

    // Before the zip is kept, so that a refused function leaves no blob.
    let refuse_twice = |exists: bool| match exists {
        true => Err(ApiError::new(409, "ResourceConflictException", format!("Function already exist: {name}"))),
        false => Ok(()),
    };
    call.app.store.read(|state| {
        refuse_twice(find(call, state, &name).is_ok())?;
        environment::check_role(call, state, role)
    })?;
    code.put(call, &mut latest)?;
    let shown = call.app.store.write(|state| {
        refuse_twice(find(call, state, &name).is_ok())?;
        environment::check_role(call, state, role)?;
        let active_from_ms = call.now_ms + call.app.faults.faults.function_pending_ms;
        let mut function = Function {
            name: name.clone(),
            arn: function_arn(&call.region, call.account(), &name),
            latest,
            previous: None,
            active_from_ms,
            updated_from_ms: active_from_ms,
            versions: BTreeMap::new(),
            reserved_concurrency: None,
            policy: Vec::new(),
            tags: function_tags,
        };
        let number = publish.then(|| version::publish_latest(&mut function, None, call.now_ms));
        let shown = view::configuration(&function, number, call.now_ms);
        state.region_mut(&call.region).functions.insert(name.clone(), function);
        Ok::<_, ApiError>(shown)
    })?;
    Ok(Answer::created(shown))
}

pub(super) fn get(call: &Call) -> Outcome {
    let target = target(call)?;
    let tagged =
        call.app.store.read(|state| find(call, state, &target.name).is_ok_and(|function| !function.tags.is_empty()));
    // As on AWS, who may not list the tags gets the function without them.
    let arn = function_arn(&call.region, call.account(), &target.name);
    let tags_error = if tagged { authorization::check_list_tags(call, &arn).err() } else { None };
    let document = call.app.store.read(|state| {
        let function = find(call, state, &target.name)?;
        version::check(call, function, target.version)?;
        let concurrency = function.reserved_concurrency.map(|most| json!({ "ReservedConcurrentExecutions": most }));
        let mut document = json!({
            "Configuration": view::configuration(function, target.version, call.now_ms),
            "Code": { "RepositoryType": "S3" },
        });
        if !function.tags.is_empty() {
            match &tags_error {
                None => document["Tags"] = json!(function.tags),
                Some(error) => document["TagsError"] = json!({ "ErrorCode": error.code, "Message": error.message }),
            }
        }
        if let Some(concurrency) = concurrency {
            document["Concurrency"] = concurrency;
        }
        Ok::<_, ApiError>(document)
    })?;
    Ok(Answer::ok(document))
}

pub(super) fn get_configuration(call: &Call) -> Outcome {
    let target = target(call)?;
    let document = call.app.store.read(|state| {
        let function = find(call, state, &target.name)?;
        version::check(call, function, target.version)?;
        Ok::<_, ApiError>(view::configuration(function, target.version, call.now_ms))
    })?;
    Ok(Answer::ok(document))
}

pub(super) fn list(call: &Call) -> Outcome {
    if call.param("FunctionVersion").is_some() {
        return Err(ApiError::not_implemented("lambda:ListFunctions with FunctionVersion"));
    }
    let limit = page_size(call)?;
    let (functions, next) = call.app.store.read(|state| {
        let functions = state.region(&call.region).map(|region| region.functions.values()).into_iter().flatten();
        let shown =
            functions.map(|function| (function.name.as_str(), view::configuration(function, None, call.now_ms)));
        page::<Value>(shown, call.param("Marker"), limit)
    });
    let mut document = json!({ "Functions": functions });
    if let Some(next) = next {
        document["NextMarker"] = json!(next);
    }
    Ok(Answer::ok(document))
}

/// `MaxItems`, of which Lambda gives at most 50.
pub(super) fn page_size(call: &Call) -> Result<u32, ApiError> {
    match call.param("MaxItems").map(str::parse::<u32>) {
        None => Ok(50),
        Some(Ok(most @ 1..=10_000)) => Ok(most.min(50)),
        Some(_) => Err(ApiError::new(400, "ValidationException", "MaxItems must be between 1 and 10000")),
    }
}

pub(super) fn delete(call: &Call) -> Outcome {
    let target = target(call)?;
    call.app.store.write(|state| {
        let region = state.region_mut(&call.region);
        let function = region.functions.get_mut(&target.name).ok_or_else(|| not_found(call, &target.name))?;
        version::check(call, function, target.version)?;
        match target.version {
            None => region.functions.remove(&target.name).map(|_| ()),
            Some(number) => function.versions.remove(&number).map(|_| ()),
        };
        Ok::<_, ApiError>(())
    })?;
    call.app.fleet.retire(&call.region, &target.name);
    Ok(Answer::empty(204))
}
