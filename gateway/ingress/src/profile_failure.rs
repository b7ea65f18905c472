//! `ProfileFailure`, what a sender's configuration says of messages that are not as its profile
//! asks. Holding them against it is done in `profile_check`.

use serde::Deserialize;

/// What becomes of a message that is not as the profile of its sender asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfileFailure {
    /// It is stored and acknowledged; what was found is counted and stands in the log.
    #[default]
    Report,
    /// It is refused with an ERR for each finding, and not stored. Warnings alone refuse nothing.
    Refuse,
}
