//! Golden cases: inputs beside a map with the output they must give.
//! Showing the report is the command line's business.

pub mod compare;
pub mod folder;
pub mod report;
pub mod runner;
