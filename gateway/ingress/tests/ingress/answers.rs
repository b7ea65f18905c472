//! Codes, modes and MSA-2: what a sender is told.

use isthmus_core::refusal::{Reason, Refusal};
use isthmus_hl7v2::acknowledgment::AcknowledgmentCode::{
    ApplicationAccept, ApplicationError, ApplicationReject, CommitAccept, CommitError, CommitReject,
};

use crate::fake_intake::{Act, FakeIntake};
use crate::messages::{Msh, NORTH, admission};
use crate::rig::Rig;

fn enhanced(control_id: &str, accept: &str) -> String {
    Msh {
        control_id,
        accept,
        ..Msh::default()
    }
    .message()
}

fn unavailable() -> Act {
    Act::Refuse(Refusal::retry(Reason::StoreUnavailable))
}

#[tokio::test]
async fn a_stored_message_is_accepted_under_its_own_control_id() {
    let rig = Rig::new();
    let mut client = rig.connect();
    client.send(admission("N-77")).await;
    assert_eq!(
        client.answer().await,
        (ApplicationAccept, "N-77".to_owned())
    );
    assert_eq!(rig.intake.texts(), [admission("N-77")]);
    assert_eq!(rig.intake.stored()[0].sender.as_str(), "north");
    assert_eq!(rig.seams.counters.accepted.get(), 1);
}

#[tokio::test]
async fn an_answer_goes_back_to_its_sender_in_its_version() {
    let rig = Rig::new();
    let mut client = rig.connect();
    client
        .send(
            Msh {
                version: "2.3",
                ..Msh::default()
            }
            .message(),
        )
        .await;
    let text = client.answer_text().await.unwrap();
    let header = "MSH|^~\\&|BRIDGE|HERE|NORTHADT|NORTH|20261122040000+0000||ACK^A01|";
    assert!(text.starts_with(header), "{text}");
    assert!(text.contains("|P|2.3\rMSA|AA|N1\r"), "{text}");
}

#[tokio::test]
async fn the_enhanced_mode_answers_as_asked() {
    let rig = Rig::with_intake(FakeIntake::doing([
        Act::Take,
        unavailable(),
        Act::Take,
        unavailable(),
        Act::Take,
        unavailable(),
        Act::Take,
        unavailable(),
    ]));
    let mut client = rig.connect();
    for (number, accept) in ["AL", "AL", "ER", "ER", "SU", "SU", "NE", "NE"]
        .iter()
        .enumerate()
    {
        client.send(enhanced(&number.to_string(), accept)).await;
    }
    client.send(admission("last")).await;
    let mut answers = Vec::new();
    while answers.len() < 5 {
        let (code, id) = client.answer().await;
        answers.push((code, id));
    }
    let expected = [
        (CommitAccept, "0"),
        (CommitError, "1"),
        (CommitError, "3"),
        (CommitAccept, "4"),
        (ApplicationAccept, "last"),
    ];
    assert_eq!(answers, expected.map(|(code, id)| (code, id.to_owned())));
}

#[tokio::test]
async fn an_application_acknowledgement_alone_asks_for_the_enhanced_mode() {
    let rig = Rig::new();
    let message = admission("N1").replacen("|2.5.1||||||", "|2.5.1||||AL||", 1);
    assert!(message.contains("|2.5.1||||AL||"));
    assert_eq!(rig.connect().ask(message).await, CommitAccept);
}

#[tokio::test]
async fn a_store_that_cannot_take_it_gives_an_error_with_err() {
    let rig = Rig::with_intake(FakeIntake::doing([unavailable(), unavailable()]));
    let mut client = rig.connect();
    client.send(admission("N1")).await;
    let text = client.answer_text().await.unwrap();
    assert!(text.contains("MSA|AE|N1\rERR|||207^"), "{text}");
    assert_eq!(client.ask(enhanced("N2", "AL")).await, CommitError);
    assert!(rig.intake.stored().is_empty());
    assert_eq!(
        rig.seams
            .counters
            .refused
            .of(Reason::StoreUnavailable)
            .get(),
        2
    );
}

#[tokio::test]
async fn the_senders_table_decides_which_negative_code() {
    let table = "[sender.acknowledge]\nstore-unavailable = \"reject\"\nunreadable = \"AE\"\n";
    let intake = FakeIntake::doing([unavailable()]);
    let rig = Rig::with(intake, &format!("{NORTH}{table}"));
    let mut client = rig.connect();
    assert_eq!(client.ask(enhanced("N1", "AL")).await, CommitReject);
    assert_eq!(client.ask("no message").await, ApplicationError);
}

#[tokio::test]
async fn a_strict_sender_is_told_that_no_map_is_there() {
    let strict = format!("{NORTH}[sender.acknowledge]\nnot-mapped = \"AE\"\n");
    let result = Msh {
        event: "ORU^R01",
        ..Msh::default()
    }
    .message();
    let lenient = Rig::new();
    assert_eq!(lenient.connect().ask(&result).await, ApplicationAccept);
    let rig = Rig::with_senders(&strict);
    let mut client = rig.connect();
    client.send(&result).await;
    let text = client.answer_text().await.unwrap();
    assert!(text.contains("MSA|AE|N1\rERR||MSH^1^9|201^"), "{text}");
    assert_eq!(client.ask(admission("N2")).await, ApplicationAccept);
    assert_eq!(rig.intake.stored().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_read_is_rejected() {
    let rig = Rig::new();
    let mut client = rig.connect();
    client.send("no message").await;
    assert_eq!(client.answer().await, (ApplicationReject, String::new()));
    client.send(admission("N3") + "not a segment\r").await;
    assert_eq!(client.answer().await, (ApplicationReject, "N3".to_owned()));
    client.send(admission("")).await;
    let text = client.answer_text().await.unwrap();
    assert!(text.contains("MSA|AR\rERR||MSH^1^10|101^"), "{text}");
    assert_eq!(rig.seams.counters.refused.of(Reason::Unreadable).get(), 3);
    assert_eq!(client.ask(admission("N4")).await, ApplicationAccept);
}

#[tokio::test]
async fn bytes_outside_the_declared_charset_are_rejected() {
    let rig = Rig::new();
    let mut client = rig.connect();
    let declared = Msh {
        charset: "ASCII",
        ..Msh::default()
    }
    .message();
    client.send(declared.replace("Ada", "Zoë")).await;
    let text = client.answer_text().await.unwrap();
    assert!(text.contains("MSA|AR|N1\rERR||MSH^1^18|102^"), "{text}");
    let unknown = Msh {
        charset: "KLINGON",
        ..Msh::default()
    }
    .message();
    assert_eq!(client.ask(unknown).await, ApplicationReject);
    assert_eq!(rig.seams.counters.refused.of(Reason::Charset).get(), 2);
    assert_eq!(
        client.ask(admission("N2").replace("Ada", "Zoë")).await,
        ApplicationAccept
    );
}
