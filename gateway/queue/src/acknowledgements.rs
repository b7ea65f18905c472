//! `Acknowledgements`, which arrivals of a lane are done with, told to the broker together as
//! far as that goes: every acknowledgement is a write for a quorum queue.

use std::collections::BTreeSet;

/// How many may wait to be told together.
const TOGETHER: usize = 32;

/// The arrivals of one lane, on one channel.
#[derive(Debug, Default)]
pub(crate) struct Acknowledgements {
    /// All up to and with this tag are done.
    floor: u64,
    /// All up to and with this tag were told.
    told_to: u64,
    /// Beyond the floor.
    done: BTreeSet<u64>,
    /// Beyond `told_to`, told one by one: they cannot be told again.
    told: BTreeSet<u64>,
}

impl Acknowledgements {
    /// This arrival is done with.
    pub(crate) fn done(&mut self, tag: u64) {
        self.done.insert(tag);
        while self.done.remove(&(self.floor + 1)) {
            self.floor += 1;
        }
    }

    /// This arrival is done with, and the broker knows.
    pub(crate) fn told(&mut self, tag: u64) {
        self.told.insert(tag);
        self.done(tag);
    }

    /// What to tell the broker now: tags, and whether all before them are meant. Few are kept back
    /// until there are more, unless `all` are asked for.
    pub(crate) fn due(&mut self, all: bool) -> Vec<(u64, bool)> {
        let mut due = Vec::new();
        let waiting = usize::try_from(self.floor - self.told_to).unwrap_or(usize::MAX);
        if waiting >= TOGETHER || all && waiting > 0 {
            let untold = (self.told_to + 1..=self.floor)
                .rev()
                .find(|tag| !self.told.contains(tag));
            due.extend(untold.map(|tag| (tag, true)));
            self.told_to = self.floor;
            self.told = self.told.split_off(&(self.floor + 1));
        }
        let alone = || self.done.difference(&self.told).copied();
        if alone().count() >= TOGETHER || all {
            let alone: Vec<u64> = alone().collect();
            due.extend(alone.iter().map(|tag| (*tag, false)));
            self.told.extend(alone);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_in_order_is_told_together() {
        let mut one = Acknowledgements::default();
        for tag in 1..=31 {
            one.done(tag);
            assert_eq!(one.due(false), []);
        }
        one.done(32);
        assert_eq!(one.due(false), [(32, true)]);
        assert_eq!(one.due(true), []);
        one.done(33);
        assert_eq!(one.due(true), [(33, true)]);
    }

    #[test]
    fn what_waits_behind_a_slow_one_is_told_alone_and_only_once() {
        let mut one = Acknowledgements::default();
        one.done(3);
        one.done(4);
        assert_eq!(one.due(true), [(3, false), (4, false)]);
        assert_eq!(one.due(true), []);
        one.done(1);
        one.done(2);
        // 3 and 4 are known already: an acknowledgement of 4 would be of nothing.
        assert_eq!(one.due(true), [(2, true)]);
        one.told(5);
        assert_eq!(one.due(true), []);
        one.done(6);
        assert_eq!(one.due(true), [(6, true)]);
    }
}
