//! Finds out whether a condition holds.
//! What paths mean is found in `select`.

use crate::ast::Comparison;
use crate::plan::{ConditionPlan, PathPlan, TestPlan};
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
        let found = self.select(path, frame);
        let whole = found.whole;
        let mut texts = found.items.iter().filter_map(|item| item.text(whole));
        match test {
            TestPlan::Present => !found.items.is_empty(),
            TestPlan::Null => found.items.is_empty() && found.null.is_some(),
            TestPlan::Compare(Comparison::Equal, wanted) => texts.any(|text| text == *wanted),
            TestPlan::Compare(Comparison::NotEqual, wanted) => texts.all(|text| text != *wanted),
            TestPlan::Compare(Comparison::Less, wanted) => {
                texts.any(|text| numbers(&text, wanted).is_some_and(|(a, b)| a < b))
            }
            TestPlan::Compare(Comparison::Greater, wanted) => {
                texts.any(|text| numbers(&text, wanted).is_some_and(|(a, b)| a > b))
            }
            TestPlan::InList(wanted) => texts.any(|text| wanted.iter().any(|one| text == *one)),
            TestPlan::InTable(table) => {
                let table = self.plan.tables.get(*table);
                texts.any(|text| table.is_some_and(|table| table.contains(&text)))
            }
            TestPlan::Count(comparison, number) => compare(*comparison, found.items.len(), *number),
            TestPlan::Length(comparison, number) => {
                let length = texts.next().map_or(0, |text| text.chars().count());
                compare(*comparison, length, *number)
            }
            TestPlan::Question(question) => texts
                .next()
                .is_some_and(|text| question(&text, self.around)),
        }
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
