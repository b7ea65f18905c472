//! Clients of other makers, as their packages are, send to the gateway and read its answers: what
//! is taken, what is refused and the message after it. A whole feed is in `hospital_feed`.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::gateway::{Site, root};

/// A message with this event, about a patient with a name outside ASCII.
fn message(control_id: &str, event: &str) -> Value {
    json!(format!(
        "MSH|^~\\&|EXAMPLE-EHR|EXAMPLE-CLINIC|ISTHMUS|GATEWAY|20260310081500-0400||\
         {event}|{control_id}|P|2.5.1|||||USA|UNICODE UTF-8\r\
         EVN||20260310081400-0400\r\
         PID|1||{control_id}^^^EXAMPLE MRN^MR||Sample^Zoë^^^^^L||19840617|F\r\
         PV1|1|O\r"
    ))
}

const TAKEN: &str = "ADT^A04^ADT_A01";
/// An event that the sender may not send.
const FOREIGN: &str = "ADT^A31^ADT_A05";

/// Lets a client send five messages on one connection, of which the third is refused.
fn converse(mut client: Command) {
    let site = Site::example();
    let gateway = site.start();
    let events = [TAKEN, TAKEN, FOREIGN, TAKEN, TAKEN];
    let messages = (1..).zip(events);
    let lines: Vec<String> = messages
        .map(|(number, event)| message(&format!("FC{number}"), event).to_string())
        .collect();
    let mut child = client
        .arg(gateway.plain.port().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a program is missing; tests/run installs it");
    let mut input = child.stdin.take().unwrap();
    input.write_all(lines.join("\n").as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{client:?}: {said}");
    let read: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let expected = [
        json!(["AA", "FC1", ""]),
        json!(["AA", "FC2", ""]),
        json!(["AR", "FC3", "201"]),
        json!(["AA", "FC4", ""]),
        json!(["AA", "FC5", ""]),
    ];
    assert_eq!(read, expected, "{client:?}");
    let status = site.settled();
    assert_eq!(status["intakes"], 4, "{status}");
    let names = site.outbox("crm");
    let names = names.iter().map(|one| &one["record"]["name"]["given"]);
    assert_eq!(names.filter(|&given| given == "Zoë").count(), 4);
}

fn python(script: &str) -> Command {
    let mut command = Command::new(root().join("target/hl7-client/bin/python"));
    command.arg(root().join("tests/end_to_end").join(script));
    command
}

fn node(script: &str) -> Command {
    let mut command = Command::new("node");
    command
        .arg(root().join("tests/end_to_end").join(script))
        .env("NODE_PATH", root().join("target/npm/node_modules"));
    command
}

#[test]
fn the_python_client_hl7_reads_what_it_is_told() {
    converse(python("client_hl7.py"));
}

#[test]
fn the_python_client_hl7apy_reads_what_it_is_told() {
    converse(python("client_hl7apy.py"));
}

#[test]
fn the_node_client_simple_hl7_reads_what_it_is_told() {
    converse(node("client_simple_hl7.cjs"));
}

#[test]
fn the_node_client_node_hl7_client_reads_what_it_is_told() {
    converse(node("client_node_hl7.cjs"));
}
