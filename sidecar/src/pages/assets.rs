//! Scripts, styles and images, part of the program.

use super::brand;
use super::words::{Languages, Words};
use crate::model::Branding;
use axum::body::Bytes;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// 72 bits: two releases never share one by chance.
const VERSION_CHARS: usize = 12;

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const IMAGE: &str = "image/svg+xml";

/// For whoever opens an asset by itself: an SVG is a document then, and one that an administrator
/// was given could hold anything.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

macro_rules! files {
    ($($name:literal: $kind:expr),* $(,)?) => {
        &[$(File { name: $name, kind: $kind, content: include_bytes!(concat!("assets/", $name)) }),*]
    };
}

const FILES: &[File] = files![
    "account.mjs": SCRIPT,
    "admin-api.mjs": SCRIPT,
    "admin-audit.mjs": SCRIPT,
    "admin-bulk.mjs": SCRIPT,
    "admin-import.mjs": SCRIPT,
    "admin-links.mjs": SCRIPT,
    "admin-mount.mjs": SCRIPT,
    "admin-mount-fields.mjs": SCRIPT,
    "admin-parts.mjs": SCRIPT,
    "admin-policy.mjs": SCRIPT,
    "admin-reasons.mjs": SCRIPT,
    "admin-sessions.mjs": SCRIPT,
    "admin-transfer.mjs": SCRIPT,
    "admin-user.mjs": SCRIPT,
    "admin-user-form.mjs": SCRIPT,
    "admin-users.mjs": SCRIPT,
    "admin.mjs": SCRIPT,
    "api.mjs": SCRIPT,
    "arrival.mjs": SCRIPT,
    "bytes.mjs": SCRIPT,
    "ceremony.mjs": SCRIPT,
    "copying.mjs": SCRIPT,
    "credentials.mjs": SCRIPT,
    "enroll.mjs": SCRIPT,
    "fields.mjs": SCRIPT,
    "freshness.mjs": SCRIPT,
    "label.mjs": SCRIPT,
    "login.mjs": SCRIPT,
    "logout.mjs": SCRIPT,
    "notice.mjs": SCRIPT,
    "old-browser.js": SCRIPT,
    "one-at-a-time.mjs": SCRIPT,
    "saving.mjs": SCRIPT,
    "signals.mjs": SCRIPT,
    "texts.mjs": SCRIPT,
    "times.mjs": SCRIPT,
    "ways-in.mjs": SCRIPT,
    "whole-ceremony.mjs": SCRIPT,
    "account.css": STYLE,
    "admin.css": STYLE,
    "admin-lists.css": STYLE,
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
/// by relative address, so one version for all keeps them together; and as the address has the
/// language in it, each finds the words of the page's own.
#[derive(Debug)]
pub struct Assets {
    version: String,
    base: String,
    /// Name, media type and content of those that are this installation's alone.
    own: Vec<(&'static str, &'static str, Bytes)>,
}

impl Assets {
    /// Assets below `public_path`.
    #[must_use]
    pub(super) fn new(public_path: &str, languages: &Languages, branding: &Branding) -> Self {
        let own = brand::files(branding);
        let mut hash = Sha256::new();
        let mut add = |name: &str, content: &[u8]| {
            hash.update(name);
            hash.update([0]);
            hash.update(content.len().to_be_bytes());
            hash.update(content);
        };
        for file in FILES {
            add(file.name, file.content);
        }
        for (name, _, content) in &own {
            add(name, content);
        }
        for words in languages.all() {
            for (name, text) in words.modules() {
                add(&format!("{}/{name}", words.tag()), text.as_bytes());
            }
        }
        let mut version = URL_SAFE_NO_PAD.encode(hash.finalize());
        version.truncate(VERSION_CHARS);
        let base = format!("{public_path}/assets/{version}");
        let own = own.into_iter();
        let own = own.map(|(name, kind, content)| (name, kind, Bytes::from(content)));
        Self {
            version,
            base,
            own: own.collect(),
        }
    }

    /// What stands before `/<name>` in an asset's address.
    #[must_use]
    pub(super) fn base(&self, words: &Words) -> String {
        format!("{}/{}", self.base, words.tag())
    }

    /// The asset in a language; `None` for another version, whose content is not known here.
    #[must_use]
    pub(super) fn find(&self, version: &str, words: &Words, name: &str) -> Option<Response> {
        if version != self.version {
            return None;
        }
        if let Some(text) = words.module(name) {
            return Some(served(SCRIPT, text.to_owned()));
        }
        if let Some((_, kind, content)) = self.own.iter().find(|(own, ..)| *own == name) {
            return Some(served(kind, content.clone()));
        }
        let file = FILES.iter().find(|file| file.name == name)?;
        Some(served(file.kind, file.content))
    }
}

fn served(kind: &'static str, content: impl IntoResponse) -> Response {
    let headers = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, content).into_response()
}

#[cfg(test)]
mod tests {
    use super::super::words::Languages;
    use super::{Assets, Branding, FILES, SCRIPT};

    #[test]
    fn another_version_or_name_is_not_served() {
        let languages = Languages::built_in();
        let assets = Assets::new("/_latchkey", &languages, &Branding::default());
        for words in languages.all() {
            for name in ["login.mjs", "words.mjs"] {
                assert!(assets.find(&assets.version, words, name).is_some());
                assert!(assets.find("0000000000000000", words, name).is_none());
            }
            assert!(assets.find(&assets.version, words, "../mod.rs").is_none());
        }
    }

    #[test]
    fn scripts_import_only_what_is_served() {
        let languages = Languages::built_in();
        let worded = |name| languages.all().all(|words| words.module(name).is_some());
        for file in FILES.iter().filter(|file| file.kind == SCRIPT) {
            let text = std::str::from_utf8(file.content).unwrap();
            for part in text.split(" from './").skip(1) {
                let name = part.split('\'').next().unwrap();
                assert!(
                    FILES.iter().any(|other| other.name == name) || worded(name),
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
