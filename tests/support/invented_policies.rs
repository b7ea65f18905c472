//! Loads the policies of invented recipients for tests of the pipeline; what they say is written
//! where they are used.

use std::collections::BTreeMap;

use isthmus_core::clock::Timestamp;
use isthmus_core::diagnostic::Diagnostic;
use isthmus_core::privacy::policy_loader::{self, PolicySources};
use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_core::read_set::ReadSet;
use isthmus_core::source_file::SourceFile;

/// When they are loaded: 2026-11-22.
pub const LOADED_AT: Timestamp = Timestamp::from_unix_millis(1_795_348_800_000);

/// Loads policies, each with its recipient's id, under these agreements. The map
/// `fhir-to-records/contact` reads nothing that would have to be proved.
///
/// # Errors
/// What is wrong with them.
pub fn load(policies: &[(&str, &str)], agreements: &str) -> Result<PolicySet, Vec<Diagnostic>> {
    let files = policies
        .iter()
        .map(|(id, text)| SourceFile::new(format!("policies/{id}.toml"), *text));
    let files: Vec<SourceFile> = files.collect();
    let agreements = SourceFile::new("policies/agreements.toml", agreements);
    let reads = ReadSet::default();
    let sources = PolicySources {
        policies: &files,
        agreements: Some(&agreements),
        maps: &BTreeMap::from([("fhir-to-records/contact".to_owned(), &reads)]),
    };
    policy_loader::load(&sources, LOADED_AT)
}
