//! Which addresses nobody may be sent to. After the IANA special-purpose address registries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Special networks of IPv4, each with its length.
const SPECIAL_V4: &[(Ipv4Addr, u8)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
    (AZURE, 32),
];

/// Special networks within 2000::/3, the only part of IPv6 that is public. 2001::/23 holds Teredo, benchmarking and
/// ORCHID.
const SPECIAL_V6: &[(Ipv6Addr, u8)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Where clouds tell a machine its own secrets. Azure's is a public address.
const METADATA: &[IpAddr] = &[
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(AZURE),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];
const AZURE: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// Whether an address belongs to the public internet.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => public_v4(address),
        IpAddr::V6(address) => public_v6(address),
    }
}

/// Whether no setting can open an address: metadata services, and what stands for no machine or for many.
pub(super) fn never(address: IpAddr) -> bool {
    let address = plain(address);
    let many = match address {
        IpAddr::V4(address) => address.is_broadcast(),
        IpAddr::V6(_) => false,
    };
    METADATA.contains(&address) || many || address.is_unspecified() || address.is_multicast()
}

/// The IPv4 address that an IPv6 address leads to, where it does.
pub(super) fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => embedded(v6).map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// Whether two addresses share their first `length` bits.
pub(super) fn within(address: IpAddr, network: IpAddr, length: u8) -> bool {
    let (left, right, width) = match (address, network) {
        (IpAddr::V4(left), IpAddr::V4(right)) => {
            (u128::from(left.to_bits()), u128::from(right.to_bits()), 32)
        }
        (IpAddr::V6(left), IpAddr::V6(right)) => (left.to_bits(), right.to_bits(), 128),
        _ => return false,
    };
    let rest = width - u32::from(length).min(width);
    left.checked_shr(rest).unwrap_or(0) == right.checked_shr(rest).unwrap_or(0)
}

fn public_v4(address: Ipv4Addr) -> bool {
    let inside = |(network, length): &(Ipv4Addr, u8)| within(address.into(), (*network).into(), *length);
    !SPECIAL_V4.iter().any(inside)
}

fn public_v6(address: Ipv6Addr) -> bool {
    let inside = |(network, length): &(Ipv6Addr, u8)| within(address.into(), (*network).into(), *length);
    if SPECIAL_V6.iter().any(inside) {
        return false;
    }
    match embedded(address) {
        Some(inner) => public_v4(inner),
        None => within(address.into(), Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0).into(), 3),
    }
}

/// The IPv4 address inside a mapped, 6to4 or NAT64 address. A v4-compatible one (`::1.2.3.4`) is obsolete and
/// forbidden as a whole, and so is Teredo.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{is_public, never};

    #[test]
    fn what_is_not_the_public_internet_is_told_apart() {
        let private = "0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.9.9.9 169.254.169.254 \
                       172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 \
                       198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 \
                       255.255.255.255 168.63.129.16 :: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 \
                       ::ffff:10.1.2.3 ::ffff:169.254.169.254 ::ffff:0:8.8.8.8 64:ff9b::10.0.0.1 \
                       64:ff9b::169.254.169.254 64:ff9b:1::8.8.8.8 100::1 2001::1 2001:0:808:808::f5ff:fffe \
                       2001:2::1 2001:10::1 2001:db8::1 2002:7f00:1:: 2002:a9fe:a9fe::1 2002:c0a8:101::5 3fff::1 \
                       5f00::1 fc00::1 fd00:ec2::254 fd12:3456::1 fe80::1 febf::1 fec0::1 ff02::1";
        for text in private.split_whitespace() {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        let public = "1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.1 172.15.0.1 172.32.0.1 169.253.0.1 192.0.1.1 \
                       198.17.0.1 198.20.0.1 223.255.255.255 2606:4700::1111 2001:4860::8888 ::ffff:8.8.8.8 \
                       64:ff9b::8.8.8.8 2002:808:808::1";
        for text in public.split_whitespace() {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn metadata_services_can_never_be_opened() {
        let closed = "169.254.169.254 ::ffff:169.254.169.254 fd00:ec2::254 0.0.0.0 :: 255.255.255.255 224.0.0.1 \
                       ff02::1 ::ffff:0.0.0.0 64:ff9b::169.254.169.254 168.63.129.16";
        for text in closed.split_whitespace() {
            assert!(never(text.parse().unwrap()), "{text}");
        }
        for text in ["10.0.0.1", "127.0.0.1", "169.254.1.1", "::1", "fd12::1"] {
            assert!(!never(text.parse().unwrap()), "{text}");
        }
    }
}
