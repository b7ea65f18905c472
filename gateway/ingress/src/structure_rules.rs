//! Which structures a sender's messages have, where MSH-9 does not tell: read from the
//! configuration, proved against the dictionary. Laying messages out by it is done in translation.

use std::collections::BTreeMap;
use std::sync::Arc;

use isthmus_hl7v2::grouping_rules::GroupingRules;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::event_pattern::EventPattern;

/// `[sender.structures]`: message types with one event or all of them (`ADT^A31`, `ORU^*`), each
/// with the structure that is meant (`ADT_A05`, as in MSH-9.3).
#[derive(Debug, Clone, Default)]
pub struct StructureRules(Arc<GroupingRules>);

impl StructureRules {
    /// The rules, as grouping takes them.
    pub fn rules(&self) -> Arc<GroupingRules> {
        Arc::clone(&self.0)
    }
}

impl<'de> Deserialize<'de> for StructureRules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stated = BTreeMap::<String, String>::deserialize(deserializer)?;
        let mut rules = GroupingRules::none();
        for (event, structure) in stated {
            let pattern: EventPattern = event
                .parse()
                .map_err(|error| D::Error::custom(format!("{event:?}: {error}")))?;
            rules = rules
                .with_structure(pattern.code(), pattern.event(), &structure)
                .map_err(D::Error::custom)?;
        }
        Ok(Self(Arc::new(rules)))
    }
}
