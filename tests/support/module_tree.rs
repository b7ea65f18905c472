//! The module tree of one target: which file is which module, followed from the root file through
//! its `mod` lines, and where a path leads in it. Items inside files are not looked at.

use std::collections::BTreeMap;

use crate::source_tree::{SourceTree, Target, parent};
use crate::tokens::{Kind, tokens};

/// A `mod` line, and the module file it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModLine {
    /// The file the line stands in.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The module's name.
    pub name: String,
    /// The file it leads to; `None` when there is none.
    pub leads_to: Option<String>,
}

/// Where a path leads: the deepest module file it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The file.
    pub file: String,
    /// How many segments of the path lie behind the module: 0 when it names the module itself.
    pub behind: usize,
}

/// The modules of one target that are files.
#[derive(Debug)]
pub struct ModuleTree {
    /// Module path from the crate's root, `[]` for the root itself, to file.
    pub modules: BTreeMap<Vec<String>, String>,
    /// All `mod` lines without a body.
    pub mod_lines: Vec<ModLine>,
}

impl ModuleTree {
    /// Follows the `mod` lines of a target from its root.
    pub fn follow(tree: &SourceTree, target: &Target) -> Self {
        let mut modules = BTreeMap::from([(Vec::new(), target.root.clone())]);
        let mut mod_lines = Vec::new();
        let mut open = vec![(
            Vec::new(),
            target.root.clone(),
            parent(&target.root).to_owned(),
        )];
        while let Some((path, file, folder)) = open.pop() {
            let text = tree.files.get(&file).map_or("", String::as_str);
            for (line, name) in declared_modules(text) {
                let stem = format!("{folder}/{name}");
                let candidates = [format!("{stem}.rs"), format!("{stem}/mod.rs")];
                let leads_to = candidates
                    .into_iter()
                    .find(|path| tree.files.contains_key(path));
                if let Some(child) = &leads_to {
                    let mut child_path: Vec<String> = path.clone();
                    child_path.push(name.clone());
                    if modules.insert(child_path.clone(), child.clone()).is_none() {
                        open.push((child_path, child.clone(), stem));
                    }
                }
                mod_lines.push(ModLine {
                    file: file.clone(),
                    line,
                    name,
                    leads_to,
                });
            }
        }
        Self { modules, mod_lines }
    }

    /// Where a path leads that stands in the module `at`; `libraries` are the trees of the crates
    /// that may be named, by name. `None` for paths to anything else.
    pub fn destination(
        &self,
        at: &[String],
        segments: &[&str],
        libraries: &BTreeMap<String, Self>,
    ) -> Option<Destination> {
        let (first, rest) = segments.split_first()?;
        match *first {
            "crate" => self.deepest(Vec::new(), rest),
            "self" => self.deepest(at.to_vec(), rest),
            "super" => {
                let mut base = at.to_vec();
                base.pop();
                let mut left = rest;
                while let Some((&"super", behind)) = left.split_first() {
                    base.pop();
                    left = behind;
                }
                self.deepest(base, left)
            }
            name => {
                let mut child = at.to_vec();
                child.push(name.to_owned());
                if self.modules.contains_key(&child) {
                    return self.deepest(child, rest);
                }
                libraries.get(name)?.deepest(Vec::new(), rest)
            }
        }
    }

    fn deepest(&self, base: Vec<String>, segments: &[&str]) -> Option<Destination> {
        let mut file = self.modules.get(&base)?;
        let mut path = base;
        let mut behind = segments.len();
        for segment in segments {
            path.push((*segment).to_owned());
            let Some(deeper) = self.modules.get(&path) else {
                break;
            };
            file = deeper;
            behind -= 1;
        }
        Some(Destination {
            file: file.clone(),
            behind,
        })
    }
}

/// The trees of all libraries by the name source files use for them.
pub fn library_trees(tree: &SourceTree) -> BTreeMap<String, ModuleTree> {
    let mut found = BTreeMap::new();
    for package in &tree.packages {
        for target in package.targets.iter().filter(|target| target.is_library) {
            found.insert(package.library_name(), ModuleTree::follow(tree, target));
        }
    }
    found
}

/// The `mod name;` lines of a file.
fn declared_modules(text: &str) -> Vec<(usize, String)> {
    let all = tokens(text);
    let mut found = Vec::new();
    for window in all.windows(3) {
        if let [keyword, name, end] = window
            && keyword.is_word("mod")
            && name.kind == Kind::Word
            && end.is_mark(";")
        {
            found.push((name.line, name.text.to_owned()));
        }
    }
    found
}
