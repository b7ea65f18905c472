//! Checks paths into HL7 v2 messages against the dictionary: the newest version that knows them.
//! Segment groups are found in `groups`.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use isthmus_hl7v2::dictionary::{self, Version};
use isthmus_hl7v2::path::{ComponentPath, FieldStep, Hl7Path, Key, KeyValue, PathError, Selector};
use isthmus_hl7v2::resolve::{PathProblem, ResolvedField};
use isthmus_hl7v2::segment_name::SegmentName;

use crate::codes;
use crate::compile::compiler::Compiler;
use crate::compile::scope::Scope;
use crate::compile::source_path::SourcePath;
use crate::compile::trace::{ReadPath, SourceRead};
use crate::functions::call::Kind;
use crate::plan_path::{PathPlan, Pick, SegmentPlan};
use crate::reads::Purpose;
use crate::span::Word;

/// A datatype whose content another field decides (OBX-5).
const VARIES: &str = "varies";

/// The versions of HL7 v2, newest first.
pub fn newest_first() -> impl Iterator<Item = &'static Version> {
    dictionary::versions()
        .iter()
        .rev()
        .filter_map(|id| dictionary::version(id))
}

/// Whether the newest version has the datatype and it has no components there. Asked first, so
/// that older versions, which cost memory, are only read for what the newest does not have.
fn is_simple(name: &str) -> bool {
    static USED: OnceLock<HashSet<&'static str>> = OnceLock::new();
    let used = USED.get_or_init(|| {
        let newest = newest_first().next();
        let segments = newest.into_iter().flat_map(Version::segments);
        let fields = segments.flat_map(|segment| &segment.fields);
        let types = newest.into_iter().flat_map(Version::datatypes);
        let components = types.flat_map(|datatype| &datatype.components);
        fields
            .chain(components)
            .filter_map(|one| one.datatype)
            .collect()
    });
    let newest = newest_first().next();
    used.contains(name) && newest.is_some_and(|newest| newest.datatype(name).is_none())
}

/// The name of a datatype as the dictionary has it, with or without components.
pub fn datatype(name: &str) -> Option<&'static str> {
    newest_first().find_map(|version| {
        let composite = version.datatype(name).map(|found| found.name);
        let fields = version
            .segments()
            .iter()
            .flat_map(|segment| &segment.fields);
        let mut used = fields.filter_map(|field| field.datatype);
        composite.or_else(|| used.find(|used| *used == name))
    })
}

/// The component of a datatype that a relative path names.
fn component(
    datatype: &'static str,
    path: ComponentPath,
) -> Result<ResolvedField, Option<PathProblem>> {
    if is_simple(datatype) {
        let newest = newest_first().next().ok_or(None)?;
        return newest.resolve_component(datatype, &path).map_err(Some);
    }
    let mut first = None;
    let mut known = newest_first()
        .filter(|version| version.datatype(datatype).is_some())
        .peekable();
    if known.peek().is_none() {
        let newest = newest_first().next().ok_or(None)?;
        return newest.resolve_component(datatype, &path).map_err(Some);
    }
    for version in known {
        match version.resolve_component(datatype, &path) {
            Ok(found) => return Ok(found),
            Err(problem) => first = first.or(Some(problem)),
        }
    }
    Err(first)
}

/// The way from a datatype to its first leaf: how many levels of components are below it.
fn levels(datatype: Option<&'static str>) -> usize {
    let of = |name: &'static str| {
        if is_simple(name) {
            return None;
        }
        newest_first()
            .find_map(|version| version.datatype(name))
            .and_then(|found| {
                let first = found.component(1)?;
                Some(first.datatype)
            })
    };
    match datatype.and_then(of) {
        None => 0,
        Some(inner) => 1 + usize::from(inner.and_then(of).is_some()),
    }
}

/// The path of the first leaf below a path.
fn first_leaf(read: &ReadPath, datatype: Option<&'static str>) -> ReadPath {
    let subcomponent = (levels(datatype) > 1).then_some(1);
    match levels(datatype) {
        0 => read.clone(),
        _ => ReadPath::Relative(Some(ComponentPath {
            component: 1,
            subcomponent,
        }))
        .onto(read),
    }
}

fn pick(selector: Option<&Selector>) -> Pick {
    match selector {
        None | Some(Selector::Each) => Pick::All,
        Some(Selector::Index(index)) => Pick::Index(usize::from(*index)),
        Some(Selector::From(index)) => Pick::From(usize::from(*index)),
        Some(Selector::Keys(keys)) => {
            let key = |key: &Key| (key.place.clone(), key_text(&key.value).to_owned());
            Pick::Keys(keys.iter().map(key).collect())
        }
    }
}

fn key_text(value: &KeyValue) -> &str {
    match value {
        KeyValue::Text(text) | KeyValue::Code(text) | KeyValue::Constant(text) => text,
    }
}

/// What the brackets of a path compare.
fn key_reads(path: &Hl7Path) -> Vec<SourceRead> {
    let field_keys = path
        .field
        .as_ref()
        .and_then(|field| field.selector.as_ref());
    let below = |place: &[u16], field: Option<u16>| {
        let mut numbers = field.into_iter().chain(place.iter().copied());
        let number = numbers.next()?;
        let component = numbers.next().map(|component| ComponentPath {
            component,
            subcomponent: numbers.next(),
        });
        let field = Some(FieldStep {
            number,
            selector: None,
        });
        Some(Hl7Path {
            field,
            component,
            ..path.clone()
        })
    };
    let of = |selector: Option<&Selector>, field: Option<u16>| -> Vec<SourceRead> {
        let Some(Selector::Keys(keys)) = selector else {
            return Vec::new();
        };
        let paths = keys.iter().filter_map(|key| below(&key.place, field));
        let plain = paths.map(|mut path| {
            path.segment.selector = None;
            SourceRead {
                path: ReadPath::Segment(path),
                purpose: Purpose::Key,
            }
        });
        plain.collect()
    };
    let mut reads = of(path.segment.selector.as_ref(), None);
    reads.extend(of(
        field_keys,
        path.field.as_ref().map(|field| field.number),
    ));
    reads
}

impl Compiler<'_> {
    /// Checks a path into a message, or one relative to the value that the block is about.
    pub fn segment_path(&mut self, word: &Word, scope: &Scope) -> Option<SourcePath> {
        let text = self.with_constants(word)?;
        if text.starts_with('.') {
            return self.relative_path(word, &text, scope);
        }
        let path = match Hl7Path::parse(&text) {
            Ok(path) => path,
            Err(fault) => return self.unreadable(word, &text, &fault),
        };
        let name = path.segment.name;
        if name.is_local() && self.plan.rules.local_segment(name).is_none() {
            let message = format!("{name} is not defined, and HL7 does not define it");
            let help = format!(
                "say in the header where it stands: define segment {name} after PID, and below it \
                 its fields, such as: 2 CWE \"Preferred pharmacy\""
            );
            self.fault_with(word.span, codes::Z_SEGMENT, message, help);
            return None;
        }
        let found = self.field(word, &path)?;
        let groups = self.group_path(word, &path)?;
        let plan = SegmentPlan {
            groups,
            slot: self.slot(path.segment.name),
            segment: pick(path.segment.selector.as_ref()),
            field: path.field.as_ref().map(|field| field.number),
            repetition: pick(
                path.field
                    .as_ref()
                    .and_then(|field| field.selector.as_ref()),
            ),
            component: path.component.map(|component| component.component),
            subcomponent: path.component.and_then(|component| component.subcomponent),
            whole: found.datatype == Some(VARIES) && path.component.is_none(),
        };
        let unpicked = path
            .field
            .as_ref()
            .is_some_and(|field| field.selector.is_none());
        let keys = key_reads(&path);
        let complex = path.field.is_none();
        let read = ReadPath::Segment(path);
        Some(SourcePath {
            plan: PathPlan::Segment(plan),
            leaf: first_leaf(&read, found.datatype),
            read,
            keys,
            datatype: found.datatype,
            kind: Kind::Text,
            complex,
            repeats: found.repeats && unpicked,
        })
    }

    fn relative_path(&mut self, word: &Word, text: &str, scope: &Scope) -> Option<SourcePath> {
        let path = if text == "." {
            None
        } else {
            match ComponentPath::parse(text) {
                Ok(path) => Some(path),
                Err(fault) => return self.unreadable(word, text, &fault),
            }
        };
        let Some(current) = &scope.current else {
            let message = "a path that starts with a dot stands in a `type`, or below `per` of a \
                           field";
            self.fault(word.span, codes::PATH, message);
            return None;
        };
        let (datatype, base) = (current.datatype, current.base.clone());
        let datatype = match (datatype, path) {
            (Some(datatype), Some(path)) => match component(datatype, path) {
                Ok(found) => found.datatype,
                Err(problem) => {
                    let words = problem.map_or_else(String::new, |problem| problem.to_string());
                    self.fault(word.span, codes::FIELD, words);
                    return None;
                }
            },
            (known, None) => known,
            (None, Some(_)) => None,
        };
        let read = ReadPath::Relative(path).onto(&base);
        Some(SourcePath {
            plan: PathPlan::Relative(path.map(|path| (path.component, path.subcomponent))),
            leaf: first_leaf(&read, datatype),
            read,
            keys: Vec::new(),
            datatype,
            kind: Kind::Text,
            complex: false,
            repeats: false,
        })
    }

    fn unreadable<T>(&mut self, word: &Word, text: &str, fault: &PathError) -> Option<T> {
        let span = Self::inside(word, text, fault.span.start, fault.span.end);
        self.fault(span, codes::PATH, fault.message);
        None
    }

    /// What the newest version that has the path says of it.
    fn field(&mut self, word: &Word, path: &Hl7Path) -> Option<ResolvedField> {
        let mut first = None;
        let rules = Arc::clone(&self.plan.rules);
        for version in newest_first() {
            match version.resolve_with(path, &rules) {
                Ok(found) => return Some(found),
                Err(problem) => first = first.or(Some(problem)),
            }
        }
        let help = match &first {
            Some(PathProblem::Segment {
                candidates,
                segment,
                ..
            }) => {
                let names = candidates.iter().map(SegmentName::as_str);
                isthmus_fhir::spelling::nearest(segment.as_str(), names)
                    .first()
                    .copied()
            }
            Some(PathProblem::Field { .. } | PathProblem::Component { .. }) | None => None,
        };
        let words = first.as_ref().map_or_else(String::new, ToString::to_string);
        match help {
            Some(near) => {
                let help = format!("did you mean `{near}`?");
                self.fault_with(word.span, codes::FIELD, words, help);
            }
            None => self.fault(word.span, codes::FIELD, words),
        }
        None
    }
}
