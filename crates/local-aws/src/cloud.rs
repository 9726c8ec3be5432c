//! What operations and endpoints work on. It is passed down; they see nothing else of the server.

use std::sync::Arc;

use crate::{faults::Faults, functions::Functions, policy::Guard, store::Store};

/// The stored state, the running functions, the caller's policy, and the configured delays.
pub(crate) struct Cloud {
    pub store: Arc<Store>,
    pub functions: Arc<Functions>,
    pub guard: Guard,
    pub faults: Faults,
}

impl Cloud {
    pub(crate) fn new(store: Store, guard: Guard, faults: Faults) -> Self {
        let store = Arc::new(store);
        Self { functions: Arc::new(Functions::new(Arc::clone(&store))), store, guard, faults }
    }
}
