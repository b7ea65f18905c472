//! What reaches a recipient is what `isthmus flow` says it may have, and nothing else; consent
//! decides for marketing.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::gateway::{Gateway, Site, root};

/// Sends the example's messages over TLS.
fn send(site: &Site, gateway: &Gateway, files: &[&str]) -> Value {
    let ca = site.path("data/certificates/ca.pem");
    let files = files
        .iter()
        .map(|name| root().join("gateway/example/messages").join(name));
    let files: Vec<String> = files
        .map(|path| path.to_str().unwrap().to_owned())
        .collect();
    let address = gateway.tls.to_string();
    let mut arguments = vec!["send", &address, "--tls", "--ca", ca.to_str().unwrap()];
    arguments.extend(files.iter().map(String::as_str));
    site.json(&arguments, "")
}

/// Dotted names of all leaves of a record.
fn leaves(value: &Value, prefix: &str, found: &mut BTreeSet<String>) {
    let Value::Object(members) = value else {
        found.insert(prefix.to_owned());
        return;
    };
    for (name, member) in members {
        let dot = if prefix.is_empty() { "" } else { "." };
        leaves(member, &format!("{prefix}{dot}{name}"), found);
    }
}

/// The record fields that `isthmus flow` names for a recipient.
fn declared(site: &Site, recipient: &str) -> BTreeSet<String> {
    let report = site.json(&["flow", "--recipient", recipient], "");
    let flows = report["flows"].as_array().unwrap();
    let fields = flows
        .iter()
        .flat_map(|flow| flow["fields"].as_array().unwrap());
    fields
        .map(|field| field["target"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn recipients_get_the_declared_fields_and_nothing_else() {
    let site = Site::example();
    let gateway = site.start();
    let sent = send(
        &site,
        &gateway,
        &["01-admit.hl7", "02-result.hl7", "03-register.hl7"],
    );
    assert_eq!(sent["codes"], serde_json::json!({ "AA": 3 }), "{sent}");
    site.settled();
    let records = site.outbox("crm");
    assert_eq!(records.len(), 3);
    let declared = declared(&site, "crm");
    for line in &records {
        let mut fields = BTreeSet::new();
        leaves(&line["record"], "", &mut fields);
        assert!(
            fields.is_subset(&declared),
            "{fields:?} beyond {declared:?}"
        );
        assert!(
            fields.contains("person_id") && fields.contains("name.family"),
            "{fields:?}"
        );
    }
    assert!(site.outbox("marketing").is_empty(), "nobody opted in");
    assert!(gateway.stop());
}

#[test]
fn marketing_gets_a_patient_only_after_an_opt_in_and_never_after_an_opt_out() {
    let site = Site::example();
    let gateway = site.start();
    send(&site, &gateway, &["01-admit.hl7"]);
    site.settled();
    let consent = |choice: &str| {
        let set = [
            "consent",
            "set",
            "--category",
            "hipaa-auth",
            "--choice",
            choice,
        ];
        site.json(
            &[&set[..], &["--evidence", "a form"]].concat(),
            "EXAMPLE MRN|100001\n",
        );
    };
    consent("opt-in");
    send(&site, &gateway, &["04-update.hl7", "03-register.hl7"]);
    site.settled();
    let records = site.outbox("marketing");
    assert_eq!(
        records.len(),
        1,
        "the one patient who opted in, from then on"
    );
    let declared = declared(&site, "marketing");
    let mut fields = BTreeSet::new();
    leaves(&records[0]["record"], "", &mut fields);
    assert!(
        fields.is_subset(&declared),
        "{fields:?} beyond {declared:?}"
    );
    let record = &records[0]["record"];
    assert_eq!(record["birth_year"], "1984");
    assert_eq!(record["address"]["zip3"], "627");
    consent("opt-out");
    send(&site, &gateway, &["05-discharge.hl7"]);
    site.settled();
    assert_eq!(site.outbox("marketing").len(), 1);
    assert_eq!(site.outbox("crm").len(), 4);
}
