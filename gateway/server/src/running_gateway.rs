//! `RunningGateway`, a gateway from the opening of its store to its stop: in which order its parts
//! start and end, and what happens between; how the parts are joined is in `wiring`.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use isthmus_core::current::Current;
use isthmus_ingress::listener::{Listener, Protocol};
use isthmus_store::running_store::RunningStore;
use tokio::sync::{mpsc, oneshot, watch};

use crate::config_file::ConfigFile;
use crate::failure::Failure;
use crate::folders;
use crate::in_force::{self, InForce};
use crate::listeners;
use crate::rabbitmq_parts::{self, Brokered};
use crate::reload::Reload;
use crate::reload_answer::ReloadAnswer;
use crate::rules::Rules;
use crate::wiring::Parts;

/// How long a stop waits for hand-overs to end and be settled. What has not ended by then is
/// repeated under its id after the next start.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// A port that is open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listening {
    /// What is spoken there.
    pub(crate) protocol: Protocol,
    /// Where.
    pub(crate) address: SocketAddr,
    /// Whether peers speak TLS.
    pub(crate) tls: bool,
}

/// Why a gateway ended by itself.
#[derive(Debug)]
pub(crate) enum Ended {
    /// A sync failed.
    Store(String),
    /// A loop cannot go on.
    Loop(String),
}

/// A gateway that takes messages in and delivers.
pub(crate) struct RunningGateway {
    store: Arc<RunningStore>,
    brokered: Option<Brokered>,
    listening: Vec<Listening>,
    stop: watch::Sender<bool>,
    /// Listeners and watched folders.
    intakes: tokio::task::JoinSet<()>,
    /// Ends when the last worker has.
    workers: mpsc::Receiver<()>,
    sign_last: watch::Sender<bool>,
    signed: oneshot::Receiver<()>,
    loops: mpsc::Receiver<String>,
    reload: Arc<Mutex<Reload>>,
    reloads: mpsc::Receiver<ReloadAnswer>,
}

/// What happens to a gateway that a supervisor must know.
#[derive(Debug)]
pub(crate) enum Happening {
    /// It cannot go on.
    Ended(Ended),
    /// A reload ended.
    Reloaded(ReloadAnswer),
}

impl RunningGateway {
    /// Opens the store, starts the loops, and opens the ports last.
    pub(crate) async fn start(file: &ConfigFile, rules: &Rules) -> Result<Self, Failure> {
        let (ended, loops) = mpsc::channel(16);
        let (stop, stopping) = watch::channel(false);
        let (working, workers) = mpsc::channel(1);
        let parts = Parts::make(file, rules, ended, stopping.clone(), working)?;
        if let Some(brokered) = &parts.brokered {
            rabbitmq_parts::declare(file, &brokered.broker).await?;
        }
        let (sign_last, last) = watch::channel(false);
        let signed = parts.sign(file, last)?;
        let mut runners = Vec::new();
        for destination in &file.config.destinations {
            runners.push(parts.deliver(file, destination)?);
        }
        let seams = parts.seams(file, rules)?;
        if file.config.store.forward {
            parts.forward(&seams);
        }
        parts.tell_senders(&seams);
        let mut running = tokio::task::JoinSet::new();
        let mut listening = Vec::new();
        let mut tls = Vec::new();
        let watches = folders::open(file, &seams)?;
        for (protocol, stated) in file.config.listeners() {
            let config = listeners::with_paths(file, stated.get_ref());
            let listener = Listener::bind(protocol, &config, Arc::clone(&seams))
                .map_err(|error| listeners::unusable(file, stated, &error))?;
            listening.push(Listening {
                protocol,
                address: listener.local_address(),
                tls: config.tls.is_some(),
            });
            tls.push(listener.tls());
            running.spawn(listener.run(stopping.clone()));
        }
        for watch in watches {
            running.spawn(watch.run(stopping.clone()));
        }
        let in_force = InForce {
            rules: Arc::clone(&parts.rules),
            terms: Arc::clone(&seams.terms),
            senders: Arc::new(Current::new(in_force::senders(file))),
            tls,
            runners,
        };
        let (reload, reloads) = parts.reload(file, in_force);
        parts.answer(file, &reload)?;
        parts.warn_daily(&reload);
        Ok(Self {
            store: parts.store,
            brokered: parts.brokered,
            listening,
            stop,
            intakes: running,
            workers,
            sign_last,
            signed,
            loops,
            reload,
            reloads,
        })
    }

    /// The open ports, in the configuration's order.
    pub(crate) fn listening(&self) -> &[Listening] {
        &self.listening
    }

    /// Completes when the gateway cannot go on.
    pub(crate) async fn ended(&mut self) -> Ended {
        tokio::select! {
            why = self.store.failed() => Ended::Store(why),
            Some(why) = self.loops.recv() => Ended::Loop(why),
        }
    }

    /// The next that happens.
    pub(crate) async fn happens(&mut self) -> Happening {
        tokio::select! {
            why = self.store.failed() => Happening::Ended(Ended::Store(why)),
            Some(why) = self.loops.recv() => Happening::Ended(Ended::Loop(why)),
            Some(answer) = self.reloads.recv() => Happening::Reloaded(answer),
        }
    }

    /// Reads everything anew, aside; how it ends is told by [`Self::happens`].
    pub(crate) fn reload(&self) {
        let reload = Arc::clone(&self.reload);
        drop(tokio::task::spawn_blocking(move || {
            // One that panicked left what was in force as it was.
            reload.lock().unwrap_or_else(PoisonError::into_inner).run()
        }));
    }

    /// Its store.
    pub(crate) fn store(&self) -> Arc<RunningStore> {
        Arc::clone(&self.store)
    }

    /// Closes the ports and answers what came in whole; settles what is being handed over, signs
    /// the ledger, and commits what waits.
    pub(crate) async fn stop(mut self) {
        // Nobody listens any more when every listener and folder has ended already.
        let _ended = self.stop.send(true);
        while self.intakes.join_next().await.is_some() {}
        if tokio::time::timeout(DRAIN_MAX, self.workers.recv())
            .await
            .is_err()
        {
            tracing::warn!(
                "hand-overs are still under way, they are repeated after the next start"
            );
        }
        if let Some(brokered) = self.brokered {
            brokered.close().await;
        }
        // The task that signs may have ended by itself.
        let _ended = self.sign_last.send(true);
        let _ended = self.signed.await;
        let store = self.store;
        drop(tokio::task::spawn_blocking(move || store.close()).await);
    }
}
