//! The form that a record has when it is an HL7 v2 message: segments by name with fields by number.
//! Here it is read and written as segments; the header comes from the route, in `template`.

use isthmus_core::id::hexadecimal;
use isthmus_fhir::element::{Element, Object};
use isthmus_fhir::json::limits::Limits;
use isthmus_fhir::json::reader::read;
use isthmus_hl7v2::delimiters::Delimiters;
use isthmus_hl7v2::escape::escape;
use isthmus_hl7v2::segment_name::SegmentName;

/// The highest number of a field, below what readers of HL7 v2 bound.
const FIELDS_MAX: usize = 999;
/// The highest number of a component or subcomponent.
const PARTS_MAX: usize = 99;
/// At most this many segments.
const SEGMENTS_MAX: usize = 10_000;
/// HL7's null (HL7 v2.5.1 chapter 2, section 2.5.3).
const NULL: &str = "\"\"";
/// Segments that are about a message or a batch and so are not of a record.
const ENVELOPE: [&str; 6] = ["MSH", "FHS", "FTS", "BHS", "BTS", "MSA"];

/// A record as a message without its header.
#[derive(PartialEq, Eq)]
pub(crate) struct MessageBody {
    /// MSH-9.1, such as `ADT`.
    pub(crate) message_type: String,
    /// MSH-9.2, such as `A08`.
    pub(crate) event: String,
    /// MSH-9.3, such as `ADT_A01`; empty when the record does not say.
    pub(crate) structure: String,
    /// The segments, a carriage return behind each.
    pub(crate) segments: String,
}

/// Why a record is no message. Codes, never a value or a name of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FormFault {
    /// `type`, `event` or `structure` is absent or no such name, or there is another member.
    Header,
    /// A segment has no name of one, or one that a record cannot have.
    Segment,
    /// A field, component or subcomponent has no number of one, or lies too deep.
    Field,
    /// It has more segments than one message may.
    TooLong,
    /// No segment has a value.
    Empty,
}

impl FormFault {
    /// The code by which the record is refused.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Header => "record-header",
            Self::Segment => "record-segment",
            Self::Field => "record-field",
            Self::TooLong => "record-too-long",
            Self::Empty => "record-empty",
        }
    }
}

impl MessageBody {
    /// Reads a record.
    pub(crate) fn read(record: &[u8]) -> Result<Self, FormFault> {
        let tree = read(record, Limits::default()).map_err(|_text| FormFault::Header)?;
        let object = tree.as_object().ok_or(FormFault::Header)?;
        let known = ["type", "event", "structure", "segments"];
        if object
            .members()
            .any(|(name, _)| !known.contains(&name.as_str()))
        {
            return Err(FormFault::Header);
        }
        let mut segments = Segments::default();
        segments.write_all(object.get("segments").ok_or(FormFault::Segment)?)?;
        if segments.count == 0 {
            return Err(FormFault::Empty);
        }
        Ok(Self {
            message_type: required(object, "type")?,
            event: required(object, "event")?,
            structure: optional(object, "structure")?,
            segments: segments.text,
        })
    }
}

fn required(object: &Object, name: &str) -> Result<String, FormFault> {
    let text = optional(object, name)?;
    if text.is_empty() || text.len() > 3 {
        return Err(FormFault::Header);
    }
    Ok(text)
}

/// A code of MSH-9: capitals, digits and, in a structure, underscores.
fn optional(object: &Object, name: &str) -> Result<String, FormFault> {
    let text = match object.get(name) {
        None | Some(Element::Null) => "",
        Some(element) => element.as_str().ok_or(FormFault::Header)?,
    };
    let is_part = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    if text.len() > 7 || !text.bytes().all(is_part) {
        return Err(FormFault::Header);
    }
    Ok(text.to_owned())
}

/// Segments on their way into text.
#[derive(Default)]
struct Segments {
    text: String,
    count: usize,
}

impl Segments {
    /// An object holds segments by name, in order; a list holds such objects, one behind the other,
    /// for segments that repeat or take turns.
    fn write_all(&mut self, element: &Element) -> Result<(), FormFault> {
        match element {
            Element::Object(object) => {
                for (name, fields) in object.members() {
                    self.write(name.as_str(), fields)?;
                }
                Ok(())
            }
            Element::Array(list) => {
                for one in list {
                    let group = one.as_object().ok_or(FormFault::Segment)?;
                    for (name, fields) in group.members() {
                        self.write(name.as_str(), fields)?;
                    }
                }
                Ok(())
            }
            Element::Null | Element::Boolean(_) | Element::Number(_) | Element::String(_) => {
                Err(FormFault::Segment)
            }
        }
    }

    /// Writes one segment; one without a value is left out.
    fn write(&mut self, name: &str, fields: &Element) -> Result<(), FormFault> {
        let is_name = SegmentName::new(name.as_bytes()).is_some();
        if !is_name || ENVELOPE.contains(&name) {
            return Err(FormFault::Segment);
        }
        let fields = fields.as_object().ok_or(FormFault::Segment)?;
        let delimiters = Delimiters::default();
        let fields = numbered(fields, FIELDS_MAX, |element| field(element, delimiters))?;
        let fields = joined(fields, delimiters.field);
        if fields.is_empty() {
            return Ok(());
        }
        self.count = self.count.saturating_add(1);
        if self.count > SEGMENTS_MAX {
            return Err(FormFault::TooLong);
        }
        self.text.push_str(name);
        self.text.push(char::from(delimiters.field));
        self.text.push_str(&fields);
        self.text.push('\r');
        Ok(())
    }
}

/// A field: a value, its components by number, or a list of repetitions of these.
fn field(element: &Element, delimiters: Delimiters) -> Result<String, FormFault> {
    let Element::Array(list) = element else {
        return repetition(element, delimiters);
    };
    let all: Result<Vec<String>, FormFault> =
        list.iter().map(|one| repetition(one, delimiters)).collect();
    Ok(joined(all?, delimiters.repetition))
}

/// Whether an element stands for HL7's null, `{"null": true}`: the receiver is asked to delete.
fn is_null(element: &Element) -> bool {
    let object = element.as_object().filter(|object| object.len() == 1);
    object.and_then(|object| object.get("null")) == Some(&Element::Boolean(true))
}

fn repetition(element: &Element, delimiters: Delimiters) -> Result<String, FormFault> {
    let Some(components) = element.as_object().filter(|_| !is_null(element)) else {
        return value(element, delimiters);
    };
    let all = numbered(components, PARTS_MAX, |one| component(one, delimiters))?;
    Ok(joined(all, delimiters.component))
}

fn component(element: &Element, delimiters: Delimiters) -> Result<String, FormFault> {
    let Some(subcomponents) = element.as_object().filter(|_| !is_null(element)) else {
        return value(element, delimiters);
    };
    let all = numbered(subcomponents, PARTS_MAX, |one| value(one, delimiters))?;
    Ok(joined(all, delimiters.subcomponent))
}

/// A text, a number as it is written, `Y` or `N`; what is absent is empty and never `""`, which
/// asks the receiver to delete and is written for `{"null": true}` alone.
fn value(element: &Element, delimiters: Delimiters) -> Result<String, FormFault> {
    Ok(match element {
        null if is_null(null) => NULL.to_owned(),
        Element::Null => String::new(),
        Element::Boolean(is_so) => if *is_so { "Y" } else { "N" }.to_owned(),
        Element::Number(number) => number.as_str().to_owned(),
        Element::String(text) => escaped(text, delimiters),
        Element::Array(_) | Element::Object(_) => return Err(FormFault::Field),
    })
}

/// A text in which nothing is a delimiter, and no byte is one of the frame's.
fn escaped(text: &str, delimiters: Delimiters) -> String {
    let raw = escape(text, &delimiters);
    if !raw.contains(is_control) {
        return raw.into_owned();
    }
    let mark = char::from(delimiters.escape);
    let mut safe = String::with_capacity(raw.len().saturating_add(16));
    for character in raw.chars() {
        if is_control(character) {
            safe.extend([mark, 'X']);
            let number = u8::try_from(character).unwrap_or_default();
            safe.push_str(&hexadecimal(&[number]).to_ascii_uppercase());
            safe.push(mark);
        } else {
            safe.push(character);
        }
    }
    safe
}

const fn is_control(character: char) -> bool {
    character.is_ascii_control()
}

/// The texts of members that are called by numbers from 1, each at its place.
fn numbered(
    object: &Object,
    most: usize,
    text: impl Fn(&Element) -> Result<String, FormFault>,
) -> Result<Vec<String>, FormFault> {
    let mut all = Vec::new();
    for (name, element) in object.members() {
        let place = place(name.as_str(), most).ok_or(FormFault::Field)?;
        let text = text(element)?;
        if text.is_empty() {
            continue;
        }
        if all.len() <= place {
            all.resize(place.saturating_add(1), String::new());
        }
        if let Some(at) = all.get_mut(place) {
            *at = text;
        }
    }
    Ok(all)
}

/// The place of `1`, `2` and so on, from 0.
fn place(name: &str, most: usize) -> Option<usize> {
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit()) && !name.starts_with('0');
    let number: usize = name.parse().ok().filter(|_| is_number)?;
    (1..=most)
        .contains(&number)
        .then(|| number.saturating_sub(1))
}

/// The texts with a delimiter between them; none behind the last that is there.
fn joined(mut all: Vec<String>, delimiter: u8) -> String {
    let last = all.iter().rposition(|text| !text.is_empty());
    all.truncate(last.map_or(0, |last| last.saturating_add(1)));
    all.join(char::from(delimiter).encode_utf8(&mut [0; 4]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(segments: &str) -> Result<String, FormFault> {
        let record = format!(r#"{{"type":"ADT","event":"A08","segments":{segments}}}"#);
        MessageBody::read(record.as_bytes()).map(|body| body.segments)
    }

    fn written(segments: &str) -> String {
        form(segments).unwrap()
    }

    #[test]
    fn segments_stand_in_their_order_with_fields_at_their_numbers() {
        let record = br#"{"type":"ADT","event":"A08","structure":"ADT_A01","segments":
            {"EVN":{"2":"20260310"},
             "PID":{"5":{"2":"Tessa","1":{"1":"Marlow"}},"3":[{"1":"1","5":"MR"},{"1":"2"}],
                    "30":true,"25":2}}}"#;
        let body = MessageBody::read(record).unwrap();
        assert_eq!(
            [body.message_type, body.event, body.structure],
            ["ADT", "A08", "ADT_A01"]
        );
        assert_eq!(
            body.segments,
            format!(
                "EVN||20260310\rPID|||1^^^^MR~2||Marlow^Tessa{}2{}Y\r",
                "|".repeat(20),
                "|".repeat(5)
            )
        );
    }

    #[test]
    fn segments_that_repeat_or_take_turns_come_as_a_list() {
        let groups = r#"[{"PID":{"1":"1"},"OBX":{"1":"1"}},{"NTE":{"3":"a"}},{"OBX":{"1":"2"}}]"#;
        assert_eq!(written(groups), "PID|1\rOBX|1\rNTE|||a\rOBX|2\r");
    }

    #[test]
    fn what_is_absent_is_empty_and_never_null_in_the_sense_of_hl7() {
        let fields = r#"{"3":null,"4":"","5":{"1":"","2":null},"6":[],"7":[null,"a",null],"8":{}}"#;
        assert_eq!(written(&format!(r#"{{"PID":{fields}}}"#)), "PID|||||||~a\r");
        let quotes = written(r#"{"PID":{"5":"\"\"","8":"a\"\"b"}}"#);
        assert_eq!(quotes, "PID|||||\\X22\\\"|||a\"\"b\r");
        assert_eq!(
            written(r#"{"ZZZ":{"1":""},"PID":{"1":"1"},"PV1":{}}"#),
            "PID|1\r"
        );
        let deletes =
            r#"{"PID":{"5":{"null":true},"8":[{"1":{"null":true},"2":{"2":{"null":true}}}]}}"#;
        assert_eq!(written(deletes), "PID|||||\"\"|||\"\"^&\"\"\r");
        for fields in [r#"{"5":{"null":false}}"#, r#"{"5":{"null":true,"1":"a"}}"#] {
            assert_eq!(
                form(&format!(r#"{{"PID":{fields}}}"#)),
                Err(FormFault::Field)
            );
        }
        assert_eq!(form(r#"{"PID":{"3":null}}"#), Err(FormFault::Empty));
        assert_eq!(form("{}"), Err(FormFault::Empty));
        assert_eq!(form("[]"), Err(FormFault::Empty));
    }

    #[test]
    fn no_text_is_taken_for_a_delimiter_or_ends_a_frame() {
        let text = r#"{"NTE":{"3":"a|b^c~d\\e&f\ng\rh\u000bi\u001cj\u0000"}}"#;
        assert_eq!(
            written(text),
            "NTE|||a\\F\\b\\S\\c\\R\\d\\E\\e\\T\\f\\.br\\g\\X0D\\h\\X0B\\i\\X1C\\j\\X00\\\r"
        );
    }

    #[test]
    fn what_is_no_message_is_refused_for_its_cause() {
        for (segments, fault) in [
            (r#"{"pid":{"1":"1"}}"#, FormFault::Segment),
            (r#"{"PIDX":{"1":"1"}}"#, FormFault::Segment),
            (r#"{"MSH":{"3":"OTHER"}}"#, FormFault::Segment),
            (r#"{"BHS":{"3":"OTHER"}}"#, FormFault::Segment),
            (r#"{"PID":"1"}"#, FormFault::Segment),
            (r#"{"PID":[{"1":"1"}]}"#, FormFault::Segment),
            (r#"["PID"]"#, FormFault::Segment),
            (r#""PID""#, FormFault::Segment),
            (r#"{"PID":{"0":"1"}}"#, FormFault::Field),
            (r#"{"PID":{"01":"1"}}"#, FormFault::Field),
            (r#"{"PID":{"+1":"1"}}"#, FormFault::Field),
            (r#"{"PID":{"1000":"1"}}"#, FormFault::Field),
            (r#"{"PID":{"name":"1"}}"#, FormFault::Field),
            (r#"{"PID":{"5":{"100":"1"}}}"#, FormFault::Field),
            (r#"{"PID":{"5":{"1":["a"]}}}"#, FormFault::Field),
            (r#"{"PID":{"5":[["a"]]}}"#, FormFault::Field),
            (r#"{"PID":{"5":{"1":{"1":{"1":"a"}}}}}"#, FormFault::Field),
        ] {
            assert_eq!(form(segments), Err(fault), "{segments}");
        }
        for record in [
            r#"{"resourceType":"Patient"}"#,
            r#"{"type":"ADT","segments":{"PID":{"1":"1"}}}"#,
            r#"{"type":"ADT","event":"A08","segments":{"PID":{"1":"1"}},"more":1}"#,
            r#"{"type":"adt","event":"A08","segments":{"PID":{"1":"1"}}}"#,
            r#"{"type":"ADT^A08","event":"A08","segments":{"PID":{"1":"1"}}}"#,
            r#"{"type":7,"event":"A08","segments":{"PID":{"1":"1"}}}"#,
            r#"{"type":"ADT","event":"A08","structure":"ADT|A01","segments":{"PID":{"1":"1"}}}"#,
            "[]",
            "",
        ] {
            let found = MessageBody::read(record.as_bytes()).map(|_| ());
            assert_eq!(found, Err(FormFault::Header), "{record}");
        }
    }
}
