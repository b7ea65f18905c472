//! Stub.
use crate::config_file::ConfigFile;
use crate::failure::Failure;
use isthmus_core::envelope::{Envelope, RawMessage};
use isthmus_core::id::FlowId;
use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_core::refusal::{Reason, Refusal};
use isthmus_core::shaper::Shaper;
use isthmus_core::translator::{Translated, Translator};
use std::collections::BTreeMap;
use std::sync::Arc;
pub(crate) struct Rules {
    pub(crate) translator: Arc<dyn Translator>,
    pub(crate) shapers: BTreeMap<FlowId, Arc<dyn Shaper>>,
    pub(crate) policies: Arc<PolicySet>,
}
struct Nothing;
impl Translator for Nothing {
    fn translate(&self, _: &Envelope<RawMessage>) -> Result<Translated, Refusal> {
        Err(Refusal::park(Reason::NotMapped))
    }
}
impl Rules {
    pub(crate) fn load(_: &ConfigFile) -> Result<Self, Failure> {
        Ok(Self {
            translator: Arc::new(Nothing),
            shapers: BTreeMap::new(),
            policies: Arc::new(PolicySet::default()),
        })
    }
    pub(crate) fn mapped(&self) -> Arc<isthmus_ingress::seams::Mapped> {
        Arc::new(|_, _| false)
    }
}
