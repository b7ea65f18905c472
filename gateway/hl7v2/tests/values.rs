//! Typed reads through the public face: every accessor gives its place, and the four states stay
//! apart. Time stamps and plain numbers are tested where they are read. Persons are invented.
#![allow(clippy::unwrap_used, reason = "tests may be blunt")]

use isthmus_hl7v2::field::{Field, Presence};
use isthmus_hl7v2::message::Message;
use isthmus_hl7v2::segment_name::SegmentName;
use isthmus_hl7v2::value::address::Address;
use isthmus_hl7v2::value::coded::Coded;
use isthmus_hl7v2::value::hierarchic_designator::HierarchicDesignator;
use isthmus_hl7v2::value::identifier::Identifier;
use isthmus_hl7v2::value::numeric::Numeric;
use isthmus_hl7v2::value::person_name::PersonName;
use isthmus_hl7v2::value::structured_numeric::{Comparator, Measured, StructuredNumeric};
use isthmus_hl7v2::value::telecom::Telecom;
use isthmus_hl7v2::value::time_stamp::TimeStamp;

fn message(line: &str) -> Message {
    Message::parse(format!("MSH|^~\\&|APP^1.2.3^ISO|FAC\r{line}\r")).unwrap()
}

fn field<'m>(message: &'m Message, name: &[u8], number: usize) -> Field<'m> {
    let name = SegmentName::new(name).unwrap();
    message.first(name).unwrap().field(number)
}

#[test]
fn an_identifier_names_its_authority_and_its_kind() {
    let message =
        message("PID|1||8^4^M11^CLINIC&2.999.1&ISO^MR^&2.999.2&ISO^2020~9^^^&2.999.3&ISO~7");
    let all: Vec<Identifier<'_>> = field(&message, b"PID", 3)
        .repetitions()
        .map(Identifier::from)
        .collect();
    let [first, second, third] = all.as_slice() else {
        unreachable!("three repetitions");
    };
    assert_eq!(first.id().value().unwrap(), "8");
    assert_eq!(first.check_digit().raw(), "4");
    assert_eq!(first.check_digit_scheme().raw(), "M11");
    assert_eq!(first.type_code().raw(), "MR");
    assert_eq!(first.assigning_authority().name().unwrap(), "CLINIC");
    assert_eq!(first.assigning_authority().universal_id_type().raw(), "ISO");
    assert_eq!(first.assigning_facility().name().unwrap(), "2.999.2");
    assert_eq!(first.effective_date().raw(), "2020");
    assert_eq!(first.expiration_date().presence(), Presence::Absent);
    assert_eq!(second.assigning_authority().name().unwrap(), "2.999.3");
    assert_eq!(third.assigning_authority().name(), None);
    let application = HierarchicDesignator::from(field(&message, b"MSH", 3));
    assert_eq!(application.namespace_id().raw(), "APP");
    assert_eq!(application.universal_id().raw(), "1.2.3");
}

#[test]
fn a_name_is_read_by_its_parts() {
    let message = message("PID|1||7||van Dyk&van&Dyk&de&Vries^Jo\\T\\Ann^\"\"^^DR^^L^A");
    let name = PersonName::from(field(&message, b"PID", 5).repetition(0));
    assert_eq!(name.presence(), Presence::Value);
    let family = [
        name.surname(),
        name.own_surname_prefix(),
        name.own_surname(),
        name.partner_surname_prefix(),
        name.partner_surname(),
    ];
    let family = family.map(|one| one.raw());
    assert_eq!(family, ["van Dyk", "van", "Dyk", "de", "Vries"]);
    assert_eq!(name.given().value().unwrap(), "Jo&Ann");
    let rest = [name.prefix(), name.type_code(), name.representation()];
    assert_eq!(rest.map(|one| one.raw()), ["DR", "L", "A"]);
    let states = [
        name.further_given(),
        name.suffix(),
        name.professional_suffix(),
    ];
    let states = states.map(|one| one.presence());
    assert_eq!(states, [Presence::Null, Presence::Empty, Presence::Absent]);
}

#[test]
fn an_address_and_a_telephone_number_are_read_by_their_parts() {
    let message = message(
        "PID|1||7||||||||1 Main St&Main St&1^Apt 2^Town^ZZ^00000^USA^H^^Shire||\
         +1 555 0100^PRN^PH^^1^555^0100^9^call late",
    );
    let address = Address::from(field(&message, b"PID", 11).repetition(0));
    let street = [
        address.street_line(),
        address.street_name(),
        address.dwelling_number(),
    ];
    let street = street.map(|one| one.raw());
    assert_eq!(street, ["1 Main St", "Main St", "1"]);
    let rest = [
        address.other_designation(),
        address.city(),
        address.state(),
        address.postal_code(),
        address.country(),
        address.type_code(),
        address.county(),
    ];
    let rest = rest.map(|one| one.raw());
    let expected = ["Apt 2", "Town", "ZZ", "00000", "USA", "H", "Shire"];
    assert_eq!(rest, expected);
    let telecom = Telecom::from(field(&message, b"PID", 13).repetition(0));
    let parts = [
        telecom.text(),
        telecom.use_code(),
        telecom.equipment_type(),
        telecom.country_code(),
        telecom.area_code(),
        telecom.local_number(),
        telecom.extension(),
        telecom.remark(),
    ];
    let parts = parts.map(|one| one.raw());
    let expected = [
        "+1 555 0100",
        "PRN",
        "PH",
        "1",
        "555",
        "0100",
        "9",
        "call late",
    ];
    assert_eq!(parts, expected);
    assert_eq!(telecom.address().presence(), Presence::Empty);
}

#[test]
fn a_code_has_an_alternate_and_a_null_code_is_null_throughout() {
    let message = message("OBX|1|CWE|789-8^RBC^LN^1^Red^L^2.7^3^red cells||\"\"");
    let coded = Coded::from(field(&message, b"OBX", 3).repetition(0));
    let parts = [
        coded.code(),
        coded.text(),
        coded.system(),
        coded.alternate_code(),
        coded.alternate_text(),
        coded.alternate_system(),
        coded.system_version(),
        coded.alternate_system_version(),
        coded.original_text(),
    ];
    let parts = parts.map(|one| one.raw());
    let expected = [
        "789-8",
        "RBC",
        "LN",
        "1",
        "Red",
        "L",
        "2.7",
        "3",
        "red cells",
    ];
    assert_eq!(parts, expected);
    let null = Coded::from(field(&message, b"OBX", 5).repetition(0));
    assert_eq!(null.presence(), Presence::Null);
    assert_eq!(null.alternate_system().presence(), Presence::Null);
    let absent = Coded::from(field(&message, b"OBX", 6).repetition(0));
    assert_eq!(absent.presence(), Presence::Absent);
}

#[test]
fn structured_numbers_say_what_they_say_and_nothing_is_guessed() {
    let number = |text| Numeric::read(text).unwrap();
    let ratio = |comparator| Measured::Ratio(comparator, number("1"), number("128"));
    let single = |comparator, text| Some(Measured::Single(comparator, number(text)));
    for (written, expected) in [
        ("^5", single(Comparator::Equal, "5")),
        ("=^5.10", single(Comparator::Equal, "5.10")),
        (">^100", single(Comparator::Greater, "100")),
        (">=^100", single(Comparator::GreaterOrEqual, "100")),
        ("<^-1", single(Comparator::Less, "-1")),
        ("<=^1", single(Comparator::LessOrEqual, "1")),
        ("<>^1", single(Comparator::NotEqual, "1")),
        ("^2^+", Some(Measured::AndMore(number("2")))),
        (
            "^100^-^200",
            Some(Measured::Range(number("100"), number("200"))),
        ),
        ("^1^:^128", Some(ratio(Comparator::Equal))),
        (">^1^/^128", Some(ratio(Comparator::Greater))),
        (">^100^-^200", None),
        ("^100^-", None),
        ("^100^^200", None),
        ("^2^+^3", None),
        ("^1^.^5", None),
        ("~^1", None),
        ("ca.^1", None),
        ("^high", None),
        ("^", None),
        ("\"\"", None),
    ] {
        let message = message(&format!("OBX|1|SN|1||{written}"));
        let place = field(&message, b"OBX", 5).repetition(0);
        assert_eq!(StructuredNumeric::from(place).read(), expected, "{written}");
    }
    let shown = format!(
        "{:?} {:?}",
        number("74.5"),
        TimeStamp::read("19840617").unwrap()
    );
    assert_eq!(shown, "Numeric(2, 1 digits) TimeStamp(Day)");
}
