//! The parts of a receiver of HL7 v2 messages as the configuration states them: its adapter, and
//! the client that it is reached by; what is wrong is shown at its place in `isthmus.toml`.

use std::sync::Arc;

use isthmus_adapters::adapter::Problem;
use isthmus_adapters::mllp::config::MllpDestinationConfig;
use isthmus_adapters::mllp::destination::Mllp;
use isthmus_adapters::mllp_client::client::MllpClient;
use isthmus_core::clock::Clock;
use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::executor::Executor;
use isthmus_ingress::certificate_term;
use toml::Spanned;

use crate::config::DestinationConfig;
use crate::config_file::{ConfigFile, DESTINATION};
use crate::system::{SystemClock, TokioExecutor};

/// What is wrong with a receiver; reads certificates, and reaches nobody.
pub(crate) fn check(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    config: &MllpDestinationConfig,
) -> Result<(), Vec<Diagnostic>> {
    adapter(file, stated, config)?;
    let executor = Arc::new(TokioExecutor::new());
    client(file, stated, config, &SystemClock, executor).map(drop)
}

/// Connects to the receiver and sends nothing; none when that worked, else the code of why not.
pub(crate) async fn reach(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    config: &MllpDestinationConfig,
) -> Result<Option<&'static str>, Vec<Diagnostic>> {
    let executor = Arc::new(TokioExecutor::new());
    let client = client(file, stated, config, &SystemClock, executor)?;
    Ok(client.check().await.err())
}

/// The adapter.
pub(crate) fn adapter(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    config: &MllpDestinationConfig,
) -> Result<Mllp, Vec<Diagnostic>> {
    let told =
        |problems: Vec<Problem>| problems.iter().map(|one| told(file, stated, one)).collect();
    Mllp::new(config).map_err(told)
}

/// The client; reads its certificates.
pub(crate) fn client(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    config: &MllpDestinationConfig,
    clock: &dyn Clock,
    executor: Arc<dyn Executor>,
) -> Result<MllpClient, Vec<Diagnostic>> {
    let wrong = |text: String| file.error(&stated.span(), DESTINATION, text);
    if let Some(own) = &config.client_certificate {
        let path = file.path(own);
        certificate_term::check("client_certificate", &path, clock.now()).map_err(|error| {
            let help = "install a renewed one; `isthmus reload` takes it over";
            vec![wrong(error.to_string()).with_help(help)]
        })?;
    }
    let settings = config.client_settings(&file.folder).ok_or_else(|| {
        let mend = "write it as mllps://host:port";
        let problem = Problem::new("url", "it is no URL of a receiver", mend);
        vec![told(file, stated, &problem)]
    })?;
    MllpClient::new(settings, executor).map_err(|error| vec![wrong(error.to_string())])
}

fn told(file: &ConfigFile, stated: &Spanned<DestinationConfig>, problem: &Problem) -> Diagnostic {
    let text = format!("`{}`: {}", problem.key, problem.text);
    let told = file.error(&stated.span(), DESTINATION, text);
    told.with_help(problem.mend)
}
