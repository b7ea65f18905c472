//! From the moment when a revocation is acknowledged, no request about that patient begins any
//! more, however busy the gateway is. What becomes of single deliveries is in
//! `consent_before_sending`.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::gateway::tell;
use crate::mllp_peer::{MllpPeer, framed};
use crate::receiver::{Reply, Request};
use crate::webhook_site::{WebhookSite, message};

/// Patients who take their word back.
const PATIENTS: usize = 20;
/// Messages that the sender writes at once, and the pause before the next ones: about what a
/// gateway that is not optimised keeps up with.
const WINDOW: usize = 20;
const PAUSE: Duration = Duration::from_millis(80);
/// The longest time between two revocations, in milliseconds.
const BETWEEN_MILLIS: u64 = 120;
/// The longest that the platform takes over a request, in milliseconds: long enough that a few
/// records of every patient wait.
const ANSWER_MILLIS: u64 = 160;

fn name(patient: usize) -> String {
    format!("PATIENT{patient:02}")
}

/// A number below another, drawn anew.
fn drawn(below: u64) -> u64 {
    RandomState::new().hash_one(0) % below
}

/// Sends messages about all patients in turn until it is told to stop; how many were accepted
/// about each, with the times of the acknowledgements.
fn load(mut peer: MllpPeer, stop: &AtomicBool) -> Vec<Vec<Instant>> {
    let mut accepted = vec![Vec::new(); PATIENTS];
    let mut number = 0;
    while !stop.load(Ordering::SeqCst) {
        let window = (0..WINDOW).map(|index| {
            let patient = name((number + index) % PATIENTS);
            framed(&message(&format!("L{:06}", number + index), &patient))
        });
        peer.write(&window.collect::<Vec<_>>().concat());
        for index in 0..WINDOW {
            assert_eq!(peer.answer().unwrap().code(), "AA");
            accepted[(number + index) % PATIENTS].push(Instant::now());
        }
        number += WINDOW;
        std::thread::sleep(PAUSE);
    }
    accepted
}

/// The times at which requests about each patient began, by e-mail address.
fn begun(requests: &[Request]) -> BTreeMap<String, Vec<Instant>> {
    let mut begun: BTreeMap<String, Vec<Instant>> = BTreeMap::new();
    for request in requests {
        let email = request.record()["email"].as_str().unwrap().to_uppercase();
        let patient = email.split('@').next().unwrap().to_owned();
        begun.entry(patient).or_default().push(request.began);
    }
    begun
}

#[test]
fn after_an_acknowledged_revocation_no_request_about_the_patient_begins() {
    let site = WebhookSite::example();
    site.marketing.answers(|_| {
        std::thread::sleep(Duration::from_millis(drawn(ANSWER_MILLIS)));
        Reply::status(200)
    });
    let gateway = site.site.start();
    for patient in 0..PATIENTS {
        site.says(&name(patient), "opt-in");
    }
    let stop = AtomicBool::new(false);
    let peer = MllpPeer::connect(gateway.plain);
    let mut revoked = Vec::new();
    let accepted = std::thread::scope(|scope| {
        let sending = scope.spawn(|| load(peer, &stop));
        site.marketing.wait_for("every patient's first", |came| {
            begun(came).len() == PATIENTS
        });
        for patient in 0..PATIENTS {
            std::thread::sleep(Duration::from_millis(drawn(BETWEEN_MILLIS)));
            site.says(&name(patient), "opt-out");
            revoked.push(Instant::now());
        }
        std::thread::sleep(Duration::from_millis(500));
        stop.store(true, Ordering::SeqCst);
        sending.join().unwrap()
    });
    let status = site.site.settled();
    assert!(gateway.stop());
    let begun = begun(&site.marketing.requests());
    let (mut before, mut after) = (0, 0);
    for (patient, revoked) in revoked.iter().enumerate() {
        let times = &begun[&name(patient)];
        let late = times.iter().filter(|began| *began > revoked).count();
        assert_eq!(
            late,
            0,
            "{} had begun {late} requests too many",
            name(patient)
        );
        let later = accepted[patient].iter().filter(|at| *at > revoked).count();
        assert!(
            later > 0,
            "no message about {} came after its revocation",
            name(patient)
        );
        before += times.len();
        after += later;
    }
    let withheld = status["deliveries"].as_array().unwrap().iter();
    let withheld = withheld.filter(|row| row["state"] == "withheld");
    let queued: u64 = withheld.map(|row| row["count"].as_u64().unwrap()).sum();
    assert!(queued > 0, "no revocation met a record in the queue");
    tell(&format!(
        "{PATIENTS} revocations under load: {before} requests before them, {queued} queued records \
         withheld, {after} further messages, no request after any of them"
    ));
}
