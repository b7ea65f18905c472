//! The NDJSON folder as an adapter; its lines are made in `request`, replies read in `response`.

use isthmus_core::delivery_queue::Draw;
use isthmus_core::destination::{DeliveryOutcome, Outbound};
use isthmus_core::id::DeliveryId;

use crate::adapter::{Adapter, Call, Manifest, Reply};
use crate::ndjson_folder::{request, response};

/// Writes one NDJSON file a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NdjsonFolder;

impl Adapter for NdjsonFolder {
    fn manifest(&self) -> Manifest {
        Manifest {
            name: "ndjson-folder",
            batch: Draw {
                limit: 256,
                consecutive: true,
            },
        }
    }

    fn plan(&self, batch: &[Outbound]) -> Vec<Call> {
        request::plan(batch)
    }

    fn judge(&self, call: &Call, reply: Reply) -> Vec<(DeliveryId, DeliveryOutcome)> {
        response::judge(call, reply)
    }
}
