//! `AnswerRoute`, where the application acknowledgements of one sender go when the connection that
//! the message came on is gone: its address and the TLS to it. What is said there is in
//! `answer_link`.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use isthmus_core::clock::Timestamp;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;

use crate::certificate_file::{check_validity, read_certificates, read_key};
use crate::error::IngressError;

/// `[sender.application_acknowledgements]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnswerRouteConfig {
    /// `HOST:PORT` of the sender's own listener (MLLP). Without it an answer whose connection is
    /// gone waits for the sender's next one.
    pub address: Option<String>,
    /// TLS to that address; without it the address has to be this machine's.
    pub tls: Option<AnswerTlsConfig>,
    /// Why a plain address beyond this machine is right here: what else protects the line.
    pub plain_reason: Option<String>,
    /// Whether an answer asks for an accept acknowledgement (MSH-15 `AL`), and is sent again until
    /// it comes.
    pub accept: bool,
}

/// The `tls` table of an address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerTlsConfig {
    /// PEM file with the authorities that may issue the sender's certificate.
    pub authorities: PathBuf,
    /// PEM file with our certificate first and its intermediates after it.
    pub certificate: Option<PathBuf>,
    /// PEM file with its private key.
    pub key: Option<PathBuf>,
}

/// Where answers go.
pub struct AnswerRoute {
    /// The host, without the brackets of an IPv6 address.
    pub(crate) host: String,
    /// The port.
    pub(crate) port: u16,
    /// The name that the certificate has to have, and what TLS is spoken by; none for plain TCP.
    pub(crate) tls: Option<(ServerName<'static>, Arc<ClientConfig>)>,
}

impl AnswerRoute {
    /// Checks what is stated and reads the files; none when no address is.
    ///
    /// # Errors
    /// An address that is none, a plain one beyond this machine without a recorded reason, files
    /// that cannot be used.
    pub fn of(config: &AnswerRouteConfig, now: Timestamp) -> Result<Option<Self>, IngressError> {
        let fault = |problem| Err(IngressError::AnswerRoute { problem });
        let Some(address) = &config.address else {
            if config.tls.is_some() || config.plain_reason.is_some() {
                return fault("tls and plain_reason are about an address; state `address`, too");
            }
            return Ok(None);
        };
        let Some((host, port)) = split(address) else {
            return fault("address is no HOST:PORT; write one such as ehr.example.org:2577");
        };
        let tls = match &config.tls {
            Some(_) if config.plain_reason.is_some() => {
                return fault("plain_reason is stated beside tls; remove one of the two");
            }
            Some(tls) => {
                let Ok(name) = ServerName::try_from(host.clone()) else {
                    return fault("the host in address is neither a name nor an IP address");
                };
                Some((name, Arc::new(client_config(tls, now)?)))
            }
            None if !is_this_machine(&host) && config.plain_reason.is_none() => {
                return fault(
                    "without TLS, address is for this machine only; add \
                     [sender.application_acknowledgements.tls], or record in plain_reason what \
                     else protects the line",
                );
            }
            None => None,
        };
        Ok(Some(Self { host, port, tls }))
    }
}

impl fmt::Debug for AnswerRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerRoute")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls.is_some())
            .finish()
    }
}

/// Host and port; an IPv6 address stands in brackets.
fn split(address: &str) -> Option<(String, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let port: u16 = port.parse().ok().filter(|port| *port > 0)?;
    let inside = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let host = inside.unwrap_or(host);
    let is_host = !host.is_empty() && (inside.is_some() || !host.contains(':'));
    let is_usual = !host.contains(|one: char| one.is_whitespace() || "/@[]".contains(one));
    (is_host && is_usual).then(|| (host.to_owned(), port))
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

fn client_config(config: &AnswerTlsConfig, now: Timestamp) -> Result<ClientConfig, IngressError> {
    let key = "authorities";
    let unusable = |key, path: &PathBuf, source: rustls::Error| IngressError::Tls {
        key,
        path: path.clone(),
        source: source.into(),
    };
    let mut roots = RootCertStore::empty();
    for authority in read_certificates(key, &config.authorities)? {
        roots
            .add(authority)
            .map_err(|source| unusable(key, &config.authorities, source))?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|source| unusable(key, &config.authorities, source))?
        .with_root_certificates(roots);
    let (certificate, own) = match (&config.certificate, &config.key) {
        (None, None) => return Ok(builder.with_no_client_auth()),
        (Some(certificate), Some(key)) => (certificate, key),
        (Some(_), None) | (None, Some(_)) => {
            let problem = "tls needs certificate and key together, or neither";
            return Err(IngressError::AnswerRoute { problem });
        }
    };
    let chain = read_certificates("certificate", certificate)?;
    if let Some(leaf) = chain.first() {
        check_validity("certificate", leaf, certificate, now)?;
    }
    let made = builder.with_client_auth_cert(chain, read_key(own)?);
    made.map_err(|source| unusable("key", own, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_millis(1_793_577_600_000);

    fn route(address: &str) -> Result<Option<AnswerRoute>, IngressError> {
        let config = AnswerRouteConfig {
            address: Some(address.to_owned()),
            ..AnswerRouteConfig::default()
        };
        AnswerRoute::of(&config, NOW)
    }

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for (address, host, port) in [
            ("127.0.0.1:2577", "127.0.0.1", 2577),
            ("[::1]:25", "::1", 25),
            ("localhost:1", "localhost", 1),
        ] {
            let route = route(address).unwrap().unwrap();
            assert_eq!((route.host.as_str(), route.port), (host, port));
        }
        for none in [
            "localhost",
            "localhost:0",
            ":1",
            "::1:25",
            "http://localhost:1",
            "a b:1",
        ] {
            let problem = route(none).unwrap_err().to_string();
            assert!(problem.contains("HOST:PORT"), "{none}: {problem}");
        }
    }

    #[test]
    fn a_plain_line_beyond_this_machine_needs_a_reason() {
        let problem = route("ehr.example.org:2577").unwrap_err().to_string();
        assert!(problem.contains("plain_reason"), "{problem}");
        let reasoned = AnswerRouteConfig {
            address: Some("ehr.example.org:2577".to_owned()),
            plain_reason: Some("a tunnel".to_owned()),
            ..AnswerRouteConfig::default()
        };
        assert!(AnswerRoute::of(&reasoned, NOW).unwrap().is_some());
        let without = AnswerRouteConfig {
            address: None,
            ..reasoned
        };
        AnswerRoute::of(&without, NOW).unwrap_err();
        assert!(
            AnswerRoute::of(&AnswerRouteConfig::default(), NOW)
                .unwrap()
                .is_none()
        );
    }
}
