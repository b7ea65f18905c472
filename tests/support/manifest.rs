//! A reader for the few facts the house rules need from a `Cargo.toml`. It reads the plain TOML
//! that people write there, line by line; cargo itself is the judge of the rest.

use std::collections::BTreeMap;

/// When a dependency is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// In the crate itself.
    Normal,
    /// In its tests, examples and benches only.
    Development,
    /// In its build script only.
    Build,
}

/// One dependency as the manifest names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The package name, renames undone.
    pub package: String,
    /// When it is there.
    pub need: Need,
    /// The line in the manifest, counted from 1.
    pub line: usize,
}

/// What the rules need from one manifest.
#[derive(Debug, Clone, Default)]
pub struct Manifest {
    /// The package name; empty in a manifest that only holds a workspace.
    pub package: String,
    /// All dependencies, in the order they stand.
    pub dependencies: Vec<Dependency>,
    /// The `path` of every target that states one, with its section's name.
    pub target_paths: Vec<(String, String)>,
    /// The folders named as workspace members.
    pub members: Vec<String>,
    /// Whether it holds a `[workspace]` section.
    pub is_workspace: bool,
    /// Whether it takes the lints of the workspace.
    pub takes_workspace_lints: bool,
    /// Workspace dependencies that rename a package: name in manifests, name of the package.
    pub renames: BTreeMap<String, String>,
}

impl Manifest {
    /// Reads a manifest. A line it does not know is none of its business and passed over.
    pub fn read(text: &str) -> Self {
        let mut manifest = Self::default();
        let mut section = Vec::new();
        for (line, statement) in statements(text) {
            if let Some(header) = statement.strip_prefix('[') {
                section = header_parts(header);
                manifest.enter(&section, line);
            } else if let Some((key, value)) = statement.split_once('=') {
                manifest.set(&section, key.trim(), value.trim(), line);
            }
        }
        manifest
    }

    fn enter(&mut self, section: &[String], line: usize) {
        self.is_workspace |= section.first().is_some_and(|part| part == "workspace");
        if let Some((name, parents)) = section.split_last()
            && let Some(need) = need_of(parents)
        {
            self.dependencies.push(Dependency {
                package: name.clone(),
                need,
                line,
            });
        }
    }

    fn set(&mut self, section: &[String], key: &str, value: &str, line: usize) {
        let parts: Vec<&str> = section.iter().map(String::as_str).collect();
        match (parts.as_slice(), key) {
            (["package"], "name") => unquoted(value).clone_into(&mut self.package),
            (["workspace"], "members") => self.members = quoted_items(value),
            (["lints"], "workspace") => self.takes_workspace_lints = value == "true",
            (["workspace", "dependencies"], name) => {
                if let Some(package) = renamed_package(value) {
                    self.renames.insert(unquoted(name).to_owned(), package);
                }
            }
            (["lib" | "bin" | "test" | "example" | "bench"], "path") => {
                let kind = parts.concat();
                self.target_paths.push((kind, unquoted(value).to_owned()));
            }
            (other, _) => self.set_dependency(other, key, value, line),
        }
    }

    fn set_dependency(&mut self, parts: &[&str], key: &str, value: &str, line: usize) {
        let owned: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        if let Some(need) = need_of(&owned) {
            let name = unquoted(key.split('.').next().unwrap_or(key));
            let package = renamed_package(value).unwrap_or_else(|| name.to_owned());
            self.dependencies.push(Dependency {
                package,
                need,
                line,
            });
        } else if key == "package"
            && let Some((_, parents)) = owned.split_last()
            && need_of(parents).is_some()
            && let Some(last) = self.dependencies.last_mut()
        {
            unquoted(value).clone_into(&mut last.package);
        }
    }
}

/// The statements with the line each starts on: comments gone, arrays over lines joined.
fn statements(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut open = 0_isize;
    for (index, raw) in text.lines().enumerate() {
        let line = without_comment(raw);
        if open > 0
            && let Some((_, statement)) = found.last_mut()
        {
            statement.push_str(line.trim());
        } else if !line.trim().is_empty() {
            found.push((index + 1, line.trim().to_owned()));
        }
        for c in line.chars() {
            open += match c {
                '[' | '{' => 1,
                ']' | '}' => -1,
                _ => 0,
            };
        }
    }
    found
}

fn without_comment(line: &str) -> &str {
    let mut is_quoted = false;
    for (at, c) in line.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            '#' if !is_quoted => return line.get(..at).unwrap_or(line),
            _ => {}
        }
    }
    line
}

/// `target.'cfg(unix)'.dependencies]` as its parts; dots inside quotes do not part.
fn header_parts(header: &str) -> Vec<String> {
    let inside = header.trim_start_matches('[').trim_end_matches(']');
    let mut parts = vec![String::new()];
    let mut is_quoted = false;
    for c in inside.chars() {
        match c {
            '"' | '\'' => is_quoted = !is_quoted,
            '.' if !is_quoted => parts.push(String::new()),
            other => {
                if let Some(last) = parts.last_mut() {
                    last.push(other);
                }
            }
        }
    }
    parts
}

/// The need a section of dependencies stands for; `None` for any other section.
fn need_of(section: &[String]) -> Option<Need> {
    if section.first()? == "workspace" {
        return None;
    }
    match section.last()?.as_str() {
        "dependencies" => Some(Need::Normal),
        "dev-dependencies" => Some(Need::Development),
        "build-dependencies" => Some(Need::Build),
        _ => None,
    }
}

/// The package a dependency's inline table names, if it names one.
fn renamed_package(value: &str) -> Option<String> {
    let (_, behind) = value.split_once("package")?;
    let (_, named) = behind.trim_start().strip_prefix('=')?.split_once('"')?;
    Some(named.split('"').next()?.to_owned())
}

fn unquoted(value: &str) -> &str {
    value.trim().trim_matches(['"', '\''])
}

fn quoted_items(value: &str) -> Vec<String> {
    value
        .split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_to_name_a_dependency_are_read() {
        let manifest = Manifest::read(
            "[package]\nname = \"x\" # why\n[dependencies]\na = \"1\"\nb.workspace = true\n\
             c = { version = \"1\", package = \"real-c\", features = [\n  \"one\",\n] }\n\
             [dev-dependencies]\nd = \"1\"\n[target.'cfg(unix)'.dependencies]\ne = \"1\"\n\
             [build-dependencies.f]\nversion = \"1\"\npackage = \"real-f\"\n\
             [[test]]\nname = \"t\"\npath = \"t/main.rs\"\n[lints]\nworkspace = true\n",
        );
        let names: Vec<&str> = manifest
            .dependencies
            .iter()
            .map(|d| d.package.as_str())
            .collect();
        assert_eq!(names, ["a", "b", "real-c", "d", "e", "real-f"]);
        let needs: Vec<Need> = manifest.dependencies.iter().map(|d| d.need).collect();
        assert_eq!(needs.get(3), Some(&Need::Development));
        assert_eq!(needs.get(5), Some(&Need::Build));
        assert_eq!(
            manifest.target_paths,
            [("test".to_owned(), "t/main.rs".to_owned())]
        );
        assert!(manifest.takes_workspace_lints && !manifest.is_workspace);
    }

    #[test]
    fn a_workspace_tells_its_members_and_renames() {
        let manifest = Manifest::read(
            "[workspace]\nmembers = [\n  \"a\",\n  \"b/c\",\n]\n[workspace.dependencies]\n\
             d = { package = \"e\", version = \"1\" }\n",
        );
        assert!(manifest.is_workspace && manifest.dependencies.is_empty());
        assert_eq!(manifest.members, ["a", "b/c"]);
        assert_eq!(manifest.renames.get("d").map(String::as_str), Some("e"));
    }
}
