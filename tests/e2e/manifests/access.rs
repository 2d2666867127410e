//! Who reaches what, and with which rights.

use std::fs;

use serde_json::json;

use super::{document, istio, wasm_plugin};

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
        // The application's labels are anyone's guess: one that is not met would leave it open.
        let selector =
            (directory == "sidecar").then(|| json!({"matchLabels": {"app": "latchkey"}}));
        assert_eq!(policy["spec"].get("selector"), selector.as_ref());
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
