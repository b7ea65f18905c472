//! `Address`, the URL of a broker as far as its text can be judged; whom we are there is told by
//! `Access` in `broker`.

use std::net::IpAddr;

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
        let (_, rest) = url.split_once("://").ok_or(AddressFault::Form)?;
        if rest.contains(['?', '#']) {
            return Err(AddressFault::Query);
        }
        if rest.contains('@') {
            return Err(AddressFault::Credentials);
        }
        let uri: AMQPUri = url.parse().map_err(|_reason: String| AddressFault::Form)?;
        let has_tls = uri.scheme == AMQPScheme::AMQPS;
        let host = uri.authority.host;
        if host.is_empty() || uri.authority.port == 0 {
            return Err(AddressFault::Form);
        }
        if !has_tls && !is_this_machine(&host) {
            return Err(AddressFault::Plain);
        }
        Ok(Self {
            has_tls,
            host,
            port: uri.authority.port,
            vhost: uri.vhost,
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
        write!(f, "{scheme}://{}:{}/{vhost}", self.host, self.port)
    }
}

fn is_this_machine(host: &str) -> bool {
    let inside = host.trim_start_matches('[').trim_end_matches(']');
    match inside.parse::<IpAddr>() {
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
            ("amqps://me:secret@mq.example/", AddressFault::Credentials),
            ("amqps://mq.example/?heartbeat=1", AddressFault::Query),
            ("amqp://mq.example/", AddressFault::Plain),
            ("amqp://localhost.example/", AddressFault::Plain),
        ] {
            assert_eq!(Address::parse(url), Err(fault), "{url}");
        }
    }
}
