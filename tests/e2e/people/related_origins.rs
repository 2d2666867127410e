//! One relying party at two sites: passkeys of `app.example.com` at `app.example.org`, because
//! `/.well-known/webauthn` of the first lists the second.

use latchkey_tests::Page;
use serde_json::Value;

use super::sites::Sites;

const OWN: &str = "app.example.com";
const LISTED: &str = "app.example.org";
const UNLISTED: &str = "app.example.net";

fn start(webauthn: &str) -> Sites {
    Sites::start(&[OWN, LISTED, UNLISTED], |plan| {
        webauthn.clone_into(&mut plan.sidecar.more);
    })
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
    let mut sites = start(&listed);
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
    let mut sites = start(&listed);
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
