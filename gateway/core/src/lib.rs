//! The nouns of the gateway, the seams between its stages, and the privacy gate; no input or
//! output. Listeners, storage and destinations live in the crates that implement the seams.

pub mod address;
pub mod clock;
pub mod consent_store;
pub mod current;
pub mod delivery_queue;
pub mod destination;
pub mod diagnostic;
pub mod envelope;
pub mod executor;
pub mod field_names;
pub mod future;
pub mod hold;
pub mod id;
pub mod intake;
pub mod journal;
pub mod key_ring;
pub mod ledger;
pub mod ledger_rows;
pub mod link;
pub mod name_lists;
pub mod phi;
pub mod privacy;
pub mod read_set;
pub mod record;
pub mod refusal;
pub mod shaper;
pub mod source_file;
pub mod source_message;
pub mod span;
pub mod subject;
pub mod translator;
