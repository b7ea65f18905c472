//! What does not load, and what it says.

use isthmus_ingress::error::IngressError;
use isthmus_ingress::listener::{Listener, Protocol};
use isthmus_ingress::listener_config::ListenerConfig;
use isthmus_ingress::sender::Sender;
use isthmus_ingress::sender_binding::SenderTable;

use crate::messages::{NORTH, SOUTH};
use crate::rig::{Rig, senders};

fn refused(toml: &str) -> String {
    SenderTable::new(senders(toml)).unwrap_err().to_string()
}

fn unread(change: &str, into: &str) -> String {
    assert!(NORTH.contains(change));
    let one = NORTH.replace(change, into).replace("[[sender]]", "");
    toml::from_str::<Sender>(&one).unwrap_err().to_string()
}

fn bound(toml: &str) -> Result<Listener, IngressError> {
    let config: ListenerConfig = toml::from_str(toml).unwrap();
    Listener::bind(Protocol::Mllp, &config, Rig::new().seams)
}

const SMALL: &str = "[bounds]\nconnections_max = 8\nframe_bytes_max = 65536\n";

#[test]
fn senders_that_are_not_told_apart_do_not_load() {
    let twin = NORTH.replace("\"north\"", "\"twin\"");
    assert!(refused(&format!("{NORTH}{NORTH}")).contains("two senders have the id north"));
    assert!(refused(&format!("{NORTH}{twin}")).contains("senders north and twin share"));
    let far = twin.replace("127.0.0.0/8", "10.9.0.0/16");
    assert!(SenderTable::new(senders(&format!("{NORTH}{far}{SOUTH}"))).is_ok());
}

#[test]
fn a_sender_that_is_not_bound_does_not_load() {
    let without = |line: &str| NORTH.replace(line, "");
    let unproved = without(r#"networks = ["127.0.0.0/8"]"#);
    assert!(refused(&unproved).contains("neither certificates nor networks"));
    let all = NORTH.replace(r#"["NORTHADT"]"#, r#"["*"]"#);
    assert!(refused(&all).contains("sender north: applications has a wildcard"));
    let none = NORTH.replace(r#"["NORTH"]"#, "[]");
    assert!(refused(&none).contains("facilities is empty"));
    let unchecked = NORTH.replace(r#"["NORTHMRN", "2.999.1"]"#, "[]");
    assert!(refused(&unchecked).contains("authorities"));
    let nowhere = NORTH.replace("Europe/Berlin", "Europe/Nowhere");
    assert!(refused(&nowhere).contains("zone"));
    let klingon = NORTH.replace("UNICODE UTF-8", "KLINGON");
    assert!(refused(&klingon).contains("default_charset"));
    let with = |line: &str| NORTH.replace("    zone", &format!("    {line}\n    zone"));
    let klingon = with(r#"charset_override = "KLINGON""#);
    assert!(refused(&klingon).contains("charset_override is not in HL7 table 0211"));
    let empty = with(r#"charset_override = """#);
    assert!(refused(&empty).contains("charset_override"));
    let known = with("charset_override = \"8859/15\"\n    charset_errors = \"replace\"");
    assert!(SenderTable::new(senders(&known)).is_ok());
}

#[test]
fn what_is_not_understood_is_not_read() {
    assert!(unread("zone", "time_zone").contains("unknown field `time_zone`"));
    assert!(unread("ADT^A01", "*^*").contains("not a message type and event"));
    assert!(unread("127.0.0.0/8", "127.0.0.1/8").contains("bits set beyond its length"));
    assert!(unread(r#"["NORTHMRN", "2.999.1"]"#, "\"all\"").contains("\"any\""));
    assert!(unread("\"north\"", "\"North EHR\"").contains("lower-case"));
    let ignored = "charset_errors = \"ignore\"\nzone";
    assert!(unread("zone", ignored).contains("`reject` or `replace`"));
    let positive = "\"NORTHMRN\"\n[acknowledge]\nunreadable = \"AA\"\n";
    let last = "default_authority = \"NORTHMRN\"";
    assert!(unread(last, &format!("default_authority = {positive}")).contains("AA"));
}

#[tokio::test]
async fn plain_mllp_beyond_loopback_needs_a_recorded_reason() {
    let open = "listen = \"0.0.0.0:0\"\n";
    let error = bound(&format!("{open}{SMALL}")).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("without TLS is for loopback only")
    );
    let blank = format!("{open}plain_reason = \" \"\n{SMALL}");
    assert!(bound(&blank).is_err());
    let reasoned = format!("{open}plain_reason = \"IPsec to the hospital\"\n{SMALL}");
    assert_ne!(bound(&reasoned).unwrap().local_address().port(), 0);
    let loopback = bound(&format!("listen = \"127.0.0.1:0\"\n{SMALL}"));
    assert_ne!(loopback.unwrap().local_address().port(), 0);
}

#[tokio::test]
async fn bounds_that_do_not_fit_do_not_load() {
    let listen = "listen = \"127.0.0.1:0\"\n";
    let error = bound(listen).unwrap_err().to_string();
    assert!(error.contains("all listeners together may hold"), "{error}");
    let zero = format!("{listen}{SMALL}chunk_seconds_max = 0\n");
    let error = bound(&zero).unwrap_err().to_string();
    assert!(error.contains("chunk_seconds_max is zero"), "{error}");
}
