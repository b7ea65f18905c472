//! The configuration of a recipient of files: what is read, and what is wrong with it.

use std::time::Duration;

use isthmus_adapters::adapter::{Adapter, AdapterConfig, Problem};
use isthmus_adapters::files::config::FilesConfig;
use isthmus_adapters::files::destination::Files;
use isthmus_adapters::sftp_client::ssh_keys::ClientKey;

use crate::dropped::{config, files};

/// A key that was made for this test alone.
const HOST_KEY: &str = "ssh-ed25519 \
                        AAAAC3NzaC1lZDI1NTE5AAAAICvn2Bs9pdDXWvx8O3U5tZ2G7r8m/1IGwdV31w5i650o";

fn keys(problems: &[Problem]) -> Vec<&'static str> {
    problems.iter().map(|problem| problem.key).collect()
}

#[test]
fn what_is_not_stated_has_a_sound_value() {
    let config = config("");
    assert_eq!(config.validate(), []);
    assert_eq!(config.mode_bits(), Some(0o640));
    assert_eq!(config.timeout(), Duration::from_secs(30));
    assert_eq!(config.retry_max_age(), Duration::from_hours(72));
    assert_eq!(config.limits().pause_longest, Duration::from_secs(30));
    let takes = files("").manifest().takes;
    assert_eq!((takes.batch.limit, takes.at_once), (1, 1));
}

#[test]
fn every_problem_names_its_key() {
    let json = |more: &str| {
        let text = format!(r#"{{"recipient": "c", "folder": "in", "form": "json", {more}}}"#);
        serde_json::from_str::<FilesConfig>(&text).unwrap()
    };
    for (config, key) in [
        (config(r#""folder": null"#), "folder"),
        (config(r#""folder": """#), "folder"),
        (config(r#""mode": "0644""#), "mode"),
        (config(r#""mode": "0750""#), "mode"),
        (config(r#""mode": "0240""#), "mode"),
        (config(r#""mode": "4640""#), "mode"),
        (config(r#""mode": "u=rw""#), "mode"),
        (config(r#""mode": "64""#), "mode"),
        (
            config(r#""sending_application": null"#),
            "sending_application",
        ),
        (
            config(r#""receiving_application": "A|B""#),
            "receiving_application",
        ),
        (config(r#""version": "2.9.9""#), "version"),
        (config(r#""charset": "UNICODE UTF-16""#), "charset"),
        (config(r#""timeout_s": 0"#), "timeout_s"),
        (config(r#""timeout_s": 301"#), "timeout_s"),
        (config(r#""retry_max_age_h": 0"#), "retry_max_age_h"),
        (json(r#""terminator": "lf""#), "terminator"),
        (json(r#""sending_application": "A""#), "sending_application"),
        (json(r#""charset": "ASCII""#), "charset"),
    ] {
        let problems = config.validate();
        assert_eq!(keys(&problems), [key], "{config:?}: {problems:?}");
        assert_eq!(keys(&Files::new(&config).unwrap_err()), [key]);
    }
    for mode in ["0600", "0640", "0660", "640"] {
        assert!(
            config(&format!(r#""mode": "{mode}""#))
                .mode_bits()
                .is_some()
        );
    }
}

/// A configuration of a server with further members, which win.
fn server(members: &str) -> FilesConfig {
    let more = if members.is_empty() { "" } else { ", " };
    let url = r#""folder": null, "sftp": "sftp://me@lab.example/in""#;
    let keys = format!(r#""host_keys": ["{HOST_KEY}"], "ssh_key": "${{file:key}}""#);
    config(&format!("{url}, {keys}{more}{members}"))
}

#[test]
fn a_server_has_its_own_keys_and_sound_values() {
    let config = server("");
    assert_eq!(config.validate(), []);
    let pem = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let key = ClientKey::parse(&pem).unwrap();
    let settings = config.sftp_settings(key).unwrap();
    assert_eq!((settings.url.port, settings.at_once), (22, 1));
    assert_eq!(settings.connect_timeout, Duration::from_secs(10));
    assert_eq!(settings.answer_timeout, Duration::from_secs(30));
    assert_eq!(settings.mode, 0o640);
    let several = Files::new(&server(r#""at_once": 4"#)).unwrap();
    assert_eq!(several.manifest().takes.at_once, 4);
    let secret = pem.lines().nth(1).unwrap();
    assert!(!format!("{settings:?}").contains(secret));
}

#[test]
fn every_problem_of_a_server_names_its_key() {
    let folder = r#""sftp": null, "folder": "in", "ssh_key": null, "host_keys": []"#;
    let with = |more: &str| server(&format!("{folder}, {more}"));
    let stated = format!(r#""host_keys": ["{HOST_KEY}"]"#);
    for (config, key) in [
        (server(r#""folder": "in""#), "sftp"),
        (
            server(r#""sftp": "sftp://me:hunter2@lab.example/in""#),
            "sftp",
        ),
        (server(r#""sftp": "sftp://lab.example/in""#), "sftp"),
        (server(r#""sftp": "ftp://me@lab.example/in""#), "sftp"),
        (server(r#""host_keys": []"#), "host_keys"),
        (server(r#""host_keys": ["SHA256:abc"]"#), "host_keys"),
        (server(r#""ssh_key": null"#), "ssh_key"),
        (
            server(r#""allow_networks": ["10.0.0.1/8"]"#),
            "allow_networks",
        ),
        (server(r#""connect_timeout_s": 0"#), "connect_timeout_s"),
        (server(r#""at_once": 0"#), "at_once"),
        (server(r#""at_once": 17"#), "at_once"),
        (with(&stated), "host_keys"),
        (with(r#""ssh_key": "${file:key}""#), "ssh_key"),
        (
            with(r#""allow_networks": ["10.0.0.0/8"]"#),
            "allow_networks",
        ),
        (with(r#""connect_timeout_s": 5"#), "connect_timeout_s"),
        (with(r#""at_once": 2"#), "at_once"),
    ] {
        let problems = config.validate();
        assert_eq!(keys(&problems), [key], "{config:?}: {problems:?}");
        assert!(!format!("{problems:?}").contains("hunter2"));
    }
}

#[test]
fn unknown_keys_and_words_are_refused() {
    let read = |members: &str| {
        let text = format!(r#"{{"recipient": "c", "folder": "in", {members}}}"#);
        serde_json::from_str::<FilesConfig>(&text)
    };
    assert!(read(r#""form": "json""#).is_ok());
    assert!(read(r#""form": "xml""#).is_err());
    assert!(read(r#""terminator": "CR""#).is_err());
    assert!(read(r#""folders": "in""#).is_err());
    assert!(read(r#""at_once": 2, "batch": 3"#).is_err());
}
