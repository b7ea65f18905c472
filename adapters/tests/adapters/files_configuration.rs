//! The configuration of a recipient of files: what is read, and what is wrong with it.

use std::time::Duration;

use isthmus_adapters::adapter::{Adapter, AdapterConfig, Problem};
use isthmus_adapters::files::config::FilesConfig;
use isthmus_adapters::files::destination::Files;

use crate::dropped::{config, files};

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
