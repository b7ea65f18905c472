//! One HTTP connection from its first byte to its last, over any stream. What becomes of one
//! request is in `http_exchange`, accepting connections and TLS are in `listener`.

use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use crate::http_exchange::exchange;
use crate::http_timer::HttpTimer;
use crate::listener_config::Bounds;
use crate::peer::Peer;
use crate::seams::{Seams, within};

/// Bytes that are read ahead of what is taken, and the longest head of a request: as much as an
/// MLLP connection holds without a share of the budget, twice.
const BUFFER_BYTES: usize = 32 << 10;

/// Serves one connection until the peer closes it or breaks a bound, or `stop` turns true; then the
/// request that is under way is answered first.
///
/// It speaks HTTP/1.1, one request after the other, as "HL7 over HTTP" has it: whoever wants
/// several messages under way opens several connections. One on which no request begins is closed
/// after `idle_seconds_max`, or `chunk_seconds_max` where none is stated.
pub async fn serve<S>(
    stream: S,
    peer: &Peer,
    seams: &Seams,
    bounds: &Bounds,
    mut stop: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(|request| exchange(request, peer, seams, bounds));
    let mut protocol = http1::Builder::new();
    protocol
        .timer(HttpTimer(Arc::clone(&seams.executor)))
        .max_buf_size(BUFFER_BYTES)
        .header_read_timeout(bounds.idle().unwrap_or_else(|| bounds.chunk()));
    let connection = protocol.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        biased;
        _ = stop.wait_for(|stopping| *stopping) => None,
        ended = connection.as_mut() => Some(ended),
    };
    let ended = if let Some(ended) = ended {
        ended
    } else {
        connection.as_mut().graceful_shutdown();
        let rest = bounds.chunk().saturating_add(bounds.store());
        let last = within(seams.executor.as_ref(), rest, connection.as_mut());
        last.await.unwrap_or(Ok(()))
    };
    if let Err(error) = ended {
        // Its text is the crate's own, without a byte of what was sent.
        tracing::info!(peer = %peer.address, %error, "an HTTP connection ended early");
        seams.counters.frames_broken.one();
    }
}
