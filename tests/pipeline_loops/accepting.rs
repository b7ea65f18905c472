//! A message is accepted when its commit says so, and by nothing else; what becomes of it then is
//! in the other files.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use isthmus_core::id::SenderId;
use isthmus_core::intake::Intake;
use isthmus_core::journal::JournalError;
use isthmus_core::refusal::Reason;
use isthmus_pipeline::journal_intake::JournalIntake;

use crate::stand_ins::{Memory, envelope, run};

#[test]
fn only_a_commit_that_speaks_of_the_message_accepts_it() {
    for error in [
        JournalError::Full,
        JournalError::Closed,
        JournalError::Failed("sync".into()),
    ] {
        let script = Mutex::new(VecDeque::from([error]));
        let memory = Arc::new(Memory {
            script,
            ..Memory::default()
        });
        let refused = run(JournalIntake::new(memory).accept(envelope(SenderId::new("a"))));
        assert_eq!(refused.unwrap_err().reason, Reason::StoreUnavailable);
    }
    // The journal in memory answers `Done` to an intake, which proves nothing.
    let memory = Arc::new(Memory::default());
    assert!(run(JournalIntake::new(memory).accept(envelope(SenderId::new("a")))).is_err());
}
