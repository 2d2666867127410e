//! Where trust in authenticators comes from.

use super::ConfigError;
use crate::attestation::{MetadataSource, Sources};
use rustls_pki_types::DnsName;
use serde::Deserialize;
use std::path::PathBuf;

/// `[attestation]`
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Raw {
    anchors: Option<PathBuf>,
    metadata: Option<PathBuf>,
    metadata_root: Option<PathBuf>,
    metadata_signer: String,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            anchors: None,
            metadata: None,
            metadata_root: None,
            metadata_signer: "mds.fidoalliance.org".to_owned(),
        }
    }
}

impl Raw {
    /// The files are read at start, not here: the configuration may be for another machine.
    pub(super) fn check(self) -> Result<Sources, ConfigError> {
        if DnsName::try_from(self.metadata_signer.as_str()).is_err() {
            return Err(ConfigError::value(
                "attestation.metadata_signer",
                format!("expected a host name, found {:?}", self.metadata_signer),
            ));
        }
        let metadata = match (self.metadata, self.metadata_root) {
            (None, None) => None,
            (Some(file), Some(root)) => Some(MetadataSource {
                file,
                root,
                signer: self.metadata_signer,
            }),
            (Some(_), None) => {
                return Err(ConfigError::value(
                    "attestation.metadata_root",
                    "expected a file with the root certificate that the signer of \
                     attestation.metadata goes back to",
                ));
            }
            (None, Some(_)) => {
                return Err(ConfigError::value(
                    "attestation.metadata",
                    "expected the file whose signer attestation.metadata_root is for",
                ));
            }
        };
        Ok(Sources {
            anchors: self.anchors,
            metadata,
        })
    }
}
