//! The source tree as the house rules see it: its packages, their targets and all Rust files.
//! What the files say is read by `tokens` and its neighbours.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::manifest::Manifest;

/// Folders that hold what tools made, not what people wrote.
const MADE_BY_TOOLS: [&str; 5] = [
    "target",
    ".git",
    "node_modules",
    "__pycache__",
    "isthmus-data",
];

/// Folders may be nested this deep; deeper ones are an error, so that a loop of links ends.
const DEPTH_MAX: usize = 32;

/// One package: a folder with a manifest that is no workspace of its own.
#[derive(Debug)]
pub struct Package {
    /// The folder from the root, with `/` between names.
    pub folder: String,
    /// What its manifest says.
    pub manifest: Manifest,
    /// Its library, binaries, tests, examples and benches.
    pub targets: Vec<Target>,
}

impl Package {
    /// The path of its manifest from the root.
    pub fn manifest_path(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }

    /// The name by which other crates' source names its library.
    pub fn library_name(&self) -> String {
        self.manifest.package.replace('-', "_")
    }
}

/// One thing cargo compiles from a root file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The root file, from the root of the tree.
    pub root: String,
    /// The folder in which every Rust file is to be reached from some root.
    pub folder: String,
    /// Whether this is the package's library.
    pub is_library: bool,
    /// Whether it is built in tests only: an integration test, an example or a bench.
    pub is_for_tests: bool,
}

/// Packages and Rust files below one root folder.
#[derive(Debug)]
pub struct SourceTree {
    /// The root folder.
    pub root: PathBuf,
    /// The manifest of the workspace.
    pub workspace: Manifest,
    /// All packages, sorted by folder.
    pub packages: Vec<Package>,
    /// The text of every Rust file by its path from the root.
    pub files: BTreeMap<String, String>,
}

impl SourceTree {
    /// Reads the tree below `root`.
    ///
    /// # Errors
    ///
    /// When a folder or file cannot be read or is nested more than 32 folders deep.
    pub fn read(root: &Path) -> io::Result<Self> {
        let paths = file_paths(root)?;
        let workspace = Manifest::read(&std::fs::read_to_string(root.join("Cargo.toml"))?);
        let mut files = BTreeMap::new();
        for path in paths.iter().filter(|path| has_extension(path, "rs")) {
            files.insert(path.clone(), std::fs::read_to_string(root.join(path))?);
        }
        let mut packages = Vec::new();
        for path in &paths {
            let Some(folder) = path.strip_suffix("/Cargo.toml") else {
                continue;
            };
            let manifest = Manifest::read(&std::fs::read_to_string(root.join(path))?);
            if !manifest.is_workspace {
                let targets = targets(folder, &manifest, &files);
                packages.push(Package {
                    folder: folder.to_owned(),
                    manifest,
                    targets,
                });
            }
        }
        Ok(Self {
            root: root.to_path_buf(),
            workspace,
            packages,
            files,
        })
    }

    /// The package that a file belongs to: the one whose folder is nearest above it.
    pub fn package_of(&self, file: &str) -> Option<&Package> {
        let is_above = |package: &&Package| {
            file.strip_prefix(&package.folder)
                .is_some_and(|rest| rest.starts_with('/'))
        };
        self.packages
            .iter()
            .filter(is_above)
            .max_by_key(|package| package.folder.len())
    }

    /// Whether a file is a folder's door: a library root, or a file beside the folder it names.
    pub fn is_door(&self, file: &str) -> bool {
        let mut targets = self.packages.iter().flat_map(|package| &package.targets);
        if let Some(target) = targets.find(|target| target.root == file) {
            return target.is_library;
        }
        let Some(stem) = file.strip_suffix(".rs") else {
            return false;
        };
        let folder = format!("{stem}/");
        self.files.keys().any(|path| path.starts_with(&folder))
    }
}

/// The root of this repository.
pub fn repository_root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_path_buf()
}

/// The path of every file below `root`, from there, sorted; what tools made is left out.
///
/// # Errors
///
/// When a folder cannot be read or is nested more than 32 folders deep.
pub fn file_paths(root: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![(root.to_path_buf(), String::new(), 0_usize)];
    while let Some((folder, prefix, depth)) = open.pop() {
        if depth > DEPTH_MAX {
            return Err(io::Error::other(format!(
                "folders nested too deep at {prefix}"
            )));
        }
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            if !entry.file_type()?.is_dir() {
                found.push(path);
            } else if !MADE_BY_TOOLS.contains(&name.as_str()) {
                open.push((entry.path(), format!("{path}/"), depth + 1));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|found| found == extension)
}

/// The targets a package states by path and those cargo finds by itself.
fn targets(folder: &str, manifest: &Manifest, files: &BTreeMap<String, String>) -> Vec<Target> {
    let mut found = Vec::new();
    for (kind, path) in &manifest.target_paths {
        found.push(Target {
            root: format!("{folder}/{path}"),
            folder: parent(&format!("{folder}/{path}")).to_owned(),
            is_library: kind == "lib",
            is_for_tests: false,
        });
    }
    for path in files.keys() {
        let Some(inside) = path.strip_prefix(folder).and_then(|p| p.strip_prefix('/')) else {
            continue;
        };
        let parts: Vec<&str> = inside.split('/').collect();
        let (top, is_for_tests) = match parts.as_slice() {
            ["src", "lib.rs" | "main.rs"] | ["src", "bin", _] | ["src", "bin", _, "main.rs"] => {
                ("src", false)
            }
            [top @ ("tests" | "examples" | "benches"), _]
            | [top @ ("tests" | "examples" | "benches"), _, "main.rs"] => (*top, true),
            _ => continue,
        };
        if found.iter().all(|target| target.root != *path) {
            found.push(Target {
                root: path.clone(),
                folder: format!("{folder}/{top}"),
                is_library: inside == "src/lib.rs",
                is_for_tests,
            });
        }
    }
    found
}

/// The folder a path lies in; empty at the top.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
