//! Chains and blobs made here, and some made by OpenSSL, one thing wrong at a time.
//!
//! `openssl/<algorithm>.pem` hold an end-entity certificate and its root; `openssl/blob.jwt` and
//! `blob-root.pem` an RS256 blob and its root. OpenSSL 3.0 made them (`req -x509`, `x509 -req`,
//! `dgst -sign`), so that not everything is verified by what signed it. The keys are gone.

pub(crate) mod blobs;
pub(crate) mod certificates;
mod chains;
mod keeper;
mod metadata;

use crate::model::UnixTime;

/// In January 2027.
pub(crate) const NOW: UnixTime = UnixTime(1_800_000_000);
