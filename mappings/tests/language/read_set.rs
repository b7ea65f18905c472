//! The read set is exact: values, conditions, keys, iterations and casts, each with its place.

use isthmus_mappings::reads::Purpose;

use crate::scenario::{files, only, record_files};

#[test]
fn a_record_map_tells_every_path_it_reads() {
    let rows = "record x per o when o.status = \"final\"
  a <- p.name[use=official].given[0] // p.name[0].given[0] | upper when p.birthDate present
  choose p.gender
    case \"male\"
      b <- consent(\"email\")
    else
      b <- o.id | hmac(\"link\")
";
    let map = only(&record_files("", rows));
    let reads: Vec<String> = map
        .trace()
        .reads
        .iter()
        .map(|read| {
            assert_eq!(read.element.as_ref().unwrap().to_string(), read.path);
            format!("{} {:?} {}", read.path, read.purpose, read.place.line)
        })
        .collect();
    assert_eq!(
        reads,
        [
            "Observation Control 4",
            "Observation.status Control 4",
            "Patient.birthDate Control 5",
            "Patient.name[use=official].given[0] Value 5",
            "Patient.name.use Key 5",
            "Patient.name[0].given[0] Value 5",
            "Patient.gender Control 6",
            "Observation.id Value 10",
        ]
    );
    assert_eq!(map.trace().consents, ["email"]);
    let first = &map.trace().lineage[0];
    assert_eq!(
        (first.target.as_str(), first.functions.as_slice()),
        ("a", &["upper".to_owned()][..])
    );
    assert_eq!(first.sources.len(), 2);
    let conditions: Vec<&str> = first
        .conditions
        .iter()
        .map(|read| read.path.as_str())
        .collect();
    assert_eq!(
        conditions,
        [
            "Patient.name.use",
            "Observation",
            "Observation.status",
            "Patient.birthDate"
        ]
    );
}

#[test]
fn casts_are_read_down_to_their_leaves() {
    let blocks = "resource Patient per PID when PV1-2 present
  identifier[] <- PID-3[5=\"MR\"] : CX
  name[]       <- PID-5 : XPN
  gender       <- PID-8 | table(sex)
type CX to Identifier
  value     <- .1
  assigner  <- .4 : HD
type HD to Reference
  display   <- .1 when .3 present
type XPN to HumanName
  family    <- .1
";
    let map = only(&files("ADT^A01", blocks));
    let reads: Vec<(&str, Purpose)> = map
        .trace()
        .reads
        .iter()
        .map(|read| (read.path.as_str(), read.purpose))
        .collect();
    assert_eq!(
        reads,
        [
            ("PID", Purpose::Control),
            ("PV1-2", Purpose::Control),
            ("PID-3[5=\"MR\"].1", Purpose::Value),
            ("PID-3[5=\"MR\"].4.3", Purpose::Control),
            ("PID-3[5=\"MR\"].4.1", Purpose::Value),
            ("PID-3.5", Purpose::Key),
            ("PID-5.1.1", Purpose::Value),
            ("PID-8.1", Purpose::Value),
        ]
    );
    let targets: Vec<&str> = map
        .trace()
        .lineage
        .iter()
        .map(|row| row.target.as_str())
        .collect();
    assert_eq!(
        targets,
        [
            "Patient.identifier[].value",
            "Patient.identifier[].assigner.display",
            "Patient.name[].family",
            "Patient.gender"
        ]
    );
}
