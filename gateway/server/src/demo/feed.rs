//! The feed of the demo: what a sending system says of five invented patients, in the order in
//! which it says it. What is made of it is told by `story`.

use isthmus_core::phi::Phi;

use crate::admin::request::{Address, Patient};
use crate::message_file;

/// A part of the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chapter {
    /// Patients A to D arrive.
    Arrivals,
    /// A message in another charset than it says, one about another hospital's patient, and one
    /// of an event that no map is for.
    NotRight,
    /// News of A, B and C while the CRM is away.
    CrmIsAway,
    /// News of C, who opted in.
    OptIn,
    /// News of D, who takes back their consent, and of A.
    TakeBack,
    /// Patient E arrives, whom the CRM refuses; news of the others.
    RefusedForGood,
    /// A leaves, C moves, and that A leaves is said again.
    Discharges,
    /// News of E.
    Mended,
}

impl Chapter {
    /// All, in order.
    pub(crate) const ALL: [Self; 8] = [
        Self::Arrivals,
        Self::NotRight,
        Self::CrmIsAway,
        Self::OptIn,
        Self::TakeBack,
        Self::RefusedForGood,
        Self::Discharges,
        Self::Mended,
    ];

    /// The name of its file.
    pub(crate) const fn file(self) -> &'static str {
        match self {
            Self::Arrivals => "01-arrivals.hl7",
            Self::NotRight => "02-not-right.hl7",
            Self::CrmIsAway => "03-crm-is-away.hl7",
            Self::OptIn => "04-opt-in.hl7",
            Self::TakeBack => "05-take-back.hl7",
            Self::RefusedForGood => "06-refused-for-good.hl7",
            Self::Discharges => "07-discharges.hl7",
            Self::Mended => "08-mended.hl7",
        }
    }

    /// Its messages as they are kept, one segment a line.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Arrivals => include_str!("feed/01-arrivals.hl7"),
            Self::NotRight => include_str!("feed/02-not-right.hl7"),
            Self::CrmIsAway => include_str!("feed/03-crm-is-away.hl7"),
            Self::OptIn => include_str!("feed/04-opt-in.hl7"),
            Self::TakeBack => include_str!("feed/05-take-back.hl7"),
            Self::RefusedForGood => include_str!("feed/06-refused-for-good.hl7"),
            Self::Discharges => include_str!("feed/07-discharges.hl7"),
            Self::Mended => include_str!("feed/08-mended.hl7"),
        }
    }

    /// Its messages as they are sent.
    pub(crate) fn messages(self) -> Vec<FeedMessage> {
        let messages = message_file::messages(self.text().as_bytes()).into_iter();
        messages.map(FeedMessage::new).collect()
    }
}

/// One message.
#[derive(Debug)]
pub(crate) struct FeedMessage {
    /// MSH-10.
    pub(crate) control_id: String,
    /// The whole, segments ended by carriage returns.
    pub(crate) bytes: Phi<Vec<u8>>,
}

impl FeedMessage {
    fn new(text: &[u8]) -> Self {
        let bytes: Vec<u8> = text
            .iter()
            .map(|byte| if *byte == b'\n' { b'\r' } else { *byte })
            .collect();
        let control_id = bytes.split(|byte| *byte == b'|').nth(9);
        let control_id = String::from_utf8_lossy(control_id.unwrap_or_default()).into_owned();
        Self {
            control_id,
            bytes: Phi::new(bytes),
        }
    }
}

/// The patients whose choices the demo records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Person {
    /// Allowed marketing from the beginning.
    A,
    /// Opts in later.
    C,
    /// Allowed it, and takes it back.
    D,
    /// Allowed it, and unsubscribed.
    E,
}

impl Person {
    /// As operators name them.
    pub(crate) fn patient(self) -> Patient {
        let identifier = match self {
            Self::A => "QH-8104417",
            Self::C => "QH-8104433",
            Self::D => "QH-8104441",
            Self::E => "QH-8104458",
        };
        Patient {
            authority: "DEMO MRN".to_owned(),
            identifier: identifier.to_owned(),
        }
    }
}

/// The address to which E wants no marketing.
pub(crate) fn unsubscribed() -> Address {
    Address("edda.ellingham@example.org".to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn control_ids_are_counted_and_one_comes_again() {
        let messages = Chapter::ALL.into_iter().flat_map(Chapter::messages);
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for message in messages {
            *counts.entry(message.control_id).or_default() += 1;
        }
        let expected: Vec<String> = (1..=33).map(|number| format!("DEMO{number:04}")).collect();
        assert!(counts.keys().eq(expected.iter()));
        assert_eq!(counts.values().sum::<usize>(), 34);
    }

    #[test]
    fn the_patients_are_those_of_the_feed() {
        let feed: String = Chapter::ALL.into_iter().map(Chapter::text).collect();
        for person in [Person::A, Person::C, Person::D, Person::E] {
            assert!(feed.contains(&person.patient().identifier), "{person:?}");
        }
        assert!(feed.contains(&unsubscribed().0));
    }

    #[test]
    fn files_are_named_in_order() {
        let names: Vec<&str> = Chapter::ALL.into_iter().map(Chapter::file).collect();
        assert!(names.is_sorted());
    }
}
