//! The parts of a webhook as the configuration states them: its adapter with its secrets, and the
//! client that it is reached by; what is wrong is shown at its place in `isthmus.toml`.

use std::sync::Arc;

use isthmus_adapters::adapter::{AdapterConfig, Problem};
use isthmus_adapters::http_client::client::HttpClient;
use isthmus_adapters::standard_webhooks::SigningSecret;
use isthmus_adapters::webhook::config::WebhookConfig;
use isthmus_adapters::webhook::destination::Webhook;
use isthmus_core::clock::Clock;
use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::executor::Executor;
use isthmus_ingress::certificate_term;
use toml::Spanned;

use crate::config::DestinationConfig;
use crate::config_file::{ConfigFile, DESTINATION};
use crate::system::{SystemClock, TokioExecutor};

/// What is wrong with a webhook; reads secrets and certificates, and reaches nobody.
pub(crate) fn check(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    config: &WebhookConfig,
) -> Result<(), Vec<Diagnostic>> {
    adapter(file, stated, config)?;
    let (clock, executor) = (Arc::new(SystemClock), Arc::new(TokioExecutor::new()));
    client(file, stated, config, clock, executor).map(drop)
}

/// The adapter of a webhook, with its secrets.
pub(crate) fn adapter(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    config: &WebhookConfig,
) -> Result<Webhook, Vec<Diagnostic>> {
    let at = stated.span();
    let told = |problems: Vec<Problem>| -> Vec<Diagnostic> {
        let problems = problems.into_iter();
        let told = problems.map(|problem| {
            let text = format!("`{}`: {}", problem.key, problem.text);
            file.error(&at, DESTINATION, text).with_help(problem.mend)
        });
        told.collect()
    };
    let problems = config.validate();
    if !problems.is_empty() {
        return Err(told(problems));
    }
    let mut secrets = Vec::new();
    let mut wrong = Vec::new();
    for reference in &config.secrets {
        match file.secret(reference) {
            Ok(text) => match SigningSecret::parse(&text) {
                Ok(secret) => secrets.push(secret),
                Err(fault) => wrong.push(Problem::new("secrets", fault.to_string(), SECRET_HELP)),
            },
            Err(error) => wrong.push(Problem::new("secrets", error.to_string(), SECRET_HELP)),
        }
    }
    if !wrong.is_empty() {
        return Err(told(wrong));
    }
    Webhook::new(config, secrets).map_err(told)
}

/// How a secret is made.
const SECRET_HELP: &str = "`echo whsec_$(openssl rand -base64 32) > FILE` makes a secret";

/// The client of a webhook; reads its certificates.
pub(crate) fn client(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    config: &WebhookConfig,
    clock: Arc<dyn Clock>,
    executor: Arc<dyn Executor>,
) -> Result<HttpClient, Vec<Diagnostic>> {
    if let Some(own) = &config.client_certificate {
        let path = file.path(own);
        certificate_term::check("client_certificate", &path, clock.now()).map_err(|error| {
            let help = "install a renewed one; `isthmus reload` takes it over";
            vec![
                file.error(&stated.span(), DESTINATION, error.to_string())
                    .with_help(help),
            ]
        })?;
    }
    let settings = config.http_settings(&file.folder);
    HttpClient::new(settings, clock, executor)
        .map_err(|error| vec![file.error(&stated.span(), DESTINATION, error.to_string())])
}
