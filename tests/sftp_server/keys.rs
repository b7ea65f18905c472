//! Who is who: a server of another key hears nothing, and one that does not know us says so.

use std::process::Command;

use isthmus_adapters::adapter::Reply;
use isthmus_adapters::sftp_client::ssh_keys::{ClientKey, HostKeys, KeyFault};
use isthmus_tests::sshd::SshServer;

use crate::rig::{client, key, logins, names, place, settings};

fn pinned(keys: &[&str]) -> HostKeys {
    let keys: Vec<String> = keys.iter().map(|&key| key.to_owned()).collect();
    HostKeys::parse(&keys).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_another_key_hears_nothing() {
    let (server, other) = (SshServer::start(""), SshServer::start(""));
    for theirs in ["ed25519", "ecdsa"] {
        let mut settings = settings(&server);
        settings.host_keys = pinned(&[other.text(theirs)]);
        let client = client(settings);
        let reply = place(&client, "a.hl7", b"text").await;
        assert_eq!(reply, Reply::NotSent("host-key"), "{theirs}");
        assert_eq!(client.check().await, Err("host-key"));
    }
    assert_eq!((logins(&server), names(server.inbox()).len()), (0, 0));
    let log = std::fs::read_to_string(server.text("log")).unwrap();
    assert!(!log.contains("publickey"), "no login was tried: {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_several_keys_is_asked_for_one_that_is_known() {
    let (server, other) = (SshServer::start(""), SshServer::start(""));
    // While a server changes its key, both are known.
    for keys in [
        vec![server.text("ed25519")],
        vec![server.text("ecdsa")],
        vec![other.text("ed25519"), server.text("ed25519")],
    ] {
        let mut settings = settings(&server);
        settings.host_keys = pinned(&keys);
        let reply = place(&client(settings), "a.hl7", b"text").await;
        assert_eq!(reply, Reply::Placed, "{keys:?}");
    }
    assert_eq!(names(server.inbox()), ["a.hl7"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_know_us_lets_us_not_in() {
    let server = SshServer::start("");
    let mut stranger = settings(&server);
    stranger.key = key(server.text("other_key"));
    let client = client(stranger);
    let reply = place(&client, "a.hl7", b"text").await;
    assert_eq!(reply, Reply::NotSent("login-refused"));
    assert_eq!(client.check().await, Err("login-refused"));
    assert_eq!(names(server.inbox()), Vec::<String>::new());
}

#[test]
fn keys_of_every_form_that_is_offered_are_read_and_others_named() {
    let folder = tempfile::tempdir().unwrap();
    let made = |name: &str, options: &[&str]| {
        let path = folder.path().join(name);
        let mut command = Command::new("ssh-keygen");
        let command = command.args(["-q", "-f"]).arg(&path).args(options);
        let made = command.status().unwrap();
        assert!(made.success(), "{name}");
        std::fs::read_to_string(path).unwrap()
    };
    let fault = |text: &str| ClientKey::parse(text).err();
    for (name, options) in [
        ("ed", &["-t", "ed25519", "-N", ""][..]),
        ("p256", &["-t", "ecdsa", "-N", ""]),
        ("p521", &["-t", "ecdsa", "-b", "521", "-N", ""]),
        ("pem", &["-t", "ecdsa", "-m", "PKCS8", "-N", ""]),
    ] {
        let text = made(name, options);
        assert_eq!(fault(&text), None, "{name}");
        // As it comes out of a reference, without its last line feed.
        assert_eq!(fault(text.trim()), None, "{name}");
    }
    let locked = made("locked", &["-t", "ed25519", "-N", "a word"]);
    assert_eq!(fault(&locked), Some(KeyFault::Encrypted));
    let rsa = made("rsa", &["-t", "rsa", "-N", ""]);
    assert_eq!(fault(&rsa), Some(KeyFault::Kind));
    let torn = made("torn", &["-t", "ed25519", "-N", ""]);
    for text in ["", "hunter2", &torn[..torn.len() / 2]] {
        assert_eq!(fault(text), Some(KeyFault::Unreadable), "{text}");
    }
    let public = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let host = |text: String| HostKeys::parse(&[text]).err();
    assert_eq!(host(public("ed.pub")), None);
    assert_eq!(host(public("p521.pub")), None);
    assert_eq!(host(public("rsa.pub")), Some(KeyFault::Kind));
    assert_eq!(host("AAAA".to_owned()), Some(KeyFault::Unreadable));
    let shown = format!("{:?}", ClientKey::parse(&public("ed")).unwrap());
    assert_eq!(shown, "ClientKey(..)");
}
