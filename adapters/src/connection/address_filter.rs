//! `AddressFilter`, which addresses a request may go to, asked after a name is resolved, so that no
//! name leads inside (server-side request forgery). The text of a URL is judged in `endpoint`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::network::Network;

/// Lets requests go to public addresses, and to networks that the configuration names.
#[derive(Debug, Clone, Default)]
pub struct AddressFilter {
    allowed: Vec<Network>,
}

impl AddressFilter {
    /// A filter that lets requests go to these networks too.
    pub const fn new(allowed: Vec<Network>) -> Self {
        Self { allowed }
    }

    /// Whether a request may go there. `is_this_machine` is whether the host of the URL itself,
    /// and not merely what it resolves to, is this machine, see [`crate::endpoint`]; such a URL
    /// may be without TLS, so it leads nowhere else.
    pub fn permits(&self, address: IpAddr, is_this_machine: bool) -> bool {
        let address = address.to_canonical();
        if is_this_machine {
            return address.is_loopback();
        }
        is_public(address) || self.allowed.iter().any(|network| network.contains(address))
    }
}

/// Whether anyone on the internet could have this address: everything else of the special-purpose
/// registries (RFC 6890) is not.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

const fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_special = match first {
        // This network, private, loopback; multicast, reserved, broadcast.
        0 | 10 | 127 | 224..=255 => true,
        // Shared between a carrier and its customers (RFC 6598).
        100 => matches!(second, 64..=127),
        // Link-local.
        169 => second == 254,
        // Private.
        172 => matches!(second, 16..=31),
        // Private; protocol assignments, documentation, the relays of 6to4.
        192 => second == 168 || matches!((second, third), (0, 0 | 2) | (88, 99)),
        // Benchmarks; documentation.
        198 => matches!(second, 18 | 19) || matches!((second, third), (51, 100)),
        // Documentation.
        203 => matches!((second, third), (0, 113)),
        _ => false,
    };
    !is_special
}

/// Only global unicast is public, and of that not what has another use or holds an IPv4 address
/// that is not public.
fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // NAT64 (RFC 6052): the IPv4 address is at the end.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => is_public_v4(embedded(address, 0)),
        // 6to4 (RFC 3056): it follows the prefix.
        [0x2002, ..] => is_public_v4(embedded(address, 80)),
        // Protocol assignments, Teredo and benchmarks among them (RFC 2928); documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [0x2000..=0x3fff, ..] => true,
        _ => false,
    }
}

/// The IPv4 address this many bits before the end.
const fn embedded(address: Ipv6Addr, bits_behind: u32) -> Ipv4Addr {
    let [.., a, b, c, d] = (address.to_bits() >> bits_behind).to_be_bytes();
    Ipv4Addr::new(a, b, c, d)
}
