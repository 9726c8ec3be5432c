//! What can go wrong on AWS, on demand: slow propagation, pending states, latency, throttles and lost answers.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

/// How slow and how strict the cloud is. The default is neither.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// How long after its creation a role cannot be assumed, in milliseconds.
    pub role_propagation_ms: u64,
    /// How long a new function is `Pending`, in milliseconds.
    pub function_pending_ms: u64,
    /// How long a function's update is `InProgress`, in milliseconds.
    pub function_update_ms: u64,
    /// How long a new domain is `CREATING`, in milliseconds.
    pub domain_activation_ms: u64,
    /// How long every call of either plane takes at least, in milliseconds. What it does is done in the middle of that.
    pub latency_ms: u64,
    /// Whether calls are throttled at the rates that AWS documents.
    pub throttle: bool,
}

impl Faults {
    /// What a deployment meets on AWS, as a model to measure against: a client 100 ms away, the documented rates, and waits
    /// as AWS's users see them. `cargo xtask bench up` runs on it.
    pub fn like_aws() -> Self {
        Self {
            role_propagation_ms: 8_000,
            function_pending_ms: 2_000,
            function_update_ms: 2_000,
            domain_activation_ms: 10_000,
            latency_ms: 100,
            throttle: true,
        }
    }
}

/// One thing that happens to one call, see [`crate::Server::fail_next`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Refused by the rate limit, without effect.
    Throttle,
    /// An internal error, without effect.
    Error500,
    /// The connection breaks before anything was done.
    DropBeforeEffect,
    /// The connection breaks after everything was done.
    DropAfterEffect,
    /// Never answered, and nothing is done: what a client that dies before its call sees.
    HoldBeforeEffect,
    /// Never answered, though everything was done: what a client that dies before the answer sees.
    HoldAfterEffect,
    /// Nothing, so that a later call of the operation meets the next fault.
    Pass,
}

/// The faults of a running server.
pub(crate) struct FaultPlan {
    /// As started.
    pub faults: Faults,
    armed: Mutex<Vec<(String, Fault)>>,
    /// Told when a call is held.
    pub held: Notify,
}

impl FaultPlan {
    /// Nothing armed yet.
    pub(crate) fn new(faults: Faults) -> Self {
        Self { faults, armed: Mutex::default(), held: Notify::new() }
    }

    /// The next call of `operation` meets `fault`; several are met in the order in which they were armed.
    pub(crate) fn arm(&self, operation: &str, fault: Fault) {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner).push((operation.to_owned(), fault));
    }

    /// What this call of `operation` meets.
    pub(crate) fn meet(&self, operation: &str) -> Option<Fault> {
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        let at = armed.iter().position(|(name, _)| name == operation)?;
        Some(armed.remove(at).1).filter(|fault| *fault != Fault::Pass)
    }

    /// The way of a request that came in now.
    pub(crate) async fn arrive(&self) {
        pause(self.latency() / 2).await;
    }

    /// The way back of the answer to a request that came in then.
    pub(crate) async fn depart(&self, began: Instant) {
        pause(self.latency().saturating_sub(began.elapsed())).await;
    }

    /// How long a call takes at least.
    fn latency(&self) -> Duration {
        Duration::from_millis(self.faults.latency_ms)
    }
}

/// None at all where there is nothing to wait for: a timer waits for its next tick.
async fn pause(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

impl fmt::Debug for FaultPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultPlan").field("faults", &self.faults).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn armed_faults_are_met_once_and_in_order() {
        let plan = FaultPlan::new(Faults::default());
        plan.arm("CreateRole", Fault::Throttle);
        plan.arm("CreateRole", Fault::Error500);
        assert_eq!(plan.meet("GetRole"), None);
        assert_eq!(plan.meet("CreateRole"), Some(Fault::Throttle));
        assert_eq!(plan.meet("CreateRole"), Some(Fault::Error500));
        assert_eq!(plan.meet("CreateRole"), None);
    }

    #[tokio::test]
    async fn a_call_takes_its_latency_and_no_more() {
        let plan = FaultPlan::new(Faults { latency_ms: 40, ..Faults::default() });
        let began = Instant::now();
        plan.arrive().await;
        assert!(began.elapsed() >= Duration::from_millis(20));
        plan.depart(began).await;
        assert!(began.elapsed() >= Duration::from_millis(40));
        // One that has taken longer by itself is not made longer.
        let passed = began.checked_sub(Duration::from_secs(3_600)).unwrap_or(began);
        tokio::time::timeout(Duration::from_secs(60), plan.depart(passed)).await.unwrap_or_else(|_| panic!("it waits"));
    }
}
