//! How senders are told what they are owed: on which connection, behind what, how often, and what
//! their own acknowledgements do.

use std::sync::Arc;
use std::time::Duration;

use isthmus_core::executor::Executor;
use isthmus_core::id::MessageId;
use isthmus_core::refusal::Reason;
use isthmus_hl7v2::acknowledgment::AcknowledgmentCode::{
    ApplicationAccept, ApplicationReject, CommitAccept,
};
use isthmus_ingress::answer_loop::tell_senders;
use isthmus_ingress::answer_parts::AnswerParts;
use isthmus_ingress::sender_lines::SenderLines;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::client::Client;
use crate::debts::Debts;
use crate::fake_intake::{Act, FakeIntake};
use crate::messages::{Msh, NORTH, SOUTH, admission};
use crate::pki::Pki;
use crate::rig::{Rig, senders, terms};
use crate::runtime::{StillClock, TokioExecutor};

/// Starts the loop; what it ends by, and what ends it.
fn start(rig: &Rig, debts: &Arc<Debts>) -> oneshot::Sender<()> {
    let answers = AnswerParts {
        owed: Arc::clone(debts) as _,
        journal: Arc::clone(debts) as _,
        ways: Arc::new(SenderLines::new(Arc::clone(&rig.seams))),
        counters: Arc::clone(&rig.seams.counters),
        clock: Arc::new(StillClock),
        executor: Arc::new(TokioExecutor),
    };
    let (stop, stopping) = oneshot::channel::<()>();
    let task = async move {
        let stopping = Box::pin(async {
            let _dropped = stopping.await;
        });
        tell_senders(answers, stopping).await.unwrap();
    };
    TokioExecutor.spawn("answers", Box::pin(task));
    stop
}

/// A message that asks for both acknowledgements.
fn asking(control_id: &str) -> String {
    let message = Msh {
        control_id,
        accept: "AL",
        ..Msh::default()
    };
    message.message().replacen("|AL|||", "|AL|AL||", 1)
}

/// Sends a message and waits for its accept acknowledgement; its id in the store.
async fn stored(rig: &Rig, client: &mut Client<DuplexStream>, control_id: &str) -> MessageId {
    client.send(asking(control_id)).await;
    assert_eq!(client.answer().await, (CommitAccept, control_id.to_owned()));
    rig.intake.stored().last().unwrap().id
}

/// MSH-10 of the next application acknowledgement.
async fn told(client: &mut Client<DuplexStream>) -> String {
    let (code, of) = client.answer().await;
    assert_eq!(code, ApplicationAccept);
    of.strip_prefix("of-").unwrap().to_owned()
}

fn acknowledging(code: &str, control_id: &str) -> String {
    format!("MSH|^~\\&|NORTHADT|NORTH|BRIDGE|HERE|||ACK|1|P|2.5.1\rMSA|{code}|{control_id}\r")
}

const ANY: MessageId = MessageId::from_bytes([9; 16]);

#[tokio::test]
async fn an_answer_goes_back_on_the_connection_that_its_message_came_on() {
    let rig = Rig::new();
    let debts = Arc::new(Debts::default());
    let _running = start(&rig, &debts);
    let (mut one, mut other) = (rig.connect(), rig.connect());
    let first = stored(&rig, &mut one, "N1").await;
    let second = stored(&rig, &mut other, "N2").await;
    debts.owe("north", second, "A2", false);
    assert_eq!(told(&mut other).await, "A2");
    debts.owe("north", first, "A1", false);
    assert_eq!(told(&mut one).await, "A1");
    debts.are_paid().await;
    assert_eq!(rig.seams.counters.answers_heard.get(), 2);
    // Where it is gone, any other of the sender's serves.
    drop(one);
    debts.owe("north", first, "A3", false);
    assert_eq!(told(&mut other).await, "A3");
}

#[tokio::test]
async fn an_answer_goes_behind_the_acknowledgements_that_are_due() {
    let slow = Act::TakeAfter(Duration::from_millis(200));
    let rig = Rig::with_intake(FakeIntake::doing([Act::Take, slow]));
    let debts = Arc::new(Debts::default());
    let _running = start(&rig, &debts);
    let mut client = rig.connect();
    let first = stored(&rig, &mut client, "N1").await;
    client.send(asking("N2")).await;
    debts.owe("north", first, "A1", false);
    // The store takes its time with the next message, and nothing waits for it.
    assert_eq!(told(&mut client).await, "A1");
    assert_eq!(client.answer().await, (CommitAccept, "N2".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_told_again_until_it_is_acknowledged() {
    let rig = Rig::new();
    let debts = Arc::new(Debts::default());
    let _running = start(&rig, &debts);
    let mut client = rig.connect();
    let message = stored(&rig, &mut client, "N1").await;
    debts.owe("north", message, "A1", true);
    assert_eq!(told(&mut client).await, "A1");
    client.send(acknowledging("CE", "A1")).await;
    assert_eq!(told(&mut client).await, "A1");
    // Silence, and acknowledgements of other things, are no yes.
    client.send(acknowledging("CA", "A0")).await;
    client.send(acknowledging("CA", "of-A1")).await;
    client.send("MSH|^~\\&|||||||ACK|1\rPID|1\r").await;
    assert_eq!(told(&mut client).await, "A1");
    assert_eq!(debts.ids(), ["A1"]);
    client.send(acknowledging("CA", "A1")).await;
    debts.are_paid().await;
    client.send(acknowledging("CA", "A1")).await;
    // Nothing answers an acknowledgement.
    assert_eq!(client.ask(admission("N2")).await, ApplicationAccept);
    let counters = &rig.seams.counters;
    assert_eq!(counters.acknowledgements_heard.get(), 2);
    assert_eq!(counters.acknowledgements_foreign.get(), 4);
    assert_eq!(counters.answers_put_off.get(), 2);
    assert_eq!(counters.refused.of(Reason::Unauthorised).get(), 0);
    assert_eq!(rig.intake.stored().len(), 2, "no acknowledgement is stored");
}

#[tokio::test(start_paused = true)]
async fn a_refused_answer_and_one_that_cannot_be_opened_are_given_up() {
    let rig = Rig::new();
    let debts = Arc::new(Debts::default());
    let mut client = rig.connect();
    let message = stored(&rig, &mut client, "N1").await;
    debts.owe("north", message, "A1", true);
    debts.owe("north", message, "A2", true);
    debts.owed.lock().unwrap().get_mut(&2).unwrap().opens = false;
    debts.owe("north", message, "A3", true);
    let _running = start(&rig, &debts);
    assert_eq!(told(&mut client).await, "A1");
    assert_eq!(told(&mut client).await, "A3");
    client.send(acknowledging("CR", "A1")).await;
    client.send(acknowledging("CA", "A3")).await;
    debts.are_paid().await;
    let counters = &rig.seams.counters;
    assert_eq!(counters.answers_refused.get(), 1);
    assert_eq!(counters.answers_unopenable.get(), 1);
    assert_eq!(counters.answers_heard.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_sender_is_told_when_it_connects_and_to_nobody_else() {
    let rig = Rig::new();
    let debts = Arc::new(Debts::default());
    let _running = start(&rig, &debts);
    let mut south = rig.connect_as("10.2.0.1", &[]);
    let message = Msh {
        application: "SOUTHADT",
        facility: "",
        ..Msh::default()
    };
    assert_eq!(south.ask(message.message()).await, ApplicationAccept);
    debts.owe("north", ANY, "A1", false);
    debts.owe("south", ANY, "A2", false);
    assert_eq!(told(&mut south).await, "A2");
    TokioExecutor.sleep(Duration::from_hours(1)).await;
    assert_eq!(debts.ids(), ["A1"]);
    // What it waits for comes first, and nothing comes on a line on which it says nothing.
    let mut silent = rig.connect();
    let mut north = rig.connect();
    assert_eq!(north.ask(admission("N1")).await, ApplicationAccept);
    assert_eq!(told(&mut north).await, "A1");
    assert_eq!(silent.ask(admission("N2")).await, ApplicationAccept);
    debts.are_paid().await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_whose_messages_are_refused_is_told_nothing() {
    let rig = Rig::new();
    let debts = Arc::new(Debts::default());
    let _running = start(&rig, &debts);
    // The only one that it could be, by its network, which proves no more than that.
    let mut somebody = rig.connect();
    assert_eq!(
        somebody.ask(b"MSH|^~\\&|NORTHADT|NORTH\r".to_vec()).await,
        ApplicationReject
    );
    debts.owe("north", ANY, "A1", false);
    TokioExecutor.sleep(Duration::from_hours(1)).await;
    assert_eq!(debts.ids(), ["A1"]);
}

#[tokio::test(start_paused = true)]
async fn what_others_are_owed_does_not_put_off_what_was_not_heard() {
    let rig = Rig::new();
    let debts = Arc::new(Debts::default());
    let _running = start(&rig, &debts);
    let mut north = rig.connect();
    assert_eq!(north.ask(admission("N1")).await, ApplicationAccept);
    debts.owe("north", ANY, "A1", true);
    debts.owe("north", ANY, "A2", true);
    for (code, answer) in [("CE", "A1"), ("CA", "A2")] {
        assert_eq!(told(&mut north).await, answer);
        north.send(acknowledging(code, answer)).await;
    }
    // Somebody else is owed something all the time.
    let others = Arc::clone(&debts);
    let owing = async move {
        for _ in 0..1_000 {
            TokioExecutor.sleep(Duration::from_millis(300)).await;
            others.owe("south", ANY, "B", false);
        }
    };
    TokioExecutor.spawn("owing", Box::pin(owing));
    let again = tokio::time::timeout(Duration::from_secs(10), told(&mut north));
    assert_eq!(again.await.unwrap(), "A1");
    north.send(acknowledging("CA", "A1")).await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_is_the_sender_no_longer_is_told_nothing() {
    let rig = Rig::new();
    let debts = Arc::new(Debts::default());
    let _running = start(&rig, &debts);
    let mut client = rig.connect();
    let message = stored(&rig, &mut client, "N1").await;
    let moved = NORTH.replace("127.0.0.0/8", "10.9.0.0/16");
    rig.seams.terms.replace(terms(senders(&moved)));
    debts.owe("north", message, "A1", false);
    TokioExecutor.sleep(Duration::from_mins(10)).await;
    assert_eq!(debts.ids(), ["A1"]);
    let mut there = rig.connect_as("10.9.0.1", &[]);
    assert_eq!(there.ask(admission("N2")).await, ApplicationAccept);
    assert_eq!(told(&mut there).await, "A1");
}

#[tokio::test]
async fn a_sender_over_http_is_told_on_its_mllp_connection() {
    let rig = Rig::new();
    let debts = Arc::new(Debts::default());
    let _running = start(&rig, &debts);
    let mut http = rig.connect_http();
    let post = |message: &str| {
        let length = message.len();
        format!(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/hl7-v2\r\n\
             Content-Length: {length}\r\n\r\n{message}"
        )
    };
    http.write_all(post(&asking("N1")).as_bytes())
        .await
        .unwrap();
    let mut response = vec![0; 2048];
    let count = http.read(&mut response).await.unwrap();
    let response = String::from_utf8_lossy(&response[..count]).into_owned();
    assert!(response.contains("MSA|CA|N1"), "{response}");
    let message = rig.intake.stored()[0].id;
    debts.owe("north", message, "A1", false);
    let mut mllp = rig.connect();
    assert_eq!(mllp.ask(admission("N2")).await, ApplicationAccept);
    assert_eq!(told(&mut mllp).await, "A1");
    // An acknowledgement is answered by nothing there either.
    let acknowledgement = acknowledging("CA", "A1");
    http.write_all(post(&acknowledgement).as_bytes())
        .await
        .unwrap();
    let mut response = vec![0; 12];
    http.read_exact(&mut response).await.unwrap();
    assert_eq!(response, b"HTTP/1.1 204");
    assert_eq!(rig.seams.counters.acknowledgements_foreign.get(), 1);
}

#[tokio::test]
async fn the_configured_address_is_reached_over_tls() {
    let pki = Pki::new("answer-route");
    let server = pki.issue("localhost", 2020..2100);
    let acceptor = TlsAcceptor::from(server.server());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let route = format!(
        "{NORTH}\n[sender.application_acknowledgements]\naddress = \"localhost:{port}\"\n\
         accept = true\ntls = {{ authorities = '{}' }}\n{SOUTH}",
        pki.authorities()
    );
    let rig = Rig::with_senders(&route);
    let debts = Arc::new(Debts::default());
    let _running = start(&rig, &debts);
    debts.owe("north", ANY, "A1", true);
    debts.owe("north", ANY, "A2", true);
    let (stream, _) = listener.accept().await.unwrap();
    let mut peer = Client::new(acceptor.accept(stream).await.unwrap());
    for _ in 0..2 {
        let text = peer.answer_text().await.unwrap();
        assert!(text.contains("MSA|AA|of-A"), "{text}");
    }
    peer.send(acknowledging("CA", "A2")).await;
    peer.send(acknowledging("CA", "A2")).await;
    peer.send(acknowledging("CA", "A1")).await;
    debts.are_paid().await;
    assert_eq!(rig.seams.counters.acknowledgements_foreign.get(), 1);
    // The connection stays for what comes next; one that the peer closed is opened again.
    debts.owe("north", ANY, "A3", true);
    assert!(peer.answer_text().await.unwrap().contains("of-A3"));
    peer.send(acknowledging("CA", "A3")).await;
    debts.are_paid().await;
    drop(peer);
    TokioExecutor.sleep(Duration::from_millis(50)).await;
    debts.owe("north", ANY, "A4", true);
    let (stream, _) = listener.accept().await.unwrap();
    let mut peer = Client::new(acceptor.accept(stream).await.unwrap());
    assert!(peer.answer_text().await.unwrap().contains("of-A4"));
    peer.send(acknowledging("CA", "A4")).await;
    debts.are_paid().await;
}

#[tokio::test]
async fn a_stop_ends_the_tasks_of_senders_that_cannot_be_told() {
    let rig = Rig::new();
    let debts = Arc::new(Debts::default());
    let answers = AnswerParts {
        owed: Arc::clone(&debts) as _,
        journal: Arc::clone(&debts) as _,
        ways: Arc::new(SenderLines::new(Arc::clone(&rig.seams))),
        counters: Arc::default(),
        clock: Arc::new(StillClock),
        executor: Arc::new(TokioExecutor),
    };
    debts.owe("north", ANY, "A1", false);
    let soon = Box::pin(TokioExecutor.sleep(Duration::from_millis(50)));
    assert_eq!(tell_senders(answers, soon).await, Ok(()));
    assert_eq!(debts.ids(), ["A1"]);
    assert_eq!(rig.connect().ask(asking("N1")).await, CommitAccept);
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_no_acknowledgement() {
    let rig = Rig::new();
    let debts = Arc::new(Debts::default());
    let mut client = rig.connect();
    let message = stored(&rig, &mut client, "N1").await;
    debts.owe("north", message, "A1", true);
    let parts = AnswerParts {
        owed: Arc::clone(&debts) as _,
        journal: Arc::clone(&debts) as _,
        ways: Arc::new(SenderLines::new(Arc::clone(&rig.seams))),
        counters: Arc::default(),
        clock: Arc::new(StillClock),
        executor: Arc::new(TokioExecutor),
    };
    let begin = tokio::time::Instant::now();
    let soon = Box::pin(TokioExecutor.sleep(Duration::from_secs(1)));
    assert_eq!(tell_senders(parts, soon).await, Ok(()));
    assert!(begin.elapsed() < Duration::from_secs(5), "{begin:?}");
    assert_eq!(told(&mut client).await, "A1");
    assert_eq!(debts.ids(), ["A1"], "it comes again after the next start");
}
