//! An MLLP client that waits for nothing and remembers nothing.

use isthmus_hl7v2::acknowledgment::{Acknowledgment, AcknowledgmentCode};
use isthmus_hl7v2::framing::{FrameDecoder, encode};
use isthmus_hl7v2::message::Message;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

pub(crate) struct Client<S> {
    pub(crate) stream: S,
    frames: FrameDecoder,
}

/// The bytes of one frame.
pub(crate) fn framed(message: impl AsRef<[u8]>) -> Vec<u8> {
    let mut frame = Vec::new();
    encode(message.as_ref(), &mut frame);
    frame
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            frames: FrameDecoder::new(1 << 20),
        }
    }

    pub(crate) async fn send(&mut self, message: impl AsRef<[u8]>) {
        self.send_bytes(&framed(message)).await;
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// The next answer as text; none when the gateway has closed.
    pub(crate) async fn answer_text(&mut self) -> Option<String> {
        loop {
            if let Some(frame) = self.frames.next().unwrap() {
                return Some(String::from_utf8(frame.payload).unwrap());
            }
            let mut chunk = [0; 4096];
            match self.stream.read(&mut chunk).await {
                Ok(count) if count > 0 => self.frames.push(&chunk[..count]),
                _ => return None,
            }
        }
    }

    /// Code and MSA-2 of the next answer.
    pub(crate) async fn answer(&mut self) -> (AcknowledgmentCode, String) {
        let text = self.answer_text().await.expect("an answer");
        let message = Message::parse(text).unwrap();
        let answer = Acknowledgment::read(&message).unwrap();
        (answer.code, answer.control_id)
    }

    /// Sends a message and gives the code of its answer.
    pub(crate) async fn ask(&mut self, message: impl AsRef<[u8]>) -> AcknowledgmentCode {
        self.send(message).await;
        self.answer().await.0
    }

    /// Whether the gateway closes without another answer.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.answer_text().await.is_none()
    }
}
