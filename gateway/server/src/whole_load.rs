//! Loading all that a configuration names and holding it against itself, so that every error is
//! told at once; one way for `check` and for a reload. Nothing is started.

use isthmus_core::clock::Timestamp;

use crate::config_file::ConfigFile;
use crate::destinations;
use crate::failure::Failure;
use crate::listeners;
use crate::rules::Rules;

/// Listeners, senders, destinations, maps, tables and policies as of `now`.
///
/// # Errors
/// Every error of all of them.
pub(crate) fn load(file: &ConfigFile, now: Timestamp) -> Result<Rules, Failure> {
    let ends = match (listeners::check(file, now), destinations::check(file)) {
        (Ok(()), Ok(())) => Ok(()),
        (Err(listeners), Err(destinations)) => Err(listeners.and(destinations)),
        (Err(failure), Ok(())) | (Ok(()), Err(failure)) => Err(failure),
    };
    match (ends, Rules::load(file, now)) {
        (Ok(()), Ok(rules)) => Ok(rules),
        (Err(ends), Err(rules)) => Err(ends.and(rules)),
        (Err(failure), Ok(_)) | (Ok(()), Err(failure)) => Err(failure),
    }
}
