//! Signing keys, and the key that they are encrypted under in the store.

use super::{ConfigError, Environment, Files, OutOfReach, duration};
use crate::model::Seconds;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The variable that holds the key-encryption key itself.
pub(super) const ENCRYPTION_KEY_VARIABLE: &str = "LATCHKEY_KEY_ENCRYPTION_KEY";

/// `[keys]`
#[derive(Debug, Clone, PartialEq)]
pub struct Keys {
    /// The key-encryption key, where the environment or the file gives one.
    pub encryption_key: Option<KeyEncryptionKey>,
    /// The file that should hold it, when it cannot be read here and need not be.
    pub absent_file: Option<OutOfReach>,
    /// How long the next key is published before it signs.
    pub publish_before: Seconds,
    /// How long a key signs before the next one is made.
    pub rotate_every: Seconds,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Raw {
    encryption_key_file: Option<PathBuf>,
    #[serde(deserialize_with = "duration::deserialize")]
    publish_before: Seconds,
    #[serde(deserialize_with = "duration::deserialize")]
    rotate_every: Seconds,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            encryption_key_file: None,
            publish_before: Seconds(3_600),
            rotate_every: Seconds(90 * 86_400),
        }
    }
}

impl Raw {
    pub(super) fn check(
        self,
        environment: &Environment,
        files: Files,
    ) -> Result<Keys, ConfigError> {
        let file = self.encryption_key_file.as_deref();
        let absent_file = file
            .filter(|_| files == Files::MayBeAbsent)
            .and_then(OutOfReach::of);
        let variable = environment
            .iter()
            .find(|(name, _)| name == ENCRYPTION_KEY_VARIABLE);
        let encryption_key = match (variable, file) {
            (Some(_), Some(_)) => {
                return Err(ConfigError::value(
                    "keys.encryption_key_file",
                    format!("expected this key or {ENCRYPTION_KEY_VARIABLE}, found both"),
                ));
            }
            (Some((_, text)), None) => Some(
                KeyEncryptionKey::parse(text)
                    .ok_or_else(|| ConfigError::value(ENCRYPTION_KEY_VARIABLE, KEY_FORM))?,
            ),
            (None, Some(path)) if absent_file.is_none() => Some(read_key(path)?),
            (None, _) => None,
        };
        if self.rotate_every <= self.publish_before {
            let every = self.rotate_every;
            let before = self.publish_before;
            // Nobody looks for a mistake in a key that they did not write.
            return Err(if self.rotate_every == Self::default().rotate_every {
                let problem =
                    format!("expected less than keys.rotate_every ({every}), found {before}");
                ConfigError::value("keys.publish_before", problem)
            } else {
                let problem = format!(
                    "expected more than keys.publish_before ({before}), for which every key waits, \
                     found {every}"
                );
                ConfigError::value("keys.rotate_every", problem)
            });
        }
        Ok(Keys {
            encryption_key,
            absent_file,
            publish_before: self.publish_before,
            rotate_every: self.rotate_every,
        })
    }
}

const KEY_FORM: &str =
    "expected 32 bytes in base64 or hexadecimal, as `openssl rand -base64 32` makes them";

fn read_key(path: &Path) -> Result<KeyEncryptionKey, ConfigError> {
    let key = "keys.encryption_key_file";
    let text = std::fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|error| {
            ConfigError::value(key, format!("{} cannot be read: {error}", path.display()))
        })?;
    KeyEncryptionKey::parse(&text)
        .ok_or_else(|| ConfigError::value(key, format!("{}: {KEY_FORM}", path.display())))
}

/// 32 bytes that the signing keys are sealed under. Shown nowhere, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyEncryptionKey(Zeroizing<[u8; 32]>);

impl KeyEncryptionKey {
    /// Takes the bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads base64 or hexadecimal; surrounding white space does not count.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = Zeroizing::new(if text.len() == 64 {
            decode_hexadecimal(text)?
        } else {
            STANDARD.decode(text).ok()?
        });
        Some(Self(Zeroizing::new(bytes.as_slice().try_into().ok()?)))
    }

    /// The form that [`Self::parse`] reads, for a key file.
    #[must_use]
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyEncryptionKey(..)")
    }
}

fn decode_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|it| u8::try_from(it).ok())
    };
    text.as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}
