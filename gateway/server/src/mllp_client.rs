//! An MLLP client, with and without TLS: sends one message and reads its acknowledgement; which
//! messages are sent, and the counting, is in `command::send`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use isthmus_hl7v2::acknowledgment::Acknowledgment;
use isthmus_hl7v2::framing::{self, FrameDecoder};
use isthmus_hl7v2::header;
use isthmus_hl7v2::message::Message;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The longest acknowledgement that is read.
const ACKNOWLEDGEMENT_BYTES_MAX: usize = 1 << 20;
/// How long an acknowledgement may take.
const ANSWER_WAIT: Duration = Duration::from_mins(1);

/// Why a message has no acknowledgement. Places and causes, no values.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// The listener cannot be reached.
    #[error("{address} cannot be reached: {source}")]
    Connect {
        /// Where.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A certificate or key file is not usable.
    #[error("{path} is not usable: {why}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The TLS settings do not fit together.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(#[from] std::io::Error),
    /// The listener closed the connection instead of answering.
    #[error("the listener closed the connection without an acknowledgement")]
    Closed,
    /// No answer came in time.
    #[error("no acknowledgement came within {} seconds", ANSWER_WAIT.as_secs())]
    Late,
    /// What came is no acknowledgement of this message.
    #[error("the answer is no acknowledgement of this message: {0}")]
    Foreign(&'static str),
}

/// What a client needs for TLS.
pub(crate) struct TlsFiles<'a> {
    /// The authority of the listener's certificate.
    pub(crate) authority: &'a Path,
    /// Our certificate and key.
    pub(crate) own: Option<(&'a Path, &'a Path)>,
}

/// Reads the files into a client's TLS configuration.
pub(crate) fn tls_config(files: &TlsFiles<'_>) -> Result<Arc<ClientConfig>, ClientError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(files.authority)? {
        roots.add(certificate)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let config = match files.own {
        Some((certificate, key)) => {
            let key = PrivateKeyDer::from_pem_file(key).map_err(|why| unusable(key, &why))?;
            builder.with_client_auth_cert(certificates(certificate)?, key)?
        }
        None => builder.with_no_client_auth(),
    };
    Ok(Arc::new(config))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ClientError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(certificates) if certificates.is_empty() => {
            Err(unusable(path, &"it holds no certificate"))
        }
        Ok(certificates) => Ok(certificates),
        Err(why) => Err(unusable(path, &why)),
    }
}

fn unusable(path: &Path, why: &dyn fmt::Display) -> ClientError {
    ClientError::File {
        path: path.to_path_buf(),
        why: why.to_string(),
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// One connection to a listener.
pub(crate) struct MllpClient {
    stream: Box<dyn Stream>,
    frames: FrameDecoder,
    buffer: Vec<u8>,
}

impl MllpClient {
    /// Connects, and shakes hands when there is a TLS configuration.
    pub(crate) async fn connect(
        address: &str,
        tls: Option<Arc<ClientConfig>>,
    ) -> Result<Self, ClientError> {
        let unreachable = |source| ClientError::Connect {
            address: address.to_owned(),
            source,
        };
        let plain = TcpStream::connect(address).await.map_err(unreachable)?;
        plain.set_nodelay(true).map_err(unreachable)?;
        let stream: Box<dyn Stream> = match tls {
            None => Box::new(plain),
            Some(config) => {
                let host = address
                    .rsplit_once(':')
                    .map_or(address, |(host, _port)| host);
                let host = host.trim_matches(['[', ']']).to_owned();
                let name = ServerName::try_from(host)
                    .map_err(|error| unreachable(std::io::Error::other(error)))?;
                let connected = TlsConnector::from(config).connect(name, plain).await;
                Box::new(connected.map_err(unreachable)?)
            }
        };
        let frames = FrameDecoder::new(ACKNOWLEDGEMENT_BYTES_MAX);
        Ok(Self {
            stream,
            frames,
            buffer: Vec::new(),
        })
    }

    /// Sends one message and waits for its acknowledgement; returns its code (`AA`, `CE`, ...).
    pub(crate) async fn exchange(&mut self, message: &[u8]) -> Result<String, ClientError> {
        self.buffer.clear();
        framing::encode(message, &mut self.buffer);
        self.stream.write_all(&self.buffer).await?;
        self.stream.flush().await?;
        let answer = tokio::time::timeout(ANSWER_WAIT, self.answer());
        let answer = answer.await.map_err(|_elapsed| ClientError::Late)??;
        let answer = Message::parse(answer)
            .map_err(|_unreadable| ClientError::Foreign("it is no HL7 v2 message"))?;
        let acknowledgment = Acknowledgment::read(&answer)
            .map_err(|_wrong| ClientError::Foreign("it has no MSA with a known code"))?;
        let sent = header::salvage(message);
        let control_id = sent
            .as_ref()
            .and_then(header::Header::of)
            .map(|sent| sent.control_id());
        if control_id.is_some_and(|sent| sent != acknowledgment.control_id) {
            return Err(ClientError::Foreign(
                "MSA-2 is not the MSH-10 that was sent",
            ));
        }
        Ok(acknowledgment.code.as_str().to_owned())
    }

    async fn answer(&mut self) -> Result<Vec<u8>, ClientError> {
        let mut chunk = [0; 4096];
        loop {
            match self.frames.next() {
                Ok(Some(frame)) => return Ok(frame.payload),
                Ok(None) => {}
                Err(_frame) => return Err(ClientError::Foreign("its frame is broken")),
            }
            let read = self.stream.read(&mut chunk).await?;
            if read == 0 {
                return Err(ClientError::Closed);
            }
            self.frames.push(chunk.get(..read).unwrap_or_default());
        }
    }
}
