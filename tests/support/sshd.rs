//! An OpenSSH server of a test's own, started and spoken to through `tests/tools/sshd.py`; what is
//! done to it is in the tests.
#![allow(clippy::expect_used, reason = "tests may be blunt")]

use std::ops::Deref;
use std::path::{Path, PathBuf};

use crate::tool_process::ToolProcess;

/// A server in a folder of its own, on the loopback; it ends with this. It tells `url`, `ed25519`,
/// `ecdsa`, `client_key`, `other_key` and `log`, and takes `kill`, `start`, `pause` and `resume`.
#[derive(Debug)]
pub struct SshServer {
    process: ToolProcess,
    inbox: PathBuf,
}

impl SshServer {
    /// Starts one, with these options of its SFTP.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(sftp_options: &str) -> Self {
        let options = format!("--sftp-options={sftp_options}");
        let hint = "tests/run installs openssh-server";
        let process = ToolProcess::start("sshd.py", &[&options], hint);
        let inbox = process.folder().join("in");
        std::fs::create_dir(&inbox).expect("there is room for an inbox");
        Self { process, inbox }
    }

    /// A folder that takes files.
    pub fn inbox(&self) -> &Path {
        &self.inbox
    }

    /// The URL of that folder.
    pub fn inbox_url(&self) -> String {
        format!("{}{}", self.text("url"), self.inbox.display())
    }
}

impl Deref for SshServer {
    type Target = ToolProcess;

    fn deref(&self) -> &ToolProcess {
        &self.process
    }
}
