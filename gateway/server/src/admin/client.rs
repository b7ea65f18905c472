//! Asks the desk of a store: of the gateway that runs on it, over its socket, or here when none
//! does; the questions are in `request`.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use isthmus_core::clock::Clock;
use isthmus_core::current::Current;
use isthmus_core::executor::Executor;
use isthmus_store::running_store::{RunningStore, StoreOptions};
use isthmus_store::store::Store;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::admin::access::Access;
use crate::admin::desk::Desk;
use crate::admin::request::Request;
use crate::admin::socket::Reply;
use crate::config_file::ConfigFile;
use crate::failure::Failure;
use crate::in_force;
use crate::rules::Rules;
use crate::system::{SystemClock, TokioExecutor};

/// Asks, and reads the answer as `A`.
pub(crate) fn ask<A: DeserializeOwned>(file: &ConfigFile, request: Request) -> Result<A, Failure> {
    let answer = match UnixStream::connect(file.admin_socket()) {
        Ok(stream) => over(stream, &request)?,
        Err(error) if is_nobody(&error) => alone(file, request)?,
        // Somebody may be there, and what they have in hand would not be waited for.
        Err(error) => {
            let text = format!("the gateway cannot be asked: {error}");
            return Err(Failure::Run(text));
        }
    };
    serde_json::from_value(answer).map_err(|_other| {
        Failure::Run(
            "the answer cannot be read; command and gateway are of different versions".into(),
        )
    })
}

/// Whether no gateway listens there.
fn is_nobody(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, NotFound};
    matches!(error.kind(), NotFound | ConnectionRefused)
}

/// Asks the gateway that listens at the other end.
fn over(mut stream: UnixStream, request: &Request) -> Result<Value, Failure> {
    let lost = |error: io::Error| Failure::Run(format!("the gateway did not answer: {error}"));
    let mut line = serde_json::to_vec(request).map_err(Failure::run)?;
    line.push(b'\n');
    stream.write_all(&line).map_err(lost)?;
    let mut reply = String::new();
    BufReader::new(stream).read_line(&mut reply).map_err(lost)?;
    match serde_json::from_str(&reply) {
        Ok(Reply::Answer(answer)) => Ok(answer),
        Ok(Reply::Failed { text, exit_code: 2 }) => Err(Failure::Usage(text)),
        Ok(Reply::Failed { text, .. }) => Err(Failure::Run(text)),
        Err(_cut) if reply.is_empty() => Err(Failure::Run(
            "the gateway let the question unanswered; only the owner of the store and root may ask"
                .to_owned(),
        )),
        Err(_cut) => Err(Failure::Run("the gateway's answer was cut off".to_owned())),
    }
}

/// Opens the store and answers here. A ruling takes the store's lock, as a gateway does.
fn alone(file: &ConfigFile, request: Request) -> Result<Value, Failure> {
    let access = if matches!(request, Request::Rule(_)) {
        existing(file)?;
        let options = StoreOptions {
            paths: file.store_paths(),
            size_limit: None,
        };
        let running = RunningStore::start(&options, &file.master_key()?);
        Access::Running(Arc::new(running.map_err(Failure::run)?))
    } else {
        Access::Opened {
            store: Box::new(open(file)?),
            paths: file.store_paths(),
        }
    };
    let rules = Rules::load(file, SystemClock.now()).ok();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let executor: Arc<dyn Executor> = Arc::new(TokioExecutor::new());
    let desk = Desk {
        access,
        queue: None,
        rules: rules.map(|rules| Arc::new(Current::new(in_force::deciding(&rules)))),
        senders: Arc::new(Current::new(in_force::senders(file))),
        reload: None,
        clock,
        executor,
    };
    let handle = tokio::runtime::Handle::current();
    handle.block_on(desk.answer(request, &user()))
}

/// Who runs this command: the owner of its process.
fn user() -> String {
    use std::os::unix::fs::MetadataExt;
    let owner = std::fs::metadata("/proc/self").map(|process| process.uid());
    owner.map_or_else(|_unknown| "unknown".to_owned(), |uid| format!("uid {uid}"))
}

/// The store of a configuration, to be read.
pub(crate) fn open(file: &ConfigFile) -> Result<Store, Failure> {
    existing(file)?;
    Store::open(&file.store_paths(), &file.master_key()?).map_err(Failure::run)
}

fn existing(file: &ConfigFile) -> Result<(), Failure> {
    let database = file.store_paths().database();
    if database.exists() {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "there is no store at {}; it is made when the gateway first runs",
        database.display()
    )))
}
