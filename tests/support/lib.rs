//! What the tests across crates share: the finder of the shared files and the reader of our own
//! source tree. No test lives here, and nothing that a crate of the gateway may import.

pub mod import_graph;
pub mod manifest;
pub mod module_tree;
pub mod shared_data;
pub mod source_tree;
pub mod test_modules;
pub mod tokens;
pub mod used_paths;
