//! Carries a plan out: reads the source, computes, writes the output tree. Pure: the same input
//! and the same context give the same output.

pub mod conditions;
pub mod few;
mod findings;
pub mod frame;
pub mod instances;
pub mod item;
pub mod items;
mod iterations;
pub mod message_input;
pub mod output;
pub mod references;
pub mod select;
pub mod state;
pub mod translate;
pub mod values;
pub mod write;
