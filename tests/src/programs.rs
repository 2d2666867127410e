//! Where the programs under test are, and what to do when they are not there.

use std::env;
use std::path::{Path, PathBuf};

/// The project's own directory.
#[must_use]
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

/// The sidecar: `LATCHKEY_BIN`, or what `cargo build` made.
#[must_use]
pub fn sidecar() -> PathBuf {
    found(
        "LATCHKEY_BIN",
        &[target().join("debug/latchkey")],
        "build it with `cargo build`",
    )
}

/// The filter: `LATCHKEY_WASM`, or what `scripts/build-filter` made.
#[must_use]
pub fn filter() -> PathBuf {
    found(
        "LATCHKEY_WASM",
        &[project().join("target/latchkey.wasm")],
        "build it with scripts/build-filter",
    )
}

/// Envoy: `ENVOY_BIN`, or what `scripts/test` installed.
#[must_use]
pub fn envoy() -> PathBuf {
    found(
        "ENVOY_BIN",
        &[project().join(".run/envoy")],
        "`scripts/test` installs it",
    )
}

/// Chromium: `CHROMIUM_BIN`, or the system's.
#[must_use]
pub fn chromium() -> PathBuf {
    let system = [
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
    ];
    found(
        "CHROMIUM_BIN",
        &system.map(PathBuf::from),
        "`scripts/test` installs it",
    )
}

/// axe-core's script: `AXE_JS`, or what `scripts/test` installed.
#[must_use]
pub fn axe() -> PathBuf {
    found(
        "AXE_JS",
        &[project().join(".run/axe.min.js")],
        "`scripts/test` installs it",
    )
}

fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| project().join("target"), PathBuf::from)
}

fn found(variable: &str, places: &[PathBuf], advice: &str) -> PathBuf {
    if let Some(path) = env::var_os(variable) {
        let path = PathBuf::from(path);
        assert!(
            path.is_file(),
            "{variable} names {}, which is no file",
            path.display()
        );
        return path;
    }
    places
        .iter()
        .find(|path| path.is_file())
        .cloned()
        .unwrap_or_else(|| {
            panic!("none of {places:?} exists: {advice}, or name another with {variable}")
        })
}
