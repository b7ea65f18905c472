//! Every sample message is answered once, under its own control id, and positively only when it is
//! stored. The samples lie beside the checkout; what they mean is tested where they are translated.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

use isthmus_core::id::SenderId;
use isthmus_hl7v2::charset::Charset;
use isthmus_hl7v2::header::{Header, salvage};
use isthmus_ingress::acknowledgement_table::AcknowledgementTable;
use isthmus_ingress::answer_route::AnswerRouteConfig;
use isthmus_ingress::sender::{Authorities, CharsetErrors, Sender};
use isthmus_ingress::structure_rules::StructureRules;

use crate::fake_intake::FakeIntake;
use crate::rig::Rig;

/// The messages of a file: each begins where a line begins with MSH; batch lines are left out.
fn messages(bytes: &[u8]) -> Vec<Vec<u8>> {
    let bytes: Vec<u8> = bytes
        .iter()
        .copied()
        .filter(|byte| !matches!(byte, 0x0b | 0x1c))
        .collect();
    let mut found: Vec<Vec<u8>> = Vec::new();
    for line in bytes.split_inclusive(|byte| matches!(byte, b'\r' | b'\n')) {
        if line.starts_with(b"MSH") {
            found.push(Vec::new());
        }
        let names: [&[u8]; 4] = [b"FHS", b"BHS", b"BTS", b"FTS"];
        let is_batch = names.iter().any(|name| line.starts_with(name));
        if let Some(message) = found.last_mut().filter(|_| !is_batch) {
            message.extend_from_slice(line);
        }
    }
    found
}

/// A sender that may send just this message.
fn sender_of(header: Option<Header<'_>>) -> Sender {
    let text = |read: fn(&Header<'_>) -> String| header.as_ref().map(read).unwrap_or_default();
    let application = text(|header| {
        let name = header.sending_application().component(1).value();
        name.unwrap_or_default().into_owned()
    });
    let facility = text(|header| {
        let name = header.sending_facility().component(1).value();
        name.unwrap_or_default().into_owned()
    });
    let code = text(|header| header.message_type().into_owned());
    let event = format!("{code}^*").parse().ok();
    Sender {
        sequence_numbers: false,
        id: SenderId::new("sample"),
        certificates: Vec::new(),
        networks: vec!["127.0.0.1".parse().unwrap()],
        folders: Vec::new(),
        applications: vec![application],
        facilities: vec![facility],
        events: vec![event.unwrap_or_else(|| "ADT^*".parse().unwrap())],
        authorities: Authorities::Any,
        default_charset: Charset::UTF_8.name().to_owned(),
        charset_override: None,
        charset_errors: CharsetErrors::default(),
        zone: "UTC".to_owned(),
        default_authority: "SAMPLE".to_owned(),
        profile: None,
        profile_failure: None,
        asked: None,
        structures: StructureRules::default(),
        acknowledge: AcknowledgementTable::default(),
        application_acknowledgements: AnswerRouteConfig::default(),
    }
}

async fn answered(message: &[u8], file: &str, answers: &mut BTreeMap<String, usize>) {
    let line = salvage(message);
    let header = line.as_ref().and_then(Header::of);
    let name = header.map(|header| header.segment().field(3).raw().contains('*'));
    if name == Some(true) {
        return;
    }
    let rig = Rig::of(FakeIntake::default(), vec![sender_of(header)]);
    let mut client = rig.connect();
    client.send(message).await;
    let silent = header.is_some_and(|header| header.accept_acknowledgment() != "AL");
    if silent && header.is_some_and(|header| header.is_enhanced_mode()) {
        // What it asks for may be silence; a second message that is always answered ends it.
        client.send("no message").await;
        let (code, _) = client.answer().await;
        *answers
            .entry(format!("{} or none", code.as_str()))
            .or_default() += 1;
        return;
    }
    let (code, control_id) = client.answer().await;
    if let Some(header) = header {
        assert_eq!(control_id, header.control_id(), "{file}");
    }
    assert_eq!(code.is_positive(), rig.intake.stored().len() == 1, "{file}");
    *answers.entry(code.as_str().to_owned()).or_default() += 1;
}

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "CI=true makes missing samples a failure"
)]
async fn every_sample_message_is_answered() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/hl7v2");
    let Ok(manifest) = fs::read_to_string(samples.join("MANIFEST.tsv")) else {
        assert_ne!(env::var("CI").as_deref(), Ok("true"), "no sample messages");
        eprintln!("skipped: no sample messages beside the checkout");
        return;
    };
    let mut answers = BTreeMap::new();
    for file in manifest
        .lines()
        .skip(1)
        .filter_map(|line| line.split('\t').next())
    {
        let bytes = fs::read(samples.join(file)).unwrap_or_default();
        for message in messages(&bytes) {
            answered(&message, file, &mut answers).await;
        }
    }
    eprintln!("answers to the sample messages: {answers:?}");
    let positive = answers["AA"] + answers["CA"];
    assert!(positive > 1000, "{positive} messages are accepted");
}
