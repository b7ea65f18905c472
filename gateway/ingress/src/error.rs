//! `IngressError`, why a listener does not start. What becomes of a single message is a
//! `isthmus_core::refusal::Refusal`, never one of these.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use isthmus_core::id::SenderId;
use thiserror::Error;

/// A fault in the configuration or the machine that keeps a listener from starting.
#[derive(Debug, Error)]
pub enum IngressError {
    /// Two senders have one id.
    #[error("two senders have the id {id}; give each its own")]
    SenderTwice {
        /// The id.
        id: SenderId,
    },
    /// Nothing proves that a peer is the sender.
    #[error(
        "sender {id} states neither certificates nor networks nor folders; state what proves a \
         peer is it, or where its files lie"
    )]
    SenderUnproved {
        /// The sender.
        id: SenderId,
    },
    /// A list is empty or has a wildcard, or a name is empty.
    #[error("sender {id}: {key} {problem}")]
    SenderKey {
        /// The sender.
        id: SenderId,
        /// The key of the configuration.
        key: &'static str,
        /// What is wrong and how to mend it.
        problem: &'static str,
    },
    /// One peer and one name could be two senders.
    #[error(
        "senders {one} and {other} share a sending application and facility, and one peer could \
         prove to be both, or one folder is theirs; give them other names, certificates, networks \
         or folders"
    )]
    SendersAlike {
        /// The one.
        one: SenderId,
        /// The other.
        other: SenderId,
    },
    /// Patient data would cross a network in clear.
    #[error(
        "listener {address}: without TLS is for loopback only; add [mllp.tls] or [http.tls], or \
         record in plain_reason what else protects the line"
    )]
    PlainListener {
        /// Where it was to listen.
        address: SocketAddr,
    },
    /// A reason for a plain listener beside TLS.
    #[error("listener {address}: plain_reason is stated beside TLS; remove one of the two")]
    PlainAndTls {
        /// Where it was to listen.
        address: SocketAddr,
    },
    /// A bound is zero or does not fit another.
    #[error("listener {address}: {key} {problem}")]
    Bound {
        /// Where it was to listen.
        address: SocketAddr,
        /// The key of the configuration.
        key: &'static str,
        /// What is wrong and how to mend it.
        problem: &'static str,
    },
    /// A listener could not finish its largest message within the byte budget of all listeners.
    #[error(
        "listener {address}: frame_bytes_max and 64 KiB for each of connections_max are {needed} \
         bytes, and all listeners together may hold {budget}"
    )]
    OverBudget {
        /// Where it was to listen.
        address: SocketAddr,
        /// What the listener needs.
        needed: usize,
        /// What there is.
        budget: usize,
    },
    /// A key of a folder cannot work.
    #[error("folder {name}: {key} {problem}")]
    FolderKey {
        /// The folder's name.
        name: String,
        /// The key of the configuration.
        key: &'static str,
        /// What is wrong and how to mend it.
        problem: &'static str,
    },
    /// A folder cannot be used.
    #[error("folder {name}: {} {problem}", path.display())]
    Folder {
        /// The folder's name.
        name: String,
        /// Where it is.
        path: PathBuf,
        /// What is wrong and how to mend it.
        problem: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The socket cannot be opened.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where it was to listen.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A file with a certificate or key cannot be read as PEM.
    #[error("{key} {}: cannot be read as PEM", path.display())]
    Pem {
        /// The key of the configuration.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What was wrong.
        source: rustls::pki_types::pem::Error,
    },
    /// A file holds no certificate.
    #[error("{key} {}: holds no certificate in PEM", path.display())]
    NoCertificate {
        /// The key of the configuration.
        key: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The certificate cannot be parsed.
    #[error("{key} {}: holds a certificate that cannot be parsed", path.display())]
    Certificate {
        /// The key of the configuration.
        key: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The listener's certificate has expired.
    #[error("certificate {}: expired on {expired}; install a renewed one", path.display())]
    CertificateExpired {
        /// The file.
        path: PathBuf,
        /// The end of its validity, in UTC.
        expired: String,
    },
    /// The listener's certificate is not valid yet.
    #[error("certificate {}: not valid before {begins}; check the machine's clock", path.display())]
    CertificateEarly {
        /// The file.
        path: PathBuf,
        /// The start of its validity, in UTC.
        begins: String,
    },
    /// The key is not the certificate's.
    #[error(
        "key {} does not belong to the first certificate of {}; install the pair",
        key.display(), certificate.display()
    )]
    KeyMismatch {
        /// The key's file.
        key: PathBuf,
        /// The certificate's file.
        certificate: PathBuf,
    },
    /// Client certificates are asked for and nothing says who may issue them, or the reverse.
    #[error("tls: {problem}")]
    ClientCertificates {
        /// What is wrong and how to mend it.
        problem: &'static str,
    },
    /// Where application acknowledgements go is not as it must be.
    #[error("application_acknowledgements: {problem}")]
    AnswerRoute {
        /// What is wrong and how to mend it.
        problem: &'static str,
    },
    /// The TLS library refuses the parts.
    #[error("tls: {key} {} cannot be used", path.display())]
    Tls {
        /// The key of the configuration.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What the library said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
