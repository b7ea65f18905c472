//! Deliveries move between the embedded queue and RabbitMQ, there and back: none is lost, none
//! comes under two ids, and nothing is moved while a gateway runs.

use std::collections::BTreeSet;

use isthmus_tests::rabbitmq::RabbitMqProcess;

use crate::gateway::{Gateway, Site};
use crate::receiver::{Reply, Request};
use crate::webhook_site::{WebhookSite, deliveries, hand_in};

/// Messages handed in before each move.
const MESSAGES: usize = 30;

/// States where the broker is, and which queue is used.
fn state(site: &Site, broker: &RabbitMqProcess, queue: &str) {
    std::fs::write(site.path("broker.password"), broker.text("password")).unwrap();
    site.edit(|text| {
        let (store, rest) = text.split_once("queue = \"").unwrap();
        let (_old, rest) = rest.split_once('"').unwrap();
        let broker = format!(
            "\n[rabbitmq]\nurl = \"{}\"\nuser = \"{}\"\npassword = \"${{file:broker.password}}\"\n",
            broker.text("url"),
            broker.text("user"),
        );
        let broker = if rest.contains("\n[rabbitmq]\n") {
            ""
        } else {
            &broker
        };
        format!("{store}queue = \"{queue}\"{rest}{broker}")
    });
}

/// Hands in messages whose records cannot be delivered yet.
fn wait_with(site: &WebhookSite, part: &str, waiting: u64) -> Gateway {
    let gateway = site.site.start();
    let messages: Vec<(String, String)> = (0..MESSAGES)
        .map(|number| (format!("{part}{number}"), format!("MOVE{number}")))
        .collect();
    let borrowed: Vec<(&str, &str)> = messages
        .iter()
        .map(|(id, patient)| (id.as_str(), patient.as_str()))
        .collect();
    hand_in(&gateway, &borrowed);
    site.site.wait_for("the records to wait", |status| {
        let states = ["waiting", "retrying"];
        let count = states.map(|state| deliveries(status, "crm", state));
        count.iter().sum::<u64>() == waiting && status["open"] == 0
    });
    gateway
}

/// The ids under which records came, each time that one was asked to be taken.
fn ids(requests: &[Request]) -> BTreeSet<String> {
    requests.iter().map(Request::id).collect()
}

#[test]
fn moving_loses_nothing() {
    let broker = RabbitMqProcess::start(&[]);
    let site = WebhookSite::example();
    site.crm.answers(|_| Reply::status(503));
    let gateway = wait_with(&site, "A", 30);
    state(&site.site, &broker, "embedded");
    let to_rabbitmq = ["queue", "move", "--to", "rabbitmq"];
    let refused = site.site.command(&to_rabbitmq, "");
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("another gateway runs"));
    assert!(gateway.stop());

    let moved = site.site.json(&["queue", "move", "--to", "rabbitmq"], "");
    assert_eq!(
        (&moved["waiting"], &moved["is_stated"]),
        (&30.into(), &false.into())
    );
    state(&site.site, &broker, "rabbitmq");
    let gateway = wait_with(&site, "B", 60);
    let shown = site.site.json(&["queue", "show"], "");
    assert_eq!(shown["waiting"], 60);
    let queues = shown["queues"].as_array().unwrap();
    assert!(
        queues.iter().all(|queue| queue["is_there"] == true),
        "{shown}"
    );
    assert!(gateway.stop());

    let moved = site.site.json(&["queue", "move", "--to", "embedded"], "");
    assert_eq!(moved["waiting"], 60);
    state(&site.site, &broker, "embedded");
    let shown = site.site.json(&["queue", "show"], "");
    let queues = shown["queues"].as_array().unwrap();
    assert!(
        queues.iter().all(|queue| queue["is_there"] == false),
        "{shown}"
    );
    site.crm.answers(|_| Reply::status(200));
    let before = site.crm.requests().len();
    let gateway = site.site.start();
    site.wait_until("crm", "delivered", 60);
    assert!(gateway.stop());
    let requests = site.crm.requests();
    assert_eq!(ids(&requests[before..]).len(), 60, "all of them came");
    assert_eq!(ids(&requests).len(), 60, "none came under two ids");
}
