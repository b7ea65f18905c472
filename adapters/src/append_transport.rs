//! A folder as the means to perform calls: appends run beside the runtime, for they wait for the
//! disk. What is appended and how is in `append_file`.

use std::sync::Arc;

use isthmus_core::future::BoxFuture;

use crate::adapter::{Call, Reply};
use crate::append_file::AppendFolder;
use crate::transport::Transport;

/// Performs appends in one folder.
#[derive(Debug)]
pub struct AppendTransport {
    folder: Arc<AppendFolder>,
}

impl AppendTransport {
    /// Appends to the files of this folder.
    pub fn new(folder: AppendFolder) -> Self {
        Self {
            folder: Arc::new(folder),
        }
    }
}

impl Transport for AppendTransport {
    fn perform(&self, call: Arc<Call>) -> BoxFuture<'_, Reply> {
        let folder = Arc::clone(&self.folder);
        Box::pin(async move {
            let performed = tokio::task::spawn_blocking(move || match call.as_ref() {
                Call::Append { file, lines } => folder.append(file, lines),
                Call::Http(_)
                | Call::Amqp(_)
                | Call::Mllp(_)
                | Call::File(_)
                | Call::Unsendable(_) => Err(std::io::ErrorKind::Unsupported.into()),
            });
            match performed.await {
                Ok(Ok(())) => Reply::Appended,
                Ok(Err(error)) => Reply::NotAppended(error.kind()),
                Err(_join) => Reply::Lost("interrupted"),
            }
        })
    }
}
