//! The loop that sees to it that senders are told what they are owed: a task for each sender that
//! is owed something. What one of them does is in `answer_task`.

use std::sync::Arc;

use isthmus_core::future::BoxFuture;
use isthmus_core::journal::JournalError;

use crate::answer_parts::AnswerParts;
use crate::answer_task::AnswerTask;
use crate::answer_tasks::Tasks;

/// Tells senders what they are owed until `stopping` completes and all tasks have ended, each with
/// what it tells just then.
///
/// # Errors
/// When the journal fails or closes.
pub async fn tell_senders(
    parts: AnswerParts,
    mut stopping: BoxFuture<'_, ()>,
) -> Result<(), JournalError> {
    let parts = Arc::new(parts);
    let tasks = Arc::new(Tasks::default());
    let ended = loop {
        if let Err(error) = see_to_senders(&parts, &tasks) {
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

/// Wakes the tasks of the senders that are owed something, and starts those that are missing. A
/// task that ended just when something came for it has rung, and is started again here.
fn see_to_senders(parts: &Arc<AnswerParts>, tasks: &Arc<Tasks>) -> Result<(), JournalError> {
    for sender in parts.owed.senders()? {
        if let Some(bell) = tasks.wake(&sender) {
            let task = AnswerTask::new(sender, Arc::clone(parts), Arc::clone(tasks), bell);
            parts.executor.spawn("answers", Box::pin(task.run()));
        }
    }
    Ok(())
}
