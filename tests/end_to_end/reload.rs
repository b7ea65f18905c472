//! A reload takes over new rules whole or not at all, under load and without dropping a
//! connection; what a running gateway cannot change is told. Rotated certificates are in
//! `certificates`.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::gateway::{Gateway, Site};
use crate::mllp_peer::MllpPeer;
use crate::receiver::{Receiver, new_secret};

/// Connections that send all the while.
const CONNECTIONS: u64 = 4;

/// The `number`-th message, about a patient of its own.
pub(crate) fn message(number: u64) -> Vec<u8> {
    format!(
        "MSH|^~\\&|EXAMPLE-EHR|EXAMPLE-CLINIC|ISTHMUS|GATEWAY|20260310081500-0400||\
         ADT^A04^ADT_A01|REL{number:06}|P|2.5.1|||||USA|UNICODE UTF-8\r\
         EVN|A04|20260310081400-0400\r\
         PID|1||REL{number:06}^^^EXAMPLE MRN^MR||Sample^Avery^^^^^L||19840617|F|||\
         {number} Sample Street^^Springfield^IL^62704^USA^H\r"
    )
    .into_bytes()
}

/// Changes a file of the site's own mappings.
fn remap(site: &Site, file: &str, changes: &[(&str, &str)]) {
    let path = site.path("mappings").join(file);
    let mut text = std::fs::read_to_string(&path).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{from} is not in {file}");
        text = text.replacen(from, to, 1);
    }
    std::fs::write(path, text).unwrap();
}

const MAP: &str = "fhir-to-records/crm-contact.rmap";
const POLICY: &str = "policies/crm.toml";
const STATE_ROW: &str = "  address.state         <- p.address[0].state\n";
const STATE_ALLOWED: &str =
    "[[flow.allow]]\npath = \"Patient.address[0].state\"\nclass = \"contact\"\n";

/// The new rules: two fields in capitals, and the state is no longer allowed.
fn change_rules(site: &Site) {
    let line = "p.address[0].line[0]";
    let city = "p.address[0].city";
    remap(site, POLICY, &[(STATE_ALLOWED, "")]);
    remap(
        site,
        MAP,
        &[
            (STATE_ROW, ""),
            (line, "p.address[0].line[0] | upper"),
            (city, "p.address[0].city | upper"),
        ],
    );
}

/// Which rules made a record: true for the new ones. A record of both is the failure.
fn is_new(record: &Value) -> bool {
    let address = &record["record"]["address"];
    let told = (
        address["line1"].as_str().unwrap().contains("SAMPLE STREET"),
        address["city"] == "SPRINGFIELD",
        address["state"].is_null(),
    );
    match told {
        (true, true, true) => true,
        (false, false, false) => false,
        mixed => panic!("old and new rules are mixed, {mixed:?}: {address}"),
    }
}

/// Waits until the gateway has told of so many reloads, and gives the last.
fn reloads(gateway: &Gateway, count: usize) -> Value {
    let start = Instant::now();
    loop {
        let events = gateway.events();
        let mut told = events
            .into_iter()
            .filter(|one| one["event"].as_str().unwrap_or_default().contains("reload"));
        if let Some(last) = told.nth(count - 1) {
            return last;
        }
        assert!(start.elapsed() < Duration::from_mins(1), "no reload came");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn under_load_every_message_is_carried_wholly_by_the_old_or_the_new_rules() {
    let site = Site::with_own_mappings();
    let gateway = site.start();
    let (ended, sent) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                // Opened once: a connection that a reload dropped would fail here.
                let mut peer = MllpPeer::connect(gateway.plain);
                while !ended.load(Ordering::Relaxed) {
                    let number = sent.fetch_add(1, Ordering::Relaxed);
                    let answer = peer.exchange(&message(number));
                    assert_eq!(answer.code(), "AA");
                    assert_eq!(answer.control_id(), format!("REL{number:06}"));
                }
            });
        }
        let count = || sent.load(Ordering::Relaxed);
        let until = |more: u64| {
            let goal = count() + more;
            while count() < goal {
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        until(100);
        change_rules(&site);
        gateway.hang_up();
        assert_eq!(reloads(&gateway, 1)["event"], "reloaded");
        until(100);
        ended.store(true, Ordering::Relaxed);
    });
    let sent = sent.load(Ordering::Relaxed);
    let status = site.settled();
    assert_eq!(status["intakes"], sent, "{status}");
    let records = site.outbox("crm");
    assert_eq!(records.len() as u64, sent);
    let new = records.iter().filter(|one| is_new(one)).count();
    let old = records.len() - new;
    assert!(
        new > 0 && old > 0,
        "{old} by the old rules, {new} by the new"
    );
}

#[test]
fn a_wrong_map_is_refused_whole_and_the_old_rules_go_on() {
    let site = Site::with_own_mappings();
    let gateway = site.start();
    let mut peer = MllpPeer::connect(gateway.plain);
    // The policy is right by itself; a map that reads what it forbids makes all of it wrong.
    remap(&site, POLICY, &[(STATE_ALLOWED, "")]);
    let output = site.command(&["reload"], "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    for part in ["crm-contact.rmap:", "P101", "stays in force"] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
    gateway.hang_up();
    let event = reloads(&gateway, 2);
    assert_eq!(event["event"], "reload-refused");
    assert_eq!(event["diagnostics"][0]["code"], "P101");
    assert!(event["diagnostics"][0]["line"].as_u64().unwrap() > 1);
    let log = std::fs::read_to_string(site.path("gateway.log")).unwrap();
    assert!(log.contains("crm-contact.rmap:"), "{log}");
    assert_eq!(peer.exchange(&message(1)).code(), "AA");
    site.settled();
    let records = site.outbox("crm");
    assert!(!is_new(&records[0]), "{}", records[0]);

    // Mended, it is taken over, and the same connection goes on.
    remap(
        &site,
        MAP,
        &[
            (STATE_ROW, ""),
            ("p.address[0].line[0]", "p.address[0].line[0] | upper"),
            ("p.address[0].city", "p.address[0].city | upper"),
        ],
    );
    let reloaded = site.json(&["reload"], "");
    assert_eq!(reloaded["event"], "reloaded");
    assert_eq!(reloaded["recipients"], 2);
    assert_eq!(peer.exchange(&message(2)).code(), "AA");
    site.settled();
    assert!(site.outbox("crm").iter().any(is_new));
}

#[test]
fn what_waits_is_decided_again_by_the_newest_policy() {
    let site = Site::with_own_mappings();
    // A destination that cannot be reached: what is released waits.
    let outbox = site.path("data/outbox");
    let gateway = site.start();
    let crm = outbox.join("crm");
    std::fs::remove_dir_all(&crm).unwrap();
    std::fs::write(&crm, "no folder").unwrap();
    let mut peer = MllpPeer::connect(gateway.plain);
    assert_eq!(peer.exchange(&message(7)).code(), "AA");
    site.wait_for("the record to be released", |status| {
        status["deliveries"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["recipient"] == "crm")
    });
    change_rules(&site);
    assert_eq!(site.json(&["reload"], "")["event"], "reloaded");
    std::fs::remove_file(&crm).unwrap();
    std::fs::create_dir(&crm).unwrap();
    site.settled();
    let records = site.outbox("crm");
    assert_eq!(records.len(), 1);
    assert!(is_new(&records[0]), "{}", records[0]);
}

#[test]
fn senders_change_for_connections_that_are_open() {
    let site = Site::example();
    let gateway = site.start();
    let mut peer = MllpPeer::connect(gateway.plain);
    assert_eq!(peer.exchange(&message(1)).code(), "AA");
    site.edit(|text| text.replace("\"ADT^A04\", ", ""));
    assert_eq!(site.json(&["reload"], "")["senders"], 2);
    let refused = peer.exchange(&message(2));
    assert_eq!(
        (refused.code(), refused.field("ERR", 2)),
        ("AR".into(), "MSH^1^9".into())
    );
    site.edit(|text| text.replace("\"ADT^A03\", ", "\"ADT^A03\", \"ADT^A04\", "));
    site.json(&["reload"], "");
    assert_eq!(peer.exchange(&message(2)).code(), "AA");
}

#[test]
fn what_needs_a_restart_is_refused_at_its_place_and_nothing_is_taken_over() {
    let site = Site::example();
    let gateway = site.start();
    let original = std::fs::read_to_string(site.path("isthmus.toml")).unwrap();
    let destination = "[[destination]]\nrecipient = \"marketing\"\n\
                       adapter = \"ndjson-folder\"\nfolder = \"data/outbox/marketing\"\n";
    let changes: [(&str, &str, &str); 6] = [
        (
            "listen = \"127.0.0.1:0\"",
            "listen = \"127.0.0.1:1\"",
            "listener needs a restart",
        ),
        (
            "queue = \"embedded\"",
            "forward = false",
            "[store] needs a restart",
        ),
        ("data/outbox/crm", "data/outbox/other", "restart: crm"),
        (
            destination,
            "",
            "taking a destination away needs a restart: marketing",
        ),
        (
            "# [admin]",
            "[admin]\nsocket = \"other.sock\"",
            "[admin] needs a restart",
        ),
        (
            "make_keys = true",
            "make_keys = false",
            "[first_start] needs a restart",
        ),
    ];
    for (from, to, told) in changes {
        site.edit(|text| {
            assert!(text.contains(from), "{from}");
            // Would let nothing of the example in, were it taken over.
            text.replacen(from, to, 1)
                .replace("EXAMPLE-CLINIC", "OTHER-CLINIC")
        });
        gateway.hang_up();
        let log = wait_for_log(&site, told);
        assert!(
            log.contains("C008") && log.contains("isthmus.toml:"),
            "{log}"
        );
        std::fs::write(site.path("isthmus.toml"), &original).unwrap();
    }
    let mut peer = MllpPeer::connect(gateway.plain);
    assert_eq!(peer.exchange(&message(1)).code(), "AA");
    assert_eq!(site.json(&["reload"], "")["event"], "reloaded");
    assert!(gateway.stop());
    let output = site.command(&["reload"], "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("no gateway runs"), "{said}");
}

/// The log, once it tells this.
fn wait_for_log(site: &Site, told: &str) -> String {
    let start = Instant::now();
    loop {
        let log = std::fs::read_to_string(site.path("gateway.log")).unwrap();
        if log.contains(told) {
            return log;
        }
        assert!(start.elapsed() < Duration::from_mins(1), "no {told}: {log}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn webhook_secrets_are_read_anew_and_another_url_needs_a_restart() {
    let site = Site::example();
    let crm = Receiver::start();
    site.webhook("crm", &crm, "");
    let gateway = site.start();
    let mut peer = MllpPeer::connect(gateway.plain);
    // One signature for each secret that is in force.
    let mut signatures_of = |number: u64| {
        assert_eq!(peer.exchange(&message(number)).code(), "AA");
        let came = usize::try_from(number).unwrap();
        let requests = crm.wait_for("the record", |requests| requests.len() >= came);
        let signatures = requests[came - 1].header("webhook-signature").unwrap();
        signatures.split(' ').count()
    };
    assert_eq!(signatures_of(1), 1);
    std::fs::write(site.path("new.secret"), new_secret()).unwrap();
    let old = "secrets = [\"${file:crm-webhook.secret}\"]";
    let both = "secrets = [\"${file:new.secret}\", \"${file:crm-webhook.secret}\"]";
    site.edit(|text| text.replacen(old, both, 1));
    assert_eq!(site.json(&["reload"], "")["event"], "reloaded");
    assert_eq!(signatures_of(2), 2);
    site.edit(|text| text.replacen("/crm\"", "/elsewhere\"", 1));
    let output = site.command(&["reload"], "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("C008") && said.contains("restart: crm"),
        "{said}"
    );
    assert_eq!(signatures_of(3), 2);
}
