//! `Ahead`, which segments of a message are still to come at some point of it.
//! What is made of that is decided in `structure_search` and `structure_walk`.

use crate::segment_name::SegmentName;

/// The segments of a message by name and ordinal. Most messages never ask, so nothing is sorted
/// before the first question.
pub(crate) struct Ahead<'n> {
    names: &'n [SegmentName],
    sorted: Vec<(SegmentName, usize)>,
}

/// Segments by ordinal: those after `after` and before `end`.
#[derive(Clone, Copy)]
pub(crate) struct Near {
    pub(crate) after: usize,
    pub(crate) end: usize,
}

impl<'n> Ahead<'n> {
    pub(crate) fn new(names: &'n [SegmentName]) -> Self {
        Self {
            names,
            sorted: Vec::new(),
        }
    }

    /// The next segment of that name after the one at `ordinal`.
    pub(crate) fn next(&mut self, name: SegmentName, ordinal: usize) -> Option<usize> {
        if self.sorted.is_empty() {
            self.sorted
                .extend(self.names.iter().copied().zip(0_usize..));
            self.sorted.sort_unstable();
        }
        let place = self.sorted.partition_point(|one| *one <= (name, ordinal));
        let (found, next) = self.sorted.get(place)?;
        (*found == name).then_some(*next)
    }

    /// Whether a segment of that name is among the near ones.
    pub(crate) fn has(&mut self, name: SegmentName, near: Near) -> bool {
        self.next(name, near.after)
            .is_some_and(|next| next < near.end)
    }
}
