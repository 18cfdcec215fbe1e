//! Where connections may go: addresses, looked at whenever one is opened, after its name was looked up.
//!
//! A URL says a name, and whoever owns the name says the address, today this one and tomorrow another. So it is no use to
//! look at URLs. What is looked at is the very address that is then connected to.

use super::Network;
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The `egress` section: addresses that nothing is connected to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Egress {
    pub deny: Vec<Network>,
    /// Taken out of these.
    pub allow: Vec<Network>,
}

/// Link-local addresses: clouds tell machines their credentials there, and hardly anything else is. AWS does it at a
/// unique local one, too.
const LINK_LOCAL: [Network; 3] = [
    Network::v4(Ipv4Addr::new(169, 254, 0, 0), 16),
    Network::v6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
    Network::v6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128),
];

impl Default for Egress {
    fn default() -> Self {
        Self {
            deny: LINK_LOCAL.to_vec(),
            allow: Vec::new(),
        }
    }
}

/// An address is not connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{address} is in {network}, which is not connected to (egress.deny); egress.allow takes addresses out"
)]
pub struct Denied {
    pub address: IpAddr,
    pub network: Network,
}

impl Egress {
    /// Whether an address may be connected to.
    pub fn check(&self, address: IpAddr) -> Result<(), Denied> {
        let denied = forms(address).into_iter().flatten().find_map(|form| {
            let in_any = |networks: &[Network]| {
                let mut networks = networks.iter().copied();
                networks.find(|network| network.contains(form))
            };
            in_any(&self.deny).filter(|_| in_any(&self.allow).is_none())
        });
        match denied {
            None => Ok(()),
            Some(network) => Err(Denied { address, network }),
        }
    }

    /// Those of a name's addresses that may be connected to; an error if that is none of them.
    pub fn permitted(
        &self,
        addresses: impl Iterator<Item = SocketAddr>,
    ) -> Result<Vec<SocketAddr>, Denied> {
        let (mut permitted, mut denied) = (Vec::new(), None);
        for address in addresses {
            match self.check(address.ip()) {
                Ok(()) => permitted.push(address),
                Err(why) => denied = denied.or(Some(why)),
            }
        }
        match denied {
            Some(why) if permitted.is_empty() => Err(why),
            _ => Ok(permitted),
        }
    }
}

/// What connecting to an address comes to: itself, and what it stands for. Of version 4 in version 6 there is the mapped form,
/// which [`Network`] knows, and these: compatible (RFC 4291), 6to4 (RFC 3056), NAT64 (RFC 6052, and RFC 8215 as it is mostly used, with /96).
fn forms(address: IpAddr) -> [Option<IpAddr>; 2] {
    let address = address.to_canonical();
    let meant = match address {
        // Systems take nowhere for here.
        IpAddr::V4(v4) => v4
            .is_unspecified()
            .then_some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        IpAddr::V6(v6) if v6.is_unspecified() => Some(IpAddr::V6(Ipv6Addr::LOCALHOST)),
        IpAddr::V6(v6) if v6.is_loopback() => None,
        IpAddr::V6(v6) => match v6.segments() {
            [0, 0, 0, 0, 0, 0, a, b]
            | [0x64, 0xff9b, 0, 0, 0, 0, a, b]
            | [0x64, 0xff9b, 1, _, _, _, a, b]
            | [0x2002, a, b, ..] => {
                let bits = u32::from(a) << 16 | u32::from(b);
                Some(IpAddr::V4(Ipv4Addr::from_bits(bits)))
            }
            _ => None,
        },
    };
    [Some(address), meant]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(written: &[&str]) -> Vec<Network> {
        let networks = written.iter().map(|text| (*text).to_owned());
        networks
            .map(|text| Network::try_from(text).unwrap())
            .collect()
    }

    fn denied(egress: &Egress, addresses: &[&str]) -> Vec<bool> {
        let parsed = addresses.iter().map(|text| text.parse().unwrap());
        parsed
            .map(|address| egress.check(address).is_err())
            .collect()
    }

    #[test]
    fn where_clouds_tell_credentials_is_denied_in_every_form() {
        let egress = Egress::default();
        let forms = [
            "169.254.169.254",
            "169.254.0.0",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::1",
            "fe80::1",
            "febf::1",
            "fd00:ec2::254",
        ];
        assert_eq!(denied(&egress, &forms), [true; 9]);
        let others = [
            "169.253.255.255",
            "10.0.0.1",
            "127.0.0.1",
            "::1",
            "fec0::1",
            "fd00::1",
        ];
        assert_eq!(denied(&egress, &others), [false; 6]);
    }

    #[test]
    fn what_is_allowed_is_taken_out_of_what_is_denied() {
        let egress = Egress {
            deny: networks(&["0.0.0.0/0", "::/0"]),
            allow: networks(&["10.0.0.0/8", "169.254.171.0/24", "64:ff9b::/96"]),
        };
        let allowed = [
            "10.1.2.3",
            "::ffff:10.1.2.3",
            "169.254.171.1",
            "64:ff9b::10.1.2.3",
        ];
        assert_eq!(denied(&egress, &allowed), [false; 4]);
        let others = [
            "11.1.2.3",
            "169.254.169.254",
            "::10.1.2.3",
            "64:ff9b::11.1.2.3",
        ];
        assert_eq!(denied(&egress, &others), [true; 4]);
    }

    #[test]
    fn nowhere_is_here() {
        let egress = Egress {
            deny: networks(&["127.0.0.0/8", "::1"]),
            allow: Vec::new(),
        };
        let here = ["127.9.9.9", "0.0.0.0", "::", "::1", "::ffff:0.0.0.0"];
        assert_eq!(denied(&egress, &here), [true; 5]);
        assert_eq!(denied(&egress, &["0.0.0.1", "::2"]), [false; 2]);
    }

    #[test]
    fn of_a_names_addresses_those_are_left_that_are_permitted() {
        let egress = Egress::default();
        let permitted = |addresses: &[&str]| {
            let addresses = addresses.iter().map(|text| text.parse().unwrap());
            egress.permitted(addresses)
        };
        let good: SocketAddr = "10.0.0.1:80".parse().unwrap();
        assert_eq!(
            permitted(&["169.254.0.1:80", "10.0.0.1:80"]),
            Ok(vec![good])
        );
        assert_eq!(
            permitted(&[]),
            Ok(Vec::new()),
            "no name has none for this reason"
        );
        assert_eq!(
            permitted(&["[fe80::1]:80"]).unwrap_err().to_string(),
            "fe80::1 is in fe80::/10, which is not connected to (egress.deny); egress.allow takes addresses out"
        );
    }
}
