//! What a mount asks of authenticators.

use crate::model::Seconds;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
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

/// What a mount asks of authenticators. Attestation is not asked for (`none`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// User verification, at registration and at login.
    pub user_verification: UserVerification,
    /// Discoverable credentials, at registration.
    pub discoverable_credential: DiscoverableCredential,
    /// The only attachment that can be registered, where one is set.
    pub attachment: Option<Attachment>,
    /// The algorithms that are offered, preferred ones first; not empty.
    pub algorithms: Vec<Algorithm>,
    /// How long a ceremony may take.
    pub timeout: Seconds,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            user_verification: UserVerification::Required,
            discoverable_credential: DiscoverableCredential::Required,
            attachment: None,
            algorithms: Algorithm::ALL.to_vec(),
            timeout: Seconds(300),
        }
    }
}

/// A short name of a policy's content. A challenge carries it, so that a login begun under one
/// policy cannot be finished under another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyTag(pub(super) [u8; 8]);

impl Policy {
    /// The tag of what a login is asked to prove.
    #[must_use]
    pub fn tag(&self) -> PolicyTag {
        let digest: [u8; 32] = Sha256::new()
            .chain_update(b"latchkey login policy 1\0")
            .chain_update(self.user_verification.as_str())
            .finalize()
            .into();
        let mut tag = [0; 8];
        tag.copy_from_slice(&digest[..8]);
        PolicyTag(tag)
    }
}
