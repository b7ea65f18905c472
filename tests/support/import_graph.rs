//! The graph of imports between source files, its circles, and its drawing in the DOT language.
//! Whether an arrow is allowed is for the house rules to say.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::module_tree::{ModuleTree, library_trees};
use crate::source_tree::SourceTree;
use crate::test_modules::without_test_modules;
use crate::tokens::tokens;
use crate::used_paths::used_paths;

/// Arrows between files: importing file and imported file, with the line that makes the arrow.
pub type Arrows = BTreeMap<(String, String), usize>;

/// The files of all libraries and binaries, and who imports whom.
#[derive(Debug, Default)]
pub struct ImportGraph {
    /// All files, also those without arrows.
    pub files: BTreeSet<String>,
    /// Arrows from `use` items and inline paths.
    pub uses: Arrows,
    /// Arrows from `mod` lines, parent to child.
    pub declarations: Arrows,
}

impl ImportGraph {
    /// Draws the graph of a tree; inline test modules, tests, examples and benches are left out.
    pub fn draw(tree: &SourceTree) -> Self {
        let libraries = library_trees(tree);
        let mut graph = Self::default();
        for package in &tree.packages {
            for target in package.targets.iter().filter(|target| !target.is_for_tests) {
                graph.add_target(tree, &ModuleTree::follow(tree, target), &libraries);
            }
        }
        graph
    }

    fn add_target(
        &mut self,
        tree: &SourceTree,
        modules: &ModuleTree,
        libraries: &BTreeMap<String, ModuleTree>,
    ) {
        for (at, file) in &modules.modules {
            self.files.insert(file.clone());
            let all = tokens(tree.files.get(file).map_or("", String::as_str));
            for path in used_paths(&without_test_modules(&all)) {
                if let Some(target) = modules.destination(at, &path.segments, libraries)
                    && target.file != *file
                {
                    self.uses
                        .entry((file.clone(), target.file))
                        .or_insert(path.line);
                }
            }
        }
        for mod_line in &modules.mod_lines {
            if let Some(child) = &mod_line.leads_to {
                let arrow = (mod_line.file.clone(), child.clone());
                self.declarations.entry(arrow).or_insert(mod_line.line);
            }
        }
    }

    /// How many files each file imports.
    pub fn arrows_out(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for (from, _) in self.uses.keys() {
            *counts.entry(from.as_str()).or_insert(0) += 1;
        }
        counts
    }

    /// The graph in the DOT language, one cluster a package; `mod` lines are drawn dashed.
    pub fn dot(&self, tree: &SourceTree) -> String {
        let mut text = String::from("digraph imports {\n  rankdir=LR;\n  node [shape=box];\n");
        for package in &tree.packages {
            let name = &package.manifest.package;
            let _ = writeln!(
                text,
                "  subgraph \"cluster_{name}\" {{\n    label=\"{name}\";"
            );
            for file in &self.files {
                if tree
                    .package_of(file)
                    .is_some_and(|owner| owner.folder == package.folder)
                {
                    let _ = writeln!(text, "    \"{file}\";");
                }
            }
            text.push_str("  }\n");
        }
        for (arrows, style) in [(&self.uses, ""), (&self.declarations, " [style=dashed]")] {
            for (from, to) in arrows.keys() {
                let _ = writeln!(text, "  \"{from}\" -> \"{to}\"{style};");
            }
        }
        text.push_str("}\n");
        text
    }
}

/// One circle through each knot, as files in order; cutting its last arrow looks for the next
/// one, so the list is empty exactly when there is no circle.
pub fn circles(arrows: &Arrows) -> Vec<Vec<String>> {
    let mut left: BTreeSet<(&str, &str)> = arrows
        .keys()
        .map(|(from, to)| (from.as_str(), to.as_str()))
        .collect();
    let mut found = Vec::new();
    loop {
        cut_loose_ends(&mut left);
        let Some(circle) = walk_into_circle(&left) else {
            return found;
        };
        let (Some(first), Some(last)) = (circle.first(), circle.last()) else {
            return found;
        };
        left.remove(&(*last, *first));
        found.push(circle.iter().map(|file| (*file).to_owned()).collect());
    }
}

/// Takes away arrows that nothing leads to or that lead to nothing further, until none is left
/// of them: what stays has a circle ahead of every arrow.
fn cut_loose_ends(left: &mut BTreeSet<(&str, &str)>) {
    loop {
        let sources: BTreeSet<&str> = left.iter().map(|(from, _)| *from).collect();
        let targets: BTreeSet<&str> = left.iter().map(|(_, to)| *to).collect();
        let before = left.len();
        left.retain(|(from, to)| targets.contains(from) && sources.contains(to));
        if left.len() == before {
            return;
        }
    }
}

/// Follows first arrows until a file comes up again.
fn walk_into_circle<'a>(left: &BTreeSet<(&'a str, &'a str)>) -> Option<Vec<&'a str>> {
    let mut walked: Vec<&str> = Vec::new();
    let mut at = left.first()?.0;
    loop {
        if let Some(start) = walked.iter().position(|file| *file == at) {
            return Some(walked.split_off(start));
        }
        walked.push(at);
        at = left.iter().find(|(from, _)| *from == at)?.1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrows(list: &[(&str, &str)]) -> Arrows {
        list.iter()
            .map(|(a, b)| (((*a).to_owned(), (*b).to_owned()), 1))
            .collect()
    }

    #[test]
    fn a_tree_has_no_circle() {
        assert!(circles(&arrows(&[("a", "b"), ("a", "c"), ("b", "c"), ("c", "d")])).is_empty());
    }

    #[test]
    fn each_knot_is_named() {
        let found = circles(&arrows(&[
            ("x", "a"),
            ("a", "b"),
            ("b", "a"),
            ("c", "d"),
            ("d", "c"),
        ]));
        assert_eq!(found, [["a", "b"], ["c", "d"]]);
    }
}
