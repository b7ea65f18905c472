//! `RulesInForce`, the maps and policies by which messages and deliveries are decided; loading and
//! proving them is the server's business.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use isthmus_core::id::FlowId;
use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_core::shaper::Shaper;
use isthmus_core::translator::Translator;

/// Maps and policies that were loaded and proved together. Every stage is handed the one that its
/// message or batch is decided by, and never mixes two.
pub struct RulesInForce {
    /// From wire messages to records.
    pub translator: Arc<dyn Translator>,
    /// The map of each flow.
    pub shapers: BTreeMap<FlowId, Arc<dyn Shaper>>,
    /// What may leave.
    pub policies: Arc<PolicySet>,
}

impl fmt::Debug for RulesInForce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RulesInForce")
            .field("flows", &self.shapers.len())
            .finish_non_exhaustive()
    }
}
