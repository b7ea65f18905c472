//! What became of a request, over real sockets: delivered, answered early, cut, silent, refused,
//! redirected, answered at length; and what a runner makes of it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use isthmus_adapters::adapter::{Adapter, Call, HttpCall, Reply};
use isthmus_adapters::limits::Limits;
use isthmus_adapters::runner::{Runner, RunnerParts};
use isthmus_core::destination::{DeliveryOutcome, Destination, RetryScope};
use isthmus_core::id::RecipientId;
use isthmus_core::phi::Phi;
use tokio::net::TcpListener;

use crate::released::{NOON, outbound};
use crate::runtime::{NoonClock, TokioExecutor};
use crate::scripted_server::{Act, ScriptedServer, client, reply, send, settings};
use crate::scripted_transport::{status, webhook};

const LONG: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(300);

/// What became of one request to a server that does this with it.
async fn sent(act: Act, timeout: Duration) -> (Reply, ScriptedServer) {
    let server = ScriptedServer::start(vec![act]).await;
    let url = server.url();
    let reply = send(&client(settings(&url, timeout)), &url).await;
    (reply, server)
}

#[tokio::test]
async fn the_request_arrives_as_it_was_planned() {
    let (found, server) = sent(Act::Answer(reply("204 No Content", "")), LONG).await;
    assert_eq!(found, status(204));
    let received = server.received();
    let head = &received.heads[0];
    assert!(head.starts_with("POST /hook HTTP/1.1\r\n"), "{head}");
    let Call::Http(planned) = webhook(&server.url()).plan(&[outbound(2)], NOON).remove(0) else {
        panic!("a webhook sends requests");
    };
    for header in &planned.headers {
        let line = format!("\r\n{}: {}\r\n", header.name, header.value);
        assert!(head.contains(&line), "{head}");
    }
    assert_eq!(received.bodies[0], planned.body.reveal().as_ref());
}

#[tokio::test]
async fn a_status_counts_before_and_behind_the_body() {
    let busy = reply("503 Service Unavailable", "");
    let (found, _) = sent(Act::Answer(busy.clone()), LONG).await;
    assert_eq!(found, status(503));
    let (found, _) = sent(Act::AnswerBeforeBody(busy), LONG).await;
    assert_eq!(found, status(503));
}

#[tokio::test]
async fn silence_behind_the_body_is_not_known() {
    let (found, server) = sent(Act::Silence, SHORT).await;
    assert_eq!(found, Reply::Lost("timeout"));
    assert_eq!(server.received().bodies.len(), 1);
}

#[tokio::test]
async fn a_cut_before_the_status_is_not_known_and_behind_it_is() {
    let (found, _) = sent(Act::Reset(String::new()), LONG).await;
    assert_eq!(found, Reply::Lost("cut"));
    let (found, _) = sent(Act::Reset("HTTP/1.1 200 O".to_owned()), LONG).await;
    assert_eq!(found, Reply::Lost("cut"));
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf";
    let (found, _) = sent(Act::Reset(half.to_owned()), LONG).await;
    assert_eq!(found, status(200));
    let (found, _) = sent(Act::Answer("no HTTP at all\r\n\r\n".to_owned()), LONG).await;
    assert_eq!(found, Reply::Lost("cut"));
}

#[tokio::test]
async fn whoever_refuses_the_connection_was_sent_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    drop(listener);
    let found = send(&client(settings(&url, LONG)), &url).await;
    assert_eq!(found, Reply::NotSent("connect"));
}

#[tokio::test]
async fn a_name_that_is_none_was_sent_nothing() {
    let url = "https://nobody.invalid/hook";
    let found = send(&client(settings(url, LONG)), url).await;
    assert_eq!(found, Reply::NotSent("dns"));
}

#[tokio::test]
async fn addresses_inside_are_denied_as_literals_and_as_numbers() {
    let server = ScriptedServer::start(Vec::new()).await;
    let client = client(settings("https://crm.example/", LONG));
    for host in [
        "10.0.0.1",
        "169.254.169.254",
        "[::ffff:10.0.0.1]",
        "[fe80::1]",
        "0.0.0.0",
    ] {
        let url = format!("https://{host}:{}/hook", server.port);
        assert_eq!(
            send(&client, &url).await,
            Reply::NotSent("address-denied"),
            "{host}"
        );
    }
    // Resolvers read these as 127.0.0.1, or know no such name; the text does not say so.
    for host in ["2130706433", "0x7f.1", "127.1"] {
        let url = format!("http://{host}:{}/hook", server.port);
        let found = send(&client, &url).await;
        let is_denied = found == Reply::NotSent("address-denied");
        assert!(
            is_denied || found == Reply::NotSent("dns"),
            "{host}: {found:?}"
        );
    }
    assert_eq!(server.received().connections, 0);
}

#[tokio::test]
async fn whoever_accepts_nothing_in_time_was_sent_nothing() {
    // The handshake of TLS gets no answer.
    let server = ScriptedServer::start(Vec::new()).await;
    let url = format!("https://127.0.0.1:{}/hook", server.port);
    let mut settings = settings(&url, LONG);
    settings.connect_timeout = SHORT;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/hook", silent.local_addr().unwrap());
    let found = send(&client(settings.clone()), &url).await;
    assert_eq!(found, Reply::NotSent("connect-timeout"));
    settings.timeout = SHORT / 2;
    let found = send(&client(settings), &url).await;
    assert_eq!(found, Reply::NotSent("timeout"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = ScriptedServer::start(Vec::new()).await;
    for line in [
        "301 Moved Permanently",
        "302 Found",
        "307 Temporary Redirect",
    ] {
        let to = format!("location: {}\r\n", other.url());
        let (found, _) = sent(Act::Answer(reply(line, &to)), LONG).await;
        let code = line[..3].parse().unwrap();
        assert_eq!(found, status(code));
    }
    assert_eq!(other.received().connections, 0);
}

#[tokio::test]
async fn waits_are_read_in_both_forms() {
    // The clock of the client stands at 2026-03-10T12:00:00Z.
    for (value, wait) in [
        ("120", Some(Duration::from_mins(2))),
        (
            "Tue, 10 Mar 2026 12:02:00 GMT",
            Some(Duration::from_mins(2)),
        ),
        ("later", None),
    ] {
        let header = format!("retry-after: {value}\r\n");
        let answer = reply("429 Too Many Requests", &header);
        let (found, _) = sent(Act::Answer(answer), LONG).await;
        let expected = Reply::Http {
            status: 429,
            retry_after: wait,
        };
        assert_eq!(found, expected, "{value}");
    }
    let twice = reply("503 Busy", "retry-after: 1\r\nretry-after: 2\r\n");
    let (found, _) = sent(Act::Answer(twice), LONG).await;
    assert_eq!(found, status(503));
}

#[tokio::test]
async fn connections_are_used_again_behind_small_replies_alone() {
    let body = |size: usize| {
        let filler = "x".repeat(size);
        Act::Answer(format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n{filler}"
        ))
    };
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let acts = vec![
        body(0),
        body(1000),
        Act::Answer(chunked.to_owned()),
        body(1 << 20),
    ];
    let server = ScriptedServer::start(acts).await;
    let url = server.url();
    let client = client(settings(&url, LONG));
    for _ in 0..4 {
        assert_eq!(send(&client, &url).await, status(200));
    }
    assert_eq!(server.received().connections, 1);
    assert_eq!(send(&client, &url).await, status(200));
    assert_eq!(server.received().connections, 2);
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let endless = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n";
    let server = ScriptedServer::start(vec![Act::Answer(endless.to_owned())]).await;
    let url = server.url();
    let client = client(settings(&url, LONG));
    let found = tokio::time::timeout(LONG / 2, send(&client, &url)).await;
    assert_eq!(found, Ok(status(200)));
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_replaced() {
    let close = reply("200 OK", "connection: close\r\n");
    let server = ScriptedServer::start(vec![Act::AnswerBeforeBody(close), Act::CloseAtOnce]).await;
    let url = server.url();
    let client = client(settings(&url, LONG));
    assert_eq!(send(&client, &url).await, status(200));
    let found = send(&client, &url).await;
    assert!(
        matches!(found, Reply::Lost(_) | Reply::NotSent(_)),
        "{found:?}"
    );
    assert_eq!(send(&client, &url).await, status(200));
}

#[tokio::test]
async fn a_call_of_another_form_is_not_sent() {
    let server = ScriptedServer::start(Vec::new()).await;
    let url = server.url();
    let client = client(settings(&url, LONG));
    for (method, url) in [("PO ST", &*url), ("POST", "http://a b/")] {
        let call = HttpCall {
            method,
            url: url.into(),
            headers: Vec::new(),
            body: Phi::new(Bytes::from_static(b"{}")),
            records: Vec::new(),
        };
        assert_eq!(client.send(&call).await, Reply::NotSent("unsendable"));
    }
    assert_eq!(server.received().connections, 0);
}

#[tokio::test]
async fn a_runner_delivers_and_stops_when_the_recipient_is_gone() {
    let server = ScriptedServer::start(vec![
        Act::Answer(reply("200 OK", "")),
        Act::Answer(reply("410 Gone", "")),
    ])
    .await;
    let url = server.url();
    let runner = Runner::new(RunnerParts {
        recipient: RecipientId::new("clinic"),
        adapter: Box::new(webhook(&url)),
        transport: Box::new(client(settings(&url, LONG))),
        limits: Limits::default(),
        seed: 1,
        clock: Arc::new(NoonClock),
        executor: Arc::new(TokioExecutor),
    });
    assert_eq!(runner.ready().await, 16);
    let outcomes = runner.deliver(vec![outbound(1)]).await;
    assert_eq!(outcomes, [DeliveryOutcome::Delivered]);
    let again = |code: &str| DeliveryOutcome::Retry {
        scope: RetryScope::Recipient,
        after: None,
        code: code.to_owned(),
    };
    assert_eq!(runner.deliver(vec![outbound(2)]).await, [again("http-410")]);
    let stopped = DeliveryOutcome::NotTried {
        code: "stopped".to_owned(),
    };
    assert_eq!(runner.deliver(vec![outbound(3)]).await, [stopped]);
    assert_eq!(server.received().bodies.len(), 2);
}
