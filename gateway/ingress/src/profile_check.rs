//! Holds a message against the profile of its sender before it is stored, and tells what was found
//! in the log. What profiles ask is found out in `isthmus_hl7v2`; which is whose, `sender` says.

use isthmus_core::refusal::{Reason, Refusal};
use isthmus_hl7v2::header::Header;
use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::profile::Profile;
use isthmus_hl7v2::profile_finding::{ProfileFinding, ProfileReport};

use crate::counters::Counters;
use crate::profile_failure::ProfileFailure;
use crate::rejection::Rejection;
use crate::sender::Sender;

/// Lets a message pass that is as its sender's profile asks, or whose faults are only told.
pub(crate) fn check_profile(
    message: &Message,
    sender: &Sender,
    counters: &Counters,
) -> Result<(), Rejection> {
    let Some(profile) = &sender.asked else {
        return Ok(());
    };
    let report = profile.check(message, &sender.structures.rules());
    if report.is_clean() {
        return Ok(());
    }
    let failure = sender.profile_failure.unwrap_or_default();
    let is_refused = failure == ProfileFailure::Refuse && report.errors > 0;
    let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    tracing::warn!(
        sender = %sender.id,
        profile = profile.name,
        refused = is_refused,
        findings = findings.join("; "),
        beyond = report.beyond,
        "a message is not as its sender's profile asks"
    );
    if is_refused {
        return Err(refusal(message, profile, &report));
    }
    counters.profile_not_kept.one();
    Ok(())
}

/// The refusal of a message with these findings, at the first error.
fn refusal(message: &Message, profile: &Profile, report: &ProfileReport) -> Rejection {
    let version = Header::of(message).map(|header| header.version().into_owned());
    let version = version.unwrap_or_default();
    let conditions = report.findings.iter().map(|one| one.condition(&version));
    let is_error = |one: &&ProfileFinding| one.fault.is_error();
    let first = report.findings.iter().find(is_error);
    let location = first.or(report.findings.first()).map(|one| one.location);
    let mut rejection = Rejection::from(Refusal::reject(Reason::Nonconforming));
    rejection.refusal.location = location.map(|place| place.to_string());
    rejection.refusal.rule = Some(format!("profile {}", profile.name));
    rejection.location = location;
    rejection.conditions = conditions.collect();
    rejection
}
