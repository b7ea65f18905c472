//! `NameLists`, the names of fields that the ledger keeps, listed once for all records that have
//! the same fields; what belongs into a list is told in `field_names`.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use isthmus_fhir::element::Element;
use isthmus_fhir::resource::Resource;

use crate::field_names::{Present, of_record};

/// Lists that are kept; one more, and all are forgotten.
const LISTS_MAX: usize = 2_048;

/// Names, shared by the entries that have the same.
pub type Names = Arc<[String]>;

/// Lists of names by what records have: the same fields, as often, give the same print. A print is
/// keyed anew in every process, so nobody can make two that collide.
#[derive(Debug, Default)]
pub struct NameLists {
    keyed: RandomState,
    lists: Mutex<HashMap<(u64, u64), Names>>,
}

/// What resources have, as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Print(u64);

impl NameLists {
    /// The print of what these resources have.
    pub fn print(&self, resources: &[Resource]) -> Print {
        let mut sum: u64 = 1;
        for resource in resources {
            let root = self.below(0, resource.resource_type());
            for (name, element) in resource.object().members() {
                self.add(element, self.below(root, name), &mut sum);
            }
        }
        Print(sum)
    }

    /// What these resources have and the granted ones do not.
    pub fn withheld(&self, all: (&[Resource], Print), granted: &[Resource]) -> Names {
        let (resources, print) = all;
        let granted_print = self.print(granted);
        self.list((print.0, granted_print.0), || {
            Present::of(resources).beyond(&Present::of(granted))
        })
    }

    /// The names of a record, which is a JSON object as our own writer writes it.
    pub fn of_record(&self, json: &[u8]) -> Names {
        self.list((0, self.print_of_json(json)), || of_record(json))
    }

    fn list(&self, of: (u64, u64), make: impl FnOnce() -> Vec<String>) -> Names {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(names) = lists.get(&of) {
            return Arc::clone(names);
        }
        if lists.len() >= LISTS_MAX {
            lists.clear();
        }
        let names: Names = make().into();
        lists.insert(of, Arc::clone(&names));
        names
    }

    fn below(&self, above: u64, name: &str) -> u64 {
        let mut hasher = self.keyed.build_hasher();
        hasher.write_u64(above);
        hasher.write(name.as_bytes());
        hasher.finish()
    }

    /// Adds the values of an element; their order says nothing.
    fn add(&self, element: &Element, path: u64, sum: &mut u64) {
        match element {
            Element::Object(object) => {
                for (name, element) in object.members() {
                    self.add(element, self.below(path, name), sum);
                }
            }
            Element::Array(elements) => {
                for element in elements {
                    self.add(element, path, sum);
                }
            }
            Element::Null => {}
            Element::Boolean(_) | Element::Number(_) | Element::String(_) => {
                *sum = sum.wrapping_add(path);
            }
        }
    }

    /// A print of the names of a JSON text in their order, read without making a tree. Texts that
    /// differ in structure alone have different prints; what is no JSON has some.
    fn print_of_json(&self, json: &[u8]) -> u64 {
        let mut hasher = self.keyed.build_hasher();
        let mut rest = json;
        while let Some((&byte, behind)) = rest.split_first() {
            rest = behind;
            match byte {
                // `n` outside a text begins `null`, which is no value.
                b'{' | b'}' | b'[' | b']' | b',' | b'n' => hasher.write_u8(byte),
                b'"' => {
                    let (text, behind) = text(behind);
                    rest = behind;
                    if rest.first() == Some(&b':') {
                        hasher.write(text);
                        hasher.write_u8(b':');
                    }
                }
                _ => {}
            }
        }
        hasher.finish()
    }
}

/// The inside of a JSON string whose opening quote was read, and what stands behind it.
fn text(json: &[u8]) -> (&[u8], &[u8]) {
    let mut escaped = false;
    let end = json.iter().position(|&byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    let end = end.unwrap_or(json.len());
    let (inside, behind) = json.split_at(end);
    (inside, behind.get(1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &Names) -> Vec<&str> {
        names.iter().map(String::as_str).collect()
    }

    #[test]
    fn records_with_the_same_fields_share_a_list_and_others_do_not() {
        let lists = NameLists::default();
        let one = lists.of_record(br#"{"id":"1","name":{"given":"A \"x\": b"}}"#);
        assert_eq!(names(&one), ["id", "name.given"]);
        let same = lists.of_record(br#"{"id":"2","name":{"given":"C"}}"#);
        assert!(Arc::ptr_eq(&one, &same));
        for other in [
            &br#"{"id":"1","name":{"family":"A"}}"#[..],
            br#"{"id":"1","name":null}"#,
            br#"{"id":"1","given":"A"}"#,
            br#"{"id":"\"name\":","x":1}"#,
        ] {
            assert!(!Arc::ptr_eq(&one, &lists.of_record(other)));
            assert_eq!(names(&lists.of_record(other)), of_record(other));
        }
    }

    #[test]
    fn lists_are_forgotten_when_there_are_many() {
        let lists = NameLists::default();
        for number in 0..LISTS_MAX * 3 {
            let record = format!("{{\"f{number}\":1}}");
            assert_eq!(lists.of_record(record.as_bytes()).len(), 1);
        }
        assert!(lists.lists.lock().unwrap().len() <= LISTS_MAX);
    }
}
