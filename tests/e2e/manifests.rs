//! The manifests for Kubernetes and Istio: each is valid, and they agree with one another.

use std::fs;
use std::path::Path;
use std::process::Command;

use latchkey_tests::programs;
use serde_json::{Value, json};

const ISTIO: &str = "manifests/istio";

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
fn the_second_check_looks_at_what_the_filter_passes_on() {
    let plugin = wasm_plugin()["spec"]["pluginConfig"].take();
    let rule = document("base/gateway/request-authentication.yaml")["spec"]["jwtRules"][0].take();
    assert_eq!(rule["issuer"], plugin["issuer"]);
    assert_eq!(rule["audiences"], plugin["audiences"]);
    assert_eq!(
        rule["fromHeaders"],
        json!([{"name": plugin["forward_token"]["header"]}])
    );
    assert_eq!(rule["forwardOriginalToken"], false);

    let issuer = plugin["issuer"].as_str().expect("an issuer");
    assert_eq!(rule["jwksUri"], format!("{issuer}/.well-known/jwks.json"));
    let policy = document("base/gateway/authorization-policy.yaml");
    assert_eq!(
        policy["spec"]["rules"][1]["from"][0]["source"]["requestPrincipals"],
        json!([format!("{issuer}/*")])
    );

    let toml = fs::read_to_string(istio("base/sidecar/latchkey.toml")).expect("a file");
    assert!(
        toml.contains(&format!("public_url = \"{issuer}\"")),
        "{toml}"
    );
}

#[test]
fn plain_http_leads_to_https_and_nowhere_else() {
    let redirect = document("base/gateway/redirect.yaml");
    let servers = redirect["spec"]["servers"].as_array().expect("servers");
    for server in servers {
        assert_eq!(server["tls"], json!({"httpsRedirect": true}));
    }
    let tls = document("base/gateway/gateway.yaml");
    for server in tls["spec"]["servers"].as_array().expect("servers") {
        assert_eq!(server["port"]["protocol"], "HTTPS");
    }
    let virtual_service = document("base/gateway/virtual-service.yaml");
    assert_eq!(
        virtual_service["spec"]["gateways"],
        json!([tls["metadata"]["name"]])
    );

    // The ports that the second check leaves open are none of the filter's.
    let policy = document("base/gateway/authorization-policy.yaml");
    let open = &policy["spec"]["rules"][2]["to"][0]["operation"];
    let open = open["ports"].as_array().expect("ports");
    assert_eq!(*open, ["80", "8080"]);
    assert_eq!(
        wasm_plugin()["spec"]["match"],
        json!([{"ports": [{"number": 443}, {"number": 8443}]}])
    );
}

#[test]
fn only_the_gateway_reaches_sidecar_and_application() {
    let gateway = json!(["cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account"]);
    for directory in ["sidecar", "application"] {
        let policy = document(&format!("base/{directory}/authorization-policy.yaml"));
        assert_eq!(policy["spec"]["action"], "ALLOW");
        let rules = policy["spec"]["rules"].as_array().expect("rules");
        assert_eq!(rules.len(), 1);
        assert_eq!(
            rules[0]["from"],
            json!([{"source": {"principals": gateway}}])
        );
        let peers = document(&format!("base/{directory}/peer-authentication.yaml"));
        assert_eq!(peers["spec"], json!({"mtls": {"mode": "STRICT"}}));
    }
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
    assert_eq!(
        container["args"],
        json!(["serve", "--config", configuration])
    );
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

#[test]
fn the_sidecar_runs_with_no_more_rights_than_it_needs() {
    let deployment = document("base/sidecar/deployment.yaml");
    assert_eq!(deployment["spec"]["replicas"], 1);
    assert_eq!(deployment["spec"]["strategy"], json!({"type": "Recreate"}));
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(
        pod["securityContext"]["seccompProfile"],
        json!({"type": "RuntimeDefault"})
    );
    let container = &pod["containers"][0];
    assert_eq!(
        container["securityContext"],
        json!({
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": {"drop": ["ALL"]},
        })
    );
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
        assert_eq!(
            container[probe]["httpGet"]["port"], "http-internal",
            "{probe}"
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

fn istio(file: &str) -> std::path::PathBuf {
    programs::project().join(ISTIO).join(file)
}

fn wasm_plugin() -> Value {
    document("overlays/wasm-plugin/wasm-plugin.yaml")
}

fn traffic_extension() -> Value {
    document("overlays/traffic-extension/traffic-extension.yaml")
}

/// The only document of a manifest, by its path below `manifests/istio`.
pub(crate) fn document(file: &str) -> Value {
    let text = fs::read_to_string(istio(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    yaml_serde::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}
