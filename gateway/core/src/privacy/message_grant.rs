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

impl MessageGrant {
    /// The fields of which something can leave: its own, and those of the segment's keys.
    pub(in crate::privacy) fn fields(&self) -> impl Iterator<Item = u16> {
        let keys = self
            .keys
            .iter()
            .filter_map(|key| key.place.first().copied());
        std::iter::once(self.field).chain(keys)
    }

    /// The places whose texts its keys write out, as field and component.
    pub(in crate::privacy) fn fixed_places(&self) -> impl Iterator<Item = (u16, u16)> {
        let number = |place: &[u16], at: usize| place.get(at).copied().unwrap_or(1);
        let of_segment = self
            .keys
            .iter()
            .map(move |key| (number(&key.place, 0), number(&key.place, 1)));
        let of_field: &[PlaceKey] = match &self.which {
            Repetitions::Keyed(keys) => keys,
            Repetitions::All | Repetitions::First => &[],
        };
        let of_field = of_field
            .iter()
            .map(move |key| (self.field, number(&key.place, 0)));
        of_segment.chain(of_field)
    }

    /// Whether it treats a place other than by letting its text out as it is.
    pub(in crate::privacy) fn restricts(&self, field: u16, component: u16) -> bool {
        let is_there = match &self.part {
            Part::Component(own, _) | Part::Subcomponent(own, ..) => *own == component,
            Part::Whole(_) | Part::Everything | Part::ByType(_) => true,
        };
        let restricts = self.coarsen != Coarsening::None || matches!(self.part, Part::ByType(_));
        self.field == field && is_there && restricts
    }
}
