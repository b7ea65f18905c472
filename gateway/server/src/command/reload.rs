//! `isthmus reload`: has the running gateway read configuration, maps, tables, policies and
//! certificates anew, and shows how it ended; what a reload does is in `reload`.

use std::path::Path;

use crate::admin::client::ask;
use crate::admin::request::Request;
use crate::config_file::ConfigFile;
use crate::failure::{Failure, counted};
use crate::output::Output;
use crate::reload_answer::ReloadAnswer;

/// Asks for a reload.
pub(crate) fn run(folder: &Path, output: Output) -> Result<(), Failure> {
    let file = ConfigFile::read(folder).inspect_err(|_unreadable| {
        // The gateway would refuse it alike; where its socket is cannot be told from this file.
        output.warning("the gateway was not asked, for its configuration cannot be read");
    })?;
    let answer: ReloadAnswer = ask(&file, Request::Reload)?;
    show(&answer, output);
    match answer {
        ReloadAnswer::Reloaded { .. } => Ok(()),
        ReloadAnswer::ReloadRefused { exit_code: 2, .. } => Err(Failure::Told(2)),
        ReloadAnswer::ReloadRefused { .. } => Err(Failure::Told(1)),
    }
}

/// Shows how a reload ended.
pub(crate) fn show(answer: &ReloadAnswer, output: Output) {
    output.document(answer);
    match answer {
        ReloadAnswer::Reloaded {
            maps,
            recipients,
            flows,
            senders,
            diagnostics,
        } => {
            output.rendered(diagnostics.iter().map(|one| one.rendered.as_str()));
            output.line(format!(
                "reloaded: {}, {}, {}, {} are in force",
                counted(*maps, "map"),
                counted(*recipients, "recipient"),
                counted(*flows, "flow"),
                counted(*senders, "sender"),
            ));
        }
        ReloadAnswer::ReloadRefused {
            error, diagnostics, ..
        } => {
            let errors = diagnostics.iter().filter(|one| one.is_error());
            output.rendered(errors.map(|one| one.rendered.as_str()));
            output.error(&format!(
                "the reload was refused, and what was in force stays in force: {error}"
            ));
        }
    }
}
