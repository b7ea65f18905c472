//! Whom the client trusts: a private authority, names, and a certificate of its own.

use std::sync::Arc;
use std::time::Duration;

use isthmus_adapters::adapter::Reply;
use isthmus_adapters::connection::certificates::{ClientIdentity, TlsFiles};
use isthmus_adapters::http_client::client::{HttpClient, HttpSettings};
use isthmus_core::executor::Executor;
use rustls::{HandshakeKind, ServerConfig};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::pki::Pki;
use crate::runtime::{NoonClock, TokioExecutor};
use crate::scripted_server::{client, read_body, read_head, reply, send, settings};
use crate::scripted_transport::status;

/// A server that answers one request a connection; tells its port.
async fn serve(config: ServerConfig) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let serve = async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            if let Some((head, rest)) = read_head(&mut stream).await {
                read_body(&mut stream, &head, rest).await;
                let answer = reply("200 OK", "connection: close\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        }
    };
    TokioExecutor.spawn("server", Box::pin(serve));
    port
}

fn trusting(pki: &Pki, has_identity: bool) -> HttpSettings {
    let identity = ClientIdentity {
        certificate: pki.path("client.pem"),
        key: pki.path("client.key"),
    };
    let files = TlsFiles {
        authorities: Some(pki.path("ca.pem")),
        identity: has_identity.then_some(identity),
    };
    HttpSettings {
        tls: Some(files),
        ..settings("https://localhost/", Duration::from_secs(10))
    }
}

#[tokio::test]
async fn a_private_authority_is_trusted_when_it_is_named() {
    let pki = Pki::new();
    let port = serve(pki.server(&["localhost"], false, &[])).await;
    let url = format!("https://localhost:{port}/hook");
    let found = send(&client(trusting(&pki, false)), &url).await;
    assert_eq!(found, status(200));
}

#[tokio::test]
async fn no_session_is_resumed_so_each_handshake_shows_a_certificate() {
    let pki = Pki::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // It gives what a client may resume a session by.
    let acceptor = TlsAcceptor::from(Arc::new(pki.server(&["localhost"], false, &[])));
    let (kinds, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let serve = async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = acceptor.accept(stream).await.unwrap();
            kinds.send(stream.get_ref().1.handshake_kind()).unwrap();
            let (head, rest) = read_head(&mut stream).await.unwrap();
            read_body(&mut stream, &head, rest).await;
            let answer = reply("200 OK", "connection: close\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    };
    TokioExecutor.spawn("server", Box::pin(serve));
    let client = client(trusting(&pki, false));
    for _ in 0..2 {
        let found = send(&client, &format!("https://localhost:{port}/hook")).await;
        assert_eq!(found, status(200));
        assert_eq!(seen.recv().await, Some(Some(HandshakeKind::Full)));
    }
}

#[tokio::test]
async fn another_authority_or_name_was_sent_nothing() {
    let pki = Pki::new();
    let port = serve(pki.server(&["localhost"], false, &[])).await;
    let other = client(trusting(&Pki::new(), false));
    let found = send(&other, &format!("https://localhost:{port}/hook")).await;
    assert_eq!(found, Reply::NotSent("tls"));
    let client = client(trusting(&pki, false));
    let found = send(&client, &format!("https://127.0.0.1:{port}/hook")).await;
    assert_eq!(found, Reply::NotSent("tls"));
}

#[tokio::test]
async fn a_recipient_whose_certificate_has_ended_was_sent_nothing() {
    let pki = Pki::new();
    let port = serve(pki.server_until(2001, &["localhost"], false, &[])).await;
    let url = format!("https://localhost:{port}/hook");
    let found = send(&client(trusting(&pki, false)), &url).await;
    assert_eq!(found, Reply::NotSent("tls"));
}

#[tokio::test]
async fn the_client_proves_who_it_is_where_it_is_asked() {
    let pki = Pki::new();
    let port = serve(pki.server(&["localhost"], true, &[])).await;
    let url = format!("https://localhost:{port}/hook");
    assert_eq!(send(&client(trusting(&pki, true)), &url).await, status(200));
    // In TLS 1.3 a client hears of it only behind its first bytes.
    let found = send(&client(trusting(&pki, false)), &url).await;
    assert!(
        matches!(found, Reply::Lost("cut") | Reply::NotSent(_)),
        "{found:?}"
    );
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let pki = Pki::new();
    let new = |settings| HttpClient::new(settings, Arc::new(NoonClock), Arc::new(TokioExecutor));
    let mut absent = trusting(&pki, false);
    absent.tls.as_mut().unwrap().authorities = Some(pki.path("absent.pem"));
    let text = new(absent).unwrap_err().to_string();
    assert!(
        text.contains("authorities") && text.contains("absent.pem"),
        "{text}"
    );
    let mut swapped = trusting(&pki, true);
    let identity = swapped.tls.as_mut().unwrap().identity.as_mut().unwrap();
    std::mem::swap(&mut identity.certificate, &mut identity.key);
    let text = new(swapped).unwrap_err().to_string();
    assert!(text.contains("client_certificate"), "{text}");
}
