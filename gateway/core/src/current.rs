//! `Current`, the seam by which a running gateway takes over what a reload read anew: whoever works
//! by it takes the whole of it once, and is done with that. What is reloaded is told by the server.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

/// Something of which there is one version at a time. To take it waits for nobody.
pub struct Current<T>(ArcSwap<T>);

impl<T> Current<T> {
    /// The first version.
    pub fn new(first: T) -> Self {
        Self(ArcSwap::from_pointee(first))
    }

    /// The version that is in force now. It stays whole for as long as it is held, so one piece of
    /// work is done by one version: take it once, at its beginning.
    pub fn get(&self) -> Arc<T> {
        self.0.load_full()
    }

    /// Puts another version in force, for whoever takes one from now on.
    pub fn replace(&self, next: T) {
        self.0.store(Arc::new(next));
    }
}

impl<T> fmt::Debug for Current<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_holds_a_version_keeps_it_whole() {
        let current = Current::new(("old", 1));
        let held = current.get();
        current.replace(("new", 2));
        assert_eq!(*held, ("old", 1));
        assert_eq!(*current.get(), ("new", 2));
    }
}
