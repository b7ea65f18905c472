//! Counts what became of a message and writes it into the log; what its sender is told is in
//! `acknowledgement`.

use isthmus_core::id::SenderId;
use isthmus_core::intake::Accepted;

use crate::counters::Counters;
use crate::origin::Origin;
use crate::receipt::Receipt;
use crate::rejection::Rejection;

/// Notes what became of a message.
pub(crate) fn note(origin: &Origin, outcome: &Result<Receipt, Rejection>, counters: &Counters) {
    let sender = origin.sender.as_ref().map(SenderId::as_str);
    match outcome {
        Ok(Receipt::Link(state)) => {
            let expected = state.expected;
            tracing::info!(sender, %expected, "a sender started or synchronised its link");
        }
        Ok(Receipt::Stored {
            accepted:
                Accepted {
                    repeat,
                    control_id_reused,
                    ..
                },
            ..
        }) => {
            counters.accepted.one();
            counters.repeated.add(u64::from(*repeat));
            if *control_id_reused {
                counters.control_ids_reused.one();
                tracing::warn!(sender, "a control id came again with other content; stored");
            }
        }
        Err(Rejection {
            refusal, expected, ..
        }) => {
            counters.refused.of(refusal.reason).one();
            if let Some(expected) = expected {
                tracing::warn!(sender, %expected, "a message had not the expected number");
            }
            tracing::info!(sender, %refusal, "a message was refused");
        }
    }
}
