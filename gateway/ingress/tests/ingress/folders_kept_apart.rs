//! What is not a file of the folder's senders: links, pipes and folders, files that are too long or
//! in another's name, files that replace others, and configurations that cannot work.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use isthmus_core::executor::Executor;
use isthmus_core::refusal::Reason;
use isthmus_ingress::folder_config::FolderConfig;
use isthmus_ingress::folder_watch::FolderWatch;
use isthmus_ingress::sender_binding::SenderTable;

use crate::batches::read;
use crate::fake_intake::{Act, FakeIntake};
use crate::folders::{Drop, config, north_by_files};
use crate::messages::{NORTH, SOUTH, admission};
use crate::rig::{Rig, senders};
use crate::runtime::TokioExecutor;

#[tokio::test]
async fn what_is_no_file_is_passed_over() {
    let drop = Drop::new(FakeIntake::default());
    let secret = drop.path("secret.hl7");
    fs::write(&secret, admission("1")).unwrap();
    symlink(&secret, drop.path("in/a.hl7")).unwrap();
    let made = Command::new("mkfifo").arg(drop.path("in/b.hl7")).status();
    assert!(made.unwrap().success());
    fs::create_dir(drop.path("in/c.hl7")).unwrap();
    drop.put("d\n.hl7", admission("2"));
    drop.put(".e.hl7", admission("3"));
    drop.put(&"f".repeat(220), admission("4"));
    drop.put("z.hl7", admission("5"));
    drop.watch("");
    drop.wait_for("done/z.hl7").await;
    TokioExecutor.sleep(Duration::from_millis(1200)).await;
    assert_eq!(drop.rig.intake.texts(), [admission("5")]);
    assert_eq!(
        drop.names()
            .iter()
            .filter(|name| name.starts_with("in/"))
            .count(),
        6
    );
    assert!(secret.exists());
}

#[tokio::test]
async fn a_link_in_place_of_our_folders_keeps_them_shut() {
    let drop = Drop::new(FakeIntake::default());
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), drop.path("done")).unwrap();
    let config = config(&drop.path(""), "");
    let error = FolderWatch::open(&config, Arc::clone(&drop.rig.seams)).unwrap_err();
    assert!(
        error.to_string().contains("needs a folder `done`"),
        "{error}"
    );
}

#[tokio::test]
async fn files_that_were_moved_are_never_replaced() {
    let drop = Drop::new(FakeIntake::default());
    drop.watch("");
    for id in ["1", "2", "3"] {
        drop.put("daily.hl7", admission(id));
        while drop.path("in/daily.hl7").exists() {
            TokioExecutor.sleep(Duration::from_millis(20)).await;
        }
    }
    let names = drop.names();
    let count = |start: &str| names.iter().filter(|name| name.starts_with(start)).count();
    assert_eq!(
        (count("done/daily.hl7"), count("answers/daily.hl7")),
        (3, 3),
        "{names:?}"
    );
    let first = fs::read_to_string(drop.path("done/daily.hl7")).unwrap();
    assert_eq!(first, admission("1"));
    assert_eq!(drop.rig.intake.stored().len(), 3);
}

#[tokio::test]
async fn a_file_that_replaces_one_that_is_being_taken_is_taken_too() {
    let slow = Act::TakeAfter(Duration::from_millis(500));
    let drop = Drop::new(FakeIntake::doing([slow]));
    drop.put("daily.hl7", admission("1"));
    drop.watch("");
    TokioExecutor.sleep(Duration::from_millis(250)).await;
    drop.put("daily.hl7", admission("2"));
    drop.wait_for("done/daily.hl7").await;
    assert_eq!(drop.rig.intake.texts(), [admission("1"), admission("2")]);
}

#[tokio::test]
async fn a_file_that_is_too_long_is_refused_unread() {
    let drop = Drop::new(FakeIntake::default());
    drop.put("a.hl7", admission("1").repeat(3000));
    drop.put("b.hl7", "MSH|^~\\&|\r".repeat(26_000));
    drop.watch("");
    let reason = drop.wait_for("refused/a.hl7.reason.txt").await;
    let long = "nothing of the file is stored: it is longer than file_bytes_max, 262144 bytes";
    assert!(reason.starts_with(long), "{reason}");
    let answer = drop.wait_for("answers/a.hl7.ack").await;
    assert!(
        answer.contains("\rBTS|0|it is longer than file_bytes_max"),
        "{answer}"
    );
    let answer = drop.wait_for("answers/b.hl7.ack").await;
    assert_eq!(read(&answer).0.len(), 26_000);
    drop.wait_for("refused/b.hl7").await;
    assert!(drop.rig.intake.stored().is_empty());
}

#[tokio::test]
async fn a_folder_lets_in_its_own_senders_alone() {
    let drop = Drop::new(FakeIntake::default());
    let south = admission("1").replace("NORTHADT|NORTH", "SOUTHADT|");
    drop.put("a.hl7", south + &admission("2"));
    drop.watch("");
    let answer = drop.wait_for("answers/a.hl7.ack").await;
    assert_eq!(read(&answer).0, ["AR 1", "AA 2"]);
    assert_eq!(
        drop.rig
            .seams
            .counters
            .refused
            .of(Reason::Unauthorised)
            .get(),
        1
    );
    // Who sends by files alone may not come over the network.
    let mut client = drop.rig.connect();
    client.send(admission("3")).await;
    assert_eq!(client.answer().await.1, "3");
    assert_eq!(drop.rig.intake.stored().len(), 1);
}

#[test]
fn senders_that_share_a_folder_need_names_that_differ() {
    let (by_files, by_network) = (north_by_files(), NORTH.replace("\"north\"", "\"north-2\""));
    let both = senders(&format!("{by_files}{by_network}"));
    assert!(SenderTable::new(both).is_ok());
    let twin = by_files.replace("\"north\"", "\"north-2\"");
    let error = SenderTable::new(senders(&format!("{by_files}{twin}"))).unwrap_err();
    assert!(
        error.to_string().contains("one folder is theirs"),
        "{error}"
    );
    let nowhere = NORTH.replace("networks = [\"127.0.0.0/8\"]", "");
    assert!(SenderTable::new(senders(&nowhere)).is_err());
    assert!(SenderTable::new(senders(&format!("{by_files}{SOUTH}"))).is_ok());
}

#[test]
fn a_folder_that_cannot_work_is_not_opened() {
    let rig = Rig::new();
    let folder = tempfile::tempdir().unwrap();
    for (more, wrong) in [
        ("", ""),
        ("poll_seconds = 0", "poll_seconds"),
        ("settle_seconds = 3601", "settle_seconds"),
        ("file_bytes_max = 2097152", "messages_mb"),
        ("file_bytes_max = 1", "file_bytes_max"),
        ("store_seconds_max = 0", "store_seconds_max"),
    ] {
        let text = format!(
            "name = \"drop\"\npath = \"{}\"\n{more}",
            folder.path().display()
        );
        let mut config: FolderConfig = toml::from_str(&text).unwrap();
        if !more.contains("file_bytes_max") {
            config.file_bytes_max = 1 << 20;
        }
        match FolderWatch::open(&config, Arc::clone(&rig.seams)) {
            Ok(_) => assert_eq!(wrong, ""),
            Err(error) => assert!(error.to_string().contains(wrong), "{error}"),
        }
    }
    let absent = config(&folder.path().join("absent"), "");
    let error = FolderWatch::open(&absent, Arc::clone(&rig.seams)).unwrap_err();
    assert!(
        error.to_string().contains("make it before the start"),
        "{error}"
    );
    for wrong in [
        "name = \"d\"\npath = \"p\"\npattern = \"a/*\"",
        "name = \"d\"\npath = \"p\"\nx = 1",
    ] {
        assert!(toml::from_str::<FolderConfig>(wrong).is_err());
    }
}
