//! A broker's queue that cannot be used as it is stated is told with its place and how to mend it;
//! and TLS to a broker proves both sides. What a broker that works is handed is in
//! `amqp_destination`.

use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::broker::{Broker, EXCHANGE, KEY, PLAIN, QUEUE, SEAL, seal_key};
use crate::gateway::Site;
use crate::receiver::Receiver;
use crate::webhook_site::hand_in;

const FOLDER: &str = "adapter = \"ndjson-folder\"\nfolder = \"data/outbox/crm\"\n";
const SOUND: &str = "adapter = \"amqp\"\nurl = \"amqps://broker.example/crm\"\nuser = \"crm\"\n\
                     password = \"${file:broker.password}\"\nexchange = \"crm\"\n\
                     routing_key = \"crm.records\"\nseal_key = \"${file:seal.key}\"\n\
                     seal_key_id = \"2026-03\"\n";

/// A site whose CRM is behind a broker that nobody reaches, stated so.
fn stated(site: Site, destination: &str) -> Site {
    std::fs::write(site.path("broker.password"), "hunter2hunter2\n").unwrap();
    std::fs::write(site.path("seal.key"), seal_key(SEAL)).unwrap();
    site.edit(|text| {
        assert!(text.contains(FOLDER), "crm has no folder");
        text.replace(FOLDER, destination)
    });
    site
}

/// What a command says that must end with this code.
fn said(output: &Output, code: i32) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(!said.contains("hunter2"), "a secret is shown: {said}");
    said
}

/// The place of the destination, as errors show it.
fn place(site: &Site) -> String {
    let text = std::fs::read_to_string(site.path("isthmus.toml")).unwrap();
    let before = &text[..text.find("[[destination]]").unwrap()];
    format!("isthmus.toml:{}:1", before.lines().count() + 1)
}

#[test]
fn what_is_wrong_without_a_broker_is_told_by_check() {
    for (from, to, told) in [
        (
            "amqps://broker.example",
            "amqp://broker.example",
            "use amqps",
        ),
        (
            "amqps://broker",
            "amqps://crm:hunter2@broker",
            "the URL holds credentials",
        ),
        ("${file:broker.password}", "hunter2hunter2", "by reference"),
        (
            "${file:broker.password}",
            "${file:absent}",
            "cannot be read",
        ),
        ("${file:seal.key}", "${file:broker.password}", "64 digits"),
        (
            "seal_key_id = \"2026-03\"\n",
            "",
            "`seal_key_id`: bodies are sealed",
        ),
        (
            "seal_key =",
            "payload = \"plain\"\nseal_key =",
            "no meaning for a plain payload",
        ),
        (
            "routing_key =",
            "declare = true\nrouting_key =",
            "name the queue",
        ),
        (
            "routing_key = \"crm.records\"",
            "routing_key = \"\"",
            "`routing_key`",
        ),
    ] {
        assert!(SOUND.contains(from), "{from}");
        let site = stated(Site::example(), &SOUND.replacen(from, to, 1));
        let said = said(&site.command(&["check"], ""), 2);
        assert!(said.contains(told), "{to}: {said}");
        assert!(said.contains(&place(&site)), "{to}: {said}");
    }
    let site = stated(Site::example(), SOUND);
    assert!(site.command(&["check"], "").status.success());
}

#[test]
fn a_policy_that_asks_for_a_seal_lets_no_destination_load_that_makes_none() {
    let sealing = || {
        let site = Site::with_own_mappings();
        let path = site.path("mappings/policies/crm.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.replacen("regions = [\"US\"]", "regions = [\"US\"]\nseal = true", 1);
        assert!(text.contains("seal = true"));
        std::fs::write(path, text).unwrap();
        site
    };
    let keys = "seal_key = \"${file:seal.key}\"\nseal_key_id = \"2026-03\"\n";
    let plain = SOUND.replacen(keys, PLAIN, 1);
    let webhook = sealing();
    webhook.webhook("crm", &Receiver::start(), "");
    for site in [sealing(), webhook, stated(sealing(), &plain)] {
        for command in ["check", "run"] {
            let said = said(&site.command(&[command], ""), 2);
            assert!(
                said.contains("the policy of crm says `seal = true`"),
                "{said}"
            );
            assert!(said.contains("payload = \"sealed\""), "{said}");
            assert!(said.contains(&place(&site)), "{said}");
        }
    }
    let sealed = stated(sealing(), SOUND);
    assert!(sealed.command(&["check"], "").status.success());
}

#[test]
fn the_plan_shows_what_a_broker_would_be_handed() {
    let site = stated(Site::example(), SOUND);
    let message = crate::webhook_site::message("P1", "ZqPlanned01");
    let message = String::from_utf8(message).unwrap();
    let plan = ["adapter", "plan", "-", "--recipient", "crm"];
    let planned = site.json(&plan, &message);
    let call = &planned[0]["calls"][0];
    assert_eq!(call["call"], "amqp");
    assert_eq!(
        (&call["exchange"], &call["routing_key"]),
        (&EXCHANGE.into(), &KEY.into())
    );
    assert_eq!(call["sealed_under"], SEAL);
    assert_eq!(call["body"]["data"]["record"]["name"]["family"], "<text>");
    let shown = site.command(&plan, &message);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.contains("publish to crm with the routing key crm.records"),
        "{shown}"
    );
    assert!(
        shown.contains("message-id: ") && shown.contains("application/jose"),
        "{shown}"
    );
    assert!(!shown.contains("ZqPlanned01"), "{shown}");
}

#[test]
fn what_a_broker_says_no_to_is_told_with_its_place() {
    let broker = Broker::start();
    broker.recipients_queue();
    broker.peer(&[json!({"do": "queue", "name": "other.kind"})]);
    let reach = ["adapter", "check", "amqp", "--reach"];
    let site = |more: &str, from: &str, to: &str| {
        let site = Site::example();
        broker.destination(&site, more);
        site.edit(|text| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        });
        site
    };
    let queue = format!("queue = \"{QUEUE}\"\n");
    let declared = "queue = \"other.kind\"\ndeclare = true\n";
    for (more, from, to, told) in [
        (
            "",
            "user = \"isthmus\"",
            "user = \"nobody\"",
            "does not take user and password",
        ),
        ("", "/%2f", "/absent", "no such virtual host"),
        (
            "",
            "exchange = \"crm\"",
            "exchange = \"absent\"",
            "no such exchange",
        ),
        (
            &queue,
            "queue = \"crm.isthmus\"",
            "queue = \"absent\"",
            "no such queue",
        ),
        ("", "exchange = \"crm\"", "exchange = \"\"", "no such queue"),
        (declared, "", "", "is otherwise than it would be made"),
    ] {
        let site = site(more, from, to);
        let said = said(&site.command(&reach, ""), 2);
        assert!(said.contains(told), "{to}: {said}");
        assert!(said.contains(&place(&site)), "{to}: {said}");
    }
    // A broker that cannot be reached is no fault of the configuration.
    let port = broker
        .url()
        .rsplit(':')
        .next()
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let unreached = said(&site("", port, "1").command(&reach, ""), 1);
    assert!(
        unreached.contains("the broker of crm is not reached: connect"),
        "{unreached}"
    );
    let sound = site(&queue, "", "");
    let checked = sound.json(&reach, "");
    assert_eq!(
        checked["destinations"][0]["reached"], "reached",
        "{checked}"
    );
}

#[test]
fn a_gateway_starts_although_a_broker_says_no() {
    let broker = Broker::start();
    broker.recipients_queue();
    let wrong = Site::example();
    broker.destination(&wrong, "");
    wrong.edit(|text| text.replacen("exchange = \"crm\"", "exchange = \"absent\"", 1));
    let gateway = wrong.start();
    hand_in(&gateway, &[("R1", "ZqRefused01")]);
    let log = || std::fs::read_to_string(wrong.path("gateway.log")).unwrap();
    let start = Instant::now();
    while !log().contains("no such exchange") {
        assert!(start.elapsed() < Duration::from_mins(1), "{}", log());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(log().contains(&place(&wrong)), "{}", log());
    let told = |entry: &serde_json::Value| entry.to_string().contains("exchange-missing");
    while !told(&wrong.json(&["ledger", "show", "--limit", "1000"], "")) {
        assert!(
            start.elapsed() < Duration::from_mins(1),
            "no attempt is told of"
        );
    }
    broker.peer(&[
        json!({"do": "exchange", "name": "absent"}),
        json!({"do": "bind", "exchange": "absent", "key": KEY, "queue": QUEUE}),
    ]);
    wrong.settled();
    assert_eq!(broker.taken().len(), 1);
    assert!(gateway.stop());
}

#[test]
fn tls_proves_both_sides() {
    let certificates = Site::example();
    assert!(certificates.command(&["check"], "").status.success());
    let folder = certificates.path("data/certificates");
    let broker = Broker::start_with_tls(&folder);
    let path = |name: &str| folder.join(name).display().to_string();
    let authority = format!("authorities = \"{}\"\n", path("ca.pem"));
    let identity = format!(
        "client_certificate = \"{}\"\nclient_key = \"{}\"\n",
        path("client.pem"),
        path("client.key")
    );
    let declared = format!("queue = \"{QUEUE}\"\ndeclare = true\n");
    let reach = ["adapter", "check", "amqp", "--reach"];
    // Neither a broker that we do not trust, nor one that does not know us.
    for (less, why) in [(&identity, "tls"), (&authority, "connection-lost")] {
        let site = Site::example();
        broker.destination(&site, &format!("{declared}{less}"));
        let said = said(&site.command(&reach, ""), 1);
        let told = format!("the broker of crm is not reached: {why}");
        assert!(said.contains(&told), "{said}");
    }
    let site = Site::example();
    broker.destination(&site, &format!("{declared}{authority}{identity}"));
    assert!(site.command(&reach, "").status.success());
    let gateway = site.start();
    hand_in(&gateway, &[("T1", "ZqTls0001"), ("T2", "ZqTls0002")]);
    site.settled();
    let (said, records) = broker.consumed(&site.path("consumer.db"), &[SEAL]);
    assert_eq!((said.len(), records.len()), (2, 2), "{said:?}");
    assert!(gateway.stop());
}
