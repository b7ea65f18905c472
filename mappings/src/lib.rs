//! The row language: maps are text files that are parsed, checked against HL7 v2 and FHIR R4,
//! compiled to a plan and run. No input or output but the reading of files in `loader` and `cases`
//! and the writing of a first configuration in `new_folder`.

pub mod ast;
pub mod cases;
pub mod codes;
pub mod compile;
pub mod context;
pub mod functions;
pub mod lexer;
pub mod library;
pub mod loader;
pub mod map;
mod message_reading;
pub mod message_translator;
pub mod new_folder;
pub mod parser;
pub mod plan;
pub mod plan_path;
pub mod problem;
pub mod reads;
pub mod record_shaper;
pub mod records;
pub mod run;
pub mod sender_terms;
pub mod shipped;
pub mod span;
pub mod table;
