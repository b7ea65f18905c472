//! The configuration of adapters: what is read, what is wrong with it, and that secrets stay out
//! of what is shown.

use std::path::Path;
use std::time::Duration;

use isthmus_adapters::adapter::{AdapterConfig, Problem};
use isthmus_adapters::ndjson_folder::config::NdjsonFolderConfig;
use isthmus_adapters::webhook::config::WebhookConfig;
use isthmus_adapters::webhook::destination::Webhook;

use crate::scripted_transport::config;

/// A sound configuration with these members beside or instead of its own.
fn with(members: &str) -> WebhookConfig {
    let sound = r#"{"recipient": "clinic", "url": "https://crm.example/h", "secrets": ["a"]}"#;
    let mut all: serde_json::Value = serde_json::from_str(sound).unwrap();
    let members: serde_json::Value = serde_json::from_str(&format!("{{{members}}}")).unwrap();
    let members = members.as_object().unwrap().clone();
    all.as_object_mut().unwrap().extend(members);
    serde_json::from_value(all).unwrap()
}

fn keys(problems: &[Problem]) -> Vec<&'static str> {
    problems.iter().map(|problem| problem.key).collect()
}

#[test]
fn what_is_not_stated_has_a_sound_value() {
    let config = config("https://crm.example/hook");
    assert_eq!(config.validate(), []);
    assert_eq!(
        (config.at_once, config.timeout_s, config.connect_timeout_s),
        (16, 20, 5)
    );
    assert_eq!(config.retry_max_age(), Duration::from_hours(72));
    assert_eq!(config.limits().rate_per_s, None);
    let settings = config.http_settings(Path::new("conf"));
    assert_eq!(settings.timeout, Duration::from_secs(20));
    assert!(settings.tls.unwrap().authorities.is_none());
}

#[test]
fn files_count_from_the_folder_of_the_configuration() {
    let config = with(
        r#""authorities": "ca.pem", "client_certificate": "/c/a.pem", "client_key": "k.pem",
           "rate_per_s": 50"#,
    );
    assert_eq!(config.validate(), []);
    assert_eq!(
        (config.limits().rate_per_s, config.limits().burst),
        (Some(50), 50)
    );
    let tls = config.http_settings(Path::new("conf")).tls.unwrap();
    assert_eq!(tls.authorities.unwrap(), Path::new("conf/ca.pem"));
    let identity = tls.identity.unwrap();
    assert_eq!(identity.certificate, Path::new("/c/a.pem"));
    assert_eq!(identity.key, Path::new("conf/k.pem"));
}

#[test]
fn every_problem_names_its_key() {
    for (members, key) in [
        (r#""url": "http://crm.example/""#, "url"),
        (r#""url": "https://me:pw@crm.example/""#, "url"),
        (r#""url": "https://crm.example/?token=1""#, "url"),
        (r#""secrets": []"#, "secrets"),
        (r#""secrets": ["a", "b", "c"]"#, "secrets"),
        (r#""allow_networks": ["10.0.0.1/8"]"#, "allow_networks"),
        (r#""client_key": "k.pem""#, "client_key"),
        (r#""client_certificate": "c.pem""#, "client_certificate"),
        (r#""at_once": 0"#, "at_once"),
        (r#""at_once": 257"#, "at_once"),
        (r#""timeout_s": 0, "connect_timeout_s": 1"#, "timeout_s"),
        (r#""connect_timeout_s": 21"#, "connect_timeout_s"),
        (r#""retry_max_age_h": 0"#, "retry_max_age_h"),
        (r#""rate_per_s": 0"#, "rate_per_s"),
        (r#""burst": 5"#, "burst"),
        (r#""classification": """#, "classification"),
        (r#""regulation": "HIPAA, GDPR""#, "regulation"),
        (r#""category": "a b""#, "category"),
    ] {
        let problems = with(members).validate();
        assert_eq!(keys(&problems), [key], "{members}: {problems:?}");
    }
    let several = with(r#""url": "x", "secrets": [], "at_once": 0"#);
    assert_eq!(keys(&several.validate()), ["url", "secrets", "at_once"]);
    assert_eq!(Webhook::new(&several, Vec::new()).unwrap_err().len(), 3);
    let sound = config("https://crm.example/hook");
    assert_eq!(
        keys(&Webhook::new(&sound, Vec::new()).unwrap_err()),
        ["secrets"]
    );
}

#[test]
fn unknown_keys_are_refused() {
    let text = r#"{"recipient": "c", "url": "u", "secrets": [], "follow_redirects": true}"#;
    assert!(serde_json::from_str::<WebhookConfig>(text).is_err());
}

#[test]
fn a_secret_written_in_place_of_a_reference_is_not_shown() {
    let config = with(r#""secrets": ["whsec_c2VjcmV0"]"#);
    assert!(!format!("{config:?}").contains("whsec_"));
}

#[test]
fn a_folder_has_a_name() {
    let config = NdjsonFolderConfig {
        recipient: "clinic".to_owned(),
        folder: "".into(),
    };
    assert_eq!(keys(&config.validate()), ["folder"]);
}
