//! Records reach a recipient as HL7 v2 messages over MLLP with TLS: shown on the server of a Python
//! package and on a second gateway, with the example's policy, map and destination.

use std::collections::BTreeSet;

use crate::gateway::Site;
use crate::registry::{Heard, PythonReceiver, certificates, proofs, registry_site};
use crate::webhook_site::{deliveries, hand_in};

/// Names of patients that are found nowhere else.
const NAMES: [&str; 6] = [
    "ZqMarlow001",
    "ZqReject002",
    "ZqOnce003",
    "ZqMarlow004",
    "ZqMarlow005",
    "ZqMarlow006",
];

fn log(site: &Site) -> String {
    std::fs::read_to_string(site.path("gateway.log")).unwrap()
}

fn messages() -> Vec<(String, &'static str)> {
    let numbered = NAMES.iter().enumerate();
    numbered
        .map(|(at, name)| (format!("M{at}"), *name))
        .collect()
}

/// Everybody is heard of once by one connection, and who was answered AE the first time, twice.
fn heard_once_or_again(heard: &[Heard]) {
    assert_eq!(heard.len(), NAMES.len() + 1, "one comes twice: {heard:?}");
    assert!(heard.iter().all(|one| one.connection == 1), "{heard:?}");
    let count = |code| heard.iter().filter(|one| one.answer == code).count();
    assert_eq!((count("AA"), count("AE"), count("AR")), (5, 1, 1));
    let once: Vec<&Heard> = heard
        .iter()
        .filter(|one| one.text.contains("ZqOnce"))
        .collect();
    assert_eq!(once[0].text, once[1].text, "a repeat is the same bytes");
    let ids: BTreeSet<&str> = heard.iter().map(|one| one.field("MSH", 10)).collect();
    assert_eq!(ids.len(), NAMES.len());
    heard.iter().for_each(is_what_the_policy_allows);
}

fn is_what_the_policy_allows(one: &Heard) {
    assert_eq!(one.field("MSH", 3), "ISTHMUS");
    assert_eq!(one.field("MSH", 5), "REGISTRY");
    assert_eq!(one.field("MSH", 9), "ADT^A08^ADT_A01");
    assert_eq!(one.field("MSH", 10).len(), 20);
    let family = one.field("PID", 5).split('^').next().unwrap();
    assert!(NAMES.contains(&family), "{family}");
    assert_eq!(one.field("PID", 3), format!("{family}^^^EXAMPLE MRN^MR"));
    assert_eq!(one.field("PID", 7), "19840617");
    assert_eq!(one.field("PID", 8), "F");
    // What the policy does not allow is not there, and nothing asks to delete.
    assert_eq!(one.field("PID", 11), "");
    assert!(!one.text.contains("Sample Street") && !one.text.contains("\"\""));
}

#[test]
fn a_foreign_receiver_gets_messages_over_tls_and_its_answers_settle_them() {
    let pki = certificates();
    let folder = pki.path("data/certificates");
    let receiver = PythonReceiver::start(&folder);
    let site = registry_site(&receiver.url, &proofs(&folder));
    assert!(site.command(&["check"], "").status.success());
    let gateway = site.start_logging("trace");
    let messages = messages();
    let messages: Vec<(&str, &str)> = messages.iter().map(|(id, name)| (&**id, *name)).collect();
    hand_in(&gateway, &messages);
    let status = site.wait_for("all but one to be delivered", |status| {
        deliveries(status, "registry", "delivered") == 5 && status["open"] == 0
    });
    assert_eq!(deliveries(&status, "registry", "parked"), 1, "{status}");

    heard_once_or_again(&receiver.heard());
    let ledger = site
        .json(&["ledger", "show", "--limit", "100000"], "")
        .to_string();
    assert!(
        ledger.contains("hl7-AE") && ledger.contains("hl7-AR"),
        "{ledger}"
    );
    assert!(gateway.stop());
    let said = log(&site);
    for name in NAMES {
        assert!(!said.contains(name) && !ledger.contains(name), "{name}");
    }
}

#[test]
fn a_second_gateway_takes_what_the_first_one_sends() {
    let receiving = Site::example();
    let receiver = receiving.start();
    let url = format!("mllps://localhost:{}", receiver.tls.port());
    let more = proofs(&receiving.path("data/certificates")) + "acknowledgement = \"enhanced\"\n";
    let site = registry_site(&url, &more);
    // It is known to the other one under a name of its own.
    site.edit(|text| {
        let ours = "sending_application = \"ISTHMUS\"";
        assert!(text.contains(ours));
        text.replace(ours, "sending_application = \"EXAMPLE-EHR\"")
    });
    let reach = ["adapter", "check", "mllp", "--reach"];
    let reached = site.json(&reach, "");
    assert_eq!(
        reached["destinations"][0]["reached"], "reached",
        "{reached}"
    );
    let gateway = site.start();
    hand_in(&gateway, &[("R1", "ZqMarlow001"), ("R2", "ZqMarlow002")]);
    site.wait_for("both to be delivered", |status| {
        deliveries(status, "registry", "delivered") == 2 && status["open"] == 0
    });
    receiving.settled();
    let records = receiving.outbox("crm");
    let families: BTreeSet<&str> = records
        .iter()
        .map(|line| line["record"]["name"]["family"].as_str().unwrap())
        .collect();
    assert_eq!(families, BTreeSet::from(["ZqMarlow001", "ZqMarlow002"]));
    assert_eq!(records[0]["record"]["birth_year"], "1984");
    // Nobody who listens is told from somebody who does.
    assert!(receiver.stop());
    let output = site.command(&reach, "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("the receiver of registry is not reached: connect"),
        "{said}"
    );
    assert!(gateway.stop());
}

#[test]
fn what_would_be_sent_is_shown_without_values_and_mistakes_with_their_place() {
    let site = registry_site("mllps://registry.example:2576", "");
    let message = crate::webhook_site::message("P1", "ZqMarlow001");
    std::fs::write(site.path("message.hl7"), message).unwrap();
    let file = site.path("message.hl7").display().to_string();
    let planned = site.json(&["adapter", "plan", &file, "--recipient", "registry"], "");
    let call = &planned[0]["calls"][0];
    assert_eq!(call["call"], "mllp", "{planned}");
    let segments = call["segments"].as_array().unwrap();
    assert!(
        segments[0]
            .as_str()
            .unwrap()
            .starts_with("MSH|^~\\&|ISTHMUS|EXAMPLE-CLINIC|")
    );
    assert_eq!(
        segments[2], "PID|<text>||<text>||<text>||<text>|<text>",
        "{planned}"
    );
    assert!(!planned.to_string().contains("ZqMarlow001"));
    let shown = site.command(&["adapter", "plan", &file, "--recipient", "registry"], "");
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(
        shown.contains("send and wait for the acknowledgment:"),
        "{shown}"
    );
    for (url, told) in [
        ("mllp://registry.example:2575", "use mllps"),
        ("mllps://registry.example", "the URL has no port"),
    ] {
        let site = registry_site(url, "");
        let output = site.command(&["check"], "");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains(told) && said.contains("isthmus.toml:"),
            "{said}"
        );
    }
}
