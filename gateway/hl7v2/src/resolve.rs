//! Checks paths against the dictionary: which datatype stands at a path, and where a path goes
//! astray. Reading paths is done in `path_parser`; spelling suggestions are the caller's.

use thiserror::Error;

use crate::definition::{Cardinality, ElementDefinition, SegmentDefinition};
use crate::dictionary::Version;
use crate::grouping_rules::GroupingRules;
use crate::local_segment::LocalSegment;
use crate::path::{ComponentPath, Hl7Path};
use crate::segment_name::SegmentName;

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResolvedField {
    /// The name of the field or component; none when the path names a whole segment or a field of
    /// a local one.
    pub name: Option<&'static str>,
    /// The datatype at the end of the path; none for a whole segment and for withdrawn elements,
    /// `varies` at and below a field whose datatype another field decides (OBX-5).
    pub datatype: Option<&'static str>,
    /// Whether the field repeats; components never do.
    pub repeats: bool,
    /// How often the field or component may stand at its place; none for a whole segment.
    pub cardinality: Option<Cardinality>,
    /// The number of the HL7 table its codes come from.
    pub table: Option<u16>,
}

/// Why a path does not exist in a version.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PathProblem {
    /// The segment.
    #[error("version {version} has no segment {segment}; define it or correct the name")]
    Segment {
        /// The name in the path.
        segment: SegmentName,
        /// The version asked.
        version: &'static str,
        /// The names it has.
        candidates: Vec<SegmentName>,
    },
    /// The field.
    #[error("{segment} has no field {field} in version {version}; its last is {last}")]
    Field {
        /// The segment.
        segment: SegmentName,
        /// The field number in the path.
        field: u16,
        /// The version asked.
        version: &'static str,
        /// The highest number it has.
        last: u16,
    },
    /// The component or subcomponent.
    #[error("datatype {datatype} has no {step} {number} in version {version}; its last is {last}")]
    Component {
        /// Whether the component or the subcomponent is at fault.
        step: Step,
        /// The datatype it was looked for in.
        datatype: &'static str,
        /// The number in the path.
        number: u16,
        /// The version asked.
        version: &'static str,
        /// The highest number it has; 1 for a datatype without components.
        last: u16,
    },
}

/// A step of a path below the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The component.
    Component,
    /// The subcomponent.
    Subcomponent,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Component => "component",
            Self::Subcomponent => "subcomponent",
        })
    }
}

const VARIES: &str = "varies";

static NO_RULES: GroupingRules = GroupingRules::none();

/// A segment, whoever defined it.
enum Known<'d> {
    Standard(&'d SegmentDefinition),
    Local(&'d LocalSegment),
}

impl Known<'_> {
    fn field(&self, number: u16) -> Option<ResolvedField> {
        match self {
            Self::Standard(segment) => segment.field(number).map(resolved),
            Self::Local(segment) => segment.field(number).map(|field| ResolvedField {
                name: None,
                datatype: Some(field.datatype),
                repeats: false,
                cardinality: Some(field.cardinality),
                table: field.table,
            }),
        }
    }

    /// The highest field number; 0 when there is no field.
    fn last(&self) -> u16 {
        match self {
            Self::Standard(segment) => segment.fields.last().map_or(0, |field| field.number),
            Self::Local(segment) => segment.fields().last().map_or(0, |field| field.number),
        }
    }
}

impl Version {
    /// What stands at `path` in this version. Groups and brackets play no part in it.
    ///
    /// # Errors
    /// The first step that does not exist, see [`PathProblem`].
    pub fn resolve(&self, path: &Hl7Path) -> Result<ResolvedField, PathProblem> {
        self.resolve_with(path, &NO_RULES)
    }

    /// What stands at `path` in this version or in the local segments of a sender. The name of a
    /// local segment's field is not in the answer; its [`LocalSegment`] has it.
    ///
    /// # Errors
    /// The first step that does not exist, see [`PathProblem`].
    pub fn resolve_with(
        &self,
        path: &Hl7Path,
        rules: &GroupingRules,
    ) -> Result<ResolvedField, PathProblem> {
        let name = path.segment.name;
        let known = match (self.segment(name.as_str()), rules.local_segment(name)) {
            (_, Some(local)) => Known::Local(local),
            (Some(segment), None) => Known::Standard(segment),
            (None, None) => return Err(self.no_segment(name, rules)),
        };
        let Some(step) = &path.field else {
            return Ok(ResolvedField {
                name: None,
                datatype: None,
                repeats: false,
                cardinality: None,
                table: None,
            });
        };
        let field = known.field(step.number).ok_or_else(|| PathProblem::Field {
            segment: name,
            field: step.number,
            version: self.id(),
            last: known.last(),
        })?;
        let repeats = field.cardinality.is_some_and(|one| one.repeats());
        let found = match (&path.component, field.datatype) {
            (Some(component), Some(datatype)) => self.resolve_component(datatype, component)?,
            (Some(_), None) | (None, _) => field,
        };
        Ok(ResolvedField { repeats, ..found })
    }

    fn no_segment(&self, segment: SegmentName, rules: &GroupingRules) -> PathProblem {
        let own = self.segments().iter().map(|segment| segment.name);
        let local = rules.local_segments().iter().map(LocalSegment::name);
        PathProblem::Segment {
            segment,
            version: self.id(),
            candidates: own.chain(local).collect(),
        }
    }

    /// What stands at `path` inside a datatype (`.1.2` inside `XPN`).
    ///
    /// A datatype without components is its own component 1, as in a message. Below `varies`
    /// everything is `varies`.
    ///
    /// # Errors
    /// The first step that does not exist, see [`PathProblem::Component`].
    pub fn resolve_component(
        &self,
        datatype: &'static str,
        path: &ComponentPath,
    ) -> Result<ResolvedField, PathProblem> {
        let component = self.step(datatype, path.component, Step::Component)?;
        match (path.subcomponent, component.datatype) {
            (Some(number), Some(inner)) => self.step(inner, number, Step::Subcomponent),
            (Some(_), None) | (None, _) => Ok(component),
        }
    }

    fn step(
        &self,
        datatype: &'static str,
        number: u16,
        step: Step,
    ) -> Result<ResolvedField, PathProblem> {
        let definition = self.datatype(datatype);
        if let Some(component) = definition.and_then(|known| known.component(number)) {
            return Ok(resolved(component));
        }
        if datatype == VARIES || (definition.is_none() && number == 1) {
            return Ok(ResolvedField {
                name: None,
                datatype: Some(datatype),
                repeats: false,
                cardinality: None,
                table: None,
            });
        }
        let last = definition
            .and_then(|known| known.components.last())
            .map_or(1, |component| component.number);
        Err(PathProblem::Component {
            step,
            datatype,
            number,
            version: self.id(),
            last,
        })
    }
}

fn resolved(element: &ElementDefinition) -> ResolvedField {
    ResolvedField {
        name: Some(element.name),
        datatype: element.datatype,
        repeats: false,
        cardinality: Some(element.cardinality),
        table: element.table,
    }
}
