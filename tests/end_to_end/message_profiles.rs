//! A sender is held to its profile: what is not as asked is refused with its places and not
//! stored, or stored and told of in the log, as the configuration says, and a reload changes
//! which. No value of a message is in what is told.

use crate::gateway::{Gateway, Site, root};
use crate::mllp_peer::MllpPeer;

/// A family name and a sex that are nowhere else.
const NAME: &str = "Quillfeather";
const SEX: &str = "QX";

fn site(failure: &str) -> Site {
    let site = Site::example();
    let profile = root().join("gateway/example/profiles/example-ehr.toml");
    std::fs::create_dir(site.path("profiles")).unwrap();
    std::fs::copy(profile, site.path("profiles/example-ehr.toml")).unwrap();
    site.edit(|text| {
        let sender = "id = \"example-ehr\"";
        let held = format!("{sender}\nprofile = \"example-ehr\"\nprofile_failure = \"{failure}\"");
        assert!(text.contains(sender));
        text.replacen(sender, &held, 1)
    });
    site
}

/// An admission without a visit, with a day that is none and a sex of no table.
fn spoilt(id: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|EXAMPLE-EHR|EXAMPLE-CLINIC|ISTHMUS|GATEWAY|20260310081500-0400||\
         ADT^A01^ADT_A01|{id}|P|2.5.1|||||USA|UNICODE UTF-8\rEVN|A01|20260310081400-0400\r\
         PID|1||{id}^^^EXAMPLE MRN^MR||{NAME}^Avery^^^^^L||19840231|{SEX}\r"
    )
    .into_bytes()
}

fn errors_of(gateway: &Gateway, id: &str) -> (String, Vec<String>) {
    let answer = MllpPeer::connect(gateway.plain).exchange(&spoilt(id));
    let text = String::from_utf8_lossy(&answer.bytes).into_owned();
    assert!(!text.contains(NAME) && !text.contains(SEX), "{text}");
    let errors = text.split('\r').filter(|line| line.starts_with("ERR"));
    (answer.code(), errors.map(str::to_owned).collect())
}

#[test]
fn a_strict_sender_hears_every_place_and_nothing_is_stored() {
    let site = site("refuse");
    let gateway = site.start();
    let (code, errors) = errors_of(&gateway, "MP1");
    assert_eq!(code, "AR");
    for told in [
        "ERR||PID^1^7^1|102^Data type error^HL70357|E",
        "ERR||PID^1^8^1|103^Table value not found^HL70357|E",
        "ERR||PV1^1|100^Segment sequence error^HL70357|E",
    ] {
        assert!(
            errors.iter().any(|error| error == told),
            "{told}: {errors:?}"
        );
    }
    let admit = std::fs::read(root().join("gateway/example/messages/01-admit.hl7")).unwrap();
    assert_eq!(
        MllpPeer::connect(gateway.plain).exchange(&admit).code(),
        "AA"
    );
    let status = site.settled();
    assert_eq!(status["intakes"], 1, "{status}");

    // A reload lets it send what it has; the profile is still looked at.
    site.edit(|text| text.replacen("\"refuse\"", "\"report\"", 1));
    let reloaded = site.command(&["reload"], "");
    assert!(reloaded.status.success());
    assert_eq!(errors_of(&gateway, "MP2").0, "AA");
    assert!(gateway.stop());
    let log = std::fs::read_to_string(site.path("gateway.log")).unwrap();
    let told = "PID-8[0]: it is no code of table 0001";
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(told)).collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(!log.contains(NAME) && !log.contains(SEX));
}

#[test]
fn profiles_that_cannot_be_used_are_told_of_and_a_reload_with_one_is_refused() {
    let site = site("report");
    let gateway = site.start();
    let profile = site.path("profiles/example-ehr.toml");
    let text = std::fs::read_to_string(&profile).unwrap();
    std::fs::write(&profile, text.replacen("PV1-2", "PV1-99", 1)).unwrap();
    for command in ["check", "reload"] {
        let output = site.command(&[command], "");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{command}: {said}");
        assert!(
            said.contains("error[V005]: PV1 has no field 99"),
            "{command}: {said}"
        );
        assert!(
            said.contains("profiles/example-ehr.toml:"),
            "{command}: {said}"
        );
    }
    // What was in force still is.
    assert_eq!(errors_of(&gateway, "MP3").0, "AA");

    std::fs::rename(&profile, site.path("profiles/exampel-ehr.toml")).unwrap();
    let output = site.command(&["check"], "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("error[C004]: example-ehr is held to the profile"),
        "{said}"
    );
    assert!(said.contains("did you mean `exampel-ehr`?"), "{said}");

    site.edit(|text| text.replacen("profile = \"example-ehr\"\n", "", 1));
    let output = site.command(&["check"], "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("has `profile_failure` and no `profile`"),
        "{said}"
    );
}
