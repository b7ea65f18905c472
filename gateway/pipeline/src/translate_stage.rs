//! Translation of one message behind a wall: whatever a map does, the message is either translated
//! or parked; maps themselves are in `mappings`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::refusal::{Reason, Refusal};
use isthmus_core::translator::{Translated, Translator};

/// Translates a message. A panic in a translator parks the message instead of ending the gateway:
/// one poisonous message must not hold up the others.
pub fn translate(
    translator: &dyn Translator,
    message: &Envelope<RawMessage>,
) -> Result<Translated, Refusal> {
    let guarded = AssertUnwindSafe(|| translator.translate(message));
    catch_unwind(guarded)
        .unwrap_or_else(|_panic| Err(Refusal::park(Reason::Unmappable).by("translator panicked")))
}
