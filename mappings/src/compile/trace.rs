//! Reads and lineage while a map is compiled: paths inside a type are still relative here and are
//! put onto the source of each cast. The finished form is `reads`.

use isthmus_fhir::path::syntax::ElementPath;
use isthmus_hl7v2::path::{ComponentPath, Hl7Path};

use crate::problem::RowPlace;
use crate::reads::{MapLineage, MapRead, Purpose, Trace};

/// A path that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadPath {
    /// In the message.
    Segment(Hl7Path),
    /// Below the value that a type is about; none is the value as a whole.
    Relative(Option<ComponentPath>),
    /// In a resource, rooted at its type.
    Element(ElementPath),
}

/// A read and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRead {
    /// The path.
    pub path: ReadPath,
    /// Why.
    pub purpose: Purpose,
}

/// One target and what it is made of.
#[derive(Debug, Clone)]
pub struct SourceLineage {
    /// The target path, relative to the block.
    pub target: String,
    /// What its value comes from.
    pub sources: Vec<SourceRead>,
    /// The functions it passes.
    pub functions: Vec<String>,
    /// What decides about it.
    pub conditions: Vec<SourceRead>,
    /// The row.
    pub place: RowPlace,
}

/// Reads and lineage of a map or type.
#[derive(Debug, Clone, Default)]
pub struct SourceTrace {
    /// Every read.
    pub reads: Vec<(SourceRead, RowPlace)>,
    /// Every target.
    pub lineage: Vec<SourceLineage>,
    /// Every consent asked for.
    pub consents: Vec<String>,
}

impl ReadPath {
    /// A relative path put onto the path of a cast's source.
    #[must_use]
    pub fn onto(&self, base: &Self) -> Self {
        let Self::Relative(Some(own)) = self else {
            return if matches!(self, Self::Relative(None)) {
                base.clone()
            } else {
                self.clone()
            };
        };
        match base {
            Self::Segment(path) => {
                let mut path = path.clone();
                path.component = Some(below(path.component, *own));
                Self::Segment(path)
            }
            Self::Relative(outer) => Self::Relative(Some(below(*outer, *own))),
            Self::Element(path) => Self::Element(path.clone()),
        }
    }
}

/// Component numbers counted from a field, a component or a subcomponent.
fn below(base: Option<ComponentPath>, own: ComponentPath) -> ComponentPath {
    match base {
        None => own,
        Some(ComponentPath {
            component,
            subcomponent: None,
        }) => ComponentPath {
            component,
            subcomponent: Some(own.component),
        },
        Some(whole) => whole,
    }
}

impl SourceRead {
    /// The same read put onto the path of a cast's source.
    #[must_use]
    pub fn onto(&self, base: &ReadPath) -> Self {
        Self {
            path: self.path.onto(base),
            purpose: self.purpose,
        }
    }

    fn finished(&self, place: &RowPlace) -> MapRead {
        let (path, element) = match &self.path {
            ReadPath::Segment(path) => (path.to_string(), None),
            ReadPath::Relative(Some(path)) => (path.to_string(), None),
            ReadPath::Relative(None) => (String::from("."), None),
            ReadPath::Element(path) => (path.to_string(), Some(path.clone())),
        };
        MapRead {
            path,
            element,
            purpose: self.purpose,
            place: place.clone(),
        }
    }
}

impl SourceTrace {
    /// The finished form.
    pub fn finished(&self) -> Trace {
        let mut trace = Trace::default();
        for (read, place) in &self.reads {
            trace.note(read.finished(place));
        }
        for one in &self.lineage {
            let all = |reads: &[SourceRead]| reads.iter().map(|r| r.finished(&one.place)).collect();
            trace.lineage.push(MapLineage {
                target: one.target.clone(),
                sources: all(&one.sources),
                functions: one.functions.clone(),
                conditions: all(&one.conditions),
                place: one.place.clone(),
            });
        }
        trace.consents.clone_from(&self.consents);
        trace
    }
}
