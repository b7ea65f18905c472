//! Compiles conditions and notes what they read.
//! Whether a condition holds is found out in `run`.

use isthmus_core::span::Span;

use crate::ast::{Condition, Test, TestKind};
use crate::codes;
use crate::compile::compiler::Compiler;
use crate::compile::scope::Scope;
use crate::compile::trace::SourceRead;
use crate::functions::call::{Body, Question};
use crate::functions::registry;
use crate::parser::literal::literal_text;
use crate::plan::{ConditionPlan, TestPlan};

impl Compiler<'_> {
    /// Compiles a condition if there is one; its reads are added to `reads`.
    pub fn when(
        &mut self,
        condition: Option<&Condition>,
        scope: &Scope,
        reads: &mut Vec<SourceRead>,
    ) -> Option<ConditionPlan> {
        condition.and_then(|condition| self.condition(condition, scope, reads))
    }

    fn condition(
        &mut self,
        condition: &Condition,
        scope: &Scope,
        reads: &mut Vec<SourceRead>,
    ) -> Option<ConditionPlan> {
        match condition {
            Condition::All(all) => {
                let all = self.conditions(all, scope, reads)?;
                Some(ConditionPlan::All(all))
            }
            Condition::Any(all) => {
                let all = self.conditions(all, scope, reads)?;
                Some(ConditionPlan::Any(all))
            }
            Condition::Not(inner) => {
                let inner = self.condition(inner, scope, reads)?;
                Some(ConditionPlan::Not(Box::new(inner)))
            }
            Condition::Test(test) => self.test(test, scope, reads),
        }
    }

    fn conditions(
        &mut self,
        all: &[Condition],
        scope: &Scope,
        reads: &mut Vec<SourceRead>,
    ) -> Option<Vec<ConditionPlan>> {
        let plans: Vec<_> = all
            .iter()
            .map(|one| self.condition(one, scope, reads))
            .collect();
        plans.into_iter().collect()
    }

    fn test(
        &mut self,
        test: &Test,
        scope: &Scope,
        reads: &mut Vec<SourceRead>,
    ) -> Option<ConditionPlan> {
        let path = self.path(&test.path, scope)?;
        let looks_at_value = !matches!(
            test.kind,
            TestKind::Present | TestKind::Null | TestKind::Count(..)
        );
        if looks_at_value && path.complex {
            let message = "this has no value of its own; name one of its fields or elements";
            self.fault(test.path.span, codes::TYPE, message);
            return None;
        }
        reads.extend(if looks_at_value {
            path.control_reads()
        } else {
            path.presence_reads()
        });
        let plan = match &test.kind {
            TestKind::Present => TestPlan::Present,
            TestKind::Null => TestPlan::Null,
            TestKind::Compare(comparison, literal) => {
                TestPlan::Compare(*comparison, literal_text(literal))
            }
            TestKind::InList(values) => TestPlan::InList(values.clone()),
            TestKind::InTable(name) => TestPlan::InTable(self.table(name, test.span)?),
            TestKind::Count(comparison, number) => TestPlan::Count(*comparison, size(*number)),
            TestKind::Length(comparison, number) => TestPlan::Length(*comparison, size(*number)),
            TestKind::Function(name) => TestPlan::Question(self.question(name, test.span)?),
        };
        Some(ConditionPlan::Test(path.plan, plan))
    }

    fn question(&mut self, name: &str, span: Span) -> Option<Question> {
        if let Some(Body::Question(question)) = registry::find(name).map(|known| known.body) {
            return Some(question);
        }
        let questions = registry::ALL
            .iter()
            .filter(|f| matches!(f.body, Body::Question(_)));
        let mut known: Vec<&str> = questions.map(|function| function.name).collect();
        known.extend(["count", "length"]);
        let message = format!("`{name}` is no function of conditions");
        self.fault_with(
            span,
            codes::FUNCTION,
            message,
            format!("known are {}", known.join(", ")),
        );
        None
    }
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
