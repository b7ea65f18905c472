//! Takes a gateway through success, parking, refusal and a crash with canary messages, and keeps
//! all that it says. What may stand in it is said in `no_patient_data_leaks`.

use crate::canary_messages::{Canaries, Plan, Token};
use crate::gateway::{Gateway, Site, root};
use crate::mllp_peer::{MllpPeer, framed};

/// The most that is logged.
pub(crate) const TRACE: &str = "trace";

/// Messages of the feed in which the power goes.
const CRASHED: usize = 24;

/// Messages that are translated: versions and events.
const TRANSLATED: [(&str, (&str, &str)); 10] = [
    ("2.1", ("ADT", "A01")),
    ("2.1", ("ORU", "R01")),
    ("2.2", ("ADT", "A08")),
    ("2.3", ("ADT", "A04")),
    ("2.3.1", ("ORU", "R01")),
    ("2.4", ("ADT", "A03")),
    ("2.5.1", ("ADT", "A04")),
    ("2.5.1", ("ORU", "R01")),
    ("2.7", ("ADT", "A01")),
    ("2.8.2", ("ORU", "R01")),
];

/// Values of the example's messages that are found nowhere else, and their places.
const EXAMPLE: [(&str, &str); 11] = [
    ("avery.sample@example.org", "PID-13.4"),
    ("noel.muster@example.org", "PID-13.4"),
    ("12 Sample Street", "PID-11"),
    ("77 Sample Road", "PID-11"),
    ("8 Sample Avenue", "PID-11"),
    ("999-41-0001", "PID-3"),
    ("1003000126", "PV1-7"),
    ("VN700001", "PV1-19"),
    ("Essential hypertension", "DG1-3.2"),
    ("slightly hemolyzed", "NTE-3"),
    ("Potassium [SerPlas]", "OBX-3.2"),
];

/// The run: everything that came out of the gateway beside files.
pub(crate) struct Run {
    /// Where it runs.
    pub(crate) site: Site,
    /// The messages' tokens.
    pub(crate) canaries: Canaries,
    /// What was said, and by whom.
    pub(crate) said: Vec<(String, Vec<u8>)>,
    /// The acknowledgements as they came.
    pub(crate) acknowledgements: Vec<Vec<u8>>,
    /// How many messages were accepted until the crash.
    pub(crate) stored: u64,
}

fn plan(version: &'static str, event: (&'static str, &'static str)) -> Plan<'static> {
    Plan {
        version,
        event,
        without: &[],
    }
}

fn replaced(message: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = message
        .windows(from.len())
        .position(|window| window == from);
    let at = at.expect("what is to be replaced");
    [&message[..at], to, &message[at + from.len()..]].concat()
}

impl Run {
    pub(crate) fn new() -> Self {
        let site = Site::example();
        site.edit(|text| text.replacen("\"ADT^A08\"", "\"ADT^A08\", \"ADT^A60\"", 1));
        let mut canaries = Canaries::default();
        for (text, place) in EXAMPLE {
            canaries.tokens.push(Token {
                text: text.to_owned(),
                forms: Vec::new(),
                place: place.to_owned(),
            });
        }
        Self {
            site,
            canaries,
            said: Vec::new(),
            acknowledgements: Vec::new(),
            stored: 0,
        }
    }

    /// Sends a message and keeps what comes back.
    fn send(&mut self, gateway: &Gateway, message: &[u8], codes: &[&str]) {
        let mut peer = MllpPeer::connect(gateway.plain);
        let answer = peer.exchange(message);
        let told = (
            answer.code(),
            answer.field("ERR", 1),
            answer.field("ERR", 2),
        );
        assert!(codes.contains(&told.0.as_str()), "{told:?}");
        self.stored += u64::from(answer.code().ends_with('A'));
        self.acknowledgements.push(answer.bytes);
    }

    /// Runs a command at its most talkative and keeps what it says.
    fn command(&mut self, arguments: &[&str], input: &str) {
        let output = self.site.command_logging(TRACE, arguments, input);
        let name = arguments.join(" ");
        self.said.push((format!("{name}: stdout"), output.stdout));
        self.said.push((format!("{name}: stderr"), output.stderr));
    }

    /// The commands that a person asks for the state.
    pub(crate) fn asked(&mut self) {
        for arguments in [
            &["status"][..],
            &["status", "--json"],
            &["check"],
            &["flow"],
        ] {
            self.command(arguments, "");
        }
    }

    /// Messages that reach recipients: our own over plain MLLP, the example's over TLS.
    pub(crate) fn success(&mut self, gateway: &Gateway) {
        for (version, event) in TRANSLATED {
            let before = self.canaries.tokens.len();
            let message = self.canaries.message(plan(version, event));
            // Of some patients the marketing platform may know.
            if version == "2.5.1" {
                let mut own = self.canaries.tokens[before..].iter();
                let patient = own.find(|token| token.place == "PID-3").unwrap();
                let patient = format!("EXAMPLE MRN|{}\n", patient.text);
                self.opt_in(&patient);
            }
            self.send(gateway, &message, &["AA", "CA"]);
        }
        let ca = self.site.path("data/certificates/ca.pem");
        let ca = ca.to_str().unwrap().to_owned();
        let address = gateway.tls.to_string();
        let folder = root().join("gateway/example/messages");
        for entry in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            self.command(&["send", &address, "-", "--tls", "--ca", &ca], &text);
            self.stored += 1;
        }
    }

    fn opt_in(&mut self, patient: &str) {
        let mut set = vec!["consent", "set", "--category", "hipaa-auth"];
        set.extend(["--choice", "opt-in", "--evidence", "a form"]);
        self.command(&set, patient);
        self.command(&["consent", "show"], patient);
    }

    /// Messages that are stored and cannot be translated.
    pub(crate) fn parked(&mut self, gateway: &Gateway) {
        let unmapped = self.canaries.message(plan("2.5.1", ("ADT", "A60")));
        self.send(gateway, &unmapped, &["CA"]);
        for event in [("ADT", "A01"), ("ORU", "R01")] {
            let without = &["PID-2", "PID-3"][..];
            let nobody = Plan {
                without,
                ..plan("2.5.1", event)
            };
            let message = self.canaries.message(nobody);
            self.send(gateway, &message, &["CA"]);
        }
    }

    /// Messages that are refused.
    pub(crate) fn refused(&mut self, gateway: &Gateway) {
        let admission = plan("2.5.1", ("ADT", "A01"));
        let changes: [(&[u8], &[u8]); 6] = [
            (b"EXAMPLE-EHR", b"NOBODY"),
            (b"|ADT^A01|", b"|ADT^A99|"),
            (b"^~\\&", b"^^\\&"),
            (b"MSH|", b"MSX|"),
            (b"UNICODE UTF-8", b"ASCII"),
            (b"EXAMPLE MRN", b"OTHER MRN"),
        ];
        for (from, to) in changes {
            let message = self.canaries.message(admission);
            self.send(gateway, &replaced(&message, from, to), &["AR", "CR"]);
        }
        let mut peer = MllpPeer::connect(gateway.plain);
        let message = self.canaries.message(admission);
        let half = &message[..message.len() / 2];
        peer.write(&[b"\x0B", half, &framed(&message)].concat());
        self.acknowledgements.push(peer.answer().unwrap().bytes);
        assert!(peer.answer().is_none());
    }

    /// A feed in the middle of which the power goes.
    pub(crate) fn crash(&mut self, gateway: Gateway) {
        let mut feed = Vec::new();
        for _ in 0..CRASHED {
            let message = self.canaries.message(plan("2.5.1", ("ADT", "A08")));
            feed.extend(framed(&message));
        }
        let mut peer = MllpPeer::connect(gateway.plain);
        let mut stream = peer.writer();
        let writer = std::thread::spawn(move || std::io::Write::write_all(&mut stream, &feed));
        for _ in 0..3 {
            self.acknowledgements.push(peer.answer().unwrap().bytes);
        }
        gateway.kill();
        let mut answered = 3;
        while let Some(answer) = peer.answer() {
            self.acknowledgements.push(answer.bytes);
            answered += 1;
        }
        assert!(answered < CRASHED, "the kill came too late");
        drop(writer.join().unwrap());
    }
}
