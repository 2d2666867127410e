//! A certificate for a host that exists in the tests only.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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
        let subject = format!("/CN={host}");
        let names = format!("subjectAltName=DNS:{host}");
        #[rustfmt::skip]
        openssl(directory, &[
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc",
            "-days", "2", "-subj", &subject, "-addext", &names,
            "-keyout", "tls.key", "-out", "tls.crt",
        ]);
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

    /// Puts a new pair in its place, as a renewal does: by moving finished files over the old ones.
    ///
    /// # Panics
    /// When the directory cannot be written.
    pub fn renew(&self) {
        let next = self.directory.join("next");
        fs::create_dir(&next).expect("a directory");
        let _ = Self::generate(&self.host, &next);
        for name in ["tls.key", "tls.crt"] {
            fs::rename(next.join(name), self.directory.join(name)).expect("a renewed file");
        }
        fs::remove_dir(&next).expect("an empty directory");
    }

    /// The certificate as it lies there now (DER).
    #[must_use]
    pub fn der(&self) -> Vec<u8> {
        openssl(
            &self.directory,
            &["x509", "-in", "tls.crt", "-outform", "DER"],
        )
    }

    /// What makes a browser take 127.0.0.1:`port` for the host, and trust exactly this key. To the
    /// page nothing differs from a certificate of a public authority: WebAuthn refuses pages with
    /// certificate errors, and there is none.
    ///
    /// # Panics
    /// When `openssl` does not read what it wrote.
    #[must_use]
    pub fn browser_switches(&self, port: u16) -> [String; 2] {
        let key = ["pkey", "-in", "tls.key", "-pubout", "-outform", "DER"];
        let hash = BASE64_STANDARD.encode(Sha256::digest(openssl(&self.directory, &key)));
        let host = &self.host;
        [
            format!("--ignore-certificate-errors-spki-list={hash}"),
            format!("--host-resolver-rules=MAP {host}:443 127.0.0.1:{port}"),
        ]
    }
}

/// The certificate (DER) that a server on 127.0.0.1 shows to a client that asks for `host`; `None`
/// when it shows none.
///
/// # Panics
/// When there is no `openssl`.
#[must_use]
pub fn presented(port: u16, host: &str) -> Option<Vec<u8>> {
    let shown = Command::new("openssl")
        .args(["s_client", "-connect", &format!("127.0.0.1:{port}")])
        .args(["-servername", host])
        .stdin(Stdio::null())
        .output()
        .expect("openssl is installed");
    let text = String::from_utf8_lossy(&shown.stdout);
    let (_, rest) = text.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    BASE64_STANDARD.decode(body.replace('\n', "")).ok()
}

fn openssl(directory: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(directory)
        .output()
        .expect("openssl is installed");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments:?}: {errors}");
    output.stdout
}
