use super::Envoy;
use crate::cli::check_config::found::find;
use crate::cli::check_config::tests::check_text;
use serde_json::{Value, json};

/// An Envoy with the filter, as the manifests configure it, after a change of its connection manager.
fn manager(change: impl FnOnce(&mut Value)) -> Value {
    let filter = json!({
        "issuer": "https://app.example.com/_latchkey",
        "audiences": ["app"],
        "hosts": ["app.example.com"],
        "sidecar": {"cluster": "latchkey-internal", "public_cluster": "latchkey-public"},
    });
    let plugin = json!({"vm_config": {}, "failure_policy": "FAIL_RELOAD", "configuration": filter});
    let mut manager = json!({
        "http_filters": [{"typed_config": {"config": plugin}}],
        "route_config": {"virtual_hosts": [{"name": "app", "domains": ["app.example.com"], "routes": [
            {"match": {"path_separated_prefix": "/_latchkey"}, "route": {"cluster": "latchkey-public"}},
            {"match": {"prefix": "/"}, "route": {"cluster": "app"}},
        ]}]},
    });
    change(&mut manager);
    manager
}

fn check(manager: &Value) -> Result<String, String> {
    let chain = json!({"filters": [{"typed_config": manager}]});
    check_text("envoy.json", &chain.to_string()).map(|checked| checked.to_string())
}

fn refused(change: impl FnOnce(&mut Value)) -> String {
    check(&manager(change)).unwrap_err()
}

fn accepted(change: impl FnOnce(&mut Value)) -> String {
    check(&manager(change)).unwrap()
}

fn routes(routes: Value) -> impl FnOnce(&mut Value) {
    move |manager| manager["route_config"]["virtual_hosts"][0]["routes"] = routes
}

fn domains(domains: Value) -> impl FnOnce(&mut Value) {
    move |manager| manager["route_config"]["virtual_hosts"][0]["domains"] = domains
}

fn to(cluster: &str, matches: &Value) -> Value {
    json!({"match": matches, "route": {"cluster": cluster}})
}

#[test]
fn what_the_manifests_say_has_no_note() {
    let said = accepted(|_| {});
    assert!(!said.contains("note"), "{said}");
}

#[test]
fn a_filter_that_opens_when_it_fails_is_refused() {
    let plugin = |key: &'static str, value: Value| {
        move |manager: &mut Value| {
            let plugin = &mut manager["http_filters"][0]["typed_config"]["config"];
            plugin["failure_policy"] = "FAIL_CLOSED".into();
            plugin[key] = value;
        }
    };
    for (key, value) in [
        ("failure_policy", json!("FAIL_OPEN")),
        ("failure_policy", json!(3)),
        ("fail_open", json!(true)),
    ] {
        let said = refused(plugin(key, value));
        assert!(
            said.contains(&format!("{key}: everybody could get in")),
            "{said}"
        );
    }
    accepted(plugin("fail_open", json!(false)));
}

#[test]
fn a_sign_in_that_is_not_routed_to_the_sidecar_is_refused() {
    let app = || to("app", &json!({"prefix": "/"}));
    for (wrong, says) in [
        (
            json!([
                to(
                    "latchkey-public",
                    &json!({"path_separated_prefix": "/_other"})
                ),
                app()
            ]),
            "to app",
        ),
        (
            json!([
                app(),
                to("latchkey-public", &json!({"prefix": "/_latchkey"}))
            ]),
            "to app",
        ),
        (
            json!([
                to("latchkey-public", &json!({"path": "/_latchkey/login"})),
                app()
            ]),
            "to app",
        ),
        (
            json!([to(
                "latchkey-public",
                &json!({"path_separated_prefix": "/_other"})
            )]),
            "nowhere",
        ),
        (
            json!([{"match": {"prefix": "/"}, "redirect": {"https_redirect": true}}]),
            "nowhere",
        ),
        (json!([]), "nowhere"),
    ] {
        let said = refused(routes(wrong.clone()));
        assert!(
            said.contains(
                "nobody could get in: hosts: on \"app.example.com\" Envoy sends /_latchkey/"
            ) && said.contains(says),
            "{wrong}: {said}"
        );
    }
}

#[test]
fn a_sign_in_that_may_be_routed_there_is_not() {
    let app = || to("app", &json!({"prefix": "/"}));
    let public = |matches: Value| to("latchkey-public", &matches);
    let weighted = json!({"clusters": [{"name": "latchkey-public", "weight": 1}]});
    for right in [
        json!([
            public(json!({"safe_regex": {"regex": "/_latchkey/.*"}})),
            app()
        ]),
        json!([
            public(json!({"prefix": "/_LATCHKEY", "case_sensitive": false})),
            app()
        ]),
        json!([
            to("app", &json!({"prefix": "/", "headers": [{"name": "x"}]})),
            public(json!({"prefix": "/"}))
        ]),
        json!([{"match": {"prefix": "/"}, "route": {"weighted_clusters": weighted}}]),
        json!([{"match": {"prefix": "/"}, "route": {"cluster_header": "x"}}]),
    ] {
        let said = accepted(routes(right.clone()));
        assert!(!said.contains("note"), "{right}: {said}");
    }
    accepted(|manager| {
        manager.as_object_mut().unwrap().remove("route_config");
    });
}

#[test]
fn the_virtual_host_is_the_one_that_envoy_takes() {
    for fitting in ["APP.example.com", "*.example.com", "app.*", "*"] {
        let said = accepted(domains(json!([fitting])));
        assert!(!said.contains("note"), "{fitting}: {said}");
    }
    let beside = |domain: &'static str| {
        move |manager: &mut Value| {
            let other = json!({"name": "other", "domains": [domain], "routes": []});
            let hosts = manager["route_config"]["virtual_hosts"]
                .as_array_mut()
                .unwrap();
            hosts[0]["domains"] = json!(["*.example.com"]);
            hosts.push(other);
        }
    };
    accepted(beside("*"));
    accepted(beside("app.*"));
    accepted(beside("*.com"));
    refused(beside("app.example.com"));
    refused(beside("*p.example.com"));
    let said = accepted(domains(json!(["www.example.com"])));
    assert!(
        said.contains(
            "note: filters[0].typed_config.http_filters[0].typed_config.config.configuration: \
                       hosts: no virtual host beside the filter has app.example.com"
        ),
        "{said}"
    );
}

#[test]
fn the_port_of_the_issuer_counts_where_envoy_compares_it() {
    let on_port = |more: &'static [(&'static str, &'static str)], domain: &'static str| {
        move |manager: &mut Value| {
            let filter = &mut manager["http_filters"][0]["typed_config"]["config"]["configuration"];
            filter["issuer"] = "https://app.example.com:8443/_latchkey".into();
            for (part, key) in more {
                if *part == "manager" {
                    manager[*key] = true.into();
                } else {
                    manager[*part][*key] = true.into();
                }
            }
            domains(json!([domain]))(manager);
        }
    };
    let noted = |said: String| said.contains("no virtual host");
    assert!(noted(accepted(on_port(&[], "app.example.com"))));
    assert!(!noted(accepted(on_port(&[], "app.example.com:8443"))));
    let ignoring: &[_] = &[("route_config", "ignore_port_in_host_matching")];
    assert!(!noted(accepted(on_port(ignoring, "app.example.com"))));
    assert!(noted(accepted(on_port(ignoring, "app.example.com:8443"))));
    let stripping: &[_] = &[("manager", "strip_any_host_port")];
    assert!(!noted(accepted(on_port(stripping, "app.example.com"))));
    let perhaps: &[_] = &[("manager", "strip_matching_host_port")];
    for domain in ["app.example.com", "app.example.com:8443"] {
        assert!(!noted(accepted(on_port(perhaps, domain))), "{domain}");
    }
}

#[test]
fn a_route_to_the_internal_listener_is_noted() {
    let said = accepted(|manager| {
        let routes = manager["route_config"]["virtual_hosts"][0]["routes"].as_array_mut();
        routes
            .unwrap()
            .insert(0, to("latchkey-internal", &json!({"prefix": "/internal"})));
    });
    assert!(
        said.contains("sidecar.cluster: the route {\"prefix\":\"/internal\"} of the virtual host \"app\" leads to"),
        "{said}"
    );
}

#[test]
fn whether_clients_are_asked_for_a_certificate_is_seen_in_the_filter_chain() {
    let asks = |document: &Value| Envoy::around(&find(document)[0]).asks_for_certificate();
    let tls = |context: Value| {
        let socket = json!({"typed_config": context});
        let chain =
            json!({"filters": [{"typed_config": manager(|_| {})}], "transport_socket": socket});
        asks(&json!({"filter_chains": [chain]}))
    };
    assert_eq!(tls(json!({"common_tls_context": {}})), Some(false));
    assert_eq!(
        tls(json!({"require_client_certificate": false})),
        Some(false)
    );
    assert_eq!(tls(json!({"require_client_certificate": true})), Some(true));
    for key in [
        "validation_context",
        "combined_validation_context",
        "validation_context_sds_secret_config",
    ] {
        let context = json!({"require_client_certificate": false, "common_tls_context": {key: {}}});
        assert_eq!(tls(context), Some(true), "{key}");
    }
    let plain = json!({"filters": [{"typed_config": manager(|_| {})}]});
    assert_eq!(asks(&json!({"default_filter_chain": plain})), Some(false));
    assert_eq!(
        asks(&plain),
        None,
        "a part of a file: who knows what is around it"
    );
}
