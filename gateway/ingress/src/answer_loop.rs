//! `AnswerLoop`, which sees to it that senders are told what they are owed: a task for each sender
//! that is owed something. What one of them does is in `answer_task`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use isthmus_core::application_answers::OwedAnswers;
use isthmus_core::clock::Clock;
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use isthmus_core::id::SenderId;
use isthmus_core::journal::{Journal, JournalError};
use tokio::sync::Notify;

use crate::answer_task::AnswerTask;
use crate::answer_ways::AnswerWays;
use crate::counters::Counters;

/// The parts that the loop joins.
pub struct AnswerLoop {
    /// What is owed.
    pub owed: Arc<dyn OwedAnswers>,
    /// Where what was told is struck.
    pub journal: Arc<dyn Journal>,
    /// The ways to senders.
    pub ways: Arc<dyn AnswerWays>,
    /// What is counted.
    pub counters: Arc<Counters>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Tasks and timers.
    pub executor: Arc<dyn Executor>,
}

impl fmt::Debug for AnswerLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnswerLoop")
    }
}

/// The tasks that run, as they and the loop know of each other.
#[derive(Default)]
pub(crate) struct Tasks {
    bells: Mutex<BTreeMap<SenderId, Arc<Bell>>>,
    stopping: AtomicBool,
    stopped: Notify,
    failure: Mutex<Option<JournalError>>,
    /// Rung when a task ended or failed.
    changed: Bell,
}

/// What wakes one waiter, also when it is rung before it waits.
#[derive(Debug, Default)]
pub(crate) struct Bell(Notify);

impl Bell {
    fn ring(&self) {
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

    /// A sender's task has ended.
    pub(crate) fn end(&self, sender: &SenderId, ended: Result<(), JournalError>) {
        lock(&self.bells).remove(sender);
        if let Err(error) = ended {
            lock(&self.failure).get_or_insert(error);
        }
        self.changed.ring();
    }

    fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.stopped.notify_waiters();
    }

    fn failure(&self) -> Option<JournalError> {
        lock(&self.failure).clone()
    }

    fn run(&self) -> bool {
        !lock(&self.bells).is_empty()
    }
}

impl AnswerLoop {
    /// Runs until `stopping` completes and all tasks have ended, each with what it tells just then.
    ///
    /// # Errors
    /// When the journal fails or closes.
    pub async fn run(self, mut stopping: BoxFuture<'_, ()>) -> Result<(), JournalError> {
        let parts = Arc::new(self);
        let tasks = Arc::new(Tasks::default());
        let ended = loop {
            if let Err(error) = parts.see_to_senders(&tasks) {
                break Err(error);
            }
            tokio::select! {
                biased;
                () = &mut stopping => break Ok(()),
                () = parts.owed.arrived() => {}
                () = tasks.changed.rung() => {}
            }
            if let Some(error) = tasks.failure() {
                break Err(error);
            }
        };
        tasks.stop();
        while tasks.run() {
            tasks.changed.rung().await;
        }
        ended
    }

    /// Wakes the tasks of the senders that are owed something, and starts those that are missing.
    /// A task that ended just before something came for it rang first, and is started again here.
    fn see_to_senders(self: &Arc<Self>, tasks: &Arc<Tasks>) -> Result<(), JournalError> {
        for sender in self.owed.senders()? {
            let mut bells = lock(&tasks.bells);
            if let Some(bell) = bells.get(&sender) {
                bell.ring();
                continue;
            }
            let bell = Arc::new(Bell::default());
            bells.insert(sender.clone(), Arc::clone(&bell));
            drop(bells);
            let task = AnswerTask::new(sender, Arc::clone(self), Arc::clone(tasks), bell);
            self.executor.spawn("answers", Box::pin(task.run()));
        }
        Ok(())
    }
}

/// Nothing that runs under these locks can leave what they guard changed halfway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
