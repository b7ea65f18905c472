//! `MllpUrl`, the URL of a receiver of HL7 v2 messages as far as it can be judged by its text;
//! pure. What its name resolves to is judged by `connection::address_filter`.

use crate::endpoint::{EndpointFault, host_and_port, is_this_machine};

/// Where a receiver is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MllpUrl {
    /// The host, brackets around an IPv6 address included.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether it is `mllps`.
    pub has_tls: bool,
}

/// Why a URL is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MllpUrlFault {
    /// It is neither `mllps` nor `mllp`.
    #[error("the URL does not begin with mllps://")]
    Scheme,
    /// It is `mllp`, and its host is not this machine.
    #[error("the URL is mllp and its host is not this machine")]
    Plain,
    /// It names no port, and no port is everybody's.
    #[error("the URL has no port")]
    NoPort,
    /// It has more than a host and a port.
    #[error("the URL has more than a host and a port")]
    Rest,
    /// It is wrong as any URL could be.
    #[error(transparent)]
    Url(EndpointFault),
}

impl MllpUrl {
    /// Reads `mllps://host:port`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(url: &str) -> Result<Self, MllpUrlFault> {
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(MllpUrlFault::Url(EndpointFault::Character));
        }
        let (scheme, rest) = url.split_once("://").ok_or(MllpUrlFault::Scheme)?;
        let has_tls = scheme.eq_ignore_ascii_case("mllps");
        if !has_tls && !scheme.eq_ignore_ascii_case("mllp") {
            return Err(MllpUrlFault::Scheme);
        }
        if rest.contains('@') {
            return Err(MllpUrlFault::Url(EndpointFault::Credentials));
        }
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#']) {
            return Err(MllpUrlFault::Rest);
        }
        let (host, port) = host_and_port(authority).map_err(MllpUrlFault::Url)?;
        if !has_tls && !is_this_machine(host) {
            return Err(MllpUrlFault::Plain);
        }
        Ok(Self {
            host: host.to_owned(),
            port: port.ok_or(MllpUrlFault::NoPort)?,
            has_tls,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mllps_goes_anywhere_and_mllp_to_this_machine() {
        let read = |url: &str| {
            let read = MllpUrl::parse(url).unwrap();
            (read.host, read.port, read.has_tls)
        };
        let lab = ("lab.example".to_owned(), 2576, true);
        assert_eq!(read("mllps://lab.example:2576"), lab);
        assert_eq!(read("MLLPS://lab.example:2576/"), lab);
        assert_eq!(read("mllp://[::1]:9"), ("[::1]".to_owned(), 9, false));
        let here = ("localhost".to_owned(), 2575, false);
        assert_eq!(read("mllp://localhost:2575"), here);
    }

    #[test]
    fn what_is_no_url_of_a_receiver_is_refused() {
        for (url, fault) in [
            ("https://lab.example:1", MllpUrlFault::Scheme),
            ("lab.example:2575", MllpUrlFault::Scheme),
            ("mllp://lab.example:2575", MllpUrlFault::Plain),
            ("mllp://10.0.0.1:2575", MllpUrlFault::Plain),
            ("mllps://lab.example", MllpUrlFault::NoPort),
            ("mllps://lab.example:1/adt", MllpUrlFault::Rest),
            ("mllps://lab.example:1?a=b", MllpUrlFault::Rest),
            ("mllps://lab.example:1#a", MllpUrlFault::Rest),
            (
                "mllps://me:pw@lab.example:1",
                MllpUrlFault::Url(EndpointFault::Credentials),
            ),
            (
                "mllps://lab example:1",
                MllpUrlFault::Url(EndpointFault::Character),
            ),
            ("mllps://:1", MllpUrlFault::Url(EndpointFault::Host)),
            (
                "mllps://lab.example:0",
                MllpUrlFault::Url(EndpointFault::Port),
            ),
        ] {
            assert_eq!(MllpUrl::parse(url), Err(fault), "{url}");
        }
    }
}
