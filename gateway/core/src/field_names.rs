//! The names of what a record or resource has, for the ledger and for people who ask why; never a
//! value. What is granted is decided in `privacy`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use isthmus_fhir::element::Element;
use isthmus_fhir::json::limits::Limits;
use isthmus_fhir::json::reader::read;
use isthmus_fhir::resource::Resource;

/// Names in one list at most; what is beyond is told as one more name, [`MORE`].
const NAMES_MAX: usize = 400;
/// Deeper elements are told by the name above them.
const DEPTH_MAX: usize = 16;
/// Stands for the names beyond the bound.
pub const MORE: &str = "...";

/// The dotted names of the values of a record, which is a JSON object; each once, in order.
pub fn of_record(json: &[u8]) -> Vec<String> {
    let mut names = BTreeMap::new();
    if let Ok(record) = read(json, Limits::default()) {
        walk(&record, &mut String::new(), 0, &mut names);
    }
    bounded(names.into_keys())
}

/// What the resources of a message have, counted once and held against what each flow grants.
#[derive(Debug, Default)]
pub struct Present {
    /// By path from the resource type on: how many values.
    values: BTreeMap<String, u32>,
}

impl Present {
    /// What these resources have. Two of a type are counted together.
    pub fn of(resources: &[Resource]) -> Self {
        let mut values = BTreeMap::new();
        for resource in resources {
            let mut path = resource.resource_type().to_owned();
            for (name, element) in resource.object().members() {
                if name != "resourceType" {
                    step(element, name, &mut path, 1, &mut values);
                }
            }
        }
        Self { values }
    }

    /// What is here and not, or less often, in what was granted: each by the shortest path of which
    /// nothing was granted, so a resource of which nothing was is told by its type alone. What was
    /// coarsened counts as granted.
    pub fn beyond(&self, granted: &Self) -> Vec<String> {
        let mut names = BTreeSet::new();
        for (path, count) in &self.values {
            if granted.values.get(path) >= Some(count) {
                continue;
            }
            let dots = path.match_indices('.').map(|(at, _)| at);
            let mut shorter = dots.filter_map(|at| path.get(..at));
            let name = shorter.find(|shorter| !granted.has_below(shorter));
            names.insert(name.unwrap_or(path).to_owned());
        }
        bounded(names.into_iter())
    }

    /// Whether there is a value at or below a path.
    fn has_below(&self, path: &str) -> bool {
        let from = (Bound::Included(path), Bound::Unbounded);
        let mut following = self.values.range::<str, _>(from);
        // `.` sorts before every character of a name, so what lies below follows at once.
        following.next().is_some_and(|(found, _)| {
            let rest = found.strip_prefix(path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }
}

fn walk(element: &Element, path: &mut String, depth: usize, values: &mut BTreeMap<String, u32>) {
    match element {
        Element::Object(object) if depth < DEPTH_MAX => {
            for (name, element) in object.members() {
                step(element, name, path, depth + 1, values);
            }
        }
        Element::Array(elements) => {
            for element in elements {
                walk(element, path, depth, values);
            }
        }
        Element::Null => {}
        Element::Object(_) | Element::Boolean(_) | Element::Number(_) | Element::String(_) => {
            if let Some(count) = values.get_mut(path.as_str()) {
                *count += 1;
            } else if values.len() <= NAMES_MAX * 2 {
                values.insert(path.clone(), 1);
            }
        }
    }
}

/// Walks a member. A name that is no name of an element could hold anything: it is not told.
fn step(
    element: &Element,
    name: &str,
    path: &mut String,
    depth: usize,
    values: &mut BTreeMap<String, u32>,
) {
    let length = path.len();
    if !path.is_empty() {
        path.push('.');
    }
    let is_name = name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    path.push_str(if is_name { name } else { "(unknown)" });
    walk(element, path, depth, values);
    path.truncate(length);
}

fn bounded(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.take(NAMES_MAX + 1).collect();
    if let Some(last) = names.get_mut(NAMES_MAX) {
        MORE.clone_into(last);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(json: &str) -> Resource {
        let Element::Object(object) = read(json.as_bytes(), Limits::default()).unwrap() else {
            panic!("no object");
        };
        Resource::try_from(object).unwrap()
    }

    #[test]
    fn a_record_is_told_by_its_names() {
        let record = br#"{"id":"1","name":{"given":"A"},"lines":["x","y"],"none":null}"#;
        assert_eq!(of_record(record), ["id", "lines", "name.given"]);
    }

    #[test]
    fn what_is_not_granted_is_told_by_path_or_type() {
        let all = [
            resource(
                r#"{"resourceType":"Patient","id":"1","telecom":[{"value":"a"},{"value":"b"}],
                    "name":[{"family":"F","given":["G"]}],
                    "contact":[{"name":{"family":"H"},"gender":"male"}]}"#,
            ),
            resource(r#"{"resourceType":"Encounter","id":"2"}"#),
        ];
        let granted = [resource(
            r#"{"resourceType":"Patient","telecom":[{"value":"a"}],"name":[{"given":["G"]}]}"#,
        )];
        assert_eq!(
            Present::of(&all).beyond(&Present::of(&granted)),
            [
                "Encounter",
                "Patient.contact",
                "Patient.id",
                "Patient.name.family",
                "Patient.telecom.value"
            ]
        );
        assert_eq!(
            Present::of(&all).beyond(&Present::default()),
            ["Encounter", "Patient"]
        );
    }
}
