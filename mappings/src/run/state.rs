//! The state of one run: the plan, the input, and what was found so far.
//! What is done with it stands in the other files of this folder, a part each.

use std::sync::Arc;

use isthmus_core::diagnostic::Code;
use isthmus_fhir::element::Element;
use isthmus_hl7v2::delimiters::Delimiters;
use isthmus_hl7v2::location::Location;

use crate::codes;
use crate::functions::call::Surroundings;
use crate::plan::{Plan, ResourcePlan, RowPlan};
use crate::problem::Problem;
use crate::run::frame::Frame;
use crate::run::item::Item;
use crate::run::message_input::{MessageInput, SegmentAt};
use crate::run::output::{Clear, Fired};

/// What a run reads.
#[derive(Debug)]
pub enum Input<'a> {
    /// A message.
    Message(MessageInput<'a>),
    /// Resources, by the plan's aliases.
    Resources(Vec<Vec<&'a Element>>),
}

/// One instance of a resource or record block.
#[derive(Debug)]
pub struct Instance<'a> {
    /// The block.
    pub plan: &'a ResourcePlan,
    /// Its group instance.
    pub host: usize,
    /// The segment it is about.
    pub segment: Option<(usize, SegmentAt)>,
    /// The value it is about.
    pub current: Option<Item<'a>>,
    /// The resource it is about.
    pub resource: Option<(usize, &'a Element)>,
    /// Its id, when it has an `id` row and the row gave one.
    pub id: Option<String>,
    /// Whether the row gave the id without a problem, so that it need not be carried out again.
    pub is_settled: bool,
}

impl<'a> Instance<'a> {
    /// The frame of its rows.
    pub fn frame<'f>(&self) -> Frame<'f, 'a>
    where
        'a: 'f,
    {
        Frame {
            host: self.host,
            segment: self.segment,
            current: self.current,
            resource: self.resource,
            label: "",
            outer: None,
        }
    }
}

/// The state of one run.
#[derive(Debug)]
pub struct Run<'a> {
    /// What is carried out.
    pub plan: &'a Plan,
    /// What is read.
    pub input: Input<'a>,
    /// The context.
    pub around: Surroundings<'a>,
    /// The reading of the clock, as a FHIR instant.
    pub received_at: String,
    /// The block instances, in order.
    pub instances: Vec<Instance<'a>>,
    /// Block instances by block.
    pub by_block: Vec<Vec<usize>>,
    /// What was not required.
    pub warnings: Vec<Problem>,
    /// What was.
    pub failures: Vec<Problem>,
    /// What the sender asks to delete.
    pub clears: Vec<Clear>,
    /// Which rows wrote.
    pub fired: Fired,
    /// The resource being made: its type and id.
    pub making: (&'static str, Option<String>),
    /// The `id` row of the resource being made, when its value is known to be the id in `making`.
    pub settled: Option<usize>,
    /// True while ids are looked for: problems are noted when the rows are carried out.
    pub silent: bool,
    /// Whether there was a problem that was not noted.
    pub hushed: bool,
}

impl<'a> Run<'a> {
    /// Notes that the source of a row was null: the recipient may be told to delete the target.
    pub(super) fn clear(&mut self, row: &'a RowPlan, frame: &Frame<'_, 'a>) {
        let Some(place) = self.plan.rows.get(row.row).map(|row| row.place.clone()) else {
            return;
        };
        if self.silent {
            return;
        }
        let path = Arc::from(frame.labelled(&row.target.text).as_str());
        let (resource, id) = self.making.clone();
        self.clears.push(Clear {
            resource,
            id,
            path,
            row: place,
        });
    }

    /// At the start.
    pub fn new(plan: &'a Plan, input: Input<'a>, around: Surroundings<'a>) -> Self {
        Self {
            plan,
            input,
            received_at: around.context.received_at.to_string(),
            around,
            instances: Vec::new(),
            by_block: vec![Vec::new(); plan.blocks],
            warnings: Vec::new(),
            failures: Vec::new(),
            clears: Vec::new(),
            fired: vec![0; plan.rows.len()],
            making: ("", None),
            settled: None,
            silent: false,
            hushed: false,
        }
    }

    /// The delimiters of the message; the usual ones where there is none.
    pub fn delimiters(&self) -> Delimiters {
        match &self.input {
            Input::Message(input) => input.message.delimiters(),
            Input::Resources(_) => Delimiters::default(),
        }
    }

    /// A problem of a row.
    pub fn problem(&self, code: Code, row: usize, location: Option<Location>) -> Problem {
        let known = codes::ALL.iter().find(|known| known.code == code);
        let text = known.map_or("", |known| known.title);
        Problem {
            code,
            row: self.plan.rows.get(row).map(|row| row.place.clone()),
            location: location.map(|location| location.to_string()),
            text: Arc::from(text),
        }
    }

    /// Notes something that was not required.
    pub fn warn(&mut self, code: Code, row: usize, location: Option<Location>) {
        if self.silent {
            self.hushed = true;
        } else {
            let problem = self.problem(code, row, location);
            self.warnings.push(problem);
        }
    }

    /// Notes something without which there is no output.
    pub fn fail(&mut self, code: Code, row: usize, location: Option<Location>) {
        if self.silent {
            self.hushed = true;
        } else {
            let problem = self.problem(code, row, location);
            self.failures.push(problem);
        }
    }

    /// Notes that a row wrote.
    pub fn fire(&mut self, row: usize) {
        if let Some(count) = self.fired.get_mut(row) {
            *count = count.saturating_add(1);
        }
    }
}
