//! When the gate releases: consents, expiry, agreements, and resources that change their own
//! meaning; and the same questions asked again before the bytes leave.

use std::collections::BTreeMap;

use isthmus_core::address::{AddressDigest, addresses, normalised};
use isthmus_core::clock::Timestamp;
use isthmus_core::consent_store::ConsentChoice;
use isthmus_core::hold::Hold;
use isthmus_core::id::FlowId;
use isthmus_core::privacy::circumstances::Circumstances;
use isthmus_core::privacy::policy_set::PolicySet;
use isthmus_core::privacy::release::Release;
use isthmus_core::record::Record;
use isthmus_core::subject::Digester;

use crate::scenario::{
    Consents, PATIENT, asking, flow, loaded, now, opted_in, policy, record, subject,
};

/// `granted` with the consent's version, or the reason.
fn answer(set: &PolicySet, record: &Record, consents: &Consents, at: Timestamp) -> String {
    match flow(set).release(record, &asking(consents, at)) {
        Release::Granted(granted) => format!("granted {:?}", granted.grant().consent_version),
        Release::Withheld(reason) => reason.to_owned(),
    }
}

fn said(choices: &[(&'static str, ConsentChoice, u64)]) -> Consents {
    let said = choices
        .iter()
        .map(|(category, choice, version)| (*category, (*choice, *version)));
    Consents {
        said: said.collect(),
        ..Consents::default()
    }
}

#[test]
fn only_a_yes_to_every_category_releases() {
    use ConsentChoice::{OptIn, OptOut};
    let one = loaded(&policy());
    let both = loaded(&policy().replace("[\"hipaa-auth\"]", "[\"hipaa-auth\", \"email\"]"));
    let patient = record(&[PATIENT]);
    let cases = [
        (&one, said(&[("hipaa-auth", OptIn, 4)]), "granted Some(4)"),
        (&one, said(&[("hipaa-auth", OptOut, 5)]), "consent"),
        (&one, said(&[]), "consent"),
        (&one, said(&[("email", OptIn, 1)]), "consent"),
        (&both, said(&[("hipaa-auth", OptIn, 4)]), "consent"),
        (
            &both,
            said(&[("hipaa-auth", OptIn, 4), ("email", OptOut, 1)]),
            "consent",
        ),
        (
            &both,
            said(&[("hipaa-auth", OptIn, 4), ("email", OptIn, 3)]),
            "granted Some(7)",
        ),
    ];
    for (set, consents, expected) in cases {
        assert_eq!(answer(set, &patient, &consents, now()), expected);
    }
    let broken = Consents {
        said: BTreeMap::new(),
        broken: true,
        ..Consents::default()
    };
    assert_eq!(
        answer(&one, &patient, &broken, now()),
        "consent-unavailable"
    );
}

#[test]
fn no_consent_is_asked_where_none_is_needed() {
    let treatment = policy()
        .replace("\"hipaa-authorization\"", "\"treatment\"")
        .replace("\"HMARKT\"", "\"TREAT\"")
        .replace("\"opt-in\"", "\"none\"")
        .replace("on_unknown", "max_age_s = 5\non_unknown");
    let set = loaded(&treatment);
    let broken = Consents {
        said: BTreeMap::new(),
        broken: true,
        as_of: Some(Timestamp::from_unix_millis(0)),
        ..Consents::default()
    };
    assert_eq!(
        answer(&set, &record(&[PATIENT]), &broken, now()),
        "granted None"
    );
}

#[test]
fn expiry_stops_a_running_flow() {
    let set = loaded(&policy());
    let patient = record(&[PATIENT]);
    let at = |millis: i64| {
        answer(
            &set,
            &patient,
            &opted_in(),
            Timestamp::from_unix_millis(millis),
        )
    };
    let flow_ends = 1_814_313_600_000; // 2027-06-30T00:00:00Z
    assert_eq!(at(flow_ends - 1), "granted Some(4)");
    assert_eq!(at(flow_ends), "expired");

    let set = loaded(&policy().replace("\"2027-06-30\"", "\"2028-06-30\""));
    let at = |millis: i64| {
        answer(
            &set,
            &patient,
            &opted_in(),
            Timestamp::from_unix_millis(millis),
        )
    };
    let agreement_ends = 1_830_211_200_000; // 2027-12-31T00:00:00Z
    assert_eq!(at(agreement_ends - 1), "granted Some(4)");
    assert_eq!(at(agreement_ends), "agreement-expired");
}

#[test]
fn a_resource_with_rules_of_its_own_is_withheld() {
    let set = loaded(&policy());
    let patient = |more: &str| format!(r#"{{"resourceType":"Patient","birthDate":"1980",{more}}}"#);
    let refused = [
        r#""implicitRules":"http://example.org/rules""#,
        r#""_implicitRules":{"id":"x"}"#,
        r#""modifierExtension":[{"url":"urn:x","valueBoolean":true}]"#,
        r#""contact":[{"modifierExtension":[{"url":"urn:x"}]}]"#,
        r#""contact":[{"name":{"family":"x","given":["y"],"modifierExtension":[]}}]"#,
    ];
    for more in refused {
        let record = record(&[&patient(more)]);
        assert_eq!(
            answer(&set, &record, &opted_in(), now()),
            "implicit-rules",
            "{more}"
        );
    }
    let other = r#"{"resourceType":"Observation","implicitRules":"http://example.org/rules"}"#;
    let record = record(&[&patient(r#""active":true"#), other]);
    assert_eq!(answer(&set, &record, &opted_in(), now()), "granted Some(4)");
}

#[test]
fn a_record_of_two_patients_or_of_nothing_granted_is_withheld() {
    let set = loaded(&policy());
    let two = record(&[PATIENT, PATIENT]);
    assert_eq!(answer(&set, &two, &opted_in(), now()), "several-subjects");
    let bare = record(&[r#"{"resourceType":"Patient","active":true}"#]);
    assert_eq!(answer(&set, &bare, &opted_in(), now()), "nothing-granted");
    assert_eq!(
        answer(&set, &record(&[]), &opted_in(), now()),
        "nothing-granted"
    );
}

#[test]
fn what_was_released_is_asked_again_before_it_leaves() {
    use ConsentChoice::{OptIn, OptOut};
    let set = loaded(&policy());
    let asked = opted_in();
    let Release::Granted(granted) = flow(&set).release(&record(&[PATIENT]), &asking(&asked, now()))
    else {
        panic!("withheld");
    };
    let grant = granted.grant();
    let ask = |set: &PolicySet, consents: &Consents, at: Timestamp| {
        set.still_permits(grant, &subject(), &asking(consents, at))
    };
    let later = Timestamp::from_unix_millis(now().unix_millis() + 60_000);
    assert_eq!(ask(&set, &opted_in(), later), Ok(()));
    assert_eq!(
        ask(&set, &said(&[("hipaa-auth", OptOut, 5)]), later),
        Err("consent")
    );
    assert_eq!(
        ask(&set, &said(&[("hipaa-auth", OptIn, 6)]), later),
        Err("consent-version-changed")
    );
    let expired = Timestamp::from_unix_millis(1_814_313_600_000);
    assert_eq!(ask(&set, &opted_in(), expired), Err("expired"));

    let edited = loaded(&(policy() + "# a word\n"));
    assert_eq!(ask(&edited, &opted_in(), later), Err("policy-changed"));
    let renamed = loaded(&policy().replace("\"mailer-newsletter\"", "\"mailer-news\""));
    assert!(renamed.flow(&FlowId::new("mailer-newsletter")).is_none());
    assert_eq!(ask(&renamed, &opted_in(), later), Err("policy-changed"));
    assert_eq!(
        ask(&PolicySet::default(), &opted_in(), later),
        Err("policy-changed")
    );
}

#[test]
fn a_word_on_what_a_record_tells_makes_it_stale_too() {
    use ConsentChoice::{OptIn, OptOut};
    let telling = policy()
        .replace("\"hipaa-authorization\"", "\"treatment\"")
        .replace("\"HMARKT\"", "\"TREAT\"")
        .replace("\"opt-in\"", "\"none\"")
        .replace("on_unknown", "tells = [\"email\", \"phone\"]\non_unknown");
    let set = loaded(&telling);
    let before = said(&[("email", OptIn, 2)]);
    let Release::Granted(granted) =
        flow(&set).release(&record(&[PATIENT]), &asking(&before, now()))
    else {
        panic!("withheld");
    };
    assert_eq!(granted.grant().consent_version, Some(2));
    let ask = |consents| set.still_permits(granted.grant(), &subject(), &asking(&consents, now()));
    assert_eq!(ask(said(&[("email", OptIn, 2)])), Ok(()));
    let changed = Err("consent-version-changed");
    assert_eq!(ask(said(&[("email", OptOut, 3)])), changed);
    assert_eq!(
        ask(said(&[("email", OptIn, 2), ("phone", OptOut, 1)])),
        changed
    );
    let broken = Consents {
        broken: true,
        ..Consents::default()
    };
    assert_eq!(ask(broken), Err("consent-unavailable"));
}

#[test]
fn what_is_known_of_another_time_is_not_known() {
    let set = loaded(&policy().replace("on_unknown", "max_age_s = 5\non_unknown"));
    let patient = record(&[PATIENT]);
    for (age_ms, expected) in [
        (0, "granted Some(4)"),
        (5_000, "granted Some(4)"),
        (5_001, "consent-unavailable"),
        (-5_001, "consent-unavailable"),
    ] {
        let consents = Consents {
            as_of: Some(Timestamp::from_unix_millis(now().unix_millis() - age_ms)),
            ..opted_in()
        };
        assert_eq!(answer(&set, &patient, &consents, now()), expected);
    }
}

#[test]
fn marketing_goes_to_no_address_that_is_suppressed() {
    let set = loaded(&policy());
    let patient = record(&[PATIENT]);
    let digester = Digester::new(&[9; 32]);
    let known = addresses(&patient.resources);
    let known: Vec<AddressDigest> = known.iter().map(|one| digester.address(one)).collect();
    let suppressed = normalised("TESTA@example.ORG ").unwrap();
    let consents = Consents {
        suppressed: vec![digester.address(&suppressed)],
        ..opted_in()
    };
    let circumstances = Circumstances {
        addresses: &known,
        ..asking(&consents, now())
    };
    let answer = flow(&set).release(&patient, &circumstances);
    assert!(
        matches!(answer, Release::Withheld("suppressed")),
        "{answer:?}"
    );
    let answer = flow(&set).release(&patient, &asking(&consents, now()));
    assert!(matches!(answer, Release::Granted(_)), "{answer:?}");
}

#[test]
fn a_hold_keeps_what_was_released() {
    let set = loaded(&policy());
    let asked = opted_in();
    let Release::Granted(granted) = flow(&set).release(&record(&[PATIENT]), &asking(&asked, now()))
    else {
        panic!("withheld");
    };
    for (hold, code) in [(Hold::Review, "review"), (Hold::Restriction, "restriction")] {
        let held = Consents {
            hold: Some(hold),
            ..opted_in()
        };
        let circumstances = asking(&held, now());
        let answer = set.still_permits(granted.grant(), &subject(), &circumstances);
        assert_eq!(answer, Err(code));
        assert_eq!(Hold::parse(hold.code()), Some(hold));
    }
}
