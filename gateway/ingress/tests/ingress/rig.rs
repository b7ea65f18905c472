//! A gateway around the listeners: a store in memory, senders from text, connections without
//! sockets.

use std::net::IpAddr;
use std::sync::Arc;

use isthmus_core::current::Current;
use isthmus_core::executor::Executor;
use isthmus_core::subject::Digester;
use isthmus_ingress::acknowledgement::ControlIds;
use isthmus_ingress::budget::Budget;
use isthmus_ingress::counters::Counters;
use isthmus_ingress::http_session;
use isthmus_ingress::listener_config::Bounds;
use isthmus_ingress::mllp_session::serve;
use isthmus_ingress::peer::{CertificateName, Peer};
use isthmus_ingress::seams::Seams;
use isthmus_ingress::sender::Sender;
use isthmus_ingress::sender_binding::SenderTable;
use isthmus_ingress::terms::Terms;
use serde::Deserialize;
use tokio::io::DuplexStream;
use tokio::sync::watch;

use crate::client::Client;
use crate::fake_intake::FakeIntake;
use crate::messages::{NORTH, SOUTH};
use crate::runtime::{StillClock, TokioExecutor};

pub(crate) struct Rig {
    pub(crate) seams: Arc<Seams>,
    pub(crate) intake: Arc<FakeIntake>,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) bounds: Bounds,
}

#[derive(Deserialize)]
struct Senders {
    sender: Vec<Sender>,
}

/// The senders of a piece of configuration.
pub(crate) fn senders(toml: &str) -> Vec<Sender> {
    toml::from_str::<Senders>(toml).unwrap().sender
}

/// These senders; a map is there for admissions alone.
pub(crate) fn terms(senders: Vec<Sender>) -> Terms {
    Terms {
        senders: SenderTable::new(senders).unwrap(),
        mapped: Arc::new(|_, code, event| code == "ADT" && event == "A01"),
    }
}

impl Rig {
    /// Two senders, and a store that takes everything.
    pub(crate) fn new() -> Self {
        Self::with(FakeIntake::default(), &format!("{NORTH}{SOUTH}"))
    }

    pub(crate) fn with_intake(intake: FakeIntake) -> Self {
        Self::with(intake, &format!("{NORTH}{SOUTH}"))
    }

    pub(crate) fn with_senders(toml: &str) -> Self {
        Self::with(FakeIntake::default(), toml)
    }

    pub(crate) fn with(intake: FakeIntake, toml: &str) -> Self {
        Self::of(intake, senders(toml))
    }

    pub(crate) fn of(intake: FakeIntake, senders: Vec<Sender>) -> Self {
        let intake = Arc::new(intake);
        let bounds = Bounds {
            connections_max: 8,
            frame_bytes_max: 256 << 10,
            ..Bounds::default()
        };
        let seams = Seams {
            terms: Arc::new(Current::new(terms(senders))),
            intake: Arc::clone(&intake) as _,
            digester: Digester::new(&[7; 32]),
            clock: Arc::new(StillClock),
            executor: Arc::new(TokioExecutor),
            large: Budget::new(1 << 20).for_large(),
            budget: Budget::new(1 << 20),
            reading: Budget::new(1 << 20),
            counters: Arc::new(Counters::default()),
            control_ids: ControlIds::default(),
        };
        Self {
            seams: Arc::new(seams),
            intake,
            stop: watch::Sender::new(false),
            bounds,
        }
    }

    pub(crate) fn bounded(mut self, change: impl FnOnce(&mut Bounds)) -> Self {
        change(&mut self.bounds);
        self
    }

    /// A connection from the loopback address, without a certificate.
    pub(crate) fn connect(&self) -> Client<DuplexStream> {
        self.connect_as("127.0.0.1", &[])
    }

    pub(crate) fn connect_as(&self, address: &str, names: &[&str]) -> Client<DuplexStream> {
        let (near, far) = tokio::io::duplex(64 << 10);
        let peer = peer(address, names);
        let (seams, bounds) = (Arc::clone(&self.seams), self.bounds);
        let stop = self.stop.subscribe();
        let session = async move { serve(far, &peer, &seams, &bounds, stop).await };
        TokioExecutor.spawn("connection", Box::pin(session));
        Client::new(near)
    }

    /// A connection that speaks HTTP, from the loopback address.
    pub(crate) fn connect_http(&self) -> DuplexStream {
        self.connect_http_as("127.0.0.1")
    }

    pub(crate) fn connect_http_as(&self, address: &str) -> DuplexStream {
        let (near, far) = tokio::io::duplex(64 << 10);
        let peer = peer(address, &[]);
        let (seams, bounds) = (Arc::clone(&self.seams), self.bounds);
        let stop = self.stop.subscribe();
        let session = async move { http_session::serve(far, &peer, &seams, &bounds, stop).await };
        TokioExecutor.spawn("connection", Box::pin(session));
        near
    }
}

fn peer(address: &str, names: &[&str]) -> Peer {
    let address: IpAddr = address.parse().unwrap();
    let names = names.iter();
    let certificate = names.map(|name| name.parse::<CertificateName>().unwrap());
    Peer {
        address,
        certificate: certificate.collect(),
    }
}
