//! One MLLP connection from its first byte to its last, over any stream. Accepting connections and
//! TLS are in `listener`.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::{mpsc, watch};

use crate::answer_window::AnswerWindow;
use crate::answer_writer::AnswerWriter;
use crate::connection_entry::Entry;
use crate::frame_reader::{End, FrameReader};
use crate::listener_config::Bounds;
use crate::peer::Peer;
use crate::seams::{Seams, within};
use crate::standing::Standing;

/// Bytes in the only frame that a peer bound to no sender may send, to be told that it is not.
const UNBOUND_FRAME_BYTES: usize = 64 << 10;

/// How long a peer has to notice the end of a connection that it did not close itself. Closing at
/// once, with bytes unread, would make the system take the last acknowledgement back.
const LINGER: Duration = Duration::from_secs(2);

/// Serves one connection until the peer closes it, breaks the protocol or a bound, or `stop` turns
/// true; then everything that came in whole is answered first.
///
/// Messages are given to the store in the order in which they come, without waiting for each
/// other, and answered in that order. When the store refuses one and takes the next, the sender is
/// told so for each; one that needs strict order does not send the next before the answer.
///
/// A peer that is bound to no sender gets one refusal, and the connection closes; it has
/// `chunk_seconds_max` for all of it.
pub async fn serve<S>(
    stream: S,
    peer: &Peer,
    seams: &Seams,
    bounds: &Bounds,
    stop: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let standing = Standing::of(peer, &seams.terms);
    let is_unbound = standing.is_unbound();
    let mut bounds = *bounds;
    if is_unbound {
        tracing::info!(peer = %peer.address, "a peer is bound to no sender; it will be refused");
        seams.counters.connections_unbound.one();
        bounds.frame_bytes_max = bounds.frame_bytes_max.min(UNBOUND_FRAME_BYTES);
    }
    let (entry, late) = Entry::new(&seams.connections, peer);
    let (reading, writing) = tokio::io::split(stream);
    let most = bounds.frames_in_flight_max as usize;
    let queued = (most / 8).max(1);
    let (answers, questions) = mpsc::channel(queued);
    let reader = FrameReader {
        stream: reading,
        peer,
        standing,
        seams,
        entry: &entry,
        bounds,
        answers,
    };
    let window = AnswerWindow::new(most.saturating_sub(queued).max(1));
    let writer = AnswerWriter {
        stream: writing,
        seams,
        entry: &entry,
        bounds,
        window,
    };
    let conversation = async { tokio::join!(reader.run(stop), writer.run(questions, late)).0 };
    let executor = seams.executor.as_ref();
    let (mut rest, end) = if is_unbound {
        let Some(refused) = within(executor, bounds.chunk(), conversation).await else {
            return;
        };
        refused
    } else {
        conversation.await
    };
    if end == End::Early {
        let mut unread = vec![0; 16 << 10];
        let drained = async { while rest.read(&mut unread).await.is_ok_and(|count| count > 0) {} };
        within(executor, LINGER, drained).await;
    }
}
