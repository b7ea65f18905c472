//! MLLP over TLS: who gets in, and which certificates a listener does not start with.

use std::net::SocketAddr;
use std::sync::Arc;

use isthmus_hl7v2::acknowledgment::AcknowledgmentCode::{ApplicationAccept, ApplicationReject};
use isthmus_ingress::error::IngressError;
use isthmus_ingress::listener::{Listener, Protocol};
use isthmus_ingress::listener_config::ListenerConfig;
use isthmus_ingress::peer::certificate_names;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, HandshakeKind};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::Client;
use crate::listeners::start;
use crate::messages::{NORTH, admission};
use crate::pki::Pki;
use crate::rig::Rig;

const YEARS: std::ops::Range<i32> = 2020..2060;

async fn connect(
    address: SocketAddr,
    config: Arc<ClientConfig>,
) -> std::io::Result<Client<TlsStream<TcpStream>>> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("gateway.example").unwrap();
    TlsConnector::from(config)
        .connect(name, stream)
        .await
        .map(Client::new)
}

fn north_by(certificate: &str) -> String {
    let line = r#"networks = ["127.0.0.0/8"]"#;
    NORTH.replace(line, &format!("certificates = [\"{certificate}\"]"))
}

fn load(extra: &str) -> Result<Listener, IngressError> {
    let rig = Rig::new();
    let toml = format!("listen = \"127.0.0.1:0\"\n{extra}");
    let mut config: ListenerConfig = toml::from_str(&toml).unwrap();
    config.bounds = rig.bounds;
    Listener::bind(Protocol::Mllp, &config, rig.seams)
}

#[tokio::test]
async fn a_client_certificate_lets_its_sender_in_and_no_other() {
    let pki = Pki::new("by_name");
    let tls = pki.tls_table(&pki.issue("gateway.example", YEARS), "required");
    let rig = Rig::with_senders(&north_by("dns:ehr.north.example"));
    let (address, _end) = start(&rig, &tls);
    let own = pki.client(Some(pki.issue("ehr.north.example", YEARS)));
    let mut client = connect(address, own).await.unwrap();
    assert_eq!(client.ask(admission("N1")).await, ApplicationAccept);
    let other = pki.client(Some(pki.issue("ehr.south.example", YEARS)));
    let mut client = connect(address, other).await.unwrap();
    assert_eq!(client.ask(admission("N1")).await, ApplicationReject);
    assert_eq!(rig.intake.stored().len(), 1);
}

#[tokio::test]
async fn a_fingerprint_lets_that_certificate_in_alone() {
    let pki = Pki::new("by_fingerprint");
    let tls = pki.tls_table(&pki.issue("gateway.example", YEARS), "optional");
    let own = pki.issue("ehr.north.example", YEARS);
    let fingerprint = certificate_names(&own.certificate)[0].to_string();
    let rig = Rig::with_senders(&north_by(&fingerprint));
    let (address, _end) = start(&rig, &tls);
    let mut client = connect(address, pki.client(Some(own))).await.unwrap();
    assert_eq!(client.ask(admission("N1")).await, ApplicationAccept);
    let renewed = pki.client(Some(pki.issue("ehr.north.example", YEARS)));
    let mut client = connect(address, renewed).await.unwrap();
    assert_eq!(client.ask(admission("N1")).await, ApplicationReject);
    let mut client = connect(address, pki.client(None)).await.unwrap();
    assert_eq!(client.ask(admission("N1")).await, ApplicationReject);
}

#[tokio::test]
async fn a_peer_shows_its_certificate_in_every_handshake() {
    let pki = Pki::new("no_resumption");
    let tls = pki.tls_table(&pki.issue("gateway.example", YEARS), "required");
    let rig = Rig::new();
    let (address, _end) = start(&rig, &tls);
    // It keeps what a server gives it to resume a session by.
    let own = pki.client(Some(pki.issue("ehr.north.example", YEARS)));
    for control_id in ["N1", "N2"] {
        let mut client = connect(address, Arc::clone(&own)).await.unwrap();
        assert_eq!(client.ask(admission(control_id)).await, ApplicationAccept);
        let (_, session) = client.stream.get_ref();
        assert_eq!(session.handshake_kind(), Some(HandshakeKind::Full));
    }
}

/// Whether the gateway breaks the connection off. In TLS 1.3 a client learns of its refusal only
/// when it reads.
async fn is_refused(address: SocketAddr, config: Arc<ClientConfig>) -> bool {
    match connect(address, config).await {
        Ok(mut client) => client.is_closed().await,
        Err(_) => true,
    }
}

#[tokio::test]
async fn without_a_certificate_of_the_authority_nobody_gets_in() {
    let pki = Pki::new("required");
    let tls = pki.tls_table(&pki.issue("gateway.example", YEARS), "required");
    let rig = Rig::new();
    let (address, _end) = start(&rig, &tls);
    let stranger = Pki::new("stranger").issue("ehr.north.example", YEARS);
    let expired = pki.issue("ehr.north.example", 2001..2002);
    for identity in [None, Some(stranger), Some(expired)] {
        assert!(is_refused(address, pki.client(identity)).await);
    }
    let mut plain = Client::new(TcpStream::connect(address).await.unwrap());
    plain.send(admission("N1")).await;
    // A TLS alert may come; an acknowledgement may not.
    let mut alert = Vec::new();
    let _read = tokio::io::AsyncReadExt::read_to_end(&mut plain.stream, &mut alert).await;
    assert!(!alert.contains(&0x0b));
    assert_eq!(rig.seams.counters.handshakes_failed.get(), 4);
    assert!(rig.intake.stored().is_empty());
}

#[tokio::test]
async fn a_listener_with_a_bad_certificate_does_not_start() {
    let pki = Pki::new("bad");
    let table = pki.tls_table(&pki.issue("gateway.example", 2001..2002), "none");
    let table = table
        .lines()
        .filter(|line| !line.starts_with("client_auth"));
    let without_authorities = table.collect::<Vec<_>>().join("\n");
    let error = load(&without_authorities).unwrap_err().to_string();
    assert!(
        error.contains("expired on 2002-01-01T00:00:00.000Z"),
        "{error}"
    );
    let table = pki.tls_table(&pki.issue("gateway.example", 2059..2060), "required");
    assert!(
        load(&table)
            .unwrap_err()
            .to_string()
            .contains("not valid before 2059")
    );
    let table = pki.tls_table(&pki.issue("gateway.example", YEARS), "required");
    assert!(load(&table).is_ok());
    let missing = load(&table.replace("server.key", "lost.key"))
        .unwrap_err()
        .to_string();
    assert!(missing.contains("lost.key: cannot be read"), "{missing}");
    let mismatched = Pki::new("bad_other");
    mismatched.tls_table(&mismatched.issue("gateway.example", YEARS), "required");
    let error = load(&table.replace("bad/server.key", "bad_other/server.key"));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("does not belong to"), "{error}");
    let unissued = load(&without_authorities.replace("'none'", "'required'"));
    assert!(matches!(
        unissued,
        Err(IngressError::ClientCertificates { .. })
    ));
}
