//! A run in which a record waits: the marketing platform is busy with another patient's until the
//! test lets it go on; what happens meanwhile is in `consent_before_sending`.

use isthmus_core::key_ring::{KeyClass, KeyOwner};
use isthmus_core::phi::Phi;
use isthmus_core::subject::SubjectIdentifier;
use isthmus_store::master_key::MasterKey;
use isthmus_store::store::Store;
use isthmus_store::store_paths::StorePaths;
use serde_json::Value;

use crate::gateway::{Gateway, Site};
use crate::receiver::{Gate, Reply, Request};
use crate::webhook_site::{WebhookSite, hand_in};

/// One request at a time, which may take long.
const ONE_AT_A_TIME: &str = "at_once = 1\ntimeout_s = 120\n";
/// The message about the patient.
pub(crate) const MESSAGE: &str = "CASE1";
/// Another one, whose record occupies the marketing platform.
pub(crate) const OTHER: &str = "OTHER";
/// The patient of the time-lines.
pub(crate) const PATIENT: &str = "PATIENT";

/// A run: while the gate is closed nothing can leave for the marketing platform, for it is busy
/// with another patient's record.
pub(crate) struct Run {
    /// Where it runs.
    pub(crate) site: WebhookSite,
    /// Its gateway; none while it is down.
    pub(crate) gateway: Option<Gateway>,
    /// Behind it the other's record.
    pub(crate) gate: Gate,
    /// Who receives what the case is about.
    pub(crate) recipient: &'static str,
}

/// Whom a request is about.
pub(crate) fn patient(request: &Request) -> String {
    let record = request.record();
    record["name"]["given"].as_str().unwrap().to_owned()
}

impl Run {
    /// Begins one: the platform is busy.
    pub(crate) fn begin(site: Site) -> Self {
        let site = WebhookSite::over(site, ONE_AT_A_TIME);
        let gate = Gate::default();
        let closed = gate.clone();
        site.marketing.answers(move |request| {
            if patient(request) == OTHER {
                closed.pass();
            }
            Reply::status(200)
        });
        let gateway = site.site.start();
        site.says(OTHER, "opt-in");
        hand_in(&gateway, &[("OTHER1", OTHER)]);
        site.marketing.wait_for("the other", |came| came.len() == 1);
        Self {
            site,
            gateway: Some(gateway),
            gate,
            recipient: "marketing",
        }
    }

    /// The running gateway.
    pub(crate) fn gateway(&self) -> &Gateway {
        self.gateway.as_ref().unwrap()
    }

    /// Takes the message in. What of it was released waits behind the other's.
    pub(crate) fn enqueue(&self, waiting: u64) {
        hand_in(self.gateway(), &[(MESSAGE, PATIENT)]);
        self.site.wait_until("marketing", "waiting", 1 + waiting);
    }

    /// Lets the marketing platform take what may leave, and waits until nothing waits.
    pub(crate) fn deliver(&self) {
        self.gate.open();
        self.site.site.settled();
    }

    /// What the ledger has on the message.
    pub(crate) fn entries(&self) -> Vec<Value> {
        let recipient = self.recipient;
        let trails = ["why", MESSAGE, "--to", recipient];
        let trails = self.site.site.json(&trails, "");
        trails[0]["ledger"].as_array().unwrap().clone()
    }

    /// How many requests were about the patient.
    pub(crate) fn arrived(&self) -> usize {
        let receiver = match self.recipient {
            "crm" => &self.site.crm,
            _ => &self.site.marketing,
        };
        let requests = receiver.requests().into_iter();
        requests.filter(|one| patient(one) == PATIENT).count()
    }

    /// Somebody unsubscribed the patient's address.
    pub(crate) fn suppress(&self) {
        let suppress = ["suppress", "--source", "unsubscribe"];
        let input = format!("{}@Example.ORG\n", PATIENT.to_lowercase());
        self.site.site.json(&suppress, &input);
    }
}

/// Destroys every key of the patient.
pub(crate) fn destroy_keys(site: &Site) {
    let text = std::fs::read_to_string(site.path("data/secrets/master.key")).unwrap();
    let digits = text.trim().as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let master: Vec<u8> = digits.map(byte).collect();
    let master: [u8; 32] = master.try_into().unwrap();
    let paths = StorePaths::in_folder(site.path("data/store"))
        .with_key_file(site.path("data/keys/keys.db"));
    let store = Store::open(&paths, &MasterKey::new(master.into())).unwrap();
    let subject = store.digester().subject(&SubjectIdentifier {
        authority: "EXAMPLE MRN".to_owned(),
        value: Phi::new(PATIENT.to_owned()),
    });
    let (keys, owner) = (store.keys(), KeyOwner::Subject(subject));
    for class in [KeyClass::Raw, KeyClass::Delivery, KeyClass::Ledger] {
        let periods = keys.periods(&owner, class).unwrap();
        assert!(!periods.is_empty(), "{class:?}");
        for period in periods {
            assert!(keys.destroy(&owner, class, &period).unwrap() > 0);
        }
        assert!(keys.periods(&owner, class).unwrap().is_empty());
    }
}
