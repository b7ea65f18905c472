//! A program of `tests/tools` that holds a server of a test's own, spoken to line by line; which
//! server that is, is told beside it.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests may be blunt"
)]

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use serde_json::Value;
use tempfile::TempDir;

/// A server in a folder of its own, on the loopback; it ends with this.
#[derive(Debug)]
pub struct ToolProcess {
    child: Child,
    words: Mutex<Words>,
    ready: Value,
    folder: TempDir,
}

#[derive(Debug)]
struct Words {
    /// Closing it ends the server.
    input: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Words {
    fn answer(&mut self) -> Value {
        let line = self.answers.next();
        let line = line.expect("the program that holds the server answers");
        serde_json::from_str(&line.expect("its answer can be read")).expect("it answers with JSON")
    }
}

impl ToolProcess {
    /// Starts the program of this name, with these arguments beside its folder; the hint tells what
    /// installs what it needs.
    ///
    /// # Panics
    /// When it does not start, here and below.
    pub fn start(name: &str, arguments: &[&str], hint: &str) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let program = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("tools")
            .join(name);
        let arguments = arguments.iter().map(OsStr::new);
        let mut child = Command::new("python3")
            .arg(program)
            .arg("--folder")
            .arg(folder.path())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is there");
        let answers = child.stdout.take().expect("its output is a pipe");
        let mut words = Words {
            input: child.stdin.take(),
            answers: BufReader::new(answers).lines(),
        };
        let ready = words.answer();
        assert_eq!(ready["event"], "ready", "{ready}; {hint}");
        Self {
            child,
            words: Mutex::new(words),
            ready,
            folder,
        }
    }

    /// Gives the program a command, such as `kill` or `start`, and waits until it is done.
    ///
    /// # Panics
    /// When it fails.
    pub fn tell(&self, command: &str) -> Value {
        let mut words = self.words.lock().expect("no test panicked in here");
        let input = words.input.as_mut().expect("the program still runs");
        writeln!(input, "{command}").expect("the program still reads");
        let answer = words.answer();
        assert_ne!(answer["event"], "failed", "{command}: {answer}");
        answer
    }

    /// What it said of itself when it was ready, by name.
    ///
    /// # Panics
    /// When it said nothing of the kind.
    pub fn text(&self, name: &str) -> &str {
        self.ready[name].as_str().expect("the program tells it")
    }

    /// Where it listens.
    pub fn port(&self) -> Option<u64> {
        self.ready["port"].as_u64()
    }

    /// Everything that it keeps.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for ToolProcess {
    fn drop(&mut self) {
        if let Ok(words) = self.words.get_mut() {
            drop(words.input.take());
        }
        let _ended = self.child.wait();
    }
}
