//! Destinations as the configuration states them: what is wrong with them is shown at their place
//! in `isthmus.toml`, and the doors that they are reached by are made here. What a door does is the
//! business of `isthmus_adapters`.

use std::sync::Arc;

use isthmus_adapters::adapter::Adapter;
use isthmus_adapters::runner::{Means, Runner, RunnerParts};
use isthmus_core::clock::Clock;
use isthmus_core::executor::Executor;
use isthmus_core::id::RecipientId;
use isthmus_pipeline::retry_schedule::RetrySchedule;
use toml::Spanned;

use crate::amqp_parts;
use crate::config::DestinationConfig;
use crate::config_file::ConfigFile;
use crate::failure::Failure;
use crate::files_parts;
use crate::mllp_parts;
use crate::ndjson_parts;
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
        let checked = match stated.get_ref() {
            DestinationConfig::NdjsonFolder(_) => Ok(()),
            DestinationConfig::Webhook(config) => webhook_parts::check(file, stated, config),
            DestinationConfig::Amqp(config) => amqp_parts::check(file, stated, config),
            DestinationConfig::Mllp(config) => mllp_parts::check(file, stated, config),
            DestinationConfig::Files(config) => files_parts::check(file, stated, config),
        };
        problems.extend(checked.err().into_iter().flatten());
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Failure::Configuration(problems))
    }
}

/// The adapter of a destination, with the secrets that it needs to plan.
pub(crate) fn adapter(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
) -> Result<Box<dyn Adapter>, Failure> {
    match stated.get_ref() {
        DestinationConfig::NdjsonFolder(_) => Ok(Box::new(ndjson_parts::adapter())),
        DestinationConfig::Webhook(config) => {
            let made = webhook_parts::adapter(file, stated, config);
            Ok(Box::new(made.map_err(Failure::Configuration)?))
        }
        DestinationConfig::Amqp(config) => {
            let made = amqp_parts::adapter(file, stated, config);
            Ok(Box::new(made.map_err(Failure::Configuration)?))
        }
        DestinationConfig::Mllp(config) => {
            let made = mllp_parts::adapter(file, stated, config);
            Ok(Box::new(made.map_err(Failure::Configuration)?))
        }
        DestinationConfig::Files(config) => {
            let made = files_parts::adapter(file, stated, config);
            Ok(Box::new(made.map_err(Failure::Configuration)?))
        }
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
    if let Some(age) = stated.get_ref().retry_max_age() {
        schedule.max_age = age;
    }
    let limits = stated.get_ref().limits();
    let Means { adapter, transport } = means(file, stated, clock, executor)?;
    let parts = RunnerParts {
        seed: seed(&recipient, clock.as_ref()),
        recipient,
        adapter,
        transport,
        limits,
        clock: Arc::clone(clock),
        executor: Arc::clone(executor),
    };
    Ok(Door {
        destination: Arc::new(Runner::new(parts)),
        schedule,
    })
}

/// How a recipient is reached, with the secrets and certificates as they stand in their files now.
fn means(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    clock: &Arc<dyn Clock>,
    executor: &Arc<dyn Executor>,
) -> Result<Means, Failure> {
    let adapter = adapter(file, stated)?;
    Ok(Means {
        adapter,
        transport: match stated.get_ref() {
            DestinationConfig::NdjsonFolder(config) => {
                Box::new(ndjson_parts::transport(file, config)?)
            }
            DestinationConfig::Webhook(config) => {
                let (clock, executor) = (Arc::clone(clock), Arc::clone(executor));
                let made = webhook_parts::client(file, stated, config, clock, executor);
                Box::new(made.map_err(Failure::Configuration)?)
            }
            DestinationConfig::Amqp(config) => {
                let made = amqp_parts::client(file, stated, config, Arc::clone(executor));
                let client = made.map_err(Failure::Configuration)?;
                amqp_parts::look_ahead(file, stated, &client, executor);
                Box::new(client)
            }
            DestinationConfig::Mllp(config) => {
                let (now, executor) = (clock.as_ref(), Arc::clone(executor));
                let made = mllp_parts::client(file, stated, config, now, executor);
                Box::new(made.map_err(Failure::Configuration)?)
            }
            DestinationConfig::Files(config) => {
                let made = files_parts::transport(file, stated, config, Arc::clone(executor));
                made.map_err(Failure::Configuration)?
            }
        },
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
        DestinationConfig::Webhook(_)
        | DestinationConfig::Amqp(_)
        | DestinationConfig::Mllp(_)
        | DestinationConfig::Files(_) => means(file, stated, clock, executor).map(Some),
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
