//! Where trust in authenticators comes from.

use super::{AbsentFiles, ConfigError, Files, OutOfReach};
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
    /// The sources, and the files that are not on this machine. They are read at start, not here: the
    /// configuration may be for another one.
    pub(super) fn check(self, files: Files) -> Result<(Sources, AbsentFiles), ConfigError> {
        let named = [
            ("attestation.anchors", &self.anchors),
            ("attestation.metadata", &self.metadata),
            ("attestation.metadata_root", &self.metadata_root),
        ];
        let named = named
            .into_iter()
            .filter_map(|(key, file)| Some((key, file.clone()?)));
        let absent = named
            .filter(|_| files == Files::MayBeAbsent)
            .filter_map(|(key, file)| Some((key, OutOfReach::of(&file)?)))
            .collect();
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
        let sources = Sources {
            anchors: self.anchors,
            metadata,
        };
        Ok((sources, absent))
    }
}
