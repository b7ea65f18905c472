//! Resource blocks, parts and types: how often they are made and when.

use crate::scenario::{admitted, texts, translated, warnings};

#[test]
fn a_block_without_per_is_made_once_when_there_is_something() {
    let blocks = "resource Organization when MSH-4 present\n  name <- MSH-4.1\n\
                  resource Location\n  name <- PV1-3.1\n";
    assert_eq!(texts(&admitted(blocks, &["PID|1"])), [r#"{"name":"FAC"}"#]);
}

#[test]
fn per_a_field_makes_one_of_each_repetition() {
    let blocks = "resource Practitioner per PV1-7\n  identifier[].value <- .1\n  \
                  name[0].family <- .2.1\n  active <- true when .3 present\n";
    let translation = admitted(blocks, &["PV1||||||||", "PV1|||||||1^A~2^B^C"]);
    assert!(translation.resources.is_empty() || translation.resources.len() == 2);
    let translation = admitted(blocks, &["PV1|||||||1^A~2^B^C"]);
    assert_eq!(
        texts(&translation),
        [
            r#"{"identifier":[{"value":"1"}],"name":[{"family":"A"}]}"#,
            r#"{"identifier":[{"value":"2"}],"name":[{"family":"B"}],"active":true}"#
        ]
    );
}

#[test]
fn parts_make_inner_elements() {
    let blocks = "resource Patient per PID\n  part contact[] per NK1 when NK1-2 present\n    \
                  name.family <- NK1-2.1\n    part telecom[] per NK1-5\n      value <- .1\n      \
                  use <- \"home\"\n";
    let translation = admitted(blocks, &["PID|1", "NK1|1|A|||1~2", "NK1|2||||3", "NK1|3|B"]);
    assert_eq!(
        texts(&translation),
        [
            "{\"contact\":[{\"name\":{\"family\":\"A\"},\"telecom\":[{\"value\":\"1\",\
                \"use\":\"home\"},{\"value\":\"2\",\"use\":\"home\"}]},\
                {\"name\":{\"family\":\"B\"}}]}"
        ]
    );
}

#[test]
fn types_cast_to_types() {
    let blocks = "resource Patient per PID\n  identifier[] <- PID-3 : CX\n\
                  type CX to Identifier\n  value <- .1 required\n  assigner <- .4 : HD\n\
                  type HD to Reference\n  display <- .1\n  identifier.value <- .2\n";
    let translation = admitted(blocks, &["PID|||1^^^A&1.2.3&ISO~^^^B"]);
    assert_eq!(
        texts(&translation),
        [
            "{\"identifier\":[{\"value\":\"1\",\"assigner\":{\"display\":\"A\",\
                \"identifier\":{\"value\":\"1.2.3\"}}}]}"
        ]
    );
}

#[test]
fn a_literal_may_be_cast() {
    let blocks = "resource Observation per PID\n  status <- \"final\"\n  code.text <- PID-5.1\n  \
                  dataAbsentReason <- \"unknown\" : data-absent when not PID-8 present\n\
                  type data-absent to CodeableConcept\n  coding[0].code <- .1\n";
    let expected = "{\"status\":\"final\",\"code\":{\"text\":\"A\"},\
        \"dataAbsentReason\":{\"coding\":[{\"code\":\"unknown\"}]}}";
    assert_eq!(texts(&admitted(blocks, &["PID|||||A"])), [expected]);
    assert!(admitted(blocks, &["PID|1"]).resources.is_empty());
}

#[test]
fn one_id_is_one_resource() {
    let blocks = "resource Practitioner per PV1-7\n  id <- .1\n  name[0].family <- .2.1\n\
                  resource Practitioner per PV1-8\n  id <- .1\n  name[0].family <- .2.1\n";
    let same = admitted(blocks, &["PV1|||||||1^A|1^A"]);
    assert_eq!((same.resources.len(), same.warnings.len()), (1, 0));
    let other = admitted(blocks, &["PV1|||||||1^A|1^B"]);
    assert_eq!(texts(&other), [r#"{"id":"1","name":[{"family":"A"}]}"#]);
    assert_eq!(warnings(&other), ["R113 -"]);
}

#[test]
fn ids_are_checked() {
    let blocks = "resource Patient per PID\n  id <- PID-3.1\n  gender <- PID-8 | table(sex)\n";
    let translation = translated("ADT^A01", blocks, &["PID|||a b|||||F"]).unwrap();
    assert_eq!(texts(&translation), [r#"{"gender":"female"}"#]);
    assert_eq!(warnings(&translation), ["R111 PID-3[0].1"]);
}

#[test]
fn the_same_message_gives_the_same() {
    let blocks = "resource Patient per PID\n  id <- PID-3.1 | uuid5(\"a\")\n  \
                  identifier[].value <- PID-3.1 | hmac(\"link\")\n";
    let once = || texts(&admitted(blocks, &["PID|||1~2"]));
    assert_eq!(once(), once());
    let other = texts(&admitted(&blocks.replace("\"a\"", "\"b\""), &["PID|||1~2"]));
    assert_ne!(once(), other);
}
