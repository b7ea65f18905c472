//! Files that reach the server: their bytes and modes, one connection for many, and a repeat in the
//! place of the file before.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use isthmus_adapters::adapter::Reply;
use isthmus_adapters::sftp_url::SftpUrl;
use isthmus_adapters::transport::Transport;
use isthmus_tests::sshd::SshServer;

use crate::rig::{Watch, client, content, file, logins, names, place, settings};

/// What servers offer beyond version 3, and without it.
const SERVERS: [&str; 3] = ["", "-P posix-rename", "-P posix-rename,fsync"];

#[tokio::test(flavor = "multi_thread")]
async fn files_come_whole_by_one_connection() {
    for options in SERVERS {
        let server = SshServer::start(options);
        let client = client(settings(&server));
        // From nothing to many writes, with a last one that is not full.
        for length in [0, 1, 32 << 10, (3 << 20) + 7] {
            let content = content(length);
            let name = format!("{length}.hl7");
            assert_eq!(place(&client, &name, &content).await, Reply::Placed);
            let path = server.inbox().join(name);
            assert!(std::fs::read(&path).unwrap() == content, "{length} bytes");
            let mode = path.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode & !0o640, 0, "nobody may more than stated: {mode:o}");
        }
        assert_eq!(names(server.inbox()).len(), 4, "{options}");
        assert_eq!(logins(&server), 1, "{options}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_takes_the_place_of_the_file_before() {
    for options in SERVERS {
        let server = SshServer::start(options);
        let client = client(settings(&server));
        let path = server.inbox().join("a.hl7");
        let watch = Watch::start(&path, &[100_000, 300_000]);
        for length in [100_000, 300_000, 100_000, 100_000] {
            let content = vec![b'x'; length];
            assert_eq!(place(&client, "a.hl7", &content).await, Reply::Placed);
            assert!(std::fs::read(&path).unwrap() == content, "{options}");
        }
        watch.end();
        assert_eq!(names(server.inbox()), ["a.hl7"], "{options}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_under_the_hidden_name_is_neither_followed_nor_kept() {
    let server = SshServer::start("");
    let client = client(settings(&server));
    let hidden = server.inbox().join(".a.hl7.part");
    std::fs::write(&hidden, vec![b'y'; 1 << 20]).unwrap();
    assert_eq!(place(&client, "a.hl7", b"first").await, Reply::Placed);
    let target = server.folder().join("target");
    std::fs::write(&target, "theirs").unwrap();
    std::os::unix::fs::symlink(&target, &hidden).unwrap();
    assert_eq!(place(&client, "a.hl7", b"second").await, Reply::Placed);
    assert_eq!(std::fs::read(&target).unwrap(), b"theirs");
    let path = server.inbox().join("a.hl7");
    assert_eq!(std::fs::read(path).unwrap(), b"second");
    assert_eq!(names(server.inbox()), ["a.hl7"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_at_once_have_connections_of_their_own() {
    let server = SshServer::start("");
    let mut settings = settings(&server);
    settings.at_once = 4;
    let client = client(settings);
    let content = vec![b'x'; 200_000];
    for round in 0..3 {
        let name = |at: usize| format!("{round}-{at}.hl7");
        let calls = (0..4).map(|at| client.perform(file(&name(at), &content)));
        let replies = futures_util::future::join_all(calls).await;
        assert_eq!(replies, [Reply::Placed; 4]);
    }
    assert_eq!(names(server.inbox()).len(), 12);
    assert_eq!(logins(&server), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_finds_the_folder_or_tells_that_it_is_not_there() {
    let server = SshServer::start("");
    let at = |folder: &Path| {
        let url = format!("{}{}", server.text("url"), folder.display());
        let mut settings = settings(&server);
        settings.url = SftpUrl::parse(&url).unwrap();
        client(settings)
    };
    assert_eq!(at(server.inbox()).check().await, Ok(()));
    let missing = at(&server.inbox().join("mount"));
    assert_eq!(missing.check().await, Err("no-folder"));
    let reply = place(&missing, "a.hl7", b"text").await;
    assert_eq!(reply, Reply::NotSent("no-folder"));
    let no_folder = server.folder().join("client");
    assert_eq!(at(&no_folder).check().await, Err("no-folder"));
    assert_eq!(names(server.inbox()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_nothing_says_so() {
    let server = SshServer::start("-R");
    let client = client(settings(&server));
    for _attempt in 0..2 {
        let reply = place(&client, "a.hl7", b"text").await;
        assert_eq!(reply, Reply::NotSent("not-writable"));
    }
    assert_eq!(names(server.inbox()), Vec::<String>::new());
    assert_eq!(logins(&server), 1, "a refusal leaves the connection");
    // Something of the recipient's stands where the file should be.
    let server = SshServer::start("");
    let client = crate::rig::client(settings(&server));
    std::fs::create_dir(server.inbox().join("a.hl7")).unwrap();
    let reply = place(&client, "a.hl7", b"text").await;
    assert_eq!(reply, Reply::NotPlaced("server-failure"));
    assert_eq!(names(server.inbox()), ["a.hl7"], "nothing is left behind");
}
