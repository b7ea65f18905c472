//! Who may send what, and under whose name.

use isthmus_core::refusal::Reason;
use isthmus_hl7v2::acknowledgment::AcknowledgmentCode::{ApplicationAccept, ApplicationReject};

use crate::messages::{Msh, NORTH, SOUTH, admission};
use crate::rig::Rig;

fn south() -> String {
    let names = Msh {
        application: "SOUTHADT",
        facility: "",
        ..Msh::default()
    };
    names.message()
}

fn bound_to(certificates: &str) -> String {
    let networks = r#"networks = ["127.0.0.0/8"]"#;
    NORTH.replace(networks, &format!("certificates = {certificates}"))
}

#[tokio::test]
async fn a_message_in_another_senders_name_is_rejected() {
    let rig = Rig::new();
    let mut client = rig.connect();
    client.send(south()).await;
    let text = client.answer_text().await.unwrap();
    assert!(text.contains("MSA|AR|N1\rERR||MSH^1^3|204^"), "{text}");
    let facility = "SOUTH";
    client
        .send(
            Msh {
                facility,
                ..Msh::default()
            }
            .message(),
        )
        .await;
    let text = client.answer_text().await.unwrap();
    assert!(text.contains("MSA|AR|N1\rERR||MSH^1^4|204^"), "{text}");
    for (application, facility) in [("northadt", "NORTH"), ("", "")] {
        let message = Msh {
            application,
            facility,
            ..Msh::default()
        }
        .message();
        assert_eq!(client.ask(message).await, ApplicationReject);
    }
    assert!(rig.intake.stored().is_empty());
    assert_eq!(rig.seams.counters.refused.of(Reason::Unauthorised).get(), 4);
    assert_eq!(
        rig.connect_as("10.2.9.9", &[]).ask(south()).await,
        ApplicationAccept
    );
}

#[tokio::test]
async fn a_peer_bound_to_no_sender_is_told_once_and_closed() {
    let rig = Rig::new();
    let mut client = rig.connect_as("192.0.2.1", &[]);
    client.send(admission("N1")).await;
    assert_eq!(client.answer().await, (ApplicationReject, "N1".to_owned()));
    assert!(client.is_closed().await);
    assert_eq!(rig.seams.counters.connections_unbound.get(), 1);
    assert!(rig.intake.stored().is_empty());
}

#[tokio::test]
async fn a_sender_bound_to_certificates_needs_one_of_them() {
    let rig = Rig::with_senders(&bound_to(r#"["dns:ehr.north.example", "cn:North EHR"]"#));
    for names in [
        &["dns:ehr.north.example"][..],
        &["cn:North EHR", "dns:other.example"],
    ] {
        let mut client = rig.connect_as("192.0.2.1", names);
        assert_eq!(client.ask(admission("N1")).await, ApplicationAccept);
    }
    for names in [
        &[][..],
        &["dns:ehr.south.example"],
        &["cn:ehr.north.example"],
    ] {
        let mut client = rig.connect_as("127.0.0.1", names);
        assert_eq!(client.ask(admission("N1")).await, ApplicationReject);
    }
}

#[tokio::test]
async fn where_certificate_and_network_are_stated_both_must_hold() {
    let networks = r#"networks = ["127.0.0.0/8"]"#;
    let both = format!("{networks}\ncertificates = [\"cn:North EHR\"]");
    let rig = Rig::with_senders(&NORTH.replace(networks, &both));
    let ask = async |address: &str, names: &[&str]| {
        rig.connect_as(address, names).ask(admission("N1")).await
    };
    assert_eq!(ask("127.0.0.1", &["cn:North EHR"]).await, ApplicationAccept);
    assert_eq!(ask("192.0.2.1", &["cn:North EHR"]).await, ApplicationReject);
    assert_eq!(ask("127.0.0.1", &[]).await, ApplicationReject);
}

#[tokio::test]
async fn one_peer_may_be_two_senders_and_each_message_picks_one() {
    let south = SOUTH.replace("10.2.0.0/16", "127.0.0.1");
    let rig = Rig::with_senders(&format!("{NORTH}{south}"));
    let mut client = rig.connect();
    assert_eq!(client.ask(admission("N1")).await, ApplicationAccept);
    let latin = [&self::south().into_bytes()[..], b"NTE|1||Zo\xeb\r"].concat();
    assert_eq!(client.ask(latin).await, ApplicationAccept);
    let stored = rig.intake.stored();
    let senders: Vec<_> = stored.iter().map(|one| one.sender.as_str()).collect();
    assert_eq!(senders, ["north", "south"]);
}

#[tokio::test]
async fn a_message_type_that_is_not_the_senders_is_rejected() {
    let rig = Rig::new();
    let mut client = rig.connect();
    client
        .send(
            Msh {
                event: "ADT^A40",
                ..Msh::default()
            }
            .message(),
        )
        .await;
    let text = client.answer_text().await.unwrap();
    assert!(text.contains("MSA|AR|N1\rERR||MSH^1^9|201^"), "{text}");
    let result = Msh {
        event: "ORU^R01^ORU_R01",
        ..Msh::default()
    };
    assert_eq!(client.ask(result.message()).await, ApplicationAccept);
}

#[tokio::test]
async fn an_identifier_of_a_foreign_authority_is_rejected_with_its_place() {
    let rig = Rig::new();
    let mut client = rig.connect();
    let of = |identifiers| {
        Msh {
            identifiers,
            ..Msh::default()
        }
        .message()
    };
    client.send(of("1^^^NORTHMRN^MR~2^^^SOUTH^MR")).await;
    let text = client.answer_text().await.unwrap();
    assert!(text.contains("MSA|AR|N1\rERR||PID^1^3^2^4|204^"), "{text}");
    assert_eq!(client.ask(of("1^^^&2.999.2&ISO")).await, ApplicationReject);
    for own in ["1", "1^^^&2.999.1&ISO", "1^^^NORTHMRN&2.999.7&ISO", ""] {
        assert_eq!(client.ask(of(own)).await, ApplicationAccept);
    }
    let merge = admission("N1") + "MRG|7^^^SOUTH^MR\r";
    client.send(merge).await;
    let text = client.answer_text().await.unwrap();
    assert!(text.contains("ERR||MRG^1^1^1^4|204^"), "{text}");
}

#[tokio::test]
async fn the_same_message_has_the_same_id_and_another_has_not() {
    let rig = Rig::new();
    let mut client = rig.connect();
    let changed = admission("N1").replace("Ada", "Ida");
    for message in [admission("N1"), admission("N1"), changed, admission("N2")] {
        assert_eq!(client.ask(message).await, ApplicationAccept);
    }
    let stored = rig.intake.stored();
    assert_eq!(stored[0].id, stored[1].id);
    assert_ne!(stored[0].id, stored[2].id);
    assert_eq!(stored[0].body.control_id, stored[2].body.control_id);
    assert_ne!(stored[0].body.control_id, stored[3].body.control_id);
}
