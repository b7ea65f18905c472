//! Checks paths against the dictionary: which datatype stands at a path, and where a path goes
//! astray. Reading paths is done in `path_parser`; spelling suggestions are the caller's.

use thiserror::Error;

use crate::definition::{Cardinality, ElementDefinition};
use crate::dictionary::Version;
use crate::path::{ComponentPath, Hl7Path};
use crate::segment_name::SegmentName;

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResolvedField {
    /// The name of the field or component; none when the path names a whole segment.
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

impl Version {
    /// What stands at `path` in this version. Groups and brackets play no part in it.
    ///
    /// # Errors
    /// The first step that does not exist, see [`PathProblem`].
    pub fn resolve(&self, path: &Hl7Path) -> Result<ResolvedField, PathProblem> {
        let name = path.segment.name;
        let segment = self
            .segment(name.as_str())
            .ok_or_else(|| PathProblem::Segment {
                segment: name,
                version: self.id(),
                candidates: self.segments().iter().map(|segment| segment.name).collect(),
            })?;
        let Some(step) = &path.field else {
            return Ok(ResolvedField {
                name: None,
                datatype: None,
                repeats: false,
                cardinality: None,
                table: None,
            });
        };
        let field = segment
            .field(step.number)
            .ok_or_else(|| PathProblem::Field {
                segment: name,
                field: step.number,
                version: self.id(),
                last: segment.fields.last().map_or(0, |field| field.number),
            })?;
        let repeats = field.cardinality.repeats();
        let found = match (&path.component, field.datatype) {
            (Some(component), Some(datatype)) => self.resolve_component(datatype, component)?,
            (Some(_), None) | (None, _) => resolved(field),
        };
        Ok(ResolvedField { repeats, ..found })
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
