//! The samples beside the checkout are held against the example's profile: each gets an answer, and
//! nothing of a message is in it.

use std::path::Path;
use std::{env, fs};

use isthmus_conformance::profile_folder::read_profile;
use isthmus_conformance::validation::validate;
use isthmus_hl7v2::charset::Charset;
use isthmus_hl7v2::charset_rules::{CharsetRules, Malformed};
use isthmus_hl7v2::profile_finding::FINDINGS_MAX;

const RULES: CharsetRules = CharsetRules {
    default: Charset::UTF_8,
    overriding: None,
    malformed: Malformed::Replace,
};

#[test]
fn all_samples_are_held_against_a_profile() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = here.join("../../shared/data/hl7v2");
    let Ok(manifest) = fs::read_to_string(folder.join("MANIFEST.tsv")) else {
        assert!(env::var_os("CI").is_none(), "CI needs {}", folder.display());
        eprintln!("skipped: {} is not there", folder.display());
        return;
    };
    let profile = here.join("../gateway/example/profiles/example-ehr.toml");
    let profile = read_profile(&profile).unwrap().unwrap();
    let (mut messages, mut findings) = (0, 0);
    let files = manifest
        .lines()
        .skip(1)
        .filter_map(|row| row.split('\t').next());
    for file in files.filter(|file| {
        Path::new(file)
            .extension()
            .is_some_and(|kind| kind == "hl7")
    }) {
        let bytes = fs::read(folder.join(file)).unwrap();
        for one in validate(&profile, file, &bytes, &RULES) {
            messages += 1;
            findings += one.findings.len() + one.beyond;
            assert!(one.findings.len() <= FINDINGS_MAX, "{file}");
            assert!(
                one.beyond == 0 || one.findings.len() == FINDINGS_MAX,
                "{file}"
            );
            assert!(one.findings.iter().all(|told| !told.place.is_empty()));
            // Each names another sending application than the example's.
            assert!(one.errors > 0, "{file}");
        }
    }
    eprintln!("{messages} messages, {findings} findings");
    assert!(messages > 1_000, "{messages} messages");
}
