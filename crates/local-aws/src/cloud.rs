//! What operations and endpoints work on. It is handed down; nothing below a server sees more of the server than this.

use std::sync::Arc;

use crate::{faults::Faults, functions::Functions, policy::Guard, store::Store};

/// The remembered state, the running functions, the caller's policy, and how slow the cloud is.
pub(crate) struct Cloud {
    pub store: Arc<Store>,
    pub functions: Arc<Functions>,
    pub guard: Guard,
    pub faults: Faults,
}

impl Cloud {
    /// Must be called within a Tokio runtime: idle functions are ended in the background.
    pub(crate) fn new(store: Store, guard: Guard, faults: Faults) -> Self {
        let store = Arc::new(store);
        Self { functions: Arc::new(Functions::new(Arc::clone(&store))), store, guard, faults }
    }
}
