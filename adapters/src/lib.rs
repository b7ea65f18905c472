//! Destinations: each has a folder with the same files, pure in planning and judging; the runner
//! performs what they plan. What may leave was decided before, by the gate.

pub mod adapter;
pub mod append_file;
pub mod ndjson_folder;
pub mod runner;
