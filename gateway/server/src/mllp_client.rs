//! An MLLP client, with and without TLS: sends one message and reads its acknowledgement; which
//! messages are sent, and the counting, is in `command::send`.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use isthmus_hl7v2::acknowledgment::{Acknowledgment, AcknowledgmentCode};
use isthmus_hl7v2::framing::{self, FrameDecoder};
use isthmus_hl7v2::header;
use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::segment_name::SegmentName;
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
    /// The listener is there, but no TLS came about.
    #[error("no TLS with {address}: {source}{}", tls_hint(.source))]
    Handshake {
        /// Where.
        address: String,
        /// What the TLS library said.
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
    /// The address has no port.
    #[error("{0} is no address; write HOST:PORT, such as 127.0.0.1:2575")]
    Address(String),
    /// The listener closed the connection instead of answering.
    #[error(
        "the listener closed the connection without an acknowledgement{}",
        if *.tls { "" } else { "; if it speaks TLS, add --tls and --ca" }
    )]
    Closed {
        /// Whether we spoke TLS.
        tls: bool,
    },
    /// No answer came in time.
    #[error("no acknowledgement came within {} seconds", ANSWER_WAIT.as_secs())]
    Late,
    /// What came is no acknowledgement of this message.
    #[error("the answer is no acknowledgement of this message: {0}")]
    Foreign(&'static str),
}

/// How to mend a handshake that failed, where the cause tells.
fn tls_hint(error: &std::io::Error) -> &'static str {
    if error.kind() == std::io::ErrorKind::UnexpectedEof {
        return "; does this port speak TLS?";
    }
    let cause = error.get_ref().and_then(|inner| inner.downcast_ref());
    match cause {
        Some(rustls::Error::InvalidMessage(_)) => "; does this port speak TLS?",
        Some(rustls::Error::InvalidCertificate(_)) => {
            "; --ca takes the authority that issued the listener's certificate"
        }
        _ => "",
    }
}

/// A listener's answer: codes and places, never its free texts.
pub(crate) struct Answer {
    /// MSA-1 (`AA`, `CE`, ...).
    pub(crate) code: AcknowledgmentCode,
    /// What was wrong: codes of table 0357 and the places of ERR-2; empty when nothing is said.
    pub(crate) why: String,
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
    /// Control ids of messages that asked to be told of their content: such an answer comes when it
    /// comes, also between later messages and their acknowledgements.
    told_later: BTreeSet<String>,
    tls: bool,
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
        if !address.contains(':') {
            return Err(ClientError::Address(address.to_owned()));
        }
        let is_tls = tls.is_some();
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
                Box::new(connected.map_err(|source| ClientError::Handshake {
                    address: address.to_owned(),
                    source,
                })?)
            }
        };
        let frames = FrameDecoder::new(ACKNOWLEDGEMENT_BYTES_MAX);
        Ok(Self {
            stream,
            frames,
            buffer: Vec::new(),
            told_later: BTreeSet::new(),
            tls: is_tls,
        })
    }

    /// Sends one message and waits for its acknowledgement; returns what it says.
    pub(crate) async fn exchange(&mut self, message: &[u8]) -> Result<Answer, ClientError> {
        self.buffer.clear();
        framing::encode(message, &mut self.buffer);
        self.stream.write_all(&self.buffer).await?;
        self.stream.flush().await?;
        let sent = header::salvage(message);
        let sent = sent.as_ref().and_then(header::Header::of);
        let control_id = sent.map(|sent| sent.control_id());
        let answer = tokio::time::timeout(ANSWER_WAIT, self.acknowledgment(control_id.as_deref()));
        let (acknowledgment, answer) = answer.await.map_err(|_elapsed| ClientError::Late)??;
        let asks = sent.is_some_and(|sent| {
            let asked = sent.application_acknowledgment();
            !asked.is_empty() && asked != "NE"
        });
        if let Some(control_id) = control_id.filter(|_| asks) {
            self.told_later.insert(control_id.into_owned());
        }
        Ok(Answer {
            code: acknowledgment.code,
            why: why(&acknowledgment, &answer),
        })
    }

    /// The acknowledgement of the message with this control id. What tells of the content of an
    /// earlier message is passed over.
    async fn acknowledgment(
        &mut self,
        control_id: Option<&str>,
    ) -> Result<(Acknowledgment, Message), ClientError> {
        loop {
            let answer = Message::parse(self.answer().await?)
                .map_err(|_unreadable| ClientError::Foreign("it is no HL7 v2 message"))?;
            let acknowledgment = Acknowledgment::read(&answer)
                .map_err(|_wrong| ClientError::Foreign("it has no MSA with a known code"))?;
            if control_id.is_none_or(|sent| sent == acknowledgment.control_id) {
                return Ok((acknowledgment, answer));
            }
            if !self.told_later.remove(&acknowledgment.control_id) {
                return Err(ClientError::Foreign(
                    "MSA-2 is not the MSH-10 that was sent",
                ));
            }
        }
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
                return Err(ClientError::Closed { tls: self.tls });
            }
            self.frames.push(chunk.get(..read).unwrap_or_default());
        }
    }
}

/// What the answer holds against the message, as codes and places.
fn why(acknowledgment: &Acknowledgment, answer: &Message) -> String {
    let is_code = |code: &&String| code.len() <= 3 && code.bytes().all(|one| one.is_ascii_digit());
    let codes = acknowledgment.error_codes.iter().filter(is_code);
    let mut words: Vec<String> = codes.map(|code| format!("condition {code}")).collect();
    let errors = answer.segments();
    for error in errors.filter(|segment| segment.name() == SegmentName::ERR) {
        let place = [1, 3, 5].map(|part| {
            let value = error.field(2).component(part).value();
            value.map(std::borrow::Cow::into_owned).unwrap_or_default()
        });
        words.extend(place_words(&place));
    }
    words.join(" ")
}

/// `at PID-3.4` of the segment, field and component of an ERR-2; nothing of what is no place.
fn place_words([segment, field, component]: &[String; 3]) -> Option<String> {
    let is_number = |text: &str| text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = segment.len() == 3 && segment.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_name || !is_number(field) || !is_number(component) {
        return None;
    }
    let field = Some(field).filter(|field| !field.is_empty());
    let field = field.map(|field| format!("-{field}")).unwrap_or_default();
    let component = Some(component).filter(|component| !component.is_empty());
    let component = component.map(|component| format!(".{component}"));
    Some(format!(
        "at {segment}{field}{}",
        component.unwrap_or_default()
    ))
}
