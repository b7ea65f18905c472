//! A receiver of HL7 v2 messages on loopback that does what its script says, over plain sockets, so
//! that it can misbehave; and destinations that send to it, as small as they can be.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use isthmus_adapters::limits::Limits;
use isthmus_adapters::mllp::config::MllpDestinationConfig;
use isthmus_adapters::mllp::destination::Mllp;
use isthmus_adapters::mllp_client::client::MllpClient;
use isthmus_adapters::runner::{Runner, RunnerParts};
use isthmus_core::destination::{DeliveryOutcome, Destination, Outbound, RetryScope};
use isthmus_core::executor::Executor;
use isthmus_core::id::RecipientId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::released::{NOON, outbound_of};
use crate::runtime::{NoonClock, TokioExecutor};

/// One thing that the peer does with a message; `{id}` in bytes is the message's MSH-10.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Sends bytes as they are.
    Send(Vec<u8>),
    /// Sends these bytes in pieces of such lengths, each by itself, and then the rest.
    Pieces(Vec<u8>, Vec<usize>),
    /// Waits.
    Wait(Duration),
    /// Closes with a reset.
    Reset,
    /// Closes in order.
    Close,
    /// Says nothing more and does not close.
    Silence,
}

/// A frame around an answer.
pub(crate) fn framed(text: &str) -> Vec<u8> {
    [b"\x0b", text.as_bytes(), b"\x1c\r"].concat()
}

/// An answer with this code to the message of that id.
pub(crate) fn ack(code: &str, id: &str) -> Vec<u8> {
    framed(&format!(
        "MSH|^~\\&|LAB|NORTH|ISTHMUS|GATEWAY|20260310120001||ACK^A08^ACK|A1|P|2.5.1\r\
         MSA|{code}|{id}\r"
    ))
}

/// The answer that a receiver gives.
pub(crate) fn accepted() -> Vec<Act> {
    vec![Act::Send(ack("AA", "{id}"))]
}

/// What the peer got.
#[derive(Debug, Clone, Default)]
pub(crate) struct Received {
    /// The messages, each with the number of its connection from 1.
    pub(crate) messages: Vec<(usize, String)>,
    /// How many connections there were.
    pub(crate) connections: usize,
}

impl Received {
    /// MSH-10 of the messages.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.messages.iter().map(|(_, text)| id_of(text)).collect()
    }

    /// By which connection each message came.
    pub(crate) fn ways(&self) -> Vec<usize> {
        self.messages.iter().map(|(way, _)| *way).collect()
    }
}

fn id_of(message: &str) -> String {
    message.split('|').nth(9).unwrap().to_owned()
}

type Script = Arc<Mutex<VecDeque<Vec<Act>>>>;

/// The peer.
pub(crate) struct Peer {
    pub(crate) port: u16,
    received: Arc<Mutex<Received>>,
}

impl Peer {
    /// A peer that goes through the script, one entry a message, and then accepts everything.
    pub(crate) async fn start(script: Vec<Vec<Act>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::over(listener, script)
    }

    /// The same at a socket that is there.
    pub(crate) fn over(listener: TcpListener, script: Vec<Vec<Act>>) -> Self {
        let port = listener.local_addr().unwrap().port();
        let received: Arc<Mutex<Received>> = Arc::default();
        let script: Script = Arc::new(Mutex::new(script.into()));
        let seen = Arc::clone(&received);
        let serve = async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = {
                    let mut seen = seen.lock().unwrap();
                    seen.connections += 1;
                    seen.connections
                };
                let serve = connection(stream, number, Arc::clone(&script), Arc::clone(&seen));
                TokioExecutor.spawn("connection", Box::pin(serve));
            }
        };
        TokioExecutor.spawn("peer", Box::pin(serve));
        Self { port, received }
    }

    pub(crate) fn received(&self) -> Received {
        self.received.lock().unwrap().clone()
    }
}

async fn connection(
    mut stream: TcpStream,
    number: usize,
    script: Script,
    seen: Arc<Mutex<Received>>,
) {
    stream.set_nodelay(true).unwrap();
    let mut bytes = Vec::new();
    loop {
        let end = loop {
            if let Some(at) = bytes.windows(2).position(|two| two == b"\x1c\r") {
                break at;
            }
            match stream.read_buf(&mut bytes).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        };
        let rest = bytes.split_off(end + 2);
        let frame = std::mem::replace(&mut bytes, rest);
        assert_eq!(frame[0], 0x0b);
        let message = String::from_utf8(frame[1..end].to_vec()).unwrap();
        let id = id_of(&message);
        seen.lock().unwrap().messages.push((number, message));
        let acts = script.lock().unwrap().pop_front();
        for act in acts.unwrap_or_else(accepted) {
            if !perform(&mut stream, act, &id).await {
                return;
            }
        }
    }
}

/// Does one thing; false when the connection ends with it.
async fn perform(stream: &mut TcpStream, act: Act, id: &str) -> bool {
    // The other side may have closed by now, which is its business.
    match act {
        Act::Send(bytes) => drop(stream.write_all(&filled(&bytes, id)).await),
        Act::Pieces(bytes, lengths) => {
            let bytes = filled(&bytes, id);
            let mut rest = &bytes[..];
            for length in lengths {
                let (piece, behind) = rest.split_at(length.min(rest.len()));
                rest = behind;
                drop(stream.write_all(piece).await);
                TokioExecutor.sleep(Duration::from_millis(2)).await;
            }
            drop(stream.write_all(rest).await);
        }
        Act::Wait(time) => TokioExecutor.sleep(time).await,
        Act::Reset => {
            stream.set_zero_linger().unwrap();
            return false;
        }
        Act::Close => return false,
        Act::Silence => TokioExecutor.sleep(Duration::from_mins(2)).await,
    }
    true
}

/// The bytes with the id in its place.
pub(crate) fn filled(bytes: &[u8], id: &str) -> Vec<u8> {
    match bytes.windows(4).position(|four| four == b"{id}") {
        Some(at) => [&bytes[..at], id.as_bytes(), &bytes[at + 4..]].concat(),
        None => bytes.to_vec(),
    }
}

/// A sound configuration with these members beside or instead of its own.
pub(crate) fn config(members: &str) -> MllpDestinationConfig {
    let sound = r#"{"recipient": "clinic", "url": "mllps://lab.example:2576",
        "sending_application": "ISTHMUS", "sending_facility": "GATEWAY",
        "receiving_application": "LAB", "receiving_facility": "NORTH"}"#;
    let mut all: serde_json::Value = serde_json::from_str(sound).unwrap();
    let members: serde_json::Value = serde_json::from_str(&format!("{{{members}}}")).unwrap();
    let members = members.as_object().unwrap().clone();
    all.as_object_mut().unwrap().extend(members);
    serde_json::from_value(all).unwrap()
}

/// Its adapter.
pub(crate) fn mllp(members: &str) -> Mllp {
    Mllp::new(&config(members)).unwrap()
}

/// A delivery of an update of a patient of this name.
pub(crate) fn update(number: u8, family: &str) -> Outbound {
    let record = serde_json::json!({
        "type": "ADT", "event": "A08", "structure": "ADT_A01",
        "segments": {"EVN": {"2": "20260310120000"},
                     "PID": {"3": [{"1": "1", "5": "MR"}], "5": {"1": family, "2": "Tessa"}}},
    });
    outbound_of(number, &record.to_string())
}

/// A client of a port of this machine that waits for answers for this long.
pub(crate) fn client(members: &str, port: u16, patience: Duration) -> MllpClient {
    client_with(members, port, patience, Arc::new(TokioExecutor))
}

/// The same with a time of its own.
pub(crate) fn client_with(
    members: &str,
    port: u16,
    patience: Duration,
    executor: Arc<dyn Executor>,
) -> MllpClient {
    let url = format!(r#""url": "mllp://127.0.0.1:{port}"{members}"#);
    let mut settings = config(&url).client_settings(Path::new("")).unwrap();
    settings.answer_timeout = patience;
    MllpClient::new(settings, executor).unwrap()
}

/// A destination that sends to a port of this machine.
pub(crate) fn runner(members: &str, port: u16, patience: Duration) -> Runner {
    let members = if members.is_empty() {
        String::new()
    } else {
        format!(", {members}")
    };
    runner_over(client(&members, port, patience), &members)
}

/// A destination over this client.
pub(crate) fn runner_over(client: MllpClient, members: &str) -> Runner {
    let members = members.trim_start_matches(", ");
    Runner::new(RunnerParts {
        recipient: RecipientId::new("clinic"),
        adapter: Box::new(mllp(members)),
        transport: Box::new(client),
        limits: Limits::default(),
        seed: 1,
        clock: Arc::new(NoonClock),
        executor: Arc::new(TokioExecutor),
    })
}

/// Hands one delivery over and tells how it fared.
pub(crate) async fn deliver(runner: &Runner, number: u8) -> DeliveryOutcome {
    runner
        .deliver(vec![update(number, "Marlow")])
        .await
        .remove(0)
}

pub(crate) fn unknown(code: &str) -> DeliveryOutcome {
    let code = code.to_owned();
    DeliveryOutcome::Unknown { code }
}

pub(crate) fn refused(code: &str) -> DeliveryOutcome {
    let code = code.to_owned();
    DeliveryOutcome::Refused { code }
}

pub(crate) fn again(scope: RetryScope, code: &str) -> DeliveryOutcome {
    let (after, code) = (None, code.to_owned());
    DeliveryOutcome::Retry { scope, after, code }
}

/// MSH-10 of a delivery in the version that destinations here have.
pub(crate) fn control_id(number: u8) -> String {
    let id = outbound_of(number, "{}").id.to_string();
    assert_eq!(NOON.day(), "2026-03-10");
    id[..20].to_owned()
}
