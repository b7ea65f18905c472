//! `Endpoint`, the URL of a recipient as far as it can be judged by its text; what its name
//! resolves to is judged by `connection::address_filter` when a connection is made.

use std::net::{IpAddr, Ipv6Addr};

/// The longest name of a host (RFC 1035 section 2.3.4).
const NAME_LENGTH_MAX: usize = 253;

/// A URL that requests may go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The URL as it was written.
    pub url: String,
    /// Whether it is `https`.
    pub has_tls: bool,
}

/// Why a URL is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EndpointFault {
    /// It is neither `https` nor `http`.
    #[error("the URL does not begin with https://")]
    Scheme,
    /// It holds a space, a control character or one outside ASCII.
    #[error("the URL holds a character that a URL cannot hold")]
    Character,
    /// It holds a user name or password.
    #[error("the URL holds credentials")]
    Credentials,
    /// It holds a query.
    #[error("the URL holds a query")]
    Query,
    /// It holds a fragment.
    #[error("the URL holds a fragment")]
    Fragment,
    /// Its host is neither a name nor an address.
    #[error("the URL has no host")]
    Host,
    /// Its port is no port.
    #[error("the URL has a port that is none")]
    Port,
    /// It is `http`, and its host is not this machine.
    #[error("the URL is http and its host is not this machine")]
    Plain,
}

impl Endpoint {
    /// Reads a URL.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(url: &str) -> Result<Self, EndpointFault> {
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(EndpointFault::Character);
        }
        let (scheme, rest) = url.split_once("://").ok_or(EndpointFault::Scheme)?;
        let has_tls = scheme.eq_ignore_ascii_case("https");
        if !has_tls && !scheme.eq_ignore_ascii_case("http") {
            return Err(EndpointFault::Scheme);
        }
        if rest.contains('#') {
            return Err(EndpointFault::Fragment);
        }
        if rest.contains('?') {
            return Err(EndpointFault::Query);
        }
        let authority = rest.split('/').next().unwrap_or("");
        if authority.contains('@') {
            return Err(EndpointFault::Credentials);
        }
        let (host, _port) = host_and_port(authority)?;
        if !has_tls && !is_this_machine(host) {
            return Err(EndpointFault::Plain);
        }
        let url = url.to_owned();
        Ok(Self { url, has_tls })
    }
}

/// The parts of `host:port`, brackets included; no port when none is stated.
pub(crate) fn host_and_port(authority: &str) -> Result<(&str, Option<u16>), EndpointFault> {
    let end = authority.find(']').map_or(0, |at| at + 1);
    let port_at = authority.get(end..).and_then(|rest| rest.find(':'));
    let (host, port) = match port_at {
        Some(at) => authority.split_at(end + at),
        None => (authority, ""),
    };
    let port = match port.strip_prefix(':') {
        None => None,
        Some(digits) => {
            let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
            let port = digits.parse::<u16>().ok().filter(|port| *port > 0);
            Some(port.filter(|_| is_number).ok_or(EndpointFault::Port)?)
        }
    };
    let is_name = |name: &str| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        !name.is_empty() && name.len() <= NAME_LENGTH_MAX && name.bytes().all(is_part)
    };
    if literal(host).is_some() || is_name(host) {
        Ok((host, port))
    } else {
        Err(EndpointFault::Host)
    }
}

/// The address that a host is, if it is one: `192.0.2.1` or `[2001:db8::1]`.
pub fn literal(host: &str) -> Option<IpAddr> {
    let inside = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match inside {
        Some(inside) => inside.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => host.parse().ok().filter(IpAddr::is_ipv4),
    }
}

/// Whether a host is this machine by its own text: `localhost`, a name below it (RFC 6761 section
/// 6.3), or a loopback address.
pub fn is_this_machine(host: &str) -> bool {
    if let Some(address) = literal(host) {
        return address.to_canonical().is_loopback();
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_goes_anywhere_and_http_to_this_machine() {
        for url in [
            "https://crm.example/hooks/isthmus",
            "https://crm.example:8443",
            "HTTPS://192.0.2.1/x",
            "https://[2001:db8::1]:443/x",
            "http://localhost:8080/",
            "http://crm.localhost./",
            "http://127.0.0.9/x",
            "http://[::1]:9/x",
        ] {
            assert!(Endpoint::parse(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        for (url, fault) in [
            ("ftp://crm.example/", EndpointFault::Scheme),
            ("crm.example", EndpointFault::Scheme),
            ("https://crm.example/a b", EndpointFault::Character),
            ("https://crm.example/\u{e9}", EndpointFault::Character),
            ("https://me:secret@crm.example/", EndpointFault::Credentials),
            ("https://crm.example/?key=1", EndpointFault::Query),
            ("https://crm.example?key=1", EndpointFault::Query),
            ("https://crm.example/#a", EndpointFault::Fragment),
            ("https:///x", EndpointFault::Host),
            ("https://[::1]x/", EndpointFault::Host),
            ("https://a_b$/", EndpointFault::Host),
            ("https://[::1/x", EndpointFault::Port),
            ("https://::1/x", EndpointFault::Port),
            ("https://crm.example:0/", EndpointFault::Port),
            ("https://crm.example:+1/", EndpointFault::Port),
            ("https://crm.example:65536/", EndpointFault::Port),
            ("http://crm.example/", EndpointFault::Plain),
            ("http://localhost.example/", EndpointFault::Plain),
            ("http://10.0.0.1/", EndpointFault::Plain),
        ] {
            assert_eq!(Endpoint::parse(url), Err(fault), "{url}");
        }
    }
}
