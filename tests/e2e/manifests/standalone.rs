//! What `manifests/envoy/README.md` has people type fits the files beside it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use latchkey_tests::{Certificate, EnvoyConfig, programs};

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

/// The README's sidecar, and the gateway that `production.yaml` makes of its exports, as two files.
fn configurations(readme: &str, production: &Path, directory: &Path) -> [PathBuf; 2] {
    let variables: Vec<(&str, String)> = exported(readme)
        .into_iter()
        .map(|(name, value)| (name, value.to_owned()))
        .collect();
    let production = production.to_str().expect("a path in UTF-8");
    let gateway = EnvoyConfig::from_manifest(production, &variables);
    let (_, toml) = readme.split_once("<<'TOML'\n").expect("a configuration");
    let (toml, _) = toml.split_once("TOML\n").expect("its end");
    let files = ["latchkey.toml", "envoy.yaml"].map(|name| directory.join(name));
    for (file, text) in files.iter().zip([toml, &gateway.0.to_string()]) {
        fs::write(file, text).expect("a file");
    }
    files
}

#[test]
fn the_commands_make_two_configurations_that_agree() {
    let readme = read("README.md");
    let variables: Vec<(&str, String)> = exported(&readme)
        .into_iter()
        .map(|(name, value)| (name, value.to_owned()))
        .collect();
    let _ = EnvoyConfig::from_manifest("manifests/envoy/certificate.yaml", &variables);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let production = Path::new("manifests/envoy/production.yaml");
    let files = configurations(&readme, production, directory.path());
    let (passed, output) = run(Command::new(programs::sidecar())
        .arg("check-config")
        .args(files));
    assert!(passed, "{output}");
    assert!(output.contains("agrees with the sidecar"), "{output}");
}

/// With the comment marks gone as the README says, Envoy asks for certificates, and `check-config` sees
/// it; with them nobody could sign in.
#[test]
fn the_blocks_for_client_certificates_are_complete() {
    let readme = read("README.md");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let check = |production: &Path| {
        let [toml, envoy] = configurations(&readme, production, directory.path());
        let mut sidecar = fs::read_to_string(&toml).expect("a file");
        sidecar.push_str("[session]\nbind_certificate = \"required\"\n");
        fs::write(&toml, sidecar).expect("a file");
        let mut check = Command::new(programs::sidecar());
        run(check.arg("check-config").args([toml, envoy]))
    };
    let (passed, output) = check(Path::new("manifests/envoy/production.yaml"));
    assert!(!passed, "{output}");
    let says = "nobody could get in: session.bind_certificate is \"required\"";
    assert!(output.contains(says), "{output}");

    let lines = [
        "# require_client_certificate: false",
        "# validation_context:",
        "#   trusted_ca: {filename: /etc/latchkey/tls/clients.crt}",
    ];
    let clients = Certificate::generate("clients", directory.path());
    let clients = clients.directory().join("tls.crt").display().to_string();
    let mut production = read("production.yaml");
    for line in lines {
        let without = line.replacen("# ", "", 1);
        assert_eq!(production.matches(line).count(), 1, "{line}");
        production = production.replace(line, &without);
    }
    // Envoy looks for the file that names the gateway's own.
    let own = directory.path().join("certificate.yaml");
    fs::write(&own, "{}").expect("a file");
    let production = production
        .replace("${TLS_CERTIFICATE}", &own.display().to_string())
        .replace("/etc/latchkey/tls/clients.crt", &clients)
        .replace(
            "${LATCHKEY_WASM}",
            &programs::filter().display().to_string(),
        );
    let file = directory.path().join("production.yaml");
    fs::write(&file, production).expect("a file");
    let (passed, output) = check(&file);
    assert!(
        passed && output.contains("agrees with the sidecar"),
        "{output}"
    );
    let (passed, output) = run(Command::new(programs::envoy())
        .args(["--mode", "validate", "--config-path"])
        .arg(directory.path().join("envoy.yaml")));
    assert!(passed, "{output}");
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
