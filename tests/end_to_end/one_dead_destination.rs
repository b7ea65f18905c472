//! A recipient that never answers holds up no other one, and loses nothing of its own. What it
//! costs the others in time is measured by `tests/bench/starvation.py`.

use std::time::Duration;

use crate::gateway::Site;
use crate::receiver::Reply;
use crate::webhook_site::{WebhookSite, deliveries, hand_in};

const PATIENTS: u64 = 40;

#[test]
fn a_recipient_that_never_answers_holds_up_nobody_else() {
    let site = WebhookSite::over(Site::example(), "timeout_s = 2\nconnect_timeout_s = 1\n");
    site.crm
        .answers(|_| Reply::Silence(Duration::from_hours(1)));
    let gateway = site.site.start();
    let names: Vec<String> = (0..PATIENTS)
        .map(|one| format!("PATIENT{one:02}"))
        .collect();
    let lines = names.iter().map(|name| format!("EXAMPLE MRN|{name}"));
    let all = lines.collect::<Vec<_>>().join(
        "
",
    );
    let set = [
        "consent",
        "set",
        "--category",
        "hipaa-auth",
        "--evidence",
        "a form",
    ];
    site.site
        .json(&[&set[..], &["--choice", "opt-in"]].concat(), &all);
    for round in ["A", "B"] {
        let ids: Vec<String> = names.iter().map(|name| format!("{round}{name}")).collect();
        let messages = ids.iter().zip(&names);
        let messages = messages.map(|(id, name)| (id.as_str(), name.as_str()));
        hand_in(&gateway, &messages.collect::<Vec<_>>());
    }
    let status = site.wait_until("marketing", "delivered", 2 * PATIENTS);
    assert_eq!(deliveries(&status, "crm", "delivered"), 0, "{status}");
    let kept = ["waiting", "retrying"].map(|state| deliveries(&status, "crm", state));
    assert_eq!(kept.iter().sum::<u64>(), 2 * PATIENTS, "{status}");
    assert!(gateway.stop());
    let before = site.crm.requests().len();
    site.crm.answers(|_| Reply::status(200));
    let gateway = site.site.start();
    site.wait_until("crm", "delivered", 2 * PATIENTS);
    let came = site.crm.requests().len() - before;
    assert_eq!(came as u64, 2 * PATIENTS, "each once, once it answers");
    assert!(gateway.stop());
}
