//! Senders that are held to a profile: what is not as asked is refused with an ERR for each
//! finding, or stored, counted and acknowledged. What profiles can ask is tested in
//! `isthmus_hl7v2`.

use std::sync::Arc;

use isthmus_core::refusal::Reason;
use isthmus_hl7v2::dictionary::version;
use isthmus_hl7v2::profile::{Codes, EventPattern, FieldRule, MessageProfile, Profile, Usage};
use isthmus_hl7v2::segment_name::SegmentName;

use crate::fake_intake::FakeIntake;
use crate::messages::{Msh, NORTH, admission};
use crate::rig::{Rig, senders};

/// A date of birth, identifiers of one authority, and names of which ten characters are kept.
fn profile() -> Profile {
    let pid = SegmentName::new(b"PID").unwrap();
    let events = vec![EventPattern {
        message_type: Some("ADT".to_owned()),
        event: None,
    }];
    let mut part = MessageProfile::new(events);
    part.add_field(FieldRule {
        usage: Usage::Required,
        ..FieldRule::new(pid, 7)
    });
    part.add_field(FieldRule {
        codes: Some(Codes::Constant("NORTHMRN".to_owned())),
        component: Some(".4".parse().unwrap()),
        ..FieldRule::new(pid, 3)
    });
    part.add_field(FieldRule {
        conformance_length: Some(10),
        ..FieldRule::new(pid, 5)
    });
    Profile {
        name: "north-adt".to_owned(),
        title: String::new(),
        version: version("2.5.1").unwrap(),
        messages: vec![part],
    }
}

fn rig(more: &str) -> Rig {
    let zone = "zone = ";
    let toml = NORTH.replace(
        zone,
        &format!("profile = \"north-adt\"\n    {more}\n    {zone}"),
    );
    let mut senders = senders(&toml);
    senders[0].asked = Some(Arc::new(profile()));
    Rig::of(FakeIntake::default(), senders)
}

/// MSA-1 and the ERR segments of the answer.
async fn ask(rig: &Rig, message: String) -> (String, Vec<String>) {
    let mut client = rig.connect();
    client.send(message).await;
    let text = client.answer_text().await.unwrap();
    let lines = |name: &str| -> Vec<String> {
        let lines = text.split('\r').filter(|line| line.starts_with(name));
        lines.map(str::to_owned).collect()
    };
    let code = lines("MSA")[0].split('|').nth(1).unwrap().to_owned();
    (code, lines("ERR"))
}

fn foreign() -> String {
    let msh = Msh {
        identifiers: "7^^^NORTHMRN~8^^^2.999.1",
        ..Msh::default()
    };
    msh.message()
}

#[tokio::test]
async fn refused_messages_are_told_of_every_finding_and_not_stored() {
    let rig = rig("profile_failure = \"refuse\"");
    let (code, errors) = ask(&rig, foreign()).await;
    assert_eq!(code, "AR");
    let expected = [
        "ERR||PID^1^7|101^Required field missing^HL70357|E",
        "ERR||PID^1^3^2^4|103^Table value not found^HL70357|E",
        "ERR||PID^1^5^1|102^Data type error^HL70357|W",
    ];
    assert_eq!(errors, expected);
    assert!(rig.intake.stored().is_empty());
    assert_eq!(
        rig.seams.counters.refused.of(Reason::Nonconforming).get(),
        1
    );
    assert_eq!(rig.seams.counters.profile_not_kept.get(), 0);
}

#[tokio::test]
async fn the_answer_has_the_form_of_the_senders_version_and_mode() {
    let rig = rig("profile_failure = \"refuse\"");
    let old = foreign().replace("|P|2.5.1|", "|P|2.3.1|");
    let (code, errors) = ask(&rig, old).await;
    assert_eq!(code, "AR");
    assert_eq!(errors.len(), 1);
    assert!(errors[0].starts_with("ERR|PID^1^7^101&"), "{errors:?}");
    assert_eq!(errors[0].matches('~').count(), 2);
    let new = foreign().replace("|P|2.5.1|||", "|P|2.8|||AL");
    let (code, errors) = ask(&rig, new).await;
    assert_eq!(code, "CR");
    assert!(
        errors[2].contains("|104^Value too long^HL70357|W"),
        "{errors:?}"
    );
}

#[tokio::test]
async fn senders_may_be_told_another_code() {
    let table = "\n[sender.acknowledge]\nnonconforming = \"AE\"\n";
    let toml = NORTH.to_owned() + "profile_failure = \"refuse\"\nprofile = \"north-adt\"\n" + table;
    let mut senders = senders(&toml);
    senders[0].asked = Some(Arc::new(profile()));
    let rig = Rig::of(FakeIntake::default(), senders);
    assert_eq!(ask(&rig, foreign()).await.0, "AE");
}

#[tokio::test]
async fn reported_messages_are_stored_acknowledged_and_counted() {
    for more in ["", "profile_failure = \"report\""] {
        let rig = rig(more);
        let (code, errors) = ask(&rig, foreign()).await;
        assert_eq!((code.as_str(), errors.len()), ("AA", 0));
        assert_eq!(rig.intake.stored().len(), 1);
        assert_eq!(rig.seams.counters.profile_not_kept.get(), 1);
    }
}

#[tokio::test]
async fn what_is_as_asked_passes_and_warnings_alone_refuse_nothing() {
    let rig = rig("profile_failure = \"refuse\"");
    let born = admission("N1").replace("Testcase^Ada", "Test^Ada||19700101");
    assert_eq!(ask(&rig, born).await.0, "AA");
    assert_eq!(rig.seams.counters.profile_not_kept.get(), 0);
    let long = admission("N2").replace("Testcase^Ada", "Testcase^Augusta||19700101");
    assert_eq!(ask(&rig, long).await.0, "AA");
    assert_eq!(rig.seams.counters.profile_not_kept.get(), 1);
    assert_eq!(rig.intake.stored().len(), 2);
}

#[tokio::test]
async fn the_structure_that_the_sender_states_counts() {
    let sequence = || {
        let mut part = MessageProfile::new(profile().messages.remove(0).events);
        part.sequence = true;
        Profile {
            messages: vec![part],
            ..profile()
        }
    };
    // An admission has a visit; a message about allergies need not have one.
    for (structures, code) in [
        ("", "AR"),
        ("structures = { \"ADT^A01\" = \"ADT_A60\" }", "AA"),
    ] {
        let toml = format!("{NORTH}profile_failure = \"refuse\"\nprofile = \"x\"\n{structures}\n");
        let mut senders = senders(&toml);
        senders[0].asked = Some(Arc::new(sequence()));
        let rig = Rig::of(FakeIntake::default(), senders);
        let (told, errors) = ask(&rig, admission("N1")).await;
        assert_eq!(told, code, "{errors:?}");
    }
}
