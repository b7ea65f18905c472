//! What a run may know beside the message: the clock's reading, the sender's zone, settings, named
//! keys and consents. Nothing here is read from the environment or the system.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use isthmus_core::clock::Timestamp;
use isthmus_hl7v2::grouping_rules::GroupingRules;
use jiff::tz::TimeZone;

/// Keys for `hmac("name")`, by name. Debug shows names only.
#[derive(Clone, Default)]
pub struct NamedKeys {
    keys: BTreeMap<String, hmac::Key>,
}

impl NamedKeys {
    /// Adds a key; the secret should have 32 bytes or more.
    #[must_use]
    pub fn with(mut self, name: &str, secret: &[u8]) -> Self {
        self.keys
            .insert(name.to_owned(), hmac::Key::new(hmac::HMAC_SHA256, secret));
        self
    }

    /// Whether there is a key of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.keys.contains_key(name)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&hmac::Key> {
        self.keys.get(name)
    }
}

impl fmt::Debug for NamedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys.keys()).finish()
    }
}

/// The context of one run. The same input and the same context give the same bytes.
#[derive(Debug, Clone)]
pub struct RunContext {
    /// When the message arrived: `received-at()`.
    pub received_at: Timestamp,
    /// The id of the delivery: `delivery-id()`. Empty where there is none yet.
    pub delivery_id: String,
    /// The sender's time zone, used where neither a value nor MSH-7 tells its offset.
    pub zone: Option<TimeZone>,
    /// Which structures the sender's messages have, where MSH-9 does not tell.
    pub structures: Arc<GroupingRules>,
    /// `setting("name")`.
    pub settings: BTreeMap<String, String>,
    /// The keys of `hmac("name")`.
    pub keys: NamedKeys,
    /// `consent("category")`: true is permitted; a category that is not here is absent.
    pub consents: BTreeMap<String, bool>,
}

impl RunContext {
    /// A context that knows the time of arrival and nothing else.
    pub fn new(received_at: Timestamp) -> Self {
        Self {
            received_at,
            delivery_id: String::new(),
            zone: None,
            structures: Arc::default(),
            settings: BTreeMap::new(),
            keys: NamedKeys::default(),
            consents: BTreeMap::new(),
        }
    }
}
