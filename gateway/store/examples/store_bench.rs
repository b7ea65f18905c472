//! Measures accepted messages a second at 1, 16 and 64 writers, beside the floor of this machine:
//! the same bytes appended to a file by one thread that syncs whatever waits. No promise is
//! tested here, and no figure is a gate.
//!
//! `cargo run --release -p isthmus-store --example store_bench -- [SECONDS] [FOLDER]`
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a measurement may be blunt"
)]

use std::fs::OpenOptions;
use std::future::Future;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use isthmus_core::clock::Timestamp;
use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::id::{MessageId, SenderId, SubjectKey};
use isthmus_core::journal::{Journal, Unit};
use isthmus_core::phi::Phi;
use isthmus_store::master_key::MasterKey;
use isthmus_store::running_store::{RunningStore, StoreOptions};
use isthmus_store::store_paths::StorePaths;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// About the size of a laboratory result.
const PAYLOAD: usize = 1_734;

/// Patients of a hospital that send again and again.
const PATIENTS: u64 = 1_000;

type Submit = Arc<dyn Fn(u64) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().map_or(3, |text| text.parse().unwrap());
    let folder = arguments
        .next()
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = folder.join(format!("isthmus-store-bench-{}", std::process::id()));
    let runtime = Runtime::new().unwrap();
    println!("{PAYLOAD} bytes, {seconds} s each; records a second, p50 / p99 / max in ms");
    for writers in [1, 16, 64] {
        let time = Duration::from_secs(seconds);
        let floor = measure(&runtime, &floor(&folder), writers, time);
        report(writers, "append + fdatasync", &floor, None);
        for (name, patients) in [("known patients", PATIENTS), ("new patients", u64::MAX)] {
            let store = open(&folder);
            let store_figures = measure(&runtime, &intake(&store, patients), writers, time);
            report(writers, name, &store_figures, Some(&floor));
            drop(store);
            println!("{:>24}{}", "", sizes(&folder));
            std::fs::remove_dir_all(&folder).unwrap();
        }
    }
}

/// Waiting times in microseconds, in order, and the records a second.
struct Figures {
    rate: f64,
    waits: Vec<u64>,
}

fn measure(runtime: &Runtime, submit: &Submit, writers: u64, time: Duration) -> Figures {
    let next = Arc::new(AtomicU64::new(0));
    let begin = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|_writer| {
            let (submit, next) = (Arc::clone(submit), Arc::clone(&next));
            runtime.spawn(async move {
                let mut waits = Vec::new();
                while begin.elapsed() < time {
                    let sent = Instant::now();
                    submit(next.fetch_add(1, Ordering::Relaxed)).await;
                    waits.push(u64::try_from(sent.elapsed().as_micros()).unwrap());
                }
                waits
            })
        })
        .collect();
    let mut waits: Vec<u64> = Vec::new();
    for task in tasks {
        waits.extend(runtime.block_on(task).unwrap());
    }
    let rate = waits.len() as f64 / begin.elapsed().as_secs_f64();
    waits.sort_unstable();
    Figures { rate, waits }
}

fn report(writers: u64, name: &str, figures: &Figures, floor: Option<&Figures>) {
    let at = |part: f64| {
        let last = figures.waits.len().saturating_sub(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index"
        )]
        let index = (last as f64 * part) as usize;
        figures.waits.get(index).copied().unwrap_or(0) as f64 / 1_000.0
    };
    let ratio = floor.map_or(String::new(), |floor| {
        format!("  {:.2} of the floor", figures.rate / floor.rate)
    });
    println!(
        "{writers:>3} writers  {name:<20} {:>8.0}  {:.2} / {:.2} / {:.2}{ratio}",
        figures.rate,
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

fn sizes(folder: &Path) -> String {
    let size = |name: &str| std::fs::metadata(folder.join(name)).map_or(0, |file| file.len());
    let (data, keys) = (size("isthmus.db"), size("keys/keys.db"));
    format!("database {} MiB, key file {} MiB", data >> 20, keys >> 20)
}

/// One thread appends what waits and syncs it, then answers.
fn floor(folder: &Path) -> Submit {
    std::fs::create_dir_all(folder).unwrap();
    let path = folder.join("floor");
    let (sender, waiting) = channel::<(Vec<u8>, oneshot::Sender<()>)>();
    std::thread::spawn(move || {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .unwrap();
        while let Ok(first) = waiting.recv() {
            let rest = std::iter::from_fn(|| waiting.try_recv().ok());
            let batch: Vec<_> = std::iter::once(first).chain(rest.take(1_023)).collect();
            let bytes = batch
                .iter()
                .map(|(bytes, _answer)| bytes.as_slice())
                .collect::<Vec<_>>();
            let bytes = bytes.concat();
            file.write_all(&bytes).unwrap();
            file.sync_data().unwrap();
            for (_bytes, answer) in batch {
                answer.send(()).unwrap();
            }
        }
        std::fs::remove_file(&path).unwrap();
    });
    let sender: Sender<_> = sender;
    Arc::new(move |_number| {
        let sender = sender.clone();
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            sender.send((vec![b'x'; PAYLOAD], answer)).unwrap();
            answered.await.unwrap();
        })
    })
}

fn open(folder: &Path) -> RunningStore {
    let options = StoreOptions {
        paths: StorePaths::in_folder(folder),
        size_limit: None,
    };
    RunningStore::start(&options, &MasterKey::new(Zeroizing::new([1; 32]))).unwrap()
}

fn intake(store: &RunningStore, patients: u64) -> Submit {
    let journal = store.journal();
    let digester = store.store().digester().clone();
    let sender = SenderId::new("north-lab");
    let payload = Bytes::from(vec![b'x'; PAYLOAD]);
    Arc::new(move |number| {
        let control = number.to_be_bytes();
        let patient = digester.control_id(&sender, &(number % patients).to_be_bytes());
        let message = Envelope {
            id: MessageId::from_bytes(digester.control_id(&sender, &[control, control].concat())),
            sender: sender.clone(),
            received_at: Timestamp::from_unix_millis(1_793_577_600_000),
            subject: Some(SubjectKey::from_bytes(patient)),
            body: RawMessage {
                bytes: Phi::new(payload.clone()),
                control_id: digester.control_id(&sender, &control),
            },
        };
        let journal = Arc::clone(&journal);
        Box::pin(async move {
            journal.commit(Unit::Intake(message)).await.unwrap();
        })
    })
}
