//! Flows that send HL7 v2 messages on do not load when a row could let out more than it says.

use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::read_set::ReadSet;

use crate::messages::{BOTH, PATIENT, policy};
use crate::scenario::load;

fn codes(events: &str, rows: &[(&str, &str)]) -> Vec<String> {
    faults(&policy(events, rows))
}

fn faults(policy: &str) -> Vec<String> {
    let found: Vec<Diagnostic> =
        load(policy, &ReadSet::default()).map_or_else(|all| all, |_| Vec::new());
    let shown = found
        .iter()
        .map(|one| format!("{} {}:{}", one.code, one.line, one.column));
    shown.collect()
}

#[test]
fn rows_that_could_let_out_something_else_do_not_load() {
    // The first row's path stands on line 29.
    let of = |path: &str, more: &str| {
        let found = codes(BOTH, &[(path, more)]);
        assert_eq!(found.len(), 1, "{path}: {found:?}");
        found[0].clone()
    };
    for (path, more, expected) in [
        ("PID", "", "P043 29:8"),
        ("PIX-3", "", "P041 29:8"),
        ("PV1-300", "", "P041 29:8"),
        ("PV1-3.99", "", "P041 29:8"),
        ("PV1-3..", "", "P040 29:21"),
        ("MSH-3", "", "P048 29:8"),
        ("NTE-3", "", "P048 29:8"),
        ("OBX-5", "", "P049 29:8"),
        ("OBX-5.1", "types = [\"CWE\"]", "P043 29:8"),
        ("OBX-3", "types = [\"CWE\"]", "P049 29:8"),
        ("OBX-5", "types = [\"CWW\"]", "P049 31:10"),
        ("OBX[0]-3", "", "P042 29:8"),
        ("OBX-3[1..]", "", "P042 29:8"),
        ("OBX-3[99=\"x\"]", "", "P041 29:8"),
        ("OBX-3[1=$site]", "", "P042 29:8"),
        ("OBSERVATION[0]/OBX-3", "", "P042 29:8"),
        ("OBSERVATIONS/OBX-3", "", "P051 29:8"),
        ("ORDER_OBSERVATION/OBX-3", "", "P051 29:8"),
        ("ARQ-1", "", "P051 29:8"),
        ("PV1-3", "coarsen = \"year\"", "P044 31:11"),
        ("PV1-3", "coarsen = \"zip3\"", "P044 31:11"),
        ("PV1-3", "systems = [\"LN\"]", "P003 31:1"),
        ("PV1-7[9.1.2=\"A\"].1", "", "P042 29:8"),
        ("OBSERVTION/ZNT-3", "", "P051 29:8"),
        ("NK1-4[5=\"02139\"].5", "coarsen = \"zip3\"", "P047 29:8"),
        ("OBX[5=\"POSITIVE\"]-3", "", "P047 29:8"),
        ("PID-7", "", "P052 11:6"),
    ] {
        if path == "PID-7" {
            assert_eq!(codes(BOTH, &[(path, more)]), [expected, expected]);
        } else {
            assert_eq!(of(path, more), expected, "{path} {more}");
        }
    }
    let unknown = codes("\"ADT^A99\"", &[("PV1-3", "")]);
    assert_eq!(unknown, ["P051 14:11"]);
    let of_records = policy(BOTH, &[("PV1-3", "")]).replace("hl7v2:PV1-3", "Patient.birthDate");
    assert_eq!(faults(&of_records), ["P040 29:8"]);
}

#[test]
fn a_flow_is_of_records_or_of_messages() {
    let whole = policy(BOTH, &PATIENT);
    let with_map = whole.replace("form = \"hl7v2\"", "form = \"hl7v2\"\nmap = \"x\"");
    assert!(faults(&with_map)[0].starts_with("P050"));
    let no_events = whole.replace(&format!("events = [{BOTH}]"), "");
    assert!(faults(&no_events)[0].starts_with("P004"));
    let no_form = whole.replace(
        "form = \"hl7v2\"",
        "map = \"fhir-to-records/mailer-contact\"",
    );
    assert!(faults(&no_form).iter().any(|one| one.starts_with("P050")));
    let other = whole.replace("form = \"hl7v2\"", "form = \"hl7v3\"");
    assert!(faults(&other)[0].starts_with("P006"));
    let professional = whole.replace("audience = \"patient\"", "audience = \"hcp\"");
    assert!(faults(&professional)[0].starts_with("P027"));
}

#[test]
fn two_rows_for_one_place_do_not_load() {
    let of = |one: (&'static str, &'static str), other: (&'static str, &'static str)| {
        let found = codes(BOTH, &[PATIENT[0], PATIENT[1], one, other]);
        found
            .iter()
            .map(|one| one[..4].to_owned())
            .collect::<Vec<_>>()
    };
    let none: [&str; 0] = [];
    assert_eq!(of(("PV1-3", ""), ("PV1-3", "")), ["P046"]);
    assert_eq!(of(("PV1-3", ""), ("PV1-3.1", "")), ["P046"]);
    assert_eq!(of(("PV1-3.1", ""), ("PV1-3.2", "")), none);
    assert_eq!(of(("PID-7", ""), ("PID-7", "coarsen = \"year\"")), ["P047"]);
    assert_eq!(of(("PV1-7[9=\"A\"].1", ""), ("PV1-7[9=\"B\"].1", "")), none);
    assert_eq!(of(("PV1-7[0].1", ""), ("PV1-7[9=\"B\"].1", "")), none);
    assert_eq!(of(("PV1-7.1", ""), ("PV1-7[9=\"B\"].1", "")), ["P046"]);
    let zip = ("NK1-4.5", "coarsen = \"zip3\"");
    assert_eq!(of(zip, ("NK1-4[5=\"02139\"].4", "")), ["P047"]);
    let types = ("OBX-5", "types = [\"NM\"]");
    assert_eq!(of(types, ("OBX-5", "types = [\"TX\"]")), ["P047"]);
    assert_eq!(of(("OBSERVATION/NTE-3", ""), ("PATIENT/NTE-3", "")), none);
}

#[test]
fn scraps_of_an_identifier_and_a_name_are_none() {
    let rows = [("PID-3.4", ""), ("PID-5.7", ""), ("PID-8", "")];
    assert_eq!(codes(BOTH, &rows), ["P052 11:6", "P052 11:6"]);
    let given = [("PID-3.1", ""), ("PID-5.2", "")];
    assert!(codes(BOTH, &given).is_empty());
    assert_eq!(codes("\"ACK\"", &[("PV1-3", "")]), ["P051 14:11"]);
}
