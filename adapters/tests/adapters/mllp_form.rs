//! The HL7 v2 message that a receiver is handed, byte by byte, and the records that are none.

use std::borrow::Cow;
use std::sync::Arc;

use isthmus_adapters::adapter::{Adapter, Call};
use isthmus_adapters::limits::Limits;
use isthmus_adapters::mllp_message::MllpCall;
use isthmus_core::clock::Timestamp;
use isthmus_core::destination::{Destination, Outbound};
use isthmus_hl7v2::framing::{self, FrameDecoder};
use isthmus_hl7v2::message::Message;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use crate::fake_time::FakeTime;
use crate::mllp_peer::{mllp, refused, update};
use crate::released::{NOON, outbound, outbound_of};
use crate::scripted_transport::{Script, runner};

fn planned(members: &str, outbound: Outbound, now: Timestamp) -> Result<MllpCall, &'static str> {
    match mllp(members).plan(&[outbound], now).remove(0) {
        Call::Mllp(call) => Ok(call),
        Call::Unsendable(call) => Err(call.code),
        Call::Append { .. } | Call::Http(_) | Call::Amqp(_) | Call::File(_) => {
            panic!("messages are sent by MLLP")
        }
    }
}

fn text(members: &str, outbound: Outbound) -> String {
    let call = planned(members, outbound, NOON).unwrap();
    String::from_utf8(call.message.reveal().to_vec()).unwrap()
}

fn head(members: &str) -> String {
    let text = text(members, update(2, "Marlow"));
    text.split('\r').next().unwrap().to_owned()
}

#[test]
fn a_message_has_its_header_from_the_route_and_its_segments_from_the_record() {
    assert_eq!(
        text("", update(2, "Marlow & Sons")),
        "MSH|^~\\&|ISTHMUS|GATEWAY|LAB|NORTH|20260310120000+0000||ADT^A08^ADT_A01|\
         02020202020202020202|P|2.5.1||||||UNICODE UTF-8\r\
         EVN||20260310120000\r\
         PID|||1^^^^MR||Marlow \\T\\ Sons^Tessa\r"
    );
}

#[test]
fn a_header_is_what_the_route_says_and_the_version_has() {
    let enhanced = r#""acknowledgement": "enhanced", "processing_id": "T""#;
    let shown = head(enhanced);
    assert!(
        shown.ends_with("|T|2.5.1|||AL|NE||UNICODE UTF-8"),
        "{shown}"
    );
    let plain = head(r#""sending_facility": "", "receiving_facility": "", "charset": "ASCII""#);
    assert_eq!(
        plain,
        "MSH|^~\\&|ISTHMUS||LAB||20260310120000+0000||ADT^A08^ADT_A01|02020202020202020202|P|2.5.1"
    );
    // The structure came with 2.3.1, the character set with 2.3.
    let old = head(r#""version": "2.3""#);
    assert!(old.contains("||ADT^A08|"), "{old}");
    assert!(old.ends_with("|P|2.3||||||UNICODE UTF-8"), "{old}");
    assert!(head(r#""version": "2.2""#).ends_with("|P|2.2"));
    let names = head(r#""receiving_application": "LAB^1.2.3^ISO""#);
    assert!(names.contains("|LAB^1.2.3^ISO|NORTH|"), "{names}");
}

#[test]
fn a_control_id_is_the_delivery_as_far_as_the_version_holds_it() {
    let id = |version: &str| {
        let members = format!(r#""version": "{version}""#);
        planned(&members, update(0xAB, "Marlow"), NOON)
            .unwrap()
            .control_id
    };
    let whole = "ab".repeat(16);
    for version in ["2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6"] {
        assert_eq!(id(version), whole[..20], "{version}");
    }
    for version in ["2.7", "2.8", "2.8.1", "2.8.2"] {
        assert_eq!(id(version), whole, "{version}");
    }
}

#[test]
fn a_repeat_is_the_same_bytes_whenever_it_is_made() {
    let later = Timestamp::from_unix_millis(NOON.unix_millis() + 90_500);
    let repeat = Outbound {
        attempt: 2,
        recovered: true,
        ..update(2, "Marlow")
    };
    let first = planned("", update(2, "Marlow"), NOON);
    assert_eq!(first, planned("", repeat, later));
}

#[test]
fn a_character_set_is_used_whole_or_the_record_is_refused() {
    let latin = r#""charset": "8859/1""#;
    let call = planned(latin, update(2, "Müller"), NOON).unwrap();
    let bytes = call.message.reveal();
    assert!(bytes.windows(3).any(|three| three == b"M\xFCl"));
    let head = String::from_utf8_lossy(bytes);
    assert!(head.contains("|2.5.1||||||8859/1\r"), "{head}");
    let refused = Err("record-charset");
    assert_eq!(planned(latin, update(2, "Łukasz"), NOON), refused);
    let ascii = r#""charset": "ASCII""#;
    assert_eq!(planned(ascii, update(2, "Müller"), NOON), refused);
    let utf8 = text("", update(2, "Łukasz Müller"));
    assert!(utf8.contains("|Łukasz Müller^"), "{utf8}");
}

#[tokio::test]
async fn a_record_of_another_form_is_refused_and_nobody_hears_of_it() {
    let script = Script::default();
    let time = Arc::new(FakeTime::new());
    let runner = runner(mllp(""), &script, Limits::default(), &time);
    let message = |segments: &str| {
        let record = format!(r#"{{"type": "ADT", "event": "A08", "segments": {segments}}}"#);
        outbound_of(3, &record)
    };
    for (record, code) in [
        (outbound(3), "record-header"),
        (message(r#"{"MSH": {"3": "OTHER"}}"#), "record-segment"),
        (message(r#"{"PID": {"family": "Marlow"}}"#), "record-field"),
        (message(r#"{"PID": {"5": null}}"#), "record-empty"),
    ] {
        let outcomes = runner.deliver(vec![record]).await;
        assert_eq!(outcomes, [refused(code)]);
    }
    assert_eq!(script.calls_made(), 0);
}

#[test]
fn nothing_that_a_program_shows_holds_a_record() {
    let shown = format!("{:?}", planned("", update(2, "Marlow"), NOON));
    assert!(!shown.contains("Marlow"), "{shown}");
    let call = Call::Unsendable(isthmus_adapters::adapter::UnsendableCall {
        record: outbound(1).id,
        code: "record-field",
    });
    assert_eq!(call.records(), [outbound(1).id]);
}

proptest! {
    /// Whatever a record holds, its receiver reads that and nothing else.
    #[test]
    fn any_text_is_read_back_as_it_was(
        family in any::<String>(),
        given in "[|^~\\\\&\"\r\n\u{b}\u{1c}a]{0,8}",
        control in "\\PC{0,8}",
    ) {
        let record = serde_json::json!({
            "type": "ADT", "event": "A08",
            "segments": {"PID": {"1": "1", "3": [control, "2"],
                                 "5": {"1": {"1": family}, "2": given}}},
        });
        let call = planned("", outbound_of(2, &record.to_string()), NOON).unwrap();
        let mut stream = Vec::new();
        framing::encode(call.message.reveal(), &mut stream);
        let mut frames = FrameDecoder::new(1 << 20);
        frames.push(&stream);
        let frame = frames.next().unwrap().unwrap();
        prop_assert!(frames.next().unwrap().is_none());
        let message = Message::parse(frame.payload).unwrap();
        prop_assert_eq!(message.segment_count(), 2);
        let segment = message.segment(1).unwrap();
        let text = |found: Option<Cow<'_, str>>| found.unwrap_or_default().into_owned();
        let name = segment.field(5);
        prop_assert_eq!(text(name.component(1).subcomponent(1).value()), family);
        prop_assert_eq!(text(name.component(2).value()), given);
        let first = segment.field(3).repetitions().next().unwrap();
        prop_assert_eq!(text(first.component(1).value()), control);
    }
}
