//! One relying party at two sites: passkeys of `app.example.com` at `app.example.org`, because
//! `/.well-known/webauthn` of the first lists the second.

use latchkey_tests::{Browser, Certificate, EnvoyConfig, Page, Plan, ports};
use serde_json::{Value, json};

use super::Person;

const OWN: &str = "app.example.com";
const LISTED: &str = "app.example.org";
const UNLISTED: &str = "app.example.net";

/// The gateway of `manifests/envoy/envoy.yaml` over TLS, for three sites of which two are the
/// relying party's.
struct Sites {
    person: Person,
    _certificate: tempfile::TempDir,
}

impl Sites {
    fn start(webauthn: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let certificate = Certificate::generate(OWN, directory.path());
        let port = ports::free();
        let mut plan = Plan::new();
        plan.sidecar.public_url = format!("https://{OWN}/_latchkey");
        webauthn.clone_into(&mut plan.sidecar.more);
        serve(&mut plan.envoy);
        plan.envoy
            .listen_over_tls(port, certificate.transport_socket());
        let switches = browser_switches(&certificate, port);
        let browser = Browser::with_switches(&switches.each_ref().map(String::as_str));
        Self {
            person: Person::at(plan.start(), browser),
            _certificate: directory,
        }
    }

    fn open(&mut self, host: &str, path: &str) {
        self.person.answer_by_itself(false);
        self.person.page.open(&format!("https://{host}{path}"));
    }

    fn leave(&mut self, host: &str) {
        self.open(host, "/_latchkey/logout");
        let page = &mut self.person.page;
        page.click("#leave");
        page.wait_for("document.querySelector('#panel-gone').checkVisibility()");
    }
}

/// Lets the filter guard the three sites, with the cookies of https.
fn serve(envoy: &mut EnvoyConfig) {
    envoy.edit_filter(|filter| {
        filter["issuer"] = format!("https://{OWN}/_latchkey").into();
        filter["hosts"] = json!([OWN, LISTED, UNLISTED]);
        filter["session"] = json!({});
    });
}

/// All three names lead to this gateway, `/.well-known/webauthn` included: the browser's own request
/// goes the way of every other.
fn browser_switches(certificate: &Certificate, port: u16) -> [String; 2] {
    let [trust, _] = certificate.browser_switches(port);
    let map = [OWN, LISTED, UNLISTED].map(|host| format!("MAP {host}:443 127.0.0.1:{port}"));
    [trust, format!("--host-resolver-rules={}", map.join(", "))]
}

/// What comes of a script's wish to use the relying party's id at this page.
fn wish(page: &mut Page, ceremony: &str) -> Value {
    let options = match ceremony {
        "create" => format!(
            "{{challenge: new Uint8Array(32), rp: {{id: '{OWN}', name: 'x'}},
              user: {{id: new Uint8Array(16), name: 'a', displayName: 'a'}},
              pubKeyCredParams: [{{type: 'public-key', alg: -7}}],
              authenticatorSelection: {{residentKey: 'required'}}}}"
        ),
        _ => format!("{{challenge: new Uint8Array(32), rpId: '{OWN}'}}"),
    };
    page.eval(&format!(
        "navigator.credentials.{ceremony}({{publicKey: {options}}}).then(c => c.type, e => e.name)"
    ))
}

#[test]
fn a_passkey_of_one_site_signs_in_at_another_that_is_listed() {
    let listed = format!("rp_origins = [\"https://{OWN}\", \"https://{LISTED}\"]\n");
    let mut sites = Sites::start(&listed);
    sites.open(OWN, "/wanted");
    let person = &mut sites.person;
    person.await_login_page();
    person.register("ann");
    person.page.wait_for_path("/wanted");
    assert_eq!(person.page.eval("location.host"), OWN);

    // Another site: neither cookie of the first is there, and its passkey is.
    sites.open(LISTED, "/orders");
    let person = &mut sites.person;
    person.await_login_page();
    assert_eq!(person.page.eval("location.host"), LISTED);
    person.log_in_as("ann");
    person.page.wait_for_path("/orders");
    assert_eq!(person.page.eval("location.host"), LISTED);
    let asked = person.received("/orders");
    assert_eq!(asked.header("host").as_deref(), Some(LISTED));
    let name = asked.header("x-auth-request-preferred-username");
    assert_eq!(name.as_deref(), Some("ann"));

    // And a passkey that was made there is one of the same relying party.
    sites.leave(LISTED);
    let person = &mut sites.person;
    person.put_authenticators_away();
    let authenticator = person.page.add_authenticator("internal");
    person.authenticators.push(authenticator.clone());
    sites.open(LISTED, "/orders");
    let person = &mut sites.person;
    person.await_login_page();
    person.register("bob");
    person.page.wait_for_path("/orders");
    let held = person.page.credentials(&authenticator);
    assert_eq!(held.len(), 1, "{held:?}");
    assert_eq!(held[0]["rpId"], OWN);
    sites.leave(OWN);
    sites.open(OWN, "/wanted");
    let person = &mut sites.person;
    person.await_login_page();
    person.log_in_as("bob");
    person.page.wait_for_path("/wanted");
    assert_eq!(person.page.eval("location.host"), OWN);
}

/// The same two pages, the same browser: only the list makes the difference.
#[test]
fn a_site_that_is_not_listed_cannot_use_the_relying_partys_id() {
    let listed = format!("rp_origins = [\"https://{OWN}\", \"https://{LISTED}\"]\n");
    let mut sites = Sites::start(&listed);
    for (host, outcome) in [(LISTED, "public-key"), (UNLISTED, "SecurityError")] {
        // A page that asks for no passkey itself: a browser does one thing at a time.
        sites.open(host, "/_latchkey/logout");
        assert_eq!(sites.person.page.eval("location.host"), host);
        sites.person.say_yes();
        for ceremony in ["create", "get"] {
            let got = wish(&mut sites.person.page, ceremony);
            assert_eq!(got, outcome, "{ceremony} at {host}");
        }
    }
}
