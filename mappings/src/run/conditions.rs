//! Finds out whether a condition holds.
//! What paths mean is found in `select`.

use std::ops::ControlFlow;

use crate::ast::Comparison;
use crate::plan::{ConditionPlan, TestPlan};
use crate::plan_path::PathPlan;
use crate::run::frame::Frame;
use crate::run::state::Run;

impl<'a> Run<'a> {
    /// Whether there is no condition, or it holds.
    pub fn holds_or_none(&self, when: Option<&'a ConditionPlan>, frame: &Frame<'_, 'a>) -> bool {
        when.is_none_or(|condition| self.condition(condition, frame))
    }

    fn condition(&self, condition: &'a ConditionPlan, frame: &Frame<'_, 'a>) -> bool {
        match condition {
            ConditionPlan::All(all) => all.iter().all(|one| self.condition(one, frame)),
            ConditionPlan::Any(all) => all.iter().any(|one| self.condition(one, frame)),
            ConditionPlan::Not(inner) => !self.condition(inner, frame),
            ConditionPlan::Test(path, test) => self.test(path, test, frame),
        }
    }

    /// A test of values holds when it does for any of them; `!=` when `=` does not.
    fn test(&self, path: &'a PathPlan, test: &'a TestPlan, frame: &Frame<'_, 'a>) -> bool {
        match test {
            TestPlan::Present => self.first(path, frame).is_some(),
            TestPlan::Null => {
                let mut is_there = false;
                let null = self.show(path, frame, &mut |_| {
                    is_there = true;
                    ControlFlow::Break(())
                });
                !is_there && null.is_some()
            }
            TestPlan::Compare(Comparison::Equal, wanted) => {
                self.any_text(path, frame, |text| text == wanted)
            }
            TestPlan::Compare(Comparison::NotEqual, wanted) => {
                !self.any_text(path, frame, |text| text == wanted)
            }
            TestPlan::Compare(Comparison::Less, wanted) => self.any_text(path, frame, |text| {
                numbers(text, wanted).is_some_and(|(a, b)| a < b)
            }),
            TestPlan::Compare(Comparison::Greater, wanted) => self.any_text(path, frame, |text| {
                numbers(text, wanted).is_some_and(|(a, b)| a > b)
            }),
            TestPlan::InList(wanted) => {
                self.any_text(path, frame, |text| wanted.iter().any(|one| text == one))
            }
            TestPlan::InTable(table) => self
                .plan
                .tables
                .get(*table)
                .is_some_and(|table| self.any_text(path, frame, |text| table.contains(text))),
            TestPlan::Count(comparison, number) => {
                let mut count = 0;
                self.show(path, frame, &mut |_| {
                    count += 1;
                    ControlFlow::Continue(())
                });
                compare(*comparison, count, *number)
            }
            TestPlan::Length(comparison, number) => {
                let mut length = 0;
                self.any_text(path, frame, |text| {
                    length = text.chars().count();
                    true
                });
                compare(*comparison, length, *number)
            }
            TestPlan::Question(question) => {
                let mut answer = false;
                self.any_text(path, frame, |text| {
                    answer = question(text, self.around);
                    true
                });
                answer
            }
        }
    }

    /// Whether one of the texts of a path fits; those after the first that does are not looked at.
    fn any_text(
        &self,
        path: &'a PathPlan,
        frame: &Frame<'_, 'a>,
        mut fits: impl FnMut(&str) -> bool,
    ) -> bool {
        let whole = path.is_whole();
        let mut found = false;
        self.show(path, frame, &mut |item| {
            found = item.text(whole).is_some_and(|text| fits(&text));
            if found {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        found
    }
}

fn compare(comparison: Comparison, left: usize, right: usize) -> bool {
    match comparison {
        Comparison::Equal => left == right,
        Comparison::NotEqual => left != right,
        Comparison::Less => left < right,
        Comparison::Greater => left > right,
    }
}

fn numbers(left: &str, right: &str) -> Option<(f64, f64)> {
    Some((left.trim().parse().ok()?, right.trim().parse().ok()?))
}
