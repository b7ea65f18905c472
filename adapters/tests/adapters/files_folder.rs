//! Files dropped into a folder, through the runner: what lies there after success, repeats and
//! failures, and that nobody ever sees a half one.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use isthmus_adapters::drop_folder::DropFolder;
use isthmus_adapters::drop_transport::DropTransport;
use isthmus_adapters::files::destination::Files;
use isthmus_adapters::limits::Limits;
use isthmus_adapters::runner::{Runner, RunnerParts};
use isthmus_core::destination::{DeliveryOutcome, Destination, Outbound, RetryScope};
use isthmus_core::id::RecipientId;

use crate::dropped::{files, json_files, names};
use crate::mllp_peer::update;
use crate::released::{outbound, outbound_of};
use crate::runtime::{NoonClock, TokioExecutor};

/// What the update of number 2 is called.
const SECOND: &str = "0000000000000042-02020202020202020202020202020202.hl7";

fn runner(files: Files, folder: &Path) -> Runner {
    let executor = Arc::new(TokioExecutor);
    let folder = DropFolder::new(folder, 0o640);
    let limit = Duration::from_mins(2);
    Runner::new(RunnerParts {
        recipient: RecipientId::new("clinic"),
        adapter: Box::new(files),
        transport: Box::new(DropTransport::new(
            folder,
            limit,
            Arc::clone(&executor) as _,
        )),
        limits: Limits::default(),
        seed: 1,
        clock: Arc::new(NoonClock),
        executor,
    })
}

async fn placed(runner: &Runner, outbound: Outbound) {
    let outcomes = runner.deliver(vec![outbound]).await;
    assert_eq!(outcomes, [DeliveryOutcome::Delivered]);
}

fn waits(code: &str) -> DeliveryOutcome {
    DeliveryOutcome::Retry {
        scope: RetryScope::Recipient,
        after: None,
        code: code.to_owned(),
    }
}

fn recovered(number: u8, family: &str) -> Outbound {
    Outbound {
        recovered: true,
        ..update(number, family)
    }
}

#[tokio::test]
async fn a_record_becomes_a_file_of_the_stated_mode() {
    let folder = tempfile::tempdir().unwrap();
    placed(&runner(files(""), folder.path()), update(2, "Marlow")).await;
    assert_eq!(names(folder.path()), [SECOND]);
    let path = folder.path().join(SECOND);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.ends_with("PID|||1^^^^MR||Marlow^Tessa\r"), "{text}");
    let mode = path.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);
    placed(&runner(json_files(), folder.path()), outbound(1)).await;
    assert_eq!(names(folder.path()).len(), 2);
}

#[tokio::test]
async fn a_repeat_finds_its_file_and_leaves_it() {
    let folder = tempfile::tempdir().unwrap();
    placed(&runner(files(""), folder.path()), update(2, "Marlow")).await;
    let path = folder.path().join(SECOND);
    let before = path.metadata().unwrap();
    // The process died before it could settle the record; another one takes over.
    let next = runner(files(""), folder.path());
    placed(&next, recovered(2, "Marlow")).await;
    let after = path.metadata().unwrap();
    assert_eq!(
        (before.ino(), before.mtime_nsec()),
        (after.ino(), after.mtime_nsec())
    );
    // One that was taken away comes again under the same name; one of another content gives way.
    std::fs::remove_file(&path).unwrap();
    placed(&next, recovered(2, "Marlow")).await;
    assert_eq!(names(folder.path()), [SECOND]);
    placed(&next, recovered(2, "Morris")).await;
    assert!(std::fs::read_to_string(&path).unwrap().contains("|Morris^"));
    assert_eq!(names(folder.path()), [SECOND]);
}

#[tokio::test]
async fn what_a_crash_left_half_written_is_finished_or_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str| std::fs::write(folder.path().join(name), "half").unwrap();
    let ours = format!(".{SECOND}.part");
    let forsaken = format!(".{}.part", SECOND.replace("0042-02", "0043-03"));
    let young = forsaken.replace("0043-03", "0044-04");
    for name in [&ours, &forsaken, &young, ".other.part"] {
        write(name);
    }
    let old = std::time::UNIX_EPOCH + Duration::from_hours(24);
    for name in [&forsaken, ".other.part"] {
        let path = folder.path().join(name);
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(old).unwrap();
    }
    placed(&runner(files(""), folder.path()), recovered(2, "Marlow")).await;
    let left = [young.as_str(), ".other.part", SECOND];
    assert_eq!(names(folder.path()), left);
    let whole = std::fs::read_to_string(folder.path().join(SECOND)).unwrap();
    assert!(whole.starts_with("MSH|") && whole.ends_with('\r'));
}

#[tokio::test]
async fn no_link_that_lies_there_leads_elsewhere() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let target = elsewhere.path().join("target");
    std::fs::write(&target, "theirs").unwrap();
    for name in [SECOND.to_owned(), format!(".{SECOND}.part")] {
        std::os::unix::fs::symlink(&target, folder.path().join(name)).unwrap();
    }
    placed(&runner(files(""), folder.path()), recovered(2, "Marlow")).await;
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "theirs");
    let place = folder.path().join(SECOND);
    assert!(place.symlink_metadata().unwrap().is_file());
}

#[tokio::test]
async fn a_folder_that_takes_nothing_makes_the_recipient_wait() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("mount");
    let absent = runner(files(""), &missing);
    let outcomes = absent.deliver(vec![update(2, "Marlow")]).await;
    assert_eq!(outcomes, [waits("no-folder")]);
    assert!(!missing.exists(), "it may be a mount that is not there");
    // Nobody may write there, whoever asks.
    let shut = runner(files(""), Path::new("/sys"));
    let outcomes = shut.deliver(vec![update(2, "Marlow")]).await;
    assert_eq!(outcomes, [waits("not-writable")]);
    // A folder stands where the file should be.
    std::fs::create_dir(folder.path().join(SECOND)).unwrap();
    let blocked = runner(files(""), folder.path());
    let outcomes = blocked.deliver(vec![update(2, "Marlow")]).await;
    assert_eq!(outcomes, [waits("write-failed")]);
    assert_eq!(names(folder.path()), [SECOND], "nothing is left behind");
    for (path, seen) in [
        (folder.path(), Ok(())),
        (&missing, Err("no-folder")),
        (Path::new("/sys"), Err("not-writable")),
    ] {
        assert_eq!(DropFolder::new(path, 0o640).look(), seen);
    }
    assert_eq!(names(folder.path()), [SECOND], "a look leaves nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_whole_from_the_moment_it_appears() {
    let folder = tempfile::tempdir().unwrap();
    let runner = runner(files(""), folder.path());
    let is_done = Arc::new(AtomicBool::new(false));
    let (path, done) = (folder.path().to_path_buf(), Arc::clone(&is_done));
    let watch = std::thread::spawn(move || {
        let mut seen = 0_usize;
        while !done.load(Ordering::Relaxed) {
            for name in names(&path).iter().filter(|name| !name.starts_with('.')) {
                let bytes = std::fs::read(path.join(name)).unwrap();
                assert!(bytes.ends_with(b"|end\r"), "{name} is half");
                seen += 1;
            }
        }
        seen
    });
    let long = "x".repeat(1 << 20);
    let record = serde_json::json!({
        "type": "ADT", "event": "A08",
        "segments": {"NTE": {"3": long}, "ZZZ": {"1": "end"}},
    });
    for number in 1..=20 {
        let mut outbound = outbound_of(number, &record.to_string());
        // Each of them a second time over the first.
        for recovered in [false, true] {
            outbound.recovered = recovered;
            placed(&runner, outbound).await;
            outbound = outbound_of(number, &record.to_string());
        }
    }
    is_done.store(true, Ordering::Relaxed);
    assert!(watch.join().unwrap() > 0, "the watcher saw files");
    assert_eq!(names(folder.path()).len(), 20);
}
