//! Whatever a recipient answers, nothing is lost or overtaken: what may have failed comes again
//! under its id, what was refused waits for a person with all that follows it, and both outlive a
//! kill. How requests are signed is in `signed_webhooks`.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::receiver::{Receiver, Reply, Request};
use crate::webhook_site::{WebhookSite, deliveries, hand_in, word};

/// Answers by patient: these in turn, then 200.
fn script(receiver: &Receiver, replies: &[(&str, &[Reply])]) {
    let replies = replies.iter();
    let replies = replies.map(|(patient, replies)| {
        let replies: Vec<Reply> = replies.iter().rev().cloned().collect();
        ((*patient).to_owned(), replies)
    });
    let replies = Mutex::new(replies.collect::<BTreeMap<String, Vec<Reply>>>());
    receiver.answers(move |request| {
        let mut replies = replies.lock().unwrap();
        let next = replies.get_mut(&patient(request)).and_then(Vec::pop);
        next.unwrap_or(Reply::status(200))
    });
}

fn patient(request: &Request) -> String {
    let record = request.record();
    record["name"]["family"].as_str().unwrap().to_owned()
}

/// What came about a patient, in order.
fn about<'r>(requests: &'r [Request], whom: &str) -> Vec<&'r Request> {
    let about = requests.iter().filter(|one| patient(one) == whom);
    about.collect()
}

fn ids(requests: &[&Request]) -> Vec<String> {
    requests.iter().map(|one| one.id()).collect()
}

fn versions(requests: &[&Request]) -> Vec<u64> {
    let versions = requests
        .iter()
        .map(|one| one.event()["data"]["version"].as_u64());
    versions.map(Option::unwrap).collect()
}

fn with_header(status: u16, header: &str) -> Reply {
    Reply::Status(status, vec![header.to_owned()])
}

#[test]
fn what_may_have_failed_comes_again_under_its_id_and_before_what_follows() {
    let site = WebhookSite::over(
        crate::gateway::Site::example(),
        "timeout_s = 1\nconnect_timeout_s = 1\n",
    );
    let replies = [
        ("UNAVAIL", Reply::status(503)),
        ("BROKEN", Reply::status(500)),
        ("DROPPED", Reply::Cut),
        ("SILENT", Reply::Silence(Duration::from_secs(2))),
    ];
    let scripted: Vec<(&str, &[Reply])> = replies
        .iter()
        .map(|(patient, reply)| (*patient, std::slice::from_ref(reply)))
        .collect();
    script(&site.crm, &scripted);
    let gateway = site.site.start();
    for round in 1..=3 {
        for (index, (patient, _)) in replies.iter().enumerate() {
            hand_in(&gateway, &[(&format!("R{index}{round}"), patient)]);
        }
    }
    site.wait_until("crm", "delivered", 12);
    let requests = site.crm.requests();
    assert_eq!(requests.len(), 16, "four were repeated once");
    for (patient, _) in &replies {
        let came = about(&requests, patient);
        let ids = ids(&came);
        assert_eq!(ids[0], ids[1], "{patient}: the same at the repeat");
        assert_eq!(came[0].body, came[1].body, "{patient}: and to the byte");
        assert!(ids[1] != ids[2] && ids[2] != ids[3], "{patient}: {ids:?}");
        let versions = versions(&came);
        assert!(versions.is_sorted(), "{patient}: {versions:?}");
    }
    let expected = [
        "not-taken:http-503",
        "not-taken:http-500",
        "unknown:",
        "unknown:timeout",
    ];
    for (index, expected) in expected.iter().enumerate() {
        let told = site.told(&format!("R{index}1"), "crm");
        assert!(told[1].starts_with(expected), "{told:?}");
        assert_eq!(told.last().unwrap(), "delivered", "{told:?}");
        assert_eq!(told.len(), 3, "{told:?}");
    }
    assert!(gateway.stop());
}

#[test]
fn a_recipient_that_asks_for_a_pause_gets_it() {
    let site = WebhookSite::example();
    let gateway = site.site.start();
    script(
        &site.crm,
        &[("FIRST", &[with_header(429, "retry-after: 2")])],
    );
    hand_in(&gateway, &[("P1", "FIRST")]);
    let asked = site.crm.wait_for("the first", |came| came.len() == 1)[0].began;
    hand_in(&gateway, &[("P2", "SECOND"), ("P3", "FIRST")]);
    site.wait_until("crm", "delivered", 3);
    for request in &site.crm.requests()[1..] {
        let wait = request.began - asked;
        assert!(wait >= Duration::from_secs(2), "after {wait:?}");
    }

    let until = Timestamp::now().as_second() + 4;
    let date = Timestamp::from_second(until)
        .unwrap()
        .to_zoned(TimeZone::UTC);
    let date = date.strftime("retry-after: %a, %d %b %Y %H:%M:%S GMT");
    script(
        &site.crm,
        &[("THIRD", &[with_header(429, &date.to_string())])],
    );
    hand_in(&gateway, &[("P4", "THIRD")]);
    site.crm.wait_for("the third", |came| came.len() == 5);
    hand_in(&gateway, &[("P5", "SECOND")]);
    site.wait_until("crm", "delivered", 5);
    let until = SystemTime::UNIX_EPOCH + Duration::from_secs(until.cast_unsigned());
    let ago = until.elapsed().expect("it is later than that");
    let until = Instant::now().checked_sub(ago).unwrap();
    let requests = site.crm.requests();
    assert!(requests[5..].iter().all(|one| one.began >= until));
    let third = ids(&about(&requests, "THIRD"));
    assert_eq!(third.len(), 2);
    assert_eq!(third[0], third[1]);
}

#[test]
fn a_redirect_is_not_followed_and_gone_is_the_end_until_a_restart() {
    let site = WebhookSite::example();
    let elsewhere = Receiver::start();
    let location = format!("location: http://{}/", elsewhere.address);
    script(&site.crm, &[("MOVED", &[with_header(301, &location)])]);
    let gateway = site.site.start();
    hand_in(&gateway, &[("M1", "MOVED")]);
    site.wait_until("crm", "delivered", 1);
    let moved = ids(&site.crm.requests().iter().collect::<Vec<_>>());
    assert_eq!(moved.len(), 2);
    assert_eq!(moved[0], moved[1]);
    assert!(elsewhere.requests().is_empty(), "it was followed");

    script(&site.crm, &[("GONE", &[Reply::status(410)])]);
    hand_in(&gateway, &[("G1", "GONE")]);
    site.crm
        .wait_for("the one that hears it", |came| came.len() == 3);
    site.wait_until("crm", "retrying", 1);
    hand_in(&gateway, &[("G2", "GONE"), ("G3", "OTHER")]);
    // Longer than the first wait of a delivery and the first pause of a recipient.
    std::thread::sleep(Duration::from_millis(2_500));
    assert_eq!(site.crm.requests().len(), 3, "it was written to again");
    let status = site.wait_until("crm", "waiting", 2);
    assert_eq!(deliveries(&status, "crm", "retrying"), 1, "{status}");
    assert!(gateway.stop());
    let gateway = site.site.start();
    site.wait_until("crm", "delivered", 4);
    let requests = site.crm.requests();
    let gone = ids(&about(&requests, "GONE"));
    assert_eq!(gone.len(), 3);
    assert_eq!(gone[0], gone[1]);
    assert!(gateway.stop());
}

/// The one item that is parked for the CRM.
fn parked(site: &WebhookSite) -> Value {
    let mut parked = site.parked();
    assert_eq!(parked.len(), 1, "{parked:?}");
    let one = parked.remove(0);
    assert_eq!(one["recipient"], "crm");
    assert_eq!(one["reason"], "refused-by-destination");
    one
}

fn item(parked: &Value) -> String {
    parked["item"].as_str().unwrap().to_owned()
}

/// The rulings in the ledger: word, who, why and about what.
fn rulings(site: &WebhookSite) -> Vec<[String; 4]> {
    let ledger = site.ledger().into_iter();
    let rulings = ledger.filter(|entry| entry["event"] == "ruling");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let parts = |entry: Value| ["outcome", "by", "why", "reason"].map(|name| text(&entry[name]));
    rulings.map(parts).collect()
}

#[test]
fn a_refused_record_waits_for_a_person_and_its_patient_s_others_behind_it() {
    let site = WebhookSite::example();
    let gateway = site.site.start();
    let no = Reply::status(422);
    script(&site.crm, &[("REFUSED", &[no.clone(), no.clone()])]);
    let messages = [
        ("K1", "REFUSED"),
        ("K2", "REFUSED"),
        ("K3", "FINE"),
        ("K4", "REFUSED"),
    ];
    hand_in(&gateway, &messages);
    site.wait_until("crm", "parked", 1);
    site.wait_until("crm", "delivered", 1);
    assert_eq!(site.crm.requests().len(), 2);
    let first = parked(&site);
    assert_eq!(first["behind"], 2, "{first}");
    let first = item(&first);
    let shown = site.site.json(&["parked", "show", &first], "");
    assert_eq!(shown["parked"]["item"], *first);
    let told: Vec<String> = shown["ledger"]
        .as_array()
        .unwrap()
        .iter()
        .map(word)
        .collect();
    let expected = ["released", "refused:http-422 parked:refused-by-destination"];
    assert_eq!(told, expected);

    rules_need_a_reason_and_an_item(&site, &first);
    retried_twice(&site, &first);
    assert!(site.parked().is_empty());
}

/// No reason, no ruling; and what is not parked cannot be ruled on.
fn rules_need_a_reason_and_an_item(site: &WebhookSite, first: &str) {
    let without = site.site.command(&["parked", "drop", first], "");
    assert_eq!(without.status.code(), Some(2));
    assert_eq!(site.rule("drop", first, " ").status.code(), Some(2));
    let unknown = "0".repeat(32);
    assert_eq!(site.rule("retry", &unknown, "x").status.code(), Some(1));
    assert_eq!(item(&parked(site)), first);
    assert!(rulings(site).is_empty());
}

/// The first retry is refused as well, the second is taken, and what waited follows.
fn retried_twice(site: &WebhookSite, first: &str) {
    assert!(site.rule("retry", first, "a first try").status.success());
    site.crm.wait_for("the repeat", |came| came.len() == 3);
    site.wait_until("crm", "parked", 1);
    assert_eq!(item(&parked(site)), first);
    assert!(site.rule("retry", first, "they mended it").status.success());
    site.wait_until("crm", "delivered", 4);
    let requests = site.crm.requests();
    let came = about(&requests, "REFUSED");
    assert_eq!(ids(&came)[..3], [first; 3]);
    assert!(versions(&came).is_sorted() && came.len() == 5);
    let by = rulings(site);
    let about_it = format!("delivery {first}");
    let tries = ["a first try", "they mended it"].map(|why| {
        [
            "retry".to_owned(),
            by[0][1].clone(),
            why.to_owned(),
            about_it.clone(),
        ]
    });
    assert_eq!(by, tries);
    assert!(by[0][1].starts_with("uid "), "{by:?}");
}

#[test]
fn rulings_are_taken_beside_the_gateway_and_without_it() {
    let site = WebhookSite::example();
    let gateway = site.site.start();
    let no = Reply::status(422);
    script(&site.crm, &[("REFUSED", &[no.clone(), no])]);
    hand_in(
        &gateway,
        &[("D1", "REFUSED"), ("D2", "REFUSED"), ("D3", "REFUSED")],
    );
    site.wait_until("crm", "parked", 1);
    let first = item(&parked(&site));
    let dropped = site.rule("drop", &first, "a test record");
    assert!(dropped.status.success(), "{dropped:?}");
    // What was behind it goes, and is refused in its turn.
    site.crm.wait_for("the second", |came| came.len() == 2);
    site.wait_until("crm", "parked", 1);
    let second = item(&parked(&site));
    assert!(second != first);
    assert!(gateway.stop());

    assert_eq!(item(&parked(&site)), second);
    let shown = site.site.json(&["parked", "show", &second], "");
    assert_eq!(shown["parked"]["behind"], 1, "{shown}");
    let retried = site.rule("retry", &second, "while it was down");
    assert!(retried.status.success(), "{retried:?}");
    let gateway = site.site.start();
    let status = site.wait_until("crm", "delivered", 2);
    assert_eq!(deliveries(&status, "crm", "dropped"), 1, "{status}");
    let requests = site.crm.requests();
    let came = ids(&requests.iter().collect::<Vec<_>>());
    assert_eq!(came[..3], [first, second.clone(), second]);
    assert_eq!(came.len(), 4);
    let whys: Vec<String> = rulings(&site)
        .into_iter()
        .map(|one| one[2].clone())
        .collect();
    assert_eq!(whys, ["a test record", "while it was down"]);
    assert!(
        site.told("D1", "crm")
            .iter()
            .all(|word| word != "delivered")
    );
    assert!(gateway.stop());
    assert_eq!(
        site.site.json(&["ledger", "verify"], "")["first_bad"],
        Value::Null
    );
}

#[test]
fn what_is_tried_again_outlives_kills() {
    let site = WebhookSite::example();
    site.crm.answers(|_| Reply::status(503));
    let gateway = site.site.start();
    hand_in(&gateway, &[("S1", "ONE"), ("S2", "TWO"), ("S3", "ONE")]);
    let tried = |count: usize| {
        move |came: &[Request]| {
            let tried = |whom| about(came, whom).len() >= count;
            tried("ONE") && tried("TWO")
        }
    };
    site.crm.wait_for("a first attempt", tried(1));
    // The attempts are in the store, so the kill cannot make them first ones again.
    site.wait_until("crm", "retrying", 2);
    gateway.kill();
    let before = site.crm.requests().len();
    let gateway = site.site.start();
    site.crm
        .wait_for("attempts after the kill", |came| tried(1)(&came[before..]));
    gateway.kill();
    site.crm.answers(|_| Reply::status(200));
    let gateway = site.site.start();
    site.wait_until("crm", "delivered", 3);
    let requests = site.crm.requests();
    for (whom, count) in [("ONE", 2), ("TWO", 1)] {
        let came = about(&requests, whom);
        let mut ids = ids(&came);
        ids.dedup();
        assert_eq!(ids.len(), count, "{whom}: one id a record, in order");
        assert!(versions(&came).is_sorted());
    }
    let attempts = site.ledger().into_iter();
    let delivered = attempts.filter(|entry| entry["outcome"] == "delivered");
    let attempts: Vec<u64> = delivered
        .map(|entry| entry["attempt"].as_u64().unwrap())
        .collect();
    assert_eq!(attempts.len(), 3);
    assert!(
        attempts.iter().filter(|number| **number > 1).count() >= 2,
        "{attempts:?}"
    );
    assert!(gateway.stop());
}
