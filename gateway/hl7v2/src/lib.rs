//! The grammar of HL7 version 2: bytes to message and back, paths, dictionary, structures,
//! acknowledgments, MLLP framing and character sets.
//! No sockets, files, clocks or tasks live here; what a message means in FHIR is decided elsewhere.

pub mod acknowledgment;
pub mod batch;
pub mod batch_response;
mod character_switch;
pub mod charset;
pub mod charset_rules;
pub mod content;
pub mod definition;
mod delimiter_search;
pub mod delimiters;
pub mod dictionary;
mod dictionary_tables;
mod dictionary_text;
pub mod encoding;
pub mod envelope_header;
pub mod error;
pub mod error_condition;
pub mod escape;
mod escape_sequence;
pub mod field;
pub mod finding;
pub mod framing;
pub mod group_instance;
pub mod grouping_rules;
pub mod header;
pub mod local_segment;
pub mod location;
pub mod message;
pub mod message_builder;
pub mod message_editor;
pub mod path;
mod path_parser;
mod place_edit;
pub mod resolve;
pub mod rule_problem;
pub mod segment_name;
pub mod structure;
mod structure_ahead;
mod structure_back_off;
pub mod structure_definition;
mod structure_place;
mod structure_search;
mod structure_tree;
mod structure_walk;
pub mod value;
