//! `isthmus queue`: how the queues at the broker stand, and moving deliveries between the embedded
//! queue and RabbitMQ. The store has every delivery, so nothing has to be carried over.

use std::path::Path;
use std::sync::Arc;

use isthmus_core::executor::Executor;
use isthmus_queue::broker::BrokerError;
use isthmus_queue::rabbitmq::broker::RabbitMq;
use isthmus_store::running_store::{RunningStore, StoreOptions};
use isthmus_store::store::Store;
use serde::Serialize;

use crate::admin::client::{existing, open};
use crate::config::QueueKind;
use crate::config_file::ConfigFile;
use crate::failure::Failure;
use crate::operator_options::{Queue, QueueMove};
use crate::output::Output;
use crate::rabbitmq_parts;
use crate::system::TokioExecutor;

/// What `queue show` tells.
#[derive(Debug, Serialize)]
struct Shown {
    queue: &'static str,
    /// Deliveries that the store has still to make; what is parked is not among them.
    waiting: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    queues: Vec<ShownQueue>,
}

/// A queue at the broker.
#[derive(Debug, Serialize)]
struct ShownQueue {
    name: String,
    is_there: bool,
    ready: u32,
    consumers: u32,
}

/// What `queue move` tells.
#[derive(Debug, Serialize)]
struct Moved {
    to: &'static str,
    /// Deliveries that the store has still to make.
    waiting: u64,
    /// Copies of deliveries that were deleted at the broker.
    deleted_copies: u64,
    /// Whether the configuration says so already.
    is_stated: bool,
}

/// Runs a command on queues.
pub(crate) fn run(folder: &Path, command: &Queue, output: Output) -> Result<(), Failure> {
    let file = ConfigFile::read(folder)?;
    let handle = tokio::runtime::Handle::current();
    match command {
        Queue::Show => handle.block_on(show(&file, output)),
        Queue::Move(options) => handle.block_on(carry(&file, options, output)),
    }
}

async fn show(file: &ConfigFile, output: Output) -> Result<(), Failure> {
    let store = open(file)?;
    let mut shown = Shown {
        queue: file.config.store.queue.name(),
        waiting: waiting(&store)?,
        queues: Vec::new(),
    };
    if file.config.rabbitmq.is_some() {
        let broker = broker(file, &store)?;
        let queues = broker.queues(&rabbitmq_parts::recipients(file)).await;
        let queues = queues
            .map_err(|error| unusable(&broker, &error))?
            .into_iter();
        let queues = queues.map(|one| ShownQueue {
            name: one.name,
            is_there: one.ready.is_some(),
            ready: one.ready.unwrap_or(0),
            consumers: one.consumers,
        });
        shown.queues = queues.collect();
        broker.close().await;
    }
    output.line(format!(
        "queue = \"{}\"; {} in the store",
        shown.queue,
        wait(shown.waiting)
    ));
    let rows = shown.queues.iter().map(|one| {
        let ready = if one.is_there {
            one.ready.to_string()
        } else {
            "is not there".to_owned()
        };
        vec![one.name.clone(), ready, one.consumers.to_string()]
    });
    output.table(
        &["queue at the broker", "ready", "consumers"],
        rows.collect(),
    );
    output.document(&shown);
    Ok(())
}

/// Gets the broker ready, or rids it of what is ours. The store's lock keeps a gateway away
/// meanwhile.
async fn carry(file: &ConfigFile, options: &QueueMove, output: Output) -> Result<(), Failure> {
    existing(file)?;
    let options_of_store = StoreOptions {
        paths: file.store_paths(),
        size_limit: None,
    };
    let running = RunningStore::start(&options_of_store, &file.master_key()?);
    let running = running.map_err(Failure::run)?;
    let store = running.store();
    let broker = broker(file, store)?;
    let recipients = rabbitmq_parts::recipients(file);
    let to = if options.to == QueueKind::RabbitMq.name() {
        QueueKind::RabbitMq
    } else {
        QueueKind::Embedded
    };
    let deleted = match to {
        QueueKind::RabbitMq => broker.declare(&recipients).await.map(|()| 0),
        QueueKind::Embedded => broker.delete(&recipients).await,
    };
    let moved = Moved {
        to: to.name(),
        waiting: waiting(store)?,
        deleted_copies: deleted.map_err(|error| unusable(&broker, &error))?,
        is_stated: file.config.store.queue == to,
    };
    broker.close().await;
    match to {
        QueueKind::RabbitMq => output.line(format!(
            "{} is ready; {} in the store and will go through it",
            broker.address(),
            wait(moved.waiting)
        )),
        QueueKind::Embedded => output.line(format!(
            "our queues at {} are deleted with {}; {} in the store",
            broker.address(),
            match moved.deleted_copies {
                1 => "1 copy".to_owned(),
                copies => format!("{copies} copies"),
            },
            wait(moved.waiting)
        )),
    }
    if !moved.is_stated {
        output.line(format!(
            "now write queue = \"{}\" into [store] of isthmus.toml, and start the gateway",
            moved.to
        ));
    }
    output.document(&moved);
    Ok(())
}

fn broker(file: &ConfigFile, store: &Store) -> Result<RabbitMq, Failure> {
    let executor: Arc<dyn Executor> = Arc::new(TokioExecutor::new());
    rabbitmq_parts::broker(file, &store.name(), &executor)
}

fn unusable(broker: &RabbitMq, error: &BrokerError) -> Failure {
    Failure::Run(format!("{}: {error}", broker.address()))
}

/// How many deliveries the store has still to make.
fn waiting(store: &Store) -> Result<u64, Failure> {
    let counts = store.summary().and_then(|summary| summary.counts());
    let deliveries = counts.map_err(Failure::run)?.deliveries;
    let waiting = deliveries
        .iter()
        .filter(|one| ["waiting", "retrying"].contains(&one.state.as_str()));
    Ok(waiting.map(|one| one.count).sum())
}

fn wait(count: u64) -> String {
    match count {
        1 => "1 delivery waits".to_owned(),
        many => format!("{many} deliveries wait"),
    }
}
