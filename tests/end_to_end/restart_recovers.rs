//! After a kill in the middle of a feed, a restart loses nothing that was acknowledged and
//! delivers nothing twice. Kills at every step, over webhooks that fail, are rows of
//! `tests/faults`; single retries are in `retries_and_parking`.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::gateway::Site;
use crate::hospital_feed::feed;

#[test]
fn a_kill_in_the_middle_of_a_feed_loses_and_repeats_nothing() {
    let Some(feed) = feed() else { return };
    for round in 0..3_u64 {
        let site = Site::example();
        let gateway = site.start();
        let ca = site.path("data/certificates/ca.pem");
        let (ca, feed) = (ca.to_str().unwrap(), feed.to_str().unwrap());
        let address = gateway.tls.to_string();
        let first = [
            "send", &address, feed, "--tls", "--ca", ca, "--rate", "400", "--json",
        ];
        let sent: Value = std::thread::scope(|scope| {
            let sending = scope.spawn(|| site.command(&first, ""));
            site.wait_for("the feed to be under way", |status| {
                status["intakes"].as_u64().unwrap() > 60 + 90 * round
            });
            std::thread::sleep(Duration::from_millis(7 * round));
            gateway.kill();
            serde_json::from_slice(&sending.join().unwrap().stdout).unwrap()
        });
        let acknowledged = sent["positive"].as_u64().unwrap();
        assert!(
            acknowledged > 0 && acknowledged < 600,
            "the kill came too early or late: {sent}"
        );

        let gateway = site.start();
        let kept = site.json(&["status"], "")["intakes"].as_u64().unwrap();
        assert!(
            kept >= acknowledged,
            "{acknowledged} acknowledged, {kept} kept"
        );
        let address = gateway.tls.to_string();
        let skip = sent["first_without"].to_string();
        let rest = ["send", &address, feed, "--tls", "--ca", ca, "--skip", &skip];
        site.json(&rest, "");
        let status = site.settled();
        assert_eq!(status["intakes"], 600, "{status}");
        let records = site.outbox("crm");
        let ids: BTreeSet<&str> = records
            .iter()
            .map(|one| one["id"].as_str().unwrap())
            .collect();
        assert_eq!(records.len(), 597);
        assert_eq!(ids.len(), 597, "a delivery came twice under its id");
    }
}
