//! The application that `scripts/run` puts behind the gateway.

use latchkey_tests::process::Process;
use latchkey_tests::{Browser, Client, Gateway, Plan, ports, programs, wait};

use super::Person;

#[test]
fn the_demo_application_says_who_it_was_told_you_are() {
    let port = ports::free();
    let mut plan = Plan::new();
    let address = "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address";
    plan.envoy
        .cluster("app")
        .pointer_mut(address)
        .expect("an address")["port_value"] = port.into();
    let gateway: Gateway = plan.start();
    let script = programs::project().join("scripts/demo-app");
    let _application = Process::start("demo-app", gateway.dir(), &script, &[&port.to_string()]);
    wait::until("the application listens", || {
        Client::new(port).get("/").attempt()
    });

    let mut person = Person::at(gateway, Browser::start());
    person.open("/public/");
    person.assert_page_is_sound("the demo's public page");
    person.page.click("nav a");
    person.await_login_page();
    person.register("ann");
    person
        .page
        .wait_for("document.querySelector('h1')?.textContent === 'Hello, ann'");
    person.page.click("summary");
    person.assert_page_is_sound("the demo's own page");
    let text = person.page.text();
    assert!(text.contains("x-auth-request-user"), "{text}");
    assert!(!text.contains("cookie"), "{text}");
    person.page.click("nav a[href='/_latchkey/account']");
    person
        .page
        .wait_for("document.querySelector('#passkeys > li') !== null");
}
