//! A RabbitMQ broker of these tests' own, driven through `tests/tools/rabbitmq.py`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use isthmus_core::id::RecipientId;
use isthmus_queue::rabbitmq::address::Address;
use isthmus_queue::rabbitmq::broker::{Access, RabbitMq, RabbitMqOptions};
use serde_json::Value;
use tempfile::TempDir;

use crate::given::executor;

/// A broker in a folder of its own; it ends with this.
pub(crate) struct TestBroker {
    process: Child,
    commands: Mutex<Commands>,
    ready: Value,
    folder: TempDir,
}

struct Commands {
    /// Closing it ends the broker.
    input: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl TestBroker {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tools/rabbitmq.py");
        let mut process = Command::new("python3")
            .arg(script)
            .arg("--folder")
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 starts a broker");
        let mut commands = Commands {
            input: process.stdin.take(),
            answers: BufReader::new(process.stdout.take().unwrap()),
        };
        let ready = commands.answer();
        assert_eq!(ready["event"], "ready", "{ready}");
        Self {
            process,
            commands: Mutex::new(commands),
            ready,
            folder,
        }
    }

    /// Gives a command and waits until it is done.
    pub(crate) fn tell(&self, command: &str) -> Value {
        let mut commands = self.commands.lock().unwrap();
        writeln!(commands.input.as_mut().unwrap(), "{command}").unwrap();
        let answer = commands.answer();
        assert_ne!(answer["event"], "failed", "{command}: {answer}");
        answer
    }

    /// What rabbitmqctl prints.
    pub(crate) fn ctl(&self, words: &str) -> String {
        let answer = self.tell(&format!("ctl {words}"));
        answer["output"].as_str().unwrap().to_owned()
    }

    /// Its URL, with the name and the password in it.
    pub(crate) fn url_with_login(&self) -> String {
        let [url, user, password] = ["url", "user", "password"].map(|key| {
            let text = self.ready[key].as_str().unwrap();
            text.to_owned()
        });
        url.replace("amqp://", &format!("amqp://{user}:{password}@"))
    }

    /// A client of it, whose names begin with this.
    pub(crate) fn client(&self, prefix: &str) -> RabbitMq {
        self.client_as(prefix, self.ready["password"].as_str().unwrap())
    }

    pub(crate) fn client_as(&self, prefix: &str, password: &str) -> RabbitMq {
        let options = RabbitMqOptions {
            address: Address::parse(self.ready["url"].as_str().unwrap()).unwrap(),
            prefix: prefix.to_owned(),
            lanes: 2,
            store: format!("store-of-{prefix}"),
        };
        let user = self.ready["user"].as_str().unwrap().to_owned();
        let access = Access {
            login: Some((user, password.to_owned())),
            ..Access::default()
        };
        RabbitMq::new(options, access, executor())
    }

    /// Every byte that it wrote to its data and its logs.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    // The broker may delete a file of its own just now.
                    bytes.extend(std::fs::read(path).unwrap_or_default());
                }
            }
        }
        bytes
    }
}

impl Drop for TestBroker {
    fn drop(&mut self) {
        drop(self.commands.get_mut().unwrap().input.take());
        let _ended = self.process.wait();
    }
}

impl Commands {
    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("the broker's script answers with JSON")
    }
}

/// The recipient of these tests.
pub(crate) fn mailer() -> RecipientId {
    RecipientId::new("mailer")
}
