//! `Address`, where a broker is; reading it from a URL, and judging the URL, is the configuration's
//! business. Whom we are there is told by `Access` in `broker`.

use lapin::uri::{
    AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo, SASLMechanism,
};

/// Seconds without a sign of life after which a connection is taken for broken.
const HEARTBEAT: u16 = 10;

/// Where a broker is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Whether it is spoken to over TLS.
    pub has_tls: bool,
    /// A name or an address, without the brackets around one of IPv6.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The virtual host.
    pub vhost: String,
}

impl Address {
    /// The form that the client takes. Without a name and a password, the client certificate tells
    /// who we are.
    pub(crate) fn uri(&self, login: Option<(&str, &str)>) -> AMQPUri {
        let (username, password) = login.unwrap_or_default();
        AMQPUri {
            scheme: if self.has_tls {
                AMQPScheme::AMQPS
            } else {
                AMQPScheme::AMQP
            },
            authority: AMQPAuthority {
                userinfo: AMQPUserInfo {
                    username: username.to_owned(),
                    password: password.to_owned(),
                },
                host: self.host.clone(),
                port: self.port,
            },
            vhost: self.vhost.clone(),
            query: AMQPQueryString {
                heartbeat: Some(HEARTBEAT),
                auth_mechanism: login.is_none().then_some(SASLMechanism::External),
                ..AMQPQueryString::default()
            },
        }
    }
}

/// For errors and logs.
impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.has_tls { "amqps" } else { "amqp" };
        let vhost = self.vhost.replace('/', "%2f");
        let Self { host, port, .. } = self;
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}/{vhost}")
        } else {
            write!(f, "{scheme}://{host}:{port}/{vhost}")
        }
    }
}
