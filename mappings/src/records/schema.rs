//! The JSON Schema of one kind of record, as far as the gateway reads it: version, key, properties.
//! Which schemas there are is known to `schemas`; records are not validated at run time.

use isthmus_fhir::element::{Element, Object};
use isthmus_fhir::json::error::JsonError;
use isthmus_fhir::json::limits::Limits;
use isthmus_fhir::json::reader::read;
use isthmus_fhir::spelling::nearest;

/// The member that tells version and key.
const OWN: &str = "x-isthmus";

/// The schema of one kind of record.
#[derive(Debug, Clone)]
pub struct RecordSchema {
    name: String,
    text: String,
    tree: Element,
    facts: Facts,
}

#[derive(Debug, Clone)]
struct Facts {
    id: String,
    title: String,
    major: u32,
    minor: u32,
    key: String,
}

/// Why a text is no schema of a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// It is no JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// It lacks something, or has it in another form.
    #[error("{0}")]
    Lacks(String),
}

/// Why a path names nothing that a record holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misplaced {
    /// Which name of the path, from 0.
    pub at: usize,
    /// What is wrong, lower case, without a full stop.
    pub message: String,
    /// How to mend it.
    pub help: String,
}

impl RecordSchema {
    /// Reads the schema called `name`.
    ///
    /// # Errors
    /// When the text is no JSON, or lacks what a schema of records has: `$id`, `title`, the type
    /// `object`, and version and key in `x-isthmus`.
    pub fn read(name: &str, text: &str) -> Result<Self, SchemaError> {
        let tree = read(text.as_bytes(), Limits::default())?;
        let facts = facts(&tree)?;
        Ok(Self {
            name: name.to_owned(),
            text: text.to_owned(),
            tree,
            facts,
        })
    }

    /// The kind of record, as in `to record KIND`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The schema's `$id`, which events name as their `dataschema`.
    pub fn id(&self) -> &str {
        &self.facts.id
    }

    /// The schema's title.
    pub fn title(&self) -> &str {
        &self.facts.title
    }

    /// The version as `major.minor`.
    pub fn version(&self) -> String {
        format!("{}.{}", self.facts.major, self.facts.minor)
    }

    /// The major version: within one, properties are only added.
    pub const fn major(&self) -> u32 {
        self.facts.major
    }

    /// The property that tells records apart.
    pub fn key(&self) -> &str {
        &self.facts.key
    }

    /// The file's text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The schema as a tree.
    pub const fn tree(&self) -> &Element {
        &self.tree
    }

    /// Whether a map may write the property that these names lead to. Below an object that names
    /// no properties every name is one.
    ///
    /// # Errors
    /// When there is no such property, or it holds others and no value.
    pub fn check(&self, names: &[&str]) -> Result<(), Misplaced> {
        let mut node = &self.tree;
        for (at, name) in names.iter().enumerate() {
            let above = names.get(..at).unwrap_or_default();
            let misplaced = |message, help| Misplaced { at, message, help };
            let Some(properties) = properties(node) else {
                if is_object(node) {
                    return Ok(());
                }
                let above = above.join(".");
                let message = format!("`{above}` of `{}` is a single value", self.name);
                return Err(misplaced(message, format!("write `{above}`")));
            };
            node = properties.get(name).ok_or_else(|| {
                let message = match above {
                    [] => format!("`{}` has no property `{name}`", self.name),
                    _ => format!(
                        "`{}` of `{}` has no property `{name}`",
                        above.join("."),
                        self.name
                    ),
                };
                misplaced(message, self.suggestion(above, name, properties))
            })?;
        }
        let Some(inner) = properties(node) else {
            return Ok(());
        };
        let path = names.join(".");
        let inner: Vec<String> = inner
            .members()
            .map(|(name, _)| joined(&path, name))
            .collect();
        Err(Misplaced {
            at: names.len().saturating_sub(1),
            message: format!("`{path}` of `{}` holds properties and no value", self.name),
            help: format!("write one of {}", inner.join(", ")),
        })
    }

    /// The nearest name beside it, else the same or the nearest name elsewhere, else all beside it.
    fn suggestion(&self, above: &[&str], name: &str, beside: &Object) -> String {
        let above = above.join(".");
        let known = || beside.members().map(|(known, _)| known.as_str());
        if let Some(near) = nearest(name, known()).first() {
            return format!("did you mean `{}`?", joined(&above, near));
        }
        let paths = self.paths();
        let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
        let elsewhere = paths.iter().find(|path| last(path) == name).or_else(|| {
            let lasts: Vec<String> = paths.iter().map(|path| last(path)).collect();
            let near = nearest(name, lasts.iter().map(String::as_str));
            let near = near.first()?;
            paths.iter().find(|path| last(path) == *near)
        });
        match elsewhere {
            Some(path) => format!("did you mean `{path}`?"),
            None => format!(
                "known are {}; a new one is added to records/{}.schema.json first",
                known().collect::<Vec<_>>().join(", "),
                self.name
            ),
        }
    }

    /// The dotted paths of all properties that hold a value, in the order of the schema.
    pub fn paths(&self) -> Vec<String> {
        let mut found = Vec::new();
        descend(&self.tree, "", &mut found);
        found
    }
}

fn descend(node: &Element, path: &str, found: &mut Vec<String>) {
    match properties(node) {
        Some(inner) => {
            for (name, node) in inner.members() {
                descend(node, &joined(path, name), found);
            }
        }
        None => found.push(path.to_owned()),
    }
}

fn joined(above: &str, name: &str) -> String {
    if above.is_empty() {
        name.to_owned()
    } else {
        format!("{above}.{name}")
    }
}

fn properties(node: &Element) -> Option<&Object> {
    node.get("properties").and_then(Element::as_object)
}

/// Whether a schema allows objects: one without a type allows everything.
fn is_object(node: &Element) -> bool {
    node.get("type")
        .is_none_or(|one| one.as_str() == Some("object"))
}

fn facts(tree: &Element) -> Result<Facts, SchemaError> {
    let lacks = |what: &str| SchemaError::Lacks(what.to_owned());
    let text = |node: &Element, name: &str| {
        let text = node.get(name).and_then(Element::as_str);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    if text(tree, "type").as_deref() != Some("object") {
        return Err(lacks("a record is an object: write `\"type\": \"object\"`"));
    }
    let own = tree
        .get(OWN)
        .ok_or_else(|| lacks("there is no `x-isthmus` with version and key"))?;
    let version = text(own, "version").ok_or_else(|| lacks("`x-isthmus` has no version"))?;
    let (major, minor) = version
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)))
        .ok_or_else(|| lacks("the version of `x-isthmus` is not MAJOR.MINOR, such as \"1.0\""))?;
    let key = text(own, "key").ok_or_else(|| lacks("`x-isthmus` has no key"))?;
    if properties(tree).is_some_and(|known| known.get(&key).is_none()) {
        return Err(SchemaError::Lacks(format!(
            "the key `{key}` is no property"
        )));
    }
    Ok(Facts {
        id: text(tree, "$id").ok_or_else(|| lacks("there is no `$id`"))?,
        title: text(tree, "title").ok_or_else(|| lacks("there is no title"))?,
        major,
        minor,
        key,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r#"{"$id": "urn:x", "title": "X", "type": "object",
        "x-isthmus": {"version": "1.2", "key": "id"}, "properties": {"id": {"type": "string"},
        "name": {"type": "object", "properties": {"given": {"type": "string"}}},
        "more": {"type": "object"}}}"#;

    fn help(names: &[&str]) -> String {
        let schema = RecordSchema::read("x", SCHEMA).unwrap();
        schema.check(names).unwrap_err().help
    }

    #[test]
    fn properties_are_looked_up_by_path() {
        let schema = RecordSchema::read("x", SCHEMA).unwrap();
        assert_eq!((schema.version(), schema.key()), ("1.2".to_owned(), "id"));
        assert_eq!(schema.paths(), ["id", "name.given", "more"]);
        for names in [&["id"][..], &["name", "given"], &["more", "at", "will"]] {
            assert_eq!(schema.check(names), Ok(()), "{names:?}");
        }
        assert_eq!(help(&["ids"]), "did you mean `id`?");
        assert_eq!(help(&["name", "givn"]), "did you mean `name.given`?");
        assert_eq!(help(&["given"]), "did you mean `name.given`?");
        assert_eq!(help(&["id", "part"]), "write `id`");
        assert_eq!(help(&["name"]), "write one of name.given");
        assert!(help(&["telephone"]).starts_with("known are id, name, more;"));
    }

    #[test]
    fn what_is_no_schema_is_told() {
        for (from, to) in [
            ("\"1.2\"", "\"1\""),
            ("\"key\": \"id\"", "\"key\": \"od\""),
            ("\"$id\"", "\"id\""),
            ("\"title\"", "\"titel\""),
            ("\"type\": \"object\",\n", "\"type\": \"string\",\n"),
            ("x-isthmus", "isthmus"),
            ("}}}", "}"),
        ] {
            let text = SCHEMA.replacen(from, to, 1);
            assert!(RecordSchema::read("x", &text).is_err(), "{to}");
        }
    }
}
