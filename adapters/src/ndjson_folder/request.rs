//! How deliveries become lines and files; pure.

use isthmus_core::destination::Outbound;
use isthmus_core::phi::Phi;

use crate::adapter::{Call, Line};

/// One call a day: a delivery always goes to the file of the day it was committed on, so that a
/// repeat after a restart is found there.
pub(crate) fn plan(batch: &[Outbound]) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    for outbound in batch {
        let name = format!("{}.ndjson", outbound.created_at.day());
        let line = line(outbound);
        let same_day = calls
            .iter_mut()
            .find(|Call::Append { file, .. }| *file == name);
        match same_day {
            Some(Call::Append { lines, .. }) => lines.push(line),
            None => calls.push(Call::Append {
                file: name,
                lines: vec![line],
            }),
        }
    }
    calls
}

/// The line opens with the delivery's id, which `append_file` looks for; the names are those of
/// the policy file, so they need no escaping beyond quotes and backslashes.
fn line(outbound: &Outbound) -> Line {
    let grant = outbound.disclosure.grant();
    let mut bytes = format!(
        "{{\"id\":\"{}\",\"created\":\"{}\",\"flow\":{},\"flow_version\":{},\"purpose\":{},\
         \"record\":",
        outbound.id,
        outbound.created_at,
        quoted(grant.flow.as_str()),
        grant.flow_version,
        quoted(&grant.purpose),
    )
    .into_bytes();
    bytes.extend_from_slice(outbound.disclosure.content().reveal());
    bytes.extend_from_slice(b"}\n");
    Line {
        id: outbound.id,
        bytes: Phi::new(bytes),
        look_first: outbound.recovered || outbound.attempt > 1,
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => quoted.push(' '),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
