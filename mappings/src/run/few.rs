//! `Few`, a list whose first element stands in place: most sources give one value, and that one
//! should cost no memory of its own. What is listed is the business of `select` and `values`.

use std::iter::Chain;
use std::{option, slice, vec};

/// A list that is seldom longer than one.
#[derive(Debug)]
pub struct Few<T> {
    first: Option<T>,
    rest: Vec<T>,
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self {
            first: None,
            rest: Vec::new(),
        }
    }
}

impl<T> Few<T> {
    /// A list of one.
    pub const fn one(first: T) -> Self {
        Self {
            first: Some(first),
            rest: Vec::new(),
        }
    }

    /// Adds one at the end.
    pub fn push(&mut self, next: T) {
        if self.first.is_none() {
            self.first = Some(next);
        } else {
            self.rest.push(next);
        }
    }

    /// The first.
    pub const fn first(&self) -> Option<&T> {
        self.first.as_ref()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// All, in order.
    pub fn iter(&self) -> Chain<option::Iter<'_, T>, slice::Iter<'_, T>> {
        self.first.iter().chain(&self.rest)
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Self {
        let mut all = all.into_iter();
        Self {
            first: all.next(),
            rest: all.collect(),
        }
    }
}

impl<T> IntoIterator for Few<T> {
    type Item = T;
    type IntoIter = Chain<option::IntoIter<T>, vec::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.rest)
    }
}

impl<'l, T> IntoIterator for &'l Few<T> {
    type Item = &'l T;
    type IntoIter = Chain<option::Iter<'l, T>, slice::Iter<'l, T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
