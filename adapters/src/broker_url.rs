//! `BrokerUrl`, the URL of a broker as far as it can be judged by its text; pure. It holds neither
//! user nor password, for URLs are shown in logs.

use crate::endpoint::{EndpointFault, host_and_port, is_this_machine};

/// The port of `amqp` unless stated.
const PORT: u16 = 5672;
/// The port of `amqps` unless stated.
const TLS_PORT: u16 = 5671;
/// The virtual host that every broker has, unless stated.
const VHOST: &str = "/";

/// Where a broker is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerUrl {
    /// The host, brackets around an IPv6 address included.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The virtual host.
    pub vhost: String,
    /// Whether it is `amqps`.
    pub has_tls: bool,
}

/// Why a URL is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BrokerUrlFault {
    /// It is neither `amqps` nor `amqp`.
    #[error("the URL does not begin with amqps://")]
    Scheme,
    /// It is `amqp`, and its host is not this machine.
    #[error("the URL is amqp and its host is not this machine")]
    Plain,
    /// The virtual host is empty, has more than one part, or is not encoded as it must be.
    #[error("the URL has no virtual host behind its slash, or one that is not encoded")]
    Vhost,
    /// It is wrong as any URL could be.
    #[error(transparent)]
    Url(EndpointFault),
}

impl BrokerUrl {
    /// Reads `amqps://host:port/vhost`; port and virtual host may be left out. A slash in the
    /// virtual host is written `%2f`, as in the AMQP URI specification.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(url: &str) -> Result<Self, BrokerUrlFault> {
        let wrong = |fault| Err(BrokerUrlFault::Url(fault));
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return wrong(EndpointFault::Character);
        }
        let (scheme, rest) = url.split_once("://").ok_or(BrokerUrlFault::Scheme)?;
        let has_tls = scheme.eq_ignore_ascii_case("amqps");
        if !has_tls && !scheme.eq_ignore_ascii_case("amqp") {
            return Err(BrokerUrlFault::Scheme);
        }
        // Looked for first: a password may hold a slash, and is what must be told.
        if rest.contains('@') {
            return wrong(EndpointFault::Credentials);
        }
        if rest.contains('#') {
            return wrong(EndpointFault::Fragment);
        }
        if rest.contains('?') {
            return wrong(EndpointFault::Query);
        }
        let (authority, path) = match rest.split_once('/') {
            Some((authority, path)) => (authority, Some(path)),
            None => (rest, None),
        };
        let (host, port) = host_and_port(authority).map_err(BrokerUrlFault::Url)?;
        if !has_tls && !is_this_machine(host) {
            return Err(BrokerUrlFault::Plain);
        }
        let usual = if has_tls { TLS_PORT } else { PORT };
        Ok(Self {
            host: host.to_owned(),
            port: port.unwrap_or(usual),
            vhost: path.map_or_else(|| Ok(VHOST.to_owned()), vhost)?,
            has_tls,
        })
    }
}

/// The virtual host that a path names.
fn vhost(path: &str) -> Result<String, BrokerUrlFault> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut parts = path.split('%');
    bytes.extend_from_slice(parts.next().unwrap_or("").as_bytes());
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).ok_or(BrokerUrlFault::Vhost)?;
        let is_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let byte = u8::from_str_radix(digits, 16).map_err(|_digits| BrokerUrlFault::Vhost)?;
        if !is_hexadecimal {
            return Err(BrokerUrlFault::Vhost);
        }
        bytes.push(byte);
        bytes.extend_from_slice(rest.as_bytes());
    }
    let vhost = String::from_utf8(bytes).map_err(|_bytes| BrokerUrlFault::Vhost)?;
    let fits = !vhost.is_empty() && vhost.len() <= 255 && !vhost.contains(char::is_control);
    if path.contains('/') || !fits {
        return Err(BrokerUrlFault::Vhost);
    }
    Ok(vhost)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> (String, u16, String, bool) {
        let read = BrokerUrl::parse(url).unwrap();
        (read.host, read.port, read.vhost, read.has_tls)
    }

    #[test]
    fn what_is_left_out_is_as_usual() {
        let usual = ("crm.example".to_owned(), 5671, "/".to_owned(), true);
        assert_eq!(read("amqps://crm.example"), usual);
        assert_eq!(read("AMQPS://crm.example:5671/%2F"), usual);
        let here = ("127.0.0.1".to_owned(), 5672, "crm".to_owned(), false);
        assert_eq!(read("amqp://127.0.0.1/crm"), here);
        let six = ("[::1]".to_owned(), 9, "a/b é".to_owned(), false);
        assert_eq!(read("amqp://[::1]:9/a%2Fb%20%C3%A9"), six);
    }

    #[test]
    fn what_is_no_url_of_a_broker_is_refused() {
        for (url, fault) in [
            ("https://crm.example", BrokerUrlFault::Scheme),
            ("crm.example", BrokerUrlFault::Scheme),
            ("amqp://crm.example", BrokerUrlFault::Plain),
            ("amqp://10.0.0.1:5672/crm", BrokerUrlFault::Plain),
            ("amqps://crm.example/", BrokerUrlFault::Vhost),
            ("amqps://crm.example/a/b", BrokerUrlFault::Vhost),
            ("amqps://crm.example/%2", BrokerUrlFault::Vhost),
            ("amqps://crm.example/%+2", BrokerUrlFault::Vhost),
            ("amqps://crm.example/%FF", BrokerUrlFault::Vhost),
        ] {
            assert_eq!(BrokerUrl::parse(url), Err(fault), "{url}");
        }
        for (url, fault) in [
            ("amqps://me:pw@crm.example", EndpointFault::Credentials),
            ("amqps://me:p/w@crm.example", EndpointFault::Credentials),
            ("amqps://crm.example?a=1", EndpointFault::Query),
            ("amqps://crm.example#a", EndpointFault::Fragment),
            ("amqps://crm example", EndpointFault::Character),
            ("amqps://:5671", EndpointFault::Host),
            ("amqps://crm.example:0", EndpointFault::Port),
        ] {
            let fault = Err(BrokerUrlFault::Url(fault));
            assert_eq!(BrokerUrl::parse(url), fault, "{url}");
        }
    }
}
