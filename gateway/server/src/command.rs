//! The commands of the binary, one file each; options and help are in `cli`.

pub(crate) mod adapter;
pub(crate) mod adapter_plan;
pub(crate) mod check;
pub(crate) mod conformance;
pub(crate) mod consent;
pub(crate) mod demo;
pub(crate) mod explain;
pub(crate) mod flow;
pub(crate) mod hold;
pub(crate) mod init;
pub(crate) mod ledger;
pub(crate) mod offline;
pub(crate) mod operator;
pub(crate) mod parked;
pub(crate) mod queue;
pub(crate) mod reload;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod send;
pub(crate) mod status;
pub(crate) mod test;
pub(crate) mod translate;
pub(crate) mod why;
