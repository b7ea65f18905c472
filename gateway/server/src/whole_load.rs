//! Loading all that a configuration names and holding it against itself, so that every error is
//! told at once; one way for `check` and for a reload. Nothing is started.

use isthmus_core::clock::Timestamp;

use crate::certificate_terms;
use crate::config_file::ConfigFile;
use crate::destinations;
use crate::failure::Failure;
use crate::folders;
use crate::listeners;
use crate::rabbitmq_parts;
use crate::rules::Rules;

/// Listeners, folders, senders, destinations, the broker, maps, tables and policies as of `now`.
///
/// # Errors
/// Every error of all of them.
pub(crate) fn load(file: &ConfigFile, now: Timestamp) -> Result<Rules, Failure> {
    let ends = match (listeners::check(file, now), destinations::check(file)) {
        (Ok(()), Ok(())) => Ok(()),
        (Err(listeners), Err(destinations)) => Err(listeners.and(destinations)),
        (Err(failure), Ok(())) | (Ok(()), Err(failure)) => Err(failure),
    };
    let ends = match (ends, folders::check(file)) {
        (ends, Ok(())) => ends,
        (Ok(()), Err(folders)) => Err(folders),
        (Err(ends), Err(folders)) => Err(ends.and(folders)),
    };
    let ends = match (ends, rabbitmq_parts::check(file)) {
        (ends, Ok(())) => ends,
        (Ok(()), Err(broker)) => Err(broker),
        (Err(ends), Err(broker)) => Err(ends.and(broker)),
    };
    match (ends, Rules::load(file, now)) {
        (Ok(()), Ok(mut rules)) => {
            rules.warnings.extend(certificate_terms::soon(file, now));
            Ok(rules)
        }
        (Err(ends), Err(rules)) => Err(ends.and(rules)),
        (Err(failure), Ok(_)) | (Ok(()), Err(failure)) => Err(failure),
    }
}
