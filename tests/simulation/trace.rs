//! The trace of a run: a hash over everything that happened, by which two runs are compared, and
//! the lines that a person reads, when somebody wants to. What happens is decided elsewhere.

use std::fmt::Write as _;

use crate::dice::mixed;

/// What happened so far.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    hash: u64,
    lines: Option<Vec<String>>,
}

impl Trace {
    /// A trace that keeps its lines, or its hash alone.
    pub(crate) fn new(keeps_lines: bool) -> Self {
        Self {
            hash: 0,
            lines: keeps_lines.then(Vec::new),
        }
    }

    /// Adds a number to the hash.
    pub(crate) fn mix(&mut self, number: u64) {
        self.hash = mixed(self.hash.rotate_left(7) ^ number);
    }

    /// Notes an event: its time in microseconds, the poll, its name, and what it is about.
    pub(crate) fn note(&mut self, at: u64, poll: u64, event: &'static str, of: &[u64]) {
        self.mix(at);
        for byte in event.bytes() {
            self.mix(byte.into());
        }
        for number in of {
            self.mix(*number);
        }
        if let Some(lines) = &mut self.lines {
            let mut line = format!("{:>14.6} {poll:>7} {event:<22}", seconds(at));
            for number in of {
                let _written = if *number > u64::from(u32::MAX) {
                    write!(line, " {number:016x}")
                } else {
                    write!(line, " {number}")
                };
            }
            lines.push(line);
        }
    }

    pub(crate) const fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn take_lines(&mut self) -> Vec<String> {
        self.lines.take().unwrap_or_default()
    }
}

fn seconds(micros: u64) -> f64 {
    std::time::Duration::from_micros(micros).as_secs_f64()
}
