//! A certificate for a host that exists in the tests only.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

/// A self-signed certificate with its key, as files.
pub struct Certificate {
    /// The name that it is for.
    pub host: String,
    directory: PathBuf,
}

impl Certificate {
    /// Makes one in `directory`, as `tls.crt` and `tls.key`.
    ///
    /// # Panics
    /// When `openssl` cannot.
    #[must_use]
    pub fn generate(host: &str, directory: &Path) -> Self {
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt"])
            .args(["ec_paramgen_curve:P-256", "-noenc", "-days", "2"])
            .args(["-subj", &format!("/CN={host}")])
            .args(["-addext", &format!("subjectAltName=DNS:{host}")])
            .args(["-keyout", "tls.key", "-out", "tls.crt"])
            .current_dir(directory)
            .output()
            .expect("openssl is installed");
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        Self {
            host: host.to_owned(),
            directory: directory.to_owned(),
        }
    }

    /// Where certificate and key lie.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What makes a browser take 127.0.0.1:`port` for the host, and trust exactly this key. To the
    /// page nothing differs from a certificate of a public authority: WebAuthn refuses pages with
    /// certificate errors, and there is none.
    ///
    /// # Panics
    /// When `openssl` does not read what it wrote.
    #[must_use]
    pub fn browser_switches(&self, port: u16) -> [String; 2] {
        let key = Command::new("openssl")
            .args(["pkey", "-in", "tls.key", "-pubout", "-outform", "DER"])
            .current_dir(&self.directory)
            .output()
            .expect("openssl is installed");
        assert!(key.status.success() && !key.stdout.is_empty());
        let hash = BASE64_STANDARD.encode(Sha256::digest(&key.stdout));
        let host = &self.host;
        [
            format!("--ignore-certificate-errors-spki-list={hash}"),
            format!("--host-resolver-rules=MAP {host}:443 127.0.0.1:{port}"),
        ]
    }
}
