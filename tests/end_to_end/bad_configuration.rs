//! A wrong configuration never starts: the command ends with its exit code and says what is wrong,
//! where, and how to mend it. Wrong messages are in `bad_input`, wrong paths in
//! `misspelt_policies`.

use std::process::Output;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};

use crate::gateway::Site;

/// The end of a command that must fail with this code: what it said, on one line.
fn fails(what: &str, output: &Output, code: i32) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{what}: {said}");
    said
}

/// Both `check` and `run` refuse the site with code 2 and say all of this.
fn refused(what: &str, site: &Site, told: &[&str]) {
    refused_by(&["check", "run"], what, site, told);
}

/// These commands refuse the site with code 2 and say all of this.
fn refused_by(commands: &[&str], what: &str, site: &Site, told: &[&str]) {
    for command in commands {
        let said = fails(what, &site.command(&[*command], ""), 2);
        for part in told {
            assert!(
                said.contains(part),
                "{what}: {command} does not say {part:?} but\n{said}"
            );
        }
    }
}

/// A site whose `isthmus.toml` has one text replaced by another.
fn edited(from: &str, to: &str) -> Site {
    let site = Site::example();
    site.edit(|text| {
        assert!(text.contains(from), "{from} is not there");
        text.replacen(from, to, 1)
    });
    site
}

/// A site with mappings of its own, in which one text of one file is replaced.
fn remapped(file: &str, from: &str, to: &str) -> Site {
    let site = Site::with_own_mappings();
    let path = site.path("mappings").join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from} is not in {file}");
    std::fs::write(path, text.replacen(from, to, 1)).unwrap();
    site
}

#[test]
fn maps_and_policies_that_could_let_something_out_do_not_load() {
    let crm = "policies/crm.toml";
    let site = remapped(
        "fhir-to-records/marketing-contact.rmap",
        "p.name[use=official].given[0]",
        "p.name[use=official].family",
    );
    refused(
        "a map that reads a forbidden field",
        &site,
        &[
            "marketing-contact.rmap:12:",
            "P101",
            "reads `Patient.name[use=official].family`",
            "help: allowed here:",
        ],
    );
    let site = remapped(crm, "Patient.birthDate", "Patient.birthDay");
    refused(
        "a misspelt path",
        &site,
        &["crm.toml:93:17", "P041", "did you mean `birthDate`?"],
    );
    let site = remapped(
        crm,
        "accountable = false\nexpires = \"2030-12-31\"",
        "accountable = false\nexpires = \"2020-12-31\"",
    );
    refused(
        "an expired flow",
        &site,
        &["crm.toml:22:11", "P023", "help:"],
    );
    let site = remapped("policies/agreements.toml", "2030-12-31", "2020-12-31");
    refused(
        "an expired agreement",
        &site,
        &["crm.toml:10:", "P021", "help:"],
    );
}

#[test]
fn a_wrong_isthmus_toml_is_shown_with_its_place() {
    let site = edited("mappings = ", "colour = 1\nmappings = ");
    refused(
        "an unknown key",
        &site,
        &[
            "isthmus.toml:4:1",
            "unknown field `colour`",
            "expected one of",
        ],
    );
    let site = edited("\"America/New_York\"", "\"America/New_Yorck\"");
    refused(
        "an unknown time zone",
        &site,
        &["isthmus.toml:39:1", "no such time zone", "IANA"],
    );
    let site = edited("recipient = \"marketing\"", "recipient = \"marketink\"");
    refused(
        "a destination without a policy",
        &site,
        &[
            "isthmus.toml:",
            "no policy is for the recipient marketink",
            "help: there are policies for crm, marketing",
        ],
    );
    let site = Site::example();
    assert!(site.command(&["check"], "").status.success());
    site.edit(|text| text.replace("make_keys = true", "make_keys = false"));
    std::fs::remove_file(site.path("data/secrets/master.key")).unwrap();
    refused(
        "a master key that is not there",
        &site,
        &[
            "isthmus.toml:9:14",
            "data/secrets/master.key cannot be read",
            "put the secret there",
        ],
    );
    let site = edited("networks = [\"127.0.0.0/8\", \"::1/128\"]\n", "");
    refused(
        "a sender that nothing proves",
        &site,
        &[
            "isthmus.toml:39:1",
            "sender example-ehr",
            "state what proves",
        ],
    );
    let open = "listen = \"0.0.0.0:0\"\nbounds = {}\n\n[[sender]]";
    let site = edited(
        "listen = \"127.0.0.1:0\"\n\n# A sender",
        &format!("{open}\n#"),
    );
    site.edit(|text| text.replacen("[[sender]]\n#", "#", 1));
    // Only `run` opens ports and holds them against what they may be.
    refused_by(
        &["run"],
        "a plain listener that everybody can reach",
        &site,
        &["isthmus.toml:", "0.0.0.0", "add [mllp.tls]", "plain_reason"],
    );
}

#[test]
fn addresses_and_bounds_that_cannot_work_are_shown_with_their_place_and_a_number_that_can() {
    let site = edited("listen = \"127.0.0.1:0\"", "listen = \"127.0.0.1\"");
    let address = [
        "isthmus.toml:26:10",
        "C001",
        "socket address",
        "127.0.0.1:2575",
    ];
    refused("an address without a port", &site, &address);
    let site = edited("queue = \"embedded\"", "size_max_mb = 1");
    let told = ["isthmus.toml:10:15", "1 MiB cannot work", "between 4 and"];
    refused("a store for nothing", &site, &told);
    let site = edited("mappings = ", "limits.messages_mb = 0\nmappings = ");
    let budget = ["isthmus.toml:4:22", "0 MiB cannot work", "between 1 and"];
    refused("no memory for messages", &site, &budget);
    let site = edited("mappings = ", "limits.messages_mb = 64\nmappings = ");
    let listener = [
        "isthmus.toml:26:1",
        "frame_bytes_max",
        "raise `messages_mb`",
    ];
    refused(
        "a listener that the memory is too small for",
        &site,
        &listener,
    );
}

/// A certificate for loopback that ended in 2021, and its key.
fn expired() -> (String, String) {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

#[test]
fn a_certificate_that_cannot_serve_is_named_with_its_file() {
    let site = Site::example();
    // Makes keys and certificates.
    assert!(site.command(&["check"], "").status.success());
    let (certificate, key) = expired();
    let file = |name: &str| site.path("data/certificates").join(name);
    let own_key = std::fs::read_to_string(file("server.key")).unwrap();
    let own = std::fs::read_to_string(file("server.pem")).unwrap();

    std::fs::write(file("server.key"), &key).unwrap();
    refused(
        "another certificate's key",
        &site,
        &[
            "isthmus.toml:",
            "certificates/server.key does not belong to",
            "certificates/server.pem",
            "install the pair",
        ],
    );
    std::fs::write(file("server.pem"), certificate).unwrap();
    refused(
        "an expired certificate",
        &site,
        &[
            "isthmus.toml:",
            "certificates/server.pem: expired on 2021-01-01",
            "install a renewed one",
        ],
    );
    std::fs::write(file("server.pem"), own).unwrap();
    std::fs::remove_file(file("server.key")).unwrap();
    refused(
        "a key that is not there",
        &site,
        &["isthmus.toml:", "certificates/server.key"],
    );
    std::fs::write(file("server.key"), own_key).unwrap();
    assert!(site.command(&["check"], "").status.success());
}

#[test]
fn a_second_gateway_on_one_store_does_not_start_and_the_first_goes_on() {
    let site = Site::example();
    let gateway = site.start();
    let said = fails("a second gateway", &site.command(&["run"], ""), 1);
    for part in [
        "another gateway runs on this store",
        "isthmus.lock",
        "stop it",
    ] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(site.json(&["status"], "")["intakes"], 0);
    assert!(gateway.stop());
}

#[test]
fn a_wrong_address_for_application_acknowledgements_is_shown_with_its_place() {
    for (stated, told) in [
        ("address = \"ehr\"", "address is no HOST:PORT"),
        (
            "address = \"ehr:2577\"",
            "without TLS, address is for this machine only",
        ),
        (
            "address = \"ehr:2577\"\ntls = { authorities = \"no.pem\" }",
            "no.pem: cannot be read",
        ),
        ("adress = \"ehr:2577\"", "unknown field `adress`"),
    ] {
        let table = format!("[sender.application_acknowledgements]\n{stated}\n\n[[sender]]");
        let site = edited(
            "[[sender]]\nid = \"simhospital\"",
            &format!("{table}\nid = \"x\""),
        );
        refused(stated, &site, &["isthmus.toml:", told]);
    }
}

#[test]
fn a_folder_without_a_sender_and_a_sender_without_its_folder_are_refused() {
    let sender = "[[sender]]\nid = \"example-ehr\"\n";
    let folder = "[[folder]]\nname = \"drop\"\npath = \"drop\"\n";
    let nobodys = edited(sender, &format!("{folder}\n{sender}"));
    let told = [
        "error[C011]",
        "isthmus.toml:",
        "no sender's files come in by drop",
    ];
    refused("a folder without a sender", &nobodys, &told);
    let bound = format!("{sender}folders = [\"drop\"]\n");
    let told = ["error[C004]", "there is no [[folder]] with the name drop"];
    refused(
        "a sender without its folder",
        &edited(sender, &bound),
        &told,
    );
    let absent = edited(sender, &format!("{folder}\n{bound}"));
    let told = ["C011", "drop cannot be opened; make it before the start"];
    refused_by(&["run"], "a folder that is not there", &absent, &told);
    let misspelt = folder.replace("path", "pattern = \"a/b\"\npath");
    let told = ["error[C001]", "a pattern of file names has * and ? alone"];
    let misspelt = edited(sender, &format!("{misspelt}\n{bound}"));
    refused("a pattern with a folder", &misspelt, &told);
}
