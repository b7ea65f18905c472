//! The shaper of the gateway: a map from FHIR resources to records, bound to its keys; what a flow
//! grants it was decided before, by the gate.

use std::sync::Arc;

use isthmus_core::consent_store::ConsentChoice;
use isthmus_core::read_set::{Lineage, Place, Read, ReadSet};
use isthmus_core::refusal::{Reason, Refusal};
use isthmus_core::shaper::{Shaper, ShapingContext};
use isthmus_fhir::element::Element;
use isthmus_fhir::resource::Resource;

use crate::context::{NamedKeys, RunContext};
use crate::library::Library;
use crate::map::Map;
use crate::message_translator::parked;
use crate::problem::RowPlace;
use crate::reads::{Purpose, Trace};

/// Shapes by one map of a library.
#[derive(Debug, Clone)]
pub struct RecordShaper {
    library: Arc<Library>,
    path: String,
    title: String,
    reads: ReadSet,
    keys: NamedKeys,
}

impl RecordShaper {
    /// A shaper by the map of this name or file; None when there is none that makes records.
    pub fn new(library: &Arc<Library>, path: &str, keys: NamedKeys) -> Option<Self> {
        let map = library.map(path).filter(|map| map.record().is_some())?;
        Some(Self {
            path: path.to_owned(),
            title: format!("{} {}", map.name(), map.version()),
            reads: read_set(map),
            library: Arc::clone(library),
            keys,
        })
    }
}

impl Shaper for RecordShaper {
    fn map(&self) -> &str {
        &self.title
    }

    fn reads(&self) -> &ReadSet {
        &self.reads
    }

    fn shape(
        &self,
        resources: &[Resource],
        context: &ShapingContext,
    ) -> Result<Vec<Element>, Refusal> {
        let Some(map) = self.library.map(&self.path) else {
            return Err(Refusal::park(Reason::Unshapeable).by("the map is not loaded"));
        };
        let mut run = RunContext::new(context.received_at);
        run.delivery_id = context.delivery.to_string();
        run.keys = self.keys.clone();
        let permitted = |choice: ConsentChoice| choice == ConsentChoice::OptIn;
        let consents = context.consents.iter();
        run.consents = consents
            .map(|(category, choice)| (category.clone(), permitted(*choice)))
            .collect();
        let elements: Vec<Element> = resources.iter().cloned().map(Element::from).collect();
        match map.shape(&elements, &run) {
            Ok(shaping) => Ok(shaping.records),
            Err(failure) => Err(Refusal {
                reason: Reason::Unshapeable,
                ..parked(&failure)
            }),
        }
    }
}

/// What a map reads and writes, as the gate holds it against a policy.
pub fn read_set(map: &Map) -> ReadSet {
    let trace: &Trace = map.trace();
    let reads = trace.reads.iter().filter_map(|read| {
        Some(Read {
            path: read.element.clone()?,
            place: place(&read.place),
            control: read.purpose != Purpose::Value,
        })
    });
    let lineage = trace.lineage.iter().map(|row| Lineage {
        target: row.target.clone(),
        sources: row
            .sources
            .iter()
            .filter_map(|source| source.element.clone())
            .collect(),
        functions: row.functions.clone(),
        place: place(&row.place),
    });
    ReadSet {
        record: map.record().unwrap_or_default().to_owned(),
        reads: reads.collect(),
        lineage: lineage.collect(),
        consents: trace.consents.clone(),
    }
}

fn place(row: &RowPlace) -> Place {
    Place {
        file: row.file.to_string(),
        line: row.line,
        column: row.column,
    }
}
