//! `Setting`, everything that the demo runs, ready to play: folder, recipients, gateway and the
//! sending system's connection. What is played is `story`'s.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use isthmus_adapters::standard_webhooks::SigningSecret;
use isthmus_core::clock::Clock;
use isthmus_ingress::tls::{ClientCertificates, TlsConfig, server_config};
use rustls::ServerConfig;
use tokio::sync::watch;

use crate::command::flow::{self, FlowNames};
use crate::config_file::ConfigFile;
use crate::demo::asking::Asking;
use crate::demo::board::Board;
use crate::demo::receiver::ReceiverPort;
use crate::demo::receiver_book::ReceiverBook;
use crate::demo::story::{Noted, Story};
use crate::demo::view::{CRM, MARKETING, SampleRecipient, Watch};
use crate::demo::working_folder::{CRM_SECRET, MARKETING_SECRET, WorkingFolder};
use crate::failure::Failure;
use crate::mllp_client::{MllpClient, TlsFiles, tls_config};
use crate::rules::Rules;
use crate::system::SystemClock;
use crate::wiring::RunningGateway;

/// Where certificates and keys of loopback are, in the folder.
const CERTIFICATES: &str = "data/certificates";

/// Everything that runs.
pub(crate) struct Setting {
    /// The gateway.
    pub(crate) gateway: RunningGateway,
    /// Its port for MLLP over TLS.
    pub(crate) address: SocketAddr,
    /// What is looked at.
    pub(crate) watch: Watch,
    /// What is played.
    pub(crate) story: Story,
    /// Ends the recipients when it is dropped.
    pub(crate) recipients: watch::Sender<bool>,
}

impl Setting {
    /// Starts all in a folder.
    pub(crate) async fn start(
        folder: &WorkingFolder,
        board: Board,
        pause: Duration,
    ) -> Result<Self, Failure> {
        let (crm_port, marketing_port) = (ReceiverPort::open().await?, ReceiverPort::open().await?);
        let file = folder.fill(crm_port.address, marketing_port.address)?;
        let rules = Rules::load(&file, SystemClock.now())?;
        let names = flow::names(&rules)?;
        let crm = book(&file, CRM_SECRET)?;
        let marketing = book(&file, MARKETING_SECRET)?;
        let tls = receiver_tls(&file)?;
        let (recipients, stopping) = watch::channel(false);
        crm_port.serve(Arc::clone(&crm), Arc::clone(&tls), stopping.clone());
        marketing_port.serve(Arc::clone(&marketing), tls, stopping);
        let gateway = RunningGateway::start(&file, rules)?;
        let listening = gateway.listening().first();
        let address = listening.map(|listening| listening.address);
        let address = address.ok_or_else(|| Failure::Run("no port is open".to_owned()))?;
        let client = connect(&file, address).await?;
        let board = Arc::new(board);
        let asking = Asking::new(Arc::new(file));
        let sample = |id, name, book: &Arc<ReceiverBook>| SampleRecipient {
            id,
            name,
            book: Arc::clone(book),
            names: of_recipient(&names, id),
        };
        let watch = Watch {
            asking: asking.clone(),
            board: Arc::clone(&board),
            recipients: vec![
                sample(CRM, "sample CRM", &crm),
                sample(MARKETING, "sample marketing platform", &marketing),
            ],
        };
        let story = Story {
            client,
            asking,
            board,
            crm,
            marketing,
            pause,
            noted: Noted::default(),
        };
        Ok(Self {
            gateway,
            address,
            watch,
            story,
            recipients,
        })
    }
}

/// What the flow report has for a recipient, over all its flows.
fn of_recipient(names: &[FlowNames], id: &str) -> FlowNames {
    let flows = names.iter().filter(|flow| flow.recipient == id);
    let never: Vec<&str> = flows
        .clone()
        .map(|flow| flow.never_leaves.as_str())
        .collect();
    FlowNames {
        recipient: id.to_owned(),
        never_leaves: never.join("; "),
        fields: flows.flat_map(|flow| flow.fields.iter().cloned()).collect(),
    }
}

/// The empty book of a recipient that shares this secret with the gateway.
fn book(file: &ConfigFile, secret: &str) -> Result<Arc<ReceiverBook>, Failure> {
    let text = file.secret(&format!("${{file:{secret}}}"));
    let secret = SigningSecret::parse(&text.map_err(Failure::run)?).map_err(Failure::run)?;
    Ok(Arc::new(ReceiverBook::new(secret)))
}

/// Recipients have the certificate that the gateway has: all are this machine.
fn receiver_tls(file: &ConfigFile) -> Result<Arc<ServerConfig>, Failure> {
    let folder = file.folder.join(CERTIFICATES);
    let config = TlsConfig {
        certificate: folder.join("server.pem"),
        key: folder.join("server.key"),
        client_certificates: ClientCertificates::None,
        client_authorities: None,
    };
    server_config(&config, SystemClock.now()).map_err(Failure::run)
}

/// Connects as the sending system, which proves itself by its certificate.
async fn connect(file: &ConfigFile, address: SocketAddr) -> Result<MllpClient, Failure> {
    let folder = file.folder.join(CERTIFICATES);
    let (certificate, key) = (folder.join("client.pem"), folder.join("client.key"));
    let files = TlsFiles {
        authority: &folder.join("ca.pem"),
        own: Some((&certificate, &key)),
    };
    let tls = tls_config(&files).map_err(Failure::run)?;
    let client = MllpClient::connect(&address.to_string(), Some(tls)).await;
    client.map_err(Failure::run)
}
