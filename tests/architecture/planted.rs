//! A small tree on disk in which a test plants a violation. It is sound as it is made: what a
//! rule finds in it was planted.

use std::fs;
use std::path::{Path, PathBuf};

use isthmus_tests::source_tree::{SourceTree, repository_root};

/// A tree that is removed when the test ends.
pub(crate) struct Planted {
    root: PathBuf,
}

impl Planted {
    /// A workspace with `isthmus-core`; `name` keeps trees of tests that run together apart.
    pub(crate) fn new(name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("planted")
            .join(name);
        drop(fs::remove_dir_all(&root));
        let planted = Self { root };
        planted
            .file(
                "Cargo.toml",
                "[workspace]\nmembers = [\n  \"gateway/core\",\n]\n",
            )
            .package("isthmus-core", "gateway/core", "")
            .file("gateway/core/src/lib.rs", "//! A.\n\npub mod phi;\n")
            .file("gateway/core/src/phi.rs", "//! B.\n\npub struct Phi;\n")
    }

    /// Writes a file, folders included.
    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// Writes a manifest; `dependencies` start at its line 3 and hold whole sections.
    pub(crate) fn package(self, name: &str, folder: &str, dependencies: &str) -> Self {
        let text =
            format!("[package]\nname = \"{name}\"\n{dependencies}\n[lints]\nworkspace = true\n");
        self.file(&format!("{folder}/Cargo.toml"), &text)
    }

    /// Reads the tree.
    pub(crate) fn read(&self) -> SourceTree {
        SourceTree::read(&self.root).unwrap()
    }

    /// Its root folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }
}

impl Drop for Planted {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.root));
    }
}

/// The tree of this repository.
pub(crate) fn this_repository() -> SourceTree {
    SourceTree::read(&repository_root()).unwrap()
}
