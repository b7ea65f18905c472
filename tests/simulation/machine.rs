//! The machine that a run happens on: tasks, of which the seed chooses the next one to go on, and a
//! time that passes only when none can. What runs on it is in the other files.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use isthmus_core::clock::{Clock, Timestamp};
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;

use crate::dice::Dice;
use crate::trace::Trace;

/// The time of day at which every run begins: 2026-12-01T00:00:00Z.
const START: i64 = 1_796_083_200_000;

/// Tasks that end together: those of the world, or those of one run of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Group(pub(crate) u64);

/// Senders, recipients, the broker and whoever else does not end with the gateway.
pub(crate) const WORLD: Group = Group(0);

struct Task {
    group: Group,
    name: &'static str,
    future: Option<BoxFuture<'static, ()>>,
    waker: Waker,
}

#[derive(Default)]
struct Tasks {
    next: u64,
    all: BTreeMap<u64, Task>,
    timers: BTreeMap<(u64, u64), Waker>,
    timer: u64,
    /// Polls of the gateway's tasks until it crashes.
    crash_in: Option<u64>,
}

struct Time {
    micros: u64,
    polls: u64,
    /// How far the time of day is from what passed, in milliseconds.
    offset: i64,
}

/// A machine of one run.
pub(crate) struct Machine {
    tasks: Mutex<Tasks>,
    time: Mutex<Time>,
    ready: Arc<Mutex<Vec<u64>>>,
    dice: Mutex<Dice>,
    trace: Mutex<Trace>,
}

/// What a step did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Went {
    /// A task went on.
    On,
    /// No task could, so time passed.
    Waited,
    /// No task ever will.
    Nowhere,
    /// The gateway crashes now.
    Crash,
}

struct Woken {
    task: u64,
    ready: Arc<Mutex<Vec<u64>>>,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        let mut ready = self.ready.lock().unwrap();
        if !ready.contains(&self.task) {
            ready.push(self.task);
        }
    }
}

impl Machine {
    pub(crate) fn new(seed: u64, keeps_lines: bool) -> Arc<Self> {
        Arc::new(Self {
            tasks: Mutex::default(),
            time: Mutex::new(Time {
                micros: 0,
                polls: 0,
                offset: 0,
            }),
            ready: Arc::default(),
            dice: Mutex::new(Dice::new(seed)),
            trace: Mutex::new(Trace::new(keeps_lines)),
        })
    }

    /// A number from 0 up to, and without, `limit`.
    pub(crate) fn below(&self, limit: u64) -> u64 {
        self.dice.lock().unwrap().below(limit)
    }

    /// True so many times of a thousand.
    pub(crate) fn chance(&self, permille: u64) -> bool {
        self.below(1_000) < permille
    }

    /// A time up to the longest: short ones as often as long ones.
    pub(crate) fn some_time(&self, longest: Duration) -> Duration {
        let shift = self.below(12);
        let micros = u64::try_from(longest.as_micros()).unwrap() >> shift;
        Duration::from_micros(self.below(micros + 1))
    }

    pub(crate) fn note(&self, event: &'static str, of: &[u64]) {
        let (at, poll) = {
            let time = self.time.lock().unwrap();
            (time.micros, time.polls)
        };
        self.trace.lock().unwrap().note(at, poll, event, of);
    }

    pub(crate) fn trace_hash(&self) -> u64 {
        self.trace.lock().unwrap().hash()
    }

    pub(crate) fn take_lines(&self) -> Vec<String> {
        self.trace.lock().unwrap().take_lines()
    }

    /// How many polls there were: what came first has the smaller number.
    pub(crate) fn polls(&self) -> u64 {
        self.time.lock().unwrap().polls
    }

    pub(crate) fn passed(&self) -> Duration {
        Duration::from_micros(self.time.lock().unwrap().micros)
    }

    /// Sets the time of day this far from what passed.
    pub(crate) fn set_clock(&self, offset: i64) {
        self.time.lock().unwrap().offset = offset;
    }

    pub(crate) fn spawn_in(&self, group: Group, name: &'static str, task: BoxFuture<'static, ()>) {
        let mut tasks = self.tasks.lock().unwrap();
        let number = tasks.next;
        tasks.next += 1;
        let ready = Arc::clone(&self.ready);
        let woken = Arc::new(Woken {
            task: number,
            ready,
        });
        let waker = Waker::from(woken);
        waker.wake_by_ref();
        let future = Some(task);
        let task = Task {
            group,
            name,
            future,
            waker,
        };
        tasks.all.insert(number, task);
    }

    /// The gateway crashes after so many polls of its tasks, unless it was to crash before.
    pub(crate) fn crash_in(&self, polls: u64) {
        let crash = &mut self.tasks.lock().unwrap().crash_in;
        *crash = Some(crash.map_or(polls, |before| before.min(polls)));
    }

    /// A group crashes soon: after a few polls, or when it has been idle for a moment.
    pub(crate) fn crash_soon(self: &Arc<Self>, group: Group) {
        self.crash_in(self.below(24));
        let machine = Arc::clone(self);
        let moment = self.some_time(Duration::from_millis(100));
        let task = async move {
            machine.pause(moment).await;
            machine.crash_in(0);
            machine.pause(Duration::from_micros(1)).await;
        };
        self.spawn_in(group, "alarm", Box::pin(task));
    }

    /// Ends all tasks of a group where they are.
    pub(crate) fn kill(&self, group: Group) {
        let killed: Vec<Task> = {
            let mut tasks = self.tasks.lock().unwrap();
            tasks.crash_in = None;
            let all = std::mem::take(&mut tasks.all);
            let (killed, kept) = all.into_iter().partition(|(_, task)| task.group == group);
            tasks.all = kept;
            let killed: BTreeMap<u64, Task> = killed;
            killed.into_values().collect()
        };
        drop(killed);
    }

    /// Ends everything, so that what refers to each other is let go.
    pub(crate) fn clear(&self) {
        let all = std::mem::take(&mut self.tasks.lock().unwrap().all);
        drop(all);
    }

    /// Lets one task go on, chosen by the seed, or time pass.
    pub(crate) fn step(&self) -> Went {
        let chosen = {
            let mut ready = self.ready.lock().unwrap();
            match ready.len() {
                0 => None,
                1 => ready.pop(),
                many => {
                    let chosen = self.below(many as u64);
                    Some(ready.remove(usize::try_from(chosen).unwrap()))
                }
            }
        };
        match chosen {
            Some(number) => self.poll(number),
            None => self.wait(),
        }
    }

    fn poll(&self, number: u64) -> Went {
        let taken = {
            let mut tasks = self.tasks.lock().unwrap();
            let is_gateway = |task: &Task| task.group != WORLD;
            if tasks.all.get(&number).is_some_and(is_gateway)
                && let Some(left) = &mut tasks.crash_in
            {
                if *left == 0 {
                    return Went::Crash;
                }
                *left -= 1;
            }
            let task = tasks.all.get_mut(&number);
            task.and_then(|task| {
                let future = task.future.take()?;
                Some((future, task.name, task.waker.clone()))
            })
        };
        let Some((mut future, name, waker)) = taken else {
            return Went::On;
        };
        self.time.lock().unwrap().polls += 1;
        {
            let mut trace = self.trace.lock().unwrap();
            trace.mix(number);
            trace.mix(name.len() as u64);
        }
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        let mut tasks = self.tasks.lock().unwrap();
        match polled {
            Poll::Pending => {
                if let Some(task) = tasks.all.get_mut(&number) {
                    task.future = Some(future);
                }
            }
            Poll::Ready(()) => {
                let ended = tasks.all.remove(&number);
                drop(tasks);
                drop((ended, future));
            }
        }
        Went::On
    }

    fn wait(&self) -> Went {
        let due = {
            let mut tasks = self.tasks.lock().unwrap();
            let Some((&(at, _), _)) = tasks.timers.first_key_value() else {
                return Went::Nowhere;
            };
            let later = tasks.timers.split_off(&(at, u64::MAX));
            let mut time = self.time.lock().unwrap();
            time.micros = time.micros.max(at);
            std::mem::replace(&mut tasks.timers, later)
        };
        due.into_values().for_each(Waker::wake);
        Went::Waited
    }

    /// Completes when this much time has passed.
    pub(crate) fn pause(self: &Arc<Self>, time: Duration) -> Pause {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX / 4);
        let until = self.time.lock().unwrap().micros.saturating_add(micros);
        Pause {
            machine: Arc::clone(self),
            until,
            timer: None,
        }
    }

    /// Completes after some time, up to the longest.
    pub(crate) fn while_passes(self: &Arc<Self>, longest: Duration) -> Pause {
        self.pause(self.some_time(longest))
    }
}

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        let time = self.time.lock().unwrap();
        let passed = i64::try_from(time.micros / 1_000).unwrap();
        Timestamp::from_unix_millis(START + passed + time.offset)
    }
}

/// A timer.
pub(crate) struct Pause {
    machine: Arc<Machine>,
    until: u64,
    timer: Option<(u64, u64)>,
}

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.machine.time.lock().unwrap().micros >= self.until {
            return Poll::Ready(());
        }
        let key = {
            let mut tasks = self.machine.tasks.lock().unwrap();
            let key = self.timer.unwrap_or_else(|| {
                tasks.timer += 1;
                (self.until, tasks.timer)
            });
            tasks.timers.insert(key, context.waker().clone());
            key
        };
        self.timer = Some(key);
        Poll::Pending
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        if let Some(key) = self.timer {
            let waker = self.machine.tasks.lock().unwrap().timers.remove(&key);
            drop(waker);
        }
    }
}

/// What one run of the gateway sees of the machine: its tasks end with it.
pub(crate) struct Process {
    pub(crate) machine: Arc<Machine>,
    pub(crate) group: Group,
}

impl Executor for Process {
    fn spawn(&self, name: &'static str, task: BoxFuture<'static, ()>) {
        self.machine.spawn_in(self.group, name, task);
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(self.machine.pause(time))
    }

    fn monotonic(&self) -> Duration {
        self.machine.passed()
    }
}
