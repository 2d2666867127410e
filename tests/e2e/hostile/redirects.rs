//! Who is redirected where.

use latchkey_tests::{Guarded, Response};

fn location(answer: &Response) -> String {
    assert_eq!(answer.status, 302, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer
        .header("location")
        .expect("a redirect names its goal")
        .to_owned()
}

#[test]
fn a_page_load_is_sent_to_the_login_and_remembers_where_it_was_going() {
    let gateway = Guarded::start();
    let answer = gateway
        .stranger()
        .navigate("/reports/7?year=2026&q=a%20b")
        .send();
    let place = location(&answer);
    let (login, wish) = place.split_once("?rd=").expect("it remembers");
    assert_eq!(login, "/_latchkey/login");
    // Nothing of the wish may become a parameter of the login page.
    assert!(
        !wish.contains('&') && !wish.contains('?') && !wish.contains('#'),
        "{wish}"
    );
    let decoded = wish
        .replace("%2F", "/")
        .replace("%3F", "?")
        .replace("%3D", "=");
    let decoded = decoded.replace("%26", "&").replace("%25", "%");
    assert_eq!(decoded, "/reports/7?year=2026&q=a%20b");
}

#[test]
fn no_header_chooses_where_a_redirect_goes() {
    let gateway = Guarded::start();
    for (name, value) in [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "javascript"),
        ("forwarded", "host=evil.example;proto=https"),
        ("x-original-url", "//evil.example"),
        ("x-forwarded-prefix", "//evil.example"),
        ("referer", "http://evil.example/"),
    ] {
        let answer = gateway.stranger().navigate("/a").header(name, value).send();
        assert_eq!(location(&answer), "/_latchkey/login?rd=/a", "{name}");
    }
    let answer = gateway.stranger().navigate("//evil.example/a").send();
    assert!(!location(&answer).contains("rd=//"), "{answer:?}");
}

#[test]
fn a_redirect_never_carries_a_token() {
    let gateway = Guarded::start();
    let token = gateway.forge.token_with("exp", 1.into());
    let answer = gateway
        .stranger()
        .navigate("/a")
        .header("cookie", format!("latchkey={token}"))
        .send();
    assert!(!location(&answer).contains(&token));
    for (name, value) in &answer.headers {
        assert!(!value.contains(&token), "{name}");
    }
}

#[test]
fn only_page_loads_are_redirected() {
    let gateway = Guarded::start();
    let stranger = gateway.stranger();
    let html = ("accept", "text/html");
    for (what, method, headers, status) in [
        (
            "a page load",
            "GET",
            vec![("sec-fetch-mode", "navigate")],
            302,
        ),
        ("a page load of an old browser", "GET", vec![html], 302),
        (
            "only the head of a page",
            "HEAD",
            vec![("sec-fetch-mode", "navigate")],
            302,
        ),
        (
            "a script",
            "GET",
            vec![html, ("sec-fetch-mode", "cors")],
            401,
        ),
        (
            "a script of the same origin",
            "GET",
            vec![html, ("sec-fetch-mode", "same-origin")],
            401,
        ),
        (
            "a picture",
            "GET",
            vec![html, ("sec-fetch-mode", "no-cors")],
            401,
        ),
        (
            "an old script",
            "GET",
            vec![html, ("x-requested-with", "XMLHttpRequest")],
            401,
        ),
        (
            "an API call",
            "GET",
            vec![("accept", "application/json")],
            401,
        ),
        ("a program", "GET", vec![("accept", "*/*")], 401),
        ("nothing said", "GET", vec![], 401),
        (
            "a form",
            "POST",
            vec![html, ("sec-fetch-mode", "navigate")],
            401,
        ),
        (
            "a changing script",
            "POST",
            vec![html, ("sec-fetch-mode", "cors")],
            401,
        ),
        ("a deletion", "DELETE", vec![html], 401),
        (
            "two answers to one question",
            "GET",
            vec![
                html,
                ("sec-fetch-mode", "navigate"),
                ("sec-fetch-mode", "cors"),
            ],
            401,
        ),
    ] {
        let mut request = stranger.request(method, "/");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        gateway.assert_refused(what, &request, status, "no_credential");
    }
    // A form that was sent after the session had ended gets a page with a way on.
    let form = stranger
        .request("POST", "/form")
        .header("sec-fetch-mode", "navigate")
        .header("accept", "text/html")
        .body(b"a=b");
    let answer = form.send();
    assert_eq!(answer.status, 401);
    assert!(
        answer
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("text/html"))
    );
    assert!(
        answer.text().contains("/_latchkey/login"),
        "{}",
        answer.text()
    );
}
