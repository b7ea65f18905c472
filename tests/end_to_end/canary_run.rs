//! Takes a gateway through success, parking, refusal and a crash with canary messages, and keeps
//! all that it says. What may stand in it is said in `no_patient_data_leaks`.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Mutex;

use isthmus_tests::sshd::SshServer;

use crate::canary_messages::{Canaries, Plan, Token};
use crate::gateway::{Gateway, Site, root};
use crate::mllp_peer::{MllpPeer, framed};
use crate::receiver::{Receiver, Reply};

/// The most that is logged.
pub(crate) const TRACE: &str = "trace";

/// Messages of the feed in which the power goes.
const CRASHED: usize = 24;

/// Messages whose way operators ask for.
const MESSAGES_ASKED: usize = 12;

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
    /// Who receives, where it is by webhooks.
    pub(crate) receivers: Vec<(&'static str, Receiver)>,
    /// Who takes files, where it is by SFTP.
    pub(crate) server: Option<SshServer>,
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
            receivers: Vec::new(),
            server: None,
        }
    }

    /// The same with webhooks in place of folders. The CRM first leaves two records for later, one
    /// without an answer, and refuses one for good.
    pub(crate) fn with_webhooks() -> Self {
        let mut run = Self::new();
        run.receivers = ["crm", "marketing"]
            .map(|name| (name, Receiver::start()))
            .into();
        for (name, receiver) in &run.receivers {
            run.site.webhook(name, receiver, "");
        }
        let seen = Mutex::new(BTreeSet::new());
        run.receivers[0].1.answers(move |request| {
            let mut seen = seen.lock().unwrap();
            match (seen.insert(request.id()), seen.len()) {
                (true, 1 | 3) => Reply::status(503),
                (true, 5) => Reply::Cut,
                (_, 7) if seen.insert("refused".to_owned()) => Reply::status(422),
                _ => Reply::status(200),
            }
        });
        run
    }

    /// The same with files in place of lines: the CRM's in a folder, and those of the marketing
    /// platform by SFTP.
    pub(crate) fn with_files() -> Self {
        let mut run = Self::new();
        let server = SshServer::start("");
        let own_key = server.text("client_key");
        let by_sftp = format!(
            "sftp = \"{}\"\nhost_keys = [\"{}\"]\nssh_key = \"${{file:{own_key}}}\"",
            server.inbox_url(),
            server.text("ed25519")
        );
        let folder = "folder = \"data/outbox/crm\"".to_owned();
        for (recipient, place) in [("crm", folder), ("marketing", by_sftp)] {
            run.site.files(recipient, &place);
        }
        std::fs::create_dir_all(run.site.path("data/outbox/crm")).unwrap();
        run.server = Some(server);
        run
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

    /// The commands of operators, in both forms, and the socket that they use, asked directly.
    pub(crate) fn operated(&mut self) {
        let parked = self.site.json(&["parked", "list"], "");
        let parked = parked.as_array().unwrap().iter();
        let items: Vec<String> = parked
            .map(|one| one["item"].as_str().unwrap().to_owned())
            .collect();
        let mut control_ids = self.texts("MSH-10");
        control_ids.truncate(MESSAGES_ASKED);
        let mut commands: Vec<Vec<&str>> = ["list"].map(|word| vec!["parked", word]).into();
        commands.extend(items.iter().map(|item| vec!["parked", "show", item]));
        commands.extend(control_ids.iter().map(|id| vec!["why", id]));
        for word in ["show", "verify", "checkpoint", "key"] {
            commands.push(vec!["ledger", word]);
        }
        for command in commands {
            self.command(&command, "");
            self.command(&[&command[..], &["--json"]].concat(), "");
        }
        let patient = self.texts("PID-3").remove(0);
        let ledger = r#"{"ledger":{"limit":100000}}"#.to_owned();
        let parked = r#"{"parked":{"after":null,"limit":1000}}"#.to_owned();
        let unknown = format!("{{\"{patient}\":\"{}\"}}", control_ids[0]);
        for question in ["\"status\"".to_owned(), ledger, parked, unknown] {
            self.ask(&question);
        }
    }

    /// Asks at the admin socket and keeps the answer; there is none when no gateway runs.
    fn ask(&mut self, question: &str) {
        let path = self.site.path("data/store/isthmus.sock");
        let Ok(mut socket) = UnixStream::connect(path) else {
            return;
        };
        writeln!(socket, "{question}").unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).unwrap();
        assert!(answer.ends_with(b"\n"));
        self.said.push(("the admin socket".to_owned(), answer));
    }

    /// Every token of a place.
    fn texts(&self, place: &str) -> Vec<String> {
        let tokens = self.canaries.tokens.iter();
        let tokens = tokens.filter(|token| token.place == place && token.text.starts_with("Zq"));
        tokens.map(|token| token.text.clone()).collect()
    }

    /// A patient takes back their word while a record of theirs is queued, another is held back,
    /// and an address is suppressed.
    pub(crate) fn taken_back(&mut self, gateway: &Gateway) {
        let busy = || Reply::Status(503, vec!["retry-after: 3".to_owned()]);
        self.receivers[1].1.answers(move |_| busy());
        let mut patients = Vec::new();
        for _ in 0..2 {
            let before = self.canaries.tokens.len();
            let message = self.canaries.message(plan("2.5.1", ("ADT", "A08")));
            let own = &self.canaries.tokens[before..];
            let patient = own.iter().find(|token| token.place == "PID-3").unwrap();
            let patient = format!("EXAMPLE MRN|{}\n", patient.text);
            self.opt_in(&patient);
            self.send(gateway, &message, &["AA", "CA"]);
            patients.push(patient);
        }
        self.site.wait_for("both to be queued", |status| {
            let rows = status["deliveries"].as_array().unwrap().iter();
            let open = rows.filter(|row| row["recipient"] == "marketing");
            let open = open.filter(|row| row["state"] == "waiting" || row["state"] == "retrying");
            let open = open.map(|row| row["count"].as_u64().unwrap());
            status["open"] == 0 && open.sum::<u64>() == 2
        });
        let mut set = vec!["consent", "set", "--category", "hipaa-auth"];
        set.extend(["--choice", "opt-out", "--evidence", "a call"]);
        self.command(&set, &patients[0]);
        self.command(&["hold", "place", "--kind", "review"], &patients[1]);
        let address = format!("{}@example.org\n", self.texts("PID-13.4").remove(0));
        self.command(&["suppress", "--source", "bounce"], &address);
        // Mistakes are told without what was mistaken.
        self.command(&["consent", "show"], &patients[0].replace('|', "/"));
        self.command(&["suppress", "--source", "bounce"], &patients[0]);
        self.receivers[1].1.answers(|_| Reply::status(200));
    }

    /// Rules on everything that is parked for the CRM.
    pub(crate) fn ruled(&mut self) {
        let all = ["--all", "refused-by-destination", "--recipient", "crm"];
        let why = ["--why", "it was mended"];
        self.command(&[&["parked", "retry"], &all[..], &why].concat(), "");
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
        let writer = std::thread::spawn(move || stream.write_all(&feed));
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
