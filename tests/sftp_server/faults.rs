//! What happens to a server while files are on their way: it is killed, frozen, silent or away. In
//! the end each file is there, whole and once, and nobody ever saw a half one under its name.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use isthmus_adapters::adapter::Reply;
use isthmus_adapters::sftp_client::client::SftpClient;
use isthmus_adapters::sftp_client::settings::SftpSettings;
use isthmus_adapters::sftp_url::SftpUrl;
use isthmus_adapters::transport::Transport;
use isthmus_tests::sshd::SshServer;
use tokio::net::TcpListener;

use crate::rig::{Watch, client, content, file, logins, names, place, settings, wait_until};

/// As much as takes a while to send.
const LONG: usize = 48 << 20;

fn hidden(server: &SshServer) -> PathBuf {
    server.inbox().join(".a.hl7.part")
}

/// Begins to send a long file and returns when some of it is there.
async fn begun(
    server: &SshServer,
    client: &Arc<SftpClient>,
    content: &[u8],
) -> tokio::task::JoinHandle<Reply> {
    let (client, call) = (Arc::clone(client), file("a.hl7", content));
    let sending = tokio::spawn(async move { client.perform(call).await });
    let hidden = hidden(server);
    wait_until("a part of the file", || {
        hidden.metadata().is_ok_and(|data| data.len() > 1 << 20)
    })
    .await;
    sending
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_in_an_upload_has_the_file_whole_and_once_in_the_end() {
    let server = SshServer::start("");
    let client = Arc::new(client(settings(&server)));
    let content = content(LONG);
    let place_of = server.inbox().join("a.hl7");
    let watch = Watch::start(&place_of, &[LONG as u64]);
    let sending = begun(&server, &client, &content).await;
    server.tell("kill");
    assert_eq!(sending.await.unwrap(), Reply::Lost("cut"));
    assert_eq!(names(server.inbox()), [".a.hl7.part"]);
    let half = hidden(&server).metadata().unwrap().len();
    assert!(half < LONG as u64, "it was killed within the upload");
    let away = place(&client, "a.hl7", &content).await;
    assert_eq!(away, Reply::NotSent("connect"));

    server.tell("start");
    assert_eq!(place(&client, "a.hl7", &content).await, Reply::Placed);
    watch.end();
    assert_eq!(names(server.inbox()), ["a.hl7"]);
    assert!(std::fs::read(&place_of).unwrap() == content);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_freezes_in_an_upload_is_left_and_nothing_comes_late() {
    let server = SshServer::start("");
    let impatient = SftpSettings {
        answer_timeout: Duration::from_secs(3),
        ..settings(&server)
    };
    let client = Arc::new(client(impatient));
    let content = vec![b'x'; LONG];
    let sending = begun(&server, &client, &content).await;
    server.tell("pause");
    assert_eq!(sending.await.unwrap(), Reply::Lost("timeout"));
    server.tell("resume");
    // What the server still had to do, it does; but the file was never to get its name.
    wait_until("the session to end", || {
        let log = std::fs::read_to_string(server.text("log")).unwrap();
        log.contains("Connection closed")
            || log.contains("Connection reset")
            || log.contains("disconnect")
    })
    .await;
    assert_eq!(names(server.inbox()), [".a.hl7.part"]);
    assert_eq!(place(&client, "a.hl7", b"short").await, Reply::Placed);
    assert_eq!(names(server.inbox()), ["a.hl7"]);
    assert_eq!(logins(&server), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_lost_meanwhile_costs_no_attempt() {
    let server = SshServer::start("");
    let client = client(settings(&server));
    assert_eq!(place(&client, "a.hl7", b"one").await, Reply::Placed);
    server.tell("kill");
    server.tell("start");
    assert_eq!(place(&client, "b.hl7", b"two").await, Reply::Placed);
    assert_eq!(names(server.inbox()), ["a.hl7", "b.hl7"]);
    assert_eq!(logins(&server), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_silent_or_speaks_otherwise_is_not_waited_for() {
    let server = SshServer::start("");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let other = |port: u16| SftpSettings {
        url: SftpUrl::parse(&format!("sftp://me@127.0.0.1:{port}/in")).unwrap(),
        connect_timeout: Duration::from_millis(500),
        ..settings(&server)
    };
    let reply = place(&client(other(port)), "a.hl7", b"text").await;
    assert_eq!(reply, Reply::NotSent("connect-timeout"));
    let answering = tokio::spawn(async move {
        // The first one is that which had silence.
        drop(listener.accept().await.unwrap());
        let (mut stream, _) = listener.accept().await.unwrap();
        let page = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut stream, page)
            .await
            .unwrap();
        listener
    });
    let patient = SftpSettings {
        connect_timeout: crate::rig::PATIENCE,
        ..other(port)
    };
    let reply = place(&client(patient), "a.hl7", b"text").await;
    assert_eq!(reply, Reply::NotSent("ssh"));
    drop(answering.await.unwrap());
    // Names that lead inside are not followed.
    let mut inside = other(port);
    inside.url.host = "10.1.2.3".to_owned();
    let reply = place(&client(inside), "a.hl7", b"text").await;
    assert_eq!(reply, Reply::NotSent("address-denied"));
}
