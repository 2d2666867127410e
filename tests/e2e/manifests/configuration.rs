//! Filter and sidecar get configurations that they accept, and that fit each other.

use std::fs;
use std::path::Path;
use std::process::Command;

use latchkey_tests::programs;
use serde_json::{Value, json};

use super::{document, istio, run, wasm_plugin};

#[test]
fn both_forms_configure_the_filter_alike() {
    let (plugin, extension) = (wasm_plugin(), traffic_extension());
    let wasm = &extension["spec"]["wasm"];
    for key in [
        "pluginConfig",
        "url",
        "sha256",
        "imagePullPolicy",
        "failStrategy",
    ] {
        assert_eq!(plugin["spec"][key], wasm[key], "{key}");
    }
    for key in ["selector", "match", "phase"] {
        assert_eq!(plugin["spec"][key], extension["spec"][key], "{key}");
    }
    assert_eq!(plugin["metadata"], extension["metadata"]);
    assert_eq!(plugin["spec"]["phase"], "AUTHN");
    assert_eq!(plugin["spec"]["failStrategy"], "FAIL_RELOAD");
}

#[test]
fn the_filter_accepts_its_configuration() {
    for file in [
        "overlays/wasm-plugin/wasm-plugin.yaml",
        "overlays/traffic-extension/traffic-extension.yaml",
    ] {
        let (passed, output) = check_config(&istio(file));
        assert!(passed, "{output}");

        // It does look: a key that it does not know is refused by name.
        let directory = tempfile::tempdir().expect("a temporary directory");
        let broken = directory.path().join("broken.yaml");
        let text = fs::read_to_string(istio(file)).expect("a manifest");
        fs::write(&broken, text.replace("public_path:", "publicpath:")).expect("a copy");
        let (passed, output) = check_config(&broken);
        assert!(!passed && output.contains("publicpath"), "{output}");
    }
}

#[test]
fn the_sidecar_accepts_its_configuration() {
    let (passed, output) = check_config(&istio("base/sidecar/latchkey.toml"));
    assert!(passed, "{output}");
}

#[test]
fn the_filter_names_the_clusters_that_the_service_makes() {
    let service = document("base/sidecar/service.yaml");
    let (name, namespace) = (&service["metadata"]["name"], "latchkey");
    let host = format!(
        "{}.{namespace}.svc.cluster.local",
        name.as_str().expect("a name")
    );
    let port = |wanted: &str| {
        let ports = service["spec"]["ports"].as_array().expect("ports");
        let port = ports
            .iter()
            .find(|port| port["name"] == wanted)
            .expect(wanted);
        port["port"].clone()
    };
    let sidecar = &wasm_plugin()["spec"]["pluginConfig"]["sidecar"];
    assert_eq!(
        sidecar["cluster"],
        format!("outbound|{}||{host}", port("http-internal"))
    );
    assert_eq!(
        sidecar["public_cluster"],
        format!("outbound|{}||{host}", port("http-public"))
    );

    let virtual_service = document("base/gateway/virtual-service.yaml");
    let destination = &virtual_service["spec"]["http"][0]["route"][0]["destination"];
    assert_eq!(destination["host"], host);
    assert_eq!(destination["port"]["number"], port("http-public"));
    let internal = port("http-internal").to_string();
    assert!(
        !virtual_service.to_string().contains(&internal),
        "users reach the internal port"
    );
}

#[test]
fn the_sidecar_finds_what_is_mounted() {
    let deployment = document("base/sidecar/deployment.yaml");
    let pod = &deployment["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    let mounted = |volume: &str| {
        let mounts = container["volumeMounts"].as_array().expect("mounts");
        let mount = mounts.iter().find(|mount| mount["name"] == volume);
        let path = mount.expect(volume)["mountPath"].as_str();
        path.expect("a path").to_owned()
    };
    let volumes = pod["volumes"].as_array().expect("volumes");
    assert_eq!(
        volumes.len(),
        container["volumeMounts"].as_array().map_or(0, Vec::len)
    );

    let configuration = format!("{}/latchkey.toml", mounted("configuration"));
    assert_eq!(container["args"], json!(["serve"]));
    let variables = container["env"].as_array().expect("variables");
    assert!(variables.contains(&json!({"name": "LATCHKEY_CONFIG", "value": configuration})));
    let toml = fs::read_to_string(istio("base/sidecar/latchkey.toml")).expect("a file");
    for line in [
        format!(
            "encryption_key_file = \"{}/key\"",
            mounted("key-encryption-key")
        ),
        format!("path = \"{}/", mounted("data")),
    ] {
        assert!(toml.contains(&line), "{line} is not in latchkey.toml");
    }
    let generator = &document("base/sidecar/kustomization.yaml")["configMapGenerator"][0];
    let named = volumes
        .iter()
        .find_map(|volume| volume["configMap"]["name"].as_str());
    assert_eq!(generator["name"].as_str(), named);
}

/// What `latchkey check-config` says of a file, with a key where the Secret would be mounted.
fn check_config(file: &Path) -> (bool, String) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let key = directory.path().join("key");
    fs::write(&key, "q7Vb0yWcXn4uY2mK8sLr5tPzHjGfDdSa1eRqTwUoIi0=").expect("a key");
    run(Command::new(programs::sidecar())
        .arg("check-config")
        .arg(file)
        .env("LATCHKEY_KEYS__ENCRYPTION_KEY_FILE", &key))
}

fn traffic_extension() -> Value {
    document("overlays/traffic-extension/traffic-extension.yaml")
}
