//! Certificates over their life: one that has ended is refused with its place, one that ends soon
//! is warned of, and a renewed one is taken over without dropping a connection.

use std::path::Path;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use serde_json::Value;

use crate::gateway::Site;
use crate::reload::message;

/// An authority and a certificate of it for loopback that ends so many days from now, written to
/// these files.
fn issue(site: &Site, folder: &str, days: i64) {
    let folder = site.path(folder);
    std::fs::create_dir_all(&folder).unwrap();
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let root = authority.self_signed(&authority_key).unwrap();
    let issuer = Issuer::from_params(&authority, &authority_key);
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let mut params = CertificateParams::new(names).unwrap();
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    let now = jiff::Timestamp::now().as_second();
    let end = jiff::Timestamp::from_second(now + days * 86_400 + 43_200).unwrap();
    let end = end.to_zoned(jiff::tz::TimeZone::UTC);
    params.not_before = date_time_ymd(2020, 1, 1);
    // To the day, its first moment.
    params.not_after = date_time_ymd(
        end.year().into(),
        u8::try_from(end.month()).unwrap(),
        u8::try_from(end.day()).unwrap(),
    );
    let key = KeyPair::generate().unwrap();
    let leaf = params.signed_by(&key, &issuer).unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text).unwrap();
    write("ca.pem", root.pem());
    write("server.pem", leaf.pem());
    write("server.key", key.serialize_pem());
}

/// A site whose listener and own authority are those of `issue`.
fn site(days: i64) -> Site {
    let site = Site::example();
    site.edit(|text| {
        text.replacen("certificates = \"data/certificates\"\n", "", 1)
            .replace("data/certificates/", "pki/")
    });
    issue(&site, "pki", days);
    site
}

/// Copies the files of one folder into another, as an installer of certificates does.
fn install(site: &Site, from: &str) {
    for name in ["server.pem", "server.key", "ca.pem"] {
        std::fs::copy(site.path(from).join(name), site.path("pki").join(name)).unwrap();
    }
}

fn send(site: &Site, address: &str, ca: &Path, messages: u64, rate: &str) -> Value {
    let texts: Vec<String> = (0..messages)
        .map(|number| String::from_utf8(message(number)).unwrap())
        .collect();
    let arguments = [
        "send",
        address,
        "-",
        "--tls",
        "--ca",
        ca.to_str().unwrap(),
        "--rate",
        rate,
        "--json",
    ];
    let output = site.command(&arguments, &texts.concat());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn one_that_has_ended_is_refused_and_one_that_ends_soon_is_warned_of() {
    let site = site(-40);
    for command in ["check", "run"] {
        let output = site.command(&[command], "");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        for part in [
            "isthmus.toml:",
            "C006",
            "expired on",
            "install a renewed one",
        ] {
            assert!(said.contains(part), "{command} does not say {part}: {said}");
        }
    }
    issue(&site, "pki", 29);
    let output = site.command(&["check"], "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("C009") && said.contains("server.pem ends in 2"),
        "{said}"
    );
    let gateway = site.start();
    let log = || std::fs::read_to_string(site.path("gateway.log")).unwrap();
    let warned = |log: &str| log.lines().filter(|line| line.contains("C009")).count();
    std::thread::sleep(Duration::from_millis(200));
    let first = log();
    assert_eq!(warned(&first), 1, "{first}");
    assert!(!first.contains("PRIVATE KEY"));
    let reloaded = site.json(&["reload"], "");
    assert_eq!(reloaded["diagnostics"][0]["code"], "C009", "{reloaded}");
    assert_eq!(warned(&log()), 2, "{}", log());
    // Renewed, it is warned of no more; one that has ended is not taken over.
    issue(&site, "pki", 300);
    assert_eq!(
        site.json(&["reload"], "")["diagnostics"],
        serde_json::json!([])
    );
    issue(&site, "pki", -40);
    let output = site.command(&["reload"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(gateway.stop());
}

#[test]
fn a_rotation_drops_no_connection_and_new_ones_get_the_new_certificate() {
    let site = site(300);
    let old_ca = site.path("old-ca.pem");
    std::fs::copy(site.path("pki/ca.pem"), &old_ca).unwrap();
    issue(&site, "renewed", 300);
    let gateway = site.start();
    let address = gateway.tls.to_string();
    std::thread::scope(|scope| {
        // One connection over the whole of it: any break ends it early.
        let sending = scope.spawn(|| send(&site, &address, &old_ca, 300, "100"));
        site.wait_for("the feed to be under way", |status| {
            status["intakes"].as_u64().unwrap() > 50
        });
        install(&site, "renewed");
        assert_eq!(site.json(&["reload"], "")["event"], "reloaded");
        assert!(
            !sending.is_finished(),
            "the feed was over before the reload"
        );
        let sent = sending.join().unwrap();
        assert_eq!(sent["positive"], 300, "{sent}");
    });
    let new = send(&site, &address, &site.path("renewed/ca.pem"), 1, "100");
    assert_eq!(new["positive"], 1, "{new}");
    let old = send(&site, &address, &old_ca, 1, "100");
    assert_eq!(old["positive"], 0, "{old}");
}

#[test]
fn a_client_certificate_of_a_destination_that_has_ended_is_refused() {
    let site = Site::example();
    issue(&site, "own", -40);
    std::fs::write(
        site.path("crm.secret"),
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    )
    .unwrap();
    site.edit(|text| {
        let folder = "adapter = \"ndjson-folder\"\nfolder = \"data/outbox/crm\"\n";
        let webhook = "adapter = \"webhook\"\nurl = \"https://crm.example/hook\"\n\
                       secrets = [\"${file:crm.secret}\"]\nauthorities = \"own/ca.pem\"\n\
                       client_certificate = \"own/server.pem\"\nclient_key = \"own/server.key\"\n";
        assert!(text.contains(folder));
        text.replacen(folder, webhook, 1)
    });
    for command in ["check", "run"] {
        let output = site.command(&[command], "");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        for part in ["C007", "expired on", "isthmus reload"] {
            assert!(said.contains(part), "{command} does not say {part}: {said}");
        }
    }
    issue(&site, "own", 10);
    let output = site.command(&["check"], "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("client_certificate") && said.contains("C009"),
        "{said}"
    );
}
