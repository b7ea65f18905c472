//! The commands of the binary, one file each; options and help are in `cli`.

pub(crate) mod check;
pub(crate) mod consent;
pub(crate) mod demo;
pub(crate) mod explain;
pub(crate) mod flow;
pub(crate) mod hold;
pub(crate) mod ledger;
pub(crate) mod parked;
pub(crate) mod run;
pub(crate) mod send;
pub(crate) mod status;
pub(crate) mod test;
pub(crate) mod translate;
pub(crate) mod why;
