//! `MessageGrant`, what a row grants of messages, with names resolved to numbers. Rows are read in
//! `message_row`, messages rebuilt in `message_projector`.

use isthmus_hl7v2::segment_name::SegmentName;

use crate::privacy::coarsening::Coarsening;
use crate::privacy::message_extent::{Extent, ValueKind};

/// What a row grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::privacy) struct MessageGrant {
    /// The groups that the segment stands in, outermost first; none for wherever it stands.
    pub(in crate::privacy) groups: Vec<String>,
    pub(in crate::privacy) segment: SegmentName,
    /// What the segment must have.
    pub(in crate::privacy) keys: Vec<PlaceKey>,
    pub(in crate::privacy) field: u16,
    /// Which repetitions.
    pub(in crate::privacy) which: Repetitions,
    pub(in crate::privacy) part: Part,
    pub(in crate::privacy) coarsen: Coarsening,
}

/// A value that a place must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::privacy) struct PlaceKey {
    /// The numbers below the segment (field, component, subcomponent) or the field.
    pub(in crate::privacy) place: Vec<u16>,
    pub(in crate::privacy) text: String,
}

/// Which repetitions of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::privacy) enum Repetitions {
    /// Every one.
    All,
    /// The first.
    First,
    /// Those with these values, which are written out with them.
    Keyed(Vec<PlaceKey>),
}

/// What of a repetition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::privacy) enum Part {
    /// All that its datatype has.
    Whole(Extent),
    /// All of it; for local segments, of which the standard knows nothing.
    Everything,
    /// All of it that the datatype in OBX-2 has, when that is one of these.
    ByType(Vec<(String, Extent)>),
    /// A component.
    Component(u16, Vec<ValueKind>),
    /// A subcomponent.
    Subcomponent(u16, u16, ValueKind),
}
