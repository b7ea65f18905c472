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
use crate::failure::{Failure, counted};
use crate::input;
use crate::message_file;
use crate::mllp_client::{self, Answer, ClientError, MllpClient, TlsFiles};
use crate::output::Output;
use crate::system::TokioExecutor;

/// What came of it; the `--json` document.
#[derive(Debug, Default, Serialize)]
struct Summary {
    messages: usize,
    acknowledged: usize,
    codes: BTreeMap<String, usize>,
    positive: usize,
    /// What the negative ones said and how often: `AR condition 207 at MSH-3`.
    refusals: BTreeMap<String, usize>,
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
    given: BTreeMap<usize, (Answer, Duration)>,
    error: Option<String>,
}

/// Sends and reports. Findings: not every message got a positive acknowledgement.
pub(crate) async fn run(options: &Send, output: Output) -> Result<(), Failure> {
    let messages = read(options)?;
    if messages.is_empty() {
        let text = "the files hold no HL7 v2 message (no line opens with MSH)";
        return Err(Failure::Usage(text.into()));
    }
    let left = messages.len().saturating_sub(options.skip);
    if left == 0 {
        let held = counted(messages.len(), "message");
        let text = format!(
            "the files hold {held}, so --skip {} leaves none",
            options.skip
        );
        return Err(Failure::Usage(text));
    }
    let tls = tls(options)?;
    let progress = progress(left, output);
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
    let sent = async { while connections.join_next().await.is_some() {} };
    tokio::select! {
        () = sent => {}
        _ = tokio::signal::ctrl_c() => note(&run, "stopped by Ctrl-C".to_owned()),
    }
    run.progress.finish_and_clear();
    report(&run, options.skip, output)
}

async fn connection(run: Arc<Run>, address: String, tls: Option<Arc<ClientConfig>>) {
    if let Err(error) = exchange_all(&run, &address, tls).await {
        note(&run, error.to_string());
    }
}

/// Keeps the first reason for ending early.
fn note(run: &Run, error: String) {
    let mut answers = run.answers.lock().unwrap_or_else(PoisonError::into_inner);
    answers.error.get_or_insert(error);
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
        let mut begun = None;
        if let Some(pace) = run.pace {
            let turn = u32::try_from(index.saturating_sub(first)).unwrap_or(u32::MAX);
            let due = pace.saturating_mul(turn);
            run.executor
                .sleep(due.saturating_sub(run.executor.monotonic()))
                .await;
            // One that waited for the answer before it counts from its turn, or a gateway that
            // stops for a while would look quick.
            begun = Some(due);
        }
        let begun = begun.unwrap_or_else(|| run.executor.monotonic());
        let answer = client.exchange(message).await?;
        let took = run.executor.monotonic().saturating_sub(begun);
        let mut answers = run.answers.lock().unwrap_or_else(PoisonError::into_inner);
        drop(answers.given.insert(index, (answer, took)));
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
        acknowledged: answers.given.len(),
        seconds,
        error: answers.error.clone(),
        ..Summary::default()
    };
    let mut times = Vec::with_capacity(answers.given.len());
    for (answer, took) in answers.given.values() {
        let code = answer.code.as_str().to_owned();
        if answer.code.is_positive() {
            summary.positive += 1;
        } else {
            let refusal = format!("{code} {}", answer.why).trim_end().to_owned();
            *summary.refusals.entry(refusal).or_default() += 1;
        }
        *summary.codes.entry(code).or_default() += 1;
        times.push(took.as_secs_f64() * 1e3);
    }
    let positive = |index: &usize| {
        let given = answers.given.get(index);
        given.is_some_and(|one| one.0.code.is_positive())
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
    if summary.acknowledged == 0 {
        return; // The error says why, and there is nothing to sum up.
    }
    let codes: Vec<String> = summary
        .codes
        .iter()
        .map(|(code, count)| format!("{count} {code}"))
        .collect();
    output.line(format!(
        "{}, {} acknowledged ({}) in {:.1} s: {:.0} a second, p50 {:.1} ms, p99 {:.1} ms",
        counted(summary.messages, "message"),
        summary.acknowledged,
        codes.join(", "),
        summary.seconds,
        summary.per_second,
        summary.p50_ms,
        summary.p99_ms,
    ));
    for (refusal, count) in &summary.refusals {
        output.line(format!("refused: {count} {refusal}"));
    }
    if let Some(first) = summary.first_without {
        output.line(format!(
            "first without a positive acknowledgement: send from there with --skip {first}"
        ));
    }
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
