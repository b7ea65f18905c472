//! `Setting`, everything that the demo runs, ready to play: folder, recipients, gateway and the
//! sending system's connection. What is played is `story`'s.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use isthmus_core::clock::Clock;
use tokio::sync::watch;

use crate::config_file::ConfigFile;
use crate::demo::asking::Asking;
use crate::demo::board::Board;
use crate::demo::sample_recipients::SamplePorts;
use crate::demo::story::{Noted, Story};
use crate::demo::view::Watch;
use crate::demo::working_folder::{CERTIFICATES, WorkingFolder};
use crate::failure::Failure;
use crate::mllp_client::{MllpClient, TlsFiles, tls_config};
use crate::rules::Rules;
use crate::running_gateway::RunningGateway;
use crate::system::SystemClock;

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
        let ports = SamplePorts::open().await?;
        let file = folder.fill(ports.crm.address, ports.marketing.address)?;
        let rules = Rules::load(&file, SystemClock.now())?;
        let (recipients, stopping) = watch::channel(false);
        let samples = ports.serve(&file, &rules, &stopping)?;
        let gateway = RunningGateway::start(&file, &rules)?;
        let listening = gateway.listening().first();
        let address = listening.map(|listening| listening.address);
        let address = address.ok_or_else(|| Failure::Run("no port is open".to_owned()))?;
        let client = connect(&file, address).await?;
        let board = Arc::new(board);
        let asking = Asking::new(Arc::new(file));
        let story = Story {
            client,
            asking: asking.clone(),
            board: Arc::clone(&board),
            crm: Arc::clone(&samples.crm.book),
            marketing: Arc::clone(&samples.marketing.book),
            pause,
            noted: Noted::default(),
        };
        let watch = Watch {
            asking,
            board,
            recipients: vec![samples.crm, samples.marketing],
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
