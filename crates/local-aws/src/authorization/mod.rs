//! Whether the caller may: every call as the IAM actions and resources that AWS checks for it, against one policy.
//!
//! AWS asks before it looks whether a thing is there, so an absent one is denied, not "not found", where the policy
//! does not reach it. Some calls need more than their own action: tags at a creation, a role that is passed on.

mod apigateway;
mod cognito;
mod condition;
mod document;
mod iam;
mod lambda;
mod logs;
mod need;
mod pattern;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

pub use document::{Policy, PolicyError};
pub use need::Need;

use crate::{
    control::{Call, Service},
    protocol::ApiError,
};

/// Older needs are forgotten.
const KEPT: usize = 10_000;

/// What stands between a verified call and its effect. Without a policy the caller is the account's root, which may
/// do everything.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    policy: RwLock<Option<Arc<Policy>>>,
    needs: Mutex<VecDeque<Need>>,
}

impl Guard {
    /// One that holds every call against `policy`.
    pub(crate) fn new(policy: Option<Policy>) -> Self {
        Self { policy: RwLock::new(policy.map(Arc::new)), needs: Mutex::default() }
    }

    /// Holds every call from now on against `policy`.
    pub(crate) fn enforce(&self, policy: Option<Policy>) {
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = policy.map(Arc::new);
    }

    /// Whether there is a policy.
    pub(crate) fn enforces(&self) -> bool {
        self.policy().is_some()
    }

    /// What the calls so far needed under a policy, oldest first.
    pub(crate) fn needs(&self) -> Vec<Need> {
        self.needs.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn policy(&self) -> Option<Arc<Policy>> {
        self.policy.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, need: &Need) {
        let mut needs = self.needs.lock().unwrap_or_else(PoisonError::into_inner);
        if needs.len() == KEPT {
            needs.pop_front();
        }
        needs.push_back(need.clone());
    }
}

/// Refuses a call that the policy does not allow, in the service's own words.
pub(crate) fn check(service: Service, call: &Call) -> Result<(), ApiError> {
    let guard = &call.app.guard;
    let Some(policy) = guard.policy() else { return Ok(()) };
    for need in needs(service, call)? {
        guard.keep(&need);
        if !policy.allows(&need) {
            return Err(denial(service, call, &policy, &need));
        }
    }
    Ok(())
}

/// Whether GetFunction may show the function's tags; where it may not, why not.
pub(crate) fn check_list_tags(call: &Call, function_arn: &str) -> Result<(), ApiError> {
    let guard = &call.app.guard;
    let Some(policy) = guard.policy() else { return Ok(()) };
    let need = lambda::list_tags(call, function_arn);
    guard.keep(&need);
    if policy.allows(&need) { Ok(()) } else { Err(denial(Service::Lambda, call, &policy, &need)) }
}

/// Who calls.
pub(crate) fn principal(call: &Call) -> String {
    let who = if call.app.guard.enforces() { "user/deployer" } else { "root" };
    format!("arn:aws:iam::{}:{who}", call.account())
}

/// The unique id of who calls: root's is the account.
pub(crate) fn principal_id(call: &Call) -> String {
    if call.app.guard.enforces() { "AIDA00000000000DEPLOY".to_owned() } else { call.account().to_owned() }
}

fn needs(service: Service, call: &Call) -> Result<Vec<Need>, ApiError> {
    let needs = match service {
        Service::ApiGateway => apigateway::needs(call),
        Service::Cognito => cognito::needs(call),
        Service::Iam => iam::needs(call),
        Service::Lambda => lambda::needs(call),
        Service::Logs => logs::needs(call),
        // Everybody may ask who they are, whatever their policies say.
        Service::Sts => Some(Vec::new()),
    };
    // An operation that nobody has thought of here must not slip through.
    needs.ok_or_else(|| ApiError::not_implemented(&format!("authorizing {}:{}", service.name(), call.operation)))
}

fn denial(service: Service, call: &Call, policy: &Policy, need: &Need) -> ApiError {
    let (status, code) = match service {
        Service::Iam | Service::Sts => (403, "AccessDenied"),
        Service::Lambda | Service::ApiGateway => (403, "AccessDeniedException"),
        Service::Cognito | Service::Logs => (400, "AccessDeniedException"),
    };
    let (who, action, resource) = (principal(call), &need.action, &need.resource);
    let why = if policy.denies(need) {
        "with an explicit deny in an identity-based policy".to_owned()
    } else {
        format!("because no identity-based policy allows the {action} action")
    };
    let message = format!("User: {who} is not authorized to perform: {action} on resource: {resource} {why}");
    ApiError::new(status, code, message)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use http::HeaderMap;

    use super::*;
    use crate::data::tests::{REGION, World};

    /// Names that a service's `run` has an arm for.
    fn operations(source: &str) -> BTreeSet<&str> {
        source
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix('"')?.split_once("\" => ").map(|(name, _)| name))
            // HTTP verbs have arms as well.
            .filter(|name| name.chars().any(char::is_lowercase))
            .collect()
    }

    #[test]
    fn every_operation_is_known_here() {
        let world = World::new();
        let services = [
            (Service::ApiGateway, include_str!("../control/apigateway/mod.rs")),
            (Service::Cognito, include_str!("../control/cognito/mod.rs")),
            (Service::Iam, include_str!("../control/iam/mod.rs")),
            (Service::Lambda, include_str!("../control/lambda/mod.rs")),
            (Service::Logs, include_str!("../control/logs/mod.rs")),
        ];
        for (service, source) in services {
            let operations = operations(source);
            assert!(operations.len() > 10, "{}: {operations:?}", service.name());
            for operation in operations {
                let call = Call::new(
                    Arc::clone(&world.app),
                    REGION.to_owned(),
                    operation.to_owned(),
                    Vec::new(),
                    Vec::new(),
                    HeaderMap::new(),
                    serde_json::Map::new(),
                    bytes::Bytes::new(),
                );
                let needs = needs(service, &call).map_err(|error| error.message);
                assert!(needs.is_ok_and(|needs| !needs.is_empty()), "{}:{operation}", service.name());
            }
        }
    }
}
