//! The user pool: ListUserPools, DescribeUserPool, CreateUserPool, UpdateUserPool, DeleteUserPool.
//!
//! Names are not unique, so the pool is found by name and proven by tags. UpdateUserPool resets what the call omits, so
//! the pool is described first and sent back with our fields changed. A pool holds users, so it is never replaced.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use aws_sdk_cognitoidentityprovider::{
    operation::update_user_pool::{UpdateUserPoolInput, builders::UpdateUserPoolInputBuilder},
    types::{AdminCreateUserConfigType, DeletionProtectionType, UserPoolType},
};

use super::{Context, Reader};
use crate::{
    aws::{ApiError, Doing as _, create, none_if_not_found},
    change::{Diff, FieldDiff, Observed, ResourceKind, Step},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    pub name: String,
    /// Whether AWS refuses to delete it.
    pub deletion_protection: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actual {
    pub id: String,
    pub name: String,
    /// Whether only administrators create users.
    pub admin_create_user_only: bool,
    /// Whether AWS refuses to delete it.
    pub deletion_protection: bool,
    /// Prefix of its domain.
    pub domain: Option<String>,
    /// Users in it, as AWS estimates.
    pub users: i32,
}

/// The pools that were found in the account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovered {
    /// The stack's: the one with a domain, because that is in use; else the oldest.
    pub pool: Observed<Actual>,
    /// Duplicates of the stack's pool, left by a create call whose answer was lost.
    pub duplicates: Vec<Actual>,
}

/// Ids of all pools with our name, oldest first.
pub async fn list(cx: Reader<'_>) -> Result<Vec<String>> {
    let name = cx.id.user_pool();
    let answer = cx.aws.cognito.list_user_pools().max_results(60).into_paginator().items().send().try_collect().await;
    let mut ours = Vec::new();
    for pool in answer.doing("listing user pools for", &name)? {
        if pool.name() == Some(&name) {
            let created = pool.creation_date.map_or(0, |date| date.as_nanos());
            ours.extend(pool.id.map(|id| (created, id)));
        }
    }
    ours.sort();
    Ok(ours.into_iter().map(|(_, id)| id).collect())
}

/// Reads the pools of these ids side by side.
pub async fn observe(cx: Reader<'_>, ids: &[String]) -> Result<Discovered> {
    let mut result = Discovered::default();
    let mut owned = Vec::new();
    for pool in futures_util::future::join_all(ids.iter().map(|id| describe(cx, id))).await {
        let Some(pool) = pool? else { continue };
        let tags = pool.user_pool_tags().cloned().unwrap_or_default();
        match Observed::by_tags(cx.id, actual(&pool), |key| tags.get(key).map(String::as_str)) {
            Observed::Owned(actual) => owned.push(actual),
            unowned if result.pool == Observed::Absent => result.pool = unowned,
            _ => {}
        }
    }
    if !owned.is_empty() {
        let first = owned.iter().position(|pool| pool.domain.is_some()).unwrap_or_default();
        result.pool = Observed::Owned(owned.remove(first));
        result.duplicates = owned;
    }
    Ok(result)
}

/// What was read of a pool before it was known to be the stack's.
pub type Prefetched<T> = Option<(String, Result<T>)>;

/// Reads a pool's children before the pool itself is described: if only one pool has our name, it is probably ours.
pub async fn prefetch<T>(ids: &[String], read: impl AsyncFn(&str) -> Result<T>) -> Prefetched<T> {
    match ids {
        [only] => Some((only.clone(), read(only).await)),
        _ => None,
    }
}

/// The children of this pool: prefetched, or else read now.
pub async fn prefetched_or_read<T>(
    prefetched: Prefetched<T>,
    id: &str,
    read: impl AsyncFn(&str) -> Result<T>,
) -> Result<T> {
    match prefetched {
        Some((of, value)) if of == id => value,
        _ => read(id).await,
    }
}

async fn describe(cx: Reader<'_>, id: &str) -> Result<Option<UserPoolType>> {
    let answer = cx.aws.cognito.describe_user_pool().user_pool_id(id).send().await;
    Ok(none_if_not_found(answer).doing("reading user pool", id)?.and_then(|answer| answer.user_pool))
}

fn actual(pool: &UserPoolType) -> Actual {
    let admin = pool.admin_create_user_config();
    Actual {
        id: pool.id().unwrap_or_default().to_owned(),
        name: pool.name().unwrap_or_default().to_owned(),
        admin_create_user_only: admin.is_some_and(|config| config.allow_admin_create_user_only),
        deletion_protection: pool.deletion_protection() == Some(&DeletionProtectionType::Active),
        domain: pool.domain().filter(|domain| !domain.is_empty()).map(Into::into),
        users: pool.estimated_number_of_users,
    }
}

pub fn diff(desired: &Desired, actual: Option<&Actual>) -> Vec<FieldDiff> {
    let protection = desired.deletion_protection;
    Diff::default()
        .field("name", &desired.name, actual.map(|actual| &actual.name))
        .field("admin_create_user_only", true, actual.map(|actual| actual.admin_create_user_only))
        .field("deletion_protection", protection, actual.map(|actual| actual.deletion_protection))
        .done()
}

/// Brings it to the desired state. Returns its id.
pub async fn reconcile(cx: Context<'_>, desired: &Desired, step: &Step<Actual>) -> Result<String> {
    match step {
        Step::Create => create_pool(cx, desired).await,
        Step::Update(actual, _) | Step::Adopt(actual, _) => {
            update(cx, &actual.id, Some(desired)).await?;
            Ok(actual.id.clone())
        }
        Step::Keep(actual) | Step::Replace(actual, _) | Step::Skip(Some(actual)) => Ok(actual.id.clone()),
        Step::Skip(None) => anyhow::bail!("reading user pool \"{}\": it does not exist", desired.name),
    }
}

async fn create_pool(cx: Context<'_>, desired: &Desired) -> Result<String> {
    let find = async || {
        Ok(observe(cx.reader(), &list(cx.reader()).await?).await?.pool.owned().map(|actual| actual.id.clone()))
    };
    let send = async || {
        let call = cx
            .aws
            .cognito
            .create_user_pool()
            .pool_name(&desired.name)
            .deletion_protection(protection(desired.deletion_protection))
            .admin_create_user_config(AdminCreateUserConfigType::builder().allow_admin_create_user_only(true).build())
            .set_user_pool_tags(Some(cx.id.tag_map()));
        let answer = call.customize().config_override(create::cognito_once()).send().await.map_err(ApiError::from)?;
        Ok(answer.user_pool.and_then(|pool| pool.id).unwrap_or_default())
    };
    create::create(cx.events, ResourceKind::UserPool, &desired.name, find, send).await
}

/// Sends back what is there with our fields changed. Without a desired state it only removes the protection.
async fn update(cx: Context<'_>, id: &str, desired: Option<&Desired>) -> Result<()> {
    let pool = describe(cx.reader(), id)
        .await?
        .with_context(|| format!("updating user pool \"{id}\": it no longer exists"))?;
    let call = update_input(cx.id.tag_map(), pool, desired).user_pool_id(id);
    call.send_with(&cx.aws.cognito).await.doing("updating user pool", id)?;
    Ok(())
}

/// The pool's current settings with our fields changed: AWS resets what an update leaves out.
fn update_input(
    own_tags: HashMap<String, String>,
    pool: UserPoolType,
    desired: Option<&Desired>,
) -> UpdateUserPoolInputBuilder {
    let mut all_tags = pool.user_pool_tags.unwrap_or_default();
    all_tags.extend(own_tags);
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    let renamed = desired.map(|desired| &desired.name).filter(|name| pool.name.as_ref() != Some(name)).cloned();
    UpdateUserPoolInput::builder()
        .set_pool_name(renamed)
        .deletion_protection(protection(desired.is_some_and(|desired| desired.deletion_protection)))
        .admin_create_user_config(admin_only(pool.admin_create_user_config, pool.policies.as_ref()))
        .set_user_pool_tags(Some(all_tags))
        .set_policies(pool.policies)
        .set_lambda_config(pool.lambda_config)
        .set_auto_verified_attributes(pool.auto_verified_attributes)
        .set_sms_verification_message(text(pool.sms_verification_message))
        .set_email_verification_message(text(pool.email_verification_message))
        .set_email_verification_subject(text(pool.email_verification_subject))
        .set_verification_message_template(pool.verification_message_template)
        .set_sms_authentication_message(text(pool.sms_authentication_message))
        .set_user_attribute_update_settings(pool.user_attribute_update_settings)
        .set_mfa_configuration(pool.mfa_configuration)
        .set_device_configuration(pool.device_configuration)
        .set_email_configuration(pool.email_configuration)
        // Describe returns an empty one where none is set, and AWS refuses it because its caller ARN is missing.
        .set_sms_configuration(pool.sms_configuration.filter(|sms| !sms.sns_caller_arn.is_empty()))
        .set_user_pool_add_ons(pool.user_pool_add_ons)
        .set_account_recovery_setting(
            pool.account_recovery_setting.filter(|setting| setting.recovery_mechanisms.is_some()),
        )
        .set_user_pool_tier(pool.user_pool_tier)
        .set_key_configuration(pool.key_configuration)
        .set_issuer_configuration(pool.issuer_configuration)
        .set_acr_configuration(pool.acr_configuration)
}

/// The same, with sign-up closed. AWS refuses UnusedAccountValidityDays together with the password policy's newer
/// TemporaryPasswordValidityDays, although DescribeUserPool returns both.
fn admin_only(
    there: Option<AdminCreateUserConfigType>,
    policies: Option<&aws_sdk_cognitoidentityprovider::types::UserPoolPolicyType>,
) -> AdminCreateUserConfigType {
    let password = policies.and_then(|policies| policies.password_policy());
    let newer = password.is_some_and(|policy| policy.temporary_password_validity_days != 0);
    let mut builder = AdminCreateUserConfigType::builder().allow_admin_create_user_only(true);
    if let Some(there) = there {
        builder = builder.set_invite_message_template(there.invite_message_template);
        if !newer && there.unused_account_validity_days != 0 {
            builder = builder.unused_account_validity_days(there.unused_account_validity_days);
        }
    }
    builder.build()
}

/// As AWS spells it.
pub fn protection(on: bool) -> DeletionProtectionType {
    if on { DeletionProtectionType::Active } else { DeletionProtectionType::Inactive }
}

/// Whether it holds a user. The estimate of DescribeUserPool can be out of date.
pub async fn has_users(cx: Reader<'_>, actual: &Actual) -> Result<bool> {
    if actual.users > 0 {
        return Ok(true);
    }
    let answer = cx.aws.cognito.list_users().user_pool_id(&actual.id).limit(1).send().await;
    let users = none_if_not_found(answer).doing("looking for users in user pool", &actual.id)?;
    Ok(users.is_some_and(|answer| !answer.users().is_empty()))
}

/// Deletes it; removes its protection first. Its domain must be deleted already.
pub async fn delete(cx: Context<'_>, actual: &Actual) -> Result<()> {
    if actual.deletion_protection {
        update(cx, &actual.id, None).await?;
    }
    none_if_not_found(cx.aws.cognito.delete_user_pool().user_pool_id(&actual.id).send().await)
        .doing("deleting user pool", &actual.id)?;
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use aws_sdk_cognitoidentityprovider::types::{
        AccountRecoverySettingType, AcrLevelConfigType, AdvancedSecurityModeType, DeviceConfigurationType,
        EmailConfigurationType, IssuerConfigurationType, KeyConfigurationType, LambdaConfigType, PasswordPolicyType,
        RecoveryOptionNameType, RecoveryOptionType, SmsConfigurationType, UserAttributeUpdateSettingsType,
        UserPoolAddOnsType, UserPoolMfaType, UserPoolPolicyType, UserPoolTierType, VerificationMessageTemplateType,
        VerifiedAttributeType,
    };

    use super::*;
    use crate::testing::{fields, unset_members};

    fn actual() -> Actual {
        Actual {
            id: "us-east-1_a".into(),
            name: "p".into(),
            admin_create_user_only: true,
            deletion_protection: false,
            domain: None,
            users: 0,
        }
    }

    #[test]
    fn the_same_is_no_diff_and_each_field_is_one() {
        let desired = Desired { name: "p".into(), deletion_protection: false };
        assert_eq!(diff(&desired, Some(&actual())), []);
        let cases = [
            ("name", Actual { name: "renamed".into(), ..actual() }),
            ("admin_create_user_only", Actual { admin_create_user_only: false, ..actual() }),
            ("deletion_protection", Actual { deletion_protection: true, ..actual() }),
        ];
        for (field, changed) in cases {
            let found = diff(&desired, Some(&changed));
            assert_eq!(fields(&found), [field]);
        }
    }

    #[test]
    fn the_older_validity_is_not_sent_beside_the_newer_one() {
        let there = || Some(AdminCreateUserConfigType::builder().unused_account_validity_days(7).build());
        let password = PasswordPolicyType::builder().temporary_password_validity_days(7).build();
        let policies = UserPoolPolicyType::builder().password_policy(password).build();
        assert_eq!(admin_only(there(), Some(&policies)).unused_account_validity_days, 0);
        assert_eq!(admin_only(there(), None).unused_account_validity_days, 7);
        assert!(admin_only(None, None).allow_admin_create_user_only);
    }

    /// A pool in which everything is set that an update can change.
    fn full_pool() -> UserPoolType {
        let mechanism = RecoveryOptionType::builder().priority(1).name(RecoveryOptionNameType::AdminOnly).build();
        let add_ons = UserPoolAddOnsType::builder().advanced_security_mode(AdvancedSecurityModeType::Off).build();
        let acr = AcrLevelConfigType::builder().acr_value("acr").build();
        UserPoolType::builder()
            .name("before")
            .policies(UserPoolPolicyType::builder().build())
            .lambda_config(LambdaConfigType::builder().build())
            .auto_verified_attributes(VerifiedAttributeType::Email)
            .sms_verification_message("{####}")
            .email_verification_message("{####}")
            .email_verification_subject("code")
            .verification_message_template(VerificationMessageTemplateType::builder().build())
            .sms_authentication_message("{####}")
            .user_attribute_update_settings(UserAttributeUpdateSettingsType::builder().build())
            .mfa_configuration(UserPoolMfaType::Off)
            .device_configuration(DeviceConfigurationType::builder().build())
            .email_configuration(EmailConfigurationType::builder().build())
            .sms_configuration(SmsConfigurationType::builder().sns_caller_arn("arn:aws:iam::1:role/r").build())
            .user_pool_add_ons(add_ons.unwrap())
            .account_recovery_setting(
                AccountRecoverySettingType::builder().recovery_mechanisms(mechanism.unwrap()).build(),
            )
            .user_pool_tier(UserPoolTierType::Lite)
            .key_configuration(KeyConfigurationType::builder().build())
            .issuer_configuration(IssuerConfigurationType::builder().build())
            .acr_configuration("acr", acr.unwrap())
            .build()
    }

    /// An update resets what it leaves out, so a member that a newer SDK has must be sent back too.
    #[test]
    fn every_setting_that_an_update_would_reset_is_sent_back() {
        let desired = Desired { name: "after".into(), deletion_protection: true };
        let sent =
            update_input(HashMap::new(), full_pool(), Some(&desired)).user_pool_id("us-east-1_a").build().unwrap();
        assert_eq!(unset_members(&sent), [""; 0]);
    }
}
