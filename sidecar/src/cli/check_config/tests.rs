use super::*;

const FILTER: &str = r#"{
  "issuer": "https://app.example.com/_latchkey",
  "audiences": ["app"],
  "hosts": ["app.example.com"],
  "public_path": "/_latchkey",
  "sidecar": {"cluster": "latchkey-internal", "public_cluster": "latchkey-public"}
}"#;

/// Writes a file of this name and checks it.
pub(super) fn check_text(name: &str, text: &str) -> Result<Checked, String> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(name);
    std::fs::write(&file, text).unwrap();
    check(&file, &Vec::new())
}

fn places(name: &str, text: &str) -> Vec<String> {
    match check_text(name, text) {
        Ok(Checked::Filter { places, .. }) => places,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn the_example_of_the_sidecar_is_right() {
    let checked = check_text("x.toml", include_str!("../../../latchkey.example.toml"));
    let Ok(Checked::Sidecar { notices, .. }) = checked else {
        panic!("{checked:?}");
    };
    let [note] = notices.as_slice() else {
        panic!("{notices:?}");
    };
    assert!(
        note.starts_with("neither keys.encryption_key_file nor"),
        "{note}"
    );
}

/// An Envoy with the filter, and two clusters at these ports.
fn envoy(internal: u16, public: u16) -> String {
    let cluster = |name: &str, port: u16| {
        let at =
            serde_json::json!({"socket_address": {"address": "127.0.0.1", "port_value": port}});
        serde_json::json!({"name": name, "load_assignment": {"endpoints": [
            {"lb_endpoints": [{"endpoint": {"address": at}}]}
        ]}})
    };
    let clusters = [
        cluster("latchkey-internal", internal),
        cluster("latchkey-public", public),
    ];
    let filter: Value = serde_json::from_str(FILTER).unwrap();
    let config = serde_json::json!({"vm_config": {}, "configuration": filter});
    serde_json::json!({"static_resources": {"listeners": [config], "clusters": clusters}})
        .to_string()
}

fn differences(envoy: &str) -> Vec<String> {
    let sidecar =
        "public_url = \"https://app.example.com/_latchkey\"\n[token]\naudiences = [\"app\"]";
    let Ok(Checked::Sidecar { terms: sidecar, .. }) = check_text("x.toml", sidecar) else {
        panic!("{sidecar}");
    };
    match check_text("envoy.json", envoy) {
        Ok(Checked::Filter { terms, .. }) => disagreements(&sidecar, &terms[0]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn where_envoys_clusters_lead_is_compared_with_where_the_sidecar_listens() {
    assert_eq!(differences(&envoy(8081, 8080)), Vec::<String>::new());
    assert_eq!(
        differences(&envoy(8081, 28080)),
        [
            "sidecar.public_cluster leads to 127.0.0.1:28080, but the sidecar listens on \
          127.0.0.1:8080 (listen.public)"
        ]
    );
    assert_eq!(differences(&envoy(8080, 8081)).len(), 2, "swapped");
    // Who knows what another host's address leads to.
    let elsewhere = envoy(1, 2).replace("127.0.0.1", "10.0.0.7");
    assert_eq!(differences(&elsewhere), Vec::<String>::new());
    let socket = envoy(8081, 8080).replacen(
        r#""socket_address":{"address":"127.0.0.1","port_value":8080}"#,
        r#""pipe":{"path":"/run/latchkey/public.sock"}"#,
        1,
    );
    let said = differences(&socket);
    assert!(
        said.concat().contains("unix:/run/latchkey/public.sock"),
        "{said:?}"
    );
}

#[test]
fn a_cluster_that_envoy_does_not_have_is_refused() {
    let text = envoy(8081, 8080).replace(
        r#""cluster":"latchkey-internal""#,
        r#""cluster":"latchkey-intern""#,
    );
    let problem = check_text("envoy.json", &text).unwrap_err();
    assert!(
        problem.contains(
            "sidecar.cluster: there is no cluster \"latchkey-intern\" in this file, only \
             latchkey-internal, latchkey-public"
        ),
        "{problem}"
    );
    let dynamic = text.replacen('{', r#"{"dynamic_resources":{"cds_config":{}},"#, 1);
    assert!(
        check_text("envoy.json", &dynamic).is_ok(),
        "Envoy gets them from elsewhere"
    );
}

#[test]
fn a_mistake_in_the_sidecars_file_is_named() {
    let problem = check_text("x.toml", "public_url = \"https://a.b/x\"\n[tokens]").unwrap_err();
    assert!(
        problem.contains("tokens: there is no such key"),
        "{problem}"
    );
}

#[test]
fn the_filters_configuration_is_found_wherever_it_lies() {
    assert_eq!(places("filter.json", FILTER), [""]);
    assert_eq!(places("filter.yaml", FILTER), [""]);
    let plugin =
        format!("kind: Gateway\n---\nkind: WasmPlugin\nspec: {{pluginConfig: {FILTER}}}\n");
    assert_eq!(places("plugin.yaml", &plugin), ["spec.pluginConfig"]);
    let text = serde_json::to_string(FILTER).unwrap();
    let envoy = format!(
        "filters:\n- typed_config: {{config: {{vm_config: {{}}, configuration: \
         {{'@type': x, value: {text}}}}}}}\n"
    );
    let place = "filters[0].typed_config.config.configuration";
    assert_eq!(places("envoy.yaml", &envoy), [place]);
    let envoy = format!(r#"{{"a": {{"vm_config": {{}}, "configuration": {FILTER}}}}}"#);
    assert_eq!(places("envoy.json", &envoy), ["a.configuration"]);
}

#[test]
fn a_mistake_in_the_filters_configuration_is_named_with_its_place() {
    let wrong = FILTER.replace("\"audiences\"", "\"audience\"");
    let problem = check_text("filter.json", &wrong).unwrap_err();
    assert!(problem.contains("audience"), "{problem}");
    let problem =
        check_text("plugin.yaml", &format!("spec: {{pluginConfig: {wrong}}}")).unwrap_err();
    assert!(problem.starts_with("spec.pluginConfig: "), "{problem}");
}

#[test]
fn what_the_filter_refuses_in_json_is_refused_here_too() {
    let twice = FILTER.replacen('{', r#"{"issuer": "https://evil.example/_latchkey","#, 1);
    assert!(
        check_text("filter.json", &twice).is_err(),
        "a key given twice"
    );
    let twice = format!("{{\"pluginConfig\": {twice}}}");
    assert!(
        check_text("plugin.json", &twice).is_err(),
        "a key given twice"
    );
}

#[test]
fn a_file_that_is_nothing_known_is_refused() {
    for (name, text, says) in [
        (
            "a.yaml",
            "kind: Gateway",
            "neither a configuration of the sidecar",
        ),
        ("a.yaml", "\n", "there is nothing in this file"),
        ("a.yaml", "a: [", "not YAML"),
        ("a.txt", "hello", "neither a configuration of the sidecar"),
    ] {
        let problem = check_text(name, text).unwrap_err();
        assert!(problem.contains(says), "{name} {text}: {problem}");
    }
    assert!(check(Path::new("/nowhere/at/all.json"), &Vec::new()).is_err());
}

#[test]
fn a_secret_that_is_on_another_machine_is_a_note() {
    let text = include_str!("../../../latchkey.example.toml").replace(
        "# encryption_key_file = \"/run/secrets/latchkey-key\"",
        "encryption_key_file = \"/nowhere/latchkey-key\"",
    );
    let checked = check_text("x.toml", &text).unwrap();
    assert!(
        checked
            .to_string()
            .contains("/nowhere/latchkey-key is not on this machine"),
        "{checked}"
    );
    let refused = Config::parse(&text, &Vec::new()).unwrap_err().to_string();
    assert!(
        refused.contains("/nowhere/latchkey-key cannot be read"),
        "{refused}"
    );
}

#[test]
fn files_that_are_on_another_machine_are_a_note() {
    let text = format!(
        "{}\n[attestation]\nanchors = '/nowhere/a.pem'\nmetadata = '/nowhere/m.jwt'\n\
         metadata_root = '/nowhere/r.pem'\n[branding]\nlogo = '/nowhere/l.svg'\n",
        "public_url = 'https://app.example.com/_latchkey'\n[token]\naudiences = ['app']"
    );
    let checked = check_text("x.toml", &text).unwrap().to_string();
    for (key, file) in [
        ("attestation.anchors", "a.pem"),
        ("attestation.metadata", "m.jwt"),
        ("attestation.metadata_root", "r.pem"),
        ("branding.logo", "l.svg"),
    ] {
        let note = format!("note: {key}: /nowhere/{file} is not on this machine");
        assert!(checked.contains(&note), "{key}: {checked}");
    }
    let started = Config::parse(&text.replace("logo = ", "# logo = "), &Vec::new()).unwrap();
    let said = started.notices().concat();
    assert!(!said.contains("/nowhere"), "start reads the files: {said}");
}

#[test]
fn a_rule_that_never_decides_is_a_note_with_its_place() {
    let rules = r#""rules": [{"allow": "deny"}, {"match": {"paths": ["/a"]}, "allow": "public"}],"#;
    let filter = FILTER.replacen('{', &format!("{{{rules}"), 1);
    let note = "rules[1] never decides: rules[0] comes first";
    let checked = check_text("filter.json", &filter).unwrap().to_string();
    assert!(checked.contains(&format!("\n  note: {note}")), "{checked}");
    let plugin = format!("spec: {{pluginConfig: {filter}}}");
    let checked = check_text("plugin.yaml", &plugin).unwrap().to_string();
    let note = format!("\n  note: spec.pluginConfig: {note}");
    assert!(checked.contains(&note), "{checked}");
}
