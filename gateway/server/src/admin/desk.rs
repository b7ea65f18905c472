//! `Desk`, which answers operators over a store, in a running gateway or alone; how a question
//! reaches it is in `socket` and `client`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use isthmus_core::clock::Clock;
use isthmus_core::consent_store::ConsentChoice;
use isthmus_core::delivery_queue::DeliveryQueue;
use isthmus_core::executor::Executor;
use isthmus_core::hold::Hold;
use isthmus_core::id::{FlowId, RecipientId, SenderId, Sequence, SubjectKey};
use isthmus_core::ledger_rows::LedgerRows;
use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_core::subject::SubjectIdentifier;
use isthmus_ledger::view::{self, EntryFilter, EntryView};
use isthmus_store::running_store::RunningStore;
use isthmus_store::store::Store;
use serde::Serialize;
use serde_json::Value;

use crate::admin::answer::{
    CheckpointNote, ConsentRow, LedgerPage, ParkedRow, Recorded, Status, Suppressed, Trail,
};
use crate::admin::request::{Address, LedgerQuery, Patient, Request};
use crate::admin::ruling;
use crate::failure::Failure;

/// How many parked items the status lists.
const LISTED_MAX: usize = 50;
/// How long an answer waits for what is on its way; longer than any hand-over may take.
const ON_ITS_WAY_MAX: Duration = Duration::from_secs(60);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The store that is asked.
pub(crate) enum DeskStore {
    /// Of a gateway, or taken for one order.
    Running(Arc<RunningStore>),
    /// Beside nobody, to read and to record.
    Alone(Store),
}

/// Answers operators.
pub(crate) struct Desk {
    /// The store.
    pub(crate) store: DeskStore,
    /// The queue of a running gateway.
    pub(crate) queue: Option<Arc<dyn DeliveryQueue>>,
    /// The policies; None when they do not load, which must not stop an opt-out.
    pub(crate) policies: Option<Arc<PolicySet>>,
    /// The senders of the configuration.
    pub(crate) senders: Vec<SenderId>,
    /// The time of day.
    pub(crate) clock: Arc<dyn Clock>,
    /// Timers.
    pub(crate) executor: Arc<dyn Executor>,
}

impl Desk {
    /// Answers; `by` is who asks, as the system knows them. Blocks while it reads.
    pub(crate) async fn answer(&self, request: Request, by: &str) -> Result<Value, Failure> {
        match request {
            Request::Status => value(&self.status()?),
            Request::SetConsent {
                patients,
                category,
                choice,
                evidence,
            } => {
                let choice = ConsentChoice::parse(&choice)
                    .ok_or_else(|| Failure::Usage("a choice is opt-in or opt-out".into()))?;
                let recorded = self.set_consent(&patients, &category, choice, &evidence);
                value(&recorded.await?)
            }
            Request::ShowConsents { patients } => value(&self.consents(&patients)?),
            Request::Hold { patients, kind } => value(&self.hold(&patients, kind).await?),
            Request::Suppress { addresses, source } => value(&self.suppress(&addresses, &source)?),
            Request::Parked { after, limit } => value(&self.parked(after, limit)?),
            Request::Rule {
                items,
                all,
                drop,
                why,
                out_of_order,
            } => {
                let order = ruling::Order {
                    items,
                    all,
                    drop,
                    why,
                    out_of_order,
                };
                value(&ruling::rule(self, order, by).await?)
            }
            Request::Why {
                control_id,
                sender,
                recipient,
            } => value(&self.why(&control_id, sender.as_deref(), recipient.as_deref())?),
            Request::Ledger(query) => value(&self.ledger(&query)?),
            Request::Checkpoint => {
                let ledger = self.store().ledger().map_err(Failure::run)?;
                let last = ledger.last_checkpoint().map_err(Failure::run)?;
                let note = last.map(|checkpoint| checkpoint.note);
                value(&CheckpointNote { note })
            }
        }
    }

    /// The store, whoever has it.
    pub(crate) fn store(&self) -> &Store {
        match &self.store {
            DeskStore::Running(running) => running.store(),
            DeskStore::Alone(store) => store,
        }
    }

    /// What waits for a person.
    pub(crate) fn parked(
        &self,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<ParkedRow>, Failure> {
        let summary = self.store().summary().map_err(Failure::run)?;
        let parked = summary.parked(after.map(Sequence), limit);
        let parked = parked.map_err(Failure::run)?.into_iter();
        Ok(parked.map(ParkedRow::from).collect())
    }

    /// Tells the workers that deliveries changed.
    pub(crate) fn wake(&self) {
        if let (Some(queue), Some(policies)) = (&self.queue, &self.policies) {
            for recipient in policies.recipients() {
                queue.committed(&recipient.id);
            }
        }
    }

    fn status(&self) -> Result<Status, Failure> {
        let summary = self.store().summary().map_err(Failure::run)?;
        let counts = summary.counts().map_err(Failure::run)?;
        let parked = summary.parked(None, LISTED_MAX).map_err(Failure::run)?;
        Ok(Status::new(counts, parked))
    }

    fn subjects(&self, patients: &[Patient]) -> Vec<SubjectKey> {
        let digester = self.store().digester();
        let subject = |patient| digester.subject(&SubjectIdentifier::from(patient));
        patients.iter().map(subject).collect()
    }

    async fn set_consent(
        &self,
        patients: &[Patient],
        category: &str,
        choice: ConsentChoice,
        evidence: &str,
    ) -> Result<Recorded, Failure> {
        let takes_back = match choice {
            ConsentChoice::OptOut => self.flows_of(category),
            ConsentChoice::OptIn => Vec::new(),
        };
        let subjects = self.subjects(patients);
        let (consents, now) = (self.store().consents(), self.clock.now());
        for subject in &subjects {
            consents
                .set_consent(subject, category, choice, now, evidence, &takes_back)
                .map_err(Failure::run)?;
        }
        self.wake();
        let gone = choice == ConsentChoice::OptIn || self.nothing_on_its_way(&subjects).await;
        Ok(Recorded {
            patients: patients.len(),
            nothing_on_its_way: gone,
        })
    }

    /// The flows that depend on a consent of this category.
    fn flows_of(&self, category: &str) -> Vec<(RecipientId, FlowId)> {
        let policies = self.policies.iter();
        let flows = policies.flat_map(|policies| policies.flows());
        let depends = flows.filter(|flow| {
            let categories = &flow.terms().consent.categories;
            categories.iter().any(|one| one == category)
        });
        depends
            .map(|flow| (flow.recipient().id.clone(), flow.terms().id.clone()))
            .collect()
    }

    /// Waits until no worker has anything of these patients that was decided upon before. False:
    /// something was still on its way after the longest wait.
    async fn nothing_on_its_way(&self, subjects: &[SubjectKey]) -> bool {
        let Some(queue) = &self.queue else {
            return true;
        };
        let start = self.executor.monotonic();
        for subject in subjects {
            while queue.is_in_hand(subject) {
                if self.executor.monotonic().saturating_sub(start) > ON_ITS_WAY_MAX {
                    return false;
                }
                self.executor.sleep(LOOK_EVERY).await;
            }
        }
        true
    }

    fn consents(&self, patients: &[Patient]) -> Result<Vec<ConsentRow>, Failure> {
        let mut rows = Vec::new();
        for (index, subject) in self.subjects(patients).iter().enumerate() {
            let recorded = self.store().consents().consents(subject);
            let recorded = recorded.map_err(Failure::run)?.into_iter();
            rows.extend(recorded.map(|one| ConsentRow {
                patient: index + 1,
                category: one.category,
                choice: one.consent.choice.code().to_owned(),
                version: one.consent.version,
                recorded_at: one.consent.recorded_at.to_string(),
                evidence: one.evidence.into_revealed(),
            }));
        }
        Ok(rows)
    }

    async fn hold(&self, patients: &[Patient], kind: Option<String>) -> Result<Recorded, Failure> {
        let hold = kind.map(|kind| {
            Hold::parse(&kind)
                .ok_or_else(|| Failure::Usage("a hold is review or restriction".into()))
        });
        let hold = hold.transpose()?;
        let subjects = self.subjects(patients);
        let (consents, now) = (self.store().consents(), self.clock.now());
        for subject in &subjects {
            consents
                .set_hold(subject, hold, now)
                .map_err(Failure::run)?;
        }
        self.wake();
        Ok(Recorded {
            patients: patients.len(),
            nothing_on_its_way: hold.is_none() || self.nothing_on_its_way(&subjects).await,
        })
    }

    fn suppress(&self, addresses: &[Address], source: &str) -> Result<Suppressed, Failure> {
        let digester = self.store().digester();
        let (consents, now) = (self.store().consents(), self.clock.now());
        let mut new = 0;
        for Address(address) in addresses {
            let suppressed = consents.suppress(&digester.address(address), now, source);
            new += usize::from(suppressed.map_err(Failure::run)?);
        }
        Ok(Suppressed {
            addresses: addresses.len(),
            new,
        })
    }

    fn why(
        &self,
        control_id: &str,
        sender: Option<&str>,
        recipient: Option<&str>,
    ) -> Result<Vec<Trail>, Failure> {
        let summary = self.store().summary().map_err(Failure::run)?;
        let ledger = self.store().ledger().map_err(Failure::run)?;
        let keys = self.store().keys();
        let senders: BTreeSet<&SenderId> = self.senders.iter().collect();
        let mut trails = Vec::new();
        for id in senders {
            if sender.is_some_and(|sender| sender != id.as_str()) {
                continue;
            }
            let control = self
                .store()
                .digester()
                .control_id(id, control_id.as_bytes());
            for trail in summary.trails(&control).map_err(Failure::run)? {
                let rows = ledger.of_message(trail.sequence).map_err(Failure::run)?;
                let mut entries = Vec::new();
                for row in rows {
                    entries.extend(view::entry_of(&row, keys.as_ref()).map_err(Failure::run)?);
                }
                trails.push(Trail::new(trail, entries, recipient));
            }
        }
        trails.sort_by_key(|trail| trail.message);
        Ok(trails)
    }

    /// The newest entries that are asked for.
    fn ledger(&self, query: &LedgerQuery) -> Result<LedgerPage, Failure> {
        let ledger = self.store().ledger().map_err(Failure::run)?;
        let keys = self.store().keys();
        let size = ledger.size().map_err(Failure::run)?;
        let asked = |entry: &EntryView| {
            let is = |wanted: Option<&str>, one: Option<&str>| {
                wanted.is_none_or(|wanted| one == Some(wanted))
            };
            is(query.recipient.as_deref(), entry.recipient.as_deref())
                && is(query.outcome.as_deref(), Some(&entry.outcome))
        };
        let mut entries = std::collections::VecDeque::new();
        let mut keep = |entry: EntryView| {
            if entries.len() >= query.limit.max(1) {
                entries.pop_front();
            }
            entries.push_back(entry);
        };
        if let Some(message) = query.message {
            let rows = ledger.of_message(Sequence(message)).map_err(Failure::run)?;
            for row in rows {
                let entry = view::entry_of(&row, keys.as_ref()).map_err(Failure::run)?;
                entry.into_iter().filter(asked).for_each(&mut keep);
            }
        } else {
            let filter = EntryFilter {
                from: query.from,
                to: query.to,
                recipient: query.recipient.as_deref().map(RecipientId::new),
                outcome: query.outcome.clone(),
                ..EntryFilter::default()
            };
            let mut each = |entry| {
                keep(entry);
                true
            };
            view::view(&ledger, keys.as_ref(), &filter, &mut each).map_err(Failure::run)?;
        }
        Ok(LedgerPage {
            size,
            entries: entries.into(),
        })
    }
}

/// An answer as it goes over the socket.
fn value(answer: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(answer).map_err(Failure::run)
}
