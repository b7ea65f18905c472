//! What a block is repeated for: `per` a segment, a value or a resource. What is made each time is
//! told in `items` and `instances`.

use isthmus_fhir::element::Element;

use crate::plan_path::{ElementStart, PathPlan};
use crate::run::few::Few;
use crate::run::frame::Frame;
use crate::run::message_input::SegmentAt;
use crate::run::state::{Input, Run};

impl<'a> Run<'a> {
    /// The frames of a block: one, or one for each segment, value or resource of its `per`.
    pub fn iterations<'f>(
        &self,
        per: Option<&'a PathPlan>,
        frame: &'f Frame<'f, 'a>,
    ) -> Few<Frame<'f, 'a>> {
        let base = Frame {
            segment: None,
            current: None,
            resource: None,
            outer: Some(frame),
            ..*frame
        };
        let Some(per) = per else {
            return Few::one(base);
        };
        match (per, &self.input) {
            (PathPlan::Segment(segment), Input::Message(input)) if segment.field.is_none() => {
                let all = match frame.bound(segment.slot) {
                    _ if !segment.groups.is_empty() => {
                        let hosts = input.hosts_behind(&segment.groups, frame.host).into_iter();
                        let seen = hosts.map(|host| input.visible(segment.slot, host));
                        seen.flatten().collect()
                    }
                    Some(bound) => vec![bound],
                    None => input.iterated(segment.slot, frame.host),
                };
                let bound = |at: SegmentAt| Frame {
                    host: at.host,
                    segment: Some((segment.slot, at)),
                    ..base
                };
                return all.into_iter().map(bound).collect();
            }
            (PathPlan::Element(path), Input::Resources(all)) if path.path.steps.is_empty() => {
                if let ElementStart::Alias(alias) = path.start {
                    let resources = all.get(alias).map(Vec::as_slice).unwrap_or_default();
                    let bound = |one: &&'a Element| Frame {
                        resource: Some((alias, *one)),
                        ..base
                    };
                    return resources.iter().map(bound).collect();
                }
            }
            _ => {}
        }
        let items = self.select(per, frame).items;
        items
            .into_iter()
            .map(|item| Frame {
                current: Some(item),
                ..base
            })
            .collect()
    }
}
