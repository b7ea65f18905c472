//! MLLP over TLS: whom the client trusts, how it proves who it is, and what is not TLS. That there
//! is TLS at all is what others sell: nextgenhealthcare/connect 653 and 6530,
//! jembi/openhim-core-js 327.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use isthmus_adapters::mllp_client::client::MllpClient;
use isthmus_adapters::mllp_client::settings::MllpSettings;
use isthmus_adapters::mllp_url::MllpUrl;
use isthmus_core::destination::{DeliveryOutcome, RetryScope};
use isthmus_core::executor::Executor;
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::mllp_peer::{ack, again, config, control_id, deliver, runner_over, unknown};
use crate::pki::Pki;
use crate::runtime::TokioExecutor;

/// A receiver that accepts every message; tells its port.
async fn serve(config: ServerConfig) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let serve = async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let answer = async move {
                let mut bytes = Vec::new();
                while stream
                    .read_buf(&mut bytes)
                    .await
                    .is_ok_and(|count| count > 0)
                {
                    if bytes.ends_with(b"\x1c\r") {
                        bytes.clear();
                        stream.write_all(&ack("AA", &control_id(2))).await.unwrap();
                        stream.flush().await.unwrap();
                    }
                }
            };
            TokioExecutor.spawn("connection", Box::pin(answer));
        }
    };
    TokioExecutor.spawn("server", Box::pin(serve));
    port
}

fn settings(pki: &Pki, host: &str, port: u16, has_identity: bool) -> MllpSettings {
    let path = |name: &str| pki.path(name).display().to_string();
    let identity = format!(
        r#", "client_certificate": "{}", "client_key": "{}""#,
        path("client.pem"),
        path("client.key")
    );
    let identity = if has_identity {
        identity
    } else {
        String::new()
    };
    let members = format!(
        r#""url": "mllps://{host}:{port}", "authorities": "{}"{identity}"#,
        path("ca.pem")
    );
    config(&members).client_settings(Path::new("")).unwrap()
}

async fn delivered(settings: MllpSettings) -> DeliveryOutcome {
    let client = MllpClient::new(settings, Arc::new(TokioExecutor)).unwrap();
    deliver(&runner_over(client, ""), 2).await
}

fn not_sent(code: &str) -> DeliveryOutcome {
    again(RetryScope::Recipient, code)
}

#[tokio::test]
async fn mirth_653_messages_go_over_tls_by_one_connection() {
    let pki = Pki::new();
    let port = serve(pki.server(&["localhost"], false, &[])).await;
    let settings = settings(&pki, "localhost", port, false);
    let client = MllpClient::new(settings, Arc::new(TokioExecutor)).unwrap();
    assert_eq!(client.check().await, Ok(()));
    let runner = runner_over(client, "");
    for _ in 0..3 {
        assert_eq!(deliver(&runner, 2).await, DeliveryOutcome::Delivered);
    }
}

#[tokio::test]
async fn another_authority_name_or_time_was_sent_nothing() {
    let pki = Pki::new();
    let port = serve(pki.server(&["localhost"], false, &[])).await;
    let stranger = Pki::new();
    let other = settings(&stranger, "localhost", port, false);
    assert_eq!(delivered(other).await, not_sent("tls"));
    let by_address = settings(&pki, "127.0.0.1", port, false);
    assert_eq!(delivered(by_address).await, not_sent("tls"));
    let ended = serve(pki.server_until(2001, &["localhost"], false, &[])).await;
    let ended = settings(&pki, "localhost", ended, false);
    assert_eq!(delivered(ended).await, not_sent("tls"));
}

#[tokio::test]
async fn mirth_6530_the_client_proves_who_it_is_where_it_is_asked() {
    let pki = Pki::new();
    let port = serve(pki.server(&["localhost"], true, &[])).await;
    let known = settings(&pki, "localhost", port, true);
    assert_eq!(delivered(known).await, DeliveryOutcome::Delivered);
    // In TLS 1.3 a client hears of it only behind its first bytes.
    let unproved = delivered(settings(&pki, "localhost", port, false)).await;
    assert_eq!(unproved, unknown("cut"));
}

#[tokio::test]
async fn what_does_not_speak_tls_was_sent_nothing() {
    let pki = Pki::new();
    // It listens and says nothing; the handshake is given up.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let heard = async move {
        let (mut stream, _) = silent.accept().await.unwrap();
        let mut bytes = Vec::new();
        // How the connection ends is the client's business.
        while !matches!(stream.read_buf(&mut bytes).await, Ok(0) | Err(_)) {}
        bytes
    };
    let mut hasty = settings(&pki, "localhost", port, false);
    hasty.connect_timeout = Duration::from_millis(300);
    let (outcome, heard) = tokio::join!(delivered(hasty), heard);
    assert_eq!(outcome, not_sent("connect-timeout"));
    // A handshake record (RFC 8446, section 5.1), and nothing of a message.
    assert_eq!(heard.first(), Some(&0x16));
    assert!(!heard.windows(4).any(|four| four == b"MSH|"));
    let closes = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = closes.local_addr().unwrap().port();
    let serve = async move { while closes.accept().await.is_ok() {} };
    TokioExecutor.spawn("closes", Box::pin(serve));
    let outcome = delivered(settings(&pki, "localhost", port, false)).await;
    assert_eq!(outcome, not_sent("tls"));
}

#[tokio::test]
async fn addresses_inside_are_denied_unless_their_network_is_named() {
    let pki = Pki::new();
    let port = serve(pki.server(&["localhost"], false, &[])).await;
    for host in ["10.0.0.1", "169.254.169.254", "[fe80::1]"] {
        let denied = settings(&pki, host, port, false);
        assert_eq!(
            delivered(denied).await,
            not_sent("address-denied"),
            "{host}"
        );
    }
    let nobody = settings(&pki, "nobody.invalid", port, false);
    assert_eq!(delivered(nobody).await, not_sent("dns"));
    assert!(MllpUrl::parse("mllp://10.0.0.1:2575").is_err());
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let pki = Pki::new();
    let mut absent = settings(&pki, "localhost", 1, false);
    absent.tls.as_mut().unwrap().authorities = Some(pki.path("absent.pem"));
    let text = MllpClient::new(absent, Arc::new(TokioExecutor))
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("authorities") && text.contains("absent.pem"),
        "{text}"
    );
}
