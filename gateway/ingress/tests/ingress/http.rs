//! HL7 over HTTP: what a sender is told by status and by acknowledgement.

use std::time::Duration;

use isthmus_core::executor::Executor;
use isthmus_core::refusal::{Reason, Refusal};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::fake_intake::{Act, FakeIntake};
use crate::messages::{Msh, NORTH, admission};
use crate::rig::Rig;
use crate::runtime::TokioExecutor;

const POST: &str = "POST /hl7 HTTP/1.1\r\nHost: bridge\r\nContent-Type: application/hl7-v2";

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

/// A request that states its length.
pub(crate) fn post(message: &str) -> String {
    format!(
        "{POST}; charset=utf-8\r\nContent-Length: {}\r\n\r\n{message}",
        message.len()
    )
}

/// The next response; none when the gateway closed.
pub(crate) async fn response(stream: &mut DuplexStream) -> Option<Response> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break String::from_utf8(bytes.drain(..end + 4).collect()).unwrap();
        }
        let byte = stream.read_u8().await.ok()?;
        bytes.push(byte);
    };
    let status = head[9..12].parse().unwrap();
    let length = head.to_lowercase();
    let length = length.split("content-length: ").nth(1);
    let length = length.map_or(0, |rest| {
        rest.split("\r\n").next().unwrap().parse().unwrap()
    });
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let body = String::from_utf8(body).unwrap();
    Some(Response { status, head, body })
}

async fn ask(stream: &mut DuplexStream, request: &str) -> Response {
    stream.write_all(request.as_bytes()).await.unwrap();
    response(stream).await.expect("a response")
}

#[tokio::test]
async fn a_stored_message_is_acknowledged_in_the_response() {
    let rig = Rig::new();
    let mut stream = rig.connect_http();
    for control_id in ["N-1", "N-2"] {
        let answer = ask(&mut stream, &post(&admission(control_id))).await;
        assert_eq!(answer.status, 200);
        assert!(answer.head.contains("content-type: application/hl7-v2\r\n"));
        assert!(
            answer.body.contains(&format!("\rMSA|AA|{control_id}\r")),
            "{answer:?}"
        );
    }
    assert_eq!(rig.intake.texts(), [admission("N-1"), admission("N-2")]);
    assert_eq!(rig.seams.counters.accepted.get(), 2);
}

#[tokio::test]
async fn a_message_in_pieces_of_unknown_length_is_one_message() {
    let rig = Rig::new();
    let message = admission("N1");
    let (one, two) = message.split_at(40);
    let chunked = format!(
        "{POST}\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n",
        one.len(),
        two.len()
    );
    let answer = ask(&mut rig.connect_http(), &chunked).await;
    assert!(answer.body.contains("MSA|AA|N1"), "{answer:?}");
    assert_eq!(rig.intake.texts(), [message]);
}

#[tokio::test]
async fn what_is_refused_is_told_in_the_acknowledgement() {
    let unavailable = Act::Refuse(Refusal::retry(Reason::StoreUnavailable));
    let rig = Rig::with_intake(FakeIntake::doing([unavailable]));
    let mut stream = rig.connect_http();
    let answer = ask(&mut stream, &post(&admission("N1"))).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("MSA|AE|N1\rERR|||207^"), "{answer:?}");
    let answer = ask(&mut stream, &post("no message")).await;
    assert!(answer.body.contains("MSA|AR"), "{answer:?}");
    let answer = ask(&mut stream, &post("")).await;
    assert!(answer.body.contains("MSA|AR"), "{answer:?}");
    let foreign = admission("N2").replace("NORTHADT", "OTHER");
    let answer = ask(&mut stream, &post(&foreign)).await;
    assert!(
        answer.body.contains("MSA|AR|N2\rERR||MSH^1^3|204^"),
        "{answer:?}"
    );
    assert!(rig.intake.stored().is_empty());
}

#[tokio::test]
async fn a_sender_that_wants_no_acknowledgement_gets_an_empty_response() {
    let rig = Rig::new();
    let message = Msh {
        accept: "NE",
        ..Msh::default()
    };
    let answer = ask(&mut rig.connect_http(), &post(&message.message())).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert_eq!(rig.intake.stored().len(), 1);
}

#[tokio::test]
async fn requests_that_hold_no_message_are_told_so() {
    let rig = Rig::new();
    let mut stream = rig.connect_http();
    let answer = ask(&mut stream, "GET /hl7 HTTP/1.1\r\nHost: bridge\r\n\r\n").await;
    assert_eq!(answer.status, 405);
    assert!(answer.head.contains("allow: POST\r\n"), "{answer:?}");
    let form = post("a=b").replace("application/hl7-v2", "application/json");
    let answer = ask(&mut stream, &form).await;
    assert_eq!(answer.status, 415);
    assert!(answer.body.contains("application/hl7-v2"), "{answer:?}");
    let answer = ask(&mut stream, &post(&admission("N1"))).await;
    assert_eq!(answer.status, 200);
    // Two lengths, or one that is none: nobody knows where the message ends.
    let smuggled = POST.to_owned() + "\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd";
    let answer = ask(&mut rig.connect_http(), &smuggled).await;
    assert_eq!(answer.status, 400);
    let endless =
        post(&admission("N1")).replace("Host: ", &format!("X: {}\r\nHost: ", "x".repeat(63 << 10)));
    let answer = ask(&mut rig.connect_http(), &endless).await;
    assert_eq!(answer.status, 431);
    assert_eq!(rig.intake.stored().len(), 1);
}

#[tokio::test]
async fn a_body_beyond_the_bound_is_refused_and_the_connection_closed() {
    let rig = Rig::new();
    let limit = rig.bounds.frame_bytes_max;
    let stated = format!(
        "{POST}\r\nContent-Length: {}\r\n\r\n{}",
        limit + 1,
        admission("N1")
    );
    let mut stream = rig.connect_http();
    let answer = ask(&mut stream, &stated).await;
    assert_eq!(answer.status, 413);
    assert!(answer.body.contains("MSA|AR"), "{answer:?}");
    assert!(answer.head.contains("connection: close\r\n"), "{answer:?}");
    assert_eq!(response(&mut stream).await, None);
    let chunk = format!("{}{}", admission("N1"), "x".repeat(limit));
    let endless = format!(
        "{POST}\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{chunk}\r\n",
        chunk.len()
    );
    let (mut reading, mut writing) = tokio::io::split(rig.connect_http());
    let sending = async move { drop(writing.write_all(endless.as_bytes()).await) };
    let mut answer = String::new();
    let receiving = reading.read_to_string(&mut answer);
    // The end of a connection with bytes unread may come as an error.
    let (_ended, ()) = tokio::join!(receiving, sending);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("MSA|AR|N1\r"), "{answer}");
    assert!(rig.intake.stored().is_empty());
    assert_eq!(rig.seams.counters.refused.of(Reason::Oversize).get(), 2);
}

#[tokio::test]
async fn a_peer_that_is_bound_to_no_sender_is_forbidden() {
    let rig = Rig::with_senders(NORTH);
    let mut stream = rig.connect_http_as("192.0.2.7");
    let answer = ask(&mut stream, &post(&admission("N1"))).await;
    assert_eq!(answer.status, 403);
    assert!(rig.intake.stored().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_falls_silent_in_a_message_is_told_and_cut_off() {
    let rig = Rig::new();
    let mut stream = rig.connect_http();
    let half = format!("{POST}\r\nContent-Length: 500\r\n\r\n{}", admission("N1"));
    let answer = ask(&mut stream, &half).await;
    assert_eq!(answer.status, 408);
    assert!(answer.body.contains("MSA|AR|N1"), "{answer:?}");
    assert_eq!(response(&mut stream).await, None);
    // No acknowledgement is wanted; that it did not come in is told all the same.
    let never = Msh {
        accept: "NE",
        ..Msh::default()
    };
    let half = format!("{POST}\r\nContent-Length: 500\r\n\r\n{}", never.message());
    let answer = ask(&mut rig.connect_http(), &half).await;
    assert_eq!((answer.status, answer.body.as_str()), (408, ""));
    let mut idle = rig.connect_http();
    assert_eq!(response(&mut idle).await, None);
    assert!(rig.intake.stored().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_silent_store_is_told_as_unavailable() {
    let rig = Rig::with_intake(FakeIntake::doing([Act::StaySilent]));
    let answer = ask(&mut rig.connect_http(), &post(&admission("N1"))).await;
    assert!(answer.body.contains("MSA|AE|N1\rERR|||207^"), "{answer:?}");
}

#[tokio::test]
async fn a_stop_answers_what_is_under_way_and_closes() {
    let rig = Rig::new();
    let mut stream = rig.connect_http();
    let message = admission("N1");
    let request = post(&message);
    let (first, rest) = request.split_at(request.len() - 10);
    stream.write_all(first.as_bytes()).await.unwrap();
    let mut idle = rig.connect_http();
    TokioExecutor.sleep(Duration::from_millis(50)).await;
    rig.stop.send_replace(true);
    stream.write_all(rest.as_bytes()).await.unwrap();
    let answer = response(&mut stream).await.unwrap();
    assert!(answer.body.contains("MSA|AA|N1"), "{answer:?}");
    assert_eq!(response(&mut stream).await, None);
    assert_eq!(response(&mut idle).await, None);
}
