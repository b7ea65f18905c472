//! A client as small as it can be, files for it, and what lies at the server; what is promised is
//! in the other files.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use isthmus_adapters::adapter::{Call, Reply};
use isthmus_adapters::connection::address_filter::AddressFilter;
use isthmus_adapters::file_call::{FileCall, FileForm};
use isthmus_adapters::sftp_client::client::SftpClient;
use isthmus_adapters::sftp_client::settings::SftpSettings;
use isthmus_adapters::sftp_client::ssh_keys::{ClientKey, HostKeys};
use isthmus_adapters::sftp_url::SftpUrl;
use isthmus_adapters::transport::Transport;
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use isthmus_core::id::DeliveryId;
use isthmus_core::phi::Phi;
use isthmus_tests::sshd::SshServer;

/// The longest that anything is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// Real time and tasks.
pub(crate) struct TokioExecutor;

impl Executor for TokioExecutor {
    fn spawn(&self, _name: &'static str, task: BoxFuture<'static, ()>) {
        drop(tokio::spawn(task));
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(time))
    }

    fn monotonic(&self) -> Duration {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }
}

/// How the server's inbox is reached.
pub(crate) fn settings(server: &SshServer) -> SftpSettings {
    SftpSettings {
        url: SftpUrl::parse(&server.inbox_url()).unwrap(),
        filter: AddressFilter::default(),
        host_keys: HostKeys::parse(&[server.text("ed25519").to_owned()]).unwrap(),
        key: key(server.text("client_key")),
        mode: 0o640,
        connect_timeout: PATIENCE,
        answer_timeout: PATIENCE,
        at_once: 1,
    }
}

/// A private key by its path.
pub(crate) fn key(path: &str) -> ClientKey {
    ClientKey::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A client by these settings.
pub(crate) fn client(settings: SftpSettings) -> SftpClient {
    SftpClient::new(settings, Arc::new(TokioExecutor))
}

/// A file of this name with this content.
pub(crate) fn file(name: &str, content: &[u8]) -> Arc<Call> {
    Arc::new(Call::File(FileCall {
        name: name.to_owned(),
        content: Phi::new(Bytes::copy_from_slice(content)),
        form: FileForm::Hl7v2,
        look_first: false,
        record: DeliveryId::from_bytes([1; 16]),
    }))
}

/// So many bytes, in which no piece is like its neighbour.
pub(crate) fn content(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

/// Places a file.
pub(crate) async fn place(client: &SftpClient, name: &str, content: &[u8]) -> Reply {
    client.perform(file(name, content)).await
}

/// The names of everything in a folder, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// How often somebody logged in.
pub(crate) fn logins(server: &SshServer) -> usize {
    let log = std::fs::read_to_string(server.text("log")).unwrap();
    log.matches("Accepted publickey").count()
}

/// Waits until this is so.
pub(crate) async fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Looks at a file over and over: whenever it is there it is of one of these lengths.
pub(crate) struct Watch {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Watch {
    pub(crate) fn start(path: &Path, lengths: &'static [u64]) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (path, over) = (path.to_path_buf(), Arc::clone(&is_over));
        let thread = std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                if let Ok(data) = path.metadata() {
                    assert!(lengths.contains(&data.len()), "{} is half", path.display());
                }
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        Self { is_over, thread }
    }

    pub(crate) fn end(self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}
