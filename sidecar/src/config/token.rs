//! What is put into session tokens.

use super::{ConfigError, PublicUrl, duration};
use crate::model::Seconds;
use serde::Deserialize;

/// `[token]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenConfig {
    /// `aud`: the applications that accept these tokens.
    pub audiences: Vec<String>,
    /// What new signing keys are for.
    #[serde(default)]
    pub algorithm: TokenAlgorithm,
    /// How long a token lives.
    #[serde(default = "default_ttl", deserialize_with = "duration::deserialize")]
    pub ttl: Seconds,
    /// The only groups that go into tokens; all of a user's where absent.
    #[serde(default)]
    pub groups: Option<Vec<String>>,
}

/// JWS algorithms (RFC 7518, RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum TokenAlgorithm {
    /// ECDSA on P-256: known to every verifier.
    #[default]
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519: cheaper to mint, dearer to verify in the gateway.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

const SHORTEST_TTL: Seconds = Seconds(30);
/// A token is not looked up anywhere while it lives, so an hour is what a lost one may cost.
const LONGEST_TTL: Seconds = Seconds(3_600);

fn default_ttl() -> Seconds {
    Seconds(600)
}

impl TokenConfig {
    pub(super) fn check(self, public_url: &PublicUrl) -> Result<Self, ConfigError> {
        if self.audiences.is_empty() || self.audiences.iter().any(|it| !is_plain(it)) {
            return Err(ConfigError::value(
                "token.audiences",
                "expected at least one name, none of them empty or with control characters, as in \
                 [\"app\"]",
            ));
        }
        if self.audiences.iter().any(|it| it == public_url.issuer()) {
            return Err(ConfigError::value(
                "token.audiences",
                "expected names of applications, not public_url: the tokens of whoever must \
                 register a passkey first are for that one, and no gateway may take them",
            ));
        }
        if self.groups.iter().flatten().any(|it| !is_plain(it)) {
            return Err(ConfigError::value(
                "token.groups",
                "expected names of groups, none of them empty or with control characters",
            ));
        }
        if !(SHORTEST_TTL..=LONGEST_TTL).contains(&self.ttl) {
            return Err(ConfigError::value(
                "token.ttl",
                format!(
                    "expected {} to {}, found {}",
                    SHORTEST_TTL, LONGEST_TTL, self.ttl
                ),
            ));
        }
        Ok(self)
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(char::is_control)
}
