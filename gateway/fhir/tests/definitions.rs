//! What the definitions of R4 say, through the public API, and that the tables in the tree are
//! what the command makes of the facts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may be blunt"
)]

use isthmus_fhir::definitions::binding::BindingStrength;
use isthmus_fhir::definitions::element_definition::ElementDefinition;
use isthmus_fhir::definitions::r4::Definitions;
use isthmus_fhir::definitions::rows::Kind;
use isthmus_fhir::definitions::structure::{Member, MemberProblem};
use isthmus_fhir::name::Name;
use isthmus_fhir::operation_outcome::{Issue, IssueType, Severity, operation_outcome};
use std::io::Write as _;
use std::path::Path;

fn member(structure: &str, names: &[&str]) -> Result<Member, MemberProblem> {
    let (first, below) = names.split_first().unwrap();
    let first = Definitions::r4()
        .structure(structure)
        .unwrap()
        .member(first);
    below.iter().fold(first, |above, name| above?.member(name))
}

fn names(elements: impl IntoIterator<Item = ElementDefinition>) -> Vec<&'static str> {
    elements.into_iter().map(ElementDefinition::name).collect()
}

#[test]
fn the_tables_are_what_the_command_makes() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let facts = home.join("../../../shared/data/fhir-r4");
    if !facts.exists() {
        assert!(
            std::env::var_os("CI").is_none(),
            "shared/data/fhir-r4 is missing"
        );
        let line = b"SKIPPED: shared/data/fhir-r4 is not beside the checkout\n";
        std::io::stderr().write_all(line).unwrap();
        return;
    }
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join("made-definitions");
    let arguments = [
        "run",
        "--quiet",
        "-p",
        "isthmus-fhir",
        "--example",
        "make_definitions",
        "--",
    ];
    let status = std::process::Command::new(env!("CARGO"))
        .args(arguments)
        .args([&facts, &made])
        .status();
    assert!(status.unwrap().success(), "make_definitions failed");
    for name in ["names.txt", "elements.txt", "codes.txt"] {
        let read = |folder: &Path| std::fs::read_to_string(folder.join(name)).unwrap();
        let same = read(&home.join("definitions")) == read(&made);
        assert!(same, "{name} differs: run make_definitions again");
    }
}

#[test]
fn structures_have_kinds_and_bases() {
    let r4 = Definitions::r4();
    let patient = r4.structure("Patient").unwrap();
    assert_eq!(
        (patient.kind(), patient.is_abstract()),
        (Kind::Resource, false)
    );
    assert_eq!(patient.base().unwrap().name(), "DomainResource");
    assert_eq!(patient.base().unwrap().base().unwrap().name(), "Resource");
    assert!(r4.structure("Resource").unwrap().is_abstract());
    assert_eq!(r4.structure("positiveInt").unwrap().kind(), Kind::Primitive);
    assert_eq!(r4.structure("HumanName").unwrap().kind(), Kind::Complex);
    assert!(r4.structure("patient").is_none() && r4.structure("").is_none());
    assert!(r4.structure("SubscriptionStatus").is_none(), "an R4B type");
    let count = |kind| {
        r4.structures()
            .filter(|structure| structure.kind() == kind)
            .count()
    };
    assert_eq!((count(Kind::Primitive), count(Kind::Resource)), (20, 148));
}

#[test]
fn elements_say_what_they_may_hold() {
    let patient = Definitions::r4().structure("Patient").unwrap();
    let all = names(patient.elements());
    assert!(all.starts_with(&[
        "id",
        "meta",
        "implicitRules",
        "language",
        "text",
        "contained"
    ]));
    assert!(all.contains(&"deceased[x]") && !all.contains(&"relationship"));
    let gender = patient.element("gender").unwrap();
    assert_eq!(
        (gender.min(), gender.max(), gender.repeats()),
        (0, Some(1), false)
    );
    assert_eq!(gender.path(), "Patient.gender");
    assert!(gender.is_summary() && !gender.is_modifier());
    let binding = gender.binding().unwrap();
    assert_eq!(binding.strength, BindingStrength::Required);
    assert_eq!(
        binding.value_set,
        "http://hl7.org/fhir/ValueSet/administrative-gender"
    );
    assert!(patient.element("active").unwrap().is_modifier());
    assert_eq!(patient.element("name").unwrap().max(), None);
    assert_eq!(patient.element("id").unwrap().order(), 0);
    assert!(gender.order() < patient.element("birthDate").unwrap().order());
    let organization = patient.element("managingOrganization").unwrap();
    let reference = organization.types().next().unwrap();
    assert_eq!(reference.name, "Reference");
    assert_eq!(reference.targets().collect::<Vec<_>>(), ["Organization"]);
    let subject = member("Observation", &["subject"]).unwrap().element();
    assert_eq!(subject.types().next().unwrap().targets().count(), 4);
}

#[test]
fn choices_are_resolved_by_the_members_name() {
    let quantity = member("Observation", &["valueQuantity"]).unwrap();
    assert_eq!(
        (quantity.type_name(), quantity.element().name()),
        ("Quantity", "value[x]")
    );
    assert_eq!(
        member("Observation", &["valueDateTime"])
            .unwrap()
            .type_name(),
        "dateTime"
    );
    assert_eq!(
        member("Observation", &["valueAddress"]),
        Err(MemberProblem::Unknown)
    );
    assert_eq!(
        member("Observation", &["valuequantity"]),
        Err(MemberProblem::Unknown)
    );
    let Err(MemberProblem::ChoiceWithoutType(typed)) = member("Patient", &["deceased"]) else {
        panic!("a choice must name its type");
    };
    assert_eq!(typed, ["deceasedBoolean", "deceasedDateTime"]);
    let extension = member("Patient", &["extension", "valueCoding", "code"]).unwrap();
    assert!(extension.is_primitive() && extension.type_name() == "code");
}

#[test]
fn members_are_found_through_backbones_references_and_bases() {
    assert_eq!(
        member("Patient", &["contact", "name", "family"])
            .unwrap()
            .type_name(),
        "string"
    );
    let nested = member("Questionnaire", &["item", "item", "item", "linkId"]).unwrap();
    assert_eq!(nested.element().path(), "Questionnaire.item.linkId");
    let reference = member("Observation", &["component", "referenceRange"]).unwrap();
    assert_eq!(
        reference.element().content_reference(),
        Some("Observation.referenceRange")
    );
    assert!(names(reference.elements()).contains(&"appliesTo"));
    assert!(member("Patient", &["contact", "modifierExtension", "url"]).is_ok());
    assert!(member("Patient", &["meta", "security", "code"]).is_ok());
    assert!(member("Bundle", &["entry", "resource", "id"]).is_ok());
    assert!(member("Timing", &["repeat", "boundsPeriod", "start"]).is_ok());
    assert!(member("Patient", &["birthDate", "extension", "url"]).is_ok());
    assert_eq!(
        member("Patient", &["birthDate", "value"]),
        Err(MemberProblem::BelowPrimitive)
    );
    assert_eq!(
        member("Patient", &["relationship"]),
        Err(MemberProblem::Unknown)
    );
    assert_eq!(
        member("Patient", &["contact", "birthDate"]),
        Err(MemberProblem::Unknown)
    );
}

#[test]
fn every_element_leads_somewhere_and_every_name_is_known() {
    for structure in Definitions::r4().structures() {
        for element in structure.elements() {
            for name in element.member_names() {
                let member = structure.member(&name).unwrap();
                assert_eq!(member.element(), element);
                assert!(Name::new(&name).is_known(), "{name}");
                assert!(!member.elements().is_empty(), "{}", element.path());
                if member.is_primitive() {
                    assert!(Name::new(&name).sibling().is_known(), "_{name}");
                }
            }
        }
    }
}

#[test]
fn required_codes_can_be_listed() {
    let r4 = Definitions::r4();
    let url = "http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1";
    let codes: Vec<_> = r4.required_codes(url).unwrap().collect();
    assert_eq!(codes.len(), 4);
    assert!(
        codes
            .iter()
            .all(|code| code.system == "http://hl7.org/fhir/administrative-gender")
    );
    assert!(
        codes
            .iter()
            .any(|code| code.code == "female" && code.display == "Female")
    );
    assert!(
        r4.required_codes("http://hl7.org/fhir/ValueSet/mimetypes")
            .is_none()
    );
    let licences = r4
        .required_codes("http://hl7.org/fhir/ValueSet/spdx-license")
        .unwrap();
    assert!(
        licences
            .into_iter()
            .any(|code| code.display.contains("\"Simplified\""))
    );
}

#[test]
fn issues_have_the_codes_of_their_value_sets_and_make_a_valid_outcome() {
    let listed = |name: &str| -> Vec<&str> {
        let url = format!("http://hl7.org/fhir/ValueSet/{name}");
        let mut codes: Vec<_> = Definitions::r4()
            .required_codes(&url)
            .unwrap()
            .map(|code| code.code)
            .collect();
        codes.sort_unstable();
        codes
    };
    let mut types = IssueType::ALL.map(IssueType::code);
    types.sort_unstable();
    assert_eq!(listed("issue-type"), types);
    let mut severities = Severity::ALL.map(Severity::code);
    severities.sort_unstable();
    assert_eq!(listed("issue-severity"), severities);

    let outcome = operation_outcome(&[Issue {
        severity: Severity::Error,
        code: IssueType::Required,
        expression: Some("Patient.name[0].family".to_owned()),
        diagnostics: "a family name is needed; send one",
    }]);
    let mut json = Vec::new();
    isthmus_fhir::json::writer::write_object(outcome.object(), &mut json);
    assert_eq!(
        String::from_utf8(json).unwrap(),
        "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"error\",\
         \"code\":\"required\",\"diagnostics\":\"a family name is needed; send one\",\
         \"expression\":[\"Patient.name[0].family\"]}]}"
    );
}
