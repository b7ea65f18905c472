//! The file that a record becomes, byte by byte, and what it is called.

use isthmus_adapters::adapter::{Adapter, Call};
use isthmus_adapters::file_call::FileCall;
use isthmus_adapters::files::destination::Files;
use isthmus_core::clock::Timestamp;
use isthmus_core::destination::Outbound;

use crate::dropped::{files, json_files};
use crate::mllp_peer::{mllp, update};
use crate::released::{NOON, outbound, outbound_of};

fn planned(files: &Files, outbound: Outbound, now: Timestamp) -> Result<FileCall, &'static str> {
    match files.plan(&[outbound], now).remove(0) {
        Call::File(call) => Ok(call),
        Call::Unsendable(call) => Err(call.code),
        Call::Append { .. } | Call::Http(_) | Call::Amqp(_) | Call::Mllp(_) => {
            panic!("files are dropped")
        }
    }
}

fn content(files: &Files, outbound: Outbound) -> Vec<u8> {
    let call = planned(files, outbound, NOON).unwrap();
    call.content.reveal().to_vec()
}

#[test]
fn a_file_is_the_message_that_mllp_would_carry_without_a_byte_of_its_frame() {
    let planned = mllp("").plan(&[update(2, "Marlow & Sons")], NOON).remove(0);
    let Call::Mllp(sent) = planned else {
        panic!("messages are sent by MLLP");
    };
    let bytes = content(&files(""), update(2, "Marlow & Sons"));
    assert_eq!(bytes, sent.message.reveal().to_vec());
    assert!(bytes.starts_with(b"MSH|^~\\&|ISTHMUS|GATEWAY|LAB|NORTH|20260310120000+0000||"));
    assert!(bytes.ends_with(b"\r") && !bytes.contains(&0x0B) && !bytes.contains(&0x1C));
}

#[test]
fn segments_end_as_the_recipient_wants_it_and_texts_do_not_change() {
    let record = r#"{"type": "ADT", "event": "A08",
        "segments": {"NTE": {"3": "a\rb\nc"}, "PID": {"1": "1"}}}"#;
    for (terminator, end) in [("cr", "\r"), ("lf", "\n"), ("crlf", "\r\n")] {
        let files = files(&format!(r#""terminator": "{terminator}""#));
        let text = String::from_utf8(content(&files, outbound_of(2, record))).unwrap();
        let rest = text.split_once(end).unwrap().1;
        let expected = ["NTE|||a\\X0D\\b\\.br\\c", end, "PID|1", end].concat();
        assert_eq!(rest, expected, "{terminator}");
        assert_eq!(text.matches(['\r', '\n']).count(), 3 * end.len());
    }
}

#[test]
fn a_character_set_is_used_whole_or_the_record_is_refused() {
    let latin = files(r#""charset": "8859/1", "terminator": "lf""#);
    let bytes = content(&latin, update(2, "Müller"));
    assert!(bytes.windows(3).any(|three| three == b"M\xFCl"));
    let refused = planned(&latin, update(2, "Łukasz"), NOON);
    assert_eq!(refused, Err("record-charset"));
    assert_eq!(
        planned(&files(""), outbound(2), NOON),
        Err("record-header"),
        "no message"
    );
}

#[test]
fn any_record_is_a_file_of_json() {
    let call = planned(&json_files(), outbound(1), NOON).unwrap();
    assert_eq!(
        call.name,
        "0000000000000041-01010101010101010101010101010101.json"
    );
    assert_eq!(
        String::from_utf8_lossy(call.content.reveal()),
        "{\"id\":\"01010101010101010101010101010101\",\"created\":\"2026-03-10T12:00:00.000Z\",\
         \"flow\":\"clinic-patient\",\"flow_version\":1,\"purpose\":\"TREAT\",\
         \"record\":{\"resourceType\":\"Patient\",\"gender\":\"female\"}}\n"
    );
}

#[test]
fn a_repeat_has_the_same_name_and_bytes_whenever_it_is_made() {
    let later = Timestamp::from_unix_millis(NOON.unix_millis() + 90_500);
    let files = files("");
    let first = planned(&files, update(2, "Marlow"), NOON).unwrap();
    assert!(!first.look_first);
    for (attempt, recovered) in [(2, false), (1, true)] {
        let repeat = Outbound {
            attempt,
            recovered,
            ..update(2, "Marlow")
        };
        let repeat = planned(&files, repeat, later).unwrap();
        assert!(repeat.look_first);
        assert_eq!(
            (repeat.name, repeat.content),
            (first.name.clone(), first.content.clone())
        );
    }
}

#[test]
fn names_and_what_programs_show_hold_nothing_of_a_record() {
    let call = planned(&files(""), update(2, "Marlow"), NOON).unwrap();
    assert_eq!(
        call.name,
        "0000000000000042-02020202020202020202020202020202.hl7"
    );
    assert!(!format!("{call:?}").contains("Marlow"));
}
