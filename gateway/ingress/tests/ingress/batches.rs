//! Batches and files of messages: each message is admitted, stored and acknowledged by itself, and
//! the answer has the form of what it answers. How much of one is in work is in `batches_bounds`.

use std::time::Duration;

use isthmus_core::executor::Executor;
use isthmus_core::refusal::{Reason, Refusal};
use tokio::io::AsyncWriteExt;

use crate::fake_intake::{Act, FakeIntake};
use crate::http::{post, response};
use crate::messages::{Msh, admission};
use crate::rig::Rig;
use crate::runtime::TokioExecutor;

pub(crate) const BHS: &str = "BHS|^~\\&|NORTHADT|NORTH|BRIDGE|HERE|20260101||Night||B-1\r";
const FHS: &str = "FHS|^~\\&|NORTHADT|NORTH|BRIDGE|HERE|20260101||||F-1\r";

/// The answer to one frame.
pub(crate) async fn answer(rig: &Rig, text: impl AsRef<[u8]>) -> String {
    let mut client = rig.connect();
    client.send(text).await;
    client.answer_text().await.expect("an answer")
}

/// The codes and control ids of an answer, such as `AA 1`, and its envelope's lines.
pub(crate) fn read(answer: &str) -> (Vec<String>, Vec<&str>) {
    let lines = || answer.split_terminator('\r');
    let codes = lines().filter_map(|line| line.strip_prefix("MSA|"));
    let codes = codes.map(|line| {
        let mut fields = line.split('|');
        let code = fields.next().unwrap();
        format!("{code} {}", fields.next().unwrap_or_default())
    });
    let is_envelope = |line: &&str| ["BHS", "BTS", "FHS", "FTS"].contains(&&line[..3]);
    (codes.collect(), lines().filter(is_envelope).collect())
}

pub(crate) fn batch(messages: &[String], trailer: &str) -> String {
    format!("{BHS}{}{trailer}\r", messages.concat())
}

fn admissions(numbers: std::ops::RangeInclusive<u32>) -> Vec<String> {
    numbers
        .map(|number| admission(&number.to_string()))
        .collect()
}

#[tokio::test]
async fn a_broken_message_does_not_spoil_its_batch() {
    let rig = Rig::new();
    let mut messages = admissions(1..=5);
    messages[2] = messages[2].replace("EVN|", "not a segment\rEVN|");
    let text = answer(&rig, batch(&messages, "BTS|5")).await;
    let (codes, envelope) = read(&text);
    assert_eq!(codes, ["AA 1", "AA 2", "AR 3", "AA 4", "AA 5"]);
    assert_eq!(envelope.len(), 2, "{text}");
    let header = "BHS|^~\\&|BRIDGE|HERE|NORTHADT|NORTH|20261122040000+0000||||";
    assert!(envelope[0].starts_with(header), "{text}");
    assert!(envelope[0].ends_with("|B-1"), "{text}");
    assert_eq!(envelope[1], "BTS|5");
    messages.remove(2);
    assert_eq!(rig.intake.texts(), messages);
    assert_eq!(rig.seams.counters.batches.get(), 1);
    assert_eq!(rig.seams.counters.batches_unlike_envelope.get(), 0);
    assert_eq!(rig.seams.counters.refused.of(Reason::Unreadable).get(), 1);
}

#[tokio::test]
async fn a_wrong_count_is_told_and_takes_nothing_from_the_messages() {
    let rig = Rig::new();
    let text = answer(&rig, batch(&admissions(1..=2), "BTS|3")).await;
    let (codes, envelope) = read(&text);
    assert_eq!(codes, ["AA 1", "AA 2"]);
    assert_eq!(envelope[1], "BTS|2|BTS-1 says 3 messages, the batch has 2");
    let file = format!("{FHS}{}FTS|4\r", batch(&admissions(3..=3), "BTS|one"));
    let text = answer(&rig, file).await;
    let (codes, envelope) = read(&text);
    assert_eq!(codes, ["AA 3"]);
    let wrong = "BTS|1|the count in field 1 of the trailer is not a whole number";
    assert_eq!(envelope[2], wrong);
    assert_eq!(envelope[3], "FTS|1|FTS-1 says 4 batches, the file has 1");
    assert_eq!(rig.intake.stored().len(), 3);
    assert_eq!(rig.seams.counters.batches_unlike_envelope.get(), 2);
}

#[tokio::test]
async fn a_file_is_answered_by_a_file_of_as_many_batches() {
    let rig = Rig::new();
    let batches = [
        batch(&admissions(1..=2), "BTS|2"),
        batch(&[], "BTS|0").replace("B-1", "B-2"),
        batch(&admissions(3..=3), "BTS|1").replace("B-1", "B-3"),
    ];
    let text = answer(&rig, format!("{FHS}{}FTS|3\r", batches.concat())).await;
    let (codes, envelope) = read(&text);
    assert_eq!(codes, ["AA 1", "AA 2", "AA 3"]);
    let ends = [
        "|F-1", "|B-1", "BTS|2", "|B-2", "BTS|0", "|B-3", "BTS|1", "FTS|3",
    ];
    assert_eq!(envelope.len(), ends.len(), "{text}");
    for (line, end) in envelope.iter().zip(ends) {
        assert!(line.ends_with(end), "{line} is not {end}");
    }
    let places = ["MSA|AA|2\r", "BTS|2\r", "MSA|AA|3\r"].map(|part| text.find(part).unwrap());
    assert!(places.is_sorted(), "{text}");
    assert_eq!(read(&answer(&rig, "BHS|^~\\&\rBTS|0\r").await).1.len(), 2);
    let loose = format!("{FHS}{}FTS|1\r", admissions(4..=5).concat());
    let text = answer(&rig, loose).await;
    assert_eq!(read(&text).0, ["AA 4", "AA 5"]);
    assert!(text.contains("\rFTS|1\r"), "{text}");
}

#[tokio::test]
async fn a_batch_over_http_is_answered_by_a_batch() {
    let rig = Rig::new();
    let mut stream = rig.connect_http();
    let mut messages = admissions(1..=3);
    messages[1] = messages[1].replace("NORTHADT", "SOMEBODY");
    for _ in 0..2 {
        let request = post(&batch(&messages, "BTS|3"));
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = response(&mut stream).await.unwrap();
        assert_eq!(answer.status, 200);
        let (codes, envelope) = read(&answer.body);
        assert_eq!(codes, ["AA 1", "AR 2", "AA 3"], "{answer:?}");
        assert_eq!(envelope[1], "BTS|3");
    }
}

#[tokio::test]
async fn headers_that_name_another_sender_let_no_message_in() {
    let rig = Rig::new();
    let messages = admissions(1..=2);
    for (from, to, place) in [
        ("|NORTHADT|NORTH|BRIDGE", "|SOUTHADT||BRIDGE", "BHS^1^3"),
        (
            "|NORTHADT|NORTH|BRIDGE",
            "|NORTHADT|SOUTH|BRIDGE",
            "BHS^1^4",
        ),
    ] {
        let text = format!("{}{}BTS|2\r", BHS.replace(from, to), messages.concat());
        let text = answer(&rig, text).await;
        assert_eq!(read(&text).0, ["AR 1", "AR 2"]);
        assert!(text.contains(&format!("ERR||{place}|204^")), "{text}");
    }
    let foreign = FHS.replace("NORTHADT", "SOUTHADT");
    let text = answer(
        &rig,
        format!("{foreign}{}FTS|1\r", batch(&messages, "BTS|2")),
    )
    .await;
    assert!(text.contains("ERR||FHS^1^3|204^"), "{text}");
    assert!(rig.intake.stored().is_empty());
    let nameless = format!("BHS|^~\\&\r{}BTS|2\r", messages.concat());
    assert_eq!(read(&answer(&rig, nameless).await).0, ["AA 1", "AA 2"]);
}

#[tokio::test]
async fn each_message_is_answered_in_its_own_mode_and_version() {
    let rig = Rig::new();
    let one = |control_id, accept, version| {
        Msh {
            control_id,
            version,
            accept,
            ..Msh::default()
        }
        .message()
    };
    let messages = [
        one("1", "AL", "2.5.1"),
        one("2", "NE", "2.5.1"),
        one("3", "ER", "2.5.1"),
        one("4", "", "2.3"),
    ];
    let text = answer(&rig, batch(&messages, "BTS|4")).await;
    assert_eq!(read(&text).0, ["CA 1", "AA 4"]);
    assert!(text.ends_with("|P|2.3\rMSA|AA|4\rBTS|2\r"), "{text}");
    assert_eq!(rig.intake.stored().len(), 4);
}

#[tokio::test]
async fn a_message_that_the_store_refuses_is_told_so_alone() {
    let refused = Act::Refuse(Refusal::retry(Reason::StoreUnavailable));
    let rig = Rig::with_intake(FakeIntake::doing([Act::Take, refused, Act::Take]));
    let text = answer(&rig, batch(&admissions(1..=3), "BTS|3")).await;
    assert_eq!(read(&text).0, ["AA 1", "AE 2", "AA 3"]);
    assert_eq!(rig.intake.stored().len(), 2);
}

#[tokio::test]
async fn a_batch_that_ends_inside_of_a_message_stores_all_before_it() {
    let rig = Rig::new();
    let whole = batch(&admissions(1..=3), "BTS|3");
    let cut = &whole[..whole.len() - 15];
    let text = answer(&rig, cut).await;
    let (codes, envelope) = read(&text);
    assert_eq!(codes, ["AA 1", "AA 2", "AR 3"]);
    assert!(
        envelope[1].starts_with("BTS|3|the batch has no BTS"),
        "{text}"
    );
    assert_eq!(rig.intake.stored().len(), 2);
}

#[tokio::test]
async fn what_comes_behind_a_batch_is_stored_behind_it() {
    let late = Act::TakeAfter(Duration::from_millis(30));
    let acts = std::iter::once(late).chain(std::iter::repeat_n(Act::Take, 200));
    let rig = Rig::with_intake(FakeIntake::doing(acts));
    let mut client = rig.connect();
    client.send(admission("before")).await;
    client.send(batch(&admissions(1..=150), "BTS|150")).await;
    client.send(admission("behind")).await;
    assert_eq!(client.answer().await.1, "before");
    let text = client.answer_text().await.unwrap();
    let expected: Vec<String> = (1..=150).map(|number| format!("AA {number}")).collect();
    assert_eq!(read(&text).0, expected);
    assert_eq!(client.answer().await.1, "behind");
    let stored = rig.intake.texts();
    let place = |id: &str| {
        let id = format!("|{id}|P|");
        stored.iter().position(|text| text.contains(&id)).unwrap()
    };
    let places: Vec<usize> = (1..=150).map(|number| place(&number.to_string())).collect();
    assert!(places.is_sorted() && place("behind") > places[149]);
}

#[tokio::test]
async fn a_stop_answers_a_batch_that_came_in_whole() {
    let late = || Act::TakeAfter(Duration::from_millis(30));
    let rig = Rig::with_intake(FakeIntake::doing((0..200).map(|_| late())));
    let mut client = rig.connect();
    client.send(batch(&admissions(1..=200), "BTS|200")).await;
    TokioExecutor.sleep(Duration::from_millis(10)).await;
    rig.stop.send_replace(true);
    let text = client.answer_text().await.unwrap();
    assert!(read(&text).0.iter().all(|code| code.starts_with("AA ")));
    assert!(client.is_closed().await);
    assert_eq!(rig.intake.stored().len(), 200);
}
