//! `Request`, what a command asks of a store, as it goes over the socket; the answers are in
//! `answer`.

use std::fmt;

use isthmus_core::phi::Phi;
use isthmus_core::subject::SubjectIdentifier;
use serde::{Deserialize, Serialize};

/// One question or order.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Request {
    /// Counts, and what is parked.
    Status,
    /// Records what patients said.
    SetConsent {
        /// Who.
        patients: Vec<Patient>,
        /// On what.
        category: String,
        /// `opt-in` or `opt-out`.
        choice: String,
        /// What shows it.
        evidence: String,
    },
    /// Every word of patients.
    ShowConsents {
        /// Who.
        patients: Vec<Patient>,
    },
    /// Holds back what is about patients, or lets it go again.
    Hold {
        /// Who.
        patients: Vec<Patient>,
        /// `review` or `restriction`; None lifts.
        kind: Option<String>,
    },
    /// Lets no marketing go to addresses.
    Suppress {
        /// Where, each in its one form.
        addresses: Vec<Address>,
        /// How it is known.
        source: String,
    },
    /// What waits for a person, after a place in the journal.
    Parked {
        /// The place.
        after: Option<u64>,
        /// At most about this many.
        limit: usize,
    },
    /// A person's word on something parked.
    Rule(Order),
    /// What became of the messages with this control id.
    Why {
        /// The control id (MSH-10).
        control_id: String,
        /// Only of this sender.
        sender: Option<String>,
        /// Only for this recipient.
        recipient: Option<String>,
    },
    /// Entries of the ledger.
    Ledger(LedgerQuery),
    /// The newest checkpoint.
    Checkpoint,
    /// Reads configuration, maps and policies anew.
    Reload,
}

/// A person's word on parked items.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    /// On what: delivery ids and places of messages.
    pub(crate) items: Vec<String>,
    /// On everything parked for this reason, to this recipient.
    pub(crate) all: Option<AllParked>,
    /// Whether it is given up; else it is tried again.
    pub(crate) drop: bool,
    /// Why.
    pub(crate) why: String,
    /// Tries a message again although later ones of its patient gave deliveries.
    pub(crate) overtaken_too: bool,
}

/// Which parked items.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AllParked {
    /// The recipient; None: every one, and whole messages.
    pub(crate) recipient: Option<String>,
    /// The reason code.
    pub(crate) reason: String,
}

/// Which entries of the ledger.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct LedgerQuery {
    /// The first place.
    pub(crate) from: Option<u64>,
    /// The last place.
    pub(crate) to: Option<u64>,
    /// Only of this recipient.
    pub(crate) recipient: Option<String>,
    /// Only with this outcome.
    pub(crate) outcome: Option<String>,
    /// Only about this message.
    pub(crate) message: Option<u64>,
    /// At most this many, the newest.
    pub(crate) limit: usize,
}

/// A patient as an operator names them, on their way to the store that makes a digest of it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Patient {
    /// The assigning authority.
    pub(crate) authority: String,
    /// The identifier.
    pub(crate) identifier: String,
}

impl From<&Patient> for SubjectIdentifier {
    fn from(patient: &Patient) -> Self {
        Self {
            authority: patient.authority.clone(),
            value: Phi::new(patient.identifier.clone()),
        }
    }
}

impl fmt::Debug for Patient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Patient(..)")
    }
}

/// An e-mail address or telephone number, on its way to the store that makes a digest of it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Address(pub(crate) String);

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}
