//! The proof at load that a map reads nothing beyond its flow, and the report of what it reads.

use isthmus_core::diagnostic::{Renderer, Severity};
use isthmus_core::privacy::codes;
use isthmus_core::read_set::ReadSet;

use crate::scenario::{load, place, policy, policy_with, reading};

/// The codes of what is told of a map that reads one path, warnings left out.
fn told(path: &str, control: bool) -> Vec<&'static str> {
    let mut map = reading(&[path]);
    map.reads[0].control = control;
    let Err(errors) = load(&policy(), &map) else {
        return Vec::new();
    };
    let errors = errors.iter().filter(|one| one.is_error());
    errors.map(|one| one.code.text()).collect()
}

#[test]
fn what_rows_grant_may_be_read() {
    let allowed = [
        "Patient.name[use=official].given[0]",
        "Patient.name[use=official].family",
        "Patient.telecom[system=email].value",
        "Patient.telecom[system=email,use=work].value",
        "Patient.telecom[system=\"email\"].value",
        "Patient.birthDate",
        "Patient.communication[0].language.coding[0].code",
    ];
    for path in allowed {
        assert_eq!(told(path, false), [""; 0], "{path}");
        assert_eq!(told(path, true), [""; 0], "{path}");
    }
}

#[test]
fn what_a_key_fixes_may_be_read() {
    for path in [
        "Patient.telecom.system",
        "Patient.name.use",
        "Patient.identifier.type.coding.code",
    ] {
        assert_eq!(told(path, true), [""; 0], "{path}");
    }
    assert_eq!(told("Patient.telecom.use", true), ["P101"]);
}

#[test]
fn whether_something_granted_is_there_may_be_asked() {
    for path in [
        "Patient.telecom",
        "Patient.telecom[system=email]",
        "Patient.name",
    ] {
        assert_eq!(told(path, true), [""; 0], "{path}");
        assert_eq!(told(path, false), ["P101"], "{path}");
    }
    assert_eq!(told("Patient.contact", true), ["P101"]);
    assert_eq!(told("Patient.name[use=old]", true), ["P101"]);
    assert_eq!(told("Observation.code", true), ["P101"]);
}

#[test]
fn nothing_else_may_be_read() {
    let refused = [
        "Patient.name.family",
        "Patient.name[0].family",
        "Patient.name[use=official].given",
        "Patient.name[use=official].given[1]",
        "Patient.name[use=official].text",
        "Patient.telecom[system=phone].value",
        "Patient.birthDate.extension[url=\"urn:birth-time\"].valueDateTime",
        "Patient.gender",
        "Patient.contact.name.family",
        "Observation.status",
        "telecom[system=email].value",
    ];
    for path in refused {
        assert_eq!(told(path, false), ["P101"], "{path}");
        assert_eq!(told(path, true), ["P101"], "{path}");
    }
}

#[test]
fn a_refused_read_is_shown_with_what_is_allowed() {
    let mut map = reading(&["Patient.birthDate", "Patient.telecom[system=phone].value"]);
    map.reads[1].control = true;
    let errors = load(&policy(), &map).unwrap_err();
    let error = errors
        .iter()
        .find(|one| one.code == codes::NOT_ALLOWED)
        .unwrap();
    let shown = Renderer { colour: false }.render(error);
    let expected = concat!(
        "error[P101]: reads `Patient.telecom[system=phone].value` (condition), not allowed by ",
        "flow mailer-newsletter 3\n --> mappings/fhir-to-records/mailer-contact.rmap:6:12\n",
        "  = help: allowed here: Patient.telecom[system=email].value, ",
        "Patient.name[use=official].given[0], Patient.name[use=official].family, ",
        "Patient.birthDate (year)\n",
        "  = note: the flow names this map at policies/mailer.toml:13:7\n",
    );
    assert_eq!(shown, expected);
}

#[test]
fn every_refused_read_is_told() {
    let map = reading(&["Patient.gender", "Patient.active", "Patient.gender"]);
    let errors = load(&policy(), &map).unwrap_err();
    let refused = errors.iter().filter(|one| one.code == codes::NOT_ALLOWED);
    let places: Vec<_> = refused.map(|one| one.line).collect();
    assert_eq!(places, [5, 6, 7]);
}

#[test]
fn a_row_that_is_never_read_is_warned_of() {
    let rows = [
        ("Patient.birthDate", "demographic", ""),
        ("Patient.gender", "demographic", ""),
    ];
    let set = load(&policy_with(&rows), &reading(&["Patient.birthDate"])).unwrap();
    let [warning] = set.warnings() else {
        panic!("{:#?}", set.warnings());
    };
    assert_eq!(
        (warning.severity, warning.code),
        (Severity::Warning, codes::NEVER_READ)
    );
    assert!(warning.message.contains("Patient.gender"));
}

#[test]
fn a_map_tells_only_consents_that_the_flow_names() {
    let mut map = ReadSet::default();
    map.consents.push("hipaa-auth".to_owned());
    load(&policy(), &map).unwrap();
    map.consents.push("marketing-email".to_owned());
    let errors = load(&policy(), &map).unwrap_err();
    let error = errors.iter().find(|one| one.is_error()).unwrap();
    assert_eq!((error.code, error.line), (codes::CONSENT_READ, 13));
    assert_ne!(error.file, place(1).file);
    let tells = "on_unknown = \"withhold\"\ntells = [\"marketing-email\"]";
    load(&policy().replace("on_unknown = \"withhold\"", tells), &map).unwrap();
}
