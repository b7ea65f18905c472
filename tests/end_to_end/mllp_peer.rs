//! A peer of the gateway's plain MLLP port that can misbehave: it writes any bytes and shows the
//! answers as they came; what should come is said in the tests.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// The longest that an answer is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

const START: u8 = 0x0B;
const END: u8 = 0x1C;

/// A message in its MLLP frame.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    [&[START], message, &[END, b'\r']].concat()
}

/// One connection.
pub(crate) struct MllpPeer {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// An acknowledgement as it came.
pub(crate) struct Answer {
    /// The bytes between the start and the end block.
    pub(crate) bytes: Vec<u8>,
}

impl MllpPeer {
    /// Connects.
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).unwrap())
    }

    /// Speaks on a connection that is there.
    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self {
            stream,
            unread: Vec::new(),
        }
    }

    /// Another handle to the connection, for writing while this one reads.
    pub(crate) fn writer(&self) -> TcpStream {
        self.stream.try_clone().unwrap()
    }

    /// Writes bytes as they are.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Closes the writing half.
    pub(crate) fn end(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Sends a message and waits for its answer.
    pub(crate) fn exchange(&mut self, message: &[u8]) -> Answer {
        self.write(&framed(message));
        self.answer().expect("the connection closed without answer")
    }

    /// The next answer; none when the gateway closed the connection, in whatever way.
    pub(crate) fn answer(&mut self) -> Option<Answer> {
        loop {
            let end = self.unread.iter().position(|&byte| byte == END);
            if let Some(end) = end.filter(|end| self.unread.len() > end + 1) {
                let frame: Vec<u8> = self.unread.drain(..end + 2).collect();
                assert_eq!((frame[0], frame[end + 1]), (START, b'\r'), "no MLLP frame");
                let bytes = frame[1..end].to_vec();
                return Some(Answer { bytes });
            }
            let mut chunk = [0; 4096];
            match self.stream.read(&mut chunk) {
                Ok(0) => return None,
                Ok(count) => self.unread.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("no answer: {error}"),
            }
        }
    }
}

impl Answer {
    /// A field of the first segment of that name, as it stands there; empty when it is absent.
    pub(crate) fn field(&self, segment: &str, number: usize) -> String {
        let text = String::from_utf8_lossy(&self.bytes).into_owned();
        let line = text.split('\r').find(|line| line.starts_with(segment));
        let field = line.and_then(|line| line.split('|').nth(number));
        field.unwrap_or_default().to_owned()
    }

    /// MSA-1.
    pub(crate) fn code(&self) -> String {
        self.field("MSA", 1)
    }

    /// MSA-2.
    pub(crate) fn control_id(&self) -> String {
        self.field("MSA", 2)
    }
}
