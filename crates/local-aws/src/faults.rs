//! Injected faults, as they happen on AWS: slow propagation, pending states, latency, throttling and lost responses.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

/// The delays and rate limits of the cloud. By default there are none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// How long a new role cannot be assumed, in milliseconds.
    pub role_propagation_ms: u64,
    /// How long a new function is `Pending`, in milliseconds.
    pub function_pending_ms: u64,
    /// How long a function's update is `InProgress`, in milliseconds.
    pub function_update_ms: u64,
    /// How long a new domain is `CREATING`, in milliseconds.
    pub domain_activation_ms: u64,
    /// The least that any request takes, in milliseconds. The operation itself runs halfway through.
    pub latency_ms: u64,
    /// Whether requests are throttled at the rates that AWS documents.
    pub throttle: bool,
}

impl Faults {
    /// The delays of a deployment on AWS, to measure against: a client 100 ms away, the documented rates, and the waits
    /// that users of AWS report. `cargo xtask bench up` uses them.
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

/// A fault of one request, see [`crate::Server::fail_next`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Throttled; nothing is done.
    Throttle,
    /// Answered with an internal error; nothing is done.
    Error500,
    /// The connection breaks; nothing is done.
    DropBeforeEffect,
    /// The operation runs, then the connection breaks.
    DropAfterEffect,
    /// Never answered; nothing is done. Stands for a client that dies before its request arrives.
    HoldBeforeEffect,
    /// The operation runs, but is never answered. Stands for a client that dies before the response arrives.
    HoldAfterEffect,
    /// No fault: lets one request pass, so that a later one gets the next fault.
    Pass,
}

/// The faults that a running server injects.
pub(crate) struct FaultPlan {
    /// The delays and limits that the server was started with.
    pub faults: Faults,
    armed: Mutex<Vec<(String, Fault)>>,
    /// Notified when a request is held.
    pub held: Notify,
}

impl FaultPlan {
    /// Without armed faults.
    pub(crate) fn new(faults: Faults) -> Self {
        Self { faults, armed: Mutex::default(), held: Notify::new() }
    }

    /// Arms `fault` for the next request of `operation`. Several faults apply in the order in which they were armed.
    pub(crate) fn arm(&self, operation: &str, fault: Fault) {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner).push((operation.to_owned(), fault));
    }

    /// Takes the fault that is armed for this request of `operation`.
    pub(crate) fn take(&self, operation: &str) -> Option<Fault> {
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        let at = armed.iter().position(|(name, _)| name == operation)?;
        Some(armed.remove(at).1).filter(|fault| *fault != Fault::Pass)
    }

    /// Delays a request that has just arrived.
    pub(crate) async fn delay_request(&self) {
        pause(self.latency() / 2).await;
    }

    /// Delays the response to a request that arrived at `began`.
    pub(crate) async fn delay_response(&self, began: Instant) {
        pause(self.latency().saturating_sub(began.elapsed())).await;
    }

    /// The least that a request takes.
    fn latency(&self) -> Duration {
        Duration::from_millis(self.faults.latency_ms)
    }
}

/// Does not sleep at all for zero: even then a timer would wait for its next tick.
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
    fn armed_faults_apply_once_and_in_order() {
        let plan = FaultPlan::new(Faults::default());
        plan.arm("CreateRole", Fault::Throttle);
        plan.arm("CreateRole", Fault::Error500);
        assert_eq!(plan.take("GetRole"), None);
        assert_eq!(plan.take("CreateRole"), Some(Fault::Throttle));
        assert_eq!(plan.take("CreateRole"), Some(Fault::Error500));
        assert_eq!(plan.take("CreateRole"), None);
    }

    #[tokio::test]
    async fn a_request_takes_its_latency_and_no_more() {
        let plan = FaultPlan::new(Faults { latency_ms: 40, ..Faults::default() });
        let began = Instant::now();
        plan.delay_request().await;
        assert!(began.elapsed() >= Duration::from_millis(20));
        plan.delay_response(began).await;
        assert!(began.elapsed() >= Duration::from_millis(40));
        // A request that has already taken longer is not delayed further.
        let passed = began.checked_sub(Duration::from_secs(3_600)).unwrap_or(began);
        tokio::time::timeout(Duration::from_secs(60), plan.delay_response(passed))
            .await
            .unwrap_or_else(|_| panic!("the response is delayed"));
    }
}
