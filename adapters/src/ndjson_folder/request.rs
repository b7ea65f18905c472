//! How deliveries become lines and files; pure.

use isthmus_core::destination::Outbound;
use isthmus_core::phi::Phi;

use crate::adapter::{Call, Line};
use crate::record_line;

/// One call a day: a delivery always goes to the file of the day it was committed on, so that a
/// repeat after a restart is found there.
pub(crate) fn plan(batch: &[Outbound]) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    for outbound in batch {
        let name = format!("{}.ndjson", outbound.created_at.day());
        let line = line(outbound);
        let same_day = calls.iter_mut().find_map(|call| match call {
            Call::Append { file, lines } => (*file == name).then_some(lines),
            Call::Http(_) | Call::Amqp(_) | Call::Mllp(_) | Call::File(_) | Call::Unsendable(_) => {
                None
            }
        });
        match same_day {
            Some(lines) => lines.push(line),
            None => calls.push(Call::Append {
                file: name,
                lines: vec![line],
            }),
        }
    }
    calls
}

fn line(outbound: &Outbound) -> Line {
    Line {
        id: outbound.id,
        bytes: Phi::new(record_line::of(outbound)),
        look_first: outbound.recovered || outbound.attempt > 1,
    }
}
