//! `Network`, a range of addresses in the `address/length` notation of the configuration.
//! Which sender a range belongs to is in `sender_binding`.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de::Error as _};
use thiserror::Error;

/// A range of IPv4 or IPv6 addresses (RFC 4632, RFC 4291 section 2.3): `10.1.2.0/24`,
/// `2001:db8::/32`, or one address alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    length: u8,
}

/// Why a text is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NetworkError {
    /// What stands before the slash is no address.
    #[error("not a network; write an address and a length, such as 10.1.2.0/24")]
    Address,
    /// The length is no number or too large.
    #[error("the length of the network is not between 0 and {longest}")]
    Length {
        /// The longest that fits the address family.
        longest: u8,
    },
    /// The address has bits behind the length.
    #[error("the address has bits set beyond its length /{length}; clear them or mend the length")]
    HostBits {
        /// The length.
        length: u8,
    },
}

impl Network {
    /// Whether the address lies in the range. IPv4 addresses that arrive on an IPv6 socket
    /// (`::ffff:10.1.2.3`) count as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (own.to_bits() ^ other.to_bits()).leading_zeros() >= u32::from(self.length)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => shared_bits(own, other) >= self.length.into(),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// Whether some address lies in both ranges.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.contains(other.address) || other.contains(self.address)
    }
}

fn shared_bits(one: Ipv6Addr, other: Ipv6Addr) -> u32 {
    (one.to_bits() ^ other.to_bits()).leading_zeros()
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_error| NetworkError::Address)?;
        let (longest, bits, top) = match address {
            IpAddr::V4(v4) => (32, u128::from(v4.to_bits()) << 96, 32_u8),
            IpAddr::V6(v6) => (128, v6.to_bits(), 128),
        };
        let length = match length {
            None => top,
            Some(length) => length
                .parse::<u8>()
                .ok()
                .filter(|&length| length <= longest)
                .ok_or(NetworkError::Length { longest })?,
        };
        if bits.checked_shl(length.into()).unwrap_or(0) != 0 {
            return Err(NetworkError::HostBits { length });
        }
        Ok(Self { address, length })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    fn holds(range: &str, address: &str) -> bool {
        network(range).contains(address.parse().unwrap())
    }

    #[test]
    fn ranges_hold_their_addresses() {
        assert!(holds("10.1.2.0/24", "10.1.2.255"));
        assert!(!holds("10.1.2.0/24", "10.1.3.0"));
        assert!(holds("10.1.2.3", "::ffff:10.1.2.3"));
        assert!(holds("0.0.0.0/0", "203.0.113.9"));
        assert!(!holds("0.0.0.0/0", "2001:db8::1"));
        assert!(holds("2001:db8::/33", "2001:db8:7fff::1"));
        assert!(!holds("2001:db8::/33", "2001:db8:8000::1"));
        assert!(holds("::/0", "2001:db8::1"));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        let error = |text: &str| text.parse::<Network>().unwrap_err();
        assert_eq!(error("10.1.2/24"), NetworkError::Address);
        assert_eq!(error("10.1.2.0/33"), NetworkError::Length { longest: 32 });
        assert_eq!(error("::/129"), NetworkError::Length { longest: 128 });
        assert_eq!(error("10.1.2.3/24"), NetworkError::HostBits { length: 24 });
        assert_eq!(
            error("2001:db8::1/64"),
            NetworkError::HostBits { length: 64 }
        );
    }

    #[test]
    fn overlap_is_seen_from_both_sides() {
        assert!(network("10.0.0.0/8").overlaps(&network("10.1.0.0/16")));
        assert!(network("10.1.0.0/16").overlaps(&network("10.0.0.0/8")));
        assert!(!network("10.1.0.0/16").overlaps(&network("10.2.0.0/16")));
    }
}
