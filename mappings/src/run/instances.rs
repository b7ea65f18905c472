//! Finds the instances of all resource and record blocks and their ids, before any row is carried
//! out, so that rows may refer to what comes later.

use crate::codes;
use crate::plan::{EachPlan, ResourcePlan, TopPlan};
use crate::run::frame::Frame;
use crate::run::items::is_id;
use crate::run::message_input::ROOT;
use crate::run::state::{Input, Instance, Run};
use crate::run::values::Sourced;

/// Resources or records of one message, at most.
const MAX_INSTANCES: usize = 20_000;

impl<'a> Run<'a> {
    /// Finds the instances of these blocks in a group instance, in message order.
    pub fn find_instances(&mut self, items: &'a [TopPlan], frame: &Frame<'_, 'a>) {
        for item in items {
            match item {
                TopPlan::Each(each) => self.find_each(each, frame),
                TopPlan::Notice(notice) => self.notice(notice, frame),
                TopPlan::Resource(resource) => self.find_resource(resource, frame),
            }
        }
    }

    fn find_each(&mut self, each: &'a EachPlan, frame: &Frame<'_, 'a>) {
        let Input::Message(input) = &self.input else {
            return;
        };
        let hosts = if each.groups.is_empty() {
            vec![frame.host]
        } else {
            input.instances(&each.groups, frame.host)
        };
        if !input.has_structure && !each.groups.is_empty() && frame.host == ROOT {
            self.warn(codes::NO_STRUCTURE, each.row, None);
        }
        for host in hosts {
            let inner = Frame {
                host,
                outer: Some(frame),
                ..*frame
            };
            if self.holds_or_none(each.when.as_ref(), &inner) {
                self.find_instances(&each.items, &inner);
            }
        }
    }

    fn find_resource(&mut self, plan: &'a ResourcePlan, frame: &Frame<'_, 'a>) {
        for inner in self.iterations(plan.per.as_ref(), frame) {
            if !self.holds_or_none(plan.when.as_ref(), &inner) {
                continue;
            }
            if self.instances.len() >= MAX_INSTANCES {
                self.fail(codes::OUTPUT_LIMIT, plan.row, None);
                return;
            }
            self.hushed = false;
            let id = self.id(plan, &inner);
            let is_settled = id.is_some() && !self.hushed;
            if let Some(numbers) = self.by_block.get_mut(plan.block) {
                numbers.push(self.instances.len());
            }
            self.instances.push(Instance {
                plan,
                host: inner.host,
                segment: inner.segment,
                current: inner.current,
                resource: inner.resource,
                id,
                is_settled,
            });
        }
    }

    /// The id that the block's `id` row gives. Its problems are noted when the row is carried out.
    fn id(&mut self, plan: &'a ResourcePlan, frame: &Frame<'_, 'a>) -> Option<String> {
        let row = plan.id.as_ref()?;
        if !self.holds_or_none(row.when.as_ref(), frame) {
            return None;
        }
        let Sourced::Values(values) = self.sourced(row, frame) else {
            return None;
        };
        self.silent = true;
        let passed = self.pass(row, values);
        self.silent = false;
        let (id, _) = passed.into_iter().next()?;
        is_id(&id).then(|| id.into_owned())
    }
}
