//! `ReloadAnswer`, how a reload ended, as people, programs and the log are told; the reload itself
//! is in `reload`.

use isthmus_core::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};

use crate::diagnostic_json::DiagnosticJson;
use crate::failure::Failure;
use crate::rules::Rules;

/// How a reload ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum ReloadAnswer {
    /// The new rules are in force.
    Reloaded {
        maps: usize,
        recipients: usize,
        flows: usize,
        senders: usize,
        /// What should be looked at.
        diagnostics: Vec<DiagnosticJson>,
    },
    /// The old rules stay in force, all of them.
    ReloadRefused {
        error: String,
        exit_code: u8,
        diagnostics: Vec<DiagnosticJson>,
    },
}

impl ReloadAnswer {
    /// These rules are in force, and so many senders.
    pub(crate) fn reloaded(rules: &Rules, senders: usize) -> Self {
        let (maps, flows) = (rules.library.maps().len(), rules.policies.flows().len());
        tracing::info!(
            maps,
            flows,
            senders,
            "configuration, maps and policies were read anew and are in force"
        );
        for one in &rules.warnings {
            tracing::warn!(code = one.code.text(), "{}", one.message);
        }
        Self::Reloaded {
            maps,
            recipients: rules.policies.recipients().count(),
            flows,
            senders,
            diagnostics: told(&rules.warnings),
        }
    }

    /// Nothing changed, for this reason.
    pub(crate) fn refused(failure: &Failure) -> Self {
        let diagnostics = match failure {
            Failure::Configuration(diagnostics) => told(diagnostics),
            Failure::Usage(_) | Failure::Run(_) | Failure::Findings | Failure::Told(_) => {
                Vec::new()
            }
        };
        tracing::error!(%failure, "a reload was refused as a whole; the old rules stay in force");
        for one in diagnostics.iter().filter(|one| one.is_error()) {
            let place = format!("{}:{}:{}", one.file, one.line, one.column);
            tracing::error!(place, code = one.code, "{}", one.message);
        }
        Self::ReloadRefused {
            error: failure.to_string(),
            exit_code: failure.exit_code(),
            diagnostics,
        }
    }
}

fn told(diagnostics: &[Diagnostic]) -> Vec<DiagnosticJson> {
    diagnostics.iter().map(DiagnosticJson::new).collect()
}
