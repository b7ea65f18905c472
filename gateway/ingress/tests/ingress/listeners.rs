//! A listener on a real socket: places, stopping, and answers that arrive.

use std::sync::Arc;

use isthmus_core::executor::Executor;
use isthmus_hl7v2::acknowledgment::AcknowledgmentCode::{ApplicationAccept, ApplicationReject};
use isthmus_ingress::listener::{Listener, Protocol};
use isthmus_ingress::listener_config::ListenerConfig;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::client::{Client, framed};
use crate::messages::admission;
use crate::rig::Rig;
use crate::runtime::TokioExecutor;

/// Starts a listener; the receiver tells when it has ended.
pub(crate) fn start(rig: &Rig, extra: &str) -> (SocketAddr, oneshot::Receiver<()>) {
    let toml = format!("listen = \"127.0.0.1:0\"\n{extra}");
    let mut config: ListenerConfig = toml::from_str(&toml).unwrap();
    config.bounds = rig.bounds;
    let listener = Listener::bind(Protocol::Mllp, &config, Arc::clone(&rig.seams)).unwrap();
    let address = listener.local_address();
    let (ended, end) = oneshot::channel();
    let stop = rig.stop.subscribe();
    let running = async move {
        listener.run(stop).await;
        // The test may not wait for the end.
        let _waited = ended.send(());
    };
    TokioExecutor.spawn("listener", Box::pin(running));
    (address, end)
}

async fn connect(address: SocketAddr) -> Client<TcpStream> {
    Client::new(TcpStream::connect(address).await.unwrap())
}

#[tokio::test]
async fn many_connections_are_served_and_a_stop_ends_them() {
    let rig = Rig::new();
    let (address, end) = start(&rig, "");
    let mut clients = Vec::new();
    for _ in 0..8 {
        clients.push(connect(address).await);
    }
    for client in &mut clients {
        assert_eq!(client.ask(admission("N1")).await, ApplicationAccept);
    }
    assert_eq!(rig.seams.counters.connections_open.get(), 8);
    rig.stop.send_replace(true);
    for mut client in clients {
        assert!(client.is_closed().await);
    }
    end.await.unwrap();
    assert_eq!(rig.seams.counters.connections_open.get(), 0);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn one_connection_too_many_is_closed_at_once() {
    let rig = Rig::new().bounded(|bounds| bounds.connections_max = 1);
    let (address, _end) = start(&rig, "");
    let mut first = connect(address).await;
    assert_eq!(first.ask(admission("N1")).await, ApplicationAccept);
    assert!(connect(address).await.is_closed().await);
    assert_eq!(rig.seams.counters.connections_over_bound.get(), 1);
    assert_eq!(first.ask(admission("N2")).await, ApplicationAccept);
}

#[tokio::test]
async fn the_last_answer_arrives_although_more_was_sent() {
    let rig = Rig::new();
    let (address, _end) = start(&rig, "");
    let mut client = connect(address).await;
    let broken = framed(admission("N2"));
    let rest = vec![b'z'; 200_000];
    let bytes = [&broken[..broken.len() - 2], &broken[..], &rest].concat();
    client.send_bytes(&bytes).await;
    assert_eq!(client.answer().await, (ApplicationReject, "N2".to_owned()));
    assert!(client.is_closed().await);
}
