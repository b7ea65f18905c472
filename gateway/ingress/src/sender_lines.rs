//! `SenderLines`, the ways to senders as they are: the connection that a message came on, else the
//! configured address, else the sender's newest connection.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use isthmus_core::future::BoxFuture;
use isthmus_core::id::SenderId;
use tokio::sync::oneshot;

use crate::answer_link::{ANSWER_MAX, AnswerLink};
use crate::answer_route::AnswerRoute;
use crate::answer_ways::{AnswerWays, Telling, Told};
use crate::open_connections::Line;
use crate::seams::{Seams, within};
use crate::terms::Terms;

/// How long a connection may take to write an answer behind what it writes already; its own bound
/// closes it before.
const SAY_MAX: Duration = Duration::from_mins(1);

/// The ways to all senders.
pub struct SenderLines {
    seams: Arc<Seams>,
    /// Our connections to senders' listeners, while nothing is told on them.
    links: Mutex<BTreeMap<SenderId, AnswerLink>>,
}

impl fmt::Debug for SenderLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SenderLines")
    }
}

/// An answer that was handed to a connection.
struct Handed {
    place: usize,
    line: Arc<Line>,
    written: oneshot::Receiver<()>,
    /// What tells of the acknowledgement, where one is asked for.
    heard: Option<oneshot::Receiver<Told>>,
}

impl SenderLines {
    /// The ways over these seams' connections and terms.
    pub fn new(seams: Arc<Seams>) -> Self {
        Self {
            seams,
            links: Mutex::default(),
        }
    }

    async fn tell_all(&self, sender: &SenderId, answers: &[Telling]) -> Vec<Told> {
        let terms = self.seams.terms.get();
        let route = terms.routes.get(sender);
        let mut told = vec![Told::NotNow; answers.len()];
        let mut by_route = Vec::new();
        let mut handed = Vec::new();
        for (place, answer) in answers.iter().enumerate() {
            match (self.line(sender, answer, &terms), route) {
                (Some(line), _) => handed.extend(self.hand(place, answer, line).await),
                (None, Some(_)) => by_route.push((place, answer)),
                (None, None) => {}
            }
        }
        if let Some(route) = route.filter(|_| !by_route.is_empty()) {
            let answers: Vec<&Telling> = by_route.iter().map(|(_, answer)| *answer).collect();
            let said = self.over_route(sender, route, &answers).await;
            for ((place, _), said) in by_route.iter().zip(said) {
                set(&mut told, *place, said);
            }
        }
        for one in handed {
            let place = one.place;
            let Some(answer) = answers.get(place) else {
                continue;
            };
            set(&mut told, place, self.heard(one, answer).await);
        }
        told
    }

    /// The connection that an answer goes back on. Without an address it may be any of the
    /// sender's.
    fn line(&self, sender: &SenderId, answer: &Telling, terms: &Terms) -> Option<Arc<Line>> {
        let connections = &self.seams.connections;
        let own = connections.of_message(&answer.message, sender, terms);
        let has_route = terms.routes.contains_key(sender);
        own.or_else(|| {
            let any = (!has_route).then(|| connections.newest(sender, terms));
            any.flatten()
        })
    }

    async fn hand(&self, place: usize, answer: &Telling, line: Arc<Line>) -> Option<Handed> {
        let heard = answer.accept.then(|| line.expect(&answer.control_id));
        let say = line.say(answer.bytes.clone());
        let said = within(self.seams.executor.as_ref(), SAY_MAX, say).await;
        let Some(written) = said.flatten() else {
            line.forget(&answer.control_id);
            return None;
        };
        Some(Handed {
            place,
            line,
            written,
            heard,
        })
    }

    /// What came of an answer that was handed to a connection.
    async fn heard(&self, handed: Handed, answer: &Telling) -> Told {
        let executor = self.seams.executor.as_ref();
        let written = within(executor, SAY_MAX, handed.written).await;
        let told = match (written, handed.heard) {
            (Some(Ok(())), None) => Told::Heard,
            (Some(Ok(())), Some(heard)) => {
                let heard = within(executor, ANSWER_MAX, heard).await;
                heard.and_then(Result::ok).unwrap_or(Told::NotNow)
            }
            (Some(Err(_)) | None, _) => Told::NotNow,
        };
        handed.line.forget(&answer.control_id);
        told
    }

    /// Tells answers at the sender's own listener.
    async fn over_route(
        &self,
        sender: &SenderId,
        route: &Arc<AnswerRoute>,
        answers: &[&Telling],
    ) -> Vec<Told> {
        let (executor, counters) = (self.seams.executor.as_ref(), &self.seams.counters);
        let kept = self.take(sender);
        let mut link = match kept.filter(|link| Arc::ptr_eq(&link.route, route)) {
            Some(mut link) => link.is_open(counters).await.then_some(link),
            None => None,
        };
        if link.is_none() {
            match AnswerLink::connect(route, executor).await {
                Ok(new) => link = Some(new),
                Err(error) => {
                    tracing::warn!(%sender, %error, "a sender's address cannot be reached");
                }
            }
        }
        let Some(mut link) = link else {
            return vec![Told::NotNow; answers.len()];
        };
        let (told, is_whole) = link.tell(answers, executor, counters).await;
        if is_whole {
            let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
            links.insert(sender.clone(), link);
        }
        told
    }

    fn take(&self, sender: &SenderId) -> Option<AnswerLink> {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.remove(sender)
    }
}

fn set(told: &mut [Told], place: usize, said: Told) {
    if let Some(told) = told.get_mut(place) {
        *told = said;
    }
}

impl AnswerWays for SenderLines {
    fn is_open(&self, sender: &SenderId) -> bool {
        let terms = self.seams.terms.get();
        terms.routes.contains_key(sender) || self.seams.connections.newest(sender, &terms).is_some()
    }

    fn opened<'a>(&'a self, sender: &'a SenderId) -> BoxFuture<'a, ()> {
        if self.seams.terms.get().routes.contains_key(sender) {
            // A connection of the sender's is no way for what other connections brought.
            return Box::pin(std::future::pending());
        }
        Box::pin(self.seams.connections.opened(sender))
    }

    fn tell<'a>(&'a self, sender: &'a SenderId, answers: Vec<Telling>) -> BoxFuture<'a, Vec<Told>> {
        Box::pin(async move { self.tell_all(sender, &answers).await })
    }

    fn rest(&self, sender: &SenderId) {
        drop(self.take(sender));
    }
}
