//! Whatever a peer of the MLLP port sends, it is told the exact code and place, nothing is lost,
//! and the next good message is served. Wrong configuration is in `bad_configuration`.

use std::io::Write;
use std::time::Duration;

use crate::gateway::{Gateway, Site};
use crate::mllp_peer::{Answer, MllpPeer, framed};

/// Resident memory of a gateway under attack, at most, in KiB.
const RESIDENT_KIB_MAX: u64 = 128 << 10;

/// A sender whose network no peer of these tests is in, and its name.
const OTHER: &str = r#"
[[sender]]
id = "other-ehr"
networks = ["192.0.2.0/24"]
applications = ["OTHER-EHR"]
facilities = ["OTHER-CLINIC"]
events = ["ADT^*"]
authorities = ["OTHER MRN"]
default_charset = "UNICODE UTF-8"
zone = "America/New_York"
default_authority = "OTHER MRN"
"#;

/// A message that is stored, with parts of its header changed.
fn message(control_id: &str, change: &[(&str, &str)]) -> Vec<u8> {
    let text = format!(
        "MSH|^~\\&|EXAMPLE-EHR|EXAMPLE-CLINIC|ISTHMUS|GATEWAY|20260310081500-0400||\
         ADT^A04^ADT_A01|{control_id}|P|2.5.1|||||USA|UNICODE UTF-8\r\
         EVN|A04|20260310081400-0400\r\
         PID|1||100001^^^EXAMPLE MRN^MR||Sample^Avery^^^^^L||19840617|F\r"
    );
    let changed = change.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{from} is not there");
        text.replacen(from, to, 1)
    });
    changed.into_bytes()
}

/// What a bad message is answered with.
struct Case {
    what: &'static str,
    message: Vec<u8>,
    code: &'static str,
    control_id: &'static str,
    /// ERR-2 and the number in ERR-3; in version 2.3 the one field ERR-1.
    place: &'static str,
    condition: &'static str,
}

fn case(what: &'static str, message: Vec<u8>, told: [&'static str; 4]) -> Case {
    let [code, control_id, place, condition] = told;
    Case {
        what,
        message,
        code,
        control_id,
        place,
        condition,
    }
}

/// Bytes that are no message, or not one of their charset; the connection goes on.
fn unreadable() -> Vec<Case> {
    let mut latin = message("BAD-04", &[]);
    let name = latin.windows(6).position(|six| six == b"Sample").unwrap();
    latin[name] = 0xE9;
    let ascii = [("UNICODE UTF-8", "ASCII"), ("Sample", "Sämple")];
    let no_msh = b"PID|1||100001^^^EXAMPLE MRN^MR\r".to_vec();
    let delimiters = message("BAD-03", &[("MSH|^~\\&|", "MSH|^^\\&|")]);
    let unknown_set = message("BAD-05", &[("UNICODE UTF-8", "KLINGON")]);
    let at_charset = |id| ["AR", id, "MSH^1^18", "102"];
    vec![
        case("no MSH", no_msh, ["AR", "", "", "100"]),
        case("nothing at all", Vec::new(), ["AR", "", "", "100"]),
        case("a repeated delimiter", delimiters, ["AR", "", "", "100"]),
        case("a byte that is not UTF-8", latin, at_charset("BAD-04")),
        case("an unknown charset", unknown_set, at_charset("BAD-05")),
        case(
            "a byte that is not ASCII",
            message("BAD-06", &ascii),
            at_charset("BAD-06"),
        ),
    ]
}

/// What it is, what is changed in a good message, and the answer.
type Row<'r> = (&'static str, &'r [(&'r str, &'r str)], [&'static str; 4]);

/// Messages that their sender may not send, and one that cannot be answered by its id; the
/// connection goes on.
fn unauthorised() -> Vec<Case> {
    let nobody = ("EXAMPLE-EHR", "NOBODY");
    let other = [
        ("EXAMPLE-EHR", "OTHER-EHR"),
        ("EXAMPLE-CLINIC", "OTHER-CLINIC"),
    ];
    let mixed = [("EXAMPLE-CLINIC", "SFAC")];
    let event = [("ADT^A04", "ADT^A99")];
    let foreign = [("MRN^MR", "MRN^MR~77^^^OTHER MRN^MR")];
    let old = [("2.5.1", "2.3"), ("UNICODE UTF-8", ""), nobody];
    let old_place = "MSH^1^3^204&Unknown key identifier&HL70357";
    let enhanced = [("|||||USA", "|||AL||USA"), nobody];
    let rows: [Row<'_>; 8] = [
        ("an event", &event, ["AR", "BAD-07", "MSH^1^9", "201"]),
        ("nobody", &[nobody], ["AR", "BAD-08", "MSH^1^3", "204"]),
        ("another", &other, ["AR", "BAD-09", "MSH^1^3", "204"]),
        ("a facility", &mixed, ["AR", "BAD-10", "MSH^1^4", "204"]),
        (
            "an authority",
            &foreign,
            ["AR", "BAD-11", "PID^1^3^2^4", "204"],
        ),
        ("no control id", &[], ["AR", "", "MSH^1^10", "101"]),
        ("version 2.3", &old, ["AR", "BAD-13", old_place, ""]),
        (
            "enhanced mode",
            &enhanced,
            ["CR", "BAD-14", "MSH^1^3", "204"],
        ),
    ];
    let cases = rows.map(|(what, change, told)| case(what, message(told[1], change), told));
    cases.into()
}

impl Case {
    /// Holds an answer against the case.
    fn check(&self, answer: &Answer) {
        let what = self.what;
        assert_eq!(answer.code(), self.code, "{what}");
        assert_eq!(answer.control_id(), self.control_id, "{what}");
        let (field, condition) = if self.condition.is_empty() {
            (1, String::new())
        } else {
            (
                2,
                answer.field("ERR", 3).split('^').next().unwrap().to_owned(),
            )
        };
        assert_eq!(answer.field("ERR", field), self.place, "{what}");
        assert_eq!(condition, self.condition, "{what}");
    }
}

/// A gateway and how many messages it must have stored.
struct Attacked {
    site: Site,
    gateway: Gateway,
    stored: u64,
}

impl Attacked {
    fn start() -> Self {
        let site = Site::example();
        site.edit(|text| {
            let plain = "[[mllp]]\nlisten = \"127.0.0.1:0\"\n";
            let bounded = format!("{plain}bounds = {{ chunk_seconds_max = 1 }}\n");
            let (before, after) = text.rsplit_once(plain).unwrap();
            format!("{before}{bounded}{after}{OTHER}")
        });
        let gateway = site.start();
        Self {
            site,
            gateway,
            stored: 0,
        }
    }

    fn peer(&self) -> MllpPeer {
        MllpPeer::connect(self.gateway.plain)
    }

    /// The next good message is served, on this connection.
    fn serves(&mut self, peer: &mut MllpPeer, after: &str) {
        self.stored += 1;
        let id = format!("GOOD-{}", self.stored);
        let answer = peer.exchange(&message(&id, &[]));
        assert_eq!(
            (answer.code(), answer.control_id()),
            ("AA".into(), id),
            "after {after}"
        );
    }

    /// Everything acknowledged is there, and nothing else.
    fn ends(self, parked: u64) {
        let status = self.site.settled();
        assert_eq!(status["intakes"], self.stored + parked, "{status}");
        assert_eq!(
            status["parked"].as_array().unwrap().len() as u64,
            parked,
            "{status}"
        );
        assert_eq!(self.site.outbox("crm").len() as u64, self.stored);
        assert!(self.gateway.stop());
    }
}

#[test]
fn a_bad_message_is_refused_with_its_place_and_the_next_one_is_served() {
    let mut attacked = Attacked::start();
    let mut peer = attacked.peer();
    for case in unreadable().iter().chain(&unauthorised()) {
        case.check(&peer.exchange(&case.message));
        attacked.serves(&mut peer, case.what);
    }
    let log = std::fs::read_to_string(attacked.site.path("gateway.log")).unwrap();
    let alarm = log.lines().find(|line| line.contains("other-ehr"));
    assert!(alarm.is_some_and(|line| line.contains("WARN")), "{log}");
    attacked.ends(0);
}

#[test]
fn a_broken_frame_is_not_stored_and_ends_its_connection_alone() {
    let mut attacked = Attacked::start();

    let mut peer = attacked.peer();
    peer.write(
        &[
            b"\x0B",
            &message("NEST-1", &[])[..],
            &framed(&message("NEST-2", &[])),
        ]
        .concat(),
    );
    let answer = peer.answer().expect("a nested start is answered");
    assert_eq!(
        (answer.code(), answer.control_id()),
        ("AR".into(), "NEST-1".into())
    );
    assert_eq!(answer.field("ERR", 3), "100^Segment sequence error^HL70357");
    assert!(
        peer.answer().is_none(),
        "what follows a broken frame cannot be trusted"
    );
    attacked.serves(&mut attacked.peer(), "a nested start");

    let mut peer = attacked.peer();
    peer.write(&[b"\x0B", &message("CUT-1", &[])[..]].concat());
    peer.end();
    assert!(
        peer.answer().is_none(),
        "half a message is never acknowledged"
    );
    attacked.serves(&mut attacked.peer(), "a frame that the peer cut off");

    let mut peer = attacked.peer();
    peer.write(&[b"\x0B", &message("STILL-1", &[])[..]].concat());
    assert!(
        peer.answer().is_none(),
        "a frame without an end is not waited for"
    );
    attacked.serves(&mut attacked.peer(), "a frame without an end");

    let mut peer = attacked.peer();
    peer.write(b"GET / HTTP/1.1\r\n\r\n");
    attacked.serves(&mut peer, "bytes before a frame");
    attacked.ends(0);
}

#[test]
fn an_event_without_a_map_is_stored_and_parked() {
    let mut attacked = Attacked::start();
    let mut peer = attacked.peer();
    let simulator = [
        ("EXAMPLE-EHR", "SIMHOSP"),
        ("EXAMPLE-CLINIC", "SFAC"),
        ("EXAMPLE MRN", "SIMULATOR MRN"),
        ("ADT^A04^ADT_A01", "ADT^A60^ADT_A60"),
    ];
    let answer = peer.exchange(&message("PARK-1", &simulator));
    assert_eq!(
        (answer.code(), answer.control_id()),
        ("AA".into(), "PARK-1".into())
    );
    assert_eq!(answer.field("ERR", 3), "");
    attacked.serves(&mut peer, "an event without a map");
    let status = attacked.site.settled();
    let parked = &status["parked"][0];
    assert_eq!(parked["sender"], "simhospital", "{status}");
    assert_eq!(parked["reason"], "not-mapped", "{status}");
    assert_eq!(parked["location"], "MSH-9", "{status}");
    attacked.ends(1);
}

#[test]
fn a_peer_bound_to_no_sender_gets_one_refusal() {
    let site = Site::example();
    site.edit(|text| text.replace("\"127.0.0.0/8\", \"::1/128\"", "\"192.0.2.0/24\""));
    let gateway = site.start();
    let mut peer = MllpPeer::connect(gateway.plain);
    let answer = peer.exchange(&message("NOBODY-1", &[]));
    assert_eq!(
        (answer.code(), answer.control_id()),
        ("AR".into(), "NOBODY-1".into())
    );
    assert_eq!(answer.field("ERR", 3), "204^Unknown key identifier^HL70357");
    assert!(peer.answer().is_none());
    assert_eq!(site.json(&["status"], "")["intakes"], 0);
    assert!(gateway.stop());
}

/// The most memory that a process ever had resident, in KiB.
fn resident_most(gateway: &Gateway) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn a_gigabyte_in_one_frame_is_refused_in_little_memory() {
    let mut attacked = Attacked::start();
    let mut peer = attacked.peer();
    let mut stream = peer.writer();
    let written = std::thread::spawn(move || {
        stream
            .set_write_timeout(Some(Duration::from_mins(1)))
            .unwrap();
        let header = message("HUGE-1", &[]);
        stream
            .write_all(&[b"\x0B", &header[..], b"NTE|1||"].concat())
            .unwrap();
        let mebibyte = vec![b'x'; 1 << 20];
        (0..1024)
            .take_while(|_| stream.write_all(&mebibyte).is_ok())
            .count()
    });
    let answer = peer.answer().expect("a frame over the limit is answered");
    assert_eq!(
        (answer.code(), answer.control_id()),
        ("AR".into(), "HUGE-1".into())
    );
    assert_eq!(
        answer.field("ERR", 3),
        "207^Application internal error^HL70357"
    );
    assert!(peer.answer().is_none(), "the connection closes");
    let written = written.join().unwrap();
    let resident = resident_most(&attacked.gateway);
    assert!(resident < RESIDENT_KIB_MAX, "{resident} KiB resident");
    attacked.serves(&mut attacked.peer(), "a gigabyte");
    crate::gateway::tell(&format!(
        "a frame of 1 GiB: {written} MiB taken before the close, at most {resident} KiB resident"
    ));
    attacked.ends(0);
}
