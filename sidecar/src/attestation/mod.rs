//! Whether an attestation statement is to be believed: its chain of certificates against trust
//! anchors, and what the FIDO metadata says about the model.
//!
//! ```text
//! anchors     certificates that the administrator trusts, and paths to them
//! blob        the FIDO metadata file: its own signature and chain
//! metadata    what a verified blob says, per model
//! trust       both together: what `ceremony` asks
//! own_format  certificates that sign statements of one format only
//! keeper      reads the files, and keeps the last good blob; with last_good the only part with I/O
//! last_good   its copy beside the store, for the next start
//! ```
//!
//! Paths are validated by rustls-webpki ([RFC 5280]) with the signatures of the `RustCrypto` crates.
//! Nothing is ever fetched, no URL in a certificate or a blob is followed.
//!
//! [RFC 5280]: https://www.rfc-editor.org/rfc/rfc5280#section-6

mod algorithms;
mod anchors;
mod blob;
mod keeper;
mod last_good;
mod metadata;
mod own_format;
mod signature;
mod tpm_certificate;
mod trust;

#[cfg(test)]
pub(crate) mod tests;

pub use anchors::{AnchorError, Anchors, Untrusted};
pub use blob::BlobError;
pub use keeper::{MetadataSource, Past, Sources, SourcesError, TrustKeeper};
pub use metadata::{Metadata, Status};
pub(crate) use own_format::has_a_format_of_its_own;
pub(crate) use signature::signed_by;
pub(crate) use tpm_certificate::is_of_a_tpm;
pub use trust::Trust;
