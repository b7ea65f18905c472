//! The HL7 v2 dictionary: segments, datatypes, code tables and message structures of versions 2.1
//! to 2.8.2. What they are is in `definition`, checking paths against them in `resolve`.

use std::sync::OnceLock;

use crate::definition::{DatatypeDefinition, SegmentDefinition, TableDefinition};
use crate::dictionary_tables::tables;
use crate::dictionary_text::{VERSIONS, datatypes, listed_events, segments, structures};
use crate::segment_name::SegmentName;
use crate::structure_definition::StructureDefinition;

/// What the dictionary knows of one version of the standard.
///
/// It is read on the first request for that version and kept for good: about half a megabyte a
/// version. The tables are read on the first request for one.
#[derive(Debug)]
pub struct Version {
    id: &'static str,
    segments: Vec<SegmentDefinition>,
    datatypes: Vec<DatatypeDefinition>,
    structures: Vec<StructureDefinition>,
    /// By message type and event.
    events: Vec<Event>,
    /// By number.
    tables: OnceLock<Vec<TableDefinition>>,
}

/// Which structure messages of a type and event have.
#[derive(Debug)]
struct Event {
    message_type: &'static str,
    trigger: &'static str,
    /// The place among the version's structures.
    structure: usize,
}

static LOADED: [OnceLock<Version>; VERSIONS.len()] = [const { OnceLock::new() }; VERSIONS.len()];

/// How `older-events.txt` writes that MSH-9 names no event, as version 2.1 allows.
const NO_EVENT: &str = "-";

/// The ids of the versions known, oldest first.
pub fn versions() -> &'static [&'static str] {
    &VERSIONS
}

/// The version of that id (`2.5.1`, as in MSH-12.1), if it is known.
pub fn version(id: &str) -> Option<&'static Version> {
    let place = VERSIONS.iter().position(|known| *known == id)?;
    load(place)
}

/// The version of that id or, when it is not known, the newest known one below it; the oldest when
/// there is none. An id that is no version at all (`two`) is taken for 2.5.1, the version most
/// guides build on.
pub fn nearest(id: &str) -> &'static Version {
    let wanted = rank(id).or_else(|| rank("2.5.1"));
    let place = VERSIONS
        .iter()
        .rposition(|known| rank(known) <= wanted)
        .unwrap_or_default();
    load(place).unwrap_or(&EMPTY)
}

/// The numbers of a version id, for comparing: `2.5.1` is `(2, 5, 1)`.
pub(crate) fn rank(id: &str) -> Option<(u16, u16, u16)> {
    let mut numbers = id.trim().split('.').map(|number| number.parse().ok());
    let first = numbers.next()??;
    let mut next = || numbers.next().map_or(Some(0), |number| number);
    Some((first, next()?, next()?))
}

fn load(place: usize) -> Option<&'static Version> {
    let id = VERSIONS.get(place)?;
    let read = || {
        let structures = structures(place);
        let events = events(id, &structures);
        Version {
            id,
            segments: segments(place),
            datatypes: datatypes(place),
            structures,
            events,
            tables: OnceLock::new(),
        }
    };
    Some(LOADED.get(place)?.get_or_init(read))
}

/// Never handed out as long as `VERSIONS` has an entry; it spares callers an `Option`.
static EMPTY: Version = Version {
    id: "",
    segments: Vec::new(),
    datatypes: Vec::new(),
    structures: Vec::new(),
    events: Vec::new(),
    tables: OnceLock::new(),
};

impl Version {
    /// The id, as in MSH-12.1.
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// The segment of that name.
    pub fn segment(&self, name: &str) -> Option<&SegmentDefinition> {
        let name = SegmentName::new(name.as_bytes())?;
        let place = self
            .segments
            .binary_search_by_key(&name, |segment| segment.name)
            .ok()?;
        self.segments.get(place)
    }

    /// All segments, by name.
    pub fn segments(&self) -> &[SegmentDefinition] {
        &self.segments
    }

    /// The datatype of that name, if it has components; a simple one such as `ST` is not listed.
    pub fn datatype(&self, name: &str) -> Option<&DatatypeDefinition> {
        let place = self
            .datatypes
            .binary_search_by_key(&name, |datatype| datatype.name)
            .ok()?;
        self.datatypes.get(place)
    }

    /// All datatypes with components, by name.
    pub fn datatypes(&self) -> &[DatatypeDefinition] {
        &self.datatypes
    }

    /// The dictionary's own spelling of a datatype, one without components among them; none when no
    /// field or component has it.
    pub fn datatype_name(&'static self, name: &str) -> Option<&'static str> {
        if let Some(known) = self.datatype(name) {
            return Some(known.name);
        }
        let fields = self.segments.iter().flat_map(|one| &one.fields);
        let components = self.datatypes.iter().flat_map(|one| &one.components);
        let mut used = fields.chain(components).filter_map(|one| one.datatype);
        used.find(|used| *used == name)
    }

    /// The HL7 table of that number (203 is table 0203), if the version has codes for it. Versions
    /// before 2.3.1 have none here.
    pub fn table(&self, number: u16) -> Option<&TableDefinition> {
        let tables = self.tables();
        let place = tables
            .binary_search_by_key(&number, |table| table.number)
            .ok()?;
        tables.get(place)
    }

    /// All tables with codes, by number.
    pub fn tables(&self) -> &[TableDefinition] {
        self.tables.get_or_init(|| {
            let place = VERSIONS.iter().position(|known| *known == self.id);
            place.map(tables).unwrap_or_default()
        })
    }

    /// The message structure of that name, as in MSH-9.3.
    pub fn structure(&self, name: &str) -> Option<&StructureDefinition> {
        let place = self
            .structures
            .binary_search_by_key(&name, |one| one.name)
            .ok()?;
        self.structures.get(place)
    }

    /// All message structures, by name.
    pub fn structures(&self) -> &[StructureDefinition] {
        &self.structures
    }

    /// The structure that messages of this type and event have (MSH-9.1 and MSH-9.2), by table
    /// 0354. Before 2.3.1, which brought that table, a structure named for the event comes first.
    pub fn structure_for(&self, message_type: &str, event: &str) -> Option<&StructureDefinition> {
        let event = if event.is_empty() { NO_EVENT } else { event };
        let listed = self
            .events
            .binary_search_by_key(&(message_type, event), |one| {
                (one.message_type, one.trigger)
            })
            .ok()
            .and_then(|place| self.structures.get(self.events.get(place)?.structure));
        listed.or_else(|| self.structure(message_type))
    }

    /// The events of a message type that the version knows, each with its structure.
    pub fn events_of(
        &self,
        message_type: &str,
    ) -> impl Iterator<Item = (&'static str, &StructureDefinition)> {
        let own = self.events.iter();
        own.filter(move |one| one.message_type == message_type)
            .filter_map(|one| Some((one.trigger, self.structures.get(one.structure)?)))
    }
}

/// The events of a version: those of the tables and those that structures are named for.
fn events(id: &str, structures: &[StructureDefinition]) -> Vec<Event> {
    let all: Vec<_> = listed_events().collect();
    let own = structures.iter().filter_map(|one| one.name.split_once('_'));
    let mut pairs: Vec<_> = listed_events()
        .map(|(of, event, _)| (of, event))
        .chain(own)
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    let find = |name: &str| structures.binary_search_by_key(&name, |one| one.name).ok();
    let resolve = |(message_type, event): (&'static str, &'static str)| {
        let own = format!("{message_type}_{event}");
        let listed = || {
            all.iter()
                .filter(move |&&(of, code, _)| of == message_type && code == event)
                .map(|&(_, _, structure)| structure)
        };
        let own_first = rank(id) < rank("2.3.1") || listed().any(|name| name == own);
        let by_table = || listed().find_map(find);
        let structure = if own_first {
            find(&own).or_else(by_table)
        } else {
            by_table().or_else(|| find(&own))
        };
        Some(Event {
            message_type,
            trigger: event,
            structure: structure?,
        })
    };
    pairs.into_iter().filter_map(resolve).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_are_not_known_take_the_nearest_below() {
        for (asked, given) in [
            ("2.5.1", "2.5.1"),
            ("2.9", "2.8.2"),
            ("2.3.2", "2.3.1"),
            ("2.0", "2.1"),
            ("", "2.5.1"),
            ("3", "2.8.2"),
        ] {
            assert_eq!(nearest(asked).id(), given);
        }
        assert!(version("2.9").is_none());
    }
}
