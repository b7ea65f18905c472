//! `Access`, the store that operators ask about, in whatever hands it is; what is asked is in
//! `request`.

use std::sync::Arc;

use isthmus_store::running_store::RunningStore;
use isthmus_store::store::Store;
use isthmus_store::store_paths::StorePaths;

/// A store.
pub(crate) enum Access {
    /// Of a gateway, or taken for one order.
    Running(Arc<RunningStore>),
    /// Opened by a command, to read and to record.
    Opened {
        /// The store.
        store: Box<Store>,
        /// Where it is: a gateway may run on it all the same.
        paths: StorePaths,
    },
}

impl Access {
    /// Where the store is, when a gateway that is not asked may have something on its way.
    pub(crate) const fn beside(&self) -> Option<&StorePaths> {
        match self {
            Self::Running(_) => None,
            Self::Opened { paths, .. } => Some(paths),
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
