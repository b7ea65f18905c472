//! `SourceMessage`, the HL7 v2 message that a record was made of; flows that send messages on
//! rebuild it. What of it may leave is decided in `privacy`.

use std::sync::Arc;

use isthmus_hl7v2::grouping_rules::GroupingRules;
use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::structure::{Grouped, group_as_with, structure_or_newest};
use isthmus_hl7v2::structure_definition::StructureDefinition;

/// A message and what was agreed on beside the standard. Patient data throughout: its `Debug` is
/// masked.
#[derive(Debug)]
pub struct SourceMessage {
    /// The message, in UTF-8.
    pub message: Message,
    /// The structures that its sender means, where MSH-9 does not tell.
    pub structures: Arc<GroupingRules>,
    /// The local segments that its map defines.
    pub local: Arc<GroupingRules>,
}

impl SourceMessage {
    /// The structure it has; none when no version has one for it.
    pub fn structure(&self) -> Option<&'static StructureDefinition> {
        structure_or_newest(&self.message, &self.structures)
    }

    /// Its segments in their groups.
    pub fn grouped(&self, structure: &StructureDefinition) -> Grouped {
        group_as_with(&self.message, structure, &self.local)
    }
}
