//! What `manifests/envoy/README.md` has people type fits the files beside it.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use latchkey_tests::{EnvoyConfig, programs};

use super::run;

fn read(file: &str) -> String {
    let path = programs::project().join("manifests/envoy").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The variables that `envsubst` is given.
fn exported(readme: &str) -> BTreeMap<&str, &str> {
    let (_, rest) = readme.split_once("export LATCHKEY_WASM").expect("exports");
    let (rest, _) = rest.split_once("envsubst").expect("envsubst");
    let words = rest.split_whitespace();
    let mut variables: BTreeMap<_, _> = words.filter_map(|word| word.split_once('=')).collect();
    // The first name went with the word that was looked for.
    let filter = variables.remove("").expect("the filter's path");
    variables.insert("LATCHKEY_WASM", filter);
    variables
}

/// A unit's settings; of a setting that is there twice, the last.
fn settings(unit: &str) -> BTreeMap<String, String> {
    let lines = read(unit);
    let lines = lines.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once('='));
    pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
}

#[test]
fn the_commands_make_two_configurations_that_agree() {
    let readme = read("README.md");
    let variables: Vec<(&str, String)> = exported(&readme)
        .into_iter()
        .map(|(name, value)| (name, value.to_owned()))
        .collect();
    let _ = EnvoyConfig::from_manifest("manifests/envoy/certificate.yaml", &variables);
    let gateway = EnvoyConfig::from_manifest("manifests/envoy/production.yaml", &variables);
    let (_, toml) = readme.split_once("<<'TOML'\n").expect("a configuration");
    let (toml, _) = toml.split_once("TOML\n").expect("its end");

    let directory = tempfile::tempdir().expect("a temporary directory");
    let at = |name: &str| directory.path().join(name);
    fs::write(at("latchkey.toml"), toml).expect("a file");
    fs::write(at("envoy.yaml"), gateway.0.to_string()).expect("a file");
    let (passed, output) = run(Command::new(programs::sidecar())
        .arg("check-config")
        .args([at("latchkey.toml"), at("envoy.yaml")]));
    assert!(passed, "{output}");
    assert!(output.contains("agrees with the sidecar"), "{output}");
}

/// Whoever can put a socket where the gateway looks for the sidecar decides which keys are valid.
#[test]
fn only_the_sidecar_can_be_where_the_gateway_looks_for_it() {
    let readme = read("README.md");
    let variables = exported(&readme);
    let (sidecar, gateway) = (
        settings("latchkey.service"),
        settings("latchkey-gateway.service"),
    );
    assert_ne!(sidecar["User"], gateway["User"]);
    let directory = format!("/run/{}", sidecar["RuntimeDirectory"]);
    assert_eq!(variables["SIDECAR_SOCKETS"], directory);
    assert_eq!(sidecar["RuntimeDirectoryMode"], "0750");
    assert_eq!(sidecar["UMask"], "0007");
    assert_eq!(sidecar["Group"], gateway["SupplementaryGroups"]);
    assert_eq!(sidecar["StateDirectoryMode"], "0700");

    let directory = format!("/run/{}/", gateway["RuntimeDirectory"]);
    assert!(variables["ADMIN_SOCKET"].starts_with(&directory));
    assert_eq!(gateway["RuntimeDirectoryMode"], "0700");

    // Both ways to the sidecar.
    let production = read("production.yaml");
    for cluster in ["latchkey-public", "latchkey-internal"] {
        let (_, rest) = production
            .split_once(&format!("    - name: {cluster}\n"))
            .expect(cluster);
        let (_, address) = rest.split_once("address: {").expect("an address");
        assert!(address.starts_with("pipe: {path: \"${SIDECAR_SOCKETS}/"));
    }
}
