//! Checks every request against the caller's policy, if there is one.
//!
//! AWS decides before it looks up the resource, so a resource that the policy does not cover is denied rather than "not
//! found". Some requests need more than one permission: to set tags on creation, or to pass a role.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use super::{document::Policy, permission::Permission};
use crate::{outcome::ApiError, request::Request};

/// How many checked permissions are kept; older ones are dropped.
const MAX_CHECKED: usize = 10_000;

/// What the caller may do. Without a policy the caller is the account's root user, who may do everything.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    policy: RwLock<Option<Arc<Policy>>>,
    checked: Mutex<VecDeque<Permission>>,
}

impl Guard {
    pub(crate) fn new(policy: Option<Policy>) -> Self {
        Self { policy: RwLock::new(policy.map(Arc::new)), checked: Mutex::default() }
    }

    /// Replaces the policy.
    pub(crate) fn enforce(&self, policy: Option<Policy>) {
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = policy.map(Arc::new);
    }

    /// Whether there is a policy.
    pub(crate) fn enforces(&self) -> bool {
        self.policy().is_some()
    }

    /// The permissions that requests needed so far under a policy, oldest first.
    pub(crate) fn checked(&self) -> Vec<Permission> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Refuses a request that needs a permission which the policy does not allow, in the service's own words.
    pub(crate) fn check(&self, request: &Request, permissions: &[Permission]) -> Result<(), ApiError> {
        let Some(policy) = self.policy() else { return Ok(()) };
        for permission in permissions {
            self.record(permission);
            if !policy.allows(permission) {
                return Err(self.denial(request, &policy, permission));
            }
        }
        Ok(())
    }

    /// The caller's ARN.
    pub(crate) fn principal(&self, account: &str) -> String {
        let who = if self.enforces() { "user/deployer" } else { "root" };
        format!("arn:aws:iam::{account}:{who}")
    }

    /// The caller's unique id; for the root user, the account id.
    pub(crate) fn principal_id(&self, account: &str) -> String {
        if self.enforces() { "AIDA00000000000DEPLOY".to_owned() } else { account.to_owned() }
    }

    fn policy(&self) -> Option<Arc<Policy>> {
        self.policy.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn record(&self, permission: &Permission) {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if checked.len() == MAX_CHECKED {
            checked.pop_front();
        }
        checked.push_back(permission.clone());
    }

    fn denial(&self, request: &Request, policy: &Policy, permission: &Permission) -> ApiError {
        let (who, action, resource) = (self.principal(request.account()), &permission.action, &permission.resource);
        let why = if policy.denies(permission) {
            "with an explicit deny in an identity-based policy".to_owned()
        } else {
            format!("because no identity-based policy allows the {action} action")
        };
        let message = format!("User: {who} is not authorized to perform: {action} on resource: {resource} {why}");
        request.service.access_denied(message)
    }
}
