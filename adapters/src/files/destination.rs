//! A recipient of files as an adapter; files are made in `request`, what came of placing them is
//! read in `response`.

use isthmus_core::clock::Timestamp;
use isthmus_core::delivery_queue::Draw;
use isthmus_core::destination::{Outbound, Takes};

use crate::adapter::{Adapter, AdapterConfig, Call, Judgement, Manifest, Problem, Reply};
use crate::files::config::FilesConfig;
use crate::files::request::Content;
use crate::files::{request, response};

/// What it is and takes, unless the configuration says otherwise. One file at a time, so that files
/// appear in the order of their names.
pub const MANIFEST: Manifest = Manifest {
    name: "files",
    about: "one file a record, an HL7 v2 message or JSON, dropped whole into a folder or by SFTP",
    takes: Takes {
        batch: Draw {
            limit: 1,
            consecutive: false,
        },
        at_once: 1,
    },
    record_at: &["record"],
    takes_signals: false,
};

/// Drops one file a record.
#[derive(Debug)]
pub struct Files {
    content: Content,
    at_once: usize,
}

impl Files {
    /// A destination by its configuration.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration.
    pub fn new(config: &FilesConfig) -> Result<Self, Vec<Problem>> {
        let problems = config.validate();
        if !problems.is_empty() {
            return Err(problems);
        }
        let content = config.content().map_err(|problem| vec![problem])?;
        Ok(Self {
            content,
            at_once: config.at_once(),
        })
    }
}

impl Adapter for Files {
    fn manifest(&self) -> Manifest {
        let takes = Takes {
            at_once: self.at_once,
            ..MANIFEST.takes
        };
        Manifest { takes, ..MANIFEST }
    }

    fn plan(&self, batch: &[Outbound], _now: Timestamp) -> Vec<Call> {
        request::plan(&self.content, batch)
    }

    fn judge(&self, call: &Call, reply: Reply) -> Judgement {
        response::judge(call, reply)
    }
}
