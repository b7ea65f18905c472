//! A positive acknowledgement that a sender has seen is true whenever the power goes: the message
//! is in the store, and no record of it is delivered twice. What becomes of a feed as a whole is in
//! `restart_recovers`.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use serde_json::Value;

use crate::gateway::{Gateway, Site};
use crate::mllp_peer::{Answer, MllpPeer, framed};

/// How often the power goes.
const ROUNDS: usize = 10;

/// The latest moment of a kill after the first acknowledgement.
const LATEST_MILLIS: u64 = 200;

/// Messages that the sender leaves unanswered at most; with what the listener itself takes in
/// before it answers, enough for every kill to meet some.
const WINDOW: u64 = 128;

/// The `number`-th message, about a patient of its own, whose record tells the number.
fn message(number: u64) -> Vec<u8> {
    format!(
        "MSH|^~\\&|EXAMPLE-EHR|EXAMPLE-CLINIC|ISTHMUS|GATEWAY|20260310081500-0400||\
         ADT^A04^ADT_A01|ACK{number:06}|P|2.5.1|||||USA|UNICODE UTF-8\r\
         EVN|A04|20260310081400-0400\r\
         PID|1||ACK{number:06}^^^EXAMPLE MRN^MR||{}^Avery^^^^^L||19840617|F\r",
        family(number)
    )
    .into_bytes()
}

fn family(number: u64) -> String {
    format!("Sample-{number:06}")
}

/// Which message an answer accepts.
fn accepted(answer: &Answer) -> u64 {
    assert_eq!(answer.code(), "AA");
    let id = answer.control_id();
    id.strip_prefix("ACK").unwrap().parse().unwrap()
}

/// What came of one round.
struct Round {
    /// The messages written to the socket whole.
    written: std::ops::Range<u64>,
    /// Those whose positive acknowledgement came.
    acknowledged: BTreeSet<u64>,
    /// How many were written and not answered when the kill fired.
    in_flight: u64,
}

/// Writes messages, at most a window ahead of the answers, until the connection breaks.
fn pour(mut stream: TcpStream, first: u64, written: &AtomicU64, answered: &AtomicU64) {
    for number in first.. {
        while number >= first + answered.load(Ordering::SeqCst) + WINDOW {
            std::thread::sleep(Duration::from_micros(100));
        }
        if stream.write_all(&framed(&message(number))).is_err() {
            return;
        }
        written.store(number + 1, Ordering::SeqCst);
    }
}

/// Sends from message `first` on and kills the gateway this long after the first acknowledgement.
fn round(gateway: Gateway, first: u64, delay: Duration) -> Round {
    let mut peer = MllpPeer::connect(gateway.plain);
    let written = Arc::new(AtomicU64::new(first));
    let answered = Arc::new(AtomicU64::new(0));
    let writer = {
        let (written, answered) = (Arc::clone(&written), Arc::clone(&answered));
        let stream = peer.writer();
        std::thread::spawn(move || pour(stream, first, &written, &answered))
    };
    let (begun, first_answer) = mpsc::channel();
    let killer = {
        let (written, answered) = (Arc::clone(&written), Arc::clone(&answered));
        std::thread::spawn(move || {
            first_answer.recv().unwrap();
            std::thread::sleep(delay);
            let answered = first + answered.load(Ordering::SeqCst);
            let in_flight = written.load(Ordering::SeqCst).saturating_sub(answered);
            gateway.kill();
            in_flight
        })
    };
    let mut acknowledged = BTreeSet::new();
    while let Some(answer) = peer.answer() {
        let number = accepted(&answer);
        assert!(
            acknowledged.insert(number),
            "message {number} answered twice"
        );
        answered.fetch_add(1, Ordering::SeqCst);
        // The killer needs only the first, and is gone soon after.
        begun.send(()).ok();
    }
    let in_flight = killer.join().unwrap();
    // Nobody answers any more: whatever the writer waits for, its next write fails.
    answered.store(WINDOW * WINDOW * WINDOW, Ordering::SeqCst);
    writer.join().unwrap();
    Round {
        written: first..written.load(Ordering::SeqCst),
        acknowledged,
        in_flight,
    }
}

/// The names in the CRM's records, and how many records there are.
fn delivered(site: &Site) -> (BTreeSet<String>, Vec<Value>) {
    let records = site.outbox("crm");
    let families = records
        .iter()
        .map(|one| one["record"]["name"]["family"].as_str().unwrap());
    (families.map(str::to_owned).collect(), records)
}

#[test]
fn every_positive_acknowledgement_outlives_a_kill_and_nothing_is_delivered_twice() {
    let site = Site::example();
    let (mut next, mut acknowledged, mut in_doubt) = (0, BTreeSet::new(), Vec::new());
    let mut log = Vec::new();
    for count in 0..ROUNDS {
        let delay = RandomState::new().hash_one(count) % LATEST_MILLIS;
        let round = round(site.start(), next, Duration::from_millis(delay));
        let unanswered: Vec<u64> = round
            .written
            .clone()
            .filter(|number| !round.acknowledged.contains(number))
            .collect();
        assert!(
            !round.acknowledged.is_empty() && round.in_flight > 0,
            "round {count}: the kill after {delay} ms met no message in flight"
        );
        log.push((delay, round.acknowledged.len(), round.in_flight));
        next = round.written.end + 1;
        acknowledged.extend(round.acknowledged);
        // The message behind the last whole one was torn; its sender knows as little of it.
        in_doubt.extend(unanswered.into_iter().chain([round.written.end]));
        let kept = site.json(&["status"], "")["intakes"].as_u64().unwrap();
        assert!(kept >= acknowledged.len() as u64, "round {count}: {log:?}");
    }

    let gateway = site.start();
    site.settled();
    let (families, _) = delivered(&site);
    for number in &acknowledged {
        assert!(
            families.contains(&family(*number)),
            "message {number} was acknowledged and is lost; {log:?}"
        );
    }

    // A sender repeats what it has no answer for, and some that it has.
    let mut peer = MllpPeer::connect(gateway.plain);
    let repeated = in_doubt.iter().chain(acknowledged.iter().rev().take(50));
    for number in repeated {
        assert_eq!(accepted(&peer.exchange(&message(*number))), *number);
    }
    let status = site.settled();
    assert_eq!(status["intakes"], next, "{status}");
    let (families, records) = delivered(&site);
    let ids: BTreeSet<&str> = records
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), records.len(), "a delivery came twice");
    assert_eq!(families.len() as u64, next, "a message has no record");
    assert_eq!(records.len() as u64, next, "a message has two records");
    let told = log.iter().map(|(delay, acknowledged, in_flight)| {
        format!("{delay} ms: {acknowledged} acknowledged, {in_flight} in flight")
    });
    let told: Vec<String> = told.collect();
    crate::gateway::tell(&format!("{ROUNDS} kills; {}", told.join("; ")));
}
