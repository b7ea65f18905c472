//! An HTTP server on loopback that does what its script says, over plain sockets, so that it can
//! misbehave; and a client that sends it webhooks.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use isthmus_adapters::adapter::{Adapter, Call, HttpCall, Reply};
use isthmus_adapters::http_client::client::{HttpClient, HttpSettings};
use isthmus_core::executor::Executor;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::released::{NOON, outbound};
use crate::runtime::{NoonClock, TokioExecutor};
use crate::scripted_transport::{config, webhook};

/// What the server does with one request.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Reads it whole and answers so.
    Answer(String),
    /// Reads its head, answers so, and closes.
    AnswerBeforeBody(String),
    /// Reads it whole and says nothing.
    Silence,
    /// Reads it whole, answers so and closes with a reset.
    Reset(String),
    /// Closes as soon as the connection is there.
    CloseAtOnce,
}

/// A reply with this status line, headers and an empty body.
pub(crate) fn reply(line: &str, headers: &str) -> String {
    format!("HTTP/1.1 {line}\r\n{headers}content-length: 0\r\n\r\n")
}

/// What the server got.
#[derive(Debug, Clone, Default)]
pub(crate) struct Received {
    /// The heads of the requests, in order.
    pub(crate) heads: Vec<String>,
    /// The bodies, in order.
    pub(crate) bodies: Vec<Vec<u8>>,
    /// How many connections there were.
    pub(crate) connections: usize,
}

pub(crate) struct ScriptedServer {
    pub(crate) port: u16,
    pub(crate) received: Arc<Mutex<Received>>,
}

impl ScriptedServer {
    /// A server that goes through the acts and then answers 200.
    pub(crate) async fn start(acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let received: Arc<Mutex<Received>> = Arc::default();
        let (acts, seen) = (
            Arc::new(Mutex::new(VecDeque::from(acts))),
            Arc::clone(&received),
        );
        let serve = async move {
            while let Ok((stream, _)) = listener.accept().await {
                seen.lock().unwrap().connections += 1;
                let (acts, seen) = (Arc::clone(&acts), Arc::clone(&seen));
                TokioExecutor.spawn("connection", Box::pin(connection(stream, acts, seen)));
            }
        };
        TokioExecutor.spawn("server", Box::pin(serve));
        Self { port, received }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    pub(crate) fn received(&self) -> Received {
        self.received.lock().unwrap().clone()
    }
}

async fn connection(
    mut stream: TcpStream,
    acts: Arc<Mutex<VecDeque<Act>>>,
    seen: Arc<Mutex<Received>>,
) {
    loop {
        let first = acts.lock().unwrap().front().cloned();
        if matches!(first, Some(Act::CloseAtOnce)) {
            acts.lock().unwrap().pop_front();
            stream.set_zero_linger().unwrap();
            return;
        }
        let Some((head, rest)) = read_head(&mut stream).await else {
            return;
        };
        let act = acts.lock().unwrap().pop_front();
        let act = act.unwrap_or_else(|| Act::Answer(reply("200 OK", "")));
        if let Act::AnswerBeforeBody(answer) = &act {
            stream.write_all(answer.as_bytes()).await.unwrap();
            seen.lock().unwrap().heads.push(head);
            return;
        }
        let body = read_body(&mut stream, &head, rest).await;
        seen.lock().unwrap().heads.push(head);
        seen.lock().unwrap().bodies.push(body);
        match act {
            Act::Answer(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
            Act::Reset(answer) => {
                stream.write_all(answer.as_bytes()).await.unwrap();
                TokioExecutor.sleep(Duration::from_millis(50)).await;
                stream.set_zero_linger().unwrap();
                return;
            }
            Act::Silence => TokioExecutor.sleep(Duration::from_mins(1)).await,
            Act::AnswerBeforeBody(_) | Act::CloseAtOnce => return,
        }
    }
}

/// The head of a request and what was read behind it.
pub(crate) async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = bytes.split_off(at + 4);
            return Some((String::from_utf8(bytes).unwrap(), rest));
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

pub(crate) async fn read_body(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    head: &str,
    mut body: Vec<u8>,
) -> Vec<u8> {
    let lines = head.lines();
    let length = lines
        .filter_map(|line| line.strip_prefix("content-length: "))
        .find_map(|length| length.parse::<usize>().ok())
        .unwrap();
    while body.len() < length {
        assert!(stream.read_buf(&mut body).await.unwrap() > 0);
    }
    body
}

/// The settings of a client for this URL, which waits for replies no longer than this.
pub(crate) fn settings(url: &str, timeout: Duration) -> HttpSettings {
    HttpSettings {
        timeout,
        ..config(url).http_settings(Path::new(""))
    }
}

pub(crate) fn client(settings: HttpSettings) -> HttpClient {
    HttpClient::new(settings, Arc::new(NoonClock), Arc::new(TokioExecutor)).unwrap()
}

/// Sends one webhook to this URL, whatever a configuration would say to it.
pub(crate) async fn send(client: &HttpClient, url: &str) -> Reply {
    let planned = webhook("https://crm.example/").plan(&[outbound(2)], NOON);
    match planned.into_iter().next() {
        Some(Call::Http(call)) => {
            let url = url.into();
            client.send(&HttpCall { url, ..call }).await
        }
        Some(
            Call::Append { .. }
            | Call::Amqp(_)
            | Call::Mllp(_)
            | Call::File(_)
            | Call::Unsendable(_),
        )
        | None => {
            panic!("a webhook sends requests")
        }
    }
}
