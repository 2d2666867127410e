use crate::cli::check_config::tests::check_text;

/// What kustomize makes of the manifests for the gateway, after a replacement.
fn manifests(change: (&str, &str)) -> String {
    let files = [
        include_str!("../../../../../manifests/istio/overlays/wasm-plugin/wasm-plugin.yaml"),
        include_str!("../../../../../manifests/istio/base/gateway/gateway.yaml"),
        include_str!("../../../../../manifests/istio/base/gateway/redirect.yaml"),
        include_str!("../../../../../manifests/istio/base/gateway/virtual-service.yaml"),
        include_str!("../../../../../manifests/istio/base/gateway/request-authentication.yaml"),
        include_str!("../../../../../manifests/istio/base/gateway/authorization-policy.yaml"),
    ];
    let namespaced = files.map(|file| {
        let file = file.replace("\n  namespace: istio-system", "");
        file.replacen("metadata:\n", "metadata:\n  namespace: istio-system\n", 1)
    });
    let text = namespaced.join("\n---\n");
    let changed = text.replace(change.0, change.1);
    assert!(change == ("", "") || changed != text, "{}", change.0);
    changed
}

fn check(text: &str) -> Result<String, String> {
    check_text("all.yaml", text).map(|checked| checked.to_string())
}

#[test]
fn the_manifests_fit_together() {
    let said = check(&manifests(("", ""))).unwrap();
    assert!(!said.contains("note"), "{said}");
}

#[test]
fn a_filter_that_opens_when_it_fails_is_refused() {
    let said = check(&manifests((
        "failStrategy: FAIL_RELOAD",
        "failStrategy: FAIL_OPEN",
    )));
    let said = said.unwrap_err();
    assert!(
        said.contains("failStrategy: everybody could get in"),
        "{said}"
    );
    let extension = include_str!(
        "../../../../../manifests/istio/overlays/traffic-extension/traffic-extension.yaml"
    );
    assert!(!check(extension).unwrap().contains("note"));
    let open = extension.replace("failStrategy: FAIL_RELOAD", "failStrategy: FAIL_OPEN");
    assert!(
        check(&open)
            .unwrap_err()
            .contains("failStrategy: everybody")
    );
}

#[test]
fn another_phase_is_noted() {
    for (other, says) in [
        ("phase: STATS", "phase is STATS, not AUTHN"),
        ("", "phase is not given"),
    ] {
        let said = check(&manifests(("phase: AUTHN", other))).unwrap();
        assert!(said.contains(says), "{said}");
    }
}

/// Each names the resource that does not fit.
#[test]
fn what_lets_nobody_in_is_refused() {
    for (right, wrong, says) in [
        (
            "- uri: {prefix: /_latchkey/}",
            "- uri: {prefix: /_other/}",
            "on \"app.example.com\" the VirtualService app does not send /_latchkey/login to",
        ),
        (
            "number: 8080}\n      #",
            "number: 8081}\n      #",
            "the VirtualService app does not send",
        ),
        (
            "- issuer: https://app.example.com/_latchkey",
            "- issuer: https://app.example.com/_other",
            "RequestAuthentication latchkey: it takes from x-latchkey-token what",
        ),
        (
            "audiences: [app]\n      # istiod",
            "audiences: [shop]\n      # istiod",
            "for [\"shop\"] only",
        ),
        (
            "jwksUri: https://app.example.com/_latchkey/",
            "jwksUri: https://app.example.com/_other/",
            "they are at https://app.example.com/_latchkey/.well-known/jwks.json",
        ),
        (
            "- /_latchkey/*",
            "- /_other/*",
            "AuthorizationPolicy latchkey: /_latchkey/login is not open on \"app.example.com\"",
        ),
        (
            "requestPrincipals: [\"https://app.example.com/_latchkey/*\"]",
            "requestPrincipals: [\"https://app.example.com/_other/*\"]",
            "AuthorizationPolicy latchkey: on \"app.example.com\" it lets in",
        ),
    ] {
        let said = check(&manifests((right, wrong))).unwrap_err();
        assert!(
            said.starts_with("spec.pluginConfig: nobody could get in: ") && said.contains(says),
            "{wrong}: {said}"
        );
    }
}

#[test]
fn what_is_for_another_gateway_does_not_count() {
    let other = manifests((
        "- issuer: https://app.example.com/_latchkey",
        "- issuer: https://x.example",
    ));
    let (before, after) = other.split_once("kind: RequestAuthentication").unwrap();
    let elsewhere = after.replacen("istio: ingressgateway", "istio: another", 1);
    check(&format!("{before}kind: RequestAuthentication{elsewhere}")).unwrap();
    let elsewhere = after.replacen("namespace: istio-system", "namespace: another", 1);
    check(&format!("{before}kind: RequestAuthentication{elsewhere}")).unwrap();
}

#[test]
fn other_spellings_of_the_same_are_right() {
    for (right, other) in [
        (
            "host: latchkey.latchkey.svc.cluster.local",
            "host: latchkey.latchkey",
        ),
        (
            "- uri: {prefix: /_latchkey/}",
            "- uri: {regex: /_latchkey/.+}",
        ),
        (
            "hosts: [app.example.com]\n  # Never",
            "hosts: [\"*.example.com\"]\n  # Never",
        ),
        ("- /_latchkey/*", "- /_latch*"),
        (
            "requestPrincipals: [\"https://app.example.com/_latchkey/*\"]",
            "requestPrincipals: [\"*\"]",
        ),
        (
            "jwksUri: https://app.example.com/",
            "jwksUri: https://keys.example.com/",
        ),
    ] {
        let said = check(&manifests((right, other))).unwrap();
        assert!(!said.contains("note"), "{other}: {said}");
    }
}

#[test]
fn a_route_to_the_internal_port_is_noted() {
    let more = "    - name: internal\n      match: [{uri: {prefix: /internal}}]\n      route:\n        \
                - destination: {host: latchkey.latchkey.svc.cluster.local, port: {number: 8081}}\n";
    let said = check(&manifests((
        "    # Your application",
        &format!("{more}    # Your application"),
    )));
    let said = said.unwrap();
    assert!(
        said.contains("sidecar.cluster: the VirtualService app leads to"),
        "{said}"
    );
}
