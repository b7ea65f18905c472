//! The nouns of the gateway, the seams between its stages, and the privacy gate; no input or output.
//! Listeners, storage and destinations live in the crates that implement the seams.

pub mod phi;
