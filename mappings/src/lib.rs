//! The row language: maps are text files that are parsed, checked against HL7 v2 and FHIR R4,
//! compiled to a plan and run; no input or output but the reading of map files in `loader`.

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
pub mod message_translator;
pub mod parser;
pub mod plan;
pub mod problem;
pub mod reads;
pub mod record_shaper;
pub mod run;
pub mod span;
pub mod table;
