//! The broker of these tests, and clients of it under names of their own.

use isthmus_core::id::RecipientId;
use isthmus_queue::rabbitmq::address::Address;
use isthmus_queue::rabbitmq::broker::{Access, RabbitMq, RabbitMqOptions};
use isthmus_tests::rabbitmq::RabbitMqProcess;
use serde_json::Value;

use crate::given::executor;

/// A broker as these tests use it.
pub(crate) struct TestBroker(RabbitMqProcess);

impl TestBroker {
    pub(crate) fn start() -> Self {
        Self(RabbitMqProcess::start(&[]))
    }

    /// Gives a command and waits until it is done.
    pub(crate) fn tell(&self, command: &str) -> Value {
        self.0.tell(command)
    }

    /// What rabbitmqctl prints.
    pub(crate) fn ctl(&self, words: &str) -> String {
        let answer = self.tell(&format!("ctl {words}"));
        answer["output"].as_str().unwrap().to_owned()
    }

    /// Its URL, with the name and the password in it.
    pub(crate) fn url_with_login(&self) -> String {
        let [url, user, password] = ["url", "user", "password"].map(|name| self.0.text(name));
        url.replace("amqp://", &format!("amqp://{user}:{password}@"))
    }

    /// A client of it, whose names begin with this.
    pub(crate) fn client(&self, prefix: &str) -> RabbitMq {
        self.client_as(prefix, self.0.text("password"))
    }

    pub(crate) fn client_as(&self, prefix: &str, password: &str) -> RabbitMq {
        let options = RabbitMqOptions {
            address: Address {
                has_tls: false,
                host: "127.0.0.1".to_owned(),
                port: u16::try_from(self.0.port().unwrap()).unwrap(),
                vhost: "/".to_owned(),
            },
            prefix: prefix.to_owned(),
            lanes: 2,
            store: format!("store-of-{prefix}"),
        };
        let user = self.0.text("user").to_owned();
        let access = Access {
            login: Some((user, password.to_owned())),
            ..Access::default()
        };
        RabbitMq::new(options, access, executor())
    }

    /// Every byte that it wrote to its data and its logs.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut folders = vec![self.0.folder().to_owned()];
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

/// The recipient of these tests.
pub(crate) fn mailer() -> RecipientId {
    RecipientId::new("mailer")
}
