//! Records reach a recipient's own queue through a broker that cannot read them, and none is lost
//! or told as delivered that was not: shown on a real RabbitMQ with the consumer of the example.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::broker::{Broker, EXCHANGE, KEY, PLAIN, QUEUE, SEAL, body};
use crate::canary_messages::Token;
use crate::canary_scan::Scanner;
use crate::gateway::Site;
use crate::webhook_site::{deliveries, hand_in};

/// The longest that anything is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// Names of patients that are found nowhere else.
fn patients(count: usize) -> Vec<String> {
    let name = |number| format!("ZqCanary{number:03}Xv");
    (0..count).map(name).collect()
}

/// Messages about these patients, each with a control id of its own.
fn messages<'p>(patients: &'p [String], prefix: &str) -> Vec<(String, &'p str)> {
    let patients = patients.iter().enumerate();
    patients
        .map(|(index, patient)| (format!("{prefix}{index}"), patient.as_str()))
        .collect()
}

fn borrowed<'m>(messages: &'m [(String, &'m str)]) -> Vec<(&'m str, &'m str)> {
    messages
        .iter()
        .map(|(id, patient)| (id.as_str(), *patient))
        .collect()
}

/// The log of a site's gateway.
fn log(site: &Site) -> String {
    std::fs::read_to_string(site.path("gateway.log")).unwrap()
}

/// Every file below a folder, with its bytes.
fn files(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if let Ok(bytes) = std::fs::read(&path) {
            found.push((path.display().to_string(), bytes));
        }
    }
    found
}

fn scanner(patients: &[String]) -> Scanner {
    let token = |text: &String| Token {
        text: text.clone(),
        forms: Vec::new(),
        place: "PID-3".to_owned(),
    };
    Scanner::new(&patients.iter().map(token).collect::<Vec<_>>())
}

/// The files below a folder in which a token stands.
fn leaks(folder: &std::path::Path, scanner: &Scanner) -> Vec<String> {
    let files = files(folder);
    assert!(files.len() > 5, "there is nothing to look at");
    let leaking = files
        .into_iter()
        .filter(|(_, bytes)| !scanner.find(bytes).is_empty());
    leaking.map(|(path, _)| path).collect()
}

fn delivered(site: &Site, count: u64) {
    site.wait_for("everything to be delivered", |status| {
        deliveries(status, "crm", "delivered") == count && status["open"] == 0
    });
}

#[test]
fn a_sealed_record_is_read_by_its_recipient_and_by_nobody_on_the_way() {
    let broker = Broker::start();
    let site = Site::example();
    broker.destination(&site, &format!("queue = \"{QUEUE}\"\ndeclare = true\n"));
    let gateway = site.start_logging("trace");
    let patients = patients(20);
    hand_in(&gateway, &borrowed(&messages(&patients, "A")));
    delivered(&site, 20);
    // What waits at the broker is on its disk, and not readable there.
    let scanner = scanner(&patients);
    assert_eq!(leaks(broker.folder(), &scanner), Vec::<String>::new());
    let store = site.path("consumer.db");
    let (said, records) = broker.consumed(&store, &["another", SEAL]);
    assert_eq!(said.len(), 20);
    assert!(said.iter().all(|one| one["new"] == true), "{said:?}");
    let names: BTreeSet<&str> = records
        .iter()
        .map(|record| record["name"]["family"].as_str().unwrap())
        .collect();
    assert_eq!(names, patients.iter().map(String::as_str).collect());
    // The same again as newer versions: with the wrong key alone, they go aside and are not lost.
    hand_in(&gateway, &borrowed(&messages(&patients[..3], "B")));
    delivered(&site, 23);
    let (said, _) = broker.consumed(&store, &["another"]);
    let unreadable = said.iter().filter(|one| one["unreadable"].is_string());
    assert_eq!(unreadable.count(), 3, "{said:?}");
    let dead = format!("{QUEUE}.dead");
    let start = Instant::now();
    while broker.peer(&[json!({"do": "count", "queue": dead})])[0] != 3 {
        assert!(start.elapsed() < PATIENCE, "not among the dead letters");
    }
    assert!(gateway.stop());
    let said = log(&site);
    assert!(
        scanner.find(said.as_bytes()).is_empty(),
        "the gateway's log"
    );
    assert!(said.contains("the broker has what it must have"));
}

/// The properties of a plain message, beside which nothing holds a value of its record.
fn has_the_properties_of_its_event(mut message: Value, scanner: &Scanner) {
    let event: Value = serde_json::from_slice(&body(&message)).unwrap();
    assert_eq!(message["message_id"], event["id"]);
    assert_eq!(message["content_type"], "application/cloudevents+json");
    assert_eq!(message["type"], event["type"]);
    assert_eq!(message["app_id"], "isthmus");
    assert_eq!(message["delivery_mode"], 2);
    assert_eq!(
        (&message["exchange"], &message["routing_key"]),
        (&EXCHANGE.into(), &KEY.into())
    );
    assert!(message["timestamp"].as_i64().unwrap() > 1_700_000_000);
    assert!(message["correlation_id"].is_null());
    // A quorum queue counts deliveries there; we say nothing.
    let headers = message["headers"].as_object();
    assert!(headers.is_none_or(|all| all.keys().eq(["x-delivery-count"])));
    // Nothing beside the body holds a value of the record.
    message["body"] = Value::Null;
    assert!(
        scanner.find(message.to_string().as_bytes()).is_empty(),
        "{message}"
    );
}

#[test]
fn a_plain_message_is_the_webhooks_event_with_the_properties_of_its_binding() {
    let broker = Broker::start();
    broker.recipients_queue();
    let site = Site::example();
    broker.destination(&site, PLAIN);
    let gateway = site.start_logging("trace");
    let patients = patients(5);
    hand_in(&gateway, &borrowed(&messages(&patients, "A")));
    delivered(&site, 5);
    let taken = broker.taken();
    assert_eq!(taken.len(), 5);
    let scanner = scanner(&patients);
    let mut seen = BTreeSet::new();
    for message in taken {
        seen.extend(scanner.find(&body(&message)));
        has_the_properties_of_its_event(message, &scanner);
    }
    assert_eq!(seen.len(), 5, "the scanner sees what is not sealed");
    let logs = broker.folder().join("log");
    for (path, bytes) in files(&logs) {
        assert!(scanner.find(&bytes).is_empty(), "{path}");
    }
    // Bodies that anybody could have put there are not taken where sealed ones are expected.
    broker.peer(&[json!({
        "do": "publish", "queue": QUEUE, "id": "1", "body": "{\"id\": \"1\"}",
        "content_type": "application/cloudevents+json",
    })]);
    let (said, records) = broker.consumed(&site.path("consumer.db"), &[SEAL]);
    assert!(
        said[0]["unreadable"].as_str().unwrap().contains("plain"),
        "{said:?}"
    );
    assert_eq!(records, Vec::<Value>::new());
}

#[test]
fn what_no_queue_takes_comes_back_and_is_not_told_as_delivered() {
    let broker = Broker::start();
    broker.recipients_queue();
    let bind = |what: &str| {
        let bind = json!({"do": what, "exchange": EXCHANGE, "key": KEY, "queue": QUEUE});
        broker.peer(&[bind]);
    };
    bind("unbind");
    let site = Site::example();
    broker.destination(&site, PLAIN);
    let gateway = site.start_logging("trace");
    let patients = patients(30);
    hand_in(&gateway, &borrowed(&messages(&patients, "A")));
    let status = site.wait_for("some to have come back", |status| {
        deliveries(status, "crm", "retrying") >= 5
    });
    assert_eq!(deliveries(&status, "crm", "delivered"), 0, "{status}");
    bind("bind");
    delivered(&site, 30);
    let ids: Vec<String> = broker
        .taken()
        .iter()
        .map(|one| one["message_id"].to_string())
        .collect();
    assert_eq!(
        ids.len(),
        30,
        "each arrives once: a message that came back is nowhere"
    );
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 30);
    assert!(gateway.stop());
    let entries = site
        .json(&["ledger", "show", "--limit", "100000"], "")
        .to_string();
    assert!(entries.contains("returned-312"), "{entries}");
    // The crate that speaks to the broker would log what came back, whole.
    let said = log(&site);
    assert!(
        scanner(&patients).find(said.as_bytes()).is_empty(),
        "the gateway's log"
    );
    assert!(!said.contains("Server returned us"));
}

#[test]
fn a_broker_that_dies_loses_nothing_and_sees_repeats_under_the_same_id() {
    let broker = Broker::start();
    broker.recipients_queue();
    broker.keep_queues();
    let site = Site::example();
    broker.destination(&site, "confirm_timeout_s = 5\nat_once = 8\n");
    let gateway = site.start();
    let patients = patients(300);
    let all = messages(&patients, "A");
    let all = borrowed(&all);
    std::thread::scope(|scope| {
        let feed = scope.spawn(|| hand_in(&gateway, &all));
        for _ in 0..2 {
            let before = site.json(&["status"], "");
            let more = deliveries(&before, "crm", "delivered") + 20;
            site.wait_for("some to be delivered", |status| {
                deliveries(status, "crm", "delivered") >= more.min(300)
            });
            broker.tell("kill");
            std::thread::sleep(Duration::from_millis(500));
            broker.tell("start");
        }
        feed.join().unwrap();
    });
    delivered(&site, 300);
    let (said, records) = broker.consumed(&site.path("consumer.db"), &[SEAL]);
    let new = said.iter().filter(|one| one["new"] == true).count();
    let repeats = said.len() - new;
    let ids: BTreeSet<String> = said.iter().map(|one| one["id"].to_string()).collect();
    assert_eq!((new, ids.len(), records.len()), (300, 300, 300));
    // No more than what was unconfirmed when it died.
    assert!(repeats <= 2 * 8, "{repeats} repeats");
    assert!(gateway.stop());
}

#[test]
fn a_queue_that_was_just_made_has_what_it_confirmed_after_a_kill() {
    let broker = Broker::start();
    let site = Site::example();
    broker.destination(&site, &format!("queue = \"{QUEUE}\"\ndeclare = true\n"));
    let gateway = site.start();
    let patients = patients(1);
    hand_in(&gateway, &borrowed(&messages(&patients, "A")));
    delivered(&site, 1);
    broker.tell("kill");
    broker.tell("start");
    assert_eq!(broker.taken().len(), 1);
    assert!(gateway.stop());
}

#[test]
fn a_broker_short_of_memory_is_left_alone_until_it_takes_messages_again() {
    let broker = Broker::start();
    broker.recipients_queue();
    let site = Site::example();
    broker.destination(&site, "confirm_timeout_s = 2\n");
    let gateway = site.start();
    let patients = patients(40);
    let all = messages(&patients, "A");
    let all = borrowed(&all);
    hand_in(&gateway, &all[..5]);
    delivered(&site, 5);
    broker.tell("ctl set_vm_memory_high_watermark 0.00001");
    hand_in(&gateway, &all[5..]);
    let start = Instant::now();
    while !log(&site).contains("the broker is short of memory or disk") {
        assert!(start.elapsed() < PATIENCE, "it is not told to wait");
        std::thread::sleep(Duration::from_millis(50));
    }
    // Longer than a confirm is waited for, so that attempts would be made if there were any.
    std::thread::sleep(Duration::from_secs(4));
    let attempts = |site: &Site| {
        let entries = site.json(&["ledger", "show", "--limit", "100000"], "");
        entries["entries"].as_array().unwrap().len()
    };
    let before = attempts(&site);
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(
        attempts(&site),
        before,
        "something is tried although the broker takes nothing"
    );
    broker.tell("ctl set_vm_memory_high_watermark 0.9");
    delivered(&site, 40);
    let (said, records) = broker.consumed(&site.path("consumer.db"), &[SEAL]);
    assert_eq!(records.len(), 40);
    let ids: BTreeSet<String> = said.iter().map(|one| one["id"].to_string()).collect();
    assert_eq!(ids.len(), 40);
    assert!(gateway.stop());
}

/// How many sockets a process has open.
fn sockets(pid: u32) -> usize {
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let targets = open.filter_map(|one| std::fs::read_link(one.unwrap().path()).ok());
    targets
        .filter(|target| target.to_string_lossy().starts_with("socket:"))
        .count()
}

#[test]
fn a_broker_that_says_nothing_more_is_given_up_and_used_when_it_is_back() {
    let broker = Broker::start();
    broker.recipients_queue();
    let site = Site::example();
    broker.destination(&site, "confirm_timeout_s = 1\nconnect_timeout_s = 1\n");
    let gateway = site.start();
    let patients = patients(13);
    let all = messages(&patients, "A");
    let all = borrowed(&all);
    hand_in(&gateway, &all[..3]);
    delivered(&site, 3);
    let before = sockets(gateway.pid());
    // It still accepts connections, as far as the system does that for it.
    broker.tell("pause");
    hand_in(&gateway, &all[3..]);
    let start = Instant::now();
    let told = |words: &[&str]| {
        let entries = site
            .json(&["ledger", "show", "--limit", "100000"], "")
            .to_string();
        words
            .iter()
            .all(|word| entries.contains(&format!("\"{word}\"")))
    };
    while !told(&["timeout", "connect-timeout"]) {
        assert!(start.elapsed() < PATIENCE, "nothing is given up");
        std::thread::sleep(Duration::from_millis(100));
    }
    // Several more attempts, none of which leaves a socket behind.
    std::thread::sleep(Duration::from_secs(8));
    let during = sockets(gateway.pid());
    assert!(during <= before + 2, "{before} sockets became {during}");
    broker.tell("resume");
    delivered(&site, 13);
    let (said, records) = broker.consumed(&site.path("consumer.db"), &[SEAL]);
    let ids: BTreeSet<String> = said.iter().map(|one| one["id"].to_string()).collect();
    assert_eq!((ids.len(), records.len()), (13, 13));
    assert!(gateway.stop());
}
