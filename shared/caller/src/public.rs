//! Which addresses belong to the public internet.
//!
//! Only what is known to be public is: in IPv6 that is the one range from which addresses of the public are given out
//! (`2000::/3`), so everything else, known or still to be invented, is not. Within it, and within all of IPv4, the
//! registries of special-purpose addresses (RFC 6890, kept by IANA) say what is something else. An IPv6 address that
//! carries an IPv4 address in it is never called, whichever it carries: a name has that IPv4 address itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6(first: u16, second: u16, third: u16, length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(first, second, third, 0, 0, 0, 0, 0), length)
}

/// The ranges of IPv4 that are not the public's.
const SPECIAL_V4: [Ipv4Net; 19] = [
    v4(0, 0, 0, 0, 8),        // this network
    v4(10, 0, 0, 0, 8),       // private
    v4(100, 64, 0, 0, 10),    // shared by the customers of a provider
    v4(127, 0, 0, 0, 8),      // this machine
    v4(169, 254, 0, 0, 16),   // the link, and what describes a machine to itself
    v4(172, 16, 0, 0, 12),    // private
    v4(192, 0, 0, 0, 24),     // protocol assignments
    v4(192, 0, 2, 0, 24),     // documentation
    v4(192, 31, 196, 0, 24),  // AS112
    v4(192, 52, 193, 0, 24),  // multicast tunnels
    v4(192, 88, 99, 0, 24),   // relays of 6to4
    v4(192, 168, 0, 0, 16),   // private
    v4(192, 175, 48, 0, 24),  // AS112
    v4(198, 18, 0, 0, 15),    // benchmarking
    v4(198, 51, 100, 0, 24),  // documentation
    v4(203, 0, 113, 0, 24),   // documentation
    v4(224, 0, 0, 0, 4),      // multicast
    v4(240, 0, 0, 0, 4),      // reserved, and broadcast
    v4(168, 63, 129, 16, 32), // what one cloud describes a machine to itself with, though it looks public
];

/// The range of IPv6 from which the public's addresses are given out.
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 0, 3);

/// The ranges within it that are not the public's.
const SPECIAL_V6: [Ipv6Net; 5] = [
    v6(0x2001, 0, 0, 23),      // protocol assignments: Teredo, benchmarking, ORCHID
    v6(0x2001, 0x0db8, 0, 32), // documentation
    v6(0x2002, 0, 0, 16),      // 6to4
    v6(0x2620, 0x004f, 0x8000, 48), // AS112
    v6(0x3fff, 0, 0, 20),      // documentation
];

/// Whether an address belongs to the public internet.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|range| range.contains(&address)),
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address) && !SPECIAL_V6.iter().any(|range| range.contains(&address))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn all(public: bool, addresses: &[&str]) {
        for text in addresses {
            assert_eq!(is_public(text.parse().unwrap()), public, "{text}");
        }
    }

    #[test]
    fn the_publics_addresses_are_called() {
        all(true, &["1.1.1.1", "9.255.255.255", "11.0.0.0", "93.184.216.34", "100.63.255.255"]);
        all(true, &["100.128.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "198.17.255.255"]);
        all(true, &["198.20.0.0", "223.255.255.255", "169.253.255.255", "169.255.0.0"]);
        all(true, &["2600:1f18::1", "2606:4700:4700::1111", "2a00:1450:4001::200e", "2001:200::1"]);
        all(true, &["2001:db7:ffff::1", "2001:db9::1", "2003::1", "3ffe::1", "2400:cb00::1"]);
    }

    #[test]
    fn special_ranges_of_ipv4_are_not_from_their_first_to_their_last() {
        all(false, &["0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255"]);
        all(false, &["100.64.0.0", "100.127.255.255", "127.0.0.1", "127.255.255.255"]);
        all(false, &["169.254.0.0", "169.254.169.254", "169.254.255.255", "168.63.129.16"]);
        all(false, &["172.16.0.0", "172.31.255.255", "192.0.0.0", "192.0.0.255", "192.0.2.1"]);
        all(false, &["192.31.196.1", "192.52.193.1", "192.88.99.1", "192.175.48.1"]);
        all(false, &["192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255"]);
        all(false, &["198.51.100.1", "203.0.113.1", "224.0.0.0", "239.255.255.255"]);
        all(false, &["240.0.0.0", "255.255.255.254", "255.255.255.255"]);
    }

    #[test]
    fn what_carries_an_ipv4_address_is_not_called_whichever_it_is() {
        // Compatible (RFC 4291), mapped, translated (RFC 2765), NAT64 (RFC 6052) and its local form (RFC 8215).
        all(false, &["::10.0.0.1", "::93.184.216.34", "::ffff:10.0.0.1", "::ffff:93.184.216.34"]);
        all(false, &["::ffff:0:10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::93.184.216.34"]);
        all(false, &["64:ff9b:1::10.0.0.1", "64:ff9b:1:ffff:ffff:ffff:10.0.0.1"]);
        // Teredo (RFC 4380), 6to4 (RFC 3056).
        all(false, &["2001:0:a00:1::1", "2001::f5ff:fffe", "2002:a00:1::1", "2002:5db8:d822::1"]);
    }

    #[test]
    fn what_is_not_given_out_to_the_public_is_not_called() {
        all(false, &["::", "::1", "100::1", "fc00::1", "fd00::1", "fdff:ffff::1", "5f00::1"]);
        // The link, and sites (RFC 3879), which nobody should have any more.
        all(false, &["fe80::1", "febf::1", "fec0::1", "feff:ffff::1", "ff02::1", "ff0e::1"]);
        all(false, &["1fff:ffff::1", "4000::1", "8000::1", "ffff:ffff::1"]);
        all(false, &["2001:2::1", "2001:20::1", "2001:1ff:ffff::1", "2001:db8::1", "3fff:fff::1"]);
        all(false, &["2620:4f:8000::1"]);
    }
}
