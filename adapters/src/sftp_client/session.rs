//! `Session`, requests to an SFTP server and their answers, each within a stated time. An answer is
//! matched by its number, so that none is ever taken for that of another request.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use isthmus_core::executor::Executor;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::sftp_client::packet::{ANSWER_BYTES_MAX, Answer, OK, Request, hello};

/// Why a request was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The server said no, with this number; the session goes on.
    Refused(u32),
    /// The connection is not used again, for the cause of this code.
    Broken(&'static str),
}

impl Fault {
    /// The code by which an attempt is told of. The numbers are those of section 7 of the draft.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Refused(2) => "no-folder",
            Self::Refused(3) => "not-writable",
            // There is no number for a full disk.
            Self::Refused(_) => "server-failure",
            Self::Broken(code) => code,
        }
    }
}

/// A conversation over one stream.
pub(crate) struct Session<S> {
    stream: S,
    limit: Duration,
    executor: Arc<dyn Executor>,
    next_id: u32,
    /// The requests without an answer, oldest first.
    asked: VecDeque<u32>,
    /// Whether files can be brought to the disk.
    pub(crate) has_sync: bool,
    /// Whether a file can take another's place.
    pub(crate) has_replace: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Begins the conversation.
    pub(crate) async fn begin(
        stream: S,
        limit: Duration,
        executor: Arc<dyn Executor>,
    ) -> Result<Self, Fault> {
        let mut session = Self {
            stream,
            limit,
            executor,
            next_id: 1,
            asked: VecDeque::new(),
            has_sync: false,
            has_replace: false,
        };
        session.send(&hello()).await?;
        let Some((_, answer)) = Answer::read(&session.packet().await?) else {
            return Err(Fault::Broken("sftp-unreadable"));
        };
        let Answer::Hello {
            has_sync,
            has_replace,
        } = answer
        else {
            return Err(Fault::Broken("sftp-unreadable"));
        };
        session.has_sync = has_sync;
        session.has_replace = has_replace;
        Ok(session)
    }

    /// Sends a request; its answer is that of [`Self::answered`], behind those of earlier ones.
    pub(crate) async fn ask(&mut self, request: Request<'_>) -> Result<(), Fault> {
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        self.asked.push_back(id);
        self.send(&request.packet(id)).await
    }

    /// The answer to the oldest request that has none. Servers may answer in another order, but
    /// those that do were asked about different files, and we are in one file at a time.
    pub(crate) async fn answered(&mut self) -> Result<Answer, Fault> {
        let id = self.asked.pop_front();
        let read = Answer::read(&self.packet().await?);
        match read {
            Some((of, answer)) if Some(of) == id => Ok(answer),
            _ => Err(Fault::Broken("sftp-unreadable")),
        }
    }

    /// The answer to the oldest request, when it is that it was done.
    pub(crate) async fn done(&mut self) -> Result<(), Fault> {
        match self.answered().await? {
            Answer::Status(OK) => Ok(()),
            Answer::Status(number) => Err(Fault::Refused(number)),
            Answer::Hello { .. } | Answer::Handle(_) | Answer::Attributes { .. } => {
                Err(Fault::Broken("sftp-unreadable"))
            }
        }
    }

    /// Asks, and waits until it is done.
    pub(crate) async fn perform(&mut self, request: Request<'_>) -> Result<(), Fault> {
        self.ask(request).await?;
        self.done().await
    }

    /// Makes a new file.
    pub(crate) async fn open_new(&mut self, path: &str, mode: u32) -> Result<Vec<u8>, Fault> {
        self.ask(Request::OpenNew(path, mode)).await?;
        match self.answered().await? {
            Answer::Handle(handle) => Ok(handle),
            Answer::Status(number) if number != OK => Err(Fault::Refused(number)),
            Answer::Status(_) | Answer::Hello { .. } | Answer::Attributes { .. } => {
                Err(Fault::Broken("sftp-unreadable"))
            }
        }
    }

    /// Whether a path is a folder; none when the server does not say what it is.
    pub(crate) async fn is_folder(&mut self, path: &str) -> Result<Option<bool>, Fault> {
        self.ask(Request::Look(path)).await?;
        match self.answered().await? {
            Answer::Attributes { is_folder } => Ok(is_folder),
            Answer::Status(number) if number != OK => Err(Fault::Refused(number)),
            Answer::Status(_) | Answer::Hello { .. } | Answer::Handle(_) => {
                Err(Fault::Broken("sftp-unreadable"))
            }
        }
    }

    async fn send(&mut self, packet: &[u8]) -> Result<(), Fault> {
        let stream = &mut self.stream;
        let sent = async {
            stream.write_all(packet).await?;
            stream.flush().await
        };
        tokio::select! {
            sent = sent => sent.map_err(|_cut| Fault::Broken("cut")),
            () = self.executor.sleep(self.limit) => Err(Fault::Broken("timeout")),
        }
    }

    /// What stands behind the length of the next packet.
    async fn packet(&mut self) -> Result<Vec<u8>, Fault> {
        let stream = &mut self.stream;
        let read = async {
            let cut = |_error| Fault::Broken("cut");
            let length = stream.read_u32().await.map_err(cut)?;
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            if length > ANSWER_BYTES_MAX {
                return Err(Fault::Broken("sftp-unreadable"));
            }
            let mut packet = vec![0; length];
            stream.read_exact(&mut packet).await.map_err(cut)?;
            Ok(packet)
        };
        tokio::select! {
            read = read => read,
            () = self.executor.sleep(self.limit) => Err(Fault::Broken("timeout")),
        }
    }
}
