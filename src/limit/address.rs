//! Where a request came from, as far as that can be believed.
//!
//! Whoever connects to us is known. What a header says of somebody behind them is believed only of proxies that the
//! configuration names: anybody else may write into it what they like.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A client as limits know it. Of an IPv6 address only the network, 64 bits: a single customer has all the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address(IpAddr);

impl Address {
    pub fn new(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V6(ip) => Self(Network { ip: IpAddr::V6(ip), prefix: 64 }.first()),
            ip => Self(ip),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A range of addresses, such as `10.0.0.0/8`, or a single one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    ip: IpAddr,
    prefix: u32,
}

impl Network {
    fn contains(self, ip: IpAddr) -> bool {
        ip.is_ipv4() == self.ip.is_ipv4() && Self { ip, ..self }.first() == self.first()
    }

    /// The first address of the range that `ip` is in.
    fn first(self) -> IpAddr {
        match self.ip {
            IpAddr::V4(ip) => IpAddr::V4((ip.to_bits() & u32::MAX.checked_shl(32 - self.prefix).unwrap_or(0)).into()),
            IpAddr::V6(ip) => {
                IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & u128::MAX.checked_shl(128 - self.prefix).unwrap_or(0)))
            }
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || format!("{text:?} is no address and no range of addresses such as 10.0.0.0/8");
        let (ip, prefix) = text.split_once('/').map_or((text, None), |(ip, prefix)| (ip, Some(prefix)));
        let ip: IpAddr = ip.parse().map_err(|_| fault())?;
        let longest = if ip.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(longest), str::parse).map_err(|_| fault())?;
        if prefix > longest { Err(fault()) } else { Ok(Self { ip, prefix }) }
    }
}

/// The proxies whose word is believed: addresses and ranges, with commas between them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Proxies(Vec<Network>);

impl Proxies {
    /// The client of a request from `peer`, given what `X-Forwarded-For` says. Every proxy appends the address that it was
    /// asked from, so that the list is read from its end, and only as far as trusted proxies have written it.
    pub fn client<'a>(&self, peer: IpAddr, forwarded: impl DoubleEndedIterator<Item = &'a str>) -> Address {
        let mut client = peer.to_canonical();
        for entry in forwarded.flat_map(|value| value.split(',')).rev() {
            if !self.0.iter().any(|network| network.contains(client)) {
                break;
            }
            match without_port(entry.trim()) {
                Some(ip) => client = ip.to_canonical(),
                None => break,
            }
        }
        Address::new(client)
    }
}

/// Some proxies write the port as well: `192.0.2.1:4711`, `[2001:db8::1]:4711`.
fn without_port(entry: &str) -> Option<IpAddr> {
    if let Some((ip, _)) = entry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return ip.parse().ok();
    }
    entry.parse().ok().or_else(|| entry.rsplit_once(':')?.0.parse().ok().filter(IpAddr::is_ipv4))
}

impl TryFrom<String> for Proxies {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl From<Proxies> for String {
    fn from(proxies: Proxies) -> Self {
        proxies.0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ip, self.prefix)
    }
}
