//! The values of a row: its source evaluated and passed through its functions.
//! How they are written is the business of `write`.

use std::borrow::Cow;
use std::ops::ControlFlow;

use isthmus_core::diagnostic::Code;
use isthmus_hl7v2::location::Location;

use crate::functions::call::{Body, Fault, Given, Value};
use crate::plan::{FunctionPlan, OperandPlan, RowPlan};
use crate::plan_path::PathPlan;
use crate::run::few::Few;
use crate::run::frame::Frame;
use crate::run::item::Item;
use crate::run::state::Run;

/// A value and where it was read.
pub type Located<'a> = (Value<'a>, Option<Location>);

/// What the source of a row gives.
#[derive(Debug)]
pub enum Sourced<'a> {
    /// Nothing was sent.
    Absent,
    /// The sender asks to delete.
    Null,
    /// These values.
    Values(Few<Located<'a>>),
}

/// What one alternative gives.
#[derive(Debug)]
pub enum Offered<'a> {
    /// Nothing was sent.
    Absent,
    /// The sender asks to delete.
    Null,
    /// These places, whose values are still to be read.
    Items(Few<Item<'a>>),
    /// These values.
    Values(Few<Located<'a>>),
}

impl<'a> Run<'a> {
    /// The places that the source of a cast means: the first alternative that has any.
    pub fn sourced_items(&self, row: &'a RowPlan, frame: &Frame<'_, 'a>) -> Offered<'a> {
        for operand in row.source.iter().flatten() {
            match self.offered(operand, frame) {
                Offered::Absent => {}
                found @ (Offered::Null | Offered::Items(_) | Offered::Values(_)) => return found,
            }
        }
        Offered::Absent
    }

    /// The values of a row's source. Of several arguments each must be there for a function that
    /// makes an id of them, or two patients without a number would get one id; `join` and `lines`
    /// leave out those that are not.
    pub fn sourced(&self, row: &'a RowPlan, frame: &Frame<'_, 'a>) -> Sourced<'a> {
        if let [only] = row.source.as_slice() {
            return self.choice(only, frame);
        }
        let function = row
            .functions
            .first()
            .map(|function| function.definition.body);
        let needs_all = matches!(function, Some(Body::GatherArguments(_)));
        let mut values = Few::default();
        for argument in &row.source {
            // A null argument is one that was not sent: there is nothing to delete in an id.
            let found = argument
                .chunks(1)
                .find_map(|operand| match self.choice(operand, frame) {
                    Sourced::Values(found) => found.into_iter().next(),
                    Sourced::Absent | Sourced::Null => None,
                });
            match found {
                Some(value) => values.push(value),
                None if needs_all => return Sourced::Absent,
                None => {}
            }
        }
        if values.is_empty() {
            Sourced::Absent
        } else {
            Sourced::Values(values)
        }
    }

    /// The first alternative that is there; a null ends the search.
    fn choice(&self, operands: &'a [OperandPlan], frame: &Frame<'_, 'a>) -> Sourced<'a> {
        for operand in operands {
            let found = match operand {
                OperandPlan::Path(path) => self.texts(path, frame),
                OperandPlan::Literal(_)
                | OperandPlan::Setting(_)
                | OperandPlan::ReceivedAt
                | OperandPlan::DeliveryId
                | OperandPlan::Consent(_)
                | OperandPlan::Ref(_)
                | OperandPlan::Refs(_) => match self.offered(operand, frame) {
                    Offered::Values(values) => Sourced::Values(values),
                    Offered::Absent | Offered::Null | Offered::Items(_) => Sourced::Absent,
                },
            };
            match found {
                Sourced::Absent => {}
                Sourced::Null | Sourced::Values(_) => return found,
            }
        }
        Sourced::Absent
    }

    /// The texts of a path. One of which only deeper places ask to delete is null too.
    fn texts(&self, path: &'a PathPlan, frame: &Frame<'_, 'a>) -> Sourced<'a> {
        let whole = path.is_whole();
        let mut values = Few::default();
        let (mut is_there, mut is_null) = (false, false);
        let null = self.show(path, frame, &mut |item| {
            is_there = true;
            match item.text(whole) {
                Some(text) => values.push((text, item.location())),
                None => is_null |= item.is_null(),
            }
            ControlFlow::Continue(())
        });
        if !values.is_empty() {
            Sourced::Values(values)
        } else if is_null || (!is_there && null.is_some()) {
            Sourced::Null
        } else {
            Sourced::Absent
        }
    }

    fn offered(&self, operand: &'a OperandPlan, frame: &Frame<'_, 'a>) -> Offered<'a> {
        let context = self.around.context;
        let one = |text: Option<Value<'a>>| match text {
            Some(text) => Offered::Values(Few::one((text, None))),
            None => Offered::Absent,
        };
        match operand {
            OperandPlan::Literal(text) => one(Some(Cow::Borrowed(text.as_str()))),
            OperandPlan::Path(path) => {
                let found = self.select(path, frame);
                if !found.items.is_empty() {
                    Offered::Items(found.items)
                } else if found.null.is_some() {
                    Offered::Null
                } else {
                    Offered::Absent
                }
            }
            OperandPlan::Setting(name) => one(context
                .settings
                .get(name)
                .map(|text| Cow::Borrowed(text.as_str()))),
            OperandPlan::ReceivedAt => one(Some(Cow::Owned(self.received_at.clone()))),
            OperandPlan::DeliveryId => {
                let id = context.delivery_id.as_str();
                one((!id.is_empty()).then_some(Cow::Borrowed(id)))
            }
            OperandPlan::Consent(category) => {
                let answer = context.consents.get(category);
                one(answer.map(|yes| Cow::Borrowed(if *yes { "true" } else { "false" })))
            }
            OperandPlan::Ref(block) => one(self.reference(*block, frame).map(Cow::Owned)),
            OperandPlan::Refs(block) => {
                let all = self.references(*block, frame);
                if all.is_empty() {
                    return Offered::Absent;
                }
                Offered::Values(all.into_iter().map(|one| (Cow::Owned(one), None)).collect())
            }
        }
    }

    /// Passes values through the functions of a row; problems are noted, and a value that a
    /// function refuses is left out.
    pub fn pass(&mut self, row: &'a RowPlan, values: Few<Located<'a>>) -> Few<Located<'a>> {
        let mut values = values;
        for function in &row.functions {
            values = self.pass_one(row, function, values);
        }
        values
    }

    fn pass_one(
        &mut self,
        row: &'a RowPlan,
        function: &'a FunctionPlan,
        values: Few<Located<'a>>,
    ) -> Few<Located<'a>> {
        let table = function.table.and_then(|table| self.plan.tables.get(table));
        let given = Given {
            text: &function.text,
            space: function.space,
            number: function.number,
            table,
        };
        let around = self.around;
        match function.definition.body {
            Body::Single(single) => {
                let passed = values.into_iter().filter_map(|(value, at)| {
                    let outcome = single(&value, given, around);
                    let warned = outcome.as_ref().ok().and_then(|outcome| outcome.warning);
                    if let Some(code) = warned {
                        self.warn(code, row.row, at);
                    }
                    let value = outcome.map(|outcome| outcome.value);
                    self.unless_fault(value, row.row, at)
                });
                passed.collect()
            }
            Body::Spread(spread) => {
                let spread = |(value, at): Located<'a>| {
                    spread(&value, given)
                        .into_iter()
                        .map(move |piece| (piece, at))
                };
                values.into_iter().flat_map(spread).collect()
            }
            Body::Gather(gather) => {
                let at = values.first().and_then(|(_, at)| *at);
                let texts: Vec<Value<'a>> = values.into_iter().map(|(value, _)| value).collect();
                let value = gather(&texts, given, around);
                self.unless_fault(value, row.row, at).into_iter().collect()
            }
            Body::GatherArguments(gather) if row.source.len() > 1 => {
                let at = values.first().and_then(|(_, at)| *at);
                let texts: Vec<Value<'a>> = values.into_iter().map(|(value, _)| value).collect();
                let value = gather(&texts, given, around);
                self.unless_fault(value, row.row, at).into_iter().collect()
            }
            Body::GatherArguments(gather) => {
                let each = values.into_iter().filter_map(|(value, at)| {
                    let value = gather(&[value], given, around);
                    self.unless_fault(value, row.row, at)
                });
                each.collect()
            }
            Body::Question(_) => Few::default(),
        }
    }

    fn unless_fault(
        &mut self,
        outcome: Result<Value<'a>, Fault>,
        row: usize,
        at: Option<Location>,
    ) -> Option<Located<'a>> {
        let code: Code = match outcome {
            Ok(value) if value.is_empty() => return None,
            Ok(value) => return Some((value, at)),
            Err(Fault::Nothing) => return None,
            Err(Fault::Problem(code)) => code,
            Err(Fault::Failure(code)) => {
                self.fail(code, row, at);
                return None;
            }
        };
        self.warn(code, row, at);
        None
    }
}
