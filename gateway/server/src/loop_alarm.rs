//! `LoopAlarm`, which tells the supervisor that a loop ended, in whatever way; what follows is
//! decided in `command::run`.

use tokio::sync::mpsc;

/// Tells the supervisor that a loop ended, in whatever way: the gateway must not go on
/// acknowledging while nothing is translated or delivered.
pub(crate) struct LoopAlarm {
    what: String,
    ended: mpsc::Sender<String>,
    armed: bool,
}

impl LoopAlarm {
    /// An alarm for a loop that is told by these words.
    pub(crate) fn new(what: &str, ended: &mpsc::Sender<String>) -> Self {
        Self {
            what: what.to_owned(),
            ended: ended.clone(),
            armed: true,
        }
    }

    /// The loop ended because the gateway does.
    pub(crate) fn disarm(mut self) {
        self.armed = false;
    }

    /// The loop cannot go on.
    pub(crate) fn raise(mut self, why: &dyn std::fmt::Display) {
        self.armed = false;
        self.tell(&format!("{} cannot go on: {why}", self.what));
    }

    fn tell(&self, text: &str) {
        // A full channel holds the first reason already, which is the one that counts.
        let _full = self.ended.try_send(text.to_owned());
    }
}

impl Drop for LoopAlarm {
    fn drop(&mut self) {
        if self.armed && std::thread::panicking() {
            self.tell(&format!("{} ended unexpectedly", self.what));
        }
    }
}
