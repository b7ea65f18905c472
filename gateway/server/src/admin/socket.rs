//! The admin socket of a running gateway: a Unix socket beside the store, for the owner of the
//! store and for root alone, told by the peer's credentials; one line of JSON asks, one answers.
//! What is answered is found out at the `desk`.

use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use isthmus_core::executor::Executor;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

use crate::admin::desk::Desk;
use crate::admin::request::Request;
use crate::failure::Failure;

/// The longest question, in bytes.
const REQUEST_MAX: u64 = 16 << 20;

/// How many questions may be asked at once; whoever asks one more waits.
const AT_ONCE: usize = 32;

/// What comes back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reply {
    /// The answer.
    Answer(Value),
    /// It did not work.
    Failed {
        /// Why.
        text: String,
        /// The exit code of the command.
        exit_code: u8,
    },
}

/// The socket, listening.
pub(crate) struct AdminSocket {
    listener: UnixListener,
    path: PathBuf,
    owner: u32,
}

impl AdminSocket {
    /// Listens at this path, in place of a socket that an earlier run left behind: whoever calls
    /// this holds the lock of the store, so no other gateway listens there.
    ///
    /// # Errors
    /// When the socket cannot be made, or something else is there. A path of more than about 100
    /// bytes is too long for one.
    pub(crate) fn bind(path: &Path) -> io::Result<Self> {
        match std::fs::symlink_metadata(path) {
            Ok(there) if there.file_type().is_socket() => std::fs::remove_file(path)?,
            Ok(_) => {
                let text = "something that is no socket is there already";
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        let owner = std::fs::metadata(path)?.uid();
        Ok(Self {
            listener,
            path: path.to_owned(),
            owner,
        })
    }

    /// Answers until the task is dropped.
    pub(crate) async fn run(self, desk: Arc<Desk>, executor: Arc<dyn Executor>) {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        loop {
            // Never closed, so there is always a place in the end.
            let place = Arc::clone(&places).acquire_owned().await;
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let Some(by) = self.who(&stream) else {
                        tracing::warn!("a user without the right asked at the admin socket");
                        continue;
                    };
                    let desk = Arc::clone(&desk);
                    let answering = async move {
                        exchange(stream, desk, by).await;
                        drop(place);
                    };
                    executor.spawn("admin", Box::pin(answering));
                }
                Err(error) => {
                    tracing::warn!(%error, "the admin socket does not accept");
                    executor.sleep(std::time::Duration::from_secs(1)).await;
                }
            }
        }
    }

    /// Who is there, when they may ask.
    fn who(&self, stream: &UnixStream) -> Option<String> {
        let uid = stream.peer_cred().ok()?.uid();
        (uid == 0 || uid == self.owner).then(|| format!("uid {uid}"))
    }
}

impl Drop for AdminSocket {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, "the admin socket was gone before it was taken away");
        }
    }
}

/// Answers one question. Whoever goes away before the answer does not want it.
async fn exchange(stream: UnixStream, desk: Arc<Desk>, by: String) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    let mut limited = (&mut stream).take(REQUEST_MAX);
    if limited.read_until(b'\n', &mut line).await.is_err() {
        return;
    }
    let reply = match serde_json::from_slice::<Request>(&line) {
        Ok(request) => reply(desk, request, by).await,
        // The error's text could quote what was asked.
        Err(_unreadable) => Reply::Failed {
            text: "the question cannot be read; command and gateway are of different versions"
                .to_owned(),
            exit_code: 1,
        },
    };
    let mut bytes = serde_json::to_vec(&reply).unwrap_or_default();
    bytes.push(b'\n');
    if let Err(error) = stream.write_all(&bytes).await {
        tracing::debug!(%error, "whoever asked went away");
    }
}

/// Reading a store blocks, so it is done aside.
async fn reply(desk: Arc<Desk>, request: Request, by: String) -> Reply {
    let handle = tokio::runtime::Handle::current();
    let answering = tokio::task::spawn_blocking(move || {
        handle.block_on(async move { desk.answer(request, &by).await })
    });
    let failed = |failure: Failure| Reply::Failed {
        exit_code: failure.exit_code(),
        text: failure.to_string(),
    };
    match answering.await {
        Ok(Ok(answer)) => Reply::Answer(answer),
        Ok(Err(failure)) => failed(failure),
        Err(_panic) => failed(Failure::Run(
            "the question could not be answered".to_owned(),
        )),
    }
}
