//! Sessions that are bound to a client certificate.

use latchkey_tests::{Browser, Plan};
use serde_json::json;

use super::Person;

/// A gateway in between has told the sidecar of a certificate that this one never sees. However
/// often someone signs in, the session is bound to the other.
#[test]
fn whoever_lacks_the_certificate_is_told_so_instead_of_sent_in_circles() {
    let mut plan = Plan::new();
    plan.sidecar.more = "[session]\nbind_certificate = \"when_present\"\n".to_owned();
    plan.envoy.virtual_hosts()[0]["routes"][0]["request_headers_to_add"] = json!([{
        "header": {"key": "x-latchkey-client-certificate", "value": "A".repeat(43)},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    }]);
    let mut person = Person::at(plan.start(), Browser::start());
    person.open("/wanted");
    person.await_login_page();
    person.register("ann");
    person
        .page
        .wait_for("document.title === 'Another certificate is needed'");
    assert_eq!(person.page.eval("location.pathname"), "/wanted");
    let found = person.page.axe();
    assert!(found.is_empty(), "{found:#?}");
    // Only a click leads on; it leads through the sign-in, back here, and no further.
    person.page.eval("window.seen = true");
    person.page.click("main a");
    person.page.wait_for(
        "window.seen === undefined && document.title === 'Another certificate is needed'",
    );
    assert!(!person.reached_application("/wanted"));
}
