//! The rules of a gateway: maps, tables and policies, loaded and proved together; one load for
//! every command that needs them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use isthmus_core::clock::{Clock, Timestamp};
use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::id::{FlowId, RecipientId, SenderId};
use isthmus_core::privacy::policy_loader::{self, PolicySources};
use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_core::read_set::ReadSet;
use isthmus_core::shaper::Shaper;
use isthmus_core::source_file::SourceFile;
use isthmus_hl7v2::charset::Charset;
use isthmus_ingress::seams::Mapped;
use isthmus_mappings::context::NamedKeys;
use isthmus_mappings::library::Library;
use isthmus_mappings::message_translator::{MessageTranslator, SenderTerms};
use isthmus_mappings::record_shaper::{self, RecordShaper};

use crate::config_file::ConfigFile;
use crate::failure::Failure;
use crate::system::SystemClock;

/// The file of the agreements, in the folder of the policies.
const AGREEMENTS: &str = "agreements.toml";

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
    /// Loads everything as of now; fails with every error at once.
    pub(crate) fn load(file: &ConfigFile) -> Result<Self, Failure> {
        Self::load_at(file, SystemClock.now())
    }

    fn load_at(file: &ConfigFile, now: Timestamp) -> Result<Self, Failure> {
        let mut problems = Vec::new();
        let keys = file.pseudonym_keys().unwrap_or_else(|wrong| {
            problems.extend(wrong);
            BTreeMap::new()
        });
        let folder = file.path(&file.config.mappings);
        let names: Vec<String> = file.config.pseudonym_keys.keys().cloned().collect();
        let library = Library::load(&folder, Some(&names)).map_err(usage)?;
        problems.extend_from_slice(library.diagnostics());
        let library = Arc::new(library);
        let reads: BTreeMap<String, ReadSet> = library
            .maps()
            .iter()
            .filter(|map| map.record().is_some())
            .map(|map| (map.path().to_owned(), record_shaper::read_set(map.trace())))
            .collect();
        let policies = policies(&folder.join("policies"), &reads, now)?;
        let policies = policies.unwrap_or_else(|wrong| {
            problems.extend(wrong);
            PolicySet::default()
        });
        problems.extend_from_slice(policies.warnings());
        if !problems.iter().any(Diagnostic::is_error) {
            problems.extend(unreached(file, &policies));
        }
        if problems.iter().any(Diagnostic::is_error) {
            return Err(Failure::Configuration(problems));
        }
        let keys = keys.iter().fold(NamedKeys::default(), |keys, (name, key)| {
            keys.with(name, key)
        });
        let shapers = shapers(&policies, &library, &keys);
        let translator = MessageTranslator::new(Arc::clone(&library), senders(file), keys);
        Ok(Self {
            translator: Arc::new(translator),
            shapers,
            policies: Arc::new(policies),
            library,
            reads,
            warnings: problems,
        })
    }

    /// Whether a map is there for an event.
    pub(crate) fn mapped(&self) -> Arc<Mapped> {
        let library = Arc::clone(&self.library);
        Arc::new(move |code, event| library.for_event(code, event).is_some())
    }
}

fn usage(error: impl std::fmt::Display) -> Failure {
    Failure::Usage(error.to_string())
}

/// The policies of a folder: every TOML file of it is one recipient's, but for the agreements.
fn policies(
    folder: &Path,
    reads: &BTreeMap<String, ReadSet>,
    now: Timestamp,
) -> Result<Result<PolicySet, Vec<Diagnostic>>, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::Usage(format!(
            "the policies in {} cannot be read: {error}",
            folder.display()
        ))
    };
    let mut files = Vec::new();
    let mut agreements = None;
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(unreadable)?;
        let source = SourceFile::new(path.display().to_string(), text);
        if path.ends_with(AGREEMENTS) {
            agreements = Some(source);
        } else {
            files.push(source);
        }
    }
    files.sort_by(|one, other| one.path().cmp(other.path()));
    let maps = reads
        .iter()
        .map(|(path, reads)| (path.clone(), reads))
        .collect();
    let sources = PolicySources {
        policies: &files,
        agreements: agreements.as_ref(),
        maps: &maps,
    };
    Ok(policy_loader::load(&sources, now))
}

/// Destinations without a policy. A recipient without a destination is no error: its deliveries
/// wait.
fn unreached(file: &ConfigFile, policies: &PolicySet) -> Vec<Diagnostic> {
    let destinations = file.config.destinations.iter();
    let unknown = destinations.filter_map(|destination| {
        let id = RecipientId::new(destination.get_ref().recipient());
        let text = format!("no policy is for the recipient {id}; nothing could ever be sent to it");
        policies
            .recipient(&id)
            .is_none()
            .then(|| file.unknown(&destination.span(), text))
    });
    unknown.collect()
}

fn shapers(
    policies: &PolicySet,
    library: &Arc<Library>,
    keys: &NamedKeys,
) -> BTreeMap<FlowId, Arc<dyn Shaper>> {
    let flows = policies.flows().iter().filter_map(|flow| {
        let shaper = RecordShaper::new(library, &flow.terms().map, keys.clone())?;
        Some((flow.terms().id.clone(), Arc::new(shaper) as Arc<dyn Shaper>))
    });
    flows.collect()
}

fn senders(file: &ConfigFile) -> BTreeMap<SenderId, SenderTerms> {
    let senders = file.config.senders.iter().filter_map(|sender| {
        let sender = sender.get_ref();
        let zone = jiff::tz::TimeZone::get(&sender.zone).ok()?;
        let default_charset = Charset::named(&sender.default_charset)?;
        let terms = SenderTerms {
            zone,
            default_charset,
            settings: BTreeMap::new(),
        };
        Some((sender.id.clone(), terms))
    });
    senders.collect()
}
