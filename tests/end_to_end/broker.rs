//! A RabbitMQ of a test's own, its operator's hands, and the example's consumer at the other side
//! of a queue; what is promised is in the tests.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use data_encoding::BASE64;
use isthmus_tests::rabbitmq::RabbitMqProcess;
use serde_json::{Value, json};

use crate::gateway::{Site, root};

/// The exchange of the recipient.
pub(crate) const EXCHANGE: &str = "crm";
/// Its queue.
pub(crate) const QUEUE: &str = "crm.isthmus";
/// The key that the queue is bound by.
pub(crate) const KEY: &str = "crm.records";
/// The name of the key that bodies are sealed under.
pub(crate) const SEAL: &str = "2026-03";
/// Keys of a destination that make its bodies plain.
pub(crate) const PLAIN: &str = "payload = \"plain\"\n";

/// A broker in a folder of its own; it ends with this.
pub(crate) struct Broker {
    process: RabbitMqProcess,
    tls: Option<Value>,
}

/// The interpreter with the Python packages.
fn python(script: &Path) -> Command {
    let mut command = Command::new(root().join("target/hl7-client/bin/python"));
    command.arg(script);
    command
}

impl Broker {
    /// One that speaks without TLS.
    pub(crate) fn start() -> Self {
        Self::start_with(&[], None)
    }

    /// One that speaks TLS alone and asks for a certificate: files of this folder.
    pub(crate) fn start_with_tls(folder: &Path) -> Self {
        let path = |name: &str| folder.join(name).display().to_string();
        let (ca, cert, key) = (path("ca.pem"), path("server.pem"), path("server.key"));
        let tls = ["--tls", "--ca", &ca, "--cert", &cert, "--key", &key];
        let client =
            json!({"ca": ca, "certificate": path("client.pem"), "key": path("client.key")});
        Self::start_with(&[&tls[..], &["--ask-certificate"]].concat(), Some(client))
    }

    fn start_with(arguments: &[&str], tls: Option<Value>) -> Self {
        Self {
            process: RabbitMqProcess::start(arguments),
            tls,
        }
    }

    /// Tells the program that holds it: `kill`, `start`, `ctl WORD ..`.
    pub(crate) fn tell(&self, word: &str) -> Value {
        self.process.tell(word)
    }

    /// Everything that it keeps.
    pub(crate) fn folder(&self) -> &Path {
        self.process.folder()
    }

    fn text(&self, name: &str) -> &str {
        self.process.text(name)
    }

    /// Its URL.
    pub(crate) fn url(&self) -> &str {
        self.text("url")
    }

    /// Lets a site reach the CRM by this broker, with these keys of the destination beside those
    /// that every one needs.
    pub(crate) fn destination(&self, site: &Site, more: &str) {
        std::fs::write(site.path("broker.password"), self.text("password")).unwrap();
        let folder = "adapter = \"ndjson-folder\"\nfolder = \"data/outbox/crm\"\n";
        let seal = if more.contains(PLAIN) {
            String::new()
        } else {
            std::fs::write(site.path("seal.key"), seal_key(SEAL)).unwrap();
            format!("seal_key = \"${{file:seal.key}}\"\nseal_key_id = \"{SEAL}\"\n")
        };
        let amqp = format!(
            "adapter = \"amqp\"\nurl = \"{}\"\nuser = \"{}\"\npassword = \
             \"${{file:broker.password}}\"\nexchange = \"{EXCHANGE}\"\nrouting_key = \
             \"{KEY}\"\n{seal}{more}",
            self.url(),
            self.text("user"),
        );
        site.edit(|text| {
            assert!(text.contains(folder), "crm has no folder");
            text.replace(folder, &amqp)
        });
    }

    /// What the broker's operator, or a consumer that reads nothing, does; the answers.
    pub(crate) fn peer(&self, commands: &[Value]) -> Vec<Value> {
        let mut parameters = json!({
            "host": "127.0.0.1", "port": self.process.port(), "user": self.text("user"),
            "password": self.text("password"),
        });
        if let Some(Value::Object(tls)) = &self.tls {
            parameters.as_object_mut().unwrap().extend(tls.clone());
        }
        let mut child = python(&root().join("tests/end_to_end/amqp_peer.py"))
            .arg(parameters.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a program is missing; tests/run installs it");
        let lines: Vec<String> = commands.iter().map(Value::to_string).collect();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(lines.join("\n").as_bytes()).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{commands:?}");
        let answers = String::from_utf8(output.stdout).unwrap();
        let answers: Vec<Value> = answers
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(answers.len(), commands.len());
        answers
    }

    /// The exchange, the queue and the binding between them.
    pub(crate) fn recipients_queue(&self) {
        self.peer(&[
            json!({"do": "exchange", "name": EXCHANGE}),
            json!({"do": "queue", "name": QUEUE}),
            json!({"do": "bind", "exchange": EXCHANGE, "key": KEY, "queue": QUEUE}),
        ]);
    }

    /// Makes sure that the queues outlive a kill. RabbitMQ has the name of a new quorum queue on
    /// disk up to a second after it said that the queue is there; killed before, it comes back
    /// with an empty one that has no leader and never answers.
    pub(crate) fn keep_queues(&self) {
        let names = "element(2, ra_system:lookup_name(quorum_queues, directory_rev))";
        let done = self.tell(&format!("ctl eval \"dets:sync({names}).\""));
        assert_eq!(done["output"], "ok", "{done}");
    }

    /// Takes all messages off the queue.
    pub(crate) fn taken(&self) -> Vec<Value> {
        let mut answers = self.peer(&[json!({"do": "take", "queue": QUEUE})]);
        answers.remove(0).as_array().unwrap().clone()
    }

    /// Runs the example's consumer with keys of these names until nothing comes any more; what it
    /// said of each message, and the records that it has then.
    pub(crate) fn consumed(&self, store: &Path, keys: &[&str]) -> (Vec<Value>, Vec<Value>) {
        let folder = tempfile::tempdir().unwrap();
        let password = folder.path().join("password");
        std::fs::write(&password, self.text("password")).unwrap();
        let mut command = python(&root().join("gateway/example/consumer/consume.py"));
        command
            .args(["--url", self.url(), "--user", self.text("user")])
            .args(["--queue", QUEUE, "--until-idle", "2", "--store"])
            .arg(store)
            .arg("--password-file")
            .arg(password);
        for name in keys {
            let file = folder.path().join(name);
            std::fs::write(&file, seal_key(name)).unwrap();
            command
                .arg("--key")
                .arg(format!("{name}={}", file.display()));
        }
        if let Some(tls) = &self.tls {
            let text = |name: &str| tls[name].as_str().unwrap();
            command.args(["--ca", text("ca"), "--certificate", text("certificate")]);
            command.args(["--certificate-key", text("key")]);
        }
        let output = command.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{errors}");
        let said = String::from_utf8(output.stdout).unwrap();
        let said = said.lines().map(|line| serde_json::from_str(line).unwrap());
        (said.collect(), records(store))
    }
}

/// 32 bytes that belong to a name, in hexadecimal.
pub(crate) fn seal_key(name: &str) -> String {
    let byte = name.bytes().fold(7_u8, u8::wrapping_add);
    format!("{byte:02x}").repeat(32)
}

/// The records in the consumer's store, in the order of their keys.
fn records(store: &Path) -> Vec<Value> {
    let ask = "import sqlite3, sys\nfor row in sqlite3.connect(sys.argv[1]).execute(\
               'SELECT content FROM record ORDER BY key'): print(row[0])";
    let output = Command::new("python3")
        .args(["-c", ask])
        .arg(store)
        .output()
        .unwrap();
    assert!(output.status.success());
    let rows = String::from_utf8(output.stdout).unwrap();
    rows.lines()
        .map(|row| serde_json::from_str(row).unwrap())
        .collect()
}

/// The body of a message that was taken.
pub(crate) fn body(message: &Value) -> Vec<u8> {
    BASE64
        .decode(message["body"].as_str().unwrap().as_bytes())
        .unwrap()
}
