//! The story of the demo: what is sent, allowed, taken back and mended, in order, each step waited
//! for. What must have come of it at the end is listed in `expectation`.

use std::sync::Arc;
use std::time::Duration;

use isthmus_core::executor::Executor;

use crate::admin::answer::{ParkedRow, Recorded, Ruled, Status, Suppressed};
use crate::admin::request::{Order, Request};
use crate::demo::asking::{Asking, deliveries, on_the_way};
use crate::demo::board::Board;
use crate::demo::feed::{Chapter, FeedMessage, Person, unsubscribed};
use crate::demo::receiver_book::{Away, ReceiverBook};
use crate::demo::view::{CRM, MARKETING};
use crate::failure::Failure;
use crate::mllp_client::MllpClient;
use crate::system::TokioExecutor;

/// The consent that the marketing flow rests on.
const CATEGORY: &str = "hipaa-auth";

/// What can be known only while the story goes on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Noted {
    /// Records of D that waited when the consent was taken back.
    pub(crate) waited: u64,
    /// When that was answered, nothing of D was on its way.
    pub(crate) nothing_on_its_way: bool,
    /// Records that the marketing platform took between that and the next message of another
    /// patient.
    pub(crate) after_taking_back: u64,
    /// Records of E that waited behind the one that was refused.
    pub(crate) behind: u64,
    /// Records of others that the CRM took meanwhile.
    pub(crate) went_on: u64,
    /// Parked items that were ruled on.
    pub(crate) ruled: usize,
}

/// The parts that play.
pub(crate) struct Story {
    /// The sending system's connection.
    pub(crate) client: MllpClient,
    /// The gateway.
    pub(crate) asking: Asking,
    /// Where it is told.
    pub(crate) board: Arc<Board>,
    /// The sample CRM.
    pub(crate) crm: Arc<ReceiverBook>,
    /// The sample marketing platform.
    pub(crate) marketing: Arc<ReceiverBook>,
    /// The pause behind each sentence, so that a person can follow.
    pub(crate) pause: Duration,
    /// What was noted so far.
    pub(crate) noted: Noted,
}

impl Story {
    /// Plays it to the end. Fails when a state that is waited for does not come.
    pub(crate) async fn play(&mut self) -> Result<(), Failure> {
        self.arrivals().await?;
        self.not_right().await?;
        self.crm_is_away().await?;
        self.opt_in().await?;
        self.take_back().await?;
        self.refused_for_good().await?;
        self.discharges().await?;
        self.mended().await
    }

    async fn arrivals(&mut self) -> Result<(), Failure> {
        for person in [Person::A, Person::D, Person::E] {
            self.choose(person, "opt-in").await?;
        }
        self.tell("patients A, D and E allow marketing, B and C do not")
            .await;
        self.send(Chapter::Arrivals, ..).await?;
        self.tell("patients A to D arrive: 9 messages, synced, then acknowledged")
            .await;
        self.settled("the records of the arrivals to be delivered")
            .await?;
        self.tell("the CRM knows A to D, the marketing platform A and D")
            .await;
        Ok(())
    }

    async fn not_right(&mut self) -> Result<(), Failure> {
        self.send(Chapter::NotRight, ..).await?;
        let parked = |status: &Status| status.open == 0 && !status.parked.is_empty();
        self.asking
            .until("the message without a map to be parked", parked)
            .await?;
        self.tell("a message without a map is kept and parked: not-mapped at MSH-9")
            .await;
        Ok(())
    }

    async fn crm_is_away(&mut self) -> Result<(), Failure> {
        let before = self.crm.view().away;
        self.crm.goes_away(Away::Times(2));
        self.tell("the CRM answers 503 for a while").await;
        self.send(Chapter::CrmIsAway, ..1).await?;
        let crm = Arc::clone(&self.crm);
        self.asking
            .until_so("the CRM to answer 503", || crm.view().away > before)
            .await?;
        self.send(Chapter::CrmIsAway, 1..).await?;
        self.tell("6 messages are acknowledged; their records for the CRM wait")
            .await;
        self.settled("the CRM to get what waited").await?;
        self.tell("the CRM is back and has all, in order for each person")
            .await;
        Ok(())
    }

    async fn opt_in(&mut self) -> Result<(), Failure> {
        self.choose(Person::C, "opt-in").await?;
        self.tell("patient C opts in; what was withheld stays withheld")
            .await;
        self.send(Chapter::OptIn, ..).await?;
        self.settled("the news of C to be delivered").await?;
        self.tell("the next message of C reaches the marketing platform too")
            .await;
        Ok(())
    }

    async fn take_back(&mut self) -> Result<(), Failure> {
        let before = self.marketing.view();
        self.marketing.goes_away(Away::UntilBack);
        self.tell("the marketing platform answers 503").await;
        self.send(Chapter::TakeBack, ..1).await?;
        let marketing = Arc::clone(&self.marketing);
        self.asking
            .until_so("the marketing platform to answer 503", || {
                marketing.view().away > before.away
            })
            .await?;
        self.send(Chapter::TakeBack, 1..2).await?;
        let waits = |status: &Status| status.open == 0 && on_the_way(status, MARKETING) == 2;
        self.asking
            .until("2 records of D to wait for the marketing platform", waits)
            .await?;
        let recorded = self.choose(Person::D, "opt-out").await?;
        self.noted.waited = 2;
        self.noted.nothing_on_its_way = recorded.nothing_on_its_way;
        self.tell("patient D takes back the consent while 2 records wait")
            .await;
        self.marketing.is_back();
        self.send(Chapter::TakeBack, 2..3).await?;
        self.settled("the records of D to be disposed of").await?;
        let taken = self.marketing.view().taken;
        self.noted.after_taking_back = taken.saturating_sub(before.taken);
        self.tell("the marketing platform is back and gets neither: consent-revoked")
            .await;
        self.send(Chapter::TakeBack, 3..).await?;
        self.settled("the news of A to be delivered").await?;
        Ok(())
    }

    async fn refused_for_good(&mut self) -> Result<(), Failure> {
        let request = Request::Suppress {
            addresses: vec![unsubscribed()],
            source: "unsubscribe".to_owned(),
        };
        let _suppressed: Suppressed = self.asking.ask(request).await?;
        self.tell("patient E unsubscribes: no marketing to this address any more")
            .await;
        self.crm.refuses_next_person();
        self.send(Chapter::RefusedForGood, ..1).await?;
        let parked = |status: &Status| deliveries(status, CRM, "parked") == 1;
        self.asking
            .until("the record that the CRM refuses to be parked", parked)
            .await?;
        self.tell("the CRM refuses the record of E for good (422): it is parked")
            .await;
        let before = self.crm.view().taken;
        self.send(Chapter::RefusedForGood, 1..).await?;
        let behind = |status: &Status| {
            let (waiting, parked) = (on_the_way(status, CRM), deliveries(status, CRM, "parked"));
            status.open == 0 && waiting == 2 && parked == 1 && on_the_way(status, MARKETING) == 0
        };
        self.asking
            .until("only the records of E to wait", behind)
            .await?;
        self.noted.behind = 2;
        self.noted.went_on = self.crm.view().taken.saturating_sub(before);
        self.tell("2 records of E wait behind it; those of A, B and C go on")
            .await;
        Ok(())
    }

    async fn discharges(&mut self) -> Result<(), Failure> {
        self.send(Chapter::Discharges, ..).await?;
        self.tell("the discharge of A is sent twice: acknowledged twice, taken once")
            .await;
        Ok(())
    }

    async fn mended(&mut self) -> Result<(), Failure> {
        self.crm.is_mended();
        let list = Request::Parked {
            after: None,
            limit: 50,
        };
        let parked: Vec<ParkedRow> = self.asking.ask(list).await?;
        let refused = parked.into_iter().filter(|row| {
            row.recipient.as_deref() == Some(CRM) && row.reason == "refused-by-destination"
        });
        let request = Request::Rule(Order {
            items: refused.map(|row| row.item).collect(),
            all: None,
            drop: false,
            why: "the sample CRM was mended".to_owned(),
            overtaken_too: false,
        });
        let ruled: Ruled = self.asking.ask(request).await?;
        self.noted.ruled = ruled.ruled;
        self.tell("the CRM was mended: the parked record is tried again, on order")
            .await;
        self.settled("the records of E to be delivered").await?;
        self.send(Chapter::Mended, ..).await?;
        self.settled("the last record to be delivered").await?;
        self.tell("the records of E are delivered in order; nothing waits")
            .await;
        Ok(())
    }

    /// Sends a part of a chapter, each message when the one before was answered.
    async fn send(
        &mut self,
        chapter: Chapter,
        part: impl std::slice::SliceIndex<[FeedMessage], Output = [FeedMessage]>,
    ) -> Result<(), Failure> {
        let messages = chapter.messages();
        for message in messages.get(part).unwrap_or_default() {
            let answer = self.client.exchange(message.bytes.reveal()).await;
            let answer = answer.map_err(Failure::run)?;
            self.board.answered(&answer);
            if !answer.code.is_positive() {
                let (id, code) = (&message.control_id, answer.code.as_str());
                let sentence = format!("message {id} is refused: {code} {}", answer.why);
                self.tell(&sentence).await;
            }
        }
        Ok(())
    }

    /// Records a patient's choice as `consent set` does.
    async fn choose(&self, person: Person, choice: &str) -> Result<Recorded, Failure> {
        let request = Request::SetConsent {
            patients: vec![person.patient()],
            category: CATEGORY.to_owned(),
            choice: choice.to_owned(),
            evidence: "invented for the demo".to_owned(),
        };
        self.asking.ask(request).await
    }

    /// Waits until every message has an outcome and nothing is on its way.
    async fn settled(&self, what: &str) -> Result<(), Failure> {
        let settled = |status: &Status| {
            let waiting = [CRM, MARKETING].map(|id| on_the_way(status, id));
            status.open == 0 && waiting == [0, 0]
        };
        self.asking.until(what, settled).await
    }

    async fn tell(&self, sentence: &str) {
        self.board.tell(sentence);
        if !self.pause.is_zero() {
            TokioExecutor::new().sleep(self.pause).await;
        }
    }
}
