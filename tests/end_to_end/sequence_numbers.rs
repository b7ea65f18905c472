//! A sender that numbers its messages: a gap is never acknowledged, a repeat is acknowledged once
//! more and taken once, and the numbers outlive a kill.

use crate::gateway::{Gateway, Site};
use crate::mllp_peer::MllpPeer;

fn site() -> Site {
    let site = Site::example();
    site.edit(|text| {
        text.replacen(
            "id = \"example-ehr\"",
            "id = \"example-ehr\"\nsequence_numbers = true",
            1,
        )
    });
    site
}

/// The message with this control id and number; 0 and -1 have no content.
fn message(id: &str, number: i64, street: &str) -> Vec<u8> {
    let header = format!(
        "MSH|^~\\&|EXAMPLE-EHR|EXAMPLE-CLINIC|ISTHMUS|GATEWAY|20260310081500-0400||\
         ADT^A04^ADT_A01|{id}|P|2.5.1|{number}||||USA|UNICODE UTF-8\r"
    );
    let content = format!(
        "EVN|A04|20260310081400-0400\rPID|1||SEQ1^^^EXAMPLE MRN^MR||Sample^Avery^^^^^L||19840617|F\
         |||{street}^^Springfield^IL^62704^USA^H\r"
    );
    let content = if number > 0 { content } else { String::new() };
    format!("{header}{content}").into_bytes()
}

/// MSA-1, MSA-4 and ERR-2.
fn ask(peer: &mut MllpPeer, message: &[u8]) -> [String; 3] {
    let answer = peer.exchange(message);
    [
        answer.code(),
        answer.field("MSA", 4),
        answer.field("ERR", 2),
    ]
}

#[test]
fn gaps_are_not_acknowledged_and_repeats_are_taken_once() {
    let site = site();
    let gateway = site.start();
    let mut peer = MllpPeer::connect(gateway.plain);
    assert_eq!(ask(&mut peer, &message("Q0", 0, "")), ["AA", "-1", ""]);
    assert_eq!(
        ask(&mut peer, &message("Q1", 100, "1 Main")),
        ["AA", "100", ""]
    );
    // Number 101 is left out.
    assert_eq!(
        ask(&mut peer, &message("Q3", 102, "3 Main")),
        ["AE", "101", "MSH^1^13"]
    );
    assert_eq!(
        ask(&mut peer, &message("Q1", 100, "1 Main")),
        ["AA", "100", ""]
    );
    assert_eq!(
        ask(&mut peer, &message("Q9", 100, "9 Main")),
        ["AE", "101", "MSH^1^13"]
    );
    // Another connection of the sender is on the same link.
    let mut other = MllpPeer::connect(gateway.plain);
    assert_eq!(
        ask(&mut other, &message("Q2", 101, "2 Main")),
        ["AA", "101", ""]
    );
    assert_eq!(
        ask(&mut peer, &message("Q3", 102, "3 Main")),
        ["AA", "102", ""]
    );

    Gateway::kill(gateway);
    let gateway = site.start();
    let mut peer = MllpPeer::connect(gateway.plain);
    assert_eq!(ask(&mut peer, &message("Q4", 0, "")), ["AA", "103", ""]);
    assert_eq!(ask(&mut peer, &message("Q5", -1, "")), ["AA", "-1", ""]);
    assert_eq!(ask(&mut peer, &message("Q6", 1, "4 Main")), ["AA", "1", ""]);
    let status = site.settled();
    assert_eq!(status["intakes"], 4, "{status}");
    let streets: Vec<String> = site
        .outbox("crm")
        .iter()
        .map(|one| {
            one["record"]["address"]["line1"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(streets, ["1 Main", "2 Main", "3 Main", "4 Main"]);
}

#[test]
fn pipelined_behind_a_gap_nothing_is_acknowledged() {
    let site = site();
    let gateway = site.start();
    let mut peer = MllpPeer::connect(gateway.plain);
    let numbers = [1, 2, 4, 5, 3];
    for number in numbers {
        let text = message(&format!("P{number}"), number, "1 Main");
        peer.write(&crate::mllp_peer::framed(&text));
    }
    let answers: Vec<(String, String)> = numbers
        .iter()
        .map(|_| {
            let answer = peer.answer().unwrap();
            (answer.code(), answer.field("MSA", 4))
        })
        .collect();
    let told = |code: &str, number: &str| (code.to_owned(), number.to_owned());
    let expected = [
        told("AA", "1"),
        told("AA", "2"),
        told("AE", "3"),
        told("AE", "3"),
        told("AA", "3"),
    ];
    assert_eq!(answers, expected);
}
