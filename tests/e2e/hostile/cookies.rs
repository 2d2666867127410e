//! The cookie header.

use latchkey_tests::{Guarded, http2};

#[test]
fn one_session_is_needed_and_one_is_enough() {
    let gateway = Guarded::start();
    let good = gateway.forge.token();
    let bad = format!("{good}x");
    let request = |cookie: &str| gateway.stranger().get("/").header("cookie", cookie);

    // It counts wherever it stands among others.
    for cookie in [
        format!("latchkey={good}"),
        format!("a=b; latchkey={good}; c=d"),
        format!("a=b;latchkey={good}"),
        format!("xlatchkey=1; latchkey={good}; latchkey-refresh=secret"),
    ] {
        assert_eq!(request(&cookie).send().status, 200, "{cookie}");
    }
    let _ = gateway.upstream.take();

    for (what, reason, cookie) in [
        (
            "two, the valid one first",
            "several_cookies",
            format!("latchkey={good}; latchkey={bad}"),
        ),
        (
            "two, the valid one last",
            "several_cookies",
            format!("latchkey={bad}; latchkey={good}"),
        ),
        (
            "two that are the same",
            "several_cookies",
            format!("latchkey={good}; latchkey={good}"),
        ),
        ("in quotes", "not_base64url", format!("latchkey=\"{good}\"")),
        (
            "in another case",
            "no_credential",
            format!("Latchkey={good}"),
        ),
        (
            "with a prefix that is not configured",
            "no_credential",
            format!("__Host-latchkey={good}"),
        ),
        (
            "with a name that ends in ours",
            "no_credential",
            format!("xlatchkey={good}"),
        ),
        (
            "with a name that begins with ours",
            "no_credential",
            format!("latchkeyx={good}"),
        ),
        (
            "as the value of another",
            "no_credential",
            format!("a=latchkey={good}"),
        ),
        ("empty", "wrong_number_of_parts", "latchkey=".to_owned()),
        ("nameless", "no_credential", format!("={good}")),
        (
            "separated by a comma",
            "no_credential",
            format!("a=b, latchkey={good}"),
        ),
        (
            "the refresh secret alone",
            "no_credential",
            format!("latchkey-refresh={good}"),
        ),
    ] {
        gateway.assert_refused(what, &request(&cookie), 401, reason);
    }

    // Two header fields are one cookie header.
    let split = gateway.stranger().get("/").header("cookie", "a=b");
    assert_eq!(
        split
            .clone()
            .header("cookie", format!("latchkey={good}"))
            .send()
            .status,
        200
    );
    let _ = gateway.upstream.take();
    let twice = request(&format!("latchkey={good}")).header("cookie", format!("latchkey={bad}"));
    gateway.assert_refused("two, in two fields", &twice, 401, "several_cookies");
}

#[test]
fn a_cookie_and_a_bearer_token_must_be_the_same() {
    let gateway = Guarded::start();
    let (one, other) = (
        gateway.forge.token(),
        gateway.forge.token_with("jti", "other".into()),
    );
    let both = |cookie: &str, bearer: &str| {
        gateway
            .stranger()
            .get("/")
            .header("cookie", format!("latchkey={cookie}"))
            .header("authorization", format!("Bearer {bearer}"))
    };
    assert_eq!(both(&one, &one).send().status, 200);
    let _ = gateway.upstream.take();
    gateway.assert_refused(
        "two good tokens",
        &both(&one, &other),
        401,
        "credentials_disagree",
    );
    gateway.assert_refused(
        "a good cookie, a bad bearer",
        &both(&one, "x"),
        401,
        "credentials_disagree",
    );
    gateway.assert_refused(
        "a bad cookie, a good bearer",
        &both("x", &one),
        401,
        "credentials_disagree",
    );
}

#[test]
fn a_cookie_split_over_http2_fields_is_joined() {
    let gateway = Guarded::start();
    let session = format!("latchkey={}", gateway.forge.token());
    let fields: &[(&str, &[u8])] = &[
        ("cookie", b"a=b"),
        ("cookie", session.as_bytes()),
        ("cookie", b"latchkey-refresh=secret"),
        ("cookie", b"c=d"),
    ];
    let (status, _) = http2::send(gateway.envoy.port, "GET", "/", fields, None).expect("answer");
    assert_eq!(status, 200);
    assert_eq!(
        gateway.upstream.only().header("cookie").as_deref(),
        Some("a=b; c=d")
    );

    let fields: &[(&str, &[u8])] = &[
        ("cookie", session.as_bytes()),
        ("cookie", b"latchkey=other"),
    ];
    let (status, _) = http2::send(gateway.envoy.port, "GET", "/", fields, None).expect("answer");
    assert_eq!(status, 401);
    assert!(gateway.upstream.take().is_empty());
}

#[test]
fn the_application_never_sees_the_session_cookies() {
    let gateway = Guarded::start();
    let good = gateway.forge.token();
    for (sent, left) in [
        (format!("latchkey={good}"), None),
        (format!("latchkey={good}; latchkey-refresh=secret"), None),
        (format!("a=b; latchkey={good}"), Some("a=b")),
        (format!("latchkey={good}; a=b"), Some("a=b")),
        (
            format!("a=b; latchkey-refresh=secret; latchkey={good}; c=d"),
            Some("a=b; c=d"),
        ),
        (
            format!("a=b;latchkey={good} ;  latchkey-refresh=s;c"),
            Some("a=b; c"),
        ),
    ] {
        for path in ["/", "/public/page"] {
            let answer = gateway.stranger().get(path).header("cookie", &sent).send();
            assert_eq!(answer.status, 200, "{sent}");
            let received = gateway.upstream.only();
            let cookies = received.header_all("cookie").join("; ");
            assert!(
                !cookies.contains(&good) && !cookies.contains("secret"),
                "{cookies}"
            );
            let cookies: Vec<&str> = cookies
                .split(';')
                .map(str::trim)
                .filter(|cookie| !cookie.is_empty())
                .collect();
            let left: Vec<&str> = left
                .into_iter()
                .flat_map(|left: &str| left.split("; "))
                .collect();
            assert_eq!(cookies, left, "{sent}");
        }
    }
    // Nothing is vouched for on a public page, and the cookies are cut all the same.
    let answer = gateway
        .stranger()
        .get("/public/")
        .header("cookie", "latchkey=rubbish; a=b");
    assert_eq!(answer.send().status, 200);
    assert_eq!(
        gateway.upstream.only().header("cookie").as_deref(),
        Some("a=b")
    );
}

#[test]
fn masses_of_cookies_do_no_harm() {
    let gateway = Guarded::start();
    let many = (0..500)
        .map(|n| format!("c{n}=v"))
        .collect::<Vec<_>>()
        .join("; ");
    let long = format!("a={}", "x".repeat(64 * 1024));
    for (what, cookie) in [("500 cookies", many), ("64 KB", long)] {
        let answer = gateway
            .stranger()
            .get("/")
            .header("cookie", cookie)
            .attempt();
        let status = answer.map(|answer| answer.status);
        assert!(
            matches!(status, Some(400 | 401 | 431)),
            "{what}: {status:?}"
        );
        assert!(gateway.upstream.take().is_empty(), "{what}");
        gateway.assert_alive(what);
    }
}
