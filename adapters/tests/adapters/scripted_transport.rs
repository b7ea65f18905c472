//! A transport that answers by a script, and a runner of webhooks over it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use isthmus_adapters::adapter::{Adapter, Call, Reply};
use isthmus_adapters::limits::Limits;
use isthmus_adapters::runner::{Runner, RunnerParts};
use isthmus_adapters::standard_webhooks::SigningSecret;
use isthmus_adapters::transport::Transport;
use isthmus_adapters::webhook::config::WebhookConfig;
use isthmus_adapters::webhook::destination::Webhook;
use isthmus_core::future::BoxFuture;
use isthmus_core::id::RecipientId;

use crate::fake_time::FakeTime;

pub(crate) const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Answers with the next reply of the script, and with success behind its end.
#[derive(Clone, Default)]
pub(crate) struct Script {
    pub(crate) replies: Arc<Mutex<VecDeque<Reply>>>,
    pub(crate) calls: Arc<Mutex<Vec<Arc<Call>>>>,
}

impl Script {
    pub(crate) fn of(replies: impl IntoIterator<Item = Reply>) -> Self {
        let script = Self::default();
        script.replies.lock().unwrap().extend(replies);
        script
    }

    pub(crate) fn calls_made(&self) -> usize {
        self.calls.lock().unwrap().len()
    }
}

impl Transport for Script {
    fn perform(&self, call: Arc<Call>) -> BoxFuture<'_, Reply> {
        self.calls.lock().unwrap().push(call);
        let reply = self.replies.lock().unwrap().pop_front();
        Box::pin(async move { reply.unwrap_or(status(200)) })
    }
}

pub(crate) const fn status(status: u16) -> Reply {
    Reply::Http {
        status,
        retry_after: None,
    }
}

/// The configuration of a webhook to this URL, as small as it can be.
pub(crate) fn config(url: &str) -> WebhookConfig {
    let text = format!(r#"{{"recipient": "clinic", "url": "{url}", "secrets": ["reference"]}}"#);
    serde_json::from_str(&text).unwrap()
}

pub(crate) fn webhook(url: &str) -> Webhook {
    let secret = SigningSecret::parse(SECRET).unwrap();
    Webhook::new(&config(url), vec![secret]).unwrap()
}

/// A runner of this adapter.
pub(crate) fn runner(
    adapter: impl Adapter + 'static,
    script: &Script,
    limits: Limits,
    time: &Arc<FakeTime>,
) -> Runner {
    Runner::new(RunnerParts {
        recipient: RecipientId::new("clinic"),
        adapter: Box::new(adapter),
        transport: Box::new(script.clone()),
        limits,
        seed: 7,
        clock: Arc::clone(time) as _,
        executor: Arc::clone(time) as _,
    })
}
