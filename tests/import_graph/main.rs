//! `cargo run -p isthmus-tests --bin import-graph` prints the imports between our source files in
//! the DOT language. It checks nothing: the rules about the graph are in `tests/architecture`.

use std::io::{self, Write as _};

use isthmus_tests::import_graph::ImportGraph;
use isthmus_tests::source_tree::{SourceTree, repository_root};

fn main() -> io::Result<()> {
    let tree = SourceTree::read(&repository_root())?;
    io::stdout().write_all(ImportGraph::draw(&tree).dot(&tree).as_bytes())
}
