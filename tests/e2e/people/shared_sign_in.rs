//! One sign-in for several hosts of a domain, as README sets it up.

use serde_json::json;

use super::sites::Sites;

const APP: &str = "app.example.com";
const DOCS: &str = "docs.example.com";

#[test]
fn whoever_signs_in_at_one_host_is_signed_in_at_the_other() {
    let mut sites = Sites::start(&[APP, DOCS], |plan| {
        plan.sidecar.more = format!(
            "rp_id = \"example.com\"\nrp_origins = [\"https://{APP}\", \"https://{DOCS}\"]\n\
             [session]\ndomain = \"example.com\"\n\
             cookie = \"__Secure-latchkey\"\nrefresh_cookie = \"__Secure-latchkey-refresh\"\n"
        );
        plan.envoy.edit_filter(|filter| {
            filter["session"] = json!({
                "cookie": "__Secure-latchkey",
                "refresh_cookie": "__Secure-latchkey-refresh",
            });
        });
    });
    // The sign-in is at every host: nobody is sent to another one.
    sites.open(DOCS, "/guide");
    let person = &mut sites.person;
    person.await_login_page();
    assert_eq!(person.page.eval("location.host"), DOCS);
    person.register("ann");
    person.page.wait_for_path("/guide");
    let user = person.received("/guide").header("x-auth-request-user");

    sites.open(APP, "/orders");
    let person = &mut sites.person;
    person.page.wait_for_path("/orders");
    let asked = person.received("/orders");
    assert_eq!(asked.header("host").as_deref(), Some(APP));
    assert_eq!(asked.header("x-auth-request-user"), user);
    for cookie in person.page.cookies() {
        assert_eq!(cookie["domain"], ".example.com", "{cookie}");
        assert_eq!(cookie["secure"], true, "{cookie}");
        assert_eq!(cookie["httpOnly"], true, "{cookie}");
    }

    sites.leave(APP);
    sites.open(DOCS, "/guide");
    sites.person.await_login_page();
    sites.person.log_in_as("ann");
    sites.person.page.wait_for_path("/guide");
}
