//! The plan of a run: its seed, the kind of queue, and a fault that is planted to see whether it
//! is found. What a planted fault does is in `planted`.

/// Which delivery queue the gateway has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QueueKind {
    /// The rows of the store.
    Embedded,
    /// A broker behind them.
    RabbitMq,
}

impl QueueKind {
    pub(crate) const ALL: [Self; 2] = [Self::Embedded, Self::RabbitMq];

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::RabbitMq => "rabbitmq",
        }
    }

    pub(crate) fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// A fault that the simulation must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Planted {
    /// The journal answers before it syncs.
    AckBeforeSync,
    /// Several of one patient's deliveries are in hand.
    ManyInHand,
    /// A delivery that is tried again joins its patient's at the end.
    RetriesRejoin,
    /// A delivery has another id after each start.
    UnstableIds,
    /// An answer that did not come counts as a yes.
    LostMeansDelivered,
    /// What was published counts as done before the broker confirmed it.
    PublishedMeansDone,
    /// What patients said is remembered for the whole run.
    OldConsents,
    /// An answer that its sender did not hear is struck.
    UnheardMeansTold,
    /// An outcome is committed, and its answer is not.
    OutcomeWithoutAnswer,
}

/// What a run is determined by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) queue: QueueKind,
    pub(crate) planted: Option<Planted>,
}
