//! The broker of deliveries as the configuration states it: its address, who we are there, and its
//! topology held against what is there; what is wrong is shown at its place in `isthmus.toml`.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use isthmus_adapters::broker_url::BrokerUrl;
use isthmus_core::delivery_queue::DeliveryQueue;
use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::executor::Executor;
use isthmus_core::id::RecipientId;
use isthmus_queue::broker::{Broker, BrokerError};
use isthmus_queue::brokered_queue::BrokeredQueue;
use isthmus_queue::rabbitmq::address::Address;
use isthmus_queue::rabbitmq::broker::{Access, RabbitMq, RabbitMqOptions};
use toml::Spanned;

use crate::config::{QueueKind, RabbitMqConfig};
use crate::config_file::{BROKER, ConfigFile};
use crate::failure::Failure;

/// The most queues that a recipient may have.
const LANES_MAX: u32 = 64;

/// The longest prefix, so that there is room for a recipient's name behind it.
const PREFIX_MAX: usize = 100;

/// The broker of a running gateway, and the queue over it.
#[derive(Debug)]
pub(crate) struct Brokered {
    /// The broker.
    pub(crate) broker: Arc<RabbitMq>,
    /// The queue.
    pub(crate) queue: Arc<BrokeredQueue>,
}

impl Brokered {
    /// A queue over the broker that the configuration states, for deliveries of this store.
    pub(crate) fn over(
        file: &ConfigFile,
        store: &str,
        deliveries: Arc<dyn DeliveryQueue>,
        executor: &Arc<dyn Executor>,
    ) -> Result<Self, Failure> {
        let broker = Arc::new(broker(file, store, executor)?);
        let carrier = Arc::clone(&broker) as Arc<dyn Broker>;
        let queue = BrokeredQueue::new(deliveries, carrier, Arc::clone(executor));
        Ok(Self {
            broker,
            queue: Arc::new(queue),
        })
    }

    /// Ends the queue, then says good-bye to the broker.
    pub(crate) async fn close(&self) {
        self.queue.close();
        self.broker.close().await;
    }
}

/// What is wrong with the broker; reads secrets and certificates, and reaches nobody.
pub(crate) fn check(file: &ConfigFile) -> Result<(), Failure> {
    match (&file.config.rabbitmq, file.config.store.queue) {
        (None, QueueKind::Embedded) => Ok(()),
        (None, QueueKind::RabbitMq) => Err(missing(file)),
        (Some(config), _) => parts(file, config)
            .map(drop)
            .map_err(Failure::Configuration),
    }
}

/// The broker of the deliveries of the store with this name; connects to nobody yet.
pub(crate) fn broker(
    file: &ConfigFile,
    store: &str,
    executor: &Arc<dyn Executor>,
) -> Result<RabbitMq, Failure> {
    let config = file.config.rabbitmq.as_ref();
    let config = config.ok_or_else(|| missing(file))?;
    let (address, access) = parts(file, config).map_err(Failure::Configuration)?;
    let prefix = config.get_ref().prefix.as_ref();
    let options = RabbitMqOptions {
        address,
        prefix: prefix.map_or_else(
            || format!("isthmus.{store}"),
            |prefix| prefix.get_ref().clone(),
        ),
        lanes: *config.get_ref().lanes.get_ref(),
        store: store.to_owned(),
    };
    Ok(RabbitMq::new(options, access, Arc::clone(executor)))
}

/// The recipients whose deliveries the broker carries.
pub(crate) fn recipients(file: &ConfigFile) -> Vec<RecipientId> {
    let destinations = file.config.destinations.iter();
    let names = destinations.map(|one| RecipientId::new(one.get_ref().recipient()));
    names.collect()
}

/// Holds what the broker has against what has to be there. A broker that cannot be reached stops
/// no start: messages are taken in without it, and deliveries wait in the store.
///
/// # Errors
/// What a person has to mend, at its place.
pub(crate) async fn declare(file: &ConfigFile, broker: &RabbitMq) -> Result<(), Failure> {
    match broker.declare(&recipients(file)).await {
        Ok(()) => Ok(()),
        Err(error @ BrokerError::Away(_)) => {
            let address = broker.address();
            tracing::warn!(%address, %error, "deliveries wait in the store for the broker");
            Ok(())
        }
        Err(BrokerError::Refused(why)) => {
            let at = file.config.rabbitmq.as_ref().map(place);
            let text = format!("the broker {} cannot be used: {why}", broker.address());
            let wrong = file.error(&at.unwrap_or_default(), BROKER, text);
            Err(Failure::Configuration(vec![wrong]))
        }
    }
}

fn place(config: &Spanned<RabbitMqConfig>) -> Range<usize> {
    config.get_ref().url.span()
}

fn missing(file: &ConfigFile) -> Failure {
    let text = "nothing tells where the broker of deliveries is";
    let help = "add a section [rabbitmq] with url = \"amqps://HOST:5671/VHOST\", \
                `user` and `password`, or set queue = \"embedded\"";
    let wrong = file.at_table("[store]", BROKER, text).with_help(help);
    Failure::Configuration(vec![wrong])
}

/// The address, and who we are there.
fn parts(
    file: &ConfigFile,
    config: &Spanned<RabbitMqConfig>,
) -> Result<(Address, Access), Vec<Diagnostic>> {
    let mut wrong = Vec::new();
    let stated = config.get_ref();
    let mut refuse = |at: Range<usize>, text: String, help: &str| {
        wrong.push(file.error(&at, BROKER, text).with_help(help));
    };
    let address = BrokerUrl::parse(stated.url.get_ref()).map(address_of);
    if let Err(fault) = &address {
        let help = "write amqps://HOST:5671/VHOST; who we are there goes into `user` and \
                    `password`";
        refuse(stated.url.span(), fault.to_string(), help);
    }
    check_queues(stated, &mut refuse);
    let login = login(file, stated, &mut refuse);
    let authorities = read(file, stated.authorities.as_ref(), &mut refuse);
    let certificate = read(file, stated.client_certificate.as_ref(), &mut refuse);
    let key = read(file, stated.client_key.as_ref(), &mut refuse);
    if stated.client_certificate.is_some() != stated.client_key.is_some() {
        let text = "a client certificate has a certificate and a key, and one is missing";
        refuse(
            place(config),
            text.to_owned(),
            "state `client_certificate` and `client_key`",
        );
    }
    if stated.user.is_none() && stated.client_certificate.is_none() {
        let text = "nothing tells the broker who we are";
        let help = "state `user` and `password`, or `client_certificate` and `client_key`";
        refuse(place(config), text.to_owned(), help);
    }
    let has_files = [
        &stated.authorities,
        &stated.client_certificate,
        &stated.client_key,
    ];
    if let Ok(address) = &address
        && !address.has_tls
        && has_files.iter().any(|file| file.is_some())
    {
        let text = "certificates are stated, and the URL is amqp, without TLS";
        refuse(place(config), text.to_owned(), "write amqps in the URL");
    }
    match address {
        Ok(address) if wrong.is_empty() => Ok((
            address,
            Access {
                login,
                authorities,
                certificate: certificate
                    .zip(key)
                    .map(|(certificate, key)| (certificate.into_bytes(), key.into_bytes())),
            },
        )),
        Ok(_) | Err(_) => Err(wrong),
    }
}

/// The address that a URL tells.
fn address_of(url: BrokerUrl) -> Address {
    let host = url.host.trim_start_matches('[').trim_end_matches(']');
    Address {
        has_tls: url.has_tls,
        host: host.to_owned(),
        port: url.port,
        vhost: url.vhost,
    }
}

/// What the queues are called, and how many there are.
fn check_queues(stated: &RabbitMqConfig, refuse: &mut impl FnMut(Range<usize>, String, &str)) {
    if let Some(prefix) = &stated.prefix {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        let text = prefix.get_ref();
        if text.is_empty() || text.len() > PREFIX_MAX || !text.bytes().all(is_name) {
            let text = "`prefix` is no beginning of a queue's name".to_owned();
            let help = "use up to 100 letters, digits, dots, hyphens and underscores";
            refuse(prefix.span(), text, help);
        }
    }
    if !(1..=LANES_MAX).contains(stated.lanes.get_ref()) {
        let text = format!("`lanes` is {}", stated.lanes.get_ref());
        refuse(stated.lanes.span(), text, "use 1 to 64; 2 is usual");
    }
}

/// The user's name and password.
fn login(
    file: &ConfigFile,
    stated: &RabbitMqConfig,
    refuse: &mut impl FnMut(Range<usize>, String, &str),
) -> Option<(String, String)> {
    let help = "state `user`, and in `password` where its password is: ${file:PATH}";
    match (&stated.user, &stated.password) {
        (None, None) => None,
        (Some(user), Some(reference)) => match file.secret(reference.get_ref()) {
            Ok(password) => Some((user.get_ref().clone(), password)),
            Err(error) => {
                refuse(reference.span(), error.to_string(), help);
                None
            }
        },
        (Some(one), None) | (None, Some(one)) => {
            let text = "a user has a name and a password, and one is missing".to_owned();
            refuse(one.span(), text, help);
            None
        }
    }
}

/// A PEM file.
fn read(
    file: &ConfigFile,
    path: Option<&Spanned<PathBuf>>,
    refuse: &mut impl FnMut(Range<usize>, String, &str),
) -> Option<String> {
    let path = path?;
    match std::fs::read_to_string(file.path(path.get_ref())) {
        Ok(text) => Some(text),
        Err(error) => {
            let text = format!("{} cannot be read: {error}", path.get_ref().display());
            refuse(
                path.span(),
                text,
                "name a PEM file that the gateway may read",
            );
            None
        }
    }
}
