//! Files that are put into a watched folder: taken in order, answered and moved. What must not
//! happen to files is in `folders_kept_apart`.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use isthmus_core::executor::Executor;
use isthmus_core::refusal::{Reason, Refusal};
use isthmus_ingress::counters::Counter;
use isthmus_ingress::folder_config::FolderConfig;
use isthmus_ingress::folder_watch::FolderWatch;
use tempfile::TempDir;

use crate::batches::{batch, read};
use crate::fake_intake::{Act, FakeIntake};
use crate::messages::{NORTH, admission};
use crate::rig::Rig;
use crate::runtime::TokioExecutor;

/// The sender `north`, which sends by files alone.
pub(crate) fn north_by_files() -> String {
    NORTH.replace("networks = [\"127.0.0.0/8\"]", "folders = [\"drop\"]")
}

/// A folder that is watched.
pub(crate) struct Drop {
    pub(crate) rig: Rig,
    folder: TempDir,
}

/// The configuration of a folder that files are renamed into.
pub(crate) fn config(path: &Path, more: &str) -> FolderConfig {
    let settle = if more.contains("settle_seconds") {
        ""
    } else {
        "settle_seconds = 0\n"
    };
    let text = format!(
        "name = \"drop\"\npath = \"{}\"\npoll_seconds = 1\nfile_bytes_max = 262144\n{settle}{more}",
        path.display()
    );
    toml::from_str(&text).unwrap()
}

impl Drop {
    pub(crate) fn new(intake: FakeIntake) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("in")).unwrap();
        let rig = Rig::with(intake, &north_by_files());
        Self { rig, folder }
    }

    /// Looks into the folder from now on.
    pub(crate) fn watch(&self, more: &str) {
        let config = config(self.folder.path(), more);
        let watch = FolderWatch::open(&config, Arc::clone(&self.rig.seams)).unwrap();
        let run = watch.run(self.rig.stop.subscribe());
        TokioExecutor.spawn("folder", Box::pin(run));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a file there as a careful sender does: under another name first.
    pub(crate) fn put(&self, name: &str, text: impl AsRef<[u8]>) {
        let unfinished = self.path("in/.unfinished");
        fs::write(&unfinished, text).unwrap();
        fs::rename(unfinished, self.path("in").join(name)).unwrap();
    }

    /// Waits until there is this file, and reads it.
    pub(crate) async fn wait_for(&self, name: &str) -> String {
        for _ in 0..600 {
            if let Ok(text) = fs::read_to_string(self.path(name)) {
                return text;
            }
            TokioExecutor.sleep(Duration::from_millis(50)).await;
        }
        panic!("waited in vain for {name}; there are {:?}", self.names());
    }

    /// What lies in the four folders.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for folder in ["in", "done", "refused", "answers"] {
            for entry in fs::read_dir(self.path(folder)).unwrap() {
                let name = entry.unwrap().file_name();
                names.push(format!("{folder}/{}", name.to_string_lossy()));
            }
        }
        names.sort();
        names
    }
}

/// Files are counted after they are moved.
async fn counted(counter: &Counter, count: u64) {
    for _ in 0..100 {
        if counter.get() == count {
            return;
        }
        TokioExecutor.sleep(Duration::from_millis(20)).await;
    }
    panic!("{} counted, not {count}", counter.get());
}

#[tokio::test]
async fn files_of_every_form_are_taken_in_the_order_of_their_names() {
    let drop = Drop::new(FakeIntake::default());
    let four = [
        admission("4").replace('\r', "\r\n"),
        admission("5").replace('\r', "\n"),
    ];
    drop.put(
        "c.hl7",
        format!("\x0B{}\x1C\r\x0B{}\x1C\r", admission("6"), admission("7")),
    );
    drop.put("b.hl7", four.concat());
    drop.put("a.hl7", batch(&[admission("1"), admission("2")], "BTS|2"));
    drop.put("aa.hl7", admission("3"));
    drop.put("other.txt", admission("9"));
    drop.watch("pattern = \"*.hl7\"");
    drop.wait_for("done/c.hl7").await;
    let expected = [
        "answers/a.hl7.ack",
        "answers/aa.hl7.ack",
        "answers/b.hl7.ack",
        "answers/c.hl7.ack",
        "done/a.hl7",
        "done/aa.hl7",
        "done/b.hl7",
        "done/c.hl7",
        "in/other.txt",
    ];
    assert_eq!(drop.names(), expected);
    let ids = drop.rig.intake.texts();
    let ids = ids.iter().map(|text| text.split('|').nth(9).unwrap());
    assert_eq!(ids.collect::<String>(), "1234567");
    let answers: Vec<String> = ["a", "aa", "b", "c"]
        .iter()
        .map(|name| fs::read_to_string(drop.path(&format!("answers/{name}.hl7.ack"))).unwrap())
        .collect();
    let answered: Vec<_> = answers
        .iter()
        .map(|answer| read(answer).0.concat())
        .collect();
    assert_eq!(answered, ["AA 1AA 2", "AA 3", "AA 4AA 5", "AA 6AA 7"]);
    assert!(answers[0].contains("|B-1\r"), "{}", answers[0]);
    let mode = fs::metadata(drop.path("answers/a.hl7.ack")).unwrap().mode();
    assert_eq!(mode & 0o777, 0o644);
    assert!(answers[1].starts_with("BHS|^~\\&|BRIDGE|HERE|NORTHADT|NORTH|"));
    assert!(answers[1].ends_with("\rBTS|1\r"));
    counted(&drop.rig.seams.counters.files_taken, 4).await;
}

#[tokio::test]
async fn a_file_with_a_bad_message_is_set_aside_with_its_reason() {
    let drop = Drop::new(FakeIntake::default());
    let bad = admission("2")
        .replace("NORTHMRN", "ALIEN")
        .replace("ORU", "ADT");
    drop.put(
        "a.hl7",
        batch(&[admission("1"), bad, admission("3")], "BTS|4"),
    );
    drop.put("b.hl7", "no message at all");
    drop.put("c.hl7", "\r\n");
    drop.watch("");
    drop.wait_for("refused/c.hl7").await;
    let reason = fs::read_to_string(drop.path("refused/a.hl7.reason.txt")).unwrap();
    let expected = "messages stored: 2, refused: 1\n\
                    message 2: unauthorised at PID-3[0].4\n\
                    BTS-1 says 4 messages, the batch has 3\n";
    assert_eq!(reason, expected);
    let answer = fs::read_to_string(drop.path("answers/a.hl7.ack")).unwrap();
    assert_eq!(read(&answer).0, ["AA 1", "AR 2", "AA 3"]);
    let reason = fs::read_to_string(drop.path("refused/b.hl7.reason.txt")).unwrap();
    assert!(reason.contains("message 1: unreadable"), "{reason}");
    let reason = fs::read_to_string(drop.path("refused/c.hl7.reason.txt")).unwrap();
    assert_eq!(reason, "the file holds no message\n");
    counted(&drop.rig.seams.counters.files_refused, 3).await;
    assert_eq!(drop.rig.intake.stored().len(), 2);
}

#[tokio::test]
async fn a_file_waits_for_a_store_that_is_unavailable() {
    let refused = || Act::Refuse(Refusal::retry(Reason::StoreUnavailable));
    let acts = [Act::Take, refused(), Act::Take, Act::Take, refused()];
    let drop = Drop::new(FakeIntake::doing(acts));
    drop.put("a.hl7", batch(&[admission("1"), admission("2")], "BTS|2"));
    drop.put("b.hl7", admission("3"));
    drop.watch("");
    drop.wait_for("done/b.hl7").await;
    // First `1` alone, then both, then `3` at the second try.
    let ids = drop.rig.intake.texts();
    let ids = ids.iter().map(|text| text.split('|').nth(9).unwrap());
    assert_eq!(ids.collect::<String>(), "1123");
    assert_eq!(drop.rig.seams.counters.files_left.get(), 2);
    let answers = [
        "answers/a.hl7.ack",
        "answers/b.hl7.ack",
        "done/a.hl7",
        "done/b.hl7",
    ];
    assert_eq!(drop.names(), answers);
    let answer = fs::read_to_string(drop.path("answers/a.hl7.ack")).unwrap();
    assert_eq!(read(&answer).0, ["AA 1", "AA 2"]);
}

#[tokio::test]
async fn a_file_that_is_still_written_is_not_read() {
    let drop = Drop::new(FakeIntake::default());
    drop.watch("settle_seconds = 2");
    let whole = batch(&[admission("1"), admission("2")], "BTS|2");
    for part in 1..=4 {
        let length = whole.len() * part / 4;
        fs::write(drop.path("in/a.hl7"), &whole[..length]).unwrap();
        TokioExecutor.sleep(Duration::from_millis(900)).await;
        assert!(drop.rig.intake.stored().is_empty(), "part {part}");
    }
    drop.wait_for("done/a.hl7").await;
    assert_eq!(drop.rig.intake.stored().len(), 2);
}

#[tokio::test]
async fn a_stop_leaves_the_rest_of_a_file_for_the_next_start() {
    let slow = (0..1000).map(|_| Act::TakeAfter(Duration::from_millis(100)));
    let drop = Drop::new(FakeIntake::doing(slow));
    let messages: Vec<String> = (0..300).map(|id| admission(&id.to_string())).collect();
    drop.put("a.hl7", messages.concat());
    let config = config(&drop.path(""), "");
    let watch = FolderWatch::open(&config, Arc::clone(&drop.rig.seams)).unwrap();
    let stop = async {
        TokioExecutor.sleep(Duration::from_millis(250)).await;
        drop.rig.stop.send_replace(true);
    };
    tokio::join!(watch.run(drop.rig.stop.subscribe()), stop);
    let stored = drop.rig.intake.stored().len();
    assert!(stored > 0 && stored < 300, "{stored}");
    assert_eq!(drop.names(), ["in/a.hl7"]);
    drop.rig.stop.send_replace(false);
    drop.watch("");
    let answer = drop.wait_for("answers/a.hl7.ack").await;
    assert_eq!(read(&answer).0.len(), 300);
    drop.wait_for("done/a.hl7").await;
}

#[tokio::test]
async fn a_file_may_be_deleted_when_all_of_it_is_stored() {
    let drop = Drop::new(FakeIntake::default());
    drop.put("a.hl7", "no message");
    drop.put("b.hl7", admission("1"));
    drop.watch("after_intake = \"delete\"\nwrite_answers = false");
    drop.wait_for("refused/a.hl7").await;
    while drop.path("in/b.hl7").exists() || drop.path("done/b.hl7").exists() {
        TokioExecutor.sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(drop.names(), ["refused/a.hl7", "refused/a.hl7.reason.txt"]);
    assert_eq!(drop.rig.intake.stored().len(), 1);
}
