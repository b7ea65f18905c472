//! HL7 over HTTP beside MLLP: the same senders, the same rules, the same answers, through Python's
//! own HTTP client.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::gateway::{Site, root};
use crate::reload::message;

const LISTENER: &str = r#"
[[http]]
listen = "127.0.0.1:0"

[http.tls]
certificate = "data/certificates/server.pem"
key = "data/certificates/server.key"
client_certificates = "optional"
client_authorities = "data/certificates/ca.pem"
"#;

/// The responses to these messages, a line each.
fn send(site: &Site, port: &str, messages: &[String]) -> Vec<String> {
    let mut client = Command::new("python3")
        .arg(root().join("tests/end_to_end/hl7_over_http.py"))
        .arg(port)
        .arg(site.path("data/certificates/ca.pem"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = client.stdin.take().unwrap();
    for message in messages {
        writeln!(input, "{}", message.replace('\r', "\\r")).unwrap();
    }
    drop(input);
    let output = client.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn messages_over_https_are_delivered_and_bad_ones_told() {
    let site = Site::example();
    site.edit(|text| text + LISTENER);
    let gateway = site.start();
    site.wait_for("the ports", |_| {
        gateway
            .events()
            .iter()
            .any(|event| event["event"] == "ready")
    });
    let events = gateway.events();
    let listening = events
        .iter()
        .find(|event| event["protocol"] == "http")
        .unwrap();
    assert_eq!(listening["tls"], json!(true));
    let port = listening["address"]
        .as_str()
        .unwrap()
        .rsplit(':')
        .next()
        .unwrap();
    let mut messages: Vec<String> = (0..20)
        .map(|number| String::from_utf8(message(number)).unwrap())
        .collect();
    messages.push(messages[0].clone());
    messages.push(messages[1].replace("EXAMPLE-EHR", "SOMEBODY"));
    messages.push("GARBAGE".to_owned());
    let answers = send(&site, port, &messages);
    for (number, answer) in answers.iter().take(20).enumerate() {
        assert!(answer.starts_with("200 MSH|"), "{answer}");
        assert!(
            answer.contains(&format!("\\rMSA|AA|REL{number:06}\\r")),
            "{answer}"
        );
    }
    assert!(
        answers[20].contains("\\rMSA|AA|REL000000\\r"),
        "{}",
        answers[20]
    );
    assert!(
        answers[21].contains("\\rMSA|AR|REL000001\\rERR||MSH^1^3|204^"),
        "{}",
        answers[21]
    );
    assert!(answers[22].contains("\\rMSA|AR"), "{}", answers[22]);
    let status = site.settled();
    assert_eq!(status["intakes"], json!(20), "{status}");
    assert!(gateway.stop());
}
