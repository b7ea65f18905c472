//! Which element each row of a block writes, and whether two rows write the same one.
//! What the elements are is known to `target`.

use isthmus_core::span::Span;

use crate::ast::{Comparison, Condition, TestKind};

/// A row's place among the branches of the `choose`s it stands in: number of the `choose`, number
/// of the case.
pub type Branch = Vec<(usize, usize)>;

/// One element that a row writes.
#[derive(Debug, Clone)]
pub struct Write {
    /// The canonical path of the element.
    pub path: String,
    /// Where in the `choose`s the row stands.
    pub branch: Branch,
    /// The row's condition.
    pub when: Option<Condition>,
    /// The row's target.
    pub span: Span,
}

impl Write {
    /// Whether both rows may write the same element in one run.
    pub fn clashes(&self, other: &Self) -> bool {
        let different_case = self.branch.iter().any(|(choose, case)| {
            other
                .branch
                .iter()
                .any(|(its, its_case)| choose == its && case != its_case)
        });
        self.path == other.path
            && !different_case
            && !excludes(self.when.as_ref(), other.when.as_ref())
    }
}

/// Whether two conditions can never both hold, as far as their form tells.
fn excludes(one: Option<&Condition>, other: Option<&Condition>) -> bool {
    let (Some(one), Some(other)) = (one, other) else {
        return false;
    };
    parts(one)
        .iter()
        .any(|part| parts(other).iter().any(|its| opposite(part, its)))
}

fn parts(condition: &Condition) -> Vec<&Condition> {
    match condition {
        Condition::All(all) => all.iter().flat_map(parts).collect(),
        Condition::Any(_) | Condition::Not(_) | Condition::Test(_) => vec![condition],
    }
}

fn opposite(one: &Condition, other: &Condition) -> bool {
    match (one, other) {
        (Condition::Not(inner), plain) | (plain, Condition::Not(inner)) if **inner == *plain => {
            true
        }
        (Condition::Test(one), Condition::Test(other)) if one.path.value == other.path.value => {
            different(&one.kind, &other.kind)
        }
        _ => false,
    }
}

fn different(one: &TestKind, other: &TestKind) -> bool {
    let is = Comparison::Equal;
    let is_not = Comparison::NotEqual;
    match (one, other) {
        (TestKind::Present, TestKind::Null) | (TestKind::Null, TestKind::Present) => true,
        (TestKind::Compare(a, left), TestKind::Compare(b, right)) => {
            (*a == is && *b == is && left != right)
                || (left == right && ((*a == is && *b == is_not) || (*a == is_not && *b == is)))
        }
        _ => false,
    }
}
