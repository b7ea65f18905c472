//! What the tests across crates share: the finder of the shared files, the reader of our own
//! source tree, and stand-ins for the pipeline. No test lives here, and nothing that a crate of
//! the gateway may import.

pub mod import_graph;
pub mod invented_policies;
pub mod manifest;
pub mod module_tree;
pub mod one_key;
pub mod rabbitmq;
pub mod shared_data;
pub mod source_tree;
pub mod sshd;
pub mod test_modules;
pub mod tokens;
pub mod tool_process;
pub mod used_paths;
