//! `Receiver`, a sample recipient: an HTTPS server on loopback that hands signed requests to its
//! book. What the answers depend on is told there.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper::header::{HeaderValue, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use isthmus_adapters::standard_webhooks::{ID, SIGNATURE, SignedHeaders, TIMESTAMP};
use isthmus_core::clock::Clock;
use isthmus_core::executor::Executor;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use crate::demo::receiver_book::{ReceiverBook, Verdict};
use crate::failure::Failure;
use crate::system::{SystemClock, TokioExecutor};

/// The longest body that is read, in bytes.
const BODY_MAX: usize = 64 << 10;
/// Connections at once.
const CONNECTIONS_MAX: usize = 64;
/// The longest that a handshake may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// How long a gateway is asked to wait while this recipient is away, in seconds.
const RETRY_AFTER_SECONDS: &str = "1";

/// A port that is open and not yet served.
#[derive(Debug)]
pub(crate) struct ReceiverPort {
    listener: TcpListener,
    /// Where.
    pub(crate) address: SocketAddr,
}

impl ReceiverPort {
    /// Opens any free port of loopback.
    pub(crate) async fn open() -> Result<Self, Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.map_err(Failure::run)?;
        let address = listener.local_addr().map_err(Failure::run)?;
        Ok(Self { listener, address })
    }

    /// Serves it in tasks of its own until `stopping` says so or its sender is gone.
    pub(crate) fn serve(
        self,
        book: Arc<ReceiverBook>,
        tls: Arc<ServerConfig>,
        stopping: watch::Receiver<bool>,
    ) {
        let receiver = Receiver {
            book,
            acceptor: TlsAcceptor::from(tls),
            executor: TokioExecutor::new(),
            stopping,
        };
        let task = receiver.clone().accept(self.listener);
        receiver.executor.spawn("sample-recipient", Box::pin(task));
    }
}

/// What every connection is given.
#[derive(Clone)]
struct Receiver {
    book: Arc<ReceiverBook>,
    acceptor: TlsAcceptor,
    executor: TokioExecutor,
    stopping: watch::Receiver<bool>,
}

impl Receiver {
    async fn accept(mut self, listener: TcpListener) {
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        loop {
            let Ok(place) = Arc::clone(&room).acquire_owned().await else {
                return;
            };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ended = self.stopping.changed() => return,
            };
            let Ok((stream, _)) = accepted else {
                // Out of descriptors, most likely: the next moment may be better.
                self.executor.sleep(Duration::from_millis(100)).await;
                continue;
            };
            let receiver = self.clone();
            let task = async move {
                receiver.converse(stream).await;
                drop(place);
            };
            self.executor
                .spawn("sample-recipient-connection", Box::pin(task));
        }
    }

    /// Answers the requests of one connection.
    async fn converse(mut self, stream: TcpStream) {
        drop(stream.set_nodelay(true));
        let shaken = tokio::select! {
            shaken = self.acceptor.accept(stream) => shaken,
            () = self.executor.sleep(HANDSHAKE_MAX) => return,
        };
        let Ok(stream) = shaken else {
            tracing::debug!("no TLS with a sample recipient");
            return;
        };
        let book = Arc::clone(&self.book);
        let service = service_fn(move |request| answer(Arc::clone(&book), request));
        let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::select! {
            served = served => if served.is_err() {
                tracing::debug!("a connection to a sample recipient broke");
            },
            _ended = self.stopping.changed() => {}
        }
    }
}

async fn answer(
    book: Arc<ReceiverBook>,
    request: Request<Incoming>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    if head.method != Method::POST {
        return Ok(reply(StatusCode::METHOD_NOT_ALLOWED));
    }
    let Ok(body) = Limited::new(body, BODY_MAX).collect().await else {
        return Ok(reply(StatusCode::PAYLOAD_TOO_LARGE));
    };
    let header = |name: &str| head.headers.get(name)?.to_str().ok();
    let headers = || {
        Some(SignedHeaders {
            id: header(ID)?,
            timestamp: header(TIMESTAMP)?,
            signature: header(SIGNATURE)?,
        })
    };
    let verdict = book.take(headers().as_ref(), &body.to_bytes(), SystemClock.now());
    Ok(match verdict {
        Verdict::Taken => reply(StatusCode::NO_CONTENT),
        Verdict::Unsigned => reply(StatusCode::UNAUTHORIZED),
        Verdict::Unreadable => reply(StatusCode::BAD_REQUEST),
        Verdict::Refused => reply(StatusCode::UNPROCESSABLE_ENTITY),
        Verdict::Away => {
            let mut away = reply(StatusCode::SERVICE_UNAVAILABLE);
            let wait = HeaderValue::from_static(RETRY_AFTER_SECONDS);
            drop(away.headers_mut().insert(RETRY_AFTER, wait));
            away
        }
    })
}

fn reply(status: StatusCode) -> Response<Empty<Bytes>> {
    let mut reply = Response::new(Empty::new());
    *reply.status_mut() = status;
    reply
}
