//! Every row of what a receiver's answer means.

use isthmus_adapters::adapter::{Adapter, Reply};
use isthmus_adapters::mllp_message::PeerAnswer;
use isthmus_core::destination::{DeliveryOutcome, RetryScope};
use isthmus_hl7v2::acknowledgment::AcknowledgmentCode;

use crate::mllp_peer::{again, mllp, refused, unknown, update};
use crate::released::NOON;

fn judged(members: &str, reply: Reply) -> DeliveryOutcome {
    let mllp = mllp(members);
    let calls = mllp.plan(&[update(3, "Marlow")], NOON);
    assert_eq!(calls.len(), 1);
    let mut judgement = mllp.judge(&calls[0], reply);
    assert!(!judgement.stop);
    assert_eq!(judgement.outcomes.len(), 1);
    let (id, outcome) = judgement.outcomes.remove(0);
    assert_eq!(id, update(3, "Marlow").id);
    outcome
}

fn answered(members: &str, code: &str, condition: Option<u16>) -> DeliveryOutcome {
    let code = AcknowledgmentCode::from_text(code).unwrap();
    judged(members, Reply::Mllp(PeerAnswer { code, condition }))
}

#[test]
fn answers_are_judged_row_by_row() {
    let enhanced = r#""acknowledgement": "enhanced""#;
    for members in ["", enhanced] {
        for code in ["AA", "CA"] {
            let delivered = DeliveryOutcome::Delivered;
            assert_eq!(answered(members, code, None), delivered);
            assert_eq!(answered(members, code, Some(0)), delivered);
        }
        for code in ["AE", "CE"] {
            let plain = again(RetryScope::Record, &format!("hl7-{code}"));
            assert_eq!(answered(members, code, None), plain);
            let full = again(RetryScope::Record, &format!("hl7-{code}-207"));
            assert_eq!(answered(members, code, Some(207)), full);
        }
        for code in ["AR", "CR"] {
            let plain = refused(&format!("hl7-{code}"));
            assert_eq!(answered(members, code, None), plain);
            let full = refused(&format!("hl7-{code}-200"));
            assert_eq!(answered(members, code, Some(200)), full);
        }
    }
}

#[test]
fn the_configuration_says_what_answers_lead_to_the_condition_before_the_code() {
    let members = r#""answers": {"AE": "refuse", "AE-206": "retry", "AR": "pause"}"#;
    let told = |code, condition| answered(members, code, condition);
    assert_eq!(told("AE", Some(101)), refused("hl7-AE-101"));
    assert_eq!(told("AE", None), refused("hl7-AE"));
    let locked = again(RetryScope::Record, "hl7-AE-206");
    assert_eq!(told("AE", Some(206)), locked);
    let pause = again(RetryScope::Recipient, "hl7-AR-203");
    assert_eq!(told("AR", Some(203)), pause);
    assert_eq!(told("CR", Some(203)), refused("hl7-CR-203"));
    assert_eq!(told("AA", None), DeliveryOutcome::Delivered);
}

#[test]
fn without_an_answer_what_left_decides() {
    let waits = again(RetryScope::Recipient, "connect");
    assert_eq!(judged("", Reply::NotSent("connect")), waits);
    assert_eq!(judged("", Reply::Lost("timeout")), unknown("timeout"));
    let code = "blocked".to_owned();
    let not_tried = DeliveryOutcome::NotTried { code };
    assert_eq!(judged("", Reply::HeldBack("blocked")), not_tried);
    assert_eq!(judged("", Reply::Appended), unknown("unexpected-reply"));
}
