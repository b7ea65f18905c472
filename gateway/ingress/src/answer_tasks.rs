//! `Tasks`, how the tasks that tell senders and the loop that starts them know of each other. What
//! they do is in `answer_task` and `answer_loop`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use isthmus_core::id::SenderId;
use isthmus_core::journal::JournalError;
use tokio::sync::Notify;

/// The tasks that run.
#[derive(Default)]
pub(crate) struct Tasks {
    bells: Mutex<BTreeMap<SenderId, Arc<Bell>>>,
    stopping: AtomicBool,
    stopped: Notify,
    failure: Mutex<Option<JournalError>>,
    /// Rung when a task ended or failed.
    pub(crate) changed: Bell,
}

/// What wakes one waiter, also when it is rung before it waits.
#[derive(Debug, Default)]
pub(crate) struct Bell(Notify);

impl Bell {
    pub(crate) fn ring(&self) {
        self.0.notify_one();
    }

    /// Completes when it was rung since this completed last.
    pub(crate) async fn rung(&self) {
        self.0.notified().await;
    }
}

impl Tasks {
    /// Whether tasks shall end.
    pub(crate) fn are_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Completes when tasks shall end.
    pub(crate) async fn stopped(&self) {
        let stopped = self.stopped.notified();
        if !self.are_stopping() {
            stopped.await;
        }
    }

    /// Wakes a sender's task. Without one, gives the bell of the one that is to be started.
    pub(crate) fn wake(&self, sender: &SenderId) -> Option<Arc<Bell>> {
        let mut bells = lock(&self.bells);
        if let Some(bell) = bells.get(sender) {
            bell.ring();
            return None;
        }
        let bell = Arc::new(Bell::default());
        bells.insert(sender.clone(), Arc::clone(&bell));
        Some(bell)
    }

    /// A sender's task has ended.
    pub(crate) fn end(&self, sender: &SenderId, ended: Result<(), JournalError>) {
        lock(&self.bells).remove(sender);
        if let Err(error) = ended {
            lock(&self.failure).get_or_insert(error);
        }
        self.changed.ring();
    }

    /// Tells tasks to end.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.stopped.notify_waiters();
    }

    /// Why a task failed, if one did.
    pub(crate) fn failure(&self) -> Option<JournalError> {
        lock(&self.failure).clone()
    }

    /// Whether any task runs.
    pub(crate) fn run(&self) -> bool {
        !lock(&self.bells).is_empty()
    }
}

/// Nothing that runs under these locks can leave what they guard changed halfway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
