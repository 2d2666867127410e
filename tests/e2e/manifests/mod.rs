//! The manifests for Kubernetes and Istio: each is valid, and they agree with one another; and those of a
//! standalone gateway.

mod access;
mod configuration;
mod standalone;
mod validity;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use latchkey_tests::programs;
use serde_json::Value;

const ISTIO: &str = "manifests/istio";

fn run(command: &mut Command) -> (bool, String) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

fn istio(file: &str) -> PathBuf {
    programs::project().join(ISTIO).join(file)
}

fn wasm_plugin() -> Value {
    document("overlays/wasm-plugin/wasm-plugin.yaml")
}

/// The only document of a manifest, by its path below `manifests/istio`.
pub(crate) fn document(file: &str) -> Value {
    let text = fs::read_to_string(istio(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    yaml_serde::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}
