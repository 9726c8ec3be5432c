//! User pools.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{find, find_mut, invalid, key, limit_exceeded, no_pool, pool_id, setting};
use crate::{
    clock,
    control::{Call, Service, page::page, tags},
    protocol::{Answer, ApiError, Outcome, input::Input},
    random::{self, Alphabet},
    state::{Tags, cognito::UserPool},
};

/// What UpdateUserPool can change, and resets when it is left out.
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

/// What only CreateUserPool takes.
const IMMUTABLE: [&str; 4] = ["Schema", "UsernameConfiguration", "AliasAttributes", "UsernameAttributes"];

/// Pools of an account and Region (default quota).
const MOST_POOLS: usize = 1000;

pub(super) fn create(call: &Call) -> Outcome {
    let input = call.input(Service::Cognito);
    let pool_name = input.required("PoolName")?;
    let immutable = setting::read(&input, &IMMUTABLE);
    if immutable.contains_key("AliasAttributes") && immutable.contains_key("UsernameAttributes") {
        return Err(invalid("Only one of the aliasAttributes or usernameAttributes can be set in a user pool."));
    }
    let pool = UserPool {
        id: format!("{}_{}", call.region, random::id(Alphabet::Letters, 9)?),
        name: pool_name.to_owned(),
        deletion_protection: protection(&input)?,
        settings: setting::read(&input, &SETTINGS),
        immutable,
        domain: None,
        resource_servers: BTreeMap::new(),
        clients: BTreeMap::new(),
        users: BTreeSet::new(),
        tags: new_tags(&input)?,
        key: key::make()?,
        created_ms: call.now_ms,
        modified_ms: call.now_ms,
    };
    let shown = view(call, &pool);
    call.app.store.write(|state| {
        let pools = &mut state.region_mut(&call.region).pools;
        if pools.len() >= MOST_POOLS {
            return Err(limit_exceeded(format!("The maximum number of user pools is {MOST_POOLS}.")));
        }
        pools.insert(pool.id.clone(), pool);
        Ok(())
    })?;
    Ok(Answer::ok(json!({ "UserPool": shown })))
}

pub(super) fn describe(call: &Call) -> Outcome {
    let id = pool_id(call)?;
    let shown = call.app.store.read(|state| find(call, state, id).map(|pool| view(call, pool)))?;
    Ok(Answer::ok(json!({ "UserPool": shown })))
}

/// As on AWS, whatever the call leaves out goes back to its default: protection and tags too.
pub(super) fn update(call: &Call) -> Outcome {
    let input = call.input(Service::Cognito);
    let id = pool_id(call)?;
    let new_name = input.text("PoolName")?;
    let (deletion_protection, settings, tags) =
        (protection(&input)?, setting::read(&input, &SETTINGS), new_tags(&input)?);
    call.app.store.write(|state| {
        let pool = find_mut(state.region_mut(&call.region), id)?;
        if let Some(new_name) = new_name {
            new_name.clone_into(&mut pool.name);
        }
        pool.deletion_protection = deletion_protection;
        pool.settings = settings;
        pool.tags = tags;
        pool.modified_ms = call.now_ms;
        Ok::<_, ApiError>(())
    })?;
    Ok(Answer::ok(json!({})))
}

pub(super) fn delete(call: &Call) -> Outcome {
    let id = pool_id(call)?;
    call.app.store.write(|state| {
        let region = state.region_mut(&call.region);
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
    Ok(Answer::empty(200))
}

pub(super) fn list(call: &Call) -> Outcome {
    let input = call.input(Service::Cognito);
    let most = input.count("MaxResults", 1..=60)?.ok_or_else(|| input.missing("MaxResults"))?;
    let after = input.text("NextToken")?;
    let (pools, next) = call.app.store.read(|state| {
        let pools = state.region(&call.region).map(|region| region.pools.values()).into_iter().flatten();
        page(pools.map(|pool| (pool.id.as_str(), summary(pool))), after, most)
    });
    let mut document = json!({ "UserPools": pools });
    if let Some(next) = next {
        document["NextToken"] = json!(next);
    }
    Ok(Answer::ok(document))
}

fn protection(input: &Input<'_>) -> Result<String, ApiError> {
    Ok(input.text("DeletionProtection")?.unwrap_or("INACTIVE").to_owned())
}

fn new_tags(input: &Input<'_>) -> Result<Tags, ApiError> {
    let mut tags = Tags::new();
    tags::add(&mut tags, input.text_map("UserPoolTags")?.unwrap_or_default(), invalid, invalid)?;
    Ok(tags)
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

/// The pool's ARN.
pub(super) fn arn(call: &Call, id: &str) -> String {
    format!("arn:aws:cognito-idp:{}:{}:userpool/{id}", call.region, call.account())
}

fn view(call: &Call, pool: &UserPool) -> Value {
    let mut shown = summary(pool);
    shown["Arn"] = json!(arn(call, &pool.id));
    shown["DeletionProtection"] = json!(pool.deletion_protection);
    shown["EstimatedNumberOfUsers"] = json!(pool.users.len());
    shown["UserPoolTags"] = json!(pool.tags);
    // What AWS shows of a pool that was made without these.
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
        // Beside the attributes that every pool has, which are left out here, AWS shows the schema as SchemaAttributes.
        let name = if name == "Schema" { "SchemaAttributes" } else { name };
        shown[name] = value.clone();
    }
    shown
}
