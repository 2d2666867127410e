//! Making an account, logging in and out.

use super::Person;
use crate::operate::order;

#[test]
fn a_person_registers_and_lands_on_the_page_they_wanted() {
    let mut person = Person::new();
    person.open("/reports/7?year=2026");
    person.await_login_page();
    person.assert_page_is_sound("the login page");
    assert!(
        person.gateway.upstream.take().is_empty(),
        "the application saw a stranger"
    );

    person.page.click("[data-action=show-register]");
    person
        .page
        .wait_for("document.querySelector('#panel-register').checkVisibility()");
    person.assert_page_is_sound("the form for a new account");
    person.page.fill("#register-name", "Ann.Example");
    person.page.fill("#register-display", "Ann Example");
    person.say_yes();
    person.page.press("Enter");
    person
        .page
        .wait_for("document.activeElement.id === 'label'");
    person.assert_page_is_sound("a name for the passkey");
    person.page.fill("#label", "Desk");
    person.page.press("Enter");
    person.page.wait_for_path("/reports/7?year=2026");

    let request = person.received("/reports/7?year=2026");
    assert_eq!(
        request
            .header("x-auth-request-preferred-username")
            .as_deref(),
        Some("ann.example"),
        "user names are folded"
    );
    let user = request.header("x-auth-request-user").expect("a user id");
    assert_eq!(user.len(), 36, "a UUID: {user}");
    assert_eq!(request.header("x-auth-request-email"), None);
    assert_eq!(request.header("cookie"), None);

    // No script can read the session, and no other site can send it along.
    assert_eq!(person.page.eval("document.cookie"), "");
    let cookies = person.page.cookies();
    for name in ["latchkey", "latchkey-refresh"] {
        let cookie = cookies
            .iter()
            .find(|cookie| cookie["name"] == name)
            .expect(name);
        assert_eq!(cookie["httpOnly"], true, "{name}");
        assert_eq!(cookie["sameSite"], "Lax", "{name}");
        assert_eq!(cookie["path"], "/", "{name}");
        assert_eq!(cookie["domain"], "localhost", "{name}");
        assert_eq!(
            cookie["session"], false,
            "{name} outlives the browser's window"
        );
    }
    let total: usize = cookies
        .iter()
        .map(|cookie| cookie["value"].as_str().map_or(0, str::len))
        .sum();
    assert!(total < 4096, "{total} bytes of cookies");
}

#[test]
fn a_person_logs_out_and_in_again_with_and_without_a_user_name() {
    let mut person = Person::registered("ann");
    let first = person.session_token();

    person.open("/_latchkey/logout");
    person.assert_page_is_sound("the question whether to log out");
    person.log_out();
    person.assert_page_is_sound("logged out");
    assert!(
        person.page.cookies().is_empty(),
        "{:?}",
        person.page.cookies()
    );
    person.open("/private");
    person.await_login_page();
    assert!(!person.reached_application("/private"));

    person.log_in_as("ann");
    person.page.wait_for_path("/private");
    let with_name = person.received("/private");
    assert_ne!(person.session_token(), first);

    person.log_out();
    person.open("/private");
    person.await_login_page();
    person.say_yes();
    person.page.click("[data-action=nameless]");
    person.page.wait_for_path("/private");
    let without_name = person.received("/private");
    for name in ["x-auth-request-user", "x-auth-request-preferred-username"] {
        assert_eq!(with_name.header(name), without_name.header(name));
    }
}

#[test]
fn the_browsers_autofill_offers_the_passkey() {
    let mut person = Person::registered("ann");
    person.log_out();
    // The authenticator answers what the page asks in the background: nothing is clicked.
    person.say_yes();
    let url = format!("{}/offered", person.gateway.url());
    person.page.open(&url);
    person.page.wait_for_path("/offered");
    let name = person
        .received("/offered")
        .header("x-auth-request-preferred-username");
    assert_eq!(name.as_deref(), Some("ann"));
}

#[test]
fn a_passkey_that_is_refused_is_not_offered_for_ever() {
    let mut person = Person::registered("ann");
    person.log_out();
    order(&person.gateway, &["users", "disable", "ann"]);
    person.say_yes();
    let url = format!("{}/offered", person.gateway.url());
    person.page.open(&url);
    let asked = |step: &str| {
        format!(
            "performance.getEntriesByType('resource')\
             .filter((one) => one.name.endsWith('/login/{step}')).length"
        )
    };
    person.page.wait_for(&format!("{} === 3", asked("finish")));
    person
        .page
        .wait_for("document.querySelector('#alert .notice-title')?.checkVisibility()");
    // A fourth question would have been asked before this one is answered.
    person.page.eval(
        "fetch('/_latchkey/v1/auth/webauthn/login/begin', {method: 'POST', body: '{}', \
         headers: {'content-type': 'application/json'}}).then((answer) => answer.text())",
    );
    person.page.wait_for(&format!("{} >= 4", asked("begin")));
    let counts = ["begin", "finish"].map(|step| person.page.eval(&asked(step)));
    assert_eq!(counts, [4, 3]);
}

#[test]
fn a_restarted_sidecar_knows_sessions_and_passkeys() {
    let mut person = Person::registered("ann");
    person.gateway.sidecar.restart();

    person.open("/after");
    person.page.wait_for_path("/after");
    let before = person.received("/after").header("x-auth-request-user");

    person.open("/_latchkey/account");
    person
        .page
        .wait_for("document.querySelectorAll('#passkeys > li').length === 1");

    person.log_out();
    person.open("/");
    person.await_login_page();
    person.log_in_as("ann");
    person.page.wait_for_path("/");
    assert_eq!(person.received("/").header("x-auth-request-user"), before);
}

#[test]
fn a_session_goes_on_while_the_sidecar_is_away() {
    let mut person = Person::registered("ann");
    person.gateway.sidecar.process().kill();
    person.open("/still");
    person.page.wait_for_path("/still");
    let _ = person.received("/still");

    let token = person.session_token();
    let login = person.gateway.client().navigate("/_latchkey/login").send();
    assert_eq!(login.status, 503, "nobody can log in meanwhile");
    let answer = person
        .gateway
        .client()
        .get("/")
        .header("cookie", format!("latchkey={token}"));
    assert_eq!(answer.send().status, 200);
    person.gateway.sidecar.resume();
    person.log_out();
}
