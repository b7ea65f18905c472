//! The configuration of a broker's queue: what is read, what is wrong with it, and that secrets
//! stay out of what is shown.

use std::path::Path;
use std::time::Duration;

use isthmus_adapters::adapter::{AdapterConfig, Problem};
use isthmus_adapters::amqp::config::{AmqpConfig, Payload};
use isthmus_adapters::amqp::destination::Amqp;

use crate::brokered::{PLAIN, config};

fn keys(problems: &[Problem]) -> Vec<&'static str> {
    problems.iter().map(|problem| problem.key).collect()
}

#[test]
fn what_is_not_stated_has_a_sound_value() {
    let config = config("");
    assert_eq!(config.validate(), []);
    assert_eq!(config.payload, Payload::Sealed);
    assert!(!config.declare);
    assert_eq!(config.retry_max_age(), Duration::from_hours(72));
    assert_eq!(config.limits().pause_longest, Duration::from_secs(30));
    let settings = config
        .client_settings(Path::new("conf"), "pw".to_owned())
        .unwrap();
    assert_eq!(settings.url.vhost, "crm");
    assert_eq!(settings.confirm_timeout, Duration::from_secs(20));
    assert_eq!(settings.at_once, 16);
    assert!(settings.tls.unwrap().authorities.is_none());
    assert_eq!(settings.topology.exchange.as_deref(), Some("crm"));
    assert_eq!(settings.topology.queues, Vec::<String>::new());
}

#[test]
fn by_the_default_exchange_routing_keys_are_queues() {
    let config = config(r#""exchange": "", "routing_keys": {"person": "people"}"#);
    assert_eq!(config.validate(), []);
    let settings = config
        .client_settings(Path::new("."), String::new())
        .unwrap();
    assert_eq!(settings.topology.exchange, None);
    assert_eq!(settings.topology.queues, ["crm.records", "people"]);
}

#[test]
fn every_problem_names_its_key() {
    for (members, key) in [
        (r#""url": "amqp://broker.example""#, "url"),
        (r#""url": "amqps://me:pw@broker.example""#, "url"),
        (r#""url": "amqps://broker.example/""#, "url"),
        (r#""url": "https://broker.example""#, "url"),
        (r#""user": """#, "user"),
        (r#""allow_networks": ["10.0.0.1/8"]"#, "allow_networks"),
        (r#""client_key": "k.pem""#, "client_key"),
        (r#""client_certificate": "c.pem""#, "client_certificate"),
        (r#""exchange": "a\nb""#, "exchange"),
        (
            r#""exchange": "amq.direct", "declare": true, "queue": "q""#,
            "exchange",
        ),
        (r#""routing_key": """#, "routing_key"),
        (r#""routing_keys": {"person": ""}"#, "routing_keys"),
        (r#""queue": """#, "queue"),
        (r#""declare": true"#, "declare"),
        (r#""seal_key": null"#, "seal_key"),
        (r#""seal_key_id": null"#, "seal_key_id"),
        (r#""seal_key_id": "a b""#, "seal_key_id"),
        (r#""payload": "plain", "seal_key": null"#, "seal_key_id"),
        (r#""payload": "plain", "seal_key_id": null"#, "seal_key"),
        (r#""at_once": 0"#, "at_once"),
        (r#""at_once": 257"#, "at_once"),
        (r#""confirm_timeout_s": 0"#, "confirm_timeout_s"),
        (r#""connect_timeout_s": 121"#, "connect_timeout_s"),
        (r#""retry_max_age_h": 0"#, "retry_max_age_h"),
        (r#""classification": """#, "classification"),
        (r#""regulation": "HIPAA, GDPR""#, "regulation"),
        (r#""category": "a b""#, "category"),
    ] {
        let problems = config(members).validate();
        assert_eq!(keys(&problems), [key], "{members}: {problems:?}");
        assert!(Amqp::new(&config(members), None).is_err());
    }
    let long = "x".repeat(256);
    let long = config(&format!("\"routing_key\": \"{long}\"")).validate();
    assert_eq!(keys(&long), ["routing_key"]);
    // A key that is referred to and was not read is not taken for a plain body.
    assert_eq!(
        keys(&Amqp::new(&config(""), None).unwrap_err()),
        ["seal_key"]
    );
    assert_eq!(config(PLAIN).validate(), []);
}

#[test]
fn unknown_keys_are_refused() {
    let text = r#"{"recipient": "c", "url": "u", "user": "u", "password": "p", "exchange": "",
        "routing_key": "k", "immediate": true}"#;
    assert!(serde_json::from_str::<AmqpConfig>(text).is_err());
}

#[test]
fn secrets_written_in_place_of_a_reference_are_not_shown() {
    let config = config(r#""password": "hunter2", "seal_key": "abcdef""#);
    let settings = config.client_settings(Path::new("."), "hunter2".to_owned());
    for shown in [format!("{config:?}"), format!("{settings:?}")] {
        assert!(
            !shown.contains("hunter2") && !shown.contains("abcdef"),
            "{shown}"
        );
    }
}
