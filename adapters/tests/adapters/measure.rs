//! How many webhooks a runner delivers in a second and what each costs, against a server that does
//! next to nothing. Run with `--release -- --ignored --nocapture measure`.

use std::sync::Arc;
use std::time::Duration;

use isthmus_adapters::limits::Limits;
use isthmus_adapters::runner::{Runner, RunnerParts};
use isthmus_core::destination::{DeliveryOutcome, Destination};
use isthmus_core::executor::Executor;
use isthmus_core::id::RecipientId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::released::outbound;
use crate::runtime::{NoonClock, TokioExecutor};
use crate::scripted_server::{client, settings};
use crate::scripted_transport::webhook;

const RECORDS: usize = 100_000;
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// Answers whatever ends like an event: one request at a time, as the client sends them.
async fn answer_all(mut stream: TcpStream) {
    let mut bytes = vec![0; 1 << 16];
    let mut length = 0;
    while let Ok(more @ 1..) = stream.read(&mut bytes[length..]).await {
        length += more;
        if bytes[..length].ends_with(b"}}}") {
            stream.write_all(ANSWER).await.unwrap();
            length = 0;
        }
    }
}

fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures"]
async fn measure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let serve = async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            TokioExecutor.spawn("connection", Box::pin(answer_all(stream)));
        }
    };
    TokioExecutor.spawn("server", Box::pin(serve));
    for at_once in [1, 4, 16, 64] {
        let mut settings = settings(&url, Duration::from_secs(20));
        settings.idle_max = at_once;
        let runner = Arc::new(Runner::new(RunnerParts {
            recipient: RecipientId::new("clinic"),
            adapter: Box::new(webhook(&url)),
            transport: Box::new(client(settings)),
            limits: Limits::default(),
            seed: 1,
            clock: Arc::new(NoonClock),
            executor: Arc::new(TokioExecutor),
        }));
        let records = if at_once == 1 { RECORDS / 5 } else { RECORDS };
        let (ended, mut ends) = tokio::sync::mpsc::channel(at_once);
        let (began, spent) = (TokioExecutor.monotonic(), processor_time());
        for _ in 0..at_once {
            let (runner, ended) = (Arc::clone(&runner), ended.clone());
            let work = async move {
                for number in 0..records / at_once {
                    let batch = vec![outbound(u8::try_from(number % 200).unwrap())];
                    let outcomes = runner.deliver(batch).await;
                    assert_eq!(outcomes, [DeliveryOutcome::Delivered]);
                }
                ended.send(()).await.unwrap();
            };
            TokioExecutor.spawn("worker", Box::pin(work));
        }
        for _ in 0..at_once {
            ends.recv().await.unwrap();
        }
        let time = TokioExecutor.monotonic().saturating_sub(began);
        let spent = processor_time().saturating_sub(spent);
        let rate = records as u128 * 1_000_000 / time.as_micros();
        let cost = spent.as_micros() / records as u128;
        eprintln!("{at_once:3} at once: {rate} a second, {cost} us of processor each, both sides");
    }
}
