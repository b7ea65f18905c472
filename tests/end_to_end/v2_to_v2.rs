//! HL7 v2 messages are sent on to a recipient rebuilt of what its policy grants: shown on the
//! server of a Python package, with the example policy.

use crate::gateway::Site;
use crate::mllp_peer::MllpPeer;
use crate::registry::{Heard, PythonReceiver, certificates, message_site, proofs};
use crate::webhook_site::deliveries;

/// A result with a number, a text and notes of everything, of a patient with two identifiers.
fn result(control_id: &str, family: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|EXAMPLE-EHR|EXAMPLE-CLINIC|ISTHMUS|GATEWAY|20260310081500-0400||\
         ORU^R01^ORU_R01|{control_id}|P|2.5.1|||||USA|UNICODE UTF-8\r\
         PID|1||{family}^^^EXAMPLE MRN^MR~ZqSocial^^^SSA^SS||\
         {family}^Tes\\T\\sa^^^^^L||19840617|F|||\
         12 ZqStreet^^Springfield^IL^62704^USA^H||\"\"\r\
         NTE|1||ZqNoteOfPatient\r\
         PV1|1|O|ZqWard\r\
         ORC|RE|ZqPlacer\r\
         OBR|1|ZqPlacer|F1|8302-2^Body height^LN|||20260310\r\
         NTE|1||ZqNoteOfOrder\r\
         OBX|1|NM|8302-2^Body height^LN||182.0|cm|||||F\r\
         NTE|1|L|measured \\F\\ standing\r\
         OBX|2|TX|8251-1^Comment^LN||ZqFreeText||||||F\r\
         OBX|3|ED|18842-5^Report^LN||^application^pdf^Base64^ZqReport||||||F\r\
         ZQX|ZqLocal\r"
    )
    .into_bytes()
}

fn hand_in(site: &Site, messages: &[Vec<u8>]) -> crate::gateway::Gateway {
    let gateway = site.start_logging("trace");
    let mut peer = MllpPeer::connect(gateway.plain);
    for message in messages {
        assert_eq!(peer.exchange(message).code(), "AA");
    }
    gateway
}

fn segments(one: &Heard) -> Vec<&str> {
    let lines = one.text.split(['\r', '\n']);
    lines.filter(|line| !line.is_empty()).collect()
}

#[test]
fn a_message_arrives_rebuilt_of_what_the_policy_grants_and_of_nothing_else() {
    let pki = certificates();
    let folder = pki.path("data/certificates");
    let receiver = PythonReceiver::start(&folder);
    let site = message_site(&receiver.url, &proofs(&folder));
    let admitted = String::from_utf8(crate::webhook_site::message("V0", "ZqMarlow")).unwrap();
    let admitted = admitted.into_bytes();
    let gateway = hand_in(&site, &[admitted, result("V1", "ZqMarlow")]);
    site.wait_for("both to be delivered", |status| {
        deliveries(status, "registry", "delivered") == 2 && status["open"] == 0
    });
    let heard = receiver.heard();
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert_eq!(heard[0].field("MSH", 9), "ADT^A08^ADT_A01");
    assert_eq!(heard[1].field("MSH", 9), "ORU^R01^ORU_R01");
    assert_eq!(heard[1].field("MSH", 3), "ISTHMUS");
    assert_eq!(
        segments(&heard[1])[1..],
        [
            "PID|||ZqMarlow^^^EXAMPLE MRN^MR||ZqMarlow^Tes\\T\\sa^^^^^L||198406",
            "PV1||O",
            "OBR||||8302-2^Body height^LN",
            "OBX||NM|8302-2^Body height^LN||182.0|cm",
            "NTE|||measured \\F\\ standing",
            "OBX||TX|8251-1^Comment^LN",
            "OBX||ED|18842-5^Report^LN",
        ]
    );
    let ledger = site.json(&["ledger", "show", "--limit", "100000"], "");
    let ledger = ledger.to_string();
    assert!(ledger.contains("registry-messages"), "{ledger}");
    assert!(gateway.stop());
    let log = std::fs::read_to_string(site.path("gateway.log")).unwrap();
    for value in ["ZqMarlow", "ZqSocial", "ZqFreeText", "182.0", "ZqStreet"] {
        assert!(!ledger.contains(value) && !log.contains(value), "{value}");
    }
}

#[test]
fn what_a_flow_of_messages_grants_is_shown_and_planned_without_values() {
    let site = message_site("mllps://registry.example:2576", "");
    let flows = site.json(&["flow", "--recipient", "registry"], "");
    let flow = &flows["flows"][0];
    assert_eq!(flow["events"][2], "ORU^R01", "{flows}");
    assert_eq!(flow["fields"][2]["path"], "hl7v2:PID-7");
    assert_eq!(flow["fields"][2]["coarsen"], "month");
    let withheld = flow["never_leaves"].as_array().unwrap();
    let has = |name: &str| withheld.iter().any(|one| one == name);
    assert!(has("PID-11") && has("NK1") && !has("PID-5"), "{withheld:?}");
    let shown = site.command(&["flow", "--recipient", "registry"], "");
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("only NM, SN, CE, CWE"), "{shown}");

    std::fs::write(site.path("message.hl7"), result("V2", "ZqMarlow")).unwrap();
    let file = site.path("message.hl7").display().to_string();
    let planned = site.json(&["adapter", "plan", &file, "--recipient", "registry"], "");
    let planned = planned.to_string();
    assert!(planned.contains("PID|||<text>"), "{planned}");
    assert!(!planned.contains("Zq"), "{planned}");
}

#[test]
fn a_row_that_leads_nowhere_is_shown_with_its_place() {
    let site = message_site("mllps://registry.example:2576", "");
    let policy = site.path("mappings/policies/registry.toml");
    let text = std::fs::read_to_string(&policy).unwrap();
    std::fs::write(&policy, text.replace("hl7v2:PV1-2", "hl7v2:PV1-222")).unwrap();
    let output = site.command(&["check"], "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("error[P041]") && said.contains("registry.toml:42:8"),
        "{said}"
    );
}
