//! `ConnectFault`, why nothing can be published to a broker, in codes and as problems of the
//! configuration; texts of peers go nowhere.

use lapin::{Error, ErrorKind};

use crate::adapter::Problem;
use crate::connection::tcp_connector::NoConnection;

/// The broker's code for a wrong password, and for what a user may not do.
const ACCESS_REFUSED: u16 = 403;
/// Its code for what is not there.
const NOT_FOUND: u16 = 404;
/// Its code for what is there and is otherwise than declared.
const PRECONDITION_FAILED: u16 = 406;
/// Its code for a virtual host that is not there or not for this user.
const NOT_ALLOWED: u16 = 530;

/// Why nothing can be published to a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectFault {
    /// It cannot be reached, for the cause of this code.
    Unreached(&'static str),
    /// It does not take user and password.
    Credentials,
    /// It has no such virtual host, or not for this user.
    Vhost,
    /// It has no such exchange.
    Exchange,
    /// It has no such queue.
    Queue,
    /// What is to be declared is there and is otherwise.
    Differs,
    /// The user may not declare or look at what must be there.
    Forbidden,
}

/// What was asked for when the broker said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A connection.
    Connection,
    /// An exchange.
    Exchange,
    /// A queue or a binding.
    Queue,
}

impl ConnectFault {
    /// Everything that a broker that is reached can say no to.
    pub const ANSWERS: [Self; 6] = [
        Self::Credentials,
        Self::Vhost,
        Self::Exchange,
        Self::Queue,
        Self::Differs,
        Self::Forbidden,
    ];

    /// Reads it from what the client's crate tells.
    pub(crate) fn of(error: &Error, asked: Asked) -> Self {
        if let ErrorKind::ProtocolError(error) = error.kind() {
            return match (error.get_id(), asked) {
                (ACCESS_REFUSED, Asked::Connection) => Self::Credentials,
                (NOT_ALLOWED, Asked::Connection) => Self::Vhost,
                (ACCESS_REFUSED, Asked::Exchange | Asked::Queue) => Self::Forbidden,
                (NOT_FOUND, Asked::Exchange) => Self::Exchange,
                (NOT_FOUND, Asked::Queue) => Self::Queue,
                (PRECONDITION_FAILED, Asked::Exchange | Asked::Queue) => Self::Differs,
                _ => Self::Unreached("protocol"),
            };
        }
        let ours: Option<&NoConnection> = if let ErrorKind::IOError(error) = error.kind() {
            error.get_ref().and_then(|inner| inner.downcast_ref())
        } else {
            None
        };
        Self::Unreached(ours.map_or("connection-lost", |ours| ours.0))
    }

    /// The code by which an attempt is told of.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unreached(code) => code,
            Self::Credentials => "credentials",
            Self::Vhost => "vhost",
            Self::Exchange => "exchange-missing",
            Self::Queue => "queue-missing",
            Self::Differs => "topology-differs",
            Self::Forbidden => "topology-forbidden",
        }
    }

    /// The same as a problem of the configuration; none for a broker that cannot be reached, which
    /// may be no fault of it.
    pub fn problem(self) -> Option<Problem> {
        let (key, text, mend) = match self {
            Self::Unreached(_) => return None,
            Self::Credentials => (
                "password",
                "the broker does not take user and password",
                "ask its operator for them; the password is what the reference leads to",
            ),
            Self::Vhost => (
                "url",
                "the broker has no such virtual host, or not for this user",
                "name it behind the host, %2f for a slash in it; `rabbitmqctl list_vhosts` and \
                 `list_permissions` show what there is",
            ),
            Self::Exchange => (
                "exchange",
                "the broker has no such exchange",
                "ask the recipient for its name, or state `declare = true` to make it",
            ),
            Self::Queue => (
                "queue",
                "the broker has no such queue",
                "ask the recipient for its name, or state `declare = true` to make it; by the \
                 default exchange, a routing key is the name of a queue",
            ),
            Self::Differs => (
                "declare",
                "exchange or queue is there already, and is otherwise than it would be made",
                "leave `declare` out and take it as it is",
            ),
            Self::Forbidden => (
                "user",
                "the user may not declare what is absent",
                "grant it `configure` and, to bind, `write` and `read`, or leave `declare` out",
            ),
        };
        Some(Problem::new(key, text, mend))
    }
}
