//! A certificate for a host that exists in the tests only.

use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use software_authenticator::tpm_alternative_name;
use tempfile::TempDir;

use crate::http::{Request, Response, read_response};

/// A self-signed certificate with its key, as files.
pub struct Certificate {
    /// The name that it is for.
    pub host: String,
    directory: PathBuf,
}

/// Those of a gateway and of two clients that it knows.
pub struct Certificates {
    /// The gateway's own.
    pub server: Certificate,
    /// The first client's.
    pub first: Certificate,
    /// The second client's.
    pub second: Certificate,
    _directory: TempDir,
}

impl Certificates {
    /// Makes them, in a directory of their own.
    ///
    /// # Panics
    /// When there is no room for it, or no `openssl`.
    #[must_use]
    pub fn generate() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let make = |name: &str| {
            let path = directory.path().join(name);
            fs::create_dir(&path).expect("a directory");
            Certificate::generate(name, &path)
        };
        Self {
            server: make("server"),
            first: make("first"),
            second: make("second"),
            _directory: directory,
        }
    }

    /// What makes an Envoy listener show the server's, and ask clients for one of theirs.
    ///
    /// # Panics
    /// When a certificate cannot be read.
    #[must_use]
    pub fn transport_socket(&self) -> Value {
        let mut socket = self.server.transport_socket();
        let known: String = [&self.first, &self.second]
            .map(|client| fs::read_to_string(client.directory.join("tls.crt")))
            .map(|text| text.expect("a certificate"))
            .concat();
        socket["typed_config"]["common_tls_context"]["validation_context"] =
            json!({"trusted_ca": {"inline_string": known}});
        socket
    }
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

    /// Makes one for the attestation key of a TPM (WebAuthn Level 3, section 8.3.1), which has no
    /// authority above it.
    ///
    /// # Panics
    /// When `openssl` cannot.
    #[must_use]
    pub fn of_a_tpm(directory: &Path) -> Self {
        let described = tpm_alternative_name(&[(1, "id:FFFFF1D0"), (2, "Test"), (3, "id:1")]);
        let mut names = "subjectAltName=critical,DER:".to_owned();
        for byte in described {
            let _ = write!(names, "{byte:02x}");
        }
        #[rustfmt::skip]
        openssl(directory, &[
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc",
            "-days", "2", "-subj", "/", "-addext", &names,
            "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=2.23.133.8.3",
            "-keyout", "tls.key", "-out", "tls.crt",
        ]);
        Self {
            host: String::new(),
            directory: directory.to_owned(),
        }
    }

    /// An ECDSA signature with its key over the SHA-256 of `message` (DER).
    ///
    /// # Panics
    /// When `openssl` cannot.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        fs::write(self.directory.join("message"), message).expect("a file");
        openssl(
            &self.directory,
            &["dgst", "-sha256", "-sign", "tls.key", "message"],
        )
    }

    /// What makes an Envoy listener show it.
    #[must_use]
    pub fn transport_socket(&self) -> Value {
        let file = |name: &str| self.directory.join(name);
        json!({
            "name": "envoy.transport_sockets.tls",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
                "common_tls_context": {
                    "tls_certificates": [{
                        "certificate_chain": {"filename": file("tls.crt")},
                        "private_key": {"filename": file("tls.key")},
                    }],
                },
            },
        })
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

    /// Its SHA-256 as tokens have it (`x5t#S256`, RFC 8705).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(self.der()))
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

/// Sends a request over TLS to a port of 127.0.0.1, with a client certificate or without.
///
/// # Panics
/// When there is no `openssl`, or no answer.
#[must_use]
pub fn send_over_tls(port: u16, client: Option<&Certificate>, request: &Request) -> Response {
    let mut command = Command::new("openssl");
    let address = format!("127.0.0.1:{port}");
    command.args(["s_client", "-quiet", "-connect", &address]);
    if let Some(certificate) = client {
        let directory = certificate.directory();
        command.arg("-cert").arg(directory.join("tls.crt"));
        command.arg("-key").arg(directory.join("tls.key"));
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl is installed");
    let stdin = child.stdin.as_mut().expect("a pipe");
    stdin.write_all(&request.bytes()).expect("openssl reads");
    let answer = read_response(child.stdout.as_mut().expect("a pipe"), false);
    let _ = child.kill();
    child.wait().expect("our own child");
    answer.expect("an answer")
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
