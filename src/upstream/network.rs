//! Addresses and ranges of them: `10.0.0.0/8`, `2001:db8::/32`, `127.0.0.1`.

use serde::Deserialize;
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// The addresses that have their first bits in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    /// Its bits from the left; those of version 4 are the first 32.
    bits: u128,
    is_v4: bool,
    length: u32,
}

impl Network {
    /// One of version 4. What is after its first bits is zero.
    pub(super) const fn v4(address: Ipv4Addr, length: u32) -> Self {
        Self {
            bits: (address.to_bits() as u128) << 96,
            is_v4: true,
            length,
        }
    }

    /// One of version 6.
    pub(super) const fn v6(address: Ipv6Addr, length: u32) -> Self {
        Self {
            bits: address.to_bits(),
            is_v4: false,
            length,
        }
    }

    /// Whether an address is one of them. One of version 4 in the clothes of version 6 is what it is.
    pub fn contains(self, address: IpAddr) -> bool {
        let (bits, is_v4) = bits(address);
        is_v4 == self.is_v4 && (bits ^ self.bits) & mask(self.length) == 0
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_v4 {
            true => write!(f, "{}", Ipv4Addr::from_bits((self.bits >> 96) as u32))?,
            false => write!(f, "{}", Ipv6Addr::from_bits(self.bits))?,
        }
        write!(f, "/{}", self.length)
    }
}

fn bits(address: IpAddr) -> (u128, bool) {
    match address.to_canonical() {
        IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, true),
        IpAddr::V6(address) => (address.to_bits(), false),
    }
}

fn mask(length: u32) -> u128 {
    u128::MAX.checked_shl(128 - length).unwrap_or_default()
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        let bad = || format!("`{written}` is not an address or a range such as 10.0.0.0/8");
        let (address, length) = match written.split_once('/') {
            Some((address, length)) => (address, Some(length.parse().map_err(|_| bad())?)),
            None => (written.as_str(), None),
        };
        let (bits, is_v4) = bits(address.parse().map_err(|_| bad())?);
        let longest = if is_v4 { 32 } else { 128 };
        let length = length.unwrap_or(longest);
        if length > longest {
            return Err(bad());
        }
        if bits & !mask(length) != 0 {
            return Err(format!("`{written}` has bits after its first {length}"));
        }
        Ok(Self {
            bits,
            is_v4,
            length,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_they_say() {
        let cases = [
            ("10.0.0.0/8", "10.255.1.2", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("0.0.0.0/0", "9.9.9.9", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "::1", true),
            ("::1", "::1", true),
            ("2001:db8::/32", "2001:db8:1::", true),
            ("2001:db8::/32", "2001:db9::", false),
        ];
        for (network, address, expected) in cases {
            let network_of = Network::try_from(network.to_owned()).unwrap();
            let found = network_of.contains(address.parse().unwrap());
            assert_eq!(found, expected, "{network} {address}");
        }
        for bad in [
            "",
            "10",
            "10.0.0.0/33",
            "10.0.0.1/8",
            "::1/129",
            "a.b",
            "10.0.0.0/",
        ] {
            assert!(Network::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
