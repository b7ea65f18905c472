//! How a file comes to its place at a server: written under a hidden name, brought to the disk,
//! renamed. Nobody sees it under its own name before it is whole.

use tokio::io::{AsyncRead, AsyncWrite};

use crate::file_call::FileCall;
use crate::sftp_client::packet::{Request, WRITE_BYTES_MAX};
use crate::sftp_client::session::{Fault, Session};
use crate::sftp_url::SftpUrl;

/// How many writes may be without an answer at once: enough to fill a line, few enough that their
/// answers never wait for us to read them.
const WRITES_MAX: usize = 32;

/// Why a file is not known to be in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UploadFault {
    /// Nothing of it left.
    NotSent(Fault),
    /// The server said no, or was lost, before it could have its name.
    NotPlaced(Fault),
    /// The server was lost when it was asked to give it its name.
    Unsure(Fault),
}

impl UploadFault {
    /// Whether the session can be used again.
    pub(crate) const fn leaves_session(self) -> bool {
        let (Self::NotSent(fault) | Self::NotPlaced(fault) | Self::Unsure(fault)) = self;
        matches!(fault, Fault::Refused(_))
    }
}

/// Puts a file into its place.
pub(crate) async fn upload<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    url: &SftpUrl,
    call: &FileCall,
    mode: u32,
) -> Result<(), UploadFault> {
    let unfinished = url.path(&call.unfinished_name());
    let handle = opened(session, &unfinished, mode)
        .await
        .map_err(UploadFault::NotSent)?;
    let written = written(session, &handle, call.content.reveal()).await;
    if let Err(fault) = written {
        return Err(UploadFault::NotPlaced(
            cleared(session, &unfinished, fault).await,
        ));
    }
    named(session, &unfinished, &url.path(&call.name)).await
}

/// Makes the file anew. What lies there was left by an earlier attempt, or is a link that must not
/// be followed; a server that still writes to it writes to what nobody finds.
async fn opened<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    path: &str,
    mode: u32,
) -> Result<Vec<u8>, Fault> {
    let first = session.open_new(path, mode).await;
    // Version 3 has no number for a file that is there.
    let Err(Fault::Refused(_)) = first else {
        return first;
    };
    match session.perform(Request::Remove(path)).await {
        Ok(()) => session.open_new(path, mode).await,
        // Nothing lay there, so it was refused for another cause.
        Err(Fault::Refused(_)) => first,
        Err(broken) => Err(broken),
    }
}

/// Writes all of it, brings it to the disk where that is offered, and closes it.
async fn written<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    handle: &[u8],
    content: &[u8],
) -> Result<(), Fault> {
    let mut refused = None;
    let mut unanswered = 0_usize;
    let mut offset = 0_u64;
    for piece in content.chunks(WRITE_BYTES_MAX) {
        if unanswered == WRITES_MAX {
            keep(&mut refused, session.done().await)?;
            unanswered = unanswered.saturating_sub(1);
        }
        if refused.is_some() {
            break;
        }
        session.ask(Request::Write(handle, offset, piece)).await?;
        unanswered = unanswered.saturating_add(1);
        offset = offset.saturating_add(piece.len() as u64);
    }
    if session.has_sync {
        session.ask(Request::Sync(handle)).await?;
        unanswered = unanswered.saturating_add(1);
    }
    session.ask(Request::Close(handle)).await?;
    for _ in 0..=unanswered {
        keep(&mut refused, session.done().await)?;
    }
    refused.map_or(Ok(()), Err)
}

/// Remembers the first refusal, so that the answers behind it are read all the same.
fn keep(refused: &mut Option<Fault>, done: Result<(), Fault>) -> Result<(), Fault> {
    match done {
        Err(fault @ Fault::Refused(_)) => {
            refused.get_or_insert(fault);
            Ok(())
        }
        other => other,
    }
}

/// Takes away what cannot be finished, where the server still listens; tells why it is so.
async fn cleared<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    path: &str,
    fault: Fault,
) -> Fault {
    if matches!(fault, Fault::Broken(_)) {
        return fault;
    }
    match session.perform(Request::Remove(path)).await {
        Err(broken @ Fault::Broken(_)) => broken,
        Ok(()) | Err(Fault::Refused(_)) => fault,
    }
}

/// Gives the file its name. An earlier attempt's file of that name gives way: at once where the
/// server can do that, else it is taken away first, so that at no time a half one is there.
async fn named<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    from: &str,
    to: &str,
) -> Result<(), UploadFault> {
    let asked = if session.has_replace {
        session.perform(Request::Replace(from, to)).await
    } else {
        match session.perform(Request::Rename(from, to)).await {
            Err(Fault::Refused(_)) => replaced(session, from, to).await,
            other => other,
        }
    };
    match asked {
        Ok(()) => Ok(()),
        Err(fault @ Fault::Broken(_)) => Err(UploadFault::Unsure(fault)),
        Err(fault) => Err(UploadFault::NotPlaced(cleared(session, from, fault).await)),
    }
}

async fn replaced<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    from: &str,
    to: &str,
) -> Result<(), Fault> {
    session.perform(Request::Remove(to)).await?;
    session.perform(Request::Rename(from, to)).await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use bytes::Bytes;
    use isthmus_core::executor::Executor;
    use isthmus_core::future::BoxFuture;
    use isthmus_core::id::DeliveryId;
    use isthmus_core::phi::Phi;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;
    use crate::file_call::FileForm;

    /// Nobody's time runs out.
    struct Patient;

    impl Executor for Patient {
        fn spawn(&self, _name: &'static str, _task: BoxFuture<'static, ()>) {}

        fn sleep(&self, _time: Duration) -> BoxFuture<'static, ()> {
            Box::pin(std::future::pending())
        }

        fn monotonic(&self) -> Duration {
            Duration::ZERO
        }
    }

    /// What a server answers to a request of this kind, of which there were so many before; nothing
    /// when it leaves.
    type Script = fn(kind: u8, count: usize, id: [u8; 4]) -> Vec<u8>;

    fn framed(body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap();
        [&length.to_be_bytes(), body].concat()
    }

    fn status(id: [u8; 4], number: u8) -> Vec<u8> {
        framed(&[&[101], &id[..], &[0, 0, 0, number]].concat())
    }

    /// A server that does what it is asked.
    fn willing(kind: u8, _count: usize, id: [u8; 4]) -> Vec<u8> {
        match kind {
            3 => framed(&[&[102], &id[..], &[0, 0, 0, 1, b'h']].concat()),
            _ => status(id, 0),
        }
    }

    /// Answers by the script until it says nothing more; gives the kinds of the requests.
    async fn serve(mut stream: DuplexStream, script: Script) -> Vec<u8> {
        let mut kinds = Vec::new();
        while let Ok(length) = stream.read_u32().await {
            let mut packet = vec![0; usize::try_from(length).unwrap()];
            stream.read_exact(&mut packet).await.unwrap();
            let kind = packet[0];
            let answer = if kind == 1 {
                let offered = ["fsync@openssh.com", "posix-rename@openssh.com"];
                let mut hello = vec![2, 0, 0, 0, 3];
                for name in offered {
                    hello.extend([0, 0, 0, u8::try_from(name.len()).unwrap()]);
                    hello.extend(name.bytes());
                    hello.extend([0, 0, 0, 1, b'1']);
                }
                framed(&hello)
            } else {
                let before: Vec<&u8> = kinds.iter().filter(|one| **one == kind).collect();
                let count = before.len();
                kinds.push(kind);
                script(kind, count, packet[1..5].try_into().unwrap())
            };
            if answer.is_empty() {
                break;
            }
            stream.write_all(&answer).await.unwrap();
        }
        kinds
    }

    /// What came of an upload of so many bytes, and which requests it made.
    async fn uploaded(bytes: usize, script: Script) -> (Result<(), UploadFault>, Vec<u8>) {
        let (ours, theirs) = duplex(1 << 20);
        let call = FileCall {
            name: "a.hl7".to_owned(),
            content: Phi::new(Bytes::from(vec![b'x'; bytes])),
            form: FileForm::Hl7v2,
            look_first: false,
            record: DeliveryId::from_bytes([1; 16]),
        };
        let url = SftpUrl::parse("sftp://me@lab.example/in").unwrap();
        let send = async {
            let session = Session::begin(ours, Duration::ZERO, Arc::new(Patient)).await;
            upload(&mut session.unwrap(), &url, &call, 0o640).await
        };
        tokio::join!(send, serve(theirs, script))
    }

    #[tokio::test]
    async fn a_file_is_written_synced_closed_and_then_named() {
        let (outcome, kinds) = uploaded(70_000, willing).await;
        assert_eq!(outcome, Ok(()));
        assert_eq!(kinds, [3, 6, 6, 6, 200, 4, 200]);
        // More writes than may be without an answer.
        let (outcome, kinds) = uploaded(100 * WRITE_BYTES_MAX, willing).await;
        assert_eq!((outcome, kinds.len()), (Ok(()), 104));
    }

    #[tokio::test]
    async fn what_is_refused_is_taken_away_and_never_named() {
        // A full disk at the second write, at the sync, or when the file is closed.
        let full: [(Script, usize); 3] = [
            (
                |kind, count, id| match (kind, count) {
                    (6, 1) => status(id, 4),
                    _ => willing(kind, count, id),
                },
                100 * WRITE_BYTES_MAX,
            ),
            (
                |kind, count, id| match (kind, count) {
                    (200, 0) => status(id, 4),
                    _ => willing(kind, count, id),
                },
                1,
            ),
            (
                |kind, count, id| match kind {
                    4 => status(id, 4),
                    _ => willing(kind, count, id),
                },
                1,
            ),
        ];
        for (script, bytes) in full {
            let (outcome, kinds) = uploaded(bytes, script).await;
            let fault = UploadFault::NotPlaced(Fault::Refused(4));
            assert_eq!(outcome, Err(fault));
            assert!(fault.leaves_session());
            assert_eq!(kinds.last(), Some(&13), "{kinds:?}");
            assert!(kinds.len() < 60, "it stops early: {}", kinds.len());
        }
    }

    #[tokio::test]
    async fn a_server_that_is_lost_is_told_by_what_it_could_have_done() {
        let (outcome, _) = uploaded(1, |kind, count, id| match kind {
            3 => Vec::new(),
            _ => willing(kind, count, id),
        })
        .await;
        assert_eq!(outcome, Err(UploadFault::NotSent(Fault::Broken("cut"))));
        let (outcome, _) = uploaded(1, |kind, count, id| match kind {
            4 => Vec::new(),
            _ => willing(kind, count, id),
        })
        .await;
        assert_eq!(outcome, Err(UploadFault::NotPlaced(Fault::Broken("cut"))));
        let (outcome, _) = uploaded(1, |kind, count, id| match (kind, count) {
            (200, 1) => Vec::new(),
            _ => willing(kind, count, id),
        })
        .await;
        let unsure = UploadFault::Unsure(Fault::Broken("cut"));
        assert_eq!(outcome, Err(unsure));
        assert!(!unsure.leaves_session());
    }

    #[tokio::test]
    async fn what_is_no_answer_to_the_request_ends_the_session() {
        let wrong: [Script; 4] = [
            |_, _, _| status([9, 9, 9, 9], 0),
            |_, _, id| framed(&[&[104], &id[..]].concat()),
            |_, _, _| framed(&[]),
            |_, _, _| u32::MAX.to_be_bytes().to_vec(),
        ];
        for script in wrong {
            let (outcome, _) = uploaded(1, script).await;
            let fault = Fault::Broken("sftp-unreadable");
            assert_eq!(outcome, Err(UploadFault::NotSent(fault)));
        }
    }
}
