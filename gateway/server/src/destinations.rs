//! Destinations as the configuration states them: what is wrong with them is shown at their place
//! in `isthmus.toml`, and the doors that they are reached by are made here. What a door does is the
//! business of `isthmus_adapters`.

use std::sync::Arc;

use isthmus_adapters::append_file::AppendFolder;
use isthmus_adapters::append_transport::AppendTransport;
use isthmus_adapters::limits::Limits;
use isthmus_adapters::ndjson_folder::destination::NdjsonFolder;
use isthmus_adapters::runner::{Means, Runner, RunnerParts};
use isthmus_core::clock::Clock;
use isthmus_core::executor::Executor;
use isthmus_core::id::RecipientId;
use isthmus_pipeline::retry_schedule::RetrySchedule;
use toml::Spanned;

use crate::config::DestinationConfig;
use crate::config_file::ConfigFile;
use crate::failure::Failure;
use crate::webhook_parts;

/// A destination, ready, and when what it does not take is tried again.
pub(crate) struct Door {
    /// Where deliveries go.
    pub(crate) destination: Arc<Runner>,
    /// When they are tried again.
    pub(crate) schedule: RetrySchedule,
}

/// What is wrong with the destinations; opens nothing but files of keys and certificates.
pub(crate) fn check(file: &ConfigFile) -> Result<(), Failure> {
    let mut problems = Vec::new();
    for stated in &file.config.destinations {
        if let DestinationConfig::Webhook(config) = stated.get_ref() {
            let checked = webhook_parts::check(file, stated, config);
            problems.extend(checked.err().into_iter().flatten());
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Failure::Configuration(problems))
    }
}

/// Makes the door of a destination.
pub(crate) fn open(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    clock: &Arc<dyn Clock>,
    executor: &Arc<dyn Executor>,
) -> Result<Door, Failure> {
    let mut schedule = RetrySchedule::default();
    let recipient = RecipientId::new(stated.get_ref().recipient());
    let parts = |adapter, transport, limits| RunnerParts {
        seed: seed(&recipient, clock.as_ref()),
        recipient: recipient.clone(),
        adapter,
        transport,
        limits,
        clock: Arc::clone(clock),
        executor: Arc::clone(executor),
    };
    let parts = match stated.get_ref() {
        DestinationConfig::NdjsonFolder(config) => {
            let path = file.path(&config.folder);
            let folder = AppendFolder::open(&path).map_err(|error| {
                Failure::Usage(format!("{} cannot be made: {error}", path.display()))
            })?;
            let transport = Box::new(AppendTransport::new(folder));
            parts(Box::new(NdjsonFolder), transport, Limits::default())
        }
        DestinationConfig::Webhook(config) => {
            schedule.max_age = config.retry_max_age();
            let Means { adapter, transport } =
                webhook_parts::means(file, stated, config, clock, executor)
                    .map_err(Failure::Configuration)?;
            parts(adapter, transport, config.limits())
        }
    };
    Ok(Door {
        destination: Arc::new(Runner::new(parts)),
        schedule,
    })
}

/// The means of a destination with its secrets and certificates read anew; none when it has
/// neither.
pub(crate) fn renewed(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    clock: &Arc<dyn Clock>,
    executor: &Arc<dyn Executor>,
) -> Result<Option<Means>, Failure> {
    match stated.get_ref() {
        DestinationConfig::NdjsonFolder(_) => Ok(None),
        DestinationConfig::Webhook(config) => {
            webhook_parts::means(file, stated, config, clock, executor)
                .map(Some)
                .map_err(Failure::Configuration)
        }
    }
}

/// A number that differs from gateway to gateway and from recipient to recipient, so that pauses
/// that began together do not end together.
fn seed(recipient: &RecipientId, clock: &dyn Clock) -> u64 {
    let name = recipient.as_str().bytes();
    let name = name.fold(0_u64, |seed, byte| {
        seed.wrapping_mul(31).wrapping_add(byte.into())
    });
    name ^ clock.now().unix_millis().cast_unsigned()
}
