//! A recipient of webhooks as a test needs one: HTTP/1.1 on loopback, answers by script, and every
//! request remembered with its time, head and body. What should arrive is said in the tests.

use std::hash::{BuildHasher, RandomState};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use serde_json::Value;

/// The longest that anything is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// When its first byte was read.
    pub(crate) began: Instant,
    /// The request line and the headers.
    pub(crate) head: Vec<u8>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// What the recipient does once it has read a request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Answers with this status and these header lines.
    Status(u16, Vec<String>),
    /// Closes the connection without an answer.
    Cut,
    /// Says nothing for this long, then closes.
    Silence(Duration),
}

impl Reply {
    /// A status alone.
    pub(crate) const fn status(status: u16) -> Self {
        Self::Status(status, Vec::new())
    }
}

type Script = dyn Fn(&Request) -> Reply + Send + Sync;

struct Shared {
    requests: Mutex<Vec<Request>>,
    script: Mutex<Arc<Script>>,
}

/// A recipient that listens until the test ends.
pub(crate) struct Receiver {
    /// Where.
    pub(crate) address: SocketAddr,
    /// What requests to it are signed with.
    pub(crate) secret: String,
    shared: Arc<Shared>,
}

impl Request {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let head = String::from_utf8_lossy(&self.head).into_owned();
        let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        let mut found = lines.filter(|(one, _)| one.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.trim().to_owned())
    }

    /// The header `webhook-id`.
    pub(crate) fn id(&self) -> String {
        self.header("webhook-id").expect("a request without an id")
    }

    /// The event in the body.
    pub(crate) fn event(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The record in the event.
    pub(crate) fn record(&self) -> Value {
        self.event()["data"]["record"].clone()
    }
}

impl Receiver {
    /// A recipient that takes everything.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            requests: Mutex::default(),
            script: Mutex::new(Arc::new(|_: &Request| Reply::status(200))),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, serving) = (stream.unwrap(), Arc::clone(&serving));
                std::thread::spawn(move || serve(stream, &serving));
            }
        });
        Self {
            address,
            secret: new_secret(),
            shared,
        }
    }

    /// From now on answers so. The script may block: its request stays without an answer as long.
    pub(crate) fn answers(&self, script: impl Fn(&Request) -> Reply + Send + Sync + 'static) {
        *self.shared.script.lock().unwrap() = Arc::new(script);
    }

    /// Everything that came, in the order in which it was read whole.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// Waits until what came is as wished.
    pub(crate) fn wait_for(&self, what: &str, done: impl Fn(&[Request]) -> bool) -> Vec<Request> {
        let start = Instant::now();
        loop {
            let requests = self.requests();
            if done(&requests) {
                return requests;
            }
            let count = requests.len();
            assert!(
                start.elapsed() < PATIENCE,
                "waited in vain for {what}; {count} requests came"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Reads requests off a connection and answers them until either side closes.
fn serve(mut stream: TcpStream, shared: &Shared) {
    while let Some(request) = read(&mut stream) {
        shared.requests.lock().unwrap().push(request.clone());
        let script = Arc::clone(&shared.script.lock().unwrap());
        match script(&request) {
            Reply::Status(status, headers) => {
                let headers = [&headers[..], &[String::new()]].concat().join("\r\n");
                let answer =
                    format!("HTTP/1.1 {status} Scripted\r\ncontent-length: 0\r\n{headers}\r\n");
                if stream.write_all(answer.as_bytes()).is_err() {
                    return;
                }
            }
            Reply::Cut => return,
            Reply::Silence(time) => return std::thread::sleep(time),
        }
    }
}

/// The next request; None when there is none.
fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut began = None;
    let mut chunk = [0; 16 * 1024];
    loop {
        let head = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let (Some(head), Some(began)) = (head, began) {
            let mut request = Request {
                began,
                head: bytes[..head + 2].to_vec(),
                body: Vec::new(),
            };
            let length = request.header("content-length");
            let length: usize = length.expect("a body of stated length").parse().unwrap();
            if bytes.len() >= head + 4 + length {
                request.body = bytes.split_off(head + 4);
                assert_eq!(request.body.len(), length, "a request upon another");
                return Some(request);
            }
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return None,
            Ok(count) => {
                began.get_or_insert_with(Instant::now);
                bytes.extend_from_slice(&chunk[..count]);
            }
        }
    }
}

/// A secret as recipients are given one: 32 bytes that nobody else knows.
pub(crate) fn new_secret() -> String {
    let words = (0..4).map(|word| RandomState::new().hash_one(word).to_be_bytes());
    let bytes: Vec<u8> = words.flatten().collect();
    format!("whsec_{}", BASE64.encode(&bytes))
}

/// What a script waits at until the test opens it.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// Lets all through, from now on.
    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    /// Waits until it is open.
    pub(crate) fn pass(&self) {
        let closed = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(closed, |is_open| !*is_open).unwrap());
    }
}
