//! `ListenerConfig`, one `[[mllp]]` or `[[http]]` listener of the configuration, and the bounds of
//! its connections.
//! Senders are in `sender`, certificates in `tls`.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

use crate::error::IngressError;
use crate::tls::TlsConfig;

/// Bytes that a frame may grow to on a small share of the budget; a larger one reserves as much as
/// the largest frame needs, so that whoever holds a reservation can always finish.
pub(crate) const SMALL_FRAME_BYTES: usize = 64 << 10;

/// One listener.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerConfig {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// TLS; without it the listener is plain.
    pub tls: Option<TlsConfig>,
    /// Why a plain listener beyond loopback is right here: what else protects the line.
    pub plain_reason: Option<String>,
    /// The bounds of its connections.
    #[serde(default)]
    pub bounds: Bounds,
}

/// The `bounds` table of a listener. None may be zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bounds {
    /// Connections open at once; one more is closed as it comes.
    pub connections_max: u32,
    /// Bytes in one message.
    pub frame_bytes_max: usize,
    /// Messages of one connection that are read and not answered, most of them on their way to the
    /// store; their bytes together stay under `frame_bytes_max`. With 1, one is with the store.
    pub frames_in_flight_max: u32,
    /// How long a TLS handshake may take.
    pub handshake_seconds_max: u32,
    /// How long a message that began may stand still before its next bytes come.
    pub chunk_seconds_max: u32,
    /// How long a peer may leave an acknowledgement unread.
    pub write_seconds_max: u32,
    /// How long the store may be silent before the sender is told that it is unavailable.
    pub store_seconds_max: u32,
    /// How long a connection may be idle between messages; not stated: as long as it likes, as
    /// MLLP links do.
    pub idle_seconds_max: Option<u32>,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections_max: 1_024,
            frame_bytes_max: 16 << 20,
            frames_in_flight_max: 64,
            handshake_seconds_max: 10,
            chunk_seconds_max: 30,
            write_seconds_max: 30,
            store_seconds_max: 30,
            idle_seconds_max: None,
        }
    }
}

impl Bounds {
    pub(crate) fn handshake(&self) -> Duration {
        seconds(self.handshake_seconds_max)
    }

    pub(crate) fn chunk(&self) -> Duration {
        seconds(self.chunk_seconds_max)
    }

    pub(crate) fn write(&self) -> Duration {
        seconds(self.write_seconds_max)
    }

    pub(crate) fn store(&self) -> Duration {
        seconds(self.store_seconds_max)
    }

    pub(crate) fn idle(&self) -> Option<Duration> {
        self.idle_seconds_max.map(seconds)
    }
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(count.into())
}

impl ListenerConfig {
    /// Checks what no type can: a plain listener, and the bounds against each other and the budget.
    ///
    /// # Errors
    /// A plain listener beyond loopback without a recorded reason, bounds that are zero or do not
    /// fit.
    pub fn check(&self, budget_bytes: usize) -> Result<(), IngressError> {
        let address = self.listen;
        let reasoned = self
            .plain_reason
            .as_deref()
            .is_some_and(|reason| !reason.trim().is_empty());
        if self.tls.is_none() && !address.ip().is_loopback() && !reasoned {
            return Err(IngressError::PlainListener { address });
        }
        if self.tls.is_some() && self.plain_reason.is_some() {
            return Err(IngressError::PlainAndTls { address });
        }
        let bounds = &self.bounds;
        let whole = [
            ("connections_max", bounds.connections_max),
            ("frames_in_flight_max", bounds.frames_in_flight_max),
            ("handshake_seconds_max", bounds.handshake_seconds_max),
            ("chunk_seconds_max", bounds.chunk_seconds_max),
            ("write_seconds_max", bounds.write_seconds_max),
            ("store_seconds_max", bounds.store_seconds_max),
            ("idle_seconds_max", bounds.idle_seconds_max.unwrap_or(1)),
        ];
        if let Some((key, _)) = whole.into_iter().find(|&(_, bound)| bound == 0) {
            let problem = "is zero; state at least 1";
            return Err(IngressError::Bound {
                address,
                key,
                problem,
            });
        }
        let fault = |key, problem| {
            Err(IngressError::Bound {
                address,
                key,
                problem,
            })
        };
        if !(1_024..=1 << 30).contains(&bounds.frame_bytes_max) {
            return fault("frame_bytes_max", "is not between 1 KiB and 1 GiB");
        }
        if bounds.connections_max > 65_536 || bounds.frames_in_flight_max > 65_536 {
            return fault("connections_max, frames_in_flight_max", "are at most 65536");
        }
        // A frame that has begun must be able to end: were all small shares given out, the largest
        // frame still fits.
        let small = SMALL_FRAME_BYTES.saturating_mul(bounds.connections_max as usize);
        let needed = small.saturating_add(bounds.frame_bytes_max);
        if needed > budget_bytes {
            return Err(IngressError::OverBudget {
                address,
                needed,
                budget: budget_bytes,
            });
        }
        Ok(())
    }
}
