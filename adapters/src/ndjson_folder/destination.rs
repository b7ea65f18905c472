//! The NDJSON folder as an adapter; its lines are made in `request`, replies read in `response`.

use isthmus_core::clock::Timestamp;
use isthmus_core::delivery_queue::Draw;
use isthmus_core::destination::{Outbound, Takes};

use crate::adapter::{Adapter, Call, Judgement, Manifest, Reply};
use crate::ndjson_folder::{request, response};

/// What it is and takes. One hand-over at a time: the file has one end.
pub const MANIFEST: Manifest = Manifest {
    name: "ndjson-folder",
    about: "one NDJSON file a day in a folder, one record a line",
    takes: Takes {
        batch: Draw {
            limit: 256,
            consecutive: true,
        },
        at_once: 1,
    },
    record_at: &["record"],
    takes_signals: false,
};

/// Writes one NDJSON file a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NdjsonFolder;

impl Adapter for NdjsonFolder {
    fn manifest(&self) -> Manifest {
        MANIFEST
    }

    fn plan(&self, batch: &[Outbound], _now: Timestamp) -> Vec<Call> {
        request::plan(batch)
    }

    fn judge(&self, call: &Call, reply: Reply) -> Judgement {
        response::judge(call, reply)
    }
}
