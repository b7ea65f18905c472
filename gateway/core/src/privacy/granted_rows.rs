//! `GrantedRows`, the rows of a flow with what they are compiled to, trees over resources or
//! places of messages, and what a record gives by them. Whether any of it may leave is asked in
//! `flow`.

use isthmus_fhir::resource::Resource;

use crate::name_lists::Names;
use crate::privacy::allow_row::AllowRow;
use crate::privacy::flow_terms::FlowShape;
use crate::privacy::granted_record::Granted;
use crate::privacy::message_projection::MessageProjection;
use crate::privacy::message_projector::{rebuild, segments_of};
use crate::privacy::message_row::MessageRow;
use crate::privacy::policy_file::ReadRows;
use crate::privacy::projection::Projection;
use crate::privacy::projector::{has_own_rules, project};
use crate::privacy::release;
use crate::record::Record;

/// What a flow grants.
#[derive(Debug)]
pub(in crate::privacy) enum GrantedRows {
    /// Elements of resources.
    Elements {
        rows: Vec<AllowRow>,
        projection: Projection,
    },
    /// Places of messages.
    Places {
        rows: Vec<MessageRow>,
        projection: MessageProjection,
    },
}

impl GrantedRows {
    /// Compiles the rows of a flow of this shape.
    pub(in crate::privacy) fn of(rows: ReadRows, shape: &FlowShape) -> Self {
        match rows {
            ReadRows::Elements(read) => {
                let rows: Vec<AllowRow> = read.into_iter().map(|read| read.row).collect();
                let projection = Projection::of(&rows);
                Self::Elements { rows, projection }
            }
            ReadRows::Places(read) => {
                let rows: Vec<MessageRow> = read.into_iter().map(|read| read.row).collect();
                let events = match shape {
                    FlowShape::Messages { events } => events.as_slice(),
                    FlowShape::Records { .. } => &[],
                };
                let projection = MessageProjection::of(&rows, events);
                Self::Places { rows, projection }
            }
        }
    }

    /// The rows of elements; none of a flow of messages.
    pub(in crate::privacy) fn elements(&self) -> &[AllowRow] {
        match self {
            Self::Elements { rows, .. } => rows,
            Self::Places { .. } => &[],
        }
    }

    /// The rows of places of messages; none of a flow of records.
    pub(in crate::privacy) fn places(&self) -> &[MessageRow] {
        match self {
            Self::Places { rows, .. } => rows,
            Self::Elements { .. } => &[],
        }
    }

    /// What is granted of a record.
    ///
    /// # Errors
    /// A code of [`release`].
    pub(in crate::privacy) fn content(&self, record: &Record) -> Result<Granted, &'static str> {
        match self {
            Self::Elements { projection, .. } => {
                let resources = projected(projection, &record.resources)?;
                Ok(Granted::Resources(resources))
            }
            Self::Places { projection, .. } => {
                let source = record.message.as_ref().ok_or(release::NO_MESSAGE)?;
                let rebuilt = rebuild(projection, source)?;
                Ok(Granted::Message {
                    record: rebuilt.record,
                    withheld: rebuilt.withheld.into(),
                })
            }
        }
    }

    /// What is withheld of a message of which nothing leaves; none for a flow of records.
    pub(in crate::privacy) fn withheld_message(&self, record: &Record) -> Option<Names> {
        match self {
            Self::Elements { .. } => None,
            Self::Places { .. } => {
                let source = record.message.as_ref();
                let names = source.map_or_else(Vec::new, |source| segments_of(source));
                Some(names.into())
            }
        }
    }
}

fn projected(
    projection: &Projection,
    resources: &[Resource],
) -> Result<Vec<Resource>, &'static str> {
    let patients = resources
        .iter()
        .filter(|one| one.resource_type() == "Patient");
    if patients.count() > 1 {
        return Err(release::SEVERAL_SUBJECTS);
    }
    let mut granted = Vec::new();
    for resource in resources {
        let Some(tree) = projection.of_type(resource.resource_type()) else {
            continue;
        };
        if has_own_rules(resource) {
            return Err(release::IMPLICIT_RULES);
        }
        granted.extend(project(tree, resource));
    }
    if granted.is_empty() {
        return Err(release::NOTHING_GRANTED);
    }
    Ok(granted)
}
