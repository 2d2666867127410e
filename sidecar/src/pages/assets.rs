//! Scripts, styles and images, part of the program.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// 72 bits: two releases never share one by chance.
const VERSION_CHARS: usize = 12;

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const IMAGE: &str = "image/svg+xml";

macro_rules! files {
    ($($name:literal: $kind:expr),* $(,)?) => {
        &[$(File { name: $name, kind: $kind, content: include_bytes!(concat!("assets/", $name)) }),*]
    };
}

const FILES: &[File] = files![
    "account.mjs": SCRIPT,
    "api.mjs": SCRIPT,
    "arrival.mjs": SCRIPT,
    "bytes.mjs": SCRIPT,
    "ceremony.mjs": SCRIPT,
    "credentials.mjs": SCRIPT,
    "enroll.mjs": SCRIPT,
    "login.mjs": SCRIPT,
    "logout.mjs": SCRIPT,
    "notice.mjs": SCRIPT,
    "old-browser.js": SCRIPT,
    "texts.mjs": SCRIPT,
    "ways-in.mjs": SCRIPT,
    "account.css": STYLE,
    "controls.css": STYLE,
    "page.css": STYLE,
    "no-script.css": STYLE,
    "logo.svg": IMAGE,
    "device.svg": IMAGE,
    "passkey.svg": IMAGE,
    "synced.svg": IMAGE,
];

struct File {
    name: &'static str,
    kind: &'static str,
    content: &'static [u8],
}

/// The assets under one address that changes whenever any of them does. Scripts import each other
/// by relative address, so one version for all keeps them together.
#[derive(Debug)]
pub struct Assets {
    version: String,
    base: String,
}

impl Assets {
    /// Assets below `public_path`.
    #[must_use]
    pub fn new(public_path: &str) -> Self {
        let mut hash = Sha256::new();
        for file in FILES {
            hash.update(file.name);
            hash.update([0]);
            hash.update(file.content.len().to_be_bytes());
            hash.update(file.content);
        }
        let mut version = URL_SAFE_NO_PAD.encode(hash.finalize());
        version.truncate(VERSION_CHARS);
        let base = format!("{public_path}/assets/{version}");
        Self { version, base }
    }

    /// What stands before `/<name>` in an asset's address.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The asset; `None` for another version, whose content is not known here.
    #[must_use]
    pub fn find(&self, version: &str, name: &str) -> Option<Response> {
        if version != self.version {
            return None;
        }
        FILES.iter().find(|file| file.name == name).map(|file| {
            let headers = [
                (CONTENT_TYPE, file.kind),
                (CACHE_CONTROL, "public, max-age=31536000, immutable"),
                (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ];
            (headers, file.content).into_response()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Assets, FILES, SCRIPT};

    #[test]
    fn another_version_or_name_is_not_served() {
        let assets = Assets::new("/_latchkey");
        assert!(assets.find(&assets.version, "login.mjs").is_some());
        assert!(assets.find("0000000000000000", "login.mjs").is_none());
        assert!(assets.find(&assets.version, "../mod.rs").is_none());
    }

    #[test]
    fn scripts_import_only_what_is_served() {
        for file in FILES.iter().filter(|file| file.kind == SCRIPT) {
            let text = std::str::from_utf8(file.content).unwrap();
            for part in text.split(" from './").skip(1) {
                let name = part.split('\'').next().unwrap();
                assert!(
                    FILES.iter().any(|other| other.name == name),
                    "{} imports {name}, which is not served",
                    file.name
                );
            }
        }
    }

    #[test]
    fn scripts_build_no_markup_from_text() {
        for file in FILES.iter().filter(|file| file.kind == SCRIPT) {
            let text = std::str::from_utf8(file.content).unwrap();
            for sink in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
            ] {
                assert!(!text.contains(sink), "{} uses {sink}", file.name);
            }
        }
    }
}
