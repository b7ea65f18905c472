//! `Address`, the URL of a broker as far as its text can be judged; whom we are there is told by
//! `Access` in `broker`.

use std::net::{IpAddr, Ipv6Addr};

use lapin::uri::{
    AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo, SASLMechanism,
};

/// Seconds without a sign of life after which a connection is taken for broken.
const HEARTBEAT: u16 = 10;

/// Where a broker is: `amqp[s]://HOST[:PORT][/VHOST]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    has_tls: bool,
    host: String,
    port: u16,
    vhost: String,
}

/// Why a URL is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressFault {
    /// It is no AMQP URL.
    #[error("it is no URL such as amqps://rabbitmq.example:5671/isthmus")]
    Form,
    /// It holds a user name or password.
    #[error("the URL holds credentials")]
    Credentials,
    /// It holds a query or a fragment.
    #[error("the URL holds a query or a fragment")]
    Query,
    /// It is `amqp`, and its host is not this machine.
    #[error("the URL is amqp and its host is not this machine; use amqps")]
    Plain,
}

impl Address {
    /// Reads a URL. Without a vhost, `/` is meant.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(url: &str) -> Result<Self, AddressFault> {
        let (scheme, rest) = url.split_once("://").ok_or(AddressFault::Form)?;
        if rest.contains(['?', '#']) {
            return Err(AddressFault::Query);
        }
        if rest.contains('@') {
            return Err(AddressFault::Credentials);
        }
        let has_tls = match scheme {
            "amqp" => false,
            "amqps" => true,
            _other => return Err(AddressFault::Form),
        };
        let usual = if has_tls { 5671 } else { 5672 };
        let authority = rest.split('/').next().unwrap_or_default();
        let (host, port) = host_and_port(authority, usual).ok_or(AddressFault::Form)?;
        // The client's own reader takes an address in brackets for this machine's, so it is asked
        // for the vhost alone.
        let uri: AMQPUri = url.parse().map_err(|_reason: String| AddressFault::Form)?;
        if !has_tls && !is_this_machine(host) {
            return Err(AddressFault::Plain);
        }
        Ok(Self {
            has_tls,
            host: host.to_owned(),
            port,
            vhost: if uri.vhost.is_empty() {
                "/".to_owned()
            } else {
                uri.vhost
            },
        })
    }

    /// Whether peers speak TLS.
    pub const fn has_tls(&self) -> bool {
        self.has_tls
    }

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

/// The host without its brackets, and the port.
fn host_and_port(authority: &str, usual: u16) -> Option<(&str, u16)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, behind) = rest.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            (
                host,
                behind
                    .strip_prefix(':')
                    .or(behind.is_empty().then_some(""))?,
            )
        }
        None => authority.split_once(':').unwrap_or((authority, "")),
    };
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    if host.is_empty() || !host.bytes().all(is_part) {
        return None;
    }
    match port {
        "" => Some((host, usual)),
        port => port
            .parse()
            .ok()
            .filter(|port| *port > 0)
            .map(|port| (host, port)),
    }
}

fn is_this_machine(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_name) => host.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_is_where_its_url_says() {
        for (url, shown) in [
            ("amqp://localhost", "amqp://localhost:5672/%2f"),
            ("amqp://[::1]/", "amqp://[::1]:5672/%2f"),
            ("amqp://127.0.0.1:5673/%2f", "amqp://127.0.0.1:5673/%2f"),
            (
                "amqps://mq.example/isthmus",
                "amqps://mq.example:5671/isthmus",
            ),
            (
                "amqps://[2001:db8::1]:5671/a",
                "amqps://[2001:db8::1]:5671/a",
            ),
        ] {
            assert_eq!(Address::parse(url).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_broker_is_refused() {
        for (url, fault) in [
            ("rabbitmq.example", AddressFault::Form),
            ("https://rabbitmq.example", AddressFault::Form),
            ("amqps://:5671/", AddressFault::Form),
            ("amqps://[2001:db8::1/", AddressFault::Form),
            ("amqps://[nonsense]/", AddressFault::Form),
            ("amqps://mq.example:0/", AddressFault::Form),
            ("amqps://mq.example:port/", AddressFault::Form),
            ("amqp://[2001:db8::1]/", AddressFault::Plain),
            ("amqps://me:secret@mq.example/", AddressFault::Credentials),
            ("amqps://mq.example/?heartbeat=1", AddressFault::Query),
            ("amqp://mq.example/", AddressFault::Plain),
            ("amqp://localhost.example/", AddressFault::Plain),
        ] {
            assert_eq!(Address::parse(url), Err(fault), "{url}");
        }
    }
}
