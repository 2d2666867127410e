//! Sessions that are bound to a client certificate (RFC 8705, section 3).

use crate::app::{App, BindCertificate};
use crate::routes::layers::Client;

use crate::problem::{Problem, ProblemKind};

/// A session needs a client certificate here, and the connection has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoCertificate;

/// The certificate that a session begun by this client is bound to.
pub(super) fn bound_certificate(
    app: &App,
    client: &Client,
) -> Result<Option<String>, NoCertificate> {
    match (app.settings.bind_certificate, &client.certificate) {
        (BindCertificate::Never, _) => Ok(None),
        (BindCertificate::Required, None) => Err(NoCertificate),
        (_, certificate) => Ok(certificate.clone()),
    }
}

/// What the client is told.
pub(super) fn no_certificate() -> Problem {
    Problem::new(
        ProblemKind::CertificateRequired,
        "Connect with a client certificate, then sign in again.",
    )
}
