//! Bounds of memory and disk: a full store answers `AE` and takes messages again when there is
//! room; a burst that is larger than the byte budget waits, and is answered whole.

use std::time::Duration;

use crate::gateway::{Gateway, Site};
use crate::mllp_peer::{MllpPeer, framed};
use crate::reload::message;

/// A message with a note of so many bytes.
fn large(number: u64, bytes: usize) -> Vec<u8> {
    let mut text = message(number);
    text.extend_from_slice(b"NTE|1||");
    text.extend(std::iter::repeat_n(b'y', bytes));
    text.push(b'\r');
    text
}

#[test]
fn a_full_store_answers_ae_and_takes_messages_when_there_is_room() {
    let site = Site::example();
    site.edit(|text| text.replacen("queue = \"embedded\"", "size_max_mb = 4", 1));
    let gateway = site.start();
    let mut peer = MllpPeer::connect(gateway.plain);
    let mut accepted = 0;
    let full = loop {
        let answer = peer.exchange(&large(accepted, 100_000));
        if answer.code() != "AA" {
            break answer;
        }
        accepted += 1;
        assert!(accepted < 100, "a store of 4 MiB took 10 MB");
    };
    assert_eq!(full.code(), "AE");
    assert!(accepted > 10, "{accepted}");
    // It says so again, and the connection stays.
    assert_eq!(peer.exchange(&large(900, 100_000)).code(), "AE");
    // A command on what is stored still works, and what was acknowledged is there.
    assert_eq!(site.json(&["status"], "")["intakes"], accepted);
    let database = std::fs::metadata(site.path("data/store/isthmus.db")).unwrap();
    assert!(database.len() <= 4 << 20, "{} bytes", database.len());
    assert!(gateway.stop());

    site.edit(|text| text.replacen("size_max_mb = 4", "size_max_mb = 64", 1));
    let gateway = site.start();
    let mut peer = MllpPeer::connect(gateway.plain);
    assert_eq!(peer.exchange(&large(900, 100_000)).code(), "AA");
    assert_eq!(site.settled()["intakes"], accepted + 1);
}

const CONNECTIONS: u64 = 256;
const LARGE: usize = 200_000;

/// The most memory that the process ever had, in MiB.
fn peak_mb(gateway: &Gateway) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.unwrap().split_whitespace().next().unwrap();
    kib.parse::<u64>().unwrap() / 1024
}

#[test]
fn a_burst_on_256_connections_waits_within_the_budget_and_is_answered_whole() {
    let site = Site::example();
    // 24 MiB is what 256 small messages and the largest one need at once: 50 MB come.
    site.edit(|text| {
        let bounds = "listen = \"127.0.0.1:0\"\n\n[mllp.bounds]\nconnections_max = 256\n\
                      frame_bytes_max = 8388608\n";
        let plain = text.rfind("listen = \"127.0.0.1:0\"\n").unwrap();
        let (before, behind) = text.split_at(plain);
        let behind = behind.replacen("listen = \"127.0.0.1:0\"\n", bounds, 1);
        // The other listener shares the budget, and must fit it as well.
        let small = "[mllp.bounds]\nconnections_max = 16\nframe_bytes_max = 1048576\n\n[mllp.tls]";
        let before = before.replacen("[mllp.tls]", small, 1);
        let text = format!("{before}{behind}[limits]\nmessages_mb = 24\n");
        text.replacen("queue = \"embedded\"", "forward = false", 1)
    });
    let gateway = site.start();
    let before = peak_mb(&gateway);
    let mut peers: Vec<MllpPeer> = (0..CONNECTIONS)
        .map(|_| MllpPeer::connect(gateway.plain))
        .collect();
    std::thread::scope(|scope| {
        for (peer, number) in peers.iter_mut().zip(0..) {
            scope.spawn(move || {
                let mut writer = peer.writer();
                let burst = [message(number), large(10_000 + number, LARGE)];
                let burst: Vec<u8> = burst.iter().flat_map(|one| framed(one)).collect();
                std::io::Write::write_all(&mut writer, &burst).unwrap();
                for _ in 0..2 {
                    assert_eq!(peer.answer().unwrap().code(), "AA");
                }
            });
        }
    });
    assert_eq!(site.json(&["status"], "")["intakes"], 2 * CONNECTIONS);
    let peak = peak_mb(&gateway);
    crate::gateway::tell(&format!(
        "256 connections, 51 MB: {before} MiB, then {peak} MiB"
    ));
    assert!(peak < 256, "{peak} MiB");
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(peers[0].exchange(&message(999_999)).code(), "AA");
}
