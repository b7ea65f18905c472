//! `FolderWatch`, which looks into a folder again and again and takes files in the order of their
//! names, one at a time. What happens to one is in `folder_file_work`.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use isthmus_core::id::hexadecimal;
use tokio::sync::watch;

use crate::error::IngressError;
use crate::folder_config::FolderConfig;
use crate::folder_file_work::{FileWork, Taken};
use crate::folder_files::FolderFiles;
use crate::folder_listing::{FileName, Listing, PAGE, Stamp};
use crate::seams::Seams;

/// A folder that is watched.
pub struct FolderWatch {
    config: FolderConfig,
    files: Arc<FolderFiles>,
    seams: Arc<Seams>,
    /// Since when each file has been as it is.
    seen: BTreeMap<FileName, (Stamp, Duration)>,
    passed_over: usize,
}

impl FolderWatch {
    /// Checks the configuration and opens the folders.
    ///
    /// # Errors
    /// A key that cannot work; a folder that is not there or may not be written.
    pub fn open(config: &FolderConfig, seams: Arc<Seams>) -> Result<Self, IngressError> {
        config.check(seams.budget.bytes())?;
        Ok(Self {
            config: config.clone(),
            files: Arc::new(FolderFiles::open(config)?),
            seams,
            seen: BTreeMap::new(),
            passed_over: 0,
        })
    }

    /// Takes files until `stop` turns true, or nobody is left who could turn it. The one that is
    /// under way then is left when not all of its messages are with the store.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            let goes_on = self.look(&stop).await;
            let pause = if goes_on {
                Duration::ZERO
            } else {
                self.config.poll()
            };
            let pause = self.seams.executor.sleep(pause);
            tokio::select! {
                biased;
                _ = stop.wait_for(|stopping| *stopping) => return,
                () = pause => {}
            }
        }
    }

    /// One look: takes what has settled, up to the first file that has not or that is left, for
    /// order is by name. True when there may be more at once.
    async fn look(&mut self, stop: &watch::Receiver<bool>) -> bool {
        let (files, config) = (Arc::clone(&self.files), self.config.clone());
        let listed = tokio::task::spawn_blocking(move || files.listing(&config)).await;
        let listing = match listed.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(listing) => listing,
            Err(error) => {
                let folder = self.config.name.as_str();
                tracing::error!(folder, %error, "a folder cannot be looked into");
                return false;
            }
        };
        self.note_passed_over(listing.passed_over);
        self.note_seen(&listing);
        let is_page = listing.files.len() == PAGE;
        for (name, stamp) in listing.files {
            if *stop.borrow() || !self.has_settled(&name) {
                return false;
            }
            if !self.take(name, stamp, stop).await {
                return false;
            }
        }
        is_page
    }

    /// Takes one file; false when it is left.
    async fn take(&mut self, name: FileName, stamp: Stamp, stop: &watch::Receiver<bool>) -> bool {
        let folder = self.config.name.as_str();
        // Its name may hold patient data.
        let file = hexadecimal(&self.seams.digester.file(folder, &name.0));
        let work = FileWork {
            config: &self.config,
            files: &self.files,
            seams: &self.seams,
            name: name.clone(),
            stamp,
        };
        let counters = &self.seams.counters;
        match work.run(stop).await {
            Ok(Taken::Done) => {
                counters.files_taken.one();
                tracing::info!(folder, file, "every message of a file is stored");
            }
            Ok(Taken::Refused) => {
                counters.files_refused.one();
                tracing::warn!(
                    folder,
                    file,
                    "a file is refused, whole or in part; see its reason"
                );
            }
            Ok(Taken::Left(why)) => {
                counters.files_left.one();
                tracing::warn!(folder, file, why, "a file is left, and tried again");
                return false;
            }
            Err(error) => {
                counters.files_left.one();
                let kind = error.kind();
                tracing::error!(folder, file, %kind, "a file cannot be read, answered or moved");
                return false;
            }
        }
        self.seen.remove(&name);
        true
    }

    /// Whether it has been as it is for long enough.
    fn has_settled(&self, name: &FileName) -> bool {
        let now = self.seams.executor.monotonic();
        let since = self.seen.get(name).map(|(_, since)| *since);
        since.is_some_and(|since| now.saturating_sub(since) >= self.config.settle())
    }

    fn note_seen(&mut self, listing: &Listing) {
        let now = self.seams.executor.monotonic();
        let seen = std::mem::take(&mut self.seen);
        self.seen = listing
            .files
            .iter()
            .map(|(name, stamp)| {
                let before = seen.get(name).filter(|(before, _)| before == stamp);
                let since = before.map_or(now, |(_, since)| *since);
                (name.clone(), (*stamp, since))
            })
            .collect();
    }

    fn note_passed_over(&mut self, count: usize) {
        if count > self.passed_over {
            tracing::warn!(
                folder = self.config.name,
                count,
                "a folder has links, folders, or names that are not taken; they are passed over"
            );
        }
        self.passed_over = count;
    }
}

impl fmt::Debug for FolderWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FolderWatch")
            .field("name", &self.config.name)
            .finish_non_exhaustive()
    }
}
