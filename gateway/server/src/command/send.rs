//! `isthmus send`: sends the messages of files to an MLLP listener, draws progress and sums up the
//! acknowledgements; the connection itself is in `mllp_client`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use isthmus_core::executor::Executor;
use rustls::ClientConfig;
use serde::Serialize;

use crate::cli::Send;
use crate::failure::Failure;
use crate::input;
use crate::message_file;
use crate::mllp_client::{self, ClientError, MllpClient, TlsFiles};
use crate::output::Output;
use crate::system::TokioExecutor;

/// What came of it; the `--json` document.
#[derive(Debug, Default, Serialize)]
struct Summary {
    messages: usize,
    acknowledged: usize,
    codes: BTreeMap<String, usize>,
    positive: usize,
    /// The first message without a positive acknowledgement, counted from 0 over all files: what
    /// `--skip` takes to go on.
    first_without: Option<usize>,
    seconds: f64,
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    error: Option<String>,
}

/// Shared between the connections.
struct Run {
    messages: Vec<Vec<u8>>,
    next: AtomicUsize,
    pace: Option<Duration>,
    executor: TokioExecutor,
    progress: ProgressBar,
    answers: Mutex<Answers>,
}

#[derive(Default)]
struct Answers {
    codes: BTreeMap<usize, (String, Duration)>,
    error: Option<String>,
}

/// Sends and reports. Findings: not every message got a positive acknowledgement.
pub(crate) async fn run(options: &Send, output: Output) -> Result<(), Failure> {
    let messages = read(options)?;
    if messages.is_empty() {
        let text = "the files hold no HL7 v2 message (no line opens with MSH)";
        return Err(Failure::Usage(text.into()));
    }
    let tls = tls(options)?;
    let progress = progress(messages.len(), output);
    let run = Arc::new(Run {
        messages,
        next: AtomicUsize::new(options.skip),
        pace: options.rate.map(|rate| Duration::from_secs(1) / rate),
        executor: TokioExecutor::new(),
        progress,
        answers: Mutex::default(),
    });
    let mut connections = tokio::task::JoinSet::new();
    for _ in 0..options.connections {
        let address = options.address.clone();
        connections.spawn(connection(Arc::clone(&run), address, tls.clone()));
    }
    while connections.join_next().await.is_some() {}
    run.progress.finish_and_clear();
    report(&run, options.skip, output)
}

async fn connection(run: Arc<Run>, address: String, tls: Option<Arc<ClientConfig>>) {
    if let Err(error) = exchange_all(&run, &address, tls).await {
        let mut answers = run.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.error.get_or_insert(error.to_string());
    }
}

async fn exchange_all(
    run: &Run,
    address: &str,
    tls: Option<Arc<ClientConfig>>,
) -> Result<(), ClientError> {
    let mut client = MllpClient::connect(address, tls).await?;
    let first = run.next.load(Ordering::Relaxed);
    loop {
        let index = run.next.fetch_add(1, Ordering::Relaxed);
        let Some(message) = run.messages.get(index) else {
            return Ok(());
        };
        if let Some(pace) = run.pace {
            let turn = u32::try_from(index.saturating_sub(first)).unwrap_or(u32::MAX);
            let due = pace.saturating_mul(turn);
            run.executor
                .sleep(due.saturating_sub(run.executor.monotonic()))
                .await;
        }
        let sent = run.executor.monotonic();
        let code = client.exchange(message).await?;
        let took = run.executor.monotonic().saturating_sub(sent);
        let mut answers = run.answers.lock().unwrap_or_else(PoisonError::into_inner);
        drop(answers.codes.insert(index, (code, took)));
        run.progress.inc(1);
    }
}

fn report(run: &Run, skip: usize, output: Output) -> Result<(), Failure> {
    let summary = summary(run, skip);
    output.document(&summary);
    show(&summary, output);
    match (&summary.error, summary.first_without) {
        (Some(error), _) if !output.is_json() => Err(Failure::Run(error.clone())),
        (None, None) => Ok(()),
        _ => Err(Failure::Findings),
    }
}

fn summary(run: &Run, skip: usize) -> Summary {
    let seconds = run.executor.monotonic().as_secs_f64();
    let answers = run.answers.lock().unwrap_or_else(PoisonError::into_inner);
    let mut summary = Summary {
        messages: run.messages.len().saturating_sub(skip),
        acknowledged: answers.codes.len(),
        seconds,
        error: answers.error.clone(),
        ..Summary::default()
    };
    let mut times = Vec::with_capacity(answers.codes.len());
    for (code, took) in answers.codes.values() {
        *summary.codes.entry(code.clone()).or_default() += 1;
        summary.positive += usize::from(is_positive(code));
        times.push(took.as_secs_f64() * 1e3);
    }
    let positive = |index: &usize| {
        answers
            .codes
            .get(index)
            .is_some_and(|one| is_positive(&one.0))
    };
    summary.first_without = (skip..run.messages.len()).find(|index| !positive(index));
    times.sort_by(f64::total_cmp);
    summary.p50_ms = percentile(&times, 50);
    summary.p99_ms = percentile(&times, 99);
    #[expect(clippy::cast_precision_loss, reason = "a rate is shown, not counted")]
    let rate = summary.acknowledged as f64 / seconds.max(1e-9);
    summary.per_second = rate;
    summary
}

fn show(summary: &Summary, output: Output) {
    let codes: Vec<String> = summary
        .codes
        .iter()
        .map(|(code, count)| format!("{count} {code}"))
        .collect();
    output.line(format!(
        "{} messages, {} acknowledged ({}) in {:.1} s: {:.0} a second, p50 {:.1} ms, p99 {:.1} ms",
        summary.messages,
        summary.acknowledged,
        if codes.is_empty() {
            "none".to_owned()
        } else {
            codes.join(", ")
        },
        summary.seconds,
        summary.per_second,
        summary.p50_ms,
        summary.p99_ms,
    ));
    if let Some(first) = summary.first_without {
        output.line(format!(
            "first without a positive acknowledgement: go on with --skip {first}"
        ));
    }
}

fn is_positive(code: &str) -> bool {
    matches!(code, "AA" | "CA")
}

fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(index).copied().unwrap_or_default()
}

fn read(options: &Send) -> Result<Vec<Vec<u8>>, Failure> {
    let mut messages = Vec::new();
    for path in &options.files {
        let bytes = input::read(path)?;
        messages.extend(
            message_file::messages(&bytes)
                .into_iter()
                .map(<[u8]>::to_vec),
        );
    }
    Ok(messages)
}

fn tls(options: &Send) -> Result<Option<Arc<ClientConfig>>, Failure> {
    if !options.tls {
        return Ok(None);
    }
    let Some(authority) = options.ca.as_deref() else {
        let text = "--tls needs --ca FILE, the authority of the listener's certificate";
        return Err(Failure::Usage(text.into()));
    };
    let own = options
        .client_certificate
        .as_deref()
        .zip(options.client_key.as_deref());
    let config = mllp_client::tls_config(&TlsFiles { authority, own });
    config
        .map(Some)
        .map_err(|error| Failure::Usage(error.to_string()))
}

fn progress(messages: usize, output: Output) -> ProgressBar {
    if !output.draws_progress() {
        return ProgressBar::hidden();
    }
    let style = "{bar:40} {pos}/{len} messages, {per_sec}, {eta} left";
    let style = ProgressStyle::with_template(style).unwrap_or(ProgressStyle::default_bar());
    ProgressBar::new(messages as u64).with_style(style)
}
