//! What grouping finds beside the tree: doubts, gaps, segments out of place; what it takes back,
//! and how much work that is. The trees of common messages are in `structure`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may be blunt"
)]

use std::fmt::Write as _;

use isthmus_hl7v2::group_instance::{GroupChild, GroupInstance};
use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::structure::{Grouped, group};

fn message(of: &str, names: &str) -> Message {
    let lines = names.replace(' ', "|\r");
    Message::parse(format!("MSH|^~\\&|A||||||{of}|1|P|2.5.1\r{lines}|\r")).unwrap()
}

fn write_tree(message: &Message, instance: &GroupInstance, text: &mut String) {
    for (place, child) in instance.children.iter().enumerate() {
        text.push_str(if place > 0 { " " } else { "" });
        match child {
            GroupChild::Segment(ordinal) => {
                let segment = message.segment(*ordinal as usize).unwrap();
                text.push_str(segment.name().as_str());
            }
            GroupChild::Group(group) => {
                write!(text, "{}(", group.name).unwrap();
                write_tree(message, group, text);
                text.push(')');
            }
        }
    }
}

fn tree(message: &Message, grouped: &Grouped) -> String {
    let mut text = String::new();
    write_tree(message, &grouped.root, &mut text);
    text
}

/// Each finding as `ordinal segment: what`.
fn told(message: &Message, grouped: &Grouped) -> Vec<String> {
    let findings = grouped.findings.iter().map(|finding| {
        let segment = message.segment(finding.ordinal as usize).unwrap();
        format!("{} {}: {}", finding.ordinal, segment.name(), finding.kind)
    });
    findings.collect()
}

fn laid_out(of: &str, names: &str) -> (String, Vec<String>) {
    let message = message(of, names);
    let grouped = group(&message);
    (tree(&message, &grouped), told(&message, &grouped))
}

#[test]
fn a_choice_is_taken_back_for_what_comes_after() {
    // A specimen's observation has no notes: the one with a note is a result.
    let (tree, told) = laid_out("OUL^R24^OUL_R24", "PID OBR SPM OBX OBX NTE OBR");
    assert_eq!(
        tree,
        "MSH PATIENT(PID) ORDER(OBR SPECIMEN(SPM OBX) RESULT(OBX NTE)) ORDER(OBR)"
    );
    let doubt = "4 OBX: the segment was given to SPECIMEN and could be RESULT's";
    assert_eq!(told, [doubt]);
    // An order of observations needs an OBR; this one turns out to be of medication.
    let (tree, told) = laid_out(
        "CSU^C09^CSU_C09",
        "PID CSR CSS ORC OBR OBX ORC RXA RXR ORC RXA RXR",
    );
    assert_eq!(
        tree,
        "MSH PATIENT(PID CSR STUDY_PHASE(STUDY_SCHEDULE(CSS STUDY_OBSERVATION(ORC OBR OBX) \
         STUDY_PHARM(ORC RX_ADMIN(RXA RXR)) STUDY_PHARM(ORC RX_ADMIN(RXA RXR)))))"
    );
    assert_eq!(told, Vec::<String>::new());
}

#[test]
fn a_choice_that_helps_nothing_stays() {
    let (tree, told) = laid_out("OUL^R24^OUL_R24", "PID OBR SPM OBX ACC OBX");
    assert_eq!(tree, "MSH PATIENT(PID) ORDER(OBR SPECIMEN(SPM OBX OBX))");
    assert_eq!(
        told,
        [
            "4 OBX: the segment was given to SPECIMEN and could be RESULT's",
            "5 ACC: the structure has no place for the segment here",
            "6 OBX: the segment was given to SPECIMEN and could be RESULT's",
        ]
    );
}

#[test]
fn an_order_that_could_be_a_prior_result_is_the_next_order_and_in_doubt() {
    let (tree, told) = laid_out("OML^O21^OML_O21", "PID ORC OBR OBX ORC OBR OBX");
    assert_eq!(
        tree,
        "MSH PATIENT(PID) ORDER(ORC OBSERVATION_REQUEST(OBR OBSERVATION(OBX))) \
         ORDER(ORC OBSERVATION_REQUEST(OBR OBSERVATION(OBX)))"
    );
    let doubt = "5 ORC: the segment was given to ORDER and could be ORDER_PRIOR's";
    assert_eq!(told, [doubt]);
    let (tree, told) = laid_out("OMG^O19^OMG_O19", "PID ORC OBR OBX ORC OBR OBX");
    assert_eq!(
        tree,
        "MSH PATIENT(PID) ORDER(ORC OBR OBSERVATION(OBX)) ORDER(ORC OBR OBSERVATION(OBX))"
    );
    assert_eq!(told, [doubt]);
}

#[test]
fn a_note_is_that_of_the_segment_before_it() {
    let (tree, told) = laid_out(
        "SIU^S12^SIU_S12",
        "SCH NTE PID RGS AIS NTE AIG NTE AIL AIP NTE RGS AIS NTE NTE",
    );
    assert_eq!(
        tree,
        "MSH SCH NTE PATIENT(PID) RESOURCES(RGS SERVICE(AIS NTE) GENERAL_RESOURCE(AIG NTE) \
         LOCATION_RESOURCE(AIL) PERSONNEL_RESOURCE(AIP NTE)) RESOURCES(RGS SERVICE(AIS NTE NTE))"
    );
    assert_eq!(told, Vec::<String>::new());
}

#[test]
fn what_is_missing_is_told_with_its_place() {
    let (_, told) = laid_out("ADT^A01^ADT_A01", "PID PR1 DG1");
    assert_eq!(
        told,
        [
            "1 PID: EVN is missing from ADT_A01",
            "2 PR1: PV1 is missing from ADT_A01",
            "3 DG1: the structure has no place for the segment here",
        ]
    );
    let (_, told) = laid_out("ORU^R01^ORU_R01", "PID OBX");
    assert_eq!(told, ["2 OBX: OBR is missing from ORDER_OBSERVATION"]);
    let (_, told) = laid_out("ORU^R01^ORU_R01", "PID PV1");
    assert_eq!(
        told,
        ["2 PV1: the group ORDER_OBSERVATION is missing from PATIENT_RESULT"]
    );
    let (_, told) = laid_out("ORM^O01^ORM_O01", "PID ORC NTE");
    assert_eq!(
        told,
        ["3 NTE: the structure has no place for the segment here"]
    );
}

#[test]
fn too_many_and_undefined_segments_are_told_as_such() {
    let (tree, told) = laid_out("ADT^A01^ADT_A01", "EVN PID PID ZPI PV1 PV1 PV1");
    assert_eq!(tree, "MSH EVN PID PV1");
    assert_eq!(
        told,
        [
            "3 PID: the segment may stand here at most 1 times",
            "4 ZPI: the local segment is not defined; define it for this sender",
            "6 PV1: the segment may stand here at most 1 times",
            "7 PV1: the segment may stand here at most 1 times",
        ]
    );
}

#[test]
fn a_message_without_a_structure_stays_flat_and_whole() {
    let message = message("XYZ^Q99", "PID ZPI OBX");
    let grouped = group(&message);
    assert_eq!(grouped.structure, None);
    assert_eq!(tree(&message, &grouped), "MSH PID ZPI OBX");
    assert!(grouped.findings.is_empty() && grouped.out_of_place.is_empty());
}

/// The steps for a message of `head` and `times` times `body`.
fn steps(of: &str, head: &str, body: &str, times: usize) -> (u64, usize) {
    let names = format!("{head}{}", format!(" {body}").repeat(times));
    let message = message(of, &names);
    (group(&message).steps, message.segment_count())
}

#[test]
fn ten_times_the_segments_cost_ten_times_the_steps() {
    for (of, head, body) in [
        (
            "ORU^R01^ORU_R01",
            "PID",
            "ORC OBR NTE OBX NTE OBX OBX SPM OBX",
        ),
        ("OML^O21^OML_O21", "PID", "ORC OBR OBX NTE"),
        ("ADT^A01^ADT_A01", "EVN PID PV1", "DG1 DG1 PR1 ROL"),
        ("SIU^S12^SIU_S12", "SCH PID", "RGS AIS NTE AIG AIL NTE AIP"),
        // Every choice in doubt, much taken back, much out of place, much missing.
        ("OUL^R24^OUL_R24", "PID", "OBR SPM OBX OBX NTE"),
        ("OUL^R24^OUL_R24", "PID", "OBR SPM OBX OBX OBX PV1 NTE SAC"),
        ("ADT^A01^ADT_A01", "EVN", "PV1 PID EVN ZZZ ACC"),
        ("ORU^R01^ORU_R01", "PID", "OBX NTE ABC"),
        ("ORU^R01^ORU_R01", "PID", "FT1 OBX SPM CTI"),
        ("PPR^PC1^PPR_PC1", "PID", "ROL VAR GOL ROL OBX PTH"),
        ("BAR^P01^BAR_P01", "EVN PID", "DG1 PV1 IN1 OBX ROL"),
    ] {
        let (few, short) = steps(of, head, body, 60);
        let (many, long) = steps(of, head, body, 600);
        assert!(long > 9 * short, "{body}");
        assert!(many <= 12 * few, "{of} {body}: {few} steps, then {many}");
        assert!(few > 0);
    }
}

#[test]
fn a_well_formed_message_is_read_at_sight() {
    let (few, segments) = steps("ORU^R01^ORU_R01", "PID PV1", "OBR NTE OBX NTE OBX OBX", 100);
    assert!(
        few < 20 * segments as u64,
        "{few} steps for {segments} segments"
    );
}
