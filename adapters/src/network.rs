//! `Network`, a range of addresses as the configuration writes it, `10.0.0.0/8` or `fd00::/8`;
//! which ranges a request may go to is decided in `connection::address_filter`.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// Bits of an address; IPv4 addresses are looked at in their mapped form, `::ffff:0:0/96`.
const BITS: u32 = 128;
/// Bits before an IPv4 address in that form.
const MAPPED: u32 = 96;

/// A range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: u128,
    prefix: u32,
}

/// The text is no range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NetworkFault {
    /// No address, no `/`, or a length that its kind of address does not have.
    #[error("it is no range such as 10.0.0.0/8")]
    Form,
    /// The address has bits behind the length.
    #[error("its address has bits set behind the length")]
    HostBits,
}

impl Network {
    /// Whether an address lies in the range. An IPv4 address and its mapped form are one.
    pub fn contains(&self, address: IpAddr) -> bool {
        shared(self.first, self.prefix) == shared(mapped(address), self.prefix)
    }
}

impl FromStr for Network {
    type Err = NetworkFault;

    fn from_str(text: &str) -> Result<Self, NetworkFault> {
        let (address, length) = text.split_once('/').ok_or(NetworkFault::Form)?;
        let address: IpAddr = address.parse().map_err(|_invalid| NetworkFault::Form)?;
        let is_number = length.bytes().all(|byte| byte.is_ascii_digit());
        let length: u32 = length.parse().map_err(|_invalid| NetworkFault::Form)?;
        let longest = if address.is_ipv4() {
            BITS - MAPPED
        } else {
            BITS
        };
        if !is_number || length > longest {
            return Err(NetworkFault::Form);
        }
        let (first, prefix) = (mapped(address), BITS - longest + length);
        if shared(first, prefix) != first {
            return Err(NetworkFault::HostBits);
        }
        Ok(Self { first, prefix })
    }
}

fn mapped(address: IpAddr) -> u128 {
    let address: Ipv6Addr = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    address.to_bits()
}

/// The leading bits of an address, the others cleared.
fn shared(address: u128, prefix: u32) -> u128 {
    address & u128::MAX.checked_shl(BITS - prefix).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(range: &str, address: &str) -> bool {
        let range: Network = range.parse().unwrap();
        range.contains(address.parse().unwrap())
    }

    #[test]
    fn ranges_hold_their_addresses() {
        assert!(holds("10.0.0.0/8", "10.255.1.2"));
        assert!(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(!holds("10.0.0.0/8", "11.0.0.0"));
        assert!(holds("0.0.0.0/0", "8.8.8.8"));
        assert!(!holds("0.0.0.0/0", "fd00::1"));
        assert!(holds("fd00::/8", "fd12::1"));
        assert!(holds("::1/128", "::1"));
        assert!(!holds("::1/128", "::2"));
        assert!(holds("::/0", "10.0.0.1"));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in [
            "",
            "10.0.0.0",
            "10.0.0.0/33",
            "x/8",
            "10.0.0.0/+8",
            "fd00::/129",
            "10.0.0.0/",
        ] {
            assert_eq!(text.parse::<Network>(), Err(NetworkFault::Form), "{text}");
        }
        let odd: Result<Network, _> = "10.0.0.1/8".parse();
        assert_eq!(odd, Err(NetworkFault::HostBits));
    }
}
