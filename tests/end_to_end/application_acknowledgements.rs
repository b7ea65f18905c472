//! A sender in enhanced mode that asks for it in MSH-16 is told what became of the content of its
//! message: behind the accept acknowledgement on its connection, or later, whatever ends between.
//! The accept acknowledgement itself is in `acknowledgements`.

use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::gateway::{Gateway, Site};
use crate::mllp_peer::{Answer, MllpPeer, framed};

/// The longest that a connection is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// The example, with further lines for its first sender.
fn site(more: &str) -> Site {
    let site = Site::example();
    site.edit(|text| {
        let sender = "\n[[sender]]\nid = \"simhospital\"";
        assert!(text.contains(sender));
        text.replacen(sender, &format!("\n{more}\n{sender}"), 1)
    });
    site
}

/// A message with this control id, MSH-15 and MSH-16.
fn message(id: &str, accept: &str, application: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|EXAMPLE-EHR|EXAMPLE-CLINIC|ISTHMUS|GATEWAY|20260310081500-0400||\
         ADT^A04^ADT_A01|{id}|P|2.5.1|||{accept}|{application}|USA|UNICODE UTF-8\r\
         EVN|A04|20260310081400-0400\r\
         PID|1||ASK1^^^EXAMPLE MRN^MR||Sample^Avery^^^^^L||19840617|F\rPV1|1|O\r"
    )
    .into_bytes()
}

/// One that cannot be carried: it is about two patients.
fn unmappable(id: &str, accept: &str, application: &str) -> Vec<u8> {
    let merging = b"MRG|ASK2^^^EXAMPLE MRN^MR\r".as_slice();
    [&message(id, accept, application), merging].concat()
}

/// An accept acknowledgement of an answer of the gateway's.
fn accepting(code: &str, control_id: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|EXAMPLE-EHR|EXAMPLE-CLINIC|ISTHMUS|GATEWAY|20260310081500-0400||ACK|\
         OWN{control_id}|P|2.5.1\rMSA|{code}|{control_id}\r"
    )
    .into_bytes()
}

fn next(peer: &mut MllpPeer) -> Answer {
    peer.answer().expect("the connection closed")
}

/// MSA-1 and MSA-2.
fn told(answer: &Answer) -> [String; 2] {
    [answer.code(), answer.control_id()]
}

/// Sends a message and reads so many answers to it.
fn ask(peer: &mut MllpPeer, message: &[u8], answers: usize) -> Vec<Answer> {
    peer.write(&framed(message));
    (0..answers).map(|_| next(peer)).collect()
}

fn owed(site: &Site) -> u64 {
    let status = site.json(&["status"], "");
    let owed = status["owed_acknowledgements"].as_array().unwrap();
    owed.iter().map(|one| one["count"].as_u64().unwrap()).sum()
}

fn nothing_owed(site: &Site) {
    site.wait_for("senders to be told", |status| {
        let owed = status["owed_acknowledgements"].as_array().unwrap();
        status["open"] == 0 && owed.is_empty()
    });
}

/// The gateway's next connection to a sender's own listener.
fn called(listener: &TcpListener) -> MllpPeer {
    listener.set_nonblocking(true).unwrap();
    let start = Instant::now();
    let stream: TcpStream = loop {
        match listener.accept() {
            Ok((stream, _)) => break stream,
            Err(_nobody_yet) => {
                assert!(start.elapsed() < PATIENCE, "nobody called");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    };
    stream.set_nonblocking(false).unwrap();
    MllpPeer::over(stream)
}

#[test]
fn the_outcome_follows_the_commit_on_the_same_connection() {
    let site = site("[sender.acknowledge]\nunmappable = \"AR\"");
    let gateway = site.start();
    let mut peer = MllpPeer::connect(gateway.plain);
    let both = ask(&mut peer, &message("B1", "AL", "AL"), 2);
    assert_eq!(told(&both[0]), ["CA", "B1"]);
    assert_eq!(told(&both[1]), ["AA", "B1"]);
    assert_eq!(both[1].field("MSH", 14), "NE", "no answer is wanted");
    assert_ne!(both[1].field("MSH", 9), both[0].field("MSH", 9));

    let both = ask(&mut peer, &unmappable("B2", "AL", "AL"), 2);
    assert_eq!(told(&both[0]), ["CA", "B2"]);
    assert_eq!(told(&both[1]), ["AR", "B2"], "as the sender's table says");
    assert_eq!(both[1].field("ERR", 2), "PID^1^3");
    assert_eq!(
        both[1].field("ERR", 3),
        "207^Application internal error^HL70357"
    );
    nothing_owed(&site);
}

#[test]
fn a_sender_hears_no_more_than_it_asks() {
    let site = Site::example();
    let gateway = site.start();
    let mut peer = MllpPeer::connect(gateway.plain);
    let only = ask(&mut peer, &message("B3", "AL", "ER"), 1);
    assert_eq!(told(&only[0]), ["CA", "B3"]);
    let both = ask(&mut peer, &unmappable("B4", "AL", "ER"), 2);
    assert_eq!(told(&both[1]), ["AE", "B4"]);
    let both = ask(&mut peer, &message("B5", "AL", "SU"), 2);
    assert_eq!(told(&both[1]), ["AA", "B5"]);
    for (id, asked) in [("B6", "NE"), ("B7", ""), ("B8", "NE")] {
        let only = ask(&mut peer, &message(id, "AL", asked), 1);
        assert_eq!(told(&only[0]), ["CA", id]);
    }
    let only = ask(&mut peer, &message("B9", "NE", "AL"), 1);
    assert_eq!(told(&only[0]), ["AA", "B9"], "the outcome alone is asked");
    let only = ask(&mut peer, &message("B10", "", ""), 1);
    assert_eq!(told(&only[0]), ["AA", "B10"], "the original mode");
    nothing_owed(&site);
    // Nothing more came: the next thing said is the next message's.
    let only = ask(&mut peer, &message("B11", "AL", "NE"), 1);
    assert_eq!(told(&only[0]), ["CA", "B11"]);
}

#[test]
fn a_sender_whose_table_says_nothing_hears_ae_in_the_form_of_its_version() {
    let site = Site::example();
    let gateway = site.start();
    let mut peer = MllpPeer::connect(gateway.plain);
    let old = String::from_utf8(unmappable("V1", "AL", "AL")).unwrap();
    let old = old.replace("|2.5.1|", "|2.3|");
    let both = ask(&mut peer, old.as_bytes(), 2);
    assert_eq!(told(&both[1]), ["AE", "V1"]);
    assert_eq!(
        both[1].field("ERR", 1),
        "PID^1^3^207&Application internal error&HL70357"
    );
}

#[test]
fn a_kill_between_the_commit_and_the_outcome_loses_no_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let site = site(&format!(
        "[sender.application_acknowledgements]\naddress = \"{address}\"\naccept = true"
    ));
    site.edit(|text| text.replacen("[store]", "[store]\nforward = false", 1));
    let gateway = site.start();
    let mut peer = MllpPeer::connect(gateway.plain);
    let first = ask(&mut peer, &message("K1", "AL", "AL"), 1);
    assert_eq!(told(&first[0]), ["CA", "K1"]);
    // The message is stored, and nothing is known of its content yet.
    gateway.kill();
    assert!(peer.answer().is_none(), "the kill fired");

    site.edit(|text| text.replacen("forward = false", "forward = true", 1));
    let gateway = site.start();
    let mut sender = called(&listener);
    let answer = next(&mut sender);
    assert_eq!(told(&answer), ["AA", "K1"]);
    assert_eq!(answer.field("MSH", 14), "AL");
    let control_id = answer.field("MSH", 9);
    assert_eq!(owed(&site), 1, "owed until the sender has accepted it");
    // It was told, and not acknowledged.
    gateway.kill();
    assert!(sender.answer().is_none(), "the kill fired");

    let gateway = site.start();
    let mut sender = called(&listener);
    let again = next(&mut sender);
    assert_eq!(told(&again), ["AA", "K1"]);
    assert_eq!(again.field("MSH", 9), control_id, "the same answer again");
    // One for nothing that was sent is not taken for it, in whatever order they come.
    sender.write(&framed(&accepting("CA", "FOREIGN")));
    sender.write(&framed(&accepting("CA", &control_id)));
    nothing_owed(&site);
    Gateway::kill(gateway);

    let gateway = site.start();
    let mut peer = MllpPeer::connect(gateway.plain);
    let both = ask(&mut peer, &message("K2", "AL", "AL"), 2);
    assert_eq!(told(&both[1]), ["AA", "K2"], "what came first was struck");
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "and is not told again");
}

#[test]
fn without_an_address_an_answer_waits_for_the_senders_next_connection() {
    let site = site("[sender.application_acknowledgements]\naccept = true");
    site.edit(|text| text.replacen("[store]", "[store]\nforward = false", 1));
    let gateway = site.start();
    let mut peer = MllpPeer::connect(gateway.plain);
    let first = ask(&mut peer, &message("N1", "AL", "AL"), 1);
    assert_eq!(told(&first[0]), ["CA", "N1"]);
    drop(peer);
    gateway.kill();
    site.edit(|text| text.replacen("forward = false", "forward = true", 1));
    let gateway = site.start();
    site.wait_for("the answer to wait", |status| {
        status["owed_acknowledgements"][0]["count"] == 1
    });

    let mut peer = MllpPeer::connect(gateway.plain);
    let both = ask(&mut peer, &message("N2", "AL", "NE"), 2);
    assert_eq!(told(&both[0]), ["CA", "N2"]);
    assert_eq!(told(&both[1]), ["AA", "N1"]);
    let control_id = both[1].field("MSH", 9);
    peer.write(&framed(&accepting("CA", &control_id)));
    nothing_owed(&site);
    // An acknowledgement is never answered: not one that came twice, nor one of nothing.
    peer.write(&framed(&accepting("CA", &control_id)));
    peer.write(&framed(&accepting("CE", "NEVER-SENT")));
    let only = ask(&mut peer, &message("N3", "AL", "NE"), 1);
    assert_eq!(told(&only[0]), ["CA", "N3"]);
    let status = site.settled();
    assert_eq!(status["intakes"], 3, "no acknowledgement was taken in");
}

#[test]
fn the_command_that_sends_files_passes_over_what_tells_of_earlier_messages() {
    let site = Site::example();
    let gateway = site.start();
    let texts = (1..=20).map(|number| message(&format!("F{number}"), "AL", "AL"));
    let file = site.path("feed.hl7");
    std::fs::write(&file, texts.collect::<Vec<_>>().concat()).unwrap();
    let address = gateway.plain.to_string();
    let sent = site.json(
        &["send", &address, file.to_str().unwrap(), "--rate", "20"],
        "",
    );
    assert_eq!(sent["positive"], 20, "{sent}");
}
