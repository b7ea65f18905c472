//! The NDJSON folder, through the runner: what the files hold after success, repeats and torn
//! writes.

use std::path::Path;
use std::sync::Arc;

use isthmus_adapters::append_file::AppendFolder;
use isthmus_adapters::append_transport::AppendTransport;
use isthmus_adapters::limits::Limits;
use isthmus_adapters::ndjson_folder::destination::NdjsonFolder;
use isthmus_adapters::runner::{Runner, RunnerParts};
use isthmus_core::clock::Timestamp;
use isthmus_core::destination::{DeliveryOutcome, Destination, Outbound, RetryScope};
use isthmus_core::id::RecipientId;

use crate::fake_time::FakeTime;
use crate::released::{NOON, outbound};

fn runner(folder: &Path) -> Runner {
    let opened = AppendFolder::open(folder).unwrap();
    let time = Arc::new(FakeTime::new());
    Runner::new(RunnerParts {
        recipient: RecipientId::new("clinic"),
        adapter: Box::new(NdjsonFolder),
        transport: Box::new(AppendTransport::new(opened)),
        limits: Limits::default(),
        seed: 1,
        clock: Arc::clone(&time) as _,
        executor: time,
    })
}

fn deliver(runner: &Runner, batch: Vec<Outbound>) -> Vec<DeliveryOutcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    runtime.block_on(runner.deliver(batch))
}

fn not_tried(code: &str) -> DeliveryOutcome {
    DeliveryOutcome::NotTried {
        code: code.to_owned(),
    }
}

fn waits(code: &str) -> DeliveryOutcome {
    DeliveryOutcome::Retry {
        scope: RetryScope::Recipient,
        after: None,
        code: code.to_owned(),
    }
}

fn recovered(id: u8) -> Outbound {
    Outbound {
        recovered: true,
        ..outbound(id)
    }
}

fn file(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("2026-03-10.ndjson")).unwrap()
}

#[test]
fn a_record_becomes_a_line_of_its_day() {
    let folder = tempfile::tempdir().unwrap();
    let outcomes = deliver(&runner(folder.path()), vec![outbound(1)]);
    assert_eq!(outcomes, [DeliveryOutcome::Delivered]);
    assert_eq!(
        file(folder.path()),
        "{\"id\":\"01010101010101010101010101010101\",\"created\":\"2026-03-10T12:00:00.000Z\",\
         \"flow\":\"clinic-patient\",\"flow_version\":1,\"purpose\":\"TREAT\",\
         \"record\":{\"resourceType\":\"Patient\",\"gender\":\"female\"}}\n"
    );
}

#[test]
fn what_an_earlier_run_wrote_is_not_written_again() {
    let folder = tempfile::tempdir().unwrap();
    deliver(&runner(folder.path()), vec![outbound(1), outbound(2)]);
    // The process died before it could settle 2; another one takes over.
    let next = runner(folder.path());
    let outcomes = deliver(&next, vec![recovered(2), recovered(3), outbound(4)]);
    assert!(
        outcomes
            .iter()
            .all(|outcome| *outcome == DeliveryOutcome::Delivered)
    );
    assert_eq!(file(folder.path()).lines().count(), 4);
}

#[test]
fn a_torn_line_is_cut_off_and_written_whole() {
    let folder = tempfile::tempdir().unwrap();
    deliver(&runner(folder.path()), vec![outbound(1)]);
    let whole = file(folder.path());
    let torn = whole.replace("01010101", "02020202");
    let path = folder.path().join("2026-03-10.ndjson");
    for cut in 1..whole.len() {
        std::fs::write(&path, [whole.as_bytes(), &torn.as_bytes()[..cut]].concat()).unwrap();
        deliver(&runner(folder.path()), vec![recovered(2)]);
        let lines: Vec<String> = file(folder.path()).lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 2, "cut at {cut}");
        assert!(lines[1].ends_with("\"female\"}}"), "cut at {cut}");
    }
}

#[test]
fn a_file_that_was_collected_is_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let runner = runner(folder.path());
    deliver(&runner, vec![outbound(1)]);
    let path = folder.path().join("2026-03-10.ndjson");
    std::fs::rename(&path, folder.path().join("collected")).unwrap();
    deliver(&runner, vec![outbound(2)]);
    assert!(file(folder.path()).starts_with("{\"id\":\"0202"));
    std::fs::write(&path, "").unwrap();
    deliver(&runner, vec![outbound(3)]);
    assert!(file(folder.path()).starts_with("{\"id\":\"0303"));
}

#[test]
fn a_folder_has_one_writer() {
    let folder = tempfile::tempdir().unwrap();
    let first = AppendFolder::open(folder.path()).unwrap();
    let second = AppendFolder::open(folder.path());
    assert_eq!(second.unwrap_err().kind(), std::io::ErrorKind::ResourceBusy);
    drop(first);
    assert!(AppendFolder::open(folder.path()).is_ok());
}

#[test]
fn a_later_day_does_not_overtake_an_earlier_one() {
    let folder = tempfile::tempdir().unwrap();
    let runner = runner(folder.path());
    std::fs::create_dir(folder.path().join("2026-03-10.ndjson")).unwrap();
    let mut tomorrow = outbound(2);
    tomorrow.created_at = Timestamp::from_unix_millis(NOON.unix_millis() + 86_400_000);
    let outcomes = deliver(&runner, vec![outbound(1), tomorrow]);
    assert_eq!(
        outcomes,
        [waits("append-failed"), not_tried("behind-a-failure")]
    );
    assert!(!folder.path().join("2026-03-11.ndjson").exists());
}

#[test]
fn a_folder_that_takes_nothing_makes_the_recipient_wait() {
    let folder = tempfile::tempdir().unwrap();
    let runner = runner(folder.path());
    // A folder stands where the file should be.
    std::fs::create_dir(folder.path().join("2026-03-10.ndjson")).unwrap();
    let outcomes = deliver(&runner, vec![outbound(1)]);
    assert_eq!(outcomes, [waits("append-failed")]);
}
