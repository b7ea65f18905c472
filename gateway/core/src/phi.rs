//! `Phi`, the wrapper that keeps protected health information out of every text a person or a log
//! may see; what may be disclosed to whom is decided in `privacy`, not here.

use std::fmt;

/// A value that may identify a patient or tell of their health (45 CFR 160.103).
///
/// Its `Debug` is a mask, and it has neither `Display` nor a serialised form; [`Phi::reveal`] is
/// the one door, easy to find in a review.
///
/// ```compile_fail,E0277
/// let name = isthmus_core::phi::Phi::new(String::from("x"));
/// println!("{name}");
/// ```
///
/// ```compile_fail,E0277
/// let name = isthmus_core::phi::Phi::new(String::from("x"));
/// serde_json::to_string(&name);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Phi<T>(T);

impl<T> Phi<T> {
    /// Wraps a value at the place where it enters the gateway.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself; for code that translates, seals or delivers it, never for texts.
    pub const fn reveal(&self) -> &T {
        &self.0
    }

    /// Gives the value up to code that takes it over whole.
    pub fn into_revealed(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Phi<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phi(..)")
    }
}
