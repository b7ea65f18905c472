//! What is asked before sending in these tests, and the message that a stale delivery is made again
//! from; what comes of it is in `before_sending`.

use std::collections::BTreeMap;
use std::sync::Arc;

use isthmus_core::current::Current;
use isthmus_core::id::{FlowId, SenderId};
use isthmus_core::read_set::ReadSet;
use isthmus_core::shaper::Shaper;
use isthmus_core::subject::Digester;
use isthmus_pipeline::before_sending::BeforeSending;
use isthmus_pipeline::rebuild_stage::RebuildStage;
use isthmus_pipeline::release_stage::ReleaseStage;
use isthmus_pipeline::rules_in_force::RulesInForce;
use isthmus_pipeline::shaping::Shaping;

use crate::born::{Born, Same};
use crate::patients::Patients;
use crate::policy::policies;
use crate::stand_ins::{Memory, one_key};

/// What is asked before sending. The message of delivery 1 is kept and translates to the patient of
/// the tests; that of the others is gone.
pub(crate) fn before_sending(policy: &str, patients: Arc<Patients>) -> BeforeSending {
    let release = ReleaseStage {
        shaping: Shaping {
            consents: Arc::clone(&patients) as _,
            keys: one_key(),
            digester: Digester::new(&[1; 32]),
            names: Arc::default(),
        },
    };
    let memory = Memory {
        open: vec![(1, SenderId::new("good"))],
        ..Memory::default()
    };
    BeforeSending {
        keys: one_key(),
        rules: Arc::new(Current::new(rules(policy))),
        consents: patients,
        rebuild: Arc::new(RebuildStage {
            backlog: Arc::new(memory),
            release: Arc::new(release),
        }),
    }
}

/// The rules with this policy.
pub(crate) fn rules(policy: &str) -> RulesInForce {
    let same: Arc<dyn Shaper> = Arc::new(Same(ReadSet::default()));
    RulesInForce {
        translator: Arc::new(Born),
        shapers: BTreeMap::from([(FlowId::new("newsletter"), same)]),
        policies: Arc::new(policies(policy)),
    }
}
