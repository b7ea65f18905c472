//! Carries out what stands in a block: rows, parts, `choose`, `warn` and `reject`.
//! Values are found in `values` and written in `write`.

use std::sync::Arc;

use isthmus_fhir::element::{Element, Object};
use isthmus_fhir::number::Number;
use isthmus_hl7v2::location::Location;

use crate::codes;
use crate::functions::call::Value;
use crate::plan::{ChoosePlan, ItemPlan, Leaf, NoticePlan, OperandPlan, PartPlan, RowPlan};
use crate::problem::Problem;
use crate::run::few::Few;
use crate::run::frame::Frame;
use crate::run::item::Item;
use crate::run::state::{Input, Run};
use crate::run::values::{Offered, Sourced};
use crate::run::write::{Slots, Written, put};

/// What the rows of a block did.
#[derive(Debug, Default)]
pub struct Built {
    /// Whether a row wrote something of the message.
    pub evidence: bool,
    /// Whether a row wrote a reference to a resource that there is.
    pub refers: bool,
    /// Whether anything was written.
    pub wrote: bool,
    /// Required rows that wrote nothing.
    pub missing: Vec<usize>,
}

impl<'a> Run<'a> {
    /// Carries out the items of a block, in order.
    pub fn items(
        &mut self,
        items: &'a [ItemPlan],
        frame: &Frame<'_, 'a>,
        out: &mut Object,
        slots: &mut Slots,
    ) -> Built {
        let mut built = Built::default();
        for item in items {
            match item {
                ItemPlan::Row(row) => self.row(row, frame, out, slots, &mut built),
                ItemPlan::Part(part) => self.part(part, frame, out, slots, &mut built),
                ItemPlan::Notice(notice) => self.notice(notice, frame),
                ItemPlan::Choose(choose) => {
                    let inner = self.items(self.chosen(choose, frame), frame, out, slots);
                    built.evidence |= inner.evidence;
                    built.refers |= inner.refers;
                    built.wrote |= inner.wrote;
                    built.missing.extend(inner.missing);
                }
            }
        }
        built
    }

    fn chosen(&self, choose: &'a ChoosePlan, frame: &Frame<'_, 'a>) -> &'a [ItemPlan] {
        let first = self.first(&choose.path, frame);
        let text = first.and_then(|item| item.text(choose.path.is_whole()));
        let case = text.and_then(|text| {
            choose
                .cases
                .iter()
                .find(|(values, _)| values.iter().any(|value| text == *value))
        });
        case.map_or(&choose.otherwise, |(_, items)| items)
    }

    /// Carries out `warn` or `reject`.
    pub fn notice(&mut self, notice: &'a NoticePlan, frame: &Frame<'_, 'a>) {
        if self.silent || !self.holds_or_none(notice.when.as_ref(), frame) {
            return;
        }
        let code = if notice.reject {
            codes::REJECT
        } else {
            codes::WARN
        };
        let location = frame.nearest_current().and_then(|item| item.location());
        let location = location.or_else(|| match &self.input {
            Input::Message(input) => input.location(frame.nearest_segment()?),
            Input::Resources(_) => None,
        });
        let problem = Problem {
            text: Arc::clone(&notice.text),
            ..self.problem(code, notice.row, location)
        };
        if notice.reject {
            self.failures.push(problem);
        } else {
            self.warnings.push(problem);
        }
    }

    fn row(
        &mut self,
        row: &'a RowPlan,
        frame: &Frame<'_, 'a>,
        out: &mut Object,
        slots: &mut Slots,
        built: &mut Built,
    ) {
        if !self.holds_or_none(row.when.as_ref(), frame) {
            return;
        }
        let wrote = match row.cast {
            Some(cast) => self.cast_row(row, cast, frame, out, slots),
            None if self.settled == Some(row.row) => self.id_row(row, out, slots),
            None => self.value_row(row, frame, out, slots),
        };
        if wrote {
            self.fire(row.row);
            built.wrote = true;
            built.evidence |= !row.constant;
            built.refers |= row.leaf == Leaf::Reference;
        } else if row.required {
            built.missing.push(row.row);
        }
    }

    fn value_row(
        &mut self,
        row: &'a RowPlan,
        frame: &Frame<'_, 'a>,
        out: &mut Object,
        slots: &mut Slots,
    ) -> bool {
        let values = match self.sourced(row, frame) {
            Sourced::Absent => return false,
            Sourced::Null => {
                self.clear(row, frame);
                return false;
            }
            Sourced::Values(values) => values,
        };
        let values = self.pass(row, values);
        let count = if row.takes_all { usize::MAX } else { 1 };
        let mut wrote = false;
        for (text, at) in values.into_iter().take(count) {
            let Some(value) = self.leaf(row, text, at) else {
                continue;
            };
            wrote |= self.put(row, at, out, slots, value);
        }
        wrote
    }

    /// Writes the id that was found with the instances.
    fn id_row(&mut self, row: &'a RowPlan, out: &mut Object, slots: &mut Slots) -> bool {
        let id = self.making.1.as_deref();
        id.map(Element::from)
            .is_some_and(|id| self.put(row, None, out, slots, id))
    }

    fn leaf(&mut self, row: &'a RowPlan, text: Value<'_>, at: Option<Location>) -> Option<Element> {
        let (value, code) = match row.leaf {
            Leaf::Text => (Some(Element::from(text.into_owned())), codes::NOT_UTF8),
            Leaf::Number => (
                Number::from_text(&text).map(Element::from),
                codes::NOT_A_NUMBER,
            ),
            Leaf::Boolean => {
                let answer = ["false", "true"].iter().position(|word| text == *word);
                (
                    answer.map(|answer| Element::from(answer == 1)),
                    codes::NOT_YES_NO,
                )
            }
            Leaf::Id => (
                is_id(&text).then(|| Element::from(text.into_owned())),
                codes::NOT_AN_ID,
            ),
            Leaf::Reference => {
                let reference = Object::new().with("reference", text.into_owned());
                (Some(Element::from(reference)), codes::NOT_AN_ID)
            }
            Leaf::Complex => (None, codes::NOT_AN_ID),
        };
        if value.is_none() {
            self.warn(code, row.row, at);
        }
        value
    }

    fn put(
        &mut self,
        row: &'a RowPlan,
        at: Option<Location>,
        out: &mut Object,
        slots: &mut Slots,
        value: Element,
    ) -> bool {
        let written = put(out, &row.target.steps, slots, value);
        if written == Written::Rival {
            self.warn(codes::CHOICE_TWICE, row.row, at);
        }
        written == Written::Yes
    }

    fn cast_row(
        &mut self,
        row: &'a RowPlan,
        cast: usize,
        frame: &Frame<'_, 'a>,
        out: &mut Object,
        slots: &mut Slots,
    ) -> bool {
        let items: Few<Item<'a>> = match self.sourced_items(row, frame) {
            Offered::Absent => return false,
            Offered::Null => {
                self.clear(row, frame);
                return false;
            }
            Offered::Items(items) => items,
            Offered::Values(_) => literals(row),
        };
        let plan = self.plan;
        let Some(type_plan) = plan.types.get(cast) else {
            return false;
        };
        let count = if row.takes_all { usize::MAX } else { 1 };
        let mut wrote = false;
        for item in items.into_iter().take(count) {
            let inner = Frame {
                host: frame.host,
                segment: None,
                current: Some(item),
                resource: None,
                label: &row.target.text,
                outer: Some(frame),
            };
            let mut object = Object::new();
            let mut inner_slots = vec![None; type_plan.slots];
            let built = self.items(&type_plan.items, &inner, &mut object, &mut inner_slots);
            let proved = built.evidence || (row.constant && built.wrote);
            if proved && built.missing.is_empty() {
                wrote |= self.put(row, item.location(), out, slots, Element::from(object));
            }
        }
        wrote
    }

    fn part(
        &mut self,
        part: &'a PartPlan,
        frame: &Frame<'_, 'a>,
        out: &mut Object,
        slots: &mut Slots,
        outer: &mut Built,
    ) {
        for mut inner in self.iterations(part.per.as_ref(), frame) {
            inner.label = &part.target.text;
            if !self.holds_or_none(part.when.as_ref(), &inner) {
                continue;
            }
            let mut object = Object::new();
            let mut inner_slots = vec![None; part.slots];
            let built = self.items(&part.items, &inner, &mut object, &mut inner_slots);
            // A reference to a resource that the message gave proves the part as a value does.
            let proved = built.evidence || built.refers;
            if !proved || !built.missing.is_empty() {
                continue;
            }
            let written = put(out, &part.target.steps, slots, Element::from(object));
            if written == Written::Yes {
                outer.wrote = true;
                outer.evidence |= built.evidence;
                outer.refers |= built.refers;
            } else if written == Written::Rival {
                self.warn(codes::CHOICE_TWICE, part.row, None);
            }
        }
    }
}

fn literals(row: &RowPlan) -> Few<Item<'_>> {
    let texts = row.source.iter().flatten().filter_map(|operand| {
        if let OperandPlan::Literal(text) = operand {
            Some(Item::Text(text))
        } else {
            None
        }
    });
    texts.take(1).collect()
}

/// FHIR R4 id: `[A-Za-z0-9\-\.]{1,64}` (2.24.0.1).
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}
