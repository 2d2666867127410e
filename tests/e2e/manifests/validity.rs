//! Every document is what its kind says that it is.

use std::fs;
use std::path::Path;
use std::process::Command;

use latchkey_tests::programs;

use super::{ISTIO, run};

#[test]
fn every_document_is_valid() {
    let (passed, output) = validate(&programs::project().join(ISTIO));
    assert!(passed, "{output}");
}

#[test]
fn a_broken_manifest_is_noticed() {
    let deployment = "base/sidecar/deployment.yaml";
    let kustomization = "base/sidecar/kustomization.yaml";
    for (file, right, wrong, finding) in [
        (
            deployment,
            "replicas: 1",
            "replicas: one",
            "'one' is not of type",
        ),
        (
            deployment,
            "readOnlyRootFilesystem",
            "readOnlyRootFileSystem",
            "'readOnlyRootFileSystem' was unexpected",
        ),
        (
            deployment,
            "apiVersion: apps/v1",
            "apiVersion: apps/v2",
            "Couldn't find schema",
        ),
        (
            deployment,
            "  replicas: 1",
            "  replicas: 1\n  replicas: 2",
            "key given twice: replicas",
        ),
        (
            kustomization,
            "  - service.yaml\n",
            "",
            "service.yaml: named by 0 kustomizations",
        ),
        (
            kustomization,
            "  - service.yaml\n",
            "  - service.yaml\n  - services.yaml\n",
            "names services.yaml, which is not there",
        ),
        (
            kustomization,
            "- latchkey.toml",
            "- other.toml",
            "names other.toml, which is not there",
        ),
    ] {
        assert_noticed(file, right, wrong, finding);
    }
}

#[test]
fn a_broken_istio_manifest_is_noticed() {
    let (_, output) = validate(&programs::project().join(ISTIO));
    if !output.contains(" 0 without a schema") {
        #[expect(clippy::print_stdout, reason = "a test that proves nothing says so")]
        {
            println!("Istio's schemas are not here (see scripts/validate-manifests): not tested");
        }
        return;
    }
    for (file, right, wrong, finding) in [
        (
            "overlays/wasm-plugin/wasm-plugin.yaml",
            "failStrategy: FAIL_RELOAD",
            "failStrategy: FAIL_SOMEHOW",
            "'FAIL_SOMEHOW' is not one of",
        ),
        (
            "base/sidecar/peer-authentication.yaml",
            "mtls:",
            "mTLS:",
            "'mTLS' was unexpected",
        ),
        (
            "base/gateway/gateway.yaml",
            "kind: Gateway",
            "kind: Gatewy",
            "no such kind: Gatewy",
        ),
    ] {
        assert_noticed(file, right, wrong, finding);
    }
}

/// The same check as `kubectl apply -k` makes, where there is a `kubectl` or a `kustomize`.
#[test]
fn kustomize_builds_both_overlays() {
    for overlay in ["wasm-plugin", "traffic-extension"] {
        let directory = programs::project()
            .join(ISTIO)
            .join("overlays")
            .join(overlay);
        let build = [("kustomize", "build"), ("kubectl", "kustomize")]
            .into_iter()
            .find_map(|(program, verb)| {
                Command::new(program)
                    .arg(verb)
                    .arg(&directory)
                    .output()
                    .ok()
            });
        let Some(build) = build else {
            #[expect(clippy::print_stdout, reason = "a test that proves nothing says so")]
            {
                println!("SKIPPED: neither kustomize nor kubectl is here");
            }
            return;
        };
        assert!(
            build.status.success(),
            "{}",
            String::from_utf8_lossy(&build.stderr)
        );
    }
}

/// Breaks one file of a copy and expects the validation to say so in these words.
fn assert_noticed(file: &str, right: &str, wrong: &str, finding: &str) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    copy(&programs::project().join(ISTIO), directory.path());
    let path = directory.path().join(file);
    let text = fs::read_to_string(&path).expect("a manifest");
    assert!(text.contains(right), "{file} no longer holds {right:?}");
    fs::write(&path, text.replacen(right, wrong, 1)).expect("a copy");
    let (passed, output) = validate(directory.path());
    assert!(
        !passed && output.contains(finding),
        "{file}, {right:?} as {wrong:?}: {output}"
    );
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a copy");
        }
    }
}

fn validate(directory: &Path) -> (bool, String) {
    run(Command::new(programs::project().join("scripts/validate-manifests")).arg(directory))
}
