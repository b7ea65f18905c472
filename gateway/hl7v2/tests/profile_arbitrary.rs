//! Whatever a message holds, a profile finds no more places than it tells or counts, and each of
//! them is in the message or is one that is missing from it. Single rules are tested in `profile`.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests may be blunt")]

use isthmus_hl7v2::definition::Cardinality;
use isthmus_hl7v2::dictionary::version;
use isthmus_hl7v2::grouping_rules::GroupingRules;
use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::profile::{
    Codes, EventPattern, FieldRule, GroupRule, MessageProfile, Profile, SegmentRule, Usage,
};
use isthmus_hl7v2::profile_finding::FINDINGS_MAX;
use isthmus_hl7v2::segment_name::SegmentName;
use proptest::prelude::*;

fn name(text: &str) -> SegmentName {
    SegmentName::new(text.as_bytes()).unwrap()
}

/// Every kind of rule at once.
fn profile(usage: Usage, times: Cardinality) -> Profile {
    let events = vec![EventPattern {
        message_type: None,
        event: None,
    }];
    let mut part = MessageProfile::new(events);
    part.sequence = true;
    part.datatypes = true;
    part.groups.push(GroupRule {
        within: vec!["ORDER_OBSERVATION".to_owned()],
        name: "OBSERVATION".to_owned(),
        first: name("OBX"),
        cardinality: times,
    });
    for within in [Vec::new(), vec!["OBSERVATION".to_owned()]] {
        part.segments.push(SegmentRule {
            within,
            name: name("OBX"),
            cardinality: times,
        });
    }
    for (segment, field) in [("MSH", 2), ("MSH", 9), ("PID", 3), ("OBX", 5), ("ZAB", 1)] {
        for component in ["", ".1", ".2", ".1.2"] {
            part.add_field(FieldRule {
                component: component.parse().ok(),
                usage,
                cardinality: times,
                length: Some(2),
                conformance_length: Some(1),
                codes: Some(Codes::Listed(vec!["A".to_owned()])),
                datatype: Some("CX"),
                ..FieldRule::new(name(segment), field)
            });
        }
    }
    Profile {
        name: "any".to_owned(),
        title: String::new(),
        version: version("2.5.1").unwrap(),
        messages: vec![part],
    }
}

fn segments() -> impl Strategy<Value = String> {
    let field = "[A0^~&\\\\\"Z1.-]{0,12}";
    let fields = prop::collection::vec(field, 0..8);
    let name = prop::sample::select(vec!["PID", "OBR", "OBX", "NTE", "ZAB", "PV1", "MSH", "AL1"]);
    let line = (name, fields).prop_map(|(name, fields)| {
        let fields = fields.join("|");
        format!("{name}|{fields}\r")
    });
    prop::collection::vec(line, 0..30).prop_map(|lines| lines.concat())
}

proptest! {
    #[test]
    fn findings_are_bounded_and_in_the_message(
        rest in segments(),
        usage in prop::sample::select(vec![Usage::Required, Usage::Optional, Usage::NotSupported]),
        min in 0_u16..3,
        more in 0_u16..3,
    ) {
        let text = format!("MSH|^~\\&|A|B|C|D|2026||ORU^R01^ORU_R01|1|P|2.5.1\r{rest}");
        let message = Message::parse(text).unwrap();
        let times = Cardinality { min, max: Some(min + more) };
        let report = profile(usage, times).check(&message, &GroupingRules::none());
        prop_assert!(report.findings.len() <= FINDINGS_MAX);
        prop_assert!(report.beyond == 0 || report.findings.len() == FINDINGS_MAX);
        prop_assert!(report.errors <= report.findings.len() + report.beyond);
        prop_assert_eq!(report.is_clean(), report.findings.is_empty());
        for finding in &report.findings {
            let place = finding.location;
            let same = message.segments().filter(|segment| segment.name() == place.segment);
            let last = u32::try_from(same.count()).unwrap();
            // One more than there are: it is missing.
            let room = last + u32::from(place.field.is_none());
            prop_assert!((1..=room).contains(&place.occurrence), "{}", finding);
        }
        let again = profile(usage, times).check(&message, &GroupingRules::none());
        prop_assert_eq!(report, again);
    }
}
