//! `Desk`, which answers operators over a store, in a running gateway or alone; how a question
//! reaches it is in `socket` and `client`.

use std::sync::{Arc, Mutex, PoisonError};

use isthmus_core::clock::Clock;
use isthmus_core::consent_store::ConsentChoice;
use isthmus_core::current::Current;
use isthmus_core::delivery_queue::DeliveryQueue;
use isthmus_core::executor::Executor;
use isthmus_core::id::SenderId;
use isthmus_pipeline::rules_in_force::RulesInForce;
use serde::Serialize;
use serde_json::Value;

use crate::admin::access::Access;
use crate::admin::patient_words::PatientWords;
use crate::admin::reports::Reports;
use crate::admin::request::Request;
use crate::admin::ruling;
use crate::failure::Failure;
use crate::reload::Reload;

/// Answers operators.
pub(crate) struct Desk {
    /// The store.
    pub(crate) access: Access,
    /// The queue of a running gateway.
    pub(crate) queue: Option<Arc<dyn DeliveryQueue>>,
    /// The rules in force; None when they do not load, which must not stop an opt-out.
    pub(crate) rules: Option<Arc<Current<RulesInForce>>>,
    /// The senders of the configuration.
    pub(crate) senders: Arc<Current<Vec<SenderId>>>,
    /// What reloads a running gateway.
    pub(crate) reload: Option<Arc<Mutex<Reload>>>,
    /// The time of day.
    pub(crate) clock: Arc<dyn Clock>,
    /// Timers.
    pub(crate) executor: Arc<dyn Executor>,
}

impl Desk {
    /// Answers; `by` is who asks, as the system knows them. Blocks while it reads.
    pub(crate) async fn answer(&self, request: Request, by: &str) -> Result<Value, Failure> {
        let (reports, words) = (self.reports(), self.words());
        match request {
            Request::Status => value(&reports.status()?),
            Request::SetConsent {
                patients,
                category,
                choice,
                evidence,
            } => {
                let choice = ConsentChoice::parse(&choice)
                    .ok_or_else(|| Failure::Usage("a choice is opt-in or opt-out".into()))?;
                let recorded = words.set_consent(&patients, &category, choice, &evidence);
                value(&recorded.await?)
            }
            Request::ShowConsents { patients } => value(&words.consents(&patients)?),
            Request::Hold { patients, kind } => value(&words.hold(&patients, kind).await?),
            Request::Suppress { addresses, source } => {
                value(&words.suppress(&addresses, &source).await?)
            }
            Request::Parked { after, limit } => value(&reports.parked(after, limit)?),
            Request::Rule(order) => {
                let Access::Running(store) = &self.access else {
                    let text = "the store was opened to be read".to_owned();
                    return Err(Failure::Run(text));
                };
                let ruled = ruling::rule(store, &order, self.clock.as_ref(), by).await?;
                words.wake();
                value(&ruled)
            }
            Request::Why {
                control_id,
                sender,
                recipient,
            } => value(&reports.why(&control_id, sender.as_deref(), recipient.as_deref())?),
            Request::Ledger(query) => value(&reports.ledger(&query)?),
            Request::Checkpoint => value(&reports.checkpoint()?),
            Request::Reload => {
                let reload = self.reload.as_ref().ok_or_else(no_gateway)?;
                // One that panicked left what was in force as it was.
                let mut reload = reload.lock().unwrap_or_else(PoisonError::into_inner);
                value(&reload.run())
            }
        }
    }

    fn reports(&self) -> Reports<'_> {
        Reports {
            store: self.access.store(),
            senders: self.senders.get(),
        }
    }

    fn words(&self) -> PatientWords<'_> {
        PatientWords {
            store: self.access.store(),
            queue: self.queue.as_ref(),
            beside: self.access.beside(),
            policies: self
                .rules
                .as_ref()
                .map(|rules| Arc::clone(&rules.get().policies)),
            clock: self.clock.as_ref(),
            executor: self.executor.as_ref(),
        }
    }
}

fn no_gateway() -> Failure {
    Failure::Run("no gateway runs on this store; `isthmus run` reads everything anew".to_owned())
}

/// An answer as it goes over the socket.
fn value(answer: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(answer).map_err(Failure::run)
}
