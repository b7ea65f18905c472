//! Maps from FHIR resources to records.

use crate::scenario::{context, element, faults, json, only, record_files};

const PATIENT: &str = "{\"resourceType\":\"Patient\",\"id\":\"1\",\"gender\":\"female\",\
    \"name\":[{\"use\":\"usual\",\"family\":\"U\"},{\"use\":\"official\",\"family\":\"Doe\",\
    \"given\":[\"Ann\",\"B\"]}],\"birthDate\":\"1989-01-18\",\"telecom\":[{\"system\":\"phone\",\
    \"value\":\"555 123 4567\"},{\"system\":\"email\",\"value\":\"A@B.example\"}],\
    \"deceasedBoolean\":false,\"multipleBirthInteger\":2}";
const FIRST: &str =
    r#"{"resourceType":"Observation","id":"a","status":"final","valueQuantity":{"value":1.50}}"#;
const SECOND: &str = r#"{"resourceType":"Observation","id":"b","status":"amended"}"#;

fn shaped(header: &str, rows: &str) -> Vec<String> {
    let resources = [PATIENT, FIRST, SECOND].map(element);
    let shaping = only(&record_files(header, rows))
        .shape(&resources, &context())
        .unwrap();
    shaping.records.iter().map(json).collect()
}

#[test]
fn a_record_is_nested_objects() {
    let rows = "record person
  key              <- p.id | hmac(\"link\") required
  name.last        <- p.name[use=official].family // p.name[0].family
  name.first       <- p.name[use=official].given[0]
  born             <- p.birthDate | year
  email            <- p.telecom[system=email].value | lower
  phone            <- p.telecom[system=phone].value | e164(\"US\")
  alive            <- p.deceasedBoolean | negate
  births           <- p.multipleBirthInteger
  optin            <- consent(\"email\")
  nothing          <- p.maritalStatus.text
";
    let found = shaped("key key\non-null skip\n", rows);
    let (head, rest) = found[0].split_once("\",").unwrap();
    assert_eq!(head.len(), "{\"key\":\"".len() + 64);
    assert_eq!(
        rest,
        "\"name\":{\"last\":\"Doe\",\"first\":\"Ann\"},\"born\":\"1989\",\
            \"email\":\"a@b.example\",\"phone\":\"+15551234567\",\"alive\":true,\"births\":2,\
            \"optin\":true}"
    );
    let map = only(&record_files("key key\non-null skip\n", rows));
    assert_eq!((map.key(), map.record()), (Some("key"), Some("crm.person")));
}

#[test]
fn per_an_alias_makes_one_record_a_resource() {
    let rows = "record result per o\n  id <- o.id required\n  who <- p.id\n  \
                value <- o.valueQuantity.value\n  final <- o.status when o.status in (\"final\")\n";
    assert_eq!(
        shaped("", rows),
        [
            r#"{"id":"a","who":"1","value":1.50,"final":"final"}"#,
            r#"{"id":"b","who":"1"}"#
        ]
    );
    assert_eq!(
        shaped("", "record result\n  id <- o.id\n"),
        [r#"{"id":"a"}"#]
    );
}

#[test]
fn per_an_element_makes_one_record_of_each() {
    let rows = "record name per p.name as n when n.use present\n  \
                family <- n.family\n  given <- n.given[0]\n";
    assert_eq!(
        shaped("", rows),
        [r#"{"family":"U"}"#, r#"{"family":"Doe","given":"Ann"}"#]
    );
}

#[test]
fn without_resources_there_is_no_record() {
    let map = only(&record_files(
        "",
        "record x\n  a <- p.id required\n  b <- \"c\"\n",
    ));
    assert!(map.shape(&[], &context()).unwrap().records.is_empty());
}

#[test]
fn a_null_clears_nothing_and_a_map_that_asks_for_it_is_refused() {
    let rows = "record x\n  a <- p.id required\n";
    let found = faults(&record_files("on-null clear\n", rows));
    let messages: Vec<_> = found.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "`on-null clear` is not accepted by this version; write `on-null skip`: a null writes \
          nothing into the record"
        ]
    );
    assert_eq!(faults(&record_files("on-null skip\n", rows)), []);
}

#[test]
fn a_record_may_be_an_hl7_v2_message_with_fields_by_number() {
    let rows = "record update
  type                <- \"ADT\"
  event               <- \"A08\"
  segments.EVN.2      <- received-at() | ts
  segments.PID.5.1.1  <- p.name[use=official].family
  segments.PID.5.2    <- p.name[use=official].given[0]
  segments.PID.7      <- p.birthDate | ts
  segments.PID.16     <- p.maritalStatus.text
  segments.PID.24     <- p.deceasedBoolean
";
    assert_eq!(
        shaped("on-null skip\n", rows),
        [
            r#"{"type":"ADT","event":"A08","segments":{"EVN":{"2":"20260102030405.000+0000"},"#
                .to_owned()
                + r#""PID":{"5":{"1":{"1":"Doe"},"2":"Ann"},"7":"19890118","24":false}}}"#
        ]
    );
}

#[test]
fn numbers_stand_behind_a_name_and_without_leading_zeros() {
    for path in [
        "3",
        "3.PID",
        "segments.PID.03",
        "segments.PID.",
        "segments.PID.3x",
        "a.0",
    ] {
        let rows = format!("record update\n  {path} <- p.birthDate\n");
        let found = faults(&record_files("", &rows));
        let told = found
            .iter()
            .any(|one| one.message.starts_with("a record's path is names"));
        assert!(told, "{path}: {found:?}");
    }
}
