//! What was acknowledged before the process was killed is there after it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use isthmus_core::id::{RecipientId, Sequence};
use isthmus_core::journal::Backlog;
use isthmus_store::running_store::{RunningStore, StoreOptions};
use isthmus_store::store_paths::StorePaths;

use crate::support::{
    Folder, Numbers, accept, conclude, conclusion, delivery, master, message, start, subject,
};

const ROUNDS: u64 = 20;
const WRITERS: u64 = 8;

/// Where the child writes, and in which round.
const FOLDER: &str = "ISTHMUS_STORE_TEST_FOLDER";
const ROUND: &str = "ISTHMUS_STORE_TEST_ROUND";

#[test]
fn nothing_acknowledged_is_missing_after_a_kill() {
    let folder = Folder::new();
    let mut numbers = Numbers(0x5eed);
    let mut acknowledged = BTreeMap::new();
    let mut concluded = BTreeSet::new();
    for round in 0..ROUNDS {
        let mut new = BTreeMap::new();
        let lines = run_and_kill(&folder, round, 20 + numbers.below(200));
        for line in lines {
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["accepted", number, sequence] => {
                    let sequence: u64 = sequence.parse().unwrap();
                    new.insert(sequence, number.parse::<u64>().unwrap());
                }
                ["concluded", sequence] => {
                    concluded.insert(sequence.parse::<u64>().unwrap());
                }
                _others => {}
            }
        }
        check_known(&folder, &new);
        acknowledged.append(&mut new);
        check(&folder, &acknowledged, &concluded);
    }
    check_known(&folder, &acknowledged);
    assert!(
        acknowledged.len() > 100,
        "only {} messages were accepted",
        acknowledged.len()
    );
    assert!(
        concluded.len() > 100,
        "only {} messages were concluded",
        concluded.len()
    );
}

/// Every acknowledged message has its place: sent again, it is a repeat.
fn check_known(folder: &Folder, acknowledged: &BTreeMap<u64, u64>) {
    let store = start(folder);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for (sequence, number) in acknowledged {
        let again = message(*number, Some(subject(*number)));
        let accepted = runtime
            .block_on(accept(store.journal().as_ref(), again))
            .unwrap();
        assert!(accepted.repeat, "the message at {sequence} is missing");
        assert_eq!(accepted.sequence, Sequence(*sequence));
    }
}

fn check(folder: &Folder, acknowledged: &BTreeMap<u64, u64>, concluded: &BTreeSet<u64>) {
    let store = start(folder);
    let counts = store.store().summary().unwrap().counts().unwrap();
    let waiting: u64 = counts.deliveries.iter().map(|count| count.count).sum();
    let outcomes: u64 = counts.outcomes.iter().map(|count| count.count).sum();
    assert_eq!(waiting, outcomes, "a conclusion was committed in part");
    assert!(
        outcomes >= concluded.len() as u64,
        "a conclusion is missing"
    );
    assert!(
        counts.intakes >= acknowledged.len() as u64,
        "a message is missing"
    );
    let open = store.backlog().open_intakes(1_000_000, &[]).unwrap();
    let open: BTreeMap<Sequence, _> = open.into_iter().map(|one| (one.sequence, one)).collect();
    for (sequence, number) in acknowledged {
        let Some(open) = open.get(&Sequence(*sequence)) else {
            continue;
        };
        assert!(
            !concluded.contains(sequence),
            "{sequence} lost its conclusion"
        );
        let opened = open.message.as_ref().expect("it opens");
        let sent = message(*number, Some(subject(*number)));
        assert_eq!(opened.body.bytes.reveal(), sent.body.bytes.reveal());
    }
    assert_eq!(open.len() as u64, counts.open);
    assert_eq!(
        counts.intakes,
        counts.open + outcomes,
        "a message is neither open nor concluded"
    );
}

/// Lets a process write until it said this many lines, kills it in the midst of the next, and
/// gives all that it said.
fn run_and_kill(folder: &Folder, round: u64, lines: u64) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "killed::writes_until_it_is_killed",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(FOLDER, folder.path())
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = said.map_while(Result::ok);
    let mut all: Vec<String> = said
        .by_ref()
        .take(usize::try_from(lines).unwrap())
        .collect();
    child.kill().unwrap();
    all.extend(said);
    child.wait().unwrap();
    all
}

#[test]
#[ignore = "the child of the test above"]
fn writes_until_it_is_killed() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let round: u64 = std::env::var_os(ROUND)
        .unwrap()
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let options = StoreOptions {
        paths: StorePaths::in_folder(folder),
        size_limit: None,
    };
    let store = RunningStore::start(&options, &master(1)).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let journal = store.journal();
            runtime.spawn(async move {
                let recipient = RecipientId::new("mailer");
                for count in 0..100_000 {
                    let number = (round * WRITERS + writer) * 100_000 + count;
                    let sent = message(number, Some(subject(number)));
                    let accepted = accept(journal.as_ref(), sent).await.unwrap();
                    let sequence = accepted.sequence.0;
                    say(&format!("accepted {number} {sequence}\n"));
                    if number.is_multiple_of(3) {
                        continue;
                    }
                    let new = delivery(number, &recipient, subject(number), 500);
                    conclude(&Arc::clone(&journal), conclusion(sequence, vec![new])).await;
                    say(&format!("concluded {sequence}\n"));
                }
            })
        })
        .collect();
    for writer in writers {
        runtime.block_on(writer).unwrap();
    }
}

/// In one write, so that a kill cuts no line that another follows.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).unwrap();
    out.flush().unwrap();
}
