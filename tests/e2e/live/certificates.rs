//! Sessions that are bound to a client certificate, with the real sidecar.

use latchkey_tests::certificate::send_over_tls;
use latchkey_tests::{Certificate, Certificates, Plan, Response, Visitor, ports};
use serde_json::{Value, json};

/// What a script of the sign-in sends over a connection with a certificate.
fn call(port: u16, by: &Certificate, ann: &mut Visitor, path: &str, body: &Value) -> u16 {
    let path = format!("/_latchkey/v1/{path}");
    let answer = send_over_tls(port, Some(by), &ann.script_request("POST", &path, body));
    ann.keep_cookies(&answer);
    answer.status
}

fn log_in(port: u16, by: &Certificate, ann: &mut Visitor) {
    let options = ann.begin("login", &json!({"username": "ann"}));
    let response = ann.authenticator.get(&options);
    let status = call(port, by, ann, "auth/webauthn/login/finish", &response);
    assert_eq!(status, 200);
}

/// Opens a page.
fn open(port: u16, by: Option<&Certificate>, ann: &Visitor, path: &str) -> Response {
    let page = ann
        .request("GET", path)
        .header("sec-fetch-mode", "navigate");
    send_over_tls(port, by, &page)
}

#[test]
fn who_comes_with_another_certificate_reads_so_and_can_sign_in_with_it() {
    let certificates = Certificates::generate();
    let (first, second) = (&certificates.first, &certificates.second);
    let port = ports::free();
    let mut plan = Plan::new();
    plan.envoy
        .listen_over_tls(port, certificates.transport_socket());
    plan.sidecar.more = "[session]\nbind_certificate = \"when_present\"\n".to_owned();
    let gateway = plan.start();
    let mut ann = Visitor::new(gateway.envoy.port);
    ann.register("ann");
    log_in(port, first, &mut ann);
    assert_eq!(open(port, Some(first), &ann, "/page").status, 200);

    for other in [Some(second), None] {
        let answer = open(port, other, &ann, "/page");
        assert_eq!(answer.status, 401);
        let link = "<a href=\"/_latchkey/login?rd=/page\">";
        assert!(answer.text().contains(link), "{}", answer.text());
        // Nor does the sign-in take her for signed in: its form is what she gets.
        let answer = open(port, other, &ann, "/_latchkey/login?rd=/page");
        assert!(
            answer.text().contains("data-who=\"returning\""),
            "{}",
            answer.text()
        );
    }
    assert_eq!(
        call(port, second, &mut ann, "self/refresh", &json!({})),
        401
    );
    assert_eq!(call(port, first, &mut ann, "self/refresh", &json!({})), 200);

    log_in(port, second, &mut ann);
    assert_eq!(open(port, Some(second), &ann, "/page").status, 200);
    assert_eq!(open(port, Some(first), &ann, "/page").status, 401);
    let seen: Vec<_> = gateway.upstream.take();
    assert_eq!(seen.len(), 2, "{seen:?}");
}
