//! The parts of a broker's queue as the configuration states them: its adapter with its key, and
//! the client that it is reached by; what is wrong is shown at its place in `isthmus.toml`.

use std::sync::Arc;

use isthmus_adapters::adapter::{AdapterConfig, Problem};
use isthmus_adapters::amqp::config::AmqpConfig;
use isthmus_adapters::amqp::destination::Amqp;
use isthmus_adapters::amqp_client::client::AmqpClient;
use isthmus_adapters::amqp_client::connect_fault::ConnectFault;
use isthmus_adapters::jwe::MessageKey;
use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::executor::Executor;
use toml::Spanned;

use crate::config::DestinationConfig;
use crate::config_file::{ConfigFile, DESTINATION};
use crate::system::TokioExecutor;

/// How a key is made.
const KEY_HELP: &str = "`openssl rand -hex 32 > FILE` makes a key, which the recipient gets too";
/// Where a password is put.
const PASSWORD_HELP: &str = "put the password of the broker's user where the reference leads";

/// What is wrong with a broker's queue; reads keys and certificates, and reaches nobody.
pub(crate) fn check(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    config: &AmqpConfig,
) -> Result<(), Vec<Diagnostic>> {
    adapter(file, stated, config)?;
    client(file, stated, config, Arc::new(TokioExecutor::new())).map(drop)
}

/// What `reach` says of a broker that has what it must have.
pub(crate) const REACHED: &str = "reached";

/// Reaches the broker and looks for exchange and queues; tells [`REACHED`], or in a code why it
/// cannot be reached.
pub(crate) async fn reach(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    config: &AmqpConfig,
) -> Result<Option<&'static str>, Vec<Diagnostic>> {
    let client = client(file, stated, config, Arc::new(TokioExecutor::new()))?;
    match client.check().await {
        Ok(()) => Ok(Some(REACHED)),
        Err(fault) => {
            fault_at(file, stated, fault).map_or(Ok(Some(fault.code())), |told| Err(vec![told]))
        }
    }
}

/// Reaches the broker when the gateway starts, beside everything else, and logs what it says no to
/// with its place and how to mend it. No error: a broker whose password was changed must not keep
/// a gateway from taking messages in.
pub(crate) fn look_ahead(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    client: &AmqpClient,
    executor: &Arc<dyn Executor>,
) {
    let recipient = stated.get_ref().recipient().to_owned();
    let faults: Vec<(ConnectFault, String)> = ConnectFault::ANSWERS
        .iter()
        .filter_map(|fault| Some((*fault, in_a_line(&fault_at(file, stated, *fault)?))))
        .collect();
    let client = client.clone();
    let task = async move {
        let Err(fault) = client.check().await else {
            return tracing::info!(recipient, "the broker has what it must have");
        };
        if let Some((_, told)) = faults.iter().find(|(known, _)| *known == fault) {
            tracing::error!(recipient, "{told}");
        } else {
            tracing::warn!(
                recipient,
                code = fault.code(),
                "the broker is not reached yet"
            );
        }
    };
    executor.spawn("amqp check", Box::pin(task));
}

/// A complaint as one line of a log.
fn in_a_line(told: &Diagnostic) -> String {
    let Diagnostic {
        file,
        line,
        column,
        message,
        ..
    } = told;
    let help = told.help.as_deref().unwrap_or_default();
    format!("{file}:{line}:{column}: {message}; {help}")
}

/// What the broker said no to, at its place; none when it could not be asked.
fn fault_at(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    fault: ConnectFault,
) -> Option<Diagnostic> {
    fault.problem().map(|problem| told(file, stated, &problem))
}

/// The adapter, with its key.
pub(crate) fn adapter(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    config: &AmqpConfig,
) -> Result<Amqp, Vec<Diagnostic>> {
    let all = |problems: Vec<Problem>| problems.iter().map(|one| told(file, stated, one)).collect();
    let problems = config.validate();
    if !problems.is_empty() {
        return Err(all(problems));
    }
    let seal = config
        .seal_key
        .as_deref()
        .zip(config.seal_key_id.as_deref());
    let seal = seal.map(|(reference, id)| key(file, reference, id));
    let seal = seal.transpose().map_err(|problem| all(vec![problem]))?;
    Amqp::new(config, seal).map_err(all)
}

fn key(file: &ConfigFile, reference: &str, id: &str) -> Result<MessageKey, Problem> {
    let wrong = |text: String| Problem::new("seal_key", text, KEY_HELP);
    let text = file
        .secret(reference)
        .map_err(|error| wrong(error.to_string()))?;
    MessageKey::parse(id, &text).map_err(|fault| wrong(fault.to_string()))
}

/// The client; reads its password and certificates.
pub(crate) fn client(
    file: &ConfigFile,
    stated: &Spanned<DestinationConfig>,
    config: &AmqpConfig,
    executor: Arc<dyn Executor>,
) -> Result<AmqpClient, Vec<Diagnostic>> {
    let wrong = |key, text: String, mend| vec![told(file, stated, &Problem::new(key, text, mend))];
    let password = file.secret(&config.password);
    let password = password.map_err(|error| wrong("password", error.to_string(), PASSWORD_HELP))?;
    let settings = config.client_settings(&file.folder, password);
    let settings = settings.ok_or_else(|| {
        let mend = "write it as amqps://host:5671/vhost";
        wrong("url", "it is no URL of a broker".to_owned(), mend)
    })?;
    AmqpClient::new(settings, executor)
        .map_err(|error| vec![file.error(&stated.span(), DESTINATION, error.to_string())])
}

fn told(file: &ConfigFile, stated: &Spanned<DestinationConfig>, problem: &Problem) -> Diagnostic {
    let text = format!("`{}`: {}", problem.key, problem.text);
    let told = file.error(&stated.span(), DESTINATION, text);
    told.with_help(problem.mend)
}
