//! A stop cuts nobody off: every message that came in whole gets its answer, one that did not gets
//! none and is not stored.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::gateway::Site;
use crate::mllp_peer::{MllpPeer, framed};
use crate::reload::message;

const CONNECTIONS: u64 = 32;
/// Whole messages that each connection sends without waiting.
const PIPELINED: u64 = 20;

#[test]
fn a_stop_answers_every_message_that_came_in_whole_and_no_other() {
    let site = Site::example();
    let gateway = site.start();
    let mut peers: Vec<MllpPeer> = (0..CONNECTIONS)
        .map(|_| MllpPeer::connect(gateway.plain))
        .collect();
    // Let in before the stop, each is spoken with once.
    for (peer, number) in peers.iter_mut().zip(0..) {
        assert_eq!(peer.exchange(&message(900_000 + number)).code(), "AA");
    }
    for (peer, connection) in peers.iter_mut().zip(0..) {
        let numbers = (0..PIPELINED).map(|one| connection * PIPELINED + one);
        let mut bytes: Vec<u8> = numbers
            .flat_map(|number| framed(&message(number)))
            .collect();
        let part = framed(&message(800_000 + connection));
        bytes.extend_from_slice(&part[..part.len() / 2]);
        peer.write(&bytes);
    }
    let stopping = std::thread::spawn(move || gateway.stop());
    for (mut peer, connection) in peers.into_iter().zip(0..) {
        let mut answered = BTreeSet::new();
        while let Some(answer) = peer.answer() {
            assert_eq!(answer.code(), "AA");
            answered.insert(answer.control_id());
        }
        let numbers = (0..PIPELINED).map(|one| connection * PIPELINED + one);
        let whole: BTreeSet<String> = numbers.map(|number| format!("REL{number:06}")).collect();
        assert_eq!(answered, whole, "connection {connection}");
    }
    assert!(stopping.join().unwrap(), "it ended with an error");
    let status = site.json(&["status"], "");
    assert_eq!(status["intakes"], CONNECTIONS * (PIPELINED + 1), "{status}");
}

#[test]
fn under_load_no_connection_is_closed_without_the_answer_to_what_it_took() {
    let site = Site::example();
    let gateway = site.start();
    let address = gateway.plain;
    let acknowledged = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..8_u64)
            .map(|sender| {
                scope.spawn(move || {
                    let mut peer = MllpPeer::connect(address);
                    let mut acknowledged = 0;
                    // Sends the next when the last is answered, until the gateway is gone.
                    for number in 0.. {
                        let text = message(sender * 100_000 + number);
                        if std::io::Write::write_all(&mut peer.writer(), &framed(&text)).is_err() {
                            break;
                        }
                        let Some(answer) = peer.answer() else { break };
                        assert_eq!(answer.code(), "AA");
                        acknowledged += 1;
                    }
                    acknowledged
                })
            })
            .collect();
        std::thread::sleep(Duration::from_secs(1));
        assert!(gateway.stop(), "it ended with an error");
        let counts = senders.into_iter().map(|sender| sender.join().unwrap());
        counts.sum::<u64>()
    });
    let stored = site.json(&["status"], "")["intakes"].as_u64().unwrap();
    // What was stored was acknowledged, and the other way round: nothing waits to be repeated.
    assert_eq!(stored, acknowledged);
    assert!(stored > 8);
}
