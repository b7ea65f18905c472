//! Every way in which a row can be wrong is refused, with the code and the place of the value.

use isthmus_core::read_set::ReadSet;

use crate::refusals::one_row;
use crate::scenario::{load, policy, row};

#[test]
fn rows() {
    let p = |path: &str, code: &str, under: &str| one_row(path, "contact", "", code, under);
    p("Patient..name", "P040", ".");
    p("Patient.name[use=].family", "P040", "]");
    p("Patient.nam.family", "P041", "nam");
    p("Patiant.name.family", "P041", "Patiant");
    p("HumanName.family", "P041", "HumanName");
    p("DomainResource.id", "P041", "DomainResource");
    p("name.family", "P041", "name");
    p("Patient.name[use=oficial].family", "P041", "use=oficial");
    p("Patient.gender[0]", "P041", "gender[0]");
    p("Observation.value", "P041", "value");
    p("Patient.name[$x=y].family", "P040", "$");
    p("Patient.name[use=$x].family", "P041", "use=$x");
    p("Patient.name[].text", "P042", "name[]");
    p("Patient.name[1..].text", "P042", "name[1..]");
    p("Patient.name[1].text", "P042", "name[1]");
    p(
        "Patient.name.given.extension[url=\"urn:x\"].valueString",
        "P042",
        "given",
    );
    p("Patient", "P043", "Patient");
    p("Patient.extension.valueString", "P048", "extension");
    p("Patient.implicitRules", "P048", "implicitRules");
    p(
        "Patient.contact.modifierExtension[url=\"urn:x\"].valueString",
        "P048",
        "modifierExtension[url=\"urn:x\"]",
    );
    let error = p("Patient.contact.name", "P043", "name");
    let help = error.help.unwrap();
    assert!(
        help.contains("Patient.contact.name.family") && !help.contains("period"),
        "{help}"
    );
    p("Practitioner.name.family", "P027", "Practitioner");
    one_row("Encounter.status", "encounter", "", "P028", "\"encounter\"");
}

#[test]
fn coarsenings_that_do_not_fit() {
    let p = |path: &str, more: &str, under: &str| one_row(path, "contact", more, "P044", under);
    p("Patient.gender", "coarsen = \"year\"", "\"year\"");
    p("Patient.address.city", "coarsen = \"zip3\"", "\"zip3\"");
    p(
        "Patient.address[use=work].state",
        "coarsen = \"state\"",
        "\"state\"",
    );
    p("Patient.meta.lastUpdated", "coarsen = \"year\"", "\"year\"");
    p("Patient.gender", "as = \"dateTime\"", "\"dateTime\"");
    one_row(
        "Patient.gender",
        "contact",
        "as = \"string\"",
        "P006",
        "\"string\"",
    );
}

#[test]
fn code_systems() {
    let code = "Patient.maritalStatus.coding.code";
    let quoted = format!("'{code}'");
    one_row(code, "demographic", "", "P045", &quoted);
    one_row(
        "Patient.gender",
        "demographic",
        "systems = [\"urn:x\"]",
        "P045",
        "'Patient.gender'",
    );
    let keyed = "Patient.maritalStatus.coding[system=\"urn:x\"].code";
    one_row(
        keyed,
        "demographic",
        "systems = [\"urn:x\"]",
        "P045",
        &format!("'{keyed}'"),
    );
}

#[test]
fn rows_that_clash() {
    let error = one_row(
        "Patient.birthDate",
        "demographic",
        "coarsen = \"month\"",
        "P046",
        "'Patient.birthDate'",
    );
    assert!(
        error
            .note
            .unwrap()
            .contains("`Patient.birthDate` at policies/mailer.toml:")
    );
    one_row(
        "Patient.name.family",
        "contact",
        "",
        "P046",
        "'Patient.name.family'",
    );
    let narrower = "Patient.telecom[system=email,use=home].value";
    one_row(narrower, "contact", "", "P046", &format!("'{narrower}'"));
    one_row(
        "Patient.address[0].postalCode",
        "contact",
        "",
        "P047",
        "'Patient.address[0].postalCode'",
    );
    let second = row("Patient.address[use=work].postalCode", "contact", "");
    load(&(policy() + &second), &ReadSet::default()).unwrap();
    let first = row("Patient.name[0].family", "contact", "");
    load(&(policy() + &first), &ReadSet::default()).unwrap();
}
