//! Where the program listens, and whom it believes there.

use super::ConfigError;
use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de::Error};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// `[listen]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listen {
    /// What the gateway routes `public_url`'s path to.
    pub public: ListenAddress,
    /// For filters, probes and metrics; never routed to users.
    pub internal: ListenAddress,
    /// For the operator's commands on this machine.
    #[serde(deserialize_with = "control")]
    pub control: Control,
    /// Peers whose `x-latchkey-client-address` is believed.
    #[serde(deserialize_with = "networks")]
    pub gateways: Vec<IpNet>,
}

impl Default for Listen {
    fn default() -> Self {
        let loopback = |port| ListenAddress::Tcp(SocketAddr::from(([127, 0, 0, 1], port)));
        Self {
            public: loopback(8080),
            internal: loopback(8081),
            control: Control::default(),
            gateways: Vec::new(),
        }
    }
}

impl Listen {
    pub(super) fn check(self) -> Result<Self, ConfigError> {
        if self.public.meets(&self.internal) {
            return Err(ConfigError::value(
                "listen.internal",
                "expected another address than listen.public: who reaches one must not reach the \
                 other",
            ));
        }
        Ok(self)
    }
}

/// Where the operator's commands reach the program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Control {
    /// `control.sock` in the store's directory.
    #[default]
    InStore,
    /// A Unix socket elsewhere.
    At(PathBuf),
    /// Nowhere.
    Off,
}

fn control<'de, D: Deserializer<'de>>(from: D) -> Result<Control, D::Error> {
    let text = String::deserialize(from)?;
    match text.strip_prefix("unix:") {
        Some(path) if path.starts_with('/') => Ok(Control::At(path.into())),
        None if text == "none" => Ok(Control::Off),
        _ => Err(D::Error::custom(format!(
            "expected \"none\" or unix:/path, found {text:?}"
        ))),
    }
}

/// An address to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// IP address and port.
    Tcp(SocketAddr),
    /// Path of a Unix socket.
    Unix(PathBuf),
}

impl ListenAddress {
    /// Whether only this machine can reach it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

impl ListenAddress {
    /// Whether who reaches one also reaches the other.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            // Port 0 twice is two different ports.
            (Self::Tcp(one), Self::Tcp(other)) => {
                let (a, b) = (one.ip(), other.ip());
                one.port() != 0
                    && one.port() == other.port()
                    && (a == b || a.is_unspecified() || b.is_unspecified())
            }
            (one, other) => one == other,
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl<'de> Deserialize<'de> for ListenAddress {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        match text.strip_prefix("unix:") {
            Some(path) if path.starts_with('/') => Ok(Self::Unix(path.into())),
            Some(_) => Err(D::Error::custom(format!(
                "expected an absolute path after unix:, found {text:?}"
            ))),
            None => text.parse().map(Self::Tcp).map_err(|_| {
                D::Error::custom(format!(
                    "expected an IP address and a port like 127.0.0.1:8080, or unix:/path, found \
                     {text:?}"
                ))
            }),
        }
    }
}

/// Networks, or single addresses.
fn networks<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    let network = |text: &String| {
        let parsed = text
            .parse::<IpNet>()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        parsed.map_err(|_| {
            D::Error::custom(format!(
                "expected an address or a network like 10.0.0.0/8, found {text:?}"
            ))
        })
    };
    texts.iter().map(network).collect()
}
