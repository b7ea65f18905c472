//! What senders are held to: message profiles read from files and told to vendors, and the runner
//! of conformance cases. Holding a message against a profile is done in `isthmus_hl7v2`.

pub mod expectation;
mod markdown_table;
pub mod message_answer;
pub mod profile_codes;
pub mod profile_file;
pub mod profile_folder;
mod profile_rows;
mod profile_structures;
mod profile_table;
pub mod statement;
pub mod syntax_case;
pub mod syntax_tree;
pub mod validation;
