//! The generic webhook as an adapter; requests are made in `request`, replies read in `response`,
//! and what the recipient tells in `inbound`.

use isthmus_core::clock::Timestamp;
use isthmus_core::delivery_queue::Draw;
use isthmus_core::destination::{Outbound, Takes};

use crate::adapter::{Adapter, AdapterConfig, Call, Judgement, Manifest, Problem, Reply};
use crate::inbound::{InboundRejection, InboundRequest, Signal};
use crate::standard_webhooks::{SECRETS_MAX, SigningSecret};
use crate::webhook::config::{AT_ONCE, WebhookConfig};
use crate::webhook::request::Template;
use crate::webhook::{inbound, request, response};

/// What it is and takes, unless the configuration says otherwise.
pub const MANIFEST: Manifest = Manifest {
    name: "webhook",
    about: "one signed HTTP request a record: CloudEvents 1.0 with Standard Webhooks headers",
    takes: Takes {
        batch: Draw {
            limit: 1,
            consecutive: false,
        },
        at_once: AT_ONCE,
    },
    record_at: &["data", "record"],
    takes_signals: true,
};

/// Sends one signed request a record.
#[derive(Debug)]
pub struct Webhook {
    template: Template,
    at_once: usize,
}

impl Webhook {
    /// A webhook by its configuration and the secrets that this refers to, in the same order.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration; `secrets` when a secret is missing.
    pub fn new(config: &WebhookConfig, secrets: Vec<SigningSecret>) -> Result<Self, Vec<Problem>> {
        let mut problems = config.validate();
        if problems.is_empty() && !(1..=SECRETS_MAX).contains(&secrets.len()) {
            let mend = "let every reference lead to a secret";
            problems.push(Problem::new("secrets", "a secret is missing", mend));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self {
            template: Template::new(&config.url, secrets, config.data_classification()),
            at_once: config.at_once,
        })
    }
}

impl Adapter for Webhook {
    fn manifest(&self) -> Manifest {
        let takes = Takes {
            at_once: self.at_once,
            ..MANIFEST.takes
        };
        Manifest { takes, ..MANIFEST }
    }

    fn plan(&self, batch: &[Outbound], now: Timestamp) -> Vec<Call> {
        request::plan(&self.template, batch, now)
    }

    fn judge(&self, call: &Call, reply: Reply) -> Judgement {
        response::judge(call, reply)
    }

    fn inbound(
        &self,
        request: &InboundRequest,
        now: Timestamp,
    ) -> Result<Vec<Signal>, InboundRejection> {
        inbound::signals(&self.template.secrets, request, now)
    }
}
