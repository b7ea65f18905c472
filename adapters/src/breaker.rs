//! `Breaker`, which leaves a recipient alone whose calls fail, and tries one from time to time;
//! pauses that a recipient asks for are in `pause`.

use std::time::Duration;

/// The window is counted in this many parts.
const PARTS: u32 = 10;

/// What the breaker says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passage {
    /// Calls pass.
    Free,
    /// One call may try.
    Probe,
    /// None passes for this long.
    Shut(Duration),
    /// A call is trying; whether others pass is known when it ends.
    Trying,
}

/// What a call's end changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing.
    None,
    /// It opened: calls no longer pass.
    Opened,
    /// It closed: calls pass again.
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Open { until: Duration },
    Trying,
}

#[derive(Debug, Clone, Copy, Default)]
struct Part {
    /// Which part of time is counted here.
    number: u128,
    calls: u32,
    failures: u32,
}

/// Opens when enough calls of a window failed.
#[derive(Debug)]
pub(crate) struct Breaker {
    failures: u32,
    part: Duration,
    probe_after: Duration,
    state: State,
    parts: [Part; PARTS as usize],
}

impl Breaker {
    /// A closed breaker.
    pub(crate) fn new(failures: u32, window: Duration, probe_after: Duration) -> Self {
        Self {
            failures: failures.max(1),
            part: (window / PARTS).max(Duration::from_millis(1)),
            probe_after,
            state: State::Closed,
            parts: [Part::default(); PARTS as usize],
        }
    }

    /// Whether calls pass.
    pub(crate) fn passage(&self, now: Duration) -> Passage {
        match self.state {
            State::Closed => Passage::Free,
            State::Open { until } if until > now => Passage::Shut(until.saturating_sub(now)),
            State::Open { .. } => Passage::Probe,
            State::Trying => Passage::Trying,
        }
    }

    /// The one call that may try begins.
    pub(crate) fn try_one(&mut self) {
        self.state = State::Trying;
    }

    /// A call ended; only one that failed opens it. Those that began before it opened change
    /// nothing any more.
    pub(crate) fn ended(&mut self, now: Duration, is_probe: bool, has_failed: bool) -> Change {
        match self.state {
            State::Closed => self.count(now, has_failed),
            State::Trying if is_probe && has_failed => {
                self.open(now);
                Change::None
            }
            State::Trying if is_probe => {
                self.state = State::Closed;
                self.parts = [Part::default(); PARTS as usize];
                Change::Closed
            }
            State::Trying | State::Open { .. } => Change::None,
        }
    }

    /// The call that tried was given up; another may try.
    pub(crate) fn gave_up(&mut self) {
        if self.state == State::Trying {
            let until = Duration::ZERO;
            self.state = State::Open { until };
        }
    }

    fn open(&mut self, now: Duration) {
        let until = now + self.probe_after;
        self.state = State::Open { until };
    }

    fn count(&mut self, now: Duration, has_failed: bool) -> Change {
        let number = now.as_nanos() / self.part.as_nanos().max(1);
        let oldest = number.saturating_sub(u128::from(PARTS) - 1);
        for part in &mut self.parts {
            if part.number < oldest {
                *part = Part::default();
            }
        }
        let slot = usize::try_from(number % u128::from(PARTS)).unwrap_or(0);
        if let Some(part) = self.parts.get_mut(slot) {
            part.number = number;
            part.calls = part.calls.saturating_add(1);
            part.failures = part.failures.saturating_add(u32::from(has_failed));
        }
        let sum = |of: fn(&Part) -> u32| self.parts.iter().map(of).map(u64::from).sum::<u64>();
        let (calls, failures) = (sum(|part| part.calls), sum(|part| part.failures));
        // After an outage the failures may be all that is left in the window; a call that succeeds
        // then tells that it is over.
        if has_failed && failures >= u64::from(self.failures) && failures * 2 >= calls {
            self.open(now);
            return Change::Opened;
        }
        Change::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn breaker() -> Breaker {
        Breaker::new(5, SECOND * 30, SECOND * 20)
    }

    #[test]
    fn it_opens_when_half_of_the_calls_fail_and_they_are_enough() {
        let mut breaker = breaker();
        let start = SECOND * 1000;
        for _ in 0..4 {
            assert_eq!(breaker.ended(start, false, true), Change::None);
        }
        for _ in 0..6 {
            assert_eq!(breaker.ended(start, false, false), Change::None);
        }
        // 5 of 11, then 6 of 12.
        assert_eq!(breaker.ended(start, false, true), Change::None);
        assert_eq!(breaker.ended(start, false, true), Change::Opened);
        assert_eq!(breaker.passage(start), Passage::Shut(SECOND * 20));
    }

    #[test]
    fn a_call_that_succeeds_never_opens_it() {
        let mut breaker = breaker();
        for _ in 0..60 {
            assert_eq!(breaker.ended(SECOND * 1000, false, false), Change::None);
        }
        for _ in 0..50 {
            assert_eq!(breaker.ended(SECOND * 1015, false, true), Change::None);
        }
        // What succeeded lies before the window now, and the failures in it.
        let later = SECOND * 1035;
        assert_eq!(breaker.ended(later, false, false), Change::None);
        assert_eq!(breaker.passage(later), Passage::Free);
        assert_eq!(breaker.ended(later, false, true), Change::Opened);
    }

    #[test]
    fn what_lies_before_the_window_is_forgotten() {
        let mut breaker = breaker();
        for number in 0..100 {
            let change = breaker.ended(SECOND * (1000 + number * 8), false, true);
            assert_eq!(change, Change::None, "{number}");
        }
    }

    #[test]
    fn one_call_tries_and_decides() {
        let mut breaker = breaker();
        for _ in 0..5 {
            breaker.ended(SECOND, false, true);
        }
        let later = SECOND * 21;
        assert_eq!(breaker.passage(later), Passage::Probe);
        breaker.try_one();
        assert_eq!(breaker.passage(later), Passage::Trying);
        // A call from before comes back and says nothing.
        assert_eq!(breaker.ended(later, false, false), Change::None);
        assert_eq!(breaker.ended(later, true, true), Change::None);
        assert_eq!(breaker.passage(later), Passage::Shut(SECOND * 20));
        breaker.try_one();
        breaker.gave_up();
        assert_eq!(breaker.passage(later), Passage::Probe);
        breaker.try_one();
        assert_eq!(breaker.ended(later, true, false), Change::Closed);
        assert_eq!(breaker.passage(later), Passage::Free);
        assert_eq!(breaker.ended(later, false, true), Change::None);
    }
}
