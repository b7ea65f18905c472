//! `ref` and `refs`: nearest, forward and backward, never dangling.

use crate::scenario::{admitted, faults, files, texts};

#[test]
fn a_reference_to_nothing_writes_nothing() {
    let blocks = "resource Patient per PID\n  gender <- PID-8 | table(sex)\n  \
                  managingOrganization <- ref(org)\n\
                  resource Organization as org when PV1-3.4 present\n  \
                  id <- PV1-3.4.1 | uuid5(\"o\")\n  name <- PV1-3.4.1\n";
    assert_eq!(
        texts(&admitted(blocks, &["PID||||||||F"])),
        [r#"{"gender":"female"}"#]
    );
    let both = texts(&admitted(blocks, &["PID||||||||F", "PV1|||^^^W"]));
    assert!(both[0].contains("Organization/") && both.len() == 2);
}

#[test]
fn a_reference_means_the_block_about_the_same_value() {
    let blocks = "resource Practitioner as doctor per PV1-7\n  id <- .1\n\
                  resource Encounter per PV1\n  status <- \"planned\"\n  class.code <- PV1-2\n  \
                  part participant[] per PV1-7\n    type[0].text <- \"attending\"\n    \
                  individual <- ref(doctor)\n";
    let all = texts(&admitted(blocks, &["PV1||I|||||1~2"]));
    let participant = "\"participant\":[{\"type\":[{\"text\":\"attending\"}],\
        \"individual\":{\"reference\":\"Practitioner/1\"}},{\"type\":[{\"text\":\"attending\"}],\
        \"individual\":{\"reference\":\"Practitioner/2\"}}]";
    assert!(all[2].contains(participant), "{}", all[2]);
}

#[test]
fn references_may_be_alternatives() {
    let blocks = "resource Practitioner as first per PV1-7\n  id <- .1\n\
                  resource Practitioner as second per PV1-8\n  id <- .1\n\
                  resource Patient per PID\n  gender <- PID-8 | table(sex)\n  \
                  generalPractitioner[] <- ref(first) // ref(second)\n";
    let all = texts(&admitted(blocks, &["PID||||||||F", "PV1||||||||2"]));
    assert_eq!(
        all[1],
        r#"{"gender":"female","generalPractitioner":[{"reference":"Practitioner/2"}]}"#
    );
}

#[test]
fn a_reference_knows_the_id_of_whichever_row_applies() {
    let blocks = "resource Organization as org when PV1-3 present\n  \
                  id <- PV1-3.4.1 when PV1-3.4 present\n  \
                  id <- PV1-3.1 when not PV1-3.4 present\n  \
                  name <- \"x\"\n\
                  resource Patient per PID\n  managingOrganization <- ref(org)\n  \
                  gender <- PID-8 | table(sex)\n";
    for (place, id) in [("PV1|||^^^A", "A"), ("PV1|||B", "B")] {
        let all = texts(&admitted(blocks, &["PID||||||||F", place]));
        let organization = format!("{{\"id\":\"{id}\",\"name\":\"x\"}}");
        let reference = format!("{{\"reference\":\"Organization/{id}\"}}");
        assert_eq!(all.first(), Some(&organization));
        assert!(all.len() == 2 && all[1].contains(&reference), "{all:?}");
    }
}

#[test]
fn an_id_may_be_made_of_a_block_above_and_of_no_other() {
    let above = "resource Patient as patient per PID\n  id <- PID-3[0].1\n";
    let below = "resource RelatedPerson as kin per NK1\n  \
                 id <- ref(patient), NK1-1 | uuid5(\"k\")\n  \
                 patient <- ref(patient)\n";
    let id = |number: &str| {
        let pid = format!("PID|||{number}");
        texts(&admitted(&format!("{above}{below}"), &[&pid, "NK1|1"]))[1].clone()
    };
    assert_ne!(id("1").split(',').next(), id("2").split(',').next());
    let found = faults(&files("ADT^A01", &format!("{below}{above}")));
    let codes: Vec<_> = found.iter().map(|one| one.code.to_string()).collect();
    assert_eq!(codes, ["M209"]);
}
