//! One HTTP request and its response: the message in its body goes the way of every other, and the
//! acknowledgement is the body of the response ("HL7 over HTTP", HAPI project, draft, section 2).

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use isthmus_core::refusal::{Reason, Refusal};

use crate::acknowledgement::acknowledge;
use crate::batch_room::beside;
use crate::budget::Share;
use crate::listener_config::{Bounds, SMALL_FRAME_BYTES};
use crate::origin::Origin;
use crate::outcome_note::note;
use crate::peer::Peer;
use crate::question::Question;
use crate::raw_header::is_acknowledgement;
use crate::receipt::Receipt;
use crate::rejection::Rejection;
use crate::seams::{Seams, within};
use crate::standing::Standing;

/// The media type of messages with bars and hats.
const MEDIA_TYPE: &str = "application/hl7-v2";

/// Other names that senders have for it.
const OTHER_TYPES: [&str; 2] = ["x-application/hl7-v2+er7", "application/hl7-v2+er7"];

/// Bytes of a body that is cut off that are looked at, enough for a header line.
const START_BYTES: usize = 4096;

type Reply = Response<Full<Bytes>>;

/// Answers one request.
///
/// A message that is refused is told so by its acknowledgement, under status 200 like every other:
/// the exchange itself went well. 403 tells a peer that it is bound to no sender, 405 and 415 one
/// that sends no message, 413 one that sends more than the listener takes, 408 one that fell
/// silent; 204 is the answer to a message whose sender wants no acknowledgement.
pub(crate) async fn exchange(
    request: Request<Incoming>,
    peer: &Peer,
    seams: &Seams,
    bounds: &Bounds,
) -> Result<Reply, Infallible> {
    if request.method() != Method::POST {
        let mut reply = told(StatusCode::METHOD_NOT_ALLOWED, "send messages by POST");
        reply
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("POST"));
        return Ok(reply);
    }
    if !is_message(request.headers().get(CONTENT_TYPE)) {
        let text = "state the content type application/hl7-v2";
        return Ok(told(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
    }
    let standing = Standing::of(peer, &seams.terms);
    if standing.is_unbound() {
        tracing::warn!(peer = %peer.address, "a peer bound to no sender was refused");
        seams.counters.connections_unbound.one();
        return Ok(last(told(
            StatusCode::FORBIDDEN,
            "this peer is bound to no sender",
        )));
    }
    let exchange = Exchange {
        standing,
        seams,
        bounds,
    };
    Ok(match exchange.message(request.into_body()).await {
        Ok((body, shares)) => exchange.answer(body, shares).await,
        Err(fault) => exchange.refuse(&fault),
    })
}

/// Whether the body is said to be a message; parameters play no part, for the character set is that
/// of MSH-18 or the sender's.
fn is_message(stated: Option<&HeaderValue>) -> bool {
    let stated = stated
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = stated.split(';').next().unwrap_or_default().trim();
    let mut names = OTHER_TYPES.iter().chain([&MEDIA_TYPE]);
    names.any(|name| name.eq_ignore_ascii_case(media_type))
}

struct Exchange<'s> {
    standing: Standing,
    seams: &'s Seams,
    bounds: &'s Bounds,
}

/// Why a body did not come in whole.
struct Fault {
    status: StatusCode,
    refusal: Refusal,
    /// What had come of it.
    start: Vec<u8>,
}

impl Exchange<'_> {
    /// The body, and what it holds of the budgets: as much as its length says, or as much as it may
    /// be when it does not say.
    async fn message(&self, mut body: Incoming) -> Result<(Vec<u8>, Vec<Share>), Fault> {
        let limit = self.bounds.frame_bytes_max;
        let stated = body.size_hint().exact();
        let stated = stated.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        let most = stated.unwrap_or(limit);
        if most > limit {
            return Err(oversize(Vec::new()));
        }
        let silent = || Fault {
            status: StatusCode::OK,
            refusal: Refusal::retry(Reason::StoreUnavailable),
            start: Vec::new(),
        };
        let mut shares = self.shares(most).await.ok_or_else(silent)?;
        let mut bytes = Vec::with_capacity(stated.unwrap_or_default());
        let executor = self.seams.executor.as_ref();
        loop {
            let next = within(executor, self.bounds.chunk(), body.frame()).await;
            let frame = match next {
                Some(None) => break,
                Some(Some(Ok(frame))) => frame,
                Some(Some(Err(_))) | None => {
                    self.seams.counters.frames_broken.one();
                    return Err(Fault {
                        status: StatusCode::REQUEST_TIMEOUT,
                        refusal: Refusal::reject(Reason::Unreadable),
                        start: bytes,
                    });
                }
            };
            let chunk = frame.data_ref().map(AsRef::as_ref).unwrap_or_default();
            if bytes.len().saturating_add(chunk.len()) > limit {
                return Err(oversize(bytes));
            }
            bytes.extend_from_slice(chunk);
        }
        // Only now: others would wait for a peer that sends slowly.
        if let Some(beside) = beside(&bytes) {
            let share = self.seams.reading.share_or_all(beside);
            let share = within(executor, self.bounds.store(), share).await;
            shares.push(share.and_then(Result::ok).ok_or_else(silent)?);
        }
        Ok((bytes, shares))
    }

    /// Shares of the budgets, all at once, so that no two requests can wait for each other. None
    /// when they stay spent for as long as the store may be silent.
    async fn shares(&self, most: usize) -> Option<Vec<Share>> {
        let seams = self.seams;
        let shares = async {
            let mut shares = Vec::new();
            if most > SMALL_FRAME_BYTES {
                shares.push(seams.large.share_or_all(most).await.ok()?);
                shares.push(seams.budget.share(most).await.ok()?);
            } else {
                shares.push(seams.budget.share(most).await.ok()?);
            }
            Some(shares)
        };
        within(seams.executor.as_ref(), self.bounds.store(), shares).await?
    }

    /// Lets the message in, waits for the store, and acknowledges it; a batch by a batch. An
    /// acknowledgement is none and is not answered: nothing of ours is told by HTTP, so it is of
    /// nothing.
    async fn answer(&self, body: Vec<u8>, shares: Vec<Share>) -> Reply {
        if is_acknowledgement(&body) {
            tracing::warn!("an acknowledgement of nothing that is awaited came");
            self.seams.counters.acknowledgements_foreign.one();
            return reply(StatusCode::NO_CONTENT, MEDIA_TYPE, Vec::new());
        }
        let question = Question::of(Bytes::from(body), &self.standing, self.seams);
        let (origin, fate) = match question {
            Question::Message { origin, fate, .. } => (origin, fate),
            Question::Batch(mut work) => {
                while !work.is_decided() {
                    work.go_on(self.bounds.store()).await;
                }
                drop(shares);
                return reply(StatusCode::OK, MEDIA_TYPE, work.into_answer());
            }
        };
        let executor = self.seams.executor.as_ref();
        let outcome = match within(executor, self.bounds.store(), fate.decided()).await {
            Some(outcome) => outcome,
            None => Err(Rejection::from(Refusal::retry(Reason::StoreUnavailable))),
        };
        drop(shares);
        self.acknowledged(&origin, &outcome, StatusCode::OK)
    }

    /// Refuses a body that did not come in whole. The rest of it is not read.
    fn refuse(&self, fault: &Fault) -> Reply {
        let start = fault.start.get(..START_BYTES).unwrap_or(&fault.start);
        let origin = Origin::unrecognised(start, &self.standing.candidates);
        let outcome = Err(Rejection::from(fault.refusal.clone()));
        last(self.acknowledged(&origin, &outcome, fault.status))
    }

    fn acknowledged(
        &self,
        origin: &Origin,
        outcome: &Result<Receipt, Rejection>,
        status: StatusCode,
    ) -> Reply {
        note(origin, outcome, &self.seams.counters);
        let now = self.seams.clock.now();
        match acknowledge(outcome, origin, &self.seams.control_ids, now) {
            Some(answer) => reply(status, MEDIA_TYPE, answer),
            None if status == StatusCode::OK => {
                reply(StatusCode::NO_CONTENT, MEDIA_TYPE, Vec::new())
            }
            // What did not come in whole is told by its status all the same.
            None => reply(status, MEDIA_TYPE, Vec::new()),
        }
    }
}

fn oversize(start: Vec<u8>) -> Fault {
    Fault {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        refusal: Refusal::reject(Reason::Oversize),
        start,
    }
}

/// A response for people.
fn told(status: StatusCode, text: &'static str) -> Reply {
    reply(
        status,
        "text/plain; charset=utf-8",
        format!("{text}\n").into_bytes(),
    )
}

fn reply(status: StatusCode, media_type: &'static str, body: Vec<u8>) -> Reply {
    let mut reply = Response::new(Full::from(body));
    *reply.status_mut() = status;
    if status != StatusCode::NO_CONTENT {
        let media_type = HeaderValue::from_static(media_type);
        reply.headers_mut().insert(CONTENT_TYPE, media_type);
    }
    reply
}

/// The last response of a connection.
fn last(mut reply: Reply) -> Reply {
    reply
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    reply
}
