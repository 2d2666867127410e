//! The words of a policy, as configuration and the WebAuthn API write them.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A text that names none of the choices of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {expected}")]
pub struct UnknownChoice {
    /// The choices, for the message.
    pub expected: &'static str,
}

/// An enum whose variants are written as fixed words, in configuration and on the wire.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$variant_meta])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// The word that configuration and the WebAuthn API use.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl FromStr for $name {
            type Err = UnknownChoice;
            fn from_str(text: &str) -> Result<Self, UnknownChoice> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownChoice { expected: concat!($($word, " "),+).trim_ascii_end() }),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// Whether the authenticator must verify its user (PIN, fingerprint, face).
    UserVerification {
        /// Refused without the UV flag.
        Required = "required",
        /// Asked for, not insisted on.
        Preferred = "preferred",
        /// Not asked for.
        Discouraged = "discouraged",
    }
}

words! {
    /// Whether the credential must be usable without a user name.
    DiscoverableCredential {
        /// Refused when the browser says that it is not discoverable.
        Required = "required",
        /// Asked for, not insisted on.
        Preferred = "preferred",
        /// Not asked for.
        Discouraged = "discouraged",
    }
}

words! {
    /// How the authenticator is attached to the client device.
    Attachment {
        /// Built into the device.
        Platform = "platform",
        /// A security key, or a phone next to the device.
        CrossPlatform = "cross-platform",
    }
}

words! {
    /// The signature algorithms that a credential can have: those that webauthn-rs verifies.
    /// `ES512` and `EdDSA` are not among them (a credential with one could never log in).
    Algorithm {
        /// ECDSA on P-256 with SHA-256.
        Es256 = "ES256",
        /// ECDSA on P-384 with SHA-384.
        Es384 = "ES384",
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        Rs256 = "RS256",
    }
}

impl Algorithm {
    /// Every algorithm, in the order of preference.
    pub const ALL: [Self; 3] = [Self::Es256, Self::Es384, Self::Rs256];

    /// The number in the IANA COSE registry.
    #[must_use]
    pub fn cose(self) -> i64 {
        match self {
            Self::Es256 => -7,
            Self::Es384 => -35,
            Self::Rs256 => -257,
        }
    }

    /// The algorithm with this COSE number.
    #[must_use]
    pub fn from_cose(number: i64) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.cose() == number)
    }
}

words! {
    /// Whether the authenticator's make is to be proven ([attestation conveyance]).
    ///
    /// [attestation conveyance]: https://www.w3.org/TR/webauthn-3/#enum-attestation-convey
    Conveyance {
        /// Not asked for; whatever comes proves nothing.
        None = "none",
        /// Asked for, and believed when it leads to a trust anchor; not insisted on.
        Indirect = "indirect",
        /// Refused without a statement that leads to a trust anchor.
        Direct = "direct",
        /// As `direct`, and the browser may let the authenticator identify itself singly.
        Enterprise = "enterprise",
    }
}

impl Conveyance {
    /// Whether a registration is refused without a statement that leads to a trust anchor.
    #[must_use]
    pub fn is_insisted_on(self) -> bool {
        matches!(self, Self::Direct | Self::Enterprise)
    }
}

words! {
    /// Which authenticator the browser should suggest first
    /// ([hints](https://www.w3.org/TR/webauthn-3/#enum-hints)): advice, which nothing enforces.
    Hint {
        /// A separate security key.
        SecurityKey = "security-key",
        /// The device itself.
        ClientDevice = "client-device",
        /// A phone next to it.
        Hybrid = "hybrid",
    }
}
