//! The example's recipient of HL7 v2 messages at a site, and a receiver of another make behind it;
//! what is promised is in `mllp_destination`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::gateway::{Site, root};

/// A file of an example.
fn example(name: &str) -> String {
    std::fs::read_to_string(root().join("gateway/example").join(name)).unwrap()
}

/// A site that sends updates of patients to the registry alone, by a URL and with these keys of its
/// destination beside the example's.
pub(crate) fn registry_site(url: &str, more: &str) -> Site {
    message_or_record_site("mllp/registry.toml", url, more)
}

/// The same, of a registry that is sent the messages themselves.
pub(crate) fn message_site(url: &str, more: &str) -> Site {
    message_or_record_site("mllp/registry-messages.toml", url, more)
}

fn message_or_record_site(policy: &str, url: &str, more: &str) -> Site {
    let destination = example("mllp/destination.toml");
    assert!(destination.contains("mllps://registry.example:2576"));
    let destination = destination.replace("mllps://registry.example:2576", url);
    site_with(policy, &format!("{destination}{more}"))
}

/// The same with files, where these keys tell how they come to their place.
pub(crate) fn files_site(place: &str) -> Site {
    let destination = example("files/destination.toml");
    let lines = destination.lines();
    let own: Vec<&str> = place
        .lines()
        .filter_map(|line| line.split(' ').next())
        .chain(["folder"])
        .collect();
    let kept = lines.filter(|line| !own.contains(&line.split(' ').next().unwrap_or_default()));
    let kept: Vec<&str> = kept.collect();
    let destination = format!("{}\n{place}", kept.join("\n"));
    site_with("mllp/registry.toml", &destination)
}

/// A site with the example's recipient by this policy, and this destination.
fn site_with(policy: &str, destination: &str) -> Site {
    let site = Site::with_own_mappings();
    let write = |to: &str, text: &str| std::fs::write(site.path(to), text).unwrap();
    write(
        "mappings/fhir-to-records/adt-update.rmap",
        &example("mllp/adt-update.rmap"),
    );
    write(
        "mappings/records/adt-update.schema.json",
        &example("mllp/adt-update.schema.json"),
    );
    write("mappings/policies/registry.toml", &example(policy));
    let agreements = site.path("mappings/policies/agreements.toml");
    let known = std::fs::read_to_string(&agreements).unwrap();
    std::fs::write(agreements, known + &example("mllp/agreement.toml")).unwrap();
    site.edit(|text| format!("{text}\n{destination}"));
    site
}

/// Certificates of an authority for loopback: the example makes them at its first start.
pub(crate) fn certificates() -> Site {
    let site = Site::example();
    assert!(site.command(&["check"], "").status.success());
    site
}

/// The keys of a destination by which both sides prove who they are.
pub(crate) fn proofs(folder: &Path) -> String {
    let path = |name: &str| folder.join(name).display().to_string();
    format!(
        "authorities = \"{}\"\nclient_certificate = \"{}\"\nclient_key = \"{}\"\n",
        path("ca.pem"),
        path("client.pem"),
        path("client.key")
    )
}

/// What a receiver said of one message.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    /// The connection, counted from 1.
    pub(crate) connection: u64,
    /// The message.
    pub(crate) text: String,
    /// MSA-1 of its answer.
    pub(crate) answer: String,
}

impl Heard {
    /// A field of a segment, as it was sent.
    pub(crate) fn field(&self, segment: &str, number: usize) -> &str {
        let segments = self.text.split(['\r', '\n']);
        let mut of_name = segments.filter(|one| one.starts_with(segment));
        let number = if segment == "MSH" { number - 1 } else { number };
        of_name
            .next()
            .and_then(|one| one.split('|').nth(number))
            .unwrap_or_default()
    }
}

/// The MLLP server of the Python package hl7, over TLS; it ends with this.
pub(crate) struct PythonReceiver {
    child: Child,
    /// Its URL.
    pub(crate) url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl PythonReceiver {
    /// One with the certificates of a folder.
    pub(crate) fn start(folder: &Path) -> Self {
        let path = |name: &str| folder.join(name).display().to_string();
        let given = json!({
            "certificate": path("server.pem"), "key": path("server.key"), "ca": path("ca.pem"),
        });
        let mut child = Command::new(root().join("target/hl7-client/bin/python"))
            .arg(root().join("tests/end_to_end/mllp_receiver.py"))
            .arg(given.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a program is missing; tests/run installs it");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let heard: Arc<Mutex<Vec<Heard>>> = Arc::default();
        let hearing = Arc::clone(&heard);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let said: Value = serde_json::from_str(&line).unwrap();
                let text = |name: &str| said[name].as_str().unwrap().to_owned();
                hearing.lock().unwrap().push(Heard {
                    connection: said["connection"].as_u64().unwrap(),
                    text: text("message"),
                    answer: text("answer"),
                });
            }
        });
        let url = format!("mllps://localhost:{}", first["port"]);
        Self { child, url, heard }
    }

    /// What it heard so far.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
}

impl Drop for PythonReceiver {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
