//! A folder as the means to place files: beside the runtime, for it waits for the disk, and within
//! a stated time. What placing is, is in `drop_folder`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use tokio::sync::Mutex;

use crate::adapter::{Call, Reply};
use crate::drop_folder::{DropFault, DropFolder};
use crate::transport::Transport;

/// Places files in one folder.
pub struct DropTransport {
    folder: Arc<DropFolder>,
    /// Held while a file is written, also by a write that nobody waits for any more: two at once
    /// could write the same file.
    writing: Arc<Mutex<()>>,
    limit: Duration,
    executor: Arc<dyn Executor>,
}

impl fmt::Debug for DropTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DropTransport").field(&self.folder).finish()
    }
}

impl DropTransport {
    /// Drops files into this folder, each within the limit.
    pub fn new(folder: DropFolder, limit: Duration, executor: Arc<dyn Executor>) -> Self {
        Self {
            folder: Arc::new(folder),
            writing: Arc::default(),
            limit,
            executor,
        }
    }

    async fn place(&self, call: Arc<Call>) -> Reply {
        // A disk of the network that hangs keeps its turn, and nothing is begun behind it.
        let turn = tokio::select! {
            turn = Arc::clone(&self.writing).lock_owned() => turn,
            () = self.executor.sleep(self.limit) => return Reply::NotSent("disk-hangs"),
        };
        let folder = Arc::clone(&self.folder);
        let placing = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            match call.as_ref() {
                Call::File(call) => folder.place(call),
                Call::Append { .. }
                | Call::Http(_)
                | Call::Amqp(_)
                | Call::Mllp(_)
                | Call::Unsendable(_) => Err(DropFault::NotPlaced("unsendable")),
            }
        });
        let placed = tokio::select! {
            placed = placing => placed,
            () = self.executor.sleep(self.limit) => return Reply::Lost("disk-hangs"),
        };
        match placed {
            Ok(Ok(())) => Reply::Placed,
            Ok(Err(DropFault::NotPlaced(code))) => Reply::NotPlaced(code),
            Ok(Err(DropFault::Unsure(code))) => Reply::Lost(code),
            Err(_join) => Reply::Lost("interrupted"),
        }
    }
}

impl Transport for DropTransport {
    fn perform(&self, call: Arc<Call>) -> BoxFuture<'_, Reply> {
        Box::pin(self.place(call))
    }
}
