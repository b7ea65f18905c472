//! Building a message and changing one that was received.

use std::borrow::Cow;

use isthmus_hl7v2::content::Content;
use isthmus_hl7v2::delimiters::Delimiters;
use isthmus_hl7v2::field::Presence;
use isthmus_hl7v2::location::Location;
use isthmus_hl7v2::message::{Limits, Message};
use isthmus_hl7v2::message_builder::MessageBuilder;
use isthmus_hl7v2::message_editor::{EditError, MessageEditor};
use isthmus_hl7v2::segment_name::SegmentName;
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

use crate::any_message::any_message;
use crate::leaves::leaves;

const ADT: &str = "MSH|^~\\&|EPIC|MERCY|||20260101||ADT^A01|42|P|2.5.1\r\n\
                   PID|1||123^^^MERCY^MR~9^^^SSA^SS||DOE^JANE^^\"\"||19700101|F\r\n\
                   NK1|1|A\r\nNK1|2|B&C^D";

fn name(text: &str) -> SegmentName {
    SegmentName::new(text.as_bytes()).unwrap()
}

fn at(path: &str) -> Location {
    Location::of_path(&path.parse().unwrap()).unwrap()
}

/// The message with one place set, or why it cannot be.
fn with(path: &str, content: Content<'_>) -> Result<String, EditError> {
    let message = Message::parse(ADT).unwrap();
    let mut editor = MessageEditor::new(&message);
    editor.set(at(path), content)?;
    Ok(editor.text())
}

#[test]
fn only_the_place_that_is_set_changes() {
    for (path, content, from, to) in [
        ("PID-8", Content::Text("M"), "|19700101|F", "|19700101|M"),
        ("PID-5.2", Content::Text("JO&ANN"), "^JANE^", "^JO\\T\\ANN^"),
        ("PID-3[1].1", Content::Text("8"), "~9^", "~8^"),
        ("PID-3[1]", Content::Empty, "~9^^^SSA^SS", "~"),
        (
            "PID-3[3].4.2",
            Content::Text("1.2"),
            "SSA^SS",
            "SSA^SS~~^^^&1.2",
        ),
        ("PID-5", Content::Null, "DOE^JANE^^\"\"", "\"\""),
        ("PID-5.4.2", Content::Text("x"), "^^\"\"", "^^\"\"&x"),
        (
            "PID-10",
            Content::Text("x"),
            "|19700101|F",
            "|19700101|F||x",
        ),
        ("NK1[1]-2.1.2", Content::Text("\"\""), "B&C", "B&\\X22\\\""),
        (
            "NK1[1]-2.1",
            Content::Text("a|b\r"),
            "B&C",
            "a\\F\\b\\X0D\\",
        ),
        ("NK1-3.2", Content::Text("x"), "NK1|1|A", "NK1|1|A|^x"),
        ("MSH-3", Content::Text("LAB"), "|EPIC|", "|LAB|"),
        (
            "MSH-18",
            Content::Text("8859/1"),
            "|2.5.1",
            "|2.5.1||||||8859/1",
        ),
    ] {
        assert!(ADT.contains(from));
        let changed = with(path, content).unwrap();
        assert_eq!(changed, ADT.replacen(from, to, 1), "{path}");
    }
}

#[test]
fn what_cannot_be_set_is_an_error_and_changes_nothing() {
    let message = Message::parse(ADT).unwrap();
    let mut editor = MessageEditor::new(&message);
    let no_segment = |segment, occurrence| {
        Err(EditError::NoSegment {
            segment: name(segment),
            occurrence,
        })
    };
    for (place, expected) in [
        (at("ZPI-1"), no_segment("ZPI", 1)),
        (at("NK1[2]-1"), no_segment("NK1", 3)),
        (at("MSH-1"), Err(EditError::Delimiters)),
        (at("MSH-2"), Err(EditError::Delimiters)),
        (at("PID"), Err(EditError::NoField)),
        (
            Location::segment(name("PID"), 1).field(0),
            Err(EditError::NoField),
        ),
        (at("PID-5").component(0), Err(EditError::NoField)),
    ] {
        assert_eq!(editor.set(place, "x"), expected, "{place}");
    }
    let beyond = EditError::NoRepetition { index: 2 };
    assert_eq!(editor.remove_repetition(at("PID-3[2]")), Err(beyond));
    assert_eq!(editor.insert_repetition(at("PID-3[2]"), "x"), Err(beyond));
    assert_eq!(editor.remove_segment(at("MSH")), Err(EditError::Header));
    assert_eq!(
        editor.insert_segment(0, name("EVN")),
        Err(EditError::Header)
    );
    assert_eq!(
        editor.insert_segment(1, SegmentName::MSH),
        Err(EditError::Header)
    );
    assert_eq!(editor.text(), ADT);
    for path in ["ORDER/NTE-1", "PID-3[]", "PID-3[5=\"MR\"]", "NK1[1..]-1"] {
        assert_eq!(Location::of_path(&path.parse().unwrap()), None, "{path}");
    }
}

#[test]
fn repetitions_are_added_and_taken_out() {
    let message = Message::parse(ADT).unwrap();
    let changed = |change: &dyn Fn(&mut MessageEditor<'_>) -> Result<(), EditError>| {
        let mut editor = MessageEditor::new(&message);
        change(&mut editor).unwrap();
        let text = editor.text();
        let line = text.split("\r\n").nth(1).unwrap();
        let mut fields = line.split('|');
        let third = fields.nth(3).unwrap().to_owned();
        (third, fields.nth(5).map(str::to_owned))
    };
    let third = |text: &str| (text.to_owned(), None);
    assert_eq!(
        changed(&|one| one.add_repetition(at("PID-3"), "7")),
        third("123^^^MERCY^MR~9^^^SSA^SS~7")
    );
    assert_eq!(
        changed(&|one| one.insert_repetition(at("PID-3[1]"), "7")),
        third("123^^^MERCY^MR~7~9^^^SSA^SS")
    );
    assert_eq!(
        changed(&|one| one.remove_repetition(at("PID-3[0]"))),
        third("9^^^SSA^SS")
    );
    assert_eq!(
        changed(&|one| one.remove_repetition(at("PID-3[1]"))),
        third("123^^^MERCY^MR")
    );
    let both = |one: &mut MessageEditor<'_>| {
        one.remove_repetition(at("PID-3[1]"))?;
        one.remove_repetition(at("PID-3[0]"))
    };
    assert_eq!(changed(&both), third(""));
    let first = changed(&|one| one.add_repetition(at("PID-9"), "x"));
    assert_eq!(first.1.as_deref(), Some("x"));
}

#[test]
fn segments_come_and_go_with_their_terminators() {
    let message = Message::parse(ADT).unwrap();
    let mut editor = MessageEditor::new(&message);
    editor.insert_segment(1, name("EVN")).unwrap();
    editor.set(at("EVN-1"), "A01").unwrap();
    editor.insert_segment(usize::MAX, name("ZPI")).unwrap();
    editor.set(at("ZPI-1.2"), "x").unwrap();
    editor.remove_segment(at("NK1")).unwrap();
    assert_eq!(editor.ordinal_of(name("NK1"), 1), Some(3));
    assert_eq!(editor.ordinal_of(name("NK1"), 2), None);
    let changed = editor.finish(&Limits::default()).unwrap();
    let expected = ADT
        .replace("PID|", "EVN|A01\r\nPID|")
        .replace("NK1|1|A\r\n", "")
        + "\r\nZPI|^x";
    assert_eq!(changed.text(), expected);
}

#[test]
fn a_new_message_has_what_was_written_and_no_empty_ends() {
    let source = Message::parse(ADT).unwrap();
    let patient = source.first(name("PID")).unwrap();
    let built = |delimiters: Delimiters| {
        let mut builder = MessageBuilder::new(delimiters);
        builder.segment(SegmentName::MSH, |header| {
            header.field("A|B").skip(4).field(Content::Empty);
            header
                .components(["ADT", "A01"])
                .field("1")
                .field("P")
                .field("2.5.1")
                .skip(3);
        });
        builder.segment(name("PID"), |pid| {
            pid.skip(2)
                .copy(patient.field(3))
                .skip(1)
                .copy(patient.field(5));
            pid.field(Content::Null).parts(|field| {
                field.component("a");
                field.component("b");
                field.subcomponent("c&d");
                field.repeat();
                field.component(Content::Null);
            });
        });
        builder.segment(name("ZZZ"), |_| {});
        builder
    };
    let usual = built(Delimiters::default());
    assert_eq!(
        usual.clone().text(),
        "MSH|^~\\&|A\\F\\B||||||ADT^A01|1|P|2.5.1\r\
         PID|||123^^^MERCY^MR~9^^^SSA^SS||DOE^JANE^^\"\"|\"\"|a^b&c\\T\\d~\"\"\rZZZ\r"
    );
    let message = usual.finish().unwrap();
    assert_eq!(message.segment_count(), 3);
    let other = Delimiters {
        field: b'#',
        component: b'!',
        truncation: Some(b'?'),
        ..Delimiters::default()
    };
    assert_eq!(
        built(other).text(),
        "MSH#!~\\&?#A|B######ADT!A01#1#P#2.5.1\r\
         PID###123!!!MERCY!MR~9!!!SSA!SS##DOE!JANE!!\"\"#\"\"#a!b&c\\T\\d~\"\"\rZZZ\r"
    );
    let shown = format!("{:?} {:?}", Content::Text("DOE"), built(other));
    assert!(!shown.contains("DOE"), "{shown}");
    let headless = MessageBuilder::new(Delimiters::default());
    assert!(headless.finish().is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(384))]

    #[test]
    fn an_unchanged_message_is_itself(text in any_message()) {
        let message = Message::parse(text.as_str()).unwrap();
        prop_assert_eq!(MessageEditor::new(&message).text(), text.as_str());
        let same = MessageEditor::new(&message).finish(&Limits::default()).unwrap();
        prop_assert_eq!(same.bytes(), text.as_bytes());
    }

    #[test]
    fn what_is_set_is_what_is_read_and_other_places_stay(
        text in any_message(),
        value in any::<String>(),
        place in (1_u16..6, 0_u16..3, 1_u16..4, 1_u16..4),
        ordinal in 0_usize..8,
    ) {
        let message = Message::parse(text.as_str()).unwrap();
        let ordinal = ordinal % message.segment_count();
        let segment = message.segment(ordinal).unwrap();
        let named = message.segments().take(ordinal).filter(|one| one.name() == segment.name());
        let occurrence = u32::try_from(named.count()).unwrap() + 1;
        let (field, repetition, component, subcomponent) = place;
        let field = if ordinal == 0 { field + 2 } else { field };
        let at = Location::segment(segment.name(), occurrence)
            .field(field)
            .repetition(repetition)
            .component(component)
            .subcomponent(subcomponent);
        let mut editor = MessageEditor::new(&message);
        editor.set(at, value.as_str()).unwrap();
        let changed = editor.finish(&Limits::default()).unwrap();
        let read = |message: &Message| {
            let field = message.segment(ordinal).unwrap().field(usize::from(field));
            let repetition = field.repetition(usize::from(repetition));
            let leaf = repetition.component(usize::from(component));
            let leaf = leaf.subcomponent(usize::from(subcomponent));
            leaf.value().map(Cow::into_owned)
        };
        let expected = (!value.is_empty()).then(|| value.clone());
        prop_assert_eq!(read(&changed), expected);
        let own = format!(
            "{ordinal} {field} {repetition} {} {}",
            component - 1,
            subcomponent - 1
        );
        let after = leaves(&changed);
        let others = |leaves: Vec<(String, Presence, Option<String>)>| {
            let valued = leaves.into_iter().filter(|(place, state, _)| {
                let is_sent = matches!(state, Presence::Value | Presence::Null);
                is_sent && *place != own
            });
            valued.collect::<Vec<_>>()
        };
        prop_assert_eq!(others(leaves(&message)), others(after));
        for (before, now) in message.segments().zip(changed.segments()) {
            let is_own = before.ordinal() as usize == ordinal;
            prop_assert!(is_own || before.raw() == now.raw());
        }
    }
}
