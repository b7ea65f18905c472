//! The rules of a gateway: maps, tables and policies, loaded and proved together; one load for
//! every command that needs them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use isthmus_core::clock::Timestamp;
use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::id::{FlowId, RecipientId};
use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_core::read_set::ReadSet;
use isthmus_core::shaper::Shaper;
use isthmus_mappings::context::NamedKeys;
use isthmus_mappings::library::Library;
use isthmus_mappings::message_translator::MessageTranslator;
use isthmus_mappings::record_shaper::{self, RecordShaper};

use crate::config_file::{ConfigFile, NAME};
use crate::failure::Failure;
use crate::policy_folder;
use crate::sender_terms;

/// Maps and policies that are in force together.
pub(crate) struct Rules {
    /// From wire messages to records.
    pub(crate) translator: Arc<MessageTranslator>,
    /// The map of each flow.
    pub(crate) shapers: BTreeMap<FlowId, Arc<dyn Shaper>>,
    /// What may leave.
    pub(crate) policies: Arc<PolicySet>,
    /// All maps.
    pub(crate) library: Arc<Library>,
    /// What each record map reads, by its path.
    pub(crate) reads: BTreeMap<String, ReadSet>,
    /// What loads but should be looked at.
    pub(crate) warnings: Vec<Diagnostic>,
}

impl Rules {
    /// Loads everything as of `now`; fails with every error at once.
    pub(crate) fn load(file: &ConfigFile, now: Timestamp) -> Result<Self, Failure> {
        let mut problems = Vec::new();
        let keys = file.pseudonym_keys().unwrap_or_else(|wrong| {
            problems.extend(wrong);
            BTreeMap::new()
        });
        let folder = file.path(&file.config.mappings);
        let names: Vec<String> = file.config.pseudonym_keys.keys().cloned().collect();
        let library = Library::load(&folder, Some(&names))
            .map_err(|error| Failure::Usage(format!("`mappings` of {NAME}: {error}")))?;
        problems.extend_from_slice(library.diagnostics());
        let senders = file.config.senders.iter();
        let senders: Vec<&str> = senders.map(|one| one.get_ref().id.as_str()).collect();
        problems.extend(library.unknown_senders(&senders));
        let library = Arc::new(library);
        let reads: BTreeMap<String, ReadSet> = library
            .maps()
            .iter()
            .filter(|map| map.record().is_some())
            .map(|map| (map.path().to_owned(), record_shaper::read_set(map)))
            .collect();
        let policies = policy_folder::load(&folder.join("policies"), &reads, now)?;
        let policies = policies.unwrap_or_else(|mut wrong| {
            if library.has_errors() {
                policy_folder::forget_absent_maps(&mut wrong);
            }
            problems.extend(wrong);
            PolicySet::default()
        });
        problems.extend_from_slice(policies.warnings());
        for problem in &mut problems {
            place_in(&folder, problem);
        }
        if !problems.iter().any(Diagnostic::is_error) {
            problems.extend(unreached(file, &policies));
            problems.extend(unsealed(file, &policies));
        }
        problems.extend(waiting(file, &policies));
        if problems.iter().any(Diagnostic::is_error) {
            return Err(Failure::Configuration(problems));
        }
        let keys = keys.iter().fold(NamedKeys::default(), |keys, (name, key)| {
            keys.with(name, key)
        });
        let shapers = shapers(&policies, &library, &keys);
        let translator = MessageTranslator::new(Arc::clone(&library), sender_terms::of(file), keys);
        Ok(Self {
            translator: Arc::new(translator),
            shapers,
            policies: Arc::new(policies),
            library,
            reads,
            warnings: problems,
        })
    }
}

/// Counts a map's path from where the command was started, as the paths of policies are, so that
/// an editor finds it.
pub(crate) fn place_in(folder: &Path, problem: &mut Diagnostic) {
    let path = folder.join(&problem.file);
    if path.is_file() {
        problem.file = path.display().to_string();
    }
}

/// Recipients without a destination: no error, but their deliveries wait until there is one.
fn waiting(file: &ConfigFile, policies: &PolicySet) -> Vec<Diagnostic> {
    let reached = |id: &str| {
        let mut destinations = file.config.destinations.iter();
        destinations.any(|destination| destination.get_ref().recipient() == id)
    };
    let recipients = policies.recipients().map(|recipient| &recipient.id);
    recipients
        .filter(|id| !reached(id.as_str()))
        .map(|id| {
            let text = format!("no [[destination]] reaches the recipient {id}; what it gets waits");
            file.unknown(&(0..0), text).as_warning()
        })
        .collect()
}

/// Destinations without a policy.
fn unreached(file: &ConfigFile, policies: &PolicySet) -> Vec<Diagnostic> {
    let destinations = file.config.destinations.iter();
    let unknown = destinations.filter_map(|destination| {
        let id = RecipientId::new(destination.get_ref().recipient());
        let text = format!("no policy is for the recipient {id}; nothing could ever be sent to it");
        let known: Vec<&str> = policies
            .recipients()
            .map(|recipient| recipient.id.as_str())
            .collect();
        let help = format!("there are policies for {}", known.join(", "));
        let unknown = || file.unknown(&destination.span(), text).with_help(help);
        policies.recipient(&id).is_none().then(unknown)
    });
    unknown.collect()
}

/// Destinations whose records would leave readable although the recipient's policy asks for a seal.
fn unsealed(file: &ConfigFile, policies: &PolicySet) -> Vec<Diagnostic> {
    let destinations = file.config.destinations.iter();
    let unsealed = destinations.filter_map(|destination| {
        let stated = destination.get_ref();
        let recipient = policies.recipient(&RecipientId::new(stated.recipient()))?;
        let is_fault = recipient.seal && !stated.seals();
        let text = || {
            format!(
                "the policy of {} says `seal = true`, and records would leave unsealed",
                stated.recipient()
            )
        };
        let help = "reach it by the adapter amqp with `payload = \"sealed\"`, or review the policy";
        is_fault.then(|| {
            file.destination(&destination.span(), text())
                .with_help(help)
        })
    });
    unsealed.collect()
}

fn shapers(
    policies: &PolicySet,
    library: &Arc<Library>,
    keys: &NamedKeys,
) -> BTreeMap<FlowId, Arc<dyn Shaper>> {
    let flows = policies.flows().iter().filter_map(|flow| {
        let shaper = RecordShaper::new(library, flow.terms().shape.map()?, keys.clone())?;
        Some((flow.terms().id.clone(), Arc::new(shaper) as Arc<dyn Shaper>))
    });
    flows.collect()
}
