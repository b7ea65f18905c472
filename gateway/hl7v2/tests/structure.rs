//! How messages are laid out on their structures, and that no segment is ever lost.
//! The structures themselves are tested in `dictionary`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may be blunt"
)]

use std::fmt::Write as _;

use isthmus_hl7v2::dictionary::{version, versions};
use isthmus_hl7v2::group_instance::{GroupChild, GroupInstance};
use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::structure::{Grouped, group, group_as};
use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};

fn write_tree(message: &Message, instance: &GroupInstance, text: &mut String) {
    for (place, child) in instance.children.iter().enumerate() {
        if place > 0 {
            text.push(' ');
        }
        match child {
            GroupChild::Segment(ordinal) => {
                text.push_str(message.segment(*ordinal as usize).unwrap().name().as_str());
            }
            GroupChild::Group(group) => {
                write!(text, "{}(", group.name).unwrap();
                write_tree(message, group, text);
                text.push(')');
            }
        }
    }
}

fn laid_out(of: &str, id: &str, names: &str) -> (String, Vec<u32>) {
    let lines = names.replace(' ', "|\r");
    let message = Message::parse(format!("MSH|^~\\&|A||||||{of}|1|P|{id}\r{lines}|\r")).unwrap();
    let grouped = group(&message);
    let mut text = String::new();
    write_tree(&message, &grouped.root, &mut text);
    (text, grouped.out_of_place)
}

#[test]
fn results_form_orders_and_observations_in_every_version() {
    for id in versions() {
        let (tree, out_of_place) = laid_out(
            "ORU^R01",
            id,
            "PID PV1 ORC OBR NTE OBX NTE OBX OBR OBX NTE NTE PID OBR OBX",
        );
        let visit = if matches!(*id, "2.1" | "2.2") {
            "PV1"
        } else {
            "VISIT(PV1)"
        };
        let outer = if *id == "2.3" {
            "RESPONSE"
        } else {
            "PATIENT_RESULT"
        };
        let header = if matches!(*id, "2.8" | "2.8.1" | "2.8.2") {
            "COMMON_ORDER(ORC)"
        } else {
            "ORC"
        };
        let expected = format!(
            "MSH {outer}(PATIENT(PID {visit}) \
             ORDER_OBSERVATION({header} OBR NTE OBSERVATION(OBX NTE) OBSERVATION(OBX)) \
             ORDER_OBSERVATION(OBR OBSERVATION(OBX NTE NTE))) \
             {outer}(PATIENT(PID) ORDER_OBSERVATION(OBR OBSERVATION(OBX)))"
        );
        assert_eq!((tree, out_of_place), (expected, Vec::new()), "{id}");
    }
}

#[test]
fn admissions_keep_their_procedures_and_insurances_together() {
    for id in versions()
        .iter()
        .filter(|id| !matches!(**id, "2.1" | "2.2"))
    {
        let (tree, out_of_place) = laid_out(
            "ADT^A01",
            id,
            "EVN PID PD1 NK1 NK1 PV1 PV2 OBX AL1 DG1 DG1 PR1 PR1 GT1 IN1 IN2 IN1",
        );
        assert_eq!(
            tree,
            "MSH EVN PID PD1 NK1 NK1 PV1 PV2 OBX AL1 DG1 DG1 PROCEDURE(PR1) PROCEDURE(PR1) GT1 \
             INSURANCE(IN1 IN2) INSURANCE(IN1)",
            "{id}"
        );
        assert!(out_of_place.is_empty(), "{id}");
    }
}

#[test]
fn a_role_belongs_to_the_segment_it_follows() {
    let (tree, _) = laid_out("ADT^A01", "2.5.1", "EVN PID ROL PV1 ROL PR1 ROL IN1 ROL");
    assert_eq!(
        tree,
        "MSH EVN PID ROL PV1 ROL PROCEDURE(PR1 ROL) INSURANCE(IN1 ROL)"
    );
}

#[test]
fn local_and_misplaced_segments_are_reported_and_the_rest_stands() {
    let (tree, out_of_place) = laid_out("ADT^A01", "2.5.1", "EVN ZPI PID OBX PV1 NK1 DG1 ZZZ");
    assert_eq!(tree, "MSH EVN PID PV1 DG1");
    assert_eq!(out_of_place, [2, 4, 6, 8]);
}

#[test]
fn missing_required_segments_are_passed_over() {
    let (tree, out_of_place) = laid_out("ADT^A01", "2.5.1", "PID DG1");
    assert_eq!((tree.as_str(), out_of_place.len()), ("MSH PID DG1", 0));
    let (tree, out_of_place) = laid_out("ORU^R01", "2.5.1", "PID OBX OBX");
    assert_eq!(out_of_place.len(), 0);
    assert_eq!(
        tree,
        "MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBSERVATION(OBX) OBSERVATION(OBX)))"
    );
}

#[test]
fn the_next_order_is_not_a_prior_result() {
    let (tree, _) = laid_out(
        "OML^O21",
        "2.5.1",
        "PID ORC OBR OBX ORC OBR OBX PID ORC OBR OBX",
    );
    assert_eq!(
        tree,
        "MSH PATIENT(PID) ORDER(ORC OBSERVATION_REQUEST(OBR OBSERVATION(OBX))) \
         ORDER(ORC OBSERVATION_REQUEST(OBR OBSERVATION(OBX) PRIOR_RESULT(PATIENT_PRIOR(PID) \
         ORDER_PRIOR(ORC OBR OBSERVATION_PRIOR(OBX)))))"
    );
}

#[test]
fn one_of_several_alternatives_opens_an_order() {
    for (id, other, last) in [
        ("2.1", "RX1", "ORO"),
        ("2.3", "RXO", "ODS"),
        ("2.5.1", "RXO", "ODS"),
    ] {
        let names = format!("PID ORC OBR NTE ORC {other} NTE ORC {last} ORC");
        let (tree, out_of_place) = laid_out("ORM^O01", id, &names);
        assert_eq!(
            tree,
            format!(
                "MSH PATIENT(PID) ORDER(ORC ORDER_DETAIL(OBR NTE)) \
                 ORDER(ORC ORDER_DETAIL({other} NTE)) ORDER(ORC ORDER_DETAIL({last})) ORDER(ORC)"
            )
        );
        assert!(out_of_place.is_empty(), "{id}");
    }
}

#[test]
fn a_specimens_observations_are_its_own() {
    let (tree, _) = laid_out("ORU^R01", "2.5.1", "PID OBR OBX SPM OBX SPM OBR OBX");
    assert_eq!(
        tree,
        "MSH PATIENT_RESULT(PATIENT(PID) \
         ORDER_OBSERVATION(OBR OBSERVATION(OBX) SPECIMEN(SPM OBX) SPECIMEN(SPM)) \
         ORDER_OBSERVATION(OBR OBSERVATION(OBX)))"
    );
}

#[test]
fn the_structure_is_found_by_name_event_and_old_evn() {
    let of = |text: &str| group(&Message::parse(text).unwrap()).structure;
    assert_eq!(
        of("MSH|^~\\&|A||||||ADT^A08^ADT_A01|1|P|2.5.1"),
        Some("ADT_A01")
    );
    assert_eq!(
        of("MSH|^~\\&|A||||||ADT^A08^ADT_A08|1|P|2.5.1"),
        Some("ADT_A01")
    );
    assert_eq!(of("MSH|^~\\&|A||||||ADT|1|P|2.1\rEVN|A02"), Some("ADT_A02"));
    assert_eq!(of("MSH|^~\\&|A||||||ZZZ^Z01|1|P|2.5.1\rZPI"), None);
}

fn ordinals(instance: &GroupInstance, all: &mut Vec<u32>) {
    all.extend(instance.segments());
    for group in instance.groups() {
        ordinals(group, all);
    }
}

fn accounted(grouped: &Grouped) -> Vec<u32> {
    let mut all = grouped.out_of_place.clone();
    ordinals(&grouped.root, &mut all);
    all.sort_unstable();
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_segment_stands_exactly_once(
        version_index in 0_usize..12,
        structure_index in 0_usize..400,
        picks in proptest::collection::vec(0_usize..24, 0..40),
    ) {
        const NAMES: [&str; 24] = [
            "PID", "PV1", "PV2", "NTE", "ORC", "OBR", "OBX", "SPM", "AL1", "DG1", "PR1", "GT1",
            "IN1", "IN2", "NK1", "ROL", "RXE", "RXR", "TQ1", "SCH", "AIS", "ZPI", "MSH", "MSA",
        ];
        let version = version(versions()[version_index]).unwrap();
        let structures = version.structures();
        let structure = &structures[structure_index % structures.len()];
        let lines: String = picks.iter().flat_map(|&pick| [NAMES[pick], "|\r"]).collect();
        let message = Message::parse(format!("MSH|^~\\&|A\r{lines}")).unwrap();
        let expected: Vec<u32> = (0..=picks.len()).map(|one| u32::try_from(one).unwrap()).collect();
        prop_assert_eq!(accounted(&group_as(&message, structure)), expected.clone());
        prop_assert_eq!(accounted(&group(&message)), expected);
    }
}
