//! `Extent`, how much the standard says there is of a field or component, so that nothing that it
//! does not foresee is let out with a granted value; which values leave is decided in
//! `message_projector`.

use isthmus_hl7v2::dictionary::{Version, version, versions};
use isthmus_hl7v2::value::numeric::Numeric;
use isthmus_hl7v2::value::time_stamp::{ClockTime, TimeStamp};

/// What a text at a place must be (HL7 v2.5.1 chapter 2A).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::privacy) enum ValueKind {
    /// DT, DTM, TS: a day, or a part of one, with or without a time.
    Date,
    /// TM.
    Time,
    /// NM, SI.
    Number,
    /// Anything else.
    Text,
}

/// The components that a datatype has, each with its subcomponents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::privacy) struct Extent {
    components: Vec<Vec<ValueKind>>,
}

/// The versions of HL7 v2, newest first.
pub(in crate::privacy) fn newest_first() -> impl Iterator<Item = &'static Version> {
    versions().iter().rev().filter_map(|id| version(id))
}

impl ValueKind {
    /// Of a datatype without components.
    pub(in crate::privacy) fn of(datatype: Option<&str>) -> Self {
        match datatype {
            Some("DT" | "DTM" | "TS") => Self::Date,
            Some("TM") => Self::Time,
            Some("NM" | "SI") => Self::Number,
            Some(_) | None => Self::Text,
        }
    }

    /// Whether a text is one.
    pub(in crate::privacy) fn admits(self, text: &str) -> bool {
        match self {
            Self::Date => TimeStamp::read(text).is_some(),
            Self::Time => ClockTime::read(text).is_some(),
            Self::Number => Numeric::read(text).is_some(),
            Self::Text => true,
        }
    }
}

impl Extent {
    /// Of a datatype in the newest version that has it; one that no version has is a single value.
    pub(in crate::privacy) fn of(datatype: &str) -> Self {
        let parts = parts(datatype);
        if parts.is_empty() {
            return Self {
                components: vec![vec![ValueKind::of(Some(datatype))]],
            };
        }
        let components = parts.into_iter().map(Self::subcomponents);
        Self {
            components: components.collect(),
        }
    }

    /// The subcomponents of a component of this datatype.
    pub(in crate::privacy) fn subcomponents(datatype: Option<&'static str>) -> Vec<ValueKind> {
        let parts = datatype.map(parts).unwrap_or_default();
        if parts.is_empty() {
            return vec![ValueKind::of(datatype)];
        }
        // What lies deeper has no place of its own in a message: its first part stands for it.
        let kind = |datatype: Option<&'static str>| ValueKind::of(datatype.and_then(first_leaf));
        parts.into_iter().map(kind).collect()
    }

    /// The components, from 1, each with the kinds of its subcomponents.
    pub(in crate::privacy) fn components(&self) -> impl Iterator<Item = (u16, &[ValueKind])> {
        (1..).zip(self.components.iter().map(Vec::as_slice))
    }
}

/// The datatypes of the components of a datatype, by number; none for one without components. The
/// version with most of them counts.
fn parts(datatype: &str) -> Vec<Option<&'static str>> {
    // Of versions with as many, the last one counts, which is the newest.
    let oldest_first = versions().iter().filter_map(|id| version(id));
    let known = oldest_first.filter_map(|version| version.datatype(datatype));
    let longest = known.max_by_key(|known| known.components.len());
    let components = longest.map_or(&[][..], |known| &known.components);
    let mut all = Vec::new();
    for component in components {
        let number = usize::from(component.number);
        if all.len() < number {
            all.resize(number, None);
        }
        if let Some(at) = number.checked_sub(1).and_then(|at| all.get_mut(at)) {
            *at = component.datatype;
        }
    }
    all
}

fn first_leaf(datatype: &'static str) -> Option<&'static str> {
    match parts(datatype).first() {
        Some(first) => *first,
        None => Some(datatype),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datatypes_have_the_parts_that_the_standard_gives_them() {
        let name = Extent::of("XPN");
        let family = name.components().next().unwrap();
        assert_eq!((family.0, family.1.len()), (1, 5));
        assert!(name.components().count() >= 14);
        let identifier = Extent::of("CX");
        let authority = identifier.components().nth(3).unwrap();
        assert_eq!(authority, (4, &[ValueKind::Text; 3][..]));
        let since = identifier.components().nth(6).unwrap();
        assert_eq!(since, (7, &[ValueKind::Date][..]));
        let single = Extent::of("SI");
        assert_eq!(single.components().count(), 1);
    }

    #[test]
    fn kinds_admit_what_they_are() {
        for (datatype, right, wrong) in [
            ("DT", "19800517", "17/05/1980"),
            ("DTM", "202601020304-0500", "soon"),
            ("TM", "0304", "2504"),
            ("NM", "-1.5", "1,5"),
        ] {
            let kind = ValueKind::of(Some(datatype));
            assert!(kind.admits(right) && !kind.admits(wrong), "{datatype}");
        }
        assert!(ValueKind::of(Some("ST")).admits("anything"));
    }
}
