//! Paths that one server reads differently from another. Whatever is asked, the application must
//! not see a protected path without a session, and must see exactly what was matched.

use latchkey_tests::guarded::denied_tree;
use latchkey_tests::{EnvoyConfig, Guarded};
use serde_json::json;

/// Switches Envoy's own normalisation off, merging of slashes included.
fn leave_paths_alone(config: &mut EnvoyConfig) {
    let manager = config.connection_manager();
    manager["normalize_path"] = json!(false);
    manager["merge_slashes"] = json!(false);
}

/// With Envoy's own normalisation on, then off.
fn both_ways(test: impl Fn(&Guarded)) {
    for alone in [false, true] {
        let gateway = Guarded::start_with(|config| {
            config.rules_first(denied_tree());
            if alone {
                leave_paths_alone(config);
            }
        });
        test(&gateway);
    }
}

/// Asks without a session for exactly this target.
fn ask(gateway: &Guarded, target: &str) -> Option<u16> {
    ask_with(gateway, target, "")
}

/// The same with a good session.
fn member_asks(gateway: &Guarded, target: &str) -> Option<u16> {
    let cookie = format!("cookie: latchkey={}\r\n", gateway.forge.token());
    ask_with(gateway, target, &cookie)
}

fn ask_with(gateway: &Guarded, target: &str, headers: &str) -> Option<u16> {
    let bytes =
        format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n{headers}connection: close\r\n\r\n");
    gateway
        .stranger()
        .raw(bytes.as_bytes())
        .map(|answer| answer.status)
}

#[test]
fn a_path_that_could_be_read_as_another_is_never_public() {
    both_ways(|gateway| {
        for target in [
            // Resolved, decoded once, or refused: but never public.
            "/public/../admin",
            "/public/..",
            "/public/%2e%2e/admin",
            "/public/%2E%2e/admin",
            "/public/.%2e/admin",
            "/public/x/../../admin",
            "/public//../../admin",
            "/public/..%2fadmin",
            "/public/..%2Fadmin",
            "/public/..%5cadmin",
            "/public/..\\admin",
            "/public\\..\\admin",
            "/public/..%3b/admin",
            "/public/..;/admin",
            "/public/%2e%2e;/admin",
            "/public/..;x=y/admin",
            "/public/%252e%252e/../../admin",
            "/public/x%00/../../admin",
            "/public/%00",
            "/public/%0a",
            "/public/%",
            "/public/%2",
            "/public/%zz",
            "/public/%c0%ae%c0%ae/admin",
            "/public/%ff",
            "/public/..%c0%af/admin",
            "/public;/../admin",
            "/public;x/../admin",
            "/admin;x",
            "/admin;/public/page",
            "/admin?/public/page",
            "/admin?/../public/page",
            "/admin#/public/page",
            "/admin%23/public/page",
            "/public%23/../admin",
            "/admin%3f/public/page",
            "/Public/page",
            "/PUBLIC/page",
            "/public.",
            "/public./page",
            "/publicx",
            "/%70ublic/../admin",
            "//admin",
            "//public/../admin",
            "/./admin",
            "/admin/.",
            "/admin/./",
            "/",
            "*",
            "http://localhost/admin",
            "http://localhost/public/../admin",
            "http://evil.example/admin",
            "/_latchkey/../admin",
            "/_latchkey/..;/admin",
            "/_latchkey/%2e%2e/admin",
            "/_latchkey/..%2fadmin",
            "/_latchkey//../../admin",
            "/_latchkey\\..\\admin",
            "/_latchkeyx",
            "/_Latchkey/login",
            "/.well-known/../admin",
            "/.well-known/webauthn/../../admin",
            "/.well-known/webauthn/..;/admin",
            "/.well-known/webauthn/x",
            "/.well-known/x",
        ] {
            let status = ask(gateway, target);
            assert!(
                matches!(status, Some(400 | 401 | 404)),
                "{target}: {status:?}"
            );
            let seen = gateway.upstream.take();
            assert!(
                seen.is_empty(),
                "{target}: the application saw {}",
                seen[0].target()
            );
        }
        gateway.assert_alive("strange paths");
    });
}

/// Envoy 1.36 resolves this one before any filter sees it, newer ones leave it to us.
#[test]
fn a_dot_with_parameters_leads_nowhere_else() {
    both_ways(|gateway| {
        let status = ask(gateway, "/public/.;/../admin");
        let seen = gateway.upstream.take();
        match status {
            Some(400 | 401) => assert!(seen.is_empty(), "{seen:?}"),
            Some(200) => {
                let targets: Vec<String> =
                    seen.iter().map(latchkey_tests::Received::target).collect();
                assert_eq!(targets, ["/public/admin"]);
            }
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn what_was_matched_is_what_the_application_gets() {
    both_ways(|gateway| {
        for (asked, got) in [
            ("/public/page", "/public/page"),
            (
                "/public/page?a=/../b&c=%2f%00",
                "/public/page?a=/../b&c=%2f%00",
            ),
            ("/public/a/../page", "/public/page"),
            ("/public/./page", "/public/page"),
            ("/x/../public/page", "/public/page"),
            ("/public/%70age", "/public/page"),
            ("/%70ublic/page", "/public/page"),
            ("/public/p%20q", "/public/p%20q"),
            ("/public/%C3%A9", "/public/%C3%A9"),
            ("/public/%c3%a9", "/public/%C3%A9"),
            ("/public/%252e%252e/x", "/public/%252e%252e/x"),
            ("/public/a;b=c", "/public/a;b=c"),
            ("/public//page", "/public/page"),
            ("//public/page", "/public/page"),
            ("/public/page/", "/public/page/"),
            ("/public", "/public"),
            ("/public/", "/public/"),
            ("/public/a.", "/public/a."),
            ("http://localhost/public/page", "/public/page"),
        ] {
            let status = ask(gateway, asked);
            assert_eq!(status, Some(200), "{asked}");
            assert_eq!(gateway.upstream.only().target(), got, "{asked}");
        }
    });
}

#[test]
fn a_denied_path_stays_denied_however_it_is_written() {
    both_ways(|gateway| {
        for target in [
            "/denied",
            "/denied/",
            "/denied/x",
            "/denied//x",
            "//denied/x",
            "/%64enied/x",
            "/public/../denied/x",
            "/x/%2e%2e/denied/x",
            "/denied/x?/public/",
            "/denied/a;b",
            "/./denied/x",
        ] {
            let status = member_asks(gateway, target);
            assert_eq!(status, Some(403), "{target}");
            assert!(gateway.upstream.take().is_empty(), "{target}");
        }
    });
}

/// A segment that has only parameters, or only what some servers drop, is none to them: Tomcat reads
/// `/;/denied/x` as `/denied/x`.
#[test]
fn a_segment_that_is_none_to_a_server_does_not_lead_around_a_rule() {
    both_ways(|gateway| {
        for target in [
            "/;/denied/x",
            "/;a=b/denied/x",
            "/denied/;x",
            "/%20/denied/x",
            "/.../denied/x",
        ] {
            assert_eq!(member_asks(gateway, target), Some(400), "{target}");
            assert!(gateway.upstream.take().is_empty(), "{target}");
        }
        assert_eq!(member_asks(gateway, "/a;b=c/d"), Some(200));
        let _ = gateway.upstream.take();
    });
}

#[test]
fn a_guarded_path_is_forwarded_as_it_was_matched_too() {
    both_ways(|gateway| {
        for (asked, got) in [
            ("/a/../b", "/b"),
            ("/%61", "/a"),
            ("//a", "/a"),
            ("/a;b/c", "/a;b/c"),
            ("/caf%c3%a9", "/caf%C3%A9"),
        ] {
            let status = member_asks(gateway, asked);
            assert_eq!(status, Some(200), "{asked}");
            assert_eq!(gateway.upstream.only().target(), got, "{asked}");
        }
        for refused in [
            "/a%2fb",
            "/a%5cb",
            "/a%3bb",
            "/a%00b",
            "/a\\b",
            "/a%",
            "/a/..;x/b",
        ] {
            let status = member_asks(gateway, refused);
            // Envoy's own normalisation may have resolved these two before the filter sees them.
            let resolved = matches!(refused, "/a\\b" | "/a/..;x/b") && status == Some(200);
            assert!(status == Some(400) || resolved, "{refused}: {status:?}");
            for received in gateway.upstream.take() {
                let target = received.target();
                assert!(!target.contains("..") && !target.contains('\\'), "{target}");
            }
        }
    });
}

#[test]
fn the_first_rule_that_matches_counts() {
    let gateway = Guarded::start_with(|config| {
        config.rules_first(json!([
            {"match": {"paths": ["/a/open"]}, "allow": "public"},
            {"match": {"paths": ["/a/*"], "methods": ["GET"]}, "allow": "deny"},
            {"match": {"paths": ["/a/**"]}, "allow": "public"},
        ]));
    });
    for (method, path, status) in [
        ("GET", "/a/open", 200),
        ("GET", "/a/other", 403),
        ("POST", "/a/other", 200),
        ("GET", "/a/b/c", 200),
        ("GET", "/b", 401),
    ] {
        let answer = gateway.stranger().request(method, path).send();
        assert_eq!(answer.status, status, "{method} {path}");
    }
}

#[test]
fn the_sign_in_is_open_only_where_it_is_really_routed_to_the_sidecar() {
    let gateway = Guarded::start_with(|config| {
        config.virtual_hosts().insert(
            0,
            json!({"name": "other", "domains": ["other.example"],
                   "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "app"}}]}),
        );
        config.edit_filter(|filter| filter["hosts"] = json!(["localhost", "other.example"]));
    });
    // To send anyone from the sign-in's path to the sign-in would lead in a circle.
    for (host, reason) in [
        ("other.example", "sign_in_not_routed"),
        ("unknown.example", "no_credential"),
    ] {
        for path in [
            "/_latchkey",
            "/_latchkey/",
            "/_latchkey/login",
            "/_latchkey/v1/self/logout",
        ] {
            let request = gateway.stranger().get(path).host(host);
            gateway.assert_refused(&format!("{host}{path}"), &request, 401, reason);
        }
    }
    let page = gateway.stranger().get("/_latchkey/login");
    let page = page.host("other.example").header("accept", "text/html");
    let answer = page.send();
    assert_eq!((answer.status, answer.header("location")), (401, None));
    // Where it is routed to the sidecar, which is not there in this test, it is let through.
    assert_eq!(
        gateway.stranger().get("/_latchkey/login").send().status,
        503
    );
}
