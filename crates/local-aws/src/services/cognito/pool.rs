//! User pools.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    error::{TAGS, invalid, limit_exceeded},
    key,
    lookup::{arn, find, find_mut, no_pool, pool_id},
    setting,
};
use crate::{
    clock,
    cloud::Cloud,
    input::Input,
    outcome::{ApiError, Outcome, Response},
    random::{self, Alphabet},
    request::Request,
    services::page::page,
    state::cognito::UserPool,
};

/// Settings that UpdateUserPool changes, or resets if they are omitted.
const SETTINGS: [&str; 18] = [
    "Policies",
    "LambdaConfig",
    "AutoVerifiedAttributes",
    "SmsVerificationMessage",
    "EmailVerificationMessage",
    "EmailVerificationSubject",
    "VerificationMessageTemplate",
    "SmsAuthenticationMessage",
    "UserAttributeUpdateSettings",
    "MfaConfiguration",
    "DeviceConfiguration",
    "EmailConfiguration",
    "SmsConfiguration",
    "AdminCreateUserConfig",
    "UserPoolAddOns",
    "AccountRecoverySetting",
    "UserPoolTier",
    "KeyConfiguration",
];

/// Settings that only CreateUserPool accepts.
const IMMUTABLE: [&str; 4] = ["Schema", "UsernameConfiguration", "AliasAttributes", "UsernameAttributes"];

/// Pools per account and Region (default quota).
const MAX_POOLS: usize = 1000;

pub(super) fn create(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let pool_name = input.required("PoolName")?;
    let immutable = setting::read(&input, &IMMUTABLE);
    if immutable.contains_key("AliasAttributes") && immutable.contains_key("UsernameAttributes") {
        return Err(invalid("Only one of the aliasAttributes or usernameAttributes can be set in a user pool."));
    }
    let pool = UserPool {
        id: format!("{}_{}", request.region, random::id(Alphabet::Alphanumeric, 9)),
        name: pool_name.to_owned(),
        deletion_protection: protection(&input)?,
        settings: setting::read(&input, &SETTINGS),
        immutable,
        domain: None,
        resource_servers: BTreeMap::new(),
        clients: BTreeMap::new(),
        users: BTreeSet::new(),
        tags: TAGS.new_tags(input.text_map("UserPoolTags")?)?,
        key: key::generate()?,
        created_ms: request.now_ms,
        modified_ms: request.now_ms,
    };
    let shown = view(request, &pool);
    cloud.store.write(|state| {
        let pools = &mut state.region_mut(&request.region).pools;
        if pools.len() >= MAX_POOLS {
            return Err(limit_exceeded(format!("The maximum number of user pools is {MAX_POOLS}.")));
        }
        pools.insert(pool.id.clone(), pool);
        Ok(())
    })?;
    Ok(Response::ok(json!({ "UserPool": shown })))
}

pub(super) fn describe(cloud: &Cloud, request: &Request) -> Outcome {
    let id = pool_id(request)?;
    let shown = cloud.store.read(|state| find(request, state, id).map(|pool| view(request, pool)))?;
    Ok(Response::ok(json!({ "UserPool": shown })))
}

/// As on AWS, omitted settings are reset to their defaults, including deletion protection and tags.
pub(super) fn update(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let id = pool_id(request)?;
    let new_name = input.text("PoolName")?;
    let (deletion_protection, settings) = (protection(&input)?, setting::read(&input, &SETTINGS));
    let tags = TAGS.new_tags(input.text_map("UserPoolTags")?)?;
    cloud.store.write(|state| {
        let pool = find_mut(state.region_mut(&request.region), id)?;
        if let Some(new_name) = new_name {
            new_name.clone_into(&mut pool.name);
        }
        pool.deletion_protection = deletion_protection;
        pool.settings = settings;
        pool.tags = tags;
        pool.modified_ms = request.now_ms;
        Ok::<_, ApiError>(())
    })?;
    Ok(Response::ok(json!({})))
}

pub(super) fn delete(cloud: &Cloud, request: &Request) -> Outcome {
    let id = pool_id(request)?;
    cloud.store.write(|state| {
        let region = state.region_mut(&request.region);
        let pool = region.pools.get(id).ok_or_else(|| no_pool(id))?;
        if pool.domain.is_some() {
            let message = "User pool cannot be deleted. It has a domain configured that should be deleted first.";
            return Err(invalid(message));
        }
        if pool.deletion_protection == "ACTIVE" {
            return Err(invalid(
                "The user pool cannot be deleted because deletion protection is activated. Deletion protection must \
                 be inactivated first.",
            ));
        }
        region.pools.remove(id);
        Ok(())
    })?;
    Ok(Response::empty(200))
}

pub(super) fn list(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let limit = input.count("MaxResults", 1..=60)?.ok_or_else(|| input.missing("MaxResults"))?;
    let after = input.text("NextToken")?;
    let (pools, next) = cloud.store.read(|state| {
        let pools = state.region(&request.region).map(|region| region.pools.values()).into_iter().flatten();
        page(pools.map(|pool| (pool.id.as_str(), summary(pool))), after, limit)
    });
    Ok(Response::ok(json!({ "UserPools": pools, "NextToken": next })))
}

fn protection(input: &Input<'_>) -> Result<String, ApiError> {
    Ok(input.text("DeletionProtection")?.unwrap_or("INACTIVE").to_owned())
}

fn summary(pool: &UserPool) -> Value {
    json!({
        "Id": pool.id,
        "Name": pool.name,
        "LambdaConfig": pool.settings.get("LambdaConfig").cloned().unwrap_or_else(|| json!({})),
        "LastModifiedDate": clock::epoch_s(pool.modified_ms),
        "CreationDate": clock::epoch_s(pool.created_ms),
    })
}

fn view(request: &Request, pool: &UserPool) -> Value {
    let mut shown = summary(pool);
    shown["Arn"] = json!(arn(request, &pool.id));
    shown["DeletionProtection"] = json!(pool.deletion_protection);
    shown["EstimatedNumberOfUsers"] = json!(pool.users.len());
    shown["UserPoolTags"] = json!(pool.tags);
    // AWS's defaults.
    shown["MfaConfiguration"] = json!("OFF");
    shown["UserPoolTier"] = json!("ESSENTIALS");
    shown["EmailConfiguration"] = json!({ "EmailSendingAccount": "COGNITO_DEFAULT" });
    shown["AdminCreateUserConfig"] = json!({ "AllowAdminCreateUserOnly": false, "UnusedAccountValidityDays": 7 });
    shown["VerificationMessageTemplate"] = json!({ "DefaultEmailOption": "CONFIRM_WITH_CODE" });
    shown["Policies"] = json!({
        "PasswordPolicy": {
            "MinimumLength": 8,
            "RequireUppercase": true,
            "RequireLowercase": true,
            "RequireNumbers": true,
            "RequireSymbols": true,
            "TemporaryPasswordValidityDays": 7,
        },
        "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD"] },
    });
    if let Some(domain) = &pool.domain {
        shown["Domain"] = json!(domain.prefix);
    }
    for (name, value) in pool.settings.iter().chain(&pool.immutable) {
        // AWS shows the schema as SchemaAttributes. The standard attributes, which it also shows, are left out here.
        let name = if name == "Schema" { "SchemaAttributes" } else { name };
        shown[name] = value.clone();
    }
    shown
}
