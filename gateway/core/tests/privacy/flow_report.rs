//! The data-flow report: every row with its origin and its fields, and what never leaves.

use std::collections::BTreeMap;

use isthmus_core::privacy::flow_report::{ReportSources, flow_report};
use isthmus_core::read_set::Lineage;
use isthmus_fhir::path::syntax::ElementPath;

use crate::scenario::{MAP, ROWS, load, place, policy, reading};

#[test]
fn rows_are_followed_from_the_message_to_the_record() {
    let paths: Vec<&str> = ROWS.iter().map(|(path, _, _)| *path).collect();
    let mut map = reading(&paths);
    map.reads[3].control = true;
    map.lineage.push(Lineage {
        target: "properties.email".to_owned(),
        sources: vec![ElementPath::parse("Patient.telecom[system=email].value").unwrap()],
        functions: vec!["lower".to_owned()],
        place: place(7),
    });
    let set = load(&policy(), &map).unwrap();
    let writable = [
        "Patient.telecom.value",
        "Patient.telecom[system=phone].value",
        "Patient.photo",
        "Patient.contact.name.family",
        "Patient.name",
        "Patient.birthDate",
    ];
    let writable: Vec<ElementPath> = writable
        .map(|path| ElementPath::parse(path).unwrap())
        .into();
    let origins = |path: &ElementPath| match path.to_string().as_str() {
        "Patient.birthDate" => vec!["PID-7".to_owned()],
        "Patient.telecom[system=email].value" => vec!["PID-14".to_owned(), "PID-13.4".to_owned()],
        _ => Vec::new(),
    };
    let maps = BTreeMap::from([(MAP.to_owned(), &map)]);
    let sources = ReportSources {
        maps: &maps,
        origins: &origins,
        writable: &writable,
    };
    let report = flow_report(&set, sources);
    assert_eq!(report, flow_report(&set, sources));
    let [flow] = report.as_slice() else {
        panic!("one flow");
    };
    assert_eq!(flow.recipient.name, "Acme Mail");
    assert_eq!(flow.terms.purpose.code(), "HMARKT");
    assert_eq!(flow.agreement_ends_on, "2027-12-31");
    assert_eq!(flow.rows.len(), ROWS.len());
    let email = &flow.rows[2];
    assert_eq!(email.origins, ["PID-13.4", "PID-14"]);
    assert_eq!(email.fields[0].target, "properties.email");
    assert_eq!(email.fields[0].functions, ["lower"]);
    assert_eq!(flow.rows[3].origins, ["PID-7"]);
    assert_eq!(flow.rows[3].decides, [place(8)]);
    let never = [
        "Patient.contact.name.family",
        "Patient.photo",
        "Patient.telecom[system=phone].value",
    ];
    assert_eq!(flow.never_leaves, never);
}
