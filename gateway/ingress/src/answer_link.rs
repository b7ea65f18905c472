//! `AnswerLink`, one connection of ours to a sender's own listener, on which it is told what it is
//! owed. When that is done, and what follows, is decided in `sender_lines` and `answer_loop`.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use isthmus_core::executor::Executor;
use isthmus_hl7v2::acknowledgment::Acknowledgment;
use isthmus_hl7v2::framing::{FrameDecoder, encode};
use isthmus_hl7v2::message::Message;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::answer_route::AnswerRoute;
use crate::answer_ways::{Telling, Told};
use crate::counters::Counters;
use crate::open_connections::meaning;
use crate::seams::within;

/// How long it may take to connect, with the handshake.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// How long the peer may leave unread what we write.
const WRITE_MAX: Duration = Duration::from_secs(30);
/// How long the peer's acknowledgements may take; then the connection is closed, so that a late one
/// is taken for none of a later answer.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(30);
/// The longest acknowledgement that is read.
const ACKNOWLEDGEMENT_BYTES_MAX: usize = 64 << 10;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A connection to a sender's listener.
pub(crate) struct AnswerLink {
    /// By which it came about; another one after a reload.
    pub(crate) route: Arc<AnswerRoute>,
    stream: Box<dyn Stream>,
    frames: FrameDecoder,
}

impl fmt::Debug for AnswerLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnswerLink({:?})", self.route)
    }
}

impl AnswerLink {
    /// Connects.
    pub(crate) async fn connect(
        route: &Arc<AnswerRoute>,
        executor: &dyn Executor,
    ) -> io::Result<Self> {
        let connected = within(executor, CONNECT_MAX, open(route)).await;
        Ok(Self {
            route: Arc::clone(route),
            stream: connected.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))?,
            frames: FrameDecoder::new(ACKNOWLEDGEMENT_BYTES_MAX),
        })
    }

    /// Whether the peer has not closed it meanwhile: what is written then would be lost unseen.
    /// What came while nothing was awaited is nobody's.
    pub(crate) async fn is_open(&mut self, counters: &Counters) -> bool {
        let mut chunk = [0; 4096];
        loop {
            let read = tokio::select! {
                biased;
                read = self.stream.read(&mut chunk) => read,
                () = std::future::ready(()) => return true,
            };
            match read {
                Ok(count) if count > 0 => {
                    self.frames.push(chunk.get(..count).unwrap_or_default());
                    while let Ok(Some(_frame)) = self.frames.next() {
                        counters.acknowledgements_foreign.one();
                    }
                }
                Ok(_) | Err(_) => return false,
            }
        }
    }

    /// Tells these answers, and reads what the peer says of those that ask for it. False beside
    /// the results when the connection must not be used again.
    pub(crate) async fn tell(
        &mut self,
        answers: &[&Telling],
        executor: &dyn Executor,
        counters: &Counters,
    ) -> (Vec<Told>, bool) {
        let mut told = vec![Told::NotNow; answers.len()];
        let mut bytes = Vec::new();
        for answer in answers {
            encode(answer.bytes.reveal(), &mut bytes);
        }
        let written = async {
            self.stream.write_all(&bytes).await?;
            self.stream.flush().await
        };
        if !matches!(within(executor, WRITE_MAX, written).await, Some(Ok(()))) {
            return (told, false);
        }
        let mut awaited = Vec::new();
        for (place, (answer, told)) in answers.iter().zip(&mut told).enumerate() {
            if answer.accept {
                awaited.push((answer.control_id.as_str(), place));
            } else {
                *told = Told::Heard;
            }
        }
        let heard = self.hear(awaited, &mut told, counters);
        let is_whole = within(executor, ANSWER_MAX, heard).await == Some(true);
        (told, is_whole)
    }

    /// Reads acknowledgements until nothing is awaited any more; false when the line ended before.
    async fn hear(
        &mut self,
        mut awaited: Vec<(&str, usize)>,
        told: &mut [Told],
        counters: &Counters,
    ) -> bool {
        let mut chunk = [0; 4096];
        while !awaited.is_empty() {
            match self.frames.next() {
                Ok(Some(frame)) => {
                    let Some((place, said)) = of_awaited(frame.payload, &mut awaited) else {
                        tracing::warn!("an acknowledgement of nothing that is awaited came");
                        counters.acknowledgements_foreign.one();
                        continue;
                    };
                    counters.acknowledgements_heard.one();
                    if let Some(told) = told.get_mut(place) {
                        *told = said;
                    }
                }
                Ok(None) => match self.stream.read(&mut chunk).await {
                    Ok(count) if count > 0 => {
                        self.frames.push(chunk.get(..count).unwrap_or_default());
                    }
                    Ok(_) | Err(_) => return false,
                },
                Err(_broken) => return false,
            }
        }
        true
    }
}

/// Which of the awaited answers a frame acknowledges, and how; it is awaited no longer.
fn of_awaited(payload: Vec<u8>, awaited: &mut Vec<(&str, usize)>) -> Option<(usize, Told)> {
    let message = Message::parse(payload).ok()?;
    let acknowledgment = Acknowledgment::read(&message).ok()?;
    let mut ids = awaited.iter();
    let found = ids.position(|(control_id, _)| *control_id == acknowledgment.control_id)?;
    let (_, place) = awaited.swap_remove(found);
    Some((place, meaning(acknowledgment.code)))
}

async fn open(route: &AnswerRoute) -> io::Result<Box<dyn Stream>> {
    let plain = TcpStream::connect((route.host.as_str(), route.port)).await?;
    plain.set_nodelay(true)?;
    let Some((name, config)) = &route.tls else {
        return Ok(Box::new(plain));
    };
    let connector = TlsConnector::from(Arc::clone(config));
    Ok(Box::new(connector.connect(name.clone(), plain).await?))
}
