//! `Access`, the store that operators ask about, in whatever hands it is; what is asked is in
//! `request`.

use std::sync::Arc;

use isthmus_store::running_store::RunningStore;
use isthmus_store::store::Store;

/// A store.
pub(crate) enum Access {
    /// Of a gateway, or taken for one order.
    Running(Arc<RunningStore>),
    /// Beside nobody, to read and to record.
    Alone(Store),
}

impl Access {
    /// The store, whoever has it.
    pub(crate) fn store(&self) -> &Store {
        match self {
            Self::Running(running) => running.store(),
            Self::Alone(store) => store,
        }
    }
}
