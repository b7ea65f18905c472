//! The runner: performs the calls that an adapter plans and accounts for every record of a batch.
//! When to try again is the pipeline's business.

use std::collections::BTreeMap;
use std::sync::Arc;

use isthmus_core::delivery_queue::Draw;
use isthmus_core::destination::{DeliveryOutcome, Destination, Outbound, RetryScope};
use isthmus_core::future::BoxFuture;
use isthmus_core::id::{DeliveryId, RecipientId};

use crate::adapter::{Adapter, Call, Reply};
use crate::append_file::AppendFolder;

/// A destination made of an adapter and the means to perform its calls.
pub struct Runner {
    recipient: RecipientId,
    adapter: Box<dyn Adapter>,
    folder: Arc<AppendFolder>,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Runner({}, {})",
            self.adapter.manifest().name,
            self.recipient
        )
    }
}

impl Runner {
    /// A runner for one recipient.
    pub fn new(recipient: RecipientId, adapter: Box<dyn Adapter>, folder: AppendFolder) -> Self {
        Self {
            recipient,
            adapter,
            folder: Arc::new(folder),
        }
    }

    /// Performs one call; None when whether it was done is not known.
    async fn perform(&self, call: Call) -> Option<Vec<(DeliveryId, DeliveryOutcome)>> {
        let folder = Arc::clone(&self.folder);
        let performed = tokio::task::spawn_blocking(move || {
            let reply = match &call {
                Call::Append { file, lines } => folder.append(file, lines),
            };
            (call, reply)
        });
        match performed.await {
            Ok((call, Ok(()))) => Some(self.adapter.judge(&call, Reply::Appended)),
            Ok((call, Err(error))) => {
                tracing::warn!(recipient = %self.recipient, kind = ?error.kind(), "append failed");
                Some(self.adapter.judge(&call, Reply::NotAppended(error.kind())))
            }
            Err(_join) => None,
        }
    }
}

impl Destination for Runner {
    fn recipient(&self) -> &RecipientId {
        &self.recipient
    }

    fn batch(&self) -> Draw {
        self.adapter.manifest().batch
    }

    fn deliver(&self, batch: Vec<Outbound>) -> BoxFuture<'_, Vec<DeliveryOutcome>> {
        Box::pin(async move {
            let mut outcomes = BTreeMap::new();
            // A call after one that failed could overtake a patient's earlier record.
            let mut others = DeliveryOutcome::Unknown;
            for call in self.adapter.plan(&batch) {
                let Some(judged) = self.perform(call).await else {
                    break;
                };
                let delivered = |(_, outcome): &(DeliveryId, DeliveryOutcome)| {
                    *outcome == DeliveryOutcome::Delivered
                };
                let all = judged.iter().all(delivered);
                outcomes.extend(judged);
                if !all {
                    let scope = RetryScope::Recipient;
                    others = DeliveryOutcome::Retry { scope, after: None };
                    break;
                }
            }
            let account = |one: &Outbound| outcomes.remove(&one.id);
            batch
                .iter()
                .map(account)
                .map(|found| found.unwrap_or(others.clone()))
                .collect()
        })
    }
}
