//! Planted faults in what senders are told: an answer that is left behind, and one that is taken
//! for heard. The others are in `planted`.

use std::sync::Arc;

use isthmus_core::future::BoxFuture;
use isthmus_core::id::SenderId;
use isthmus_core::journal::{Committed, Journal, JournalError, Unit};
use isthmus_ingress::answer_ways::{AnswerWays, Telling, Told};

/// Commits outcomes of which every other leaves its answer behind.
pub(crate) struct Mute {
    pub(crate) journal: Arc<dyn Journal>,
}

impl Journal for Mute {
    fn commit(&self, unit: Unit) -> BoxFuture<'_, Result<Committed, JournalError>> {
        let Unit::Conclusions(mut conclusions) = unit else {
            return self.journal.commit(unit);
        };
        for conclusion in conclusions.iter_mut().skip(1) {
            conclusion.answer = None;
        }
        self.journal.commit(Unit::Conclusions(conclusions))
    }
}

/// Takes silence of a sender for a yes.
pub(crate) struct DeafWays {
    pub(crate) ways: Arc<dyn AnswerWays>,
}

impl AnswerWays for DeafWays {
    fn is_open(&self, sender: &SenderId) -> bool {
        self.ways.is_open(sender)
    }

    fn opened<'a>(&'a self, sender: &'a SenderId) -> BoxFuture<'a, ()> {
        self.ways.opened(sender)
    }

    fn tell<'a>(&'a self, sender: &'a SenderId, answers: Vec<Telling>) -> BoxFuture<'a, Vec<Told>> {
        Box::pin(async move {
            let told = self.ways.tell(sender, answers).await;
            told.into_iter().map(|_told| Told::Heard).collect()
        })
    }

    fn rest(&self, sender: &SenderId) {
        self.ways.rest(sender);
    }
}
