//! A small ADT map from text to resources. What each rule of the language means is tested in
//! `semantics`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests may be blunt"
)]

use isthmus_core::clock::Timestamp;
use isthmus_core::diagnostic::Renderer;
use isthmus_fhir::element::Element;
use isthmus_fhir::json::writer::write;
use isthmus_hl7v2::message::Message;
use isthmus_mappings::context::RunContext;
use isthmus_mappings::library::Library;
use isthmus_mappings::loader::Files;

const MAP: &str = r#"map   test.adt 1.0.0
from  hl7v2 ADT^A01,A04,A08
to    fhir R4
table sex = tables/sex.csv unmapped default "unknown"
const ssn = "http://hl7.org/fhir/sid/us-ssn"

resource Patient as patient per PID
  id                       <- PID-3[5="MR"].1 // PID-3[0].1, PID-3[0].4.1 // MSH-4.1 | uuid5("test/patient") required
  identifier[]             <- PID-3 : CX                        required
  identifier[system=$ssn].value <- PID-19 | digits
  name[]                   <- PID-5 : XPN
  telecom[use=home]        <- PID-13 : XTN
  gender                   <- PID-8 | table(sex)                required
  birthDate                <- PID-7 | date
  address[0].district      <- PID-12 when count(PID-11) = 1 and not PID-11.9 present
  managingOrganization     <- ref(org)
  deceasedBoolean          <- PID-30 | yes-no when not PID-29 present
  deceasedDateTime         <- PID-29 | datetime
  part extension[url="http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"] when PID-10 present
    extension[url="text"].valueString <- PID-10[0].2 // PID-10[0].1 required
  warn "PID-7 is not a calendar date" when PID-7 present and not is-date(PID-7)

resource Organization as org when MSH-4 present
  id   <- MSH-4.1 | uuid5("test/organization") required
  name <- MSH-4.1

type XPN to HumanName
  family       <- .1.1
  given[0]     <- .2
  given[1..]   <- .3 | split(" ")
  suffix[0]    <- .4

type CX to Identifier
  value        <- .1 required
  assigner.display <- .4.1

type XTN to ContactPoint
  value        <- .1 // .12 required
  system       <- "phone"
"#;

const MESSAGE: &str = "MSH|^~\\&|APP|FAC|GW|GW|20260102030405-0500||ADT^A01|1|P|2.5\r\
EVN|A01|20260102\r\
PID|1||123^^^AUTH^MR~456^^^B^SS||Doe^Jane^Q R^Jr~\"\"||19890118000000|F||2106-3^White||County|\
(555) 123~(555) 456||||||999-99-9999\r\
PV1|1|I\r";

fn json(element: &Element) -> String {
    let mut bytes = Vec::new();
    write(element, &mut bytes);
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_patient_and_its_organization() {
    let files = Files::default()
        .with_map("hl7v2-to-fhir/adt.rmap", MAP)
        .with_table("tables/sex.csv", "from,to\nF,female\nM,male\n");
    let library = Library::of(&files, None);
    let shown = Renderer::default().render_all(library.diagnostics());
    assert_eq!(shown, "");
    let map = library.for_event("ADT", "A04").unwrap();
    let message = Message::parse(MESSAGE.as_bytes()).unwrap();
    let context = RunContext::new(Timestamp::from_unix_millis(0));
    let translation = map.translate(&message, &context).unwrap();
    let texts: Vec<String> = translation
        .resources
        .iter()
        .map(|one| json(&Element::from(one.clone())))
        .collect();
    for text in &texts {
        println!("{text}");
    }
    for read in &map.trace().reads {
        println!("{} {:?} {}", read.path, read.purpose, read.place);
    }
    assert_eq!(texts.len(), 2);
    assert!(texts[0].contains("\"given\":[\"Jane\",\"Q\",\"R\"]"));
    assert!(translation.warnings.is_empty());
}
