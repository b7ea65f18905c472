//! `Reload`, which reads configuration, maps, tables, policies and certificates anew in a running
//! gateway, and puts them in force together or not at all; what cannot change is in `fixed_parts`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use isthmus_adapters::runner::{Means, Runner};
use isthmus_core::clock::Clock;
use isthmus_core::destination::Destination;
use isthmus_core::executor::Executor;
use tokio::sync::mpsc;

use crate::certificate_terms;
use crate::config_file::ConfigFile;
use crate::destinations;
use crate::failure::Failure;
use crate::fixed_parts;
use crate::in_force::{InForce, Renewed};
use crate::listeners;
use crate::reload_answer::ReloadAnswer;
use crate::whole_load;

/// How often a running gateway looks for certificates that end soon.
const LOOK_EVERY: Duration = Duration::from_hours(24);

/// Reloads.
pub(crate) struct Reload {
    /// What runs.
    pub(crate) file: ConfigFile,
    /// What is replaced.
    pub(crate) in_force: InForce,
    /// Who is told how it ended, beside who asked.
    pub(crate) told: mpsc::Sender<ReloadAnswer>,
    /// The time of day.
    pub(crate) clock: Arc<dyn Clock>,
    /// Tasks and timers.
    pub(crate) executor: Arc<dyn Executor>,
}

impl Reload {
    /// Reads everything anew and puts it in force; or refuses it as a whole, and leaves all as it
    /// is. Blocks while it reads.
    pub(crate) fn run(&mut self) -> ReloadAnswer {
        let answer = match self.read() {
            Ok(renewed) => {
                let senders = renewed.file.config.senders.len();
                let answer = ReloadAnswer::reloaded(&renewed.rules, senders);
                self.file = self.in_force.replace(renewed);
                answer
            }
            Err(failure) => ReloadAnswer::refused(&failure),
        };
        // A supervisor that is behind has it in the log.
        let _full = self.told.try_send(answer.clone());
        answer
    }

    fn read(&self) -> Result<Renewed, Failure> {
        let file = ConfigFile::read(&self.file.folder)?;
        let now = self.clock.now();
        let unchangeable = fixed_parts::changes(&self.file, &file);
        let rules = match (unchangeable.is_empty(), whole_load::load(&file, now)) {
            (true, Ok(rules)) => rules,
            (true, Err(failure)) => return Err(failure),
            (false, Ok(_)) => return Err(Failure::Configuration(unchangeable)),
            (false, Err(failure)) => {
                return Err(Failure::Configuration(unchangeable).and(failure));
            }
        };
        // What only a start reads is looked at all the same: it shall not fail then.
        file.master_key()?;
        file.ledger_key("reload")?;
        let terms = listeners::terms(&file, &rules, now)?;
        let tls = listeners::tls(&file, now)?;
        let means = self.means(&file)?;
        Ok(Renewed {
            file,
            rules,
            terms,
            tls,
            means,
        })
    }

    fn means(&self, file: &ConfigFile) -> Result<Vec<(Arc<Runner>, Means)>, Failure> {
        let mut all = Vec::new();
        for stated in &file.config.destinations {
            let recipient = stated.get_ref().recipient();
            let mut runners = self.in_force.runners.iter();
            let runner = runners.find(|runner| runner.recipient().as_str() == recipient);
            let means = destinations::renewed(file, stated, &self.clock, &self.executor)?;
            all.extend(runner.map(Arc::clone).zip(means));
        }
        Ok(all)
    }
}

/// Warns of certificates that end soon, now and once a day, as the configuration that runs then
/// names them.
pub(crate) async fn warn_daily(
    reload: Arc<Mutex<Reload>>,
    clock: Arc<dyn Clock>,
    executor: Arc<dyn Executor>,
) {
    loop {
        {
            // What a reload that panicked left is what runs.
            let running = reload.lock().unwrap_or_else(PoisonError::into_inner);
            certificate_terms::warn(&running.file, clock.now());
        }
        executor.sleep(LOOK_EVERY).await;
    }
}
