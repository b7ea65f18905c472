//! What a run gives: resources or records, clears, warnings, and which rows wrote.
//! How they are made is the business of the other files of this folder.

use std::sync::Arc;

use isthmus_fhir::element::Element;
use isthmus_fhir::resource::Resource;

use crate::problem::{Problem, RowPlace};

/// An element that the sender asks to delete (HL7 v2 null, `""`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clear {
    /// The resource type.
    pub resource: &'static str,
    /// The resource's id.
    pub id: Option<String>,
    /// The path of the element in it, as the map writes it.
    pub path: Arc<str>,
    /// The row.
    pub row: RowPlace,
}

/// How often each row wrote something, by its place in the plan.
pub type Fired = Vec<u32>;

/// What a message became. `Debug` is masked by the resources' own.
#[derive(Debug, Clone)]
pub struct Translation {
    /// The resources, in the order of the map's blocks.
    pub resources: Vec<Resource>,
    /// What the sender asks to delete.
    pub clears: Vec<Clear>,
    /// What could not be carried but was not required.
    pub warnings: Vec<Problem>,
    /// Which rows wrote.
    pub fired: Fired,
}

/// What resources became. `Debug` is masked by the elements' own.
#[derive(Debug, Clone)]
pub struct Shaping {
    /// The records, in order.
    pub records: Vec<Element>,
    /// What could not be carried but was not required.
    pub warnings: Vec<Problem>,
    /// Which rows wrote.
    pub fired: Fired,
}

/// Why there is no output: every failure, and what was only worth a warning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub struct Failure {
    /// Every failure.
    pub problems: Vec<Problem>,
    /// Warnings found on the way.
    pub warnings: Vec<Problem>,
}

impl Failure {
    fn text(&self) -> String {
        let lines: Vec<String> = self.problems.iter().map(ToString::to_string).collect();
        lines.join("; ")
    }
}
