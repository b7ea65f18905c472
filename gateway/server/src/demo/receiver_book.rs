//! `ReceiverBook`, what a sample recipient makes of signed events: it verifies, keeps the newest
//! record of each person, and answers as the story wants it. The server around it is `receiver`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use isthmus_adapters::standard_webhooks::{SignedHeaders, SigningSecret, verify};
use isthmus_core::clock::Timestamp;
use isthmus_core::field_names;
use isthmus_core::phi::Phi;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The key of a person's record.
const KEY: &str = "person_id";

/// What a recipient answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It has the record now, or had it already.
    Taken,
    /// No secret of ours signed it.
    Unsigned,
    /// It is no event of this contract.
    Unreadable,
    /// It takes nothing at the moment.
    Away,
    /// It never takes this record.
    Refused,
}

/// How often it says that it takes nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Away {
    /// So many times, and then it is back.
    Times(u32),
    /// Until it is told to be back.
    UntilBack,
}

/// What came in, counted; names of fields and no values.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct ReceiverView {
    /// Every request.
    pub(crate) requests: u64,
    /// Those that were signed with our secret.
    pub(crate) verified: u64,
    /// Those that were not, or that held no event of the contract.
    pub(crate) rejected: u64,
    /// Verified ones that were answered with 503.
    pub(crate) away: u64,
    /// Verified ones that were answered with 422.
    pub(crate) refused: u64,
    /// Records that were taken, each once.
    pub(crate) taken: u64,
    /// Verified ones that had come before.
    pub(crate) repeats: u64,
    /// How many persons there are records of.
    pub(crate) persons: usize,
    /// No record was older than the one of its person before it.
    pub(crate) order_ok: bool,
    /// What came again had the same id and the same record.
    pub(crate) repeats_ok: bool,
    /// Every field that a record ever had.
    pub(crate) fields: BTreeSet<String>,
}

/// The part of an event that is needed here; `mappings/records` tells of all.
#[derive(Deserialize)]
struct Event {
    id: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    action: String,
    version: u64,
    record: Map<String, Value>,
}

/// One record as it came.
#[derive(Debug)]
struct Arrival {
    id: String,
    person: String,
    version: u64,
    record: Phi<Value>,
    fields: Vec<String>,
}

/// The newest of a person.
#[derive(Debug)]
struct Kept {
    version: u64,
    record: Phi<Value>,
}

#[derive(Debug, Default)]
struct Pages {
    counts: ReceiverView,
    away: Option<Away>,
    refuses_next_person: bool,
    refused_persons: BTreeSet<String>,
    persons: BTreeMap<String, Kept>,
    /// The id of every version of a person that ever came.
    ids: BTreeMap<(String, u64), String>,
    /// The fields of every record that was taken, by id.
    taken: BTreeMap<String, Vec<String>>,
    has_gone_back: bool,
    has_changed: bool,
}

/// What a sample recipient keeps.
#[derive(Debug)]
pub(crate) struct ReceiverBook {
    secret: SigningSecret,
    pages: Mutex<Pages>,
}

impl ReceiverBook {
    /// An empty one.
    pub(crate) fn new(secret: SigningSecret) -> Self {
        Self {
            secret,
            pages: Mutex::default(),
        }
    }

    /// Reads a request and says what is answered.
    pub(crate) fn take(
        &self,
        headers: Option<&SignedHeaders<'_>>,
        body: &[u8],
        now: Timestamp,
    ) -> Verdict {
        let secrets = std::slice::from_ref(&self.secret);
        let verified = headers.filter(|headers| verify(secrets, headers, body, now).is_ok());
        let mut pages = self.pages();
        pages.counts.requests += 1;
        let Some(headers) = verified else {
            pages.counts.rejected += 1;
            return Verdict::Unsigned;
        };
        let Some(arrival) = arrival(body).filter(|arrival| arrival.id == headers.id) else {
            pages.counts.rejected += 1;
            return Verdict::Unreadable;
        };
        pages.counts.verified += 1;
        pages.seen(&arrival);
        pages.judge(arrival)
    }

    /// Takes nothing for a while.
    pub(crate) fn goes_away(&self, away: Away) {
        self.pages().away = Some(away);
    }

    /// Takes records again.
    pub(crate) fn is_back(&self) {
        self.pages().away = None;
    }

    /// Refuses the next person that it does not know, for good.
    pub(crate) fn refuses_next_person(&self) {
        self.pages().refuses_next_person = true;
    }

    /// Refuses nobody any more.
    pub(crate) fn is_mended(&self) {
        let mut pages = self.pages();
        pages.refuses_next_person = false;
        pages.refused_persons.clear();
    }

    /// The counts.
    pub(crate) fn view(&self) -> ReceiverView {
        let pages = self.pages();
        ReceiverView {
            persons: pages.persons.len(),
            order_ok: !pages.has_gone_back,
            repeats_ok: !pages.has_changed,
            ..pages.counts.clone()
        }
    }

    /// The fields of every record that was taken, by the id of its delivery.
    pub(crate) fn taken(&self) -> BTreeMap<String, Vec<String>> {
        self.pages().taken.clone()
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    /// Notes that it came, whatever is answered.
    fn seen(&mut self, arrival: &Arrival) {
        self.counts
            .fields
            .extend(arrival.fields.iter().map(String::clone));
        let version = (arrival.person.clone(), arrival.version);
        match self.ids.get(&version) {
            None => drop(self.ids.insert(version, arrival.id.clone())),
            Some(id) => {
                self.counts.repeats += 1;
                self.has_changed |= *id != arrival.id;
            }
        }
    }

    fn judge(&mut self, arrival: Arrival) -> Verdict {
        if self.is_away() {
            self.counts.away += 1;
            return Verdict::Away;
        }
        let is_new = !self.persons.contains_key(&arrival.person);
        if is_new && std::mem::take(&mut self.refuses_next_person) {
            self.refused_persons.insert(arrival.person.clone());
        }
        if self.refused_persons.contains(&arrival.person) {
            self.counts.refused += 1;
            return Verdict::Refused;
        }
        self.keep(arrival);
        Verdict::Taken
    }

    fn is_away(&mut self) -> bool {
        match &mut self.away {
            None => false,
            Some(Away::UntilBack) => true,
            Some(Away::Times(0)) => {
                self.away = None;
                false
            }
            Some(Away::Times(left)) => {
                *left -= 1;
                true
            }
        }
    }

    /// Keeps a record unless a newer one of its person is there.
    fn keep(&mut self, arrival: Arrival) {
        let kept = self.persons.get(&arrival.person);
        if self.taken.insert(arrival.id, arrival.fields).is_some() {
            let is_other = kept.is_none_or(|kept| {
                kept.version == arrival.version && kept.record.reveal() != arrival.record.reveal()
            });
            self.has_changed |= is_other;
            return;
        }
        self.counts.taken += 1;
        if kept.is_some_and(|kept| kept.version >= arrival.version) {
            self.has_gone_back = true;
            return;
        }
        let kept = Kept {
            version: arrival.version,
            record: arrival.record,
        };
        drop(self.persons.insert(arrival.person, kept));
    }
}

/// The record of an event, which has to be an upsert of a person.
fn arrival(body: &[u8]) -> Option<Arrival> {
    let event: Event = serde_json::from_slice(body).ok()?;
    let Data {
        action,
        version,
        record,
    } = event.data;
    let person = record.get(KEY)?.as_str()?.to_owned();
    let record = Value::Object(record);
    let fields = field_names::of_record(&serde_json::to_vec(&record).ok()?);
    (action == "upsert").then_some(Arrival {
        id: event.id,
        person,
        version,
        record: Phi::new(record),
        fields,
    })
}

#[cfg(test)]
mod tests {
    use isthmus_adapters::standard_webhooks::sign;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn secret() -> SigningSecret {
        SigningSecret::parse("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=").unwrap()
    }

    fn send(book: &ReceiverBook, id: &str, person: &str, version: u64) -> Verdict {
        let record = format!(r#"{{"person_id":"{person}","name":{{"given":"N"}}}}"#);
        let body = format!(
            r#"{{"id":"{id}","data":{{"action":"upsert","version":{version},"record":{record}}}}}"#
        );
        let secrets = [secret()];
        let headers = SignedHeaders {
            id,
            timestamp: &NOW.to_string(),
            signature: &sign(&secrets, id, NOW, body.as_bytes()),
        };
        let now = Timestamp::from_unix_millis(NOW * 1000);
        book.take(Some(&headers), body.as_bytes(), now)
    }

    #[test]
    fn the_newest_record_is_kept_and_an_older_one_is_noticed() {
        let book = ReceiverBook::new(secret());
        assert_eq!(send(&book, "one", "p", 2), Verdict::Taken);
        assert_eq!(send(&book, "one", "p", 2), Verdict::Taken);
        let view = book.view();
        assert_eq!((view.taken, view.repeats, view.persons), (1, 1, 1));
        assert!(view.order_ok && view.repeats_ok);
        assert_eq!(send(&book, "two", "p", 1), Verdict::Taken);
        assert!(!book.view().order_ok);
        send(&book, "three", "p", 2);
        assert!(!book.view().repeats_ok);
        assert!(book.view().fields.contains("name.given"));
    }

    #[test]
    fn it_goes_away_and_comes_back() {
        let book = ReceiverBook::new(secret());
        book.goes_away(Away::Times(1));
        assert_eq!(send(&book, "one", "p", 1), Verdict::Away);
        assert_eq!(send(&book, "one", "p", 1), Verdict::Taken);
        book.goes_away(Away::UntilBack);
        assert_eq!(send(&book, "two", "p", 2), Verdict::Away);
        book.is_back();
        assert_eq!(send(&book, "two", "p", 2), Verdict::Taken);
    }

    #[test]
    fn one_person_is_refused_until_it_is_mended() {
        let book = ReceiverBook::new(secret());
        assert_eq!(send(&book, "one", "p", 1), Verdict::Taken);
        book.refuses_next_person();
        assert_eq!(send(&book, "two", "p", 2), Verdict::Taken);
        assert_eq!(send(&book, "three", "q", 3), Verdict::Refused);
        assert_eq!(send(&book, "four", "r", 4), Verdict::Taken);
        book.is_mended();
        assert_eq!(send(&book, "three", "q", 3), Verdict::Taken);
    }

    #[test]
    fn what_is_not_signed_is_rejected() {
        let book = ReceiverBook::new(secret());
        let now = Timestamp::from_unix_millis(NOW * 1000);
        assert_eq!(book.take(None, b"{}", now), Verdict::Unsigned);
        let headers = SignedHeaders {
            id: "one",
            timestamp: &NOW.to_string(),
            signature: &sign(&[secret()], "one", NOW, b"{}"),
        };
        assert_eq!(book.take(Some(&headers), b"{ }", now), Verdict::Unsigned);
        assert_eq!(book.take(Some(&headers), b"{}", now), Verdict::Unreadable);
        assert_eq!(book.view().rejected, 3);
    }
}
