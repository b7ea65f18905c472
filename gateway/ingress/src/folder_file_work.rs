//! One file on its way through the gateway: read within the budget, its messages admitted, stored
//! and acknowledged, then answered and moved. Which file is next is decided in `folder_watch`.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use isthmus_hl7v2::batch::parts;
use tokio::sync::watch;

use crate::batch_room::beside_parts;
use crate::batch_work::BatchWork;
use crate::budget::Share;
use crate::folder_config::{AfterIntake, FolderConfig};
use crate::folder_files::{Content, FolderFiles, Goal};
use crate::folder_listing::{FileName, Stamp};
use crate::listener_config::SMALL_FRAME_BYTES;
use crate::seams::{Seams, within};
use crate::standing::Standing;

/// What a file needs.
#[derive(Debug)]
pub(crate) struct FileWork<'f> {
    pub(crate) config: &'f FolderConfig,
    pub(crate) files: &'f Arc<FolderFiles>,
    pub(crate) seams: &'f Seams,
    pub(crate) name: FileName,
    pub(crate) stamp: Stamp,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Every message is stored.
    Done,
    /// It is refused, whole or in part.
    Refused,
    /// It lies where it lay, and why.
    Left(&'static str),
}

/// What is written about a file before it is moved.
struct Verdict {
    goal: Goal,
    answer: Vec<u8>,
    reason: Option<String>,
}

impl FileWork<'_> {
    /// Takes the file in. Nothing is moved before every message of it is decided; what a crash
    /// leaves is read again, and then its messages are repeats.
    pub(crate) async fn run(&self, stop: &watch::Receiver<bool>) -> io::Result<Taken> {
        let standing = Standing::in_folder(&self.config.name, &self.seams.terms);
        if standing.is_unbound() {
            return Ok(Taken::Left("no sender is bound to the folder any more"));
        }
        let most = self.config.file_bytes_max;
        if self.stamp.bytes() > most {
            return self.refuse_unread(&standing, too_long(most)).await;
        }
        let Some(shares) = self.shares(self.stamp.bytes()).await else {
            return Ok(Taken::Left("there is no room for it yet"));
        };
        let (name, stamp) = (self.name.clone(), self.stamp);
        let text = match self
            .apart(move |files| files.read(&name, stamp, most))
            .await?
        {
            Content::Whole(text) => Bytes::from(text),
            Content::Changed => return Ok(Taken::Left("it has changed")),
            Content::TooLong => return self.refuse_unread(&standing, too_long(most)).await,
            Content::Denied => {
                let why = "the gateway may not read it; give its user the right to".to_owned();
                return self.refuse_unread(&standing, why).await;
            }
        };
        let beside = beside_parts(text.len(), parts(&text));
        let reading = self.seams.reading.share_or_all(beside);
        let executor = self.seams.executor.as_ref();
        let Some(Ok(reading)) = within(executor, self.config.store(), reading).await else {
            return Ok(Taken::Left("there is no room for it yet"));
        };
        let mut work = BatchWork::of(text, &standing, self.seams);
        let mut is_held = false;
        while !work.is_decided() {
            work.go_on(self.config.store()).await;
            if work.tally.unavailable > 0 || *stop.borrow() {
                is_held |= !work.is_handed_over();
                work.hold_rest();
            }
        }
        if work.tally.unavailable > 0 {
            return Ok(Taken::Left("the store is unavailable"));
        }
        if is_held {
            return Ok(Taken::Left("the gateway stops"));
        }
        let verdict = self.verdict(work);
        let taken = self.conclude(verdict).await;
        // The answer may be long; it is written now.
        drop((shares, reading));
        taken
    }

    /// Shares of the budget for what is read. None when it stays spent.
    async fn shares(&self, bytes: usize) -> Option<Vec<Share>> {
        let shares = async {
            let mut shares = Vec::new();
            if bytes > SMALL_FRAME_BYTES {
                shares.push(self.seams.large.share_or_all(bytes).await.ok()?);
            }
            shares.push(self.seams.budget.share(bytes).await.ok()?);
            Some(shares)
        };
        within(self.seams.executor.as_ref(), self.config.store(), shares).await?
    }

    fn verdict(&self, work: BatchWork<'_>) -> Verdict {
        let tally = &work.tally;
        let mut lines = Vec::new();
        if let Some(refusal) = work.refusal() {
            lines.push(format!("nothing of the file is stored: {refusal}"));
        } else if tally.refused > 0 {
            let (stored, refused) = (tally.accepted, tally.refused);
            lines.push(format!("messages stored: {stored}, refused: {refused}"));
            lines.extend(tally.refusals.iter().map(|(number, reason, place)| {
                let place = place.map(|place| format!(" at {place}"));
                format!("message {number}: {reason}{}", place.unwrap_or_default())
            }));
            let rest = refused.saturating_sub(tally.refusals.len());
            if rest > 0 {
                lines.push(format!("and {rest} more"));
            }
        } else if tally.accepted == 0 {
            lines.push("the file holds no message".to_owned());
        }
        let goal = match (lines.is_empty(), self.config.after_intake) {
            (false, _) => Goal::Refused,
            (true, AfterIntake::Move) => Goal::Done,
            (true, AfterIntake::Delete) => Goal::Gone,
        };
        if goal == Goal::Refused {
            lines.extend(work.envelope_findings());
        }
        let reason = (goal == Goal::Refused).then(|| lines.join("\n") + "\n");
        let answer = work.into_answer();
        Verdict {
            goal,
            answer,
            reason,
        }
    }

    /// Refuses a file that is not read.
    async fn refuse_unread(&self, standing: &Standing, why: String) -> io::Result<Taken> {
        let work = BatchWork::unread(why, standing, self.seams);
        self.conclude(self.verdict(work)).await
    }

    /// Writes what is told, then moves the file: after a crash in between it is told twice.
    async fn conclude(&self, verdict: Verdict) -> io::Result<Taken> {
        let goal = verdict.goal;
        let (name, seen) = (self.name.clone(), self.stamp);
        let now = self.seams.clock.now().unix_millis().unsigned_abs();
        let writes_answers = self.config.write_answers;
        let is_moved = self
            .apart(move |files| {
                if let Some(reason) = &verdict.reason {
                    files.reason(&name, reason, now)?;
                }
                if writes_answers {
                    files.answer(&name, &verdict.answer, now)?;
                }
                files.move_to(goal, &name, seen, now)
            })
            .await?;
        Ok(match (is_moved, goal) {
            (false, _) => Taken::Left("another file has taken its name"),
            (true, Goal::Refused) => Taken::Refused,
            (true, Goal::Done | Goal::Gone) => Taken::Done,
        })
    }

    /// Does what blocks apart from the tasks.
    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce(&FolderFiles) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let files = Arc::clone(self.files);
        let done = tokio::task::spawn_blocking(move || work(&files)).await;
        done.unwrap_or_else(|error| Err(io::Error::other(error)))
    }
}

fn too_long(most: usize) -> String {
    format!("it is longer than file_bytes_max, {most} bytes; send it in parts")
}
