//! What must hold for any bytes that come in, one module a parser; each `check` panics where it
//! does not. The binaries beside it feed them.

pub mod batch;
pub mod charset;
pub mod escape;
pub mod frame;
pub mod group;
pub mod parse;
pub mod path;
pub mod shapes;
pub mod write;
