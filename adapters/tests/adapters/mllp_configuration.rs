//! The configuration of a receiver of HL7 v2 messages: what is read, and what is wrong with it.

use std::path::Path;
use std::time::Duration;

use isthmus_adapters::adapter::{Adapter, AdapterConfig, Problem};
use isthmus_adapters::mllp::config::{Acknowledgement, MllpDestinationConfig};
use isthmus_adapters::mllp::destination::Mllp;

use crate::mllp_peer::{config, mllp};

fn keys(problems: &[Problem]) -> Vec<&'static str> {
    problems.iter().map(|problem| problem.key).collect()
}

#[test]
fn what_is_not_stated_has_a_sound_value() {
    let config = config("");
    assert_eq!(config.validate(), []);
    assert_eq!(config.version, "2.5.1");
    assert_eq!(config.acknowledgement, Acknowledgement::Original);
    assert_eq!(config.retry_max_age(), Duration::from_hours(72));
    assert_eq!(config.limits().pause_longest, Duration::from_secs(30));
    let settings = config.client_settings(Path::new("conf")).unwrap();
    assert_eq!(settings.answer_timeout, Duration::from_secs(30));
    assert_eq!(settings.connect_timeout, Duration::from_secs(5));
    assert!(settings.tls.unwrap().authorities.is_none());
    assert_eq!(settings.at_once, 1);
    assert_eq!(mllp("").manifest().takes.at_once, 1);
    assert_eq!(mllp(r#""at_once": 8"#).manifest().takes.at_once, 8);
}

#[test]
fn every_problem_names_its_key() {
    for (members, key) in [
        (r#""url": "mllp://lab.example:2575""#, "url"),
        (r#""url": "mllps://me:pw@lab.example:2576""#, "url"),
        (r#""url": "mllps://lab.example""#, "url"),
        (r#""url": "mllps://lab.example:2576/adt""#, "url"),
        (r#""url": "https://lab.example""#, "url"),
        (r#""allow_networks": ["10.0.0.1/8"]"#, "allow_networks"),
        (r#""client_key": "k.pem""#, "client_key"),
        (r#""client_certificate": "c.pem""#, "client_certificate"),
        (r#""sending_application": """#, "sending_application"),
        (r#""sending_application": "A|B""#, "sending_application"),
        (r#""sending_facility": "A\rB""#, "sending_facility"),
        (r#""receiving_application": """#, "receiving_application"),
        (
            r#""receiving_application": "\"\"""#,
            "receiving_application",
        ),
        (r#""receiving_facility": "A^1^ISO^X""#, "receiving_facility"),
        (r#""receiving_facility": "Zürich""#, "receiving_facility"),
        (r#""version": "2.9.9""#, "version"),
        (r#""version": "3""#, "version"),
        (r#""charset": "UNICODE UTF-16""#, "charset"),
        (r#""charset": "GB 18030-2000""#, "charset"),
        (r#""charset": "8859/77""#, "charset"),
        (r#""charset": "8859/1", "version": "2.2""#, "charset"),
        (
            r#""acknowledgement": "enhanced", "version": "2.1""#,
            "acknowledgement",
        ),
        (r#""answers": {"AA": "retry"}"#, "answers"),
        (r#""answers": {"AE-": "retry"}"#, "answers"),
        (r#""answers": {"AE-0207": "retry"}"#, "answers"),
        (r#""answers": {"ae": "retry"}"#, "answers"),
        (r#""at_once": 0"#, "at_once"),
        (r#""at_once": 65"#, "at_once"),
        (r#""answer_timeout_s": 0"#, "answer_timeout_s"),
        (r#""connect_timeout_s": 301"#, "connect_timeout_s"),
        (r#""retry_max_age_h": 0"#, "retry_max_age_h"),
    ] {
        let problems = config(members).validate();
        assert_eq!(keys(&problems), [key], "{members}: {problems:?}");
        assert_eq!(keys(&Mllp::new(&config(members)).unwrap_err()), [key]);
    }
    let sound = r#""charset": "8859/15", "answers": {"AE-0": "retry", "CR": "pause"}"#;
    assert_eq!(config(sound).validate(), []);
}

#[test]
fn unknown_keys_and_words_are_refused() {
    let read = |members: &str| {
        let text = format!(
            r#"{{"recipient": "c", "url": "u", "sending_application": "A",
                "receiving_application": "B", {members}}}"#
        );
        serde_json::from_str::<MllpDestinationConfig>(&text)
    };
    assert!(read(r#""version": "2.5.1""#).is_ok());
    assert!(read(r#""charsets": "ASCII""#).is_err());
    assert!(read(r#""acknowledgement": "both""#).is_err());
    assert!(read(r#""processing_id": "X""#).is_err());
    assert!(read(r#""answers": {"AE": "ignore"}"#).is_err());
}
