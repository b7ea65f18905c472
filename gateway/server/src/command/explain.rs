//! `isthmus explain`: says more about a code of an error; the explanations stand beside the codes,
//! in the crates that raise them.

use isthmus_conformance::profile_codes;
use isthmus_core::diagnostic::Explanation;
use isthmus_core::privacy::codes as policy_codes;
use isthmus_mappings::codes as map_codes;
use serde::Serialize;

use crate::certificate_terms;
use crate::cli::Explain;
use crate::config_file;
use crate::failure::Failure;
use crate::folders;
use crate::output::Output;

/// The `--json` document.
#[derive(Debug, Serialize)]
struct Explained {
    code: &'static str,
    title: &'static str,
    text: &'static str,
}

/// Every explanation.
fn known() -> impl Iterator<Item = &'static Explanation> {
    let known = policy_codes::ALL.iter().chain(map_codes::ALL);
    known
        .chain(config_file::CODES)
        .chain(profile_codes::ALL)
        .chain(certificate_terms::CODES)
        .chain(folders::CODES)
}

/// Explains a code, in any letter case.
pub(crate) fn run(options: &Explain, output: Output) -> Result<(), Failure> {
    let found = known().find(|one| one.code.text().eq_ignore_ascii_case(&options.code));
    let Some(Explanation { code, title, text }) = found else {
        let text = "no such code; codes stand in the brackets of an error, such as M203";
        return Err(Failure::Usage(text.into()));
    };
    let code = code.text();
    output.line(format!("{code}: {title}\n"));
    output.paragraph(text);
    output.document(&Explained { code, title, text });
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_code_stands_for_two_errors() {
        let mut seen = BTreeSet::new();
        for one in known() {
            assert!(seen.insert(one.code.text()), "{} twice", one.code.text());
        }
    }
}
