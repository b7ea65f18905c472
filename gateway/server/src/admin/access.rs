//! `Access`, the store that operators ask about, in whatever hands it is; what is asked is in
//! `request`.

use std::sync::Arc;

use isthmus_store::running_store::RunningStore;
use isthmus_store::store::Store;

/// A store.
pub(crate) enum Access {
    /// Of a gateway, or taken for one order.
    Running(Arc<RunningStore>),
    /// Opened by a command, to read and to record.
    Opened {
        /// The store.
        store: Box<Store>,
        /// A gateway runs on it all the same, and could not be asked.
        beside_gateway: bool,
    },
}

impl Access {
    /// Whether a gateway that is not asked may have something of a patient on its way.
    pub(crate) const fn is_beside_gateway(&self) -> bool {
        match self {
            Self::Running(_) => false,
            Self::Opened { beside_gateway, .. } => *beside_gateway,
        }
    }

    /// The store, whoever has it.
    pub(crate) fn store(&self) -> &Store {
        match self {
            Self::Running(running) => running.store(),
            Self::Opened { store, .. } => store,
        }
    }
}
