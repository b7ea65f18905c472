//! The two recipients that the demo plays: their ports, secrets and books, and what the flow report
//! lets them have. How one answers is decided in `receiver_book`.

use std::sync::Arc;

use isthmus_adapters::standard_webhooks::SigningSecret;
use isthmus_core::clock::Clock;
use isthmus_ingress::tls::{ClientCertificates, TlsConfig, server_config};
use rustls::ServerConfig;
use tokio::sync::watch;

use crate::command::flow::{self, FlowNames};
use crate::config_file::ConfigFile;
use crate::demo::receiver::ReceiverPort;
use crate::demo::receiver_book::ReceiverBook;
use crate::demo::view::{CRM, MARKETING, SampleRecipient};
use crate::demo::working_folder::{CERTIFICATES, CRM_SECRET, MARKETING_SECRET};
use crate::failure::Failure;
use crate::rules::Rules;
use crate::system::SystemClock;

/// Their ports, open before the configuration that names them is written.
pub(crate) struct SamplePorts {
    /// Of the sample CRM.
    pub(crate) crm: ReceiverPort,
    /// Of the sample marketing platform.
    pub(crate) marketing: ReceiverPort,
}

/// Both, served.
pub(crate) struct Samples {
    /// The sample CRM.
    pub(crate) crm: SampleRecipient,
    /// The sample marketing platform.
    pub(crate) marketing: SampleRecipient,
}

impl SamplePorts {
    /// Opens free ports of loopback.
    pub(crate) async fn open() -> Result<Self, Failure> {
        Ok(Self {
            crm: ReceiverPort::open().await?,
            marketing: ReceiverPort::open().await?,
        })
    }

    /// Serves them until `stopping` says so or its sender is gone.
    pub(crate) fn serve(
        self,
        file: &ConfigFile,
        rules: &Rules,
        stopping: &watch::Receiver<bool>,
    ) -> Result<Samples, Failure> {
        let names = flow::names(rules)?;
        let tls = receiver_tls(file)?;
        let sample = |port: ReceiverPort, id, name, secret| {
            let book = book(file, secret)?;
            port.serve(Arc::clone(&book), Arc::clone(&tls), stopping.clone());
            let names = of_recipient(&names, id);
            Ok(SampleRecipient {
                id,
                name,
                book,
                names,
            })
        };
        let (crm, marketing) = ("sample CRM", "sample marketing platform");
        Ok(Samples {
            crm: sample(self.crm, CRM, crm, CRM_SECRET)?,
            marketing: sample(self.marketing, MARKETING, marketing, MARKETING_SECRET)?,
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
    let config = server_config(&config, SystemClock.now());
    config.map(Arc::new).map_err(Failure::run)
}
