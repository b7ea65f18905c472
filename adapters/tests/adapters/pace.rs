//! The pace of a runner in time that a test lets pass: rate, breaker, pause and the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use isthmus_adapters::adapter::{Call, Reply};
use isthmus_adapters::limits::Limits;
use isthmus_adapters::runner::{Runner, RunnerParts};
use isthmus_adapters::transport::Transport;
use isthmus_core::destination::{DeliveryOutcome, Destination, Outbound};
use isthmus_core::future::BoxFuture;
use isthmus_core::id::RecipientId;

use crate::fake_time::FakeTime;
use crate::released::outbound;
use crate::scripted_transport::{Script, runner, status, webhook};

const SECOND: Duration = Duration::from_secs(1);

fn rig(replies: Vec<Reply>, limits: Limits) -> (Runner, Script, Arc<FakeTime>) {
    let (script, time) = (Script::of(replies), Arc::new(FakeTime::new()));
    let adapter = webhook("https://crm.example/hook");
    let runner = runner(adapter, &script, limits, &time);
    (runner, script, time)
}

async fn deliver(runner: &Runner) -> DeliveryOutcome {
    runner.deliver(vec![outbound(1)]).await.remove(0)
}

fn code(outcome: &DeliveryOutcome) -> &str {
    match outcome {
        DeliveryOutcome::Delivered => "delivered",
        DeliveryOutcome::Retry { code, .. }
        | DeliveryOutcome::NotTried { code }
        | DeliveryOutcome::Refused { code }
        | DeliveryOutcome::Unknown { code } => code,
    }
}

#[tokio::test]
async fn without_limits_as_many_begin_as_may_be_under_way() {
    let (runner, _, time) = rig(Vec::new(), Limits::default());
    assert_eq!(runner.ready().await, 16);
    assert_eq!(runner.takes().at_once, 16);
    assert_eq!(time.passed(), Duration::ZERO);
}

#[tokio::test]
async fn a_rate_is_kept_after_its_burst() {
    let limits = Limits {
        rate_per_s: Some(10),
        burst: 4,
        ..Limits::default()
    };
    let (runner, script, time) = rig(Vec::new(), limits);
    assert_eq!(runner.ready().await, 4);
    // To ask takes nothing up.
    assert_eq!(runner.ready().await, 4);
    for _ in 0..104 {
        assert!(runner.ready().await >= 1);
        assert_eq!(deliver(&runner).await, DeliveryOutcome::Delivered);
    }
    assert_eq!(script.calls_made(), 104);
    assert_eq!(time.passed(), SECOND * 10);
}

#[tokio::test]
async fn the_breaker_opens_tries_one_and_closes() {
    let mut replies = vec![status(500); 6];
    replies.push(status(200));
    let (runner, script, time) = rig(replies, Limits::default());
    for _ in 0..5 {
        assert_eq!(runner.ready().await, 16);
        assert_eq!(code(&deliver(&runner).await), "http-500");
    }
    assert_eq!(time.passed(), Duration::ZERO);
    // What was promised before it opened is not sent.
    let held = deliver(&runner).await;
    let expected = DeliveryOutcome::NotTried {
        code: "breaker-open".to_owned(),
    };
    assert_eq!(held, expected);
    assert_eq!(script.calls_made(), 5);
    // One tries and fails, twenty seconds later another succeeds.
    assert_eq!(runner.ready().await, 1);
    assert_eq!(time.passed(), SECOND * 20);
    assert_eq!(code(&deliver(&runner).await), "http-500");
    assert_eq!(runner.ready().await, 1);
    assert_eq!(time.passed(), SECOND * 40);
    assert_eq!(deliver(&runner).await, DeliveryOutcome::Delivered);
    assert_eq!(runner.ready().await, 16);
}

#[tokio::test]
async fn one_record_that_fails_again_and_again_opens_nothing() {
    for reply in [status(500), Reply::Lost("timeout")] {
        let (runner, script, time) = rig(vec![reply; 50], Limits::default());
        for attempt in 1..=50 {
            assert_eq!(runner.ready().await, 16);
            let again = Outbound {
                attempt,
                ..outbound(1)
            };
            assert_ne!(
                runner.deliver(vec![again]).await,
                [DeliveryOutcome::Delivered]
            );
        }
        assert_eq!(script.calls_made(), 50);
        assert_eq!(time.passed(), Duration::ZERO);
    }
}

#[tokio::test]
async fn refused_records_open_nothing() {
    let (runner, _, time) = rig(vec![status(422); 50], Limits::default());
    for _ in 0..50 {
        assert_eq!(runner.ready().await, 16);
        assert_eq!(code(&deliver(&runner).await), "http-422");
    }
    assert_eq!(time.passed(), Duration::ZERO);
}

#[tokio::test]
async fn a_wait_that_is_asked_for_is_kept_by_all() {
    let asked = Reply::Http {
        status: 429,
        retry_after: Some(SECOND * 90),
    };
    let (runner, script, time) = rig(vec![asked], Limits::default());
    assert_eq!(code(&deliver(&runner).await), "http-429");
    assert_eq!(code(&deliver(&runner).await), "paused");
    assert_eq!(script.calls_made(), 1);
    assert_eq!(runner.ready().await, 16);
    assert_eq!(time.passed(), SECOND * 90);
    assert_eq!(deliver(&runner).await, DeliveryOutcome::Delivered);
}

#[tokio::test]
async fn pauses_double_while_nobody_answers() {
    let limits = Limits {
        failures: 1000,
        ..Limits::default()
    };
    let (runner, script, time) = rig(vec![Reply::NotSent("connect"); 20], limits);
    let mut before = Duration::ZERO;
    for number in 0..20_u32 {
        assert!(runner.ready().await >= 1);
        let waited = time.passed().saturating_sub(before);
        let doublings = number.saturating_sub(1).min(20);
        let longest = Duration::from_millis(500 << doublings).min(SECOND * 900);
        assert!(waited <= longest, "{number}: {waited:?}");
        before = time.passed();
        assert_eq!(code(&deliver(&runner).await), "connect");
    }
    // Twelve of them could last fifteen minutes; half of that is usual.
    assert!(time.passed() > SECOND * 900, "{:?}", time.passed());
    assert_eq!(script.calls_made(), 20);
}

#[tokio::test]
async fn whoever_is_gone_is_sent_nothing_more() {
    let (runner, script, time) = rig(vec![status(410)], Limits::default());
    assert_eq!(code(&deliver(&runner).await), "http-410");
    time.pass(SECOND * 86_400 * 30);
    let ready = tokio::time::timeout(SECOND / 20, runner.ready());
    assert!(ready.await.is_err());
    assert_eq!(code(&deliver(&runner).await), "stopped");
    assert_eq!(script.calls_made(), 1);
}

/// Fails until it is told to hang, and then never answers.
#[derive(Clone, Default)]
struct Hanging(Arc<AtomicBool>);

impl Transport for Hanging {
    fn perform(&self, _: Arc<Call>) -> BoxFuture<'_, Reply> {
        if self.0.load(Ordering::Relaxed) {
            return Box::pin(std::future::pending());
        }
        Box::pin(async { status(500) })
    }
}

#[tokio::test]
async fn others_wait_for_the_one_that_tries() {
    let (hanging, time) = (Hanging::default(), Arc::new(FakeTime::new()));
    let runner = Runner::new(RunnerParts {
        recipient: RecipientId::new("clinic"),
        adapter: Box::new(webhook("https://crm.example/hook")),
        transport: Box::new(hanging.clone()),
        limits: Limits::default(),
        seed: 1,
        clock: Arc::clone(&time) as _,
        executor: Arc::clone(&time) as _,
    });
    for _ in 0..5 {
        deliver(&runner).await;
    }
    hanging.0.store(true, Ordering::Relaxed);
    assert_eq!(runner.ready().await, 1);
    let mut trying = Box::pin(deliver(&runner));
    let brief = SECOND / 20;
    assert!(tokio::time::timeout(brief, &mut trying).await.is_err());
    assert!(tokio::time::timeout(brief, runner.ready()).await.is_err());
    assert_eq!(code(&deliver(&runner).await), "breaker-open");
    // It is given up while somebody waits: another may try.
    let (ready, ()) = tokio::join!(tokio::time::timeout(SECOND * 5, runner.ready()), async {
        tokio::time::timeout(brief, &mut trying).await.unwrap_err();
        drop(trying);
    });
    assert_eq!(ready, Ok(1));
}
