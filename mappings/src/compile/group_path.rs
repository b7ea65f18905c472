//! Checks the groups that a path goes through: `OBSERVATION/OBX-5`. What a group is called in the
//! versions of HL7 v2 is found in `groups`.

use isthmus_fhir::spelling::nearest;
use isthmus_hl7v2::path::{Hl7Path, Selector};

use crate::ast::From;
use crate::codes;
use crate::compile::compiler::Compiler;
use crate::compile::groups;
use crate::plan_path::{GroupPlan, Pick};
use crate::span::Word;

impl Compiler<'_> {
    /// The groups before a path's segment; none when there is no such way to the segment.
    pub fn group_path(&mut self, word: &Word, path: &Hl7Path) -> Option<Vec<GroupPlan>> {
        if path.groups.is_empty() {
            return Some(Vec::new());
        }
        let from = self.current()?.map.from.as_ref().map(|from| &from.value);
        let events: Vec<&str> = match from {
            Some(From::Hl7v2 { events, .. }) => events.iter().map(|one| &*one.value).collect(),
            Some(From::Fhir { .. }) | None => Vec::new(),
        };
        let mut plans = Vec::new();
        for step in &path.groups {
            let pick = match &step.selector {
                None | Some(Selector::Each) => Pick::All,
                Some(Selector::Index(index)) => Pick::Index(usize::from(*index)),
                Some(Selector::From(index)) => Pick::From(usize::from(*index)),
                Some(Selector::Keys(_)) => {
                    let message = "a group is picked by its number, such as `[0]`; \
                                   write the key behind a segment or field";
                    self.fault(word.span, codes::SELECTOR, message);
                    return None;
                }
            };
            let names = groups::names(&events, &step.name);
            if names.is_empty() {
                let message = format!("no structure of these events has a group `{}`", step.name);
                let known = groups::known(&events);
                let near = nearest(&step.name, known.iter().copied());
                let help = match near.first() {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known are {}", known.join(", ")),
                };
                self.fault_with(word.span, codes::GROUP, message, help);
                return None;
            }
            plans.push(GroupPlan { names, pick });
        }
        let way: Vec<&[&str]> = plans.iter().map(|plan| plan.names.as_slice()).collect();
        let segment = path.segment.name;
        let local = self.plan.rules.local_segment(segment);
        if groups::have(&events, &way, segment, local) {
            return Some(plans);
        }
        let message = format!("no structure of these events has {segment} behind these groups");
        let holders = groups::holders(&events, segment);
        let help = match holders.as_slice() {
            [] => format!("{segment} stands outside all groups: leave them out"),
            holders => format!("{segment} stands in {}", holders.join(", ")),
        };
        self.fault_with(word.span, codes::GROUP, message, help);
        None
    }
}
