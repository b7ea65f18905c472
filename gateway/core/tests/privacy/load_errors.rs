//! Every way in which a policy can be wrong is refused, with the code and the place of the value.
//! Rows have a file of their own, as have misspelt paths.

use isthmus_core::diagnostic::Renderer;
use isthmus_core::privacy::codes;
use isthmus_core::read_set::ReadSet;
use isthmus_core::source_file::SourceFile;

use crate::refusals::{errors, one, underlined};
use crate::scenario::{AGREEMENTS, TERMS, load, load_files, policy, policy_with};

#[test]
fn the_scenario_loads() {
    load(&policy(), &ReadSet::default()).unwrap();
}

#[test]
fn text_that_is_not_toml() {
    one("id = \"mailer\"", "id = \"mailer", "P001", "");
    let huge = SourceFile::new("policies/mailer.toml", "#".repeat(2 << 20));
    let errors = load_files(&[huge], Some(AGREEMENTS), &ReadSet::default()).unwrap_err();
    assert_eq!(errors[0].code, codes::NOT_TOML);
}

#[test]
fn keys() {
    let error = one(
        "purpose = \"HMARKT\"",
        "purpose = \"HMARKT\"\nporpose = 1",
        "P002",
        "porpose",
    );
    assert_eq!(error.help.as_deref(), Some("did you mean `purpose`?"));
    one("[[flow]]", "[flows]\n[[flow]]", "P002", "flows");
    one(
        "on_unknown",
        "on_unknwon = \"x\"\non_unknown",
        "P002",
        "on_unknwon",
    );
    one(
        "class = \"contact\"",
        "class = \"contact\"\ncoarse = \"year\"",
        "P002",
        "coarse",
    );
    one("regions", "region = \"x\"\nregions", "P002", "region");
}

#[test]
fn keys_that_are_not_enforced() {
    let error = one(
        "on_unknown",
        "channel = \"email\"\non_unknown",
        "P003",
        "channel",
    );
    assert!(
        error
            .help
            .unwrap()
            .contains("require, category, covers, max_age_s, on_unknown, tells")
    );
    one(
        "[flow.consent]",
        "[flow.labels]\nceiling = \"N\"\n[flow.consent]",
        "P003",
        "labels",
    );
    one(
        "[flow.consent]",
        "[flow.limits]\nmin_cohort = 11\n[flow.consent]",
        "P003",
        "limits",
    );
}

#[test]
fn values_that_are_not_enforced() {
    one(
        "\"identified\"",
        "\"pseudonymous\"",
        "P003",
        "\"pseudonymous\"",
    );
    one("\"opt-in\"", "\"no-objection\"", "P003", "\"no-objection\"");
    one(
        "\"hipaa-authorization\"",
        "\"safe-harbor\"",
        "P003",
        "\"safe-harbor\"",
    );
    for coarsen in [
        "age-band",
        "date-shift",
        "keyed-pseudonym",
        "map",
        "constant",
        "count",
    ] {
        let quoted = format!("\"{coarsen}\"");
        one("\"year\"", &quoted, "P003", &quoted);
    }
}

#[test]
fn keys_that_are_missing() {
    for key in ["name", "address", "kind", "side"] {
        let line = TERMS
            .lines()
            .find(|line| line.starts_with(&format!("{key} =")))
            .unwrap();
        let error = one(&format!("{line}\n"), "", "P004", "[recipient]");
        assert!(error.message.contains(key));
    }
    for key in [
        "version", "map", "purpose", "basis", "audience", "mode", "expires",
    ] {
        let line = TERMS
            .lines()
            .find(|line| line.starts_with(&format!("{key} =")))
            .unwrap();
        let error = one(&format!("{line}\n"), "", "P004", "[[flow]]");
        assert!(error.message.contains(key));
    }
    for key in ["require", "category", "covers", "on_unknown"] {
        let line = TERMS
            .lines()
            .find(|line| line.starts_with(&format!("{key} =")))
            .unwrap();
        let error = one(&format!("{line}\n"), "", "P004", "[flow.consent]");
        assert!(error.message.contains(key));
    }
    one("class = \"contact\"\n", "", "P004", "[[flow.allow]]");
    one("path = 'Patient.birthDate'\n", "", "P004", "[[flow.allow]]");
    assert_eq!(errors("")[0].code, codes::MISSING_KEY);
    assert_eq!(errors(TERMS)[0].code, codes::MISSING_KEY);
}

#[test]
fn values_of_the_wrong_form() {
    one("version = 3", "version = 0", "P005", "0");
    one("version = 3", "version = \"3\"", "P005", "\"3\"");
    one("\"2027-06-30\"", "\"2027-06-31\"", "P005", "\"2027-06-31\"");
    one("\"2027-06-30\"", "\"soon\"", "P005", "\"soon\"");
    one(
        "accountable = true",
        "accountable = \"yes\"",
        "P005",
        "\"yes\"",
    );
    one(
        "accountable = true",
        "accountable = true\nurgent = 1",
        "P005",
        "1",
    );
    one("\"Acme Mail\"", "\" \"", "P005", "\" \"");
    one(
        "\"patient\"",
        "[\"patient\", \"hcp\"]",
        "P005",
        "[\"patient\", \"hcp\"]",
    );
    one("[\"hipaa-auth\"]", "[]", "P005", "[]");
    one("[\"US\"]", "[\"usa\"]", "P005", "\"usa\"");
    one(
        "\"mailer-newsletter\"",
        "\"Mailer news\"",
        "P005",
        "\"Mailer news\"",
    );
}

#[test]
fn words_that_are_not_in_their_list() {
    let near = [
        (
            "\"marketing-platform\"",
            "\"marketing-platfrom\"",
            "marketing-platform",
        ),
        ("\"HMARKT\"", "\"HMRAKT\"", "HMARKT"),
        (
            "\"hipaa-authorization\"",
            "\"hipaa-autorization\"",
            "hipaa-authorization",
        ),
        ("\"patient\"", "\"patients\"", "patient"),
        ("\"identified\"", "\"identifed\"", "identified"),
        ("\"opt-in\"", "\"optin\"", "opt-in"),
        ("class = \"contact\"", "class = \"contcat\"", "contact"),
        ("\"year\"", "\"yaer\"", "year"),
        ("[\"contact\", ", "[\"contacts\", \"contact\", ", "contact"),
    ];
    for (from, to, meant) in near {
        let under = to.split('"').nth(1).unwrap();
        let error = one(from, to, "P006", &format!("\"{under}\""));
        assert!(error.help.unwrap().contains(meant), "{to}");
    }
    one("\"withhold\"", "\"release\"", "P006", "\"release\"");
    one("\"HMARKT\"", "\"PurposeOfUse\"", "P006", "\"PurposeOfUse\"");
    one("\"HMARKT\"", "\"hmarkt\"", "P006", "\"hmarkt\"");
}

#[test]
fn ids() {
    let second = policy().split_once("[[flow]]").unwrap().1.to_owned();
    let errors = errors(&(policy() + "\n[[flow]]" + &second));
    assert_eq!(errors[0].code, codes::DUPLICATE_ID);
    assert_eq!(underlined(&errors[0]), "\"mailer-newsletter\"");
    assert!(
        errors[0]
            .note
            .as_ref()
            .unwrap()
            .contains("policies/mailer.toml:11:6")
    );

    let file = SourceFile::new("policies/other.toml", policy());
    let errors = load_files(&[file], Some(AGREEMENTS), &ReadSet::default()).unwrap_err();
    assert_eq!(
        (errors[0].code, underlined(&errors[0])),
        (codes::FILE_NAME, "\"mailer\"".to_owned())
    );
}

#[test]
fn agreements() {
    let agreement = "agreement = \"BAA-2026-014\"";
    let error = one(
        "\"BAA-2026-014\"",
        "\"BAA-2026-041\"",
        "P020",
        "\"BAA-2026-041\"",
    );
    assert_eq!(
        error.help.as_deref(),
        Some("did you mean `BAA-2026-014` or `BAA-2020-001`?")
    );
    one(agreement, "", "P020", "[recipient]");
    one("\"BAA-2026-014\"", "\"BAA-OTHER\"", "P020", "\"BAA-OTHER\"");
    one(
        "\"BAA-2026-014\"",
        "\"BAA-2020-001\"",
        "P021",
        "\"BAA-2020-001\"",
    );
    one("\"BAA-2026-014\"", "\"DUA-7\"", "P022", "\"DUA-7\"");

    let file = SourceFile::new("policies/mailer.toml", policy());
    let errors = load_files(&[file], None, &ReadSet::default()).unwrap_err();
    assert_eq!(errors[0].code, codes::NO_AGREEMENT);
}

#[test]
fn the_agreements_file() {
    let cases = [
        ("kind = \"BAA\"", "kind = \"NDA\"", "P006", "\"NDA\""),
        ("expires = \"2027-12-31\"\n", "", "P004", "[[agreement]]"),
        (
            "id = \"DUA-7\"",
            "id = \"BAA-2026-014\"",
            "P007",
            "\"BAA-2026-014\"",
        ),
        (
            "party = \"mailer\"",
            "partner = \"mailer\"\nparty = \"mailer\"",
            "P002",
            "partner",
        ),
    ];
    for (from, to, code, under) in cases {
        let agreements = AGREEMENTS.replacen(from, to, 1);
        let file = SourceFile::new("policies/mailer.toml", policy());
        let errors = load_files(&[file], Some(&agreements), &ReadSet::default()).unwrap_err();
        assert_eq!(errors[0].file, "policies/agreements.toml");
        assert_eq!(
            (errors[0].code.text(), underlined(&errors[0]).as_str()),
            (code, under)
        );
    }
}

#[test]
fn terms_that_do_not_go_together() {
    one("\"2027-06-30\"", "\"2026-11-22\"", "P023", "\"2026-11-22\"");
    for basis in ["treatment", "payment", "operations", "required-by-law"] {
        let whole = policy().replace("\"hipaa-authorization\"", &format!("\"{basis}\""));
        let found = errors(&whole);
        assert_eq!(
            (found.len(), found[0].code),
            (1, codes::BASIS_PURPOSE),
            "{basis}"
        );
        assert!(
            found[0]
                .help
                .as_ref()
                .unwrap()
                .contains("hipaa-authorization")
        );
    }
    one("\"opt-in\"", "\"none\"", "P025", "\"none\"");
    let error = one("\"commercial\"", "\"care\"", "P026", "\"care\"");
    assert_eq!(error.help.as_deref(), Some("write `side = \"commercial\"`"));
    let treatment = policy()
        .replace("\"hipaa-authorization\"", "\"treatment\"")
        .replace("\"HMARKT\"", "\"COC\"")
        .replace("\"opt-in\"", "\"none\"");
    load(&treatment, &ReadSet::default()).unwrap();
}

#[test]
fn maps() {
    let error = one(
        "fhir-to-records/mailer-contact",
        "fhir-to-records/mailer-contatc",
        "P100",
        "\"fhir-to-records/mailer-contatc\"",
    );
    assert_eq!(
        error.help.as_deref(),
        Some("did you mean `fhir-to-records/mailer-contact`?")
    );
}

#[test]
fn all_errors_are_told_at_once() {
    let rows = [
        ("Patient.nam.family", "contact", ""),
        ("Patient.birthDate", "contcat", ""),
        ("Patient.gender", "demographic", "coarsen = \"zip3\""),
    ];
    let broken = policy_with(&rows)
        .replace("\"commercial\"", "\"medical\"")
        .replace("\"opt-in\"", "\"none\"")
        .replace("version = 3", "version = -3");
    let found = errors(&broken);
    let found: Vec<&str> = found.iter().map(|error| error.code.text()).collect();
    assert_eq!(
        found,
        ["P026", "P005", "P026", "P025", "P041", "P006", "P044"]
    );
}

#[test]
fn a_diagnostic_shows_its_line() {
    let error = one("\"HMARKT\"", "\"HMRAKT\"", "P006", "\"HMRAKT\"");
    let shown = Renderer { colour: false }.render(&error);
    let expected = "error[P006]: `HMRAKT` is no purpose of use\n  --> policies/mailer.toml:14:11\n\
                    14 | purpose = \"HMRAKT\"\n   |           ^^^^^^^^\n   \
                    = help: did you mean `HMARKT`?\n";
    assert_eq!(shown, expected);
}

#[test]
fn every_code_is_explained_once() {
    let mut known: Vec<&str> = codes::ALL.iter().map(|one| one.code.text()).collect();
    let count = known.len();
    known.sort_unstable();
    known.dedup();
    assert_eq!(known.len(), count);
}
