//! The gateway as its users run it: a process with a configuration folder of its own, its commands
//! beside it, and what it wrote; what is promised is in the other files.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::receiver::Receiver;

/// The longest that anything is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// The root of the checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Says something past the test runner's capture, which hides what passing tests print.
pub(crate) fn tell(text: &str) {
    // Whoever closed the pipe does not want it.
    drop(writeln!(std::io::stderr(), "{text}"));
}

/// Copies a folder and those below it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The binary under test, built once.
pub(crate) fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let arguments = [
            "build",
            "--quiet",
            "-p",
            "isthmus-server",
            "--message-format=json",
        ];
        let built = Command::new(env!("CARGO"))
            .args(arguments)
            .current_dir(root())
            .output();
        let built = built.unwrap();
        assert!(
            built.status.success(),
            "{}",
            String::from_utf8_lossy(&built.stderr)
        );
        let lines = built.stdout.split(|&byte| byte == b'\n');
        let messages = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
        let mut executables =
            messages.filter_map(|one| one["executable"].as_str().map(PathBuf::from));
        executables.next_back().unwrap()
    })
}

/// A configuration folder that only this test uses: the example, on free ports.
pub(crate) struct Site {
    folder: TempDir,
}

impl Site {
    /// The example's configuration, its paths made whole.
    pub(crate) fn example() -> Self {
        let text = std::fs::read_to_string(root().join("gateway/example/isthmus.toml")).unwrap();
        let mappings = root().join("mappings");
        let text = text
            .replace("../../mappings", mappings.to_str().unwrap())
            .replace("127.0.0.1:2576", "127.0.0.1:0")
            .replace("127.0.0.1:2575", "127.0.0.1:0");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("isthmus.toml"), text).unwrap();
        Self { folder }
    }

    /// The same with a copy of the maps, tables, policies and schemas in its folder `mappings`.
    pub(crate) fn with_own_mappings() -> Self {
        let site = Self::example();
        let (shared, own) = (root().join("mappings"), site.path("mappings"));
        for folder in [
            "fhir-to-records",
            "hl7v2-to-fhir",
            "policies",
            "records",
            "tables",
        ] {
            copy(&shared.join(folder), &own.join(folder));
        }
        site.edit(|text| text.replace(shared.to_str().unwrap(), own.to_str().unwrap()));
        site
    }

    /// Reaches a recipient by signed webhooks in place of its folder, with further keys of the
    /// destination.
    pub(crate) fn webhook(&self, recipient: &str, receiver: &Receiver, more: &str) {
        let name = format!("{recipient}-webhook.secret");
        std::fs::write(self.path(&name), &receiver.secret).unwrap();
        let folder = format!("adapter = \"ndjson-folder\"\nfolder = \"data/outbox/{recipient}\"\n");
        let webhook = format!(
            "adapter = \"webhook\"\nurl = \"http://{}/{recipient}\"\n\
             secrets = [\"${{file:{name}}}\"]\n{more}",
            receiver.address
        );
        self.edit(|text| {
            assert!(text.contains(&folder), "{recipient} has no folder");
            text.replace(&folder, &webhook)
        });
    }

    /// Reaches a recipient by files of JSON in place of lines, at this place.
    pub(crate) fn files(&self, recipient: &str, place: &str) {
        let folder = format!("adapter = \"ndjson-folder\"\nfolder = \"data/outbox/{recipient}\"\n");
        let files = format!("adapter = \"files\"\nform = \"json\"\n{place}\n");
        self.edit(|text| {
            assert!(text.contains(&folder), "{recipient} has no folder");
            text.replace(&folder, &files)
        });
    }

    /// Changes the configuration.
    pub(crate) fn edit(&self, change: impl FnOnce(String) -> String) {
        let path = self.path("isthmus.toml");
        let text = change(std::fs::read_to_string(&path).unwrap());
        std::fs::write(path, text).unwrap();
    }

    /// A file of the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command to its end.
    pub(crate) fn command(&self, arguments: &[&str], input: &str) -> Output {
        self.command_logging("info", arguments, input)
    }

    /// The same with a log filter.
    pub(crate) fn command_logging(&self, filter: &str, arguments: &[&str], input: &str) -> Output {
        let mut child = Command::new(binary())
            .args(arguments)
            .arg("--config")
            .arg(self.folder.path())
            .env("ISTHMUS_LOG", filter)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap()
    }

    /// Runs a command with `--json`, which must succeed, and reads its document.
    pub(crate) fn json(&self, arguments: &[&str], input: &str) -> Value {
        let output = self.command(&[arguments, &["--json"]].concat(), input);
        let said = [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said));
        assert!(output.status.success(), "{arguments:?}: {said:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Starts the gateway and waits until it listens.
    pub(crate) fn start(&self) -> Gateway {
        self.start_logging("isthmus=info")
    }

    /// The same with a log filter.
    pub(crate) fn start_logging(&self, filter: &str) -> Gateway {
        self.start_with(filter, &[])
    }

    /// The same with variables in its environment.
    pub(crate) fn start_with(&self, filter: &str, variables: &[(&str, &str)]) -> Gateway {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.path("gateway.log"))
            .unwrap();
        let mut child = Command::new(binary())
            .args(["run", "--json", "--config"])
            .arg(self.folder.path())
            .env("ISTHMUS_LOG", filter)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut events = BufReader::new(child.stdout.take().unwrap()).lines();
        let (mut plain, mut tls) = (None, None);
        while plain.is_none() || tls.is_none() {
            let line = events
                .next()
                .expect("the gateway ended; see its log")
                .unwrap();
            let event: Value = serde_json::from_str(&line).unwrap();
            if event["event"] == "listening" {
                let address: SocketAddr = event["address"].as_str().unwrap().parse().unwrap();
                let port = if event["tls"] == true {
                    &mut tls
                } else {
                    &mut plain
                };
                *port = Some(address);
            }
        }
        let told = Arc::new(Mutex::new(Vec::new()));
        let telling = Arc::clone(&told);
        std::thread::spawn(move || {
            for line in events.map_while(Result::ok) {
                telling.lock().unwrap().extend(serde_json::from_str(&line));
            }
        });
        Gateway {
            child,
            plain: plain.unwrap(),
            tls: tls.unwrap(),
            told,
        }
    }

    /// Waits until every message has an outcome and nothing waits for delivery; the counts then.
    pub(crate) fn settled(&self) -> Value {
        self.wait_for("everything to be delivered", |status| {
            let done = ["delivered", "parked", "withheld", "dropped"];
            let waiting = |one: &Value| !done.iter().any(|state| one["state"] == *state);
            let deliveries = status["deliveries"].as_array().unwrap();
            status["open"] == 0 && !deliveries.iter().any(waiting)
        })
    }

    /// Waits until the counts are as wished.
    pub(crate) fn wait_for(&self, what: &str, done: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        loop {
            let status = self.json(&["status"], "");
            if done(&status) {
                return status;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "waited in vain for {what}: {status}"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What a recipient's folder holds, line by line, over all its files.
    pub(crate) fn outbox(&self, recipient: &str) -> Vec<Value> {
        let folder = self.path("data/outbox").join(recipient);
        let mut files: Vec<PathBuf> = match std::fs::read_dir(&folder) {
            Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
            Err(_) => Vec::new(),
        };
        files.sort();
        let texts = files
            .iter()
            .map(|file| std::fs::read_to_string(file).unwrap());
        let whole: String = texts.collect();
        whole
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// A running gateway; killed when dropped.
pub(crate) struct Gateway {
    child: Child,
    /// Its MLLP port.
    pub(crate) plain: SocketAddr,
    /// Its MLLPS port.
    pub(crate) tls: SocketAddr,
    told: Arc<Mutex<Vec<Value>>>,
}

impl Gateway {
    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would: SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// What it told since its ports opened, one object a line.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.told.lock().unwrap().clone()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.pid().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Asks it to read its configuration anew (SIGHUP).
    pub(crate) fn hang_up(&self) {
        self.signal("HUP");
    }

    /// Asks it to end (SIGTERM) and waits; true when it ended without an error.
    pub(crate) fn stop(mut self) -> bool {
        self.signal("TERM");
        self.child.wait().unwrap().success()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
