//! Runs a plan over a message or over resources, from beginning to end.
//! Choosing the plan is the library's business.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use isthmus_fhir::element::{Element, Object};
use isthmus_fhir::resource::Resource;
use isthmus_hl7v2::header::Header;
use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::value::time_stamp::TimeStamp;

use crate::codes;
use crate::context::RunContext;
use crate::functions::call::Surroundings;
use crate::plan::{ItemPlan, Leaf, OperandPlan, Plan, ResourcePlan, RowPlan};
use crate::plan_path::{PathPlan, SegmentPlan};
use crate::run::frame::Frame;
use crate::run::message_input::MessageInput;
use crate::run::output::{Failure, Shaping, Translation};
use crate::run::state::{Input, Run};

/// Translates a message.
///
/// # Errors
/// Every required row that wrote nothing, every unmapped code of a table that says `error`, and
/// every `reject` that applied.
pub fn translate(
    plan: &Plan,
    message: &Message,
    context: &RunContext,
) -> Result<Translation, Failure> {
    let time = Header::of(message)
        .map(|header| header.time().into_owned())
        .unwrap_or_default();
    let message_offset = TimeStamp::read(&time).and_then(|stamp| stamp.offset);
    let around = Surroundings {
        context,
        message_offset,
    };
    let input = MessageInput::new(message, &plan.segments, &plan.rules, &context.structures);
    let mut run = Run::new(plan, Input::Message(input), around);
    run.note_findings();
    run.find_instances(&plan.items, &Frame::root());
    let objects = run.build();
    let resources = run.resources(objects);
    if run.failures.is_empty() {
        let Run {
            clears,
            warnings,
            fired,
            ..
        } = run;
        return Ok(Translation {
            resources,
            clears,
            warnings,
            fired,
        });
    }
    Err(Failure {
        problems: run.failures,
        warnings: run.warnings,
    })
}

/// Shapes the resources of one subject into records.
///
/// # Errors
/// As [`translate`].
pub fn shape(plan: &Plan, resources: &[Element], context: &RunContext) -> Result<Shaping, Failure> {
    let of_type = |name: &String| {
        let named = resources.iter().filter(|resource| {
            resource.get("resourceType").and_then(Element::as_str) == Some(name)
        });
        named.collect::<Vec<_>>()
    };
    let input = Input::Resources(plan.aliases.iter().map(of_type).collect());
    let mut run = Run::new(
        plan,
        input,
        Surroundings {
            context,
            message_offset: None,
        },
    );
    run.find_instances(&plan.items, &Frame::root());
    let objects = run.build();
    if run.failures.is_empty() {
        let records = objects
            .into_iter()
            .map(|(_, object)| Element::from(object))
            .collect();
        return Ok(Shaping {
            records,
            warnings: run.warnings,
            fired: run.fired,
        });
    }
    Err(Failure {
        problems: run.failures,
        warnings: run.warnings,
    })
}

impl<'a> Run<'a> {
    /// Carries out the rows of every instance.
    fn build(&mut self) -> Vec<(&'a ResourcePlan, Object)> {
        let mut objects = Vec::with_capacity(self.instances.len());
        for at in 0..self.instances.len() {
            let Some(instance) = self.instances.get(at) else {
                continue;
            };
            let (plan, frame) = (instance.plan, instance.frame());
            let id_row = plan.id.as_ref().filter(|row| row.leaf == Leaf::Id);
            let id_row = id_row.filter(|_| instance.is_settled);
            self.settled = id_row.map(|row| row.row);
            self.making = (plan.name, instance.id.clone());
            let mut object = Object::with_capacity(plan.items.len() + 1);
            if !plan.name.is_empty() {
                object.push("resourceType", plan.name);
            }
            let mut slots = vec![None; plan.slots];
            let built = self.items(&plan.items, &frame, &mut object, &mut slots);
            let is_there = built.evidence || plan.per.is_some() || plan.when.is_some();
            if is_there && !built.missing.is_empty() {
                for row in built.missing {
                    let mut problem = self.problem(codes::REQUIRED, row, None);
                    problem.location = self.source_of(plan, row);
                    self.failures.push(problem);
                }
            } else if built.evidence {
                object.remove_empty();
                objects.push((plan, object));
            }
        }
        objects
    }

    /// The resources, each type and id once; the first stays.
    fn resources(&mut self, objects: Vec<(&'a ResourcePlan, Object)>) -> Vec<Resource> {
        let mut seen: HashMap<(&str, String), usize> = HashMap::new();
        let mut resources: Vec<Resource> = Vec::with_capacity(objects.len());
        for (plan, object) in objects {
            let id = object
                .get("id")
                .and_then(Element::as_str)
                .map(str::to_owned);
            let Ok(resource) = Resource::try_from(object) else {
                continue;
            };
            let before = id.and_then(|id| match seen.entry((plan.name, id)) {
                Entry::Occupied(before) => Some(*before.get()),
                Entry::Vacant(place) => {
                    place.insert(resources.len());
                    None
                }
            });
            match before.and_then(|before| resources.get(before)) {
                None => resources.push(resource),
                Some(known) if *known == resource => {}
                Some(_) => self.warn(codes::SAME_ID, plan.row, None),
            }
        }
        resources
    }

    /// The place in the message that a required row reads first.
    fn source_of(&self, plan: &ResourcePlan, row: usize) -> Option<String> {
        let found = plan.items.iter().find_map(|item| match item {
            ItemPlan::Row(found) if found.row == row => Some(found),
            ItemPlan::Row(_) | ItemPlan::Part(_) | ItemPlan::Choose(_) | ItemPlan::Notice(_) => {
                None
            }
        });
        let first = |row: &RowPlan| {
            row.source.iter().flatten().find_map(|operand| {
                if let OperandPlan::Path(PathPlan::Segment(path)) = operand {
                    Some(path.clone())
                } else {
                    None
                }
            })
        };
        let path: SegmentPlan = found.and_then(first)?;
        let mut text = self.plan.segments.get(path.slot)?.as_str().to_owned();
        for (sign, number) in [
            ("-", path.field),
            (".", path.component),
            (".", path.subcomponent),
        ] {
            if let Some(number) = number {
                text.push_str(sign);
                text.push_str(&number.to_string());
            }
        }
        Some(text)
    }
}
