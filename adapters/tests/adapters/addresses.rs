//! Where a request may go: the table of addresses, and names that lead elsewhere than they say.

use std::net::IpAddr;

use isthmus_adapters::connection::address_filter::AddressFilter;
use isthmus_adapters::network::Network;

fn permits(filter: &AddressFilter, address: &str, is_this_machine: bool) -> bool {
    filter.permits(address.parse().unwrap(), is_this_machine)
}

const INSIDE: &[&str] = &[
    // IPv4: unspecified, private, carrier, loopback, link-local and the metadata service in it.
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    // Protocol assignments, documentation, relays, benchmarks, multicast, reserved, broadcast.
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    // IPv6: unspecified, loopback, unique local, link-local, site-local, multicast.
    "::",
    "::1",
    "fc00::1",
    "fdff::1",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "ff02::1",
    // Documentation, benchmarks, Teredo, discard, local NAT64, IPv4-compatible, unassigned.
    "2001:db8::1",
    "3fff::1",
    "3fff:fff::1",
    "2001:2::1",
    "2001::1",
    "100::1",
    "64:ff9b:1::1",
    "::808:808",
    "4000::1",
    // IPv4 addresses inside of IPv6 ones: mapped, 6to4, NAT64.
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:c0a8:101::1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
];

const OUTSIDE: &[&str] = &[
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "203.0.112.255",
    "223.255.255.255",
    "2001:4860:4860::8888",
    "2606:4700::1111",
    "2a00::1",
    "3ffe::1",
    "3fff:1000::1",
    "::ffff:8.8.8.8",
    "2002:808:808::1",
    "64:ff9b::8.8.8.8",
];

#[test]
fn only_public_addresses_pass() {
    let filter = AddressFilter::default();
    for address in INSIDE {
        assert!(!permits(&filter, address, false), "{address}");
    }
    for address in OUTSIDE {
        assert!(permits(&filter, address, false), "{address}");
    }
}

#[test]
fn a_name_that_leads_to_this_machine_must_say_so() {
    let filter = AddressFilter::default();
    for address in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
        assert!(!permits(&filter, address, false), "{address}");
        assert!(permits(&filter, address, true), "{address}");
    }
    // And it may lead nowhere else, inside or outside: such a request may be without TLS.
    for address in INSIDE.iter().chain(OUTSIDE) {
        let canonical = address.parse::<IpAddr>().unwrap().to_canonical();
        assert_eq!(
            permits(&filter, address, true),
            canonical.is_loopback(),
            "{address}"
        );
    }
}

#[test]
fn named_networks_pass_and_no_others() {
    let networks: [Network; 2] = ["10.1.0.0/16", "fd00::/8"].map(|text| text.parse().unwrap());
    let filter = AddressFilter::new(networks.to_vec());
    for address in ["10.1.2.3", "::ffff:10.1.2.3", "fd00::1"] {
        assert!(permits(&filter, address, false), "{address}");
    }
    for address in ["10.2.0.1", "fc00::1", "64:ff9b::10.1.2.3", "127.0.0.1"] {
        assert!(!permits(&filter, address, false), "{address}");
    }
}
