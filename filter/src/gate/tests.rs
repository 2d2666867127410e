use latchkey_token::{InProcess, TokenError, VerifyingKey};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    credentials::CredentialError,
    path::{Ambiguity, BadPath},
    test_support::{Fixed, NOW, claims, config_with, key_set, signing_key},
};

const COOKIE: &str = "__Host-latchkey";

fn rules() -> serde_json::Value {
    json!([
        {"match": {"paths": ["/public/**"]}, "allow": "public"},
        {"match": {"paths": ["/closed/**"]}, "allow": "deny"},
        {"match": {"paths": ["/files/**"]}, "allow": "authenticated",
            "refuse_ambiguous_paths": false, "same_site_origins": ["https://pay.example.com"]},
    ])
}

fn gate() -> Gate {
    let mut gate = Gate::new(config_with(&rules()), [3; 16]);
    gate.set_keys(key_set(&signing_key(1)));
    gate
}

fn token() -> String {
    signing_key(1).sign(&claims()).unwrap()
}

/// A request to `app.example.com`, as bytes.
fn decide_raw(gate: &mut Gate, method: &str, path: &[u8], headers: &[(&str, &[u8])]) -> Decision {
    let mut all: Vec<(&[u8], &[u8])> = vec![(b":method", method.as_bytes()), (b":path", path)];
    if !headers.iter().any(|(name, _)| *name == ":authority") {
        all.push((b":authority", b"app.example.com"));
    }
    all.extend(
        headers
            .iter()
            .map(|(name, value)| (name.as_bytes(), *value)),
    );
    let surroundings = Fixed {
        cluster: Some("app"),
        ..Fixed::default()
    };
    gate.decide(&Request::new(all), &surroundings, NOW, &InProcess)
}

fn decide(gate: &mut Gate, method: &str, path: &str, headers: &[(&str, &str)]) -> Decision {
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect();
    decide_raw(gate, method, path.as_bytes(), &headers)
}

#[track_caller]
fn refused(decision: &Decision) -> Reason {
    match &decision.outcome {
        Outcome::Refuse(reason, _) => *reason,
        Outcome::Forward(changes) => panic!("goes on: {changes:?}"),
        Outcome::Renew(ask) => panic!("waits: {ask:?}"),
    }
}

#[track_caller]
fn changes(decision: Decision) -> Changes {
    match decision.outcome {
        Outcome::Forward(changes) => changes,
        Outcome::Refuse(reason, _) => panic!("refused: {reason}"),
        Outcome::Renew(ask) => panic!("waits: {ask:?}"),
    }
}

fn removed(changes: &Changes, name: &str) -> bool {
    changes
        .remove
        .iter()
        .any(|removed| removed == name.as_bytes())
}

fn set<'a>(changes: &'a Changes, name: &str) -> Option<&'a str> {
    let found = changes.set.iter().find(|(is, _)| is == name)?;
    Some(std::str::from_utf8(&found.1).unwrap())
}

#[test]
fn a_session_passes_by_cookie_and_by_bearer() {
    let token = token();
    for header in [
        ("cookie", format!("a=b; {COOKIE}={token}")),
        ("authorization", format!("Bearer {token}")),
    ] {
        let changes = changes(decide(&mut gate(), "GET", "/x", &[(header.0, &header.1)]));
        assert_eq!(
            set(&changes, "x-auth-request-user"),
            Some(claims().sub.as_str())
        );
        assert!(removed(&changes, header.0), "the token stays here");
        assert_eq!(set(&changes, "x-latchkey-token"), None);
    }
}

#[test]
fn without_a_session_nothing_passes_but_what_is_public() {
    let gate = &mut gate();
    for path in [
        "/",
        "/x",
        "*",
        "",
        "/_latchkey/login",
        "/public",
        "/Public/x",
    ] {
        let expected = if path == "/public" {
            None
        } else {
            Some(Reason::NoCredential)
        };
        match decide(gate, "GET", path, &[]).outcome {
            Outcome::Forward(_) => assert_eq!(expected, None, "{path}"),
            Outcome::Refuse(reason, _) => assert_eq!(Some(reason), expected, "{path}"),
            Outcome::Renew(ask) => panic!("waits: {ask:?}"),
        }
    }
}

#[test]
fn every_method_and_protocol_is_checked_alike() {
    let gate = &mut gate();
    for method in [
        "GET", "HEAD", "POST", "OPTIONS", "TRACE", "CONNECT", "FOO", "",
    ] {
        assert_eq!(
            refused(&decide(gate, method, "/x", &[])),
            Reason::NoCredential,
            "{method}"
        );
    }
    for header in [
        ("upgrade", "websocket"),
        ("content-type", "application/grpc"),
        ("access-control-request-method", "POST"),
        ("x-http-method-override", "GET"),
        ("x-original-url", "/public/x"),
        ("x-forwarded-uri", "/public/x"),
        ("x-rewrite-url", "/public/x"),
        ("x-envoy-original-path", "/public/x"),
        ("x-forwarded-host", "other.example.com"),
    ] {
        assert_eq!(
            refused(&decide(gate, "GET", "/x", &[header])),
            Reason::NoCredential,
            "{header:?}"
        );
    }
}

#[test]
fn a_rule_can_deny_even_those_who_are_signed_in() {
    let cookie = format!("{COOKIE}={}", token());
    for path in [
        "/closed",
        "/closed/x",
        "/CLOSED/x",
        "/closed;v=1/x",
        "/public/../closed/x",
    ] {
        let decision = decide(&mut gate(), "GET", path, &[("cookie", &cookie)]);
        assert_eq!(refused(&decision), Reason::Denied, "{path}");
    }
}

#[test]
fn tricks_with_the_path_end_at_the_rule_of_what_is_forwarded() {
    let gate = &mut gate();
    for path in [
        "/public/../admin",
        "/public/%2e%2e/admin",
        "/public/./../admin",
        "//admin",
        "/public;/../admin",
        "/%70ublic/../admin",
        "/admin?/public/x",
        "/public%252f..%252fadmin",
        "/publicx",
        "/PUBLIC/x",
        "/public;x/y",
        "/.well-known/../x",
        "/_latchkey/../admin",
    ] {
        assert_eq!(
            refused(&decide(gate, "GET", path, &[])),
            Reason::NoCredential,
            "{path}"
        );
    }
    for (path, reason) in [
        (
            "/public/..%2fadmin",
            Reason::Ambiguous(Ambiguity::EscapedSeparator),
        ),
        (
            "/public/..%5cadmin",
            Reason::Ambiguous(Ambiguity::EscapedSeparator),
        ),
        (
            "/public/..%3b/admin",
            Reason::Ambiguous(Ambiguity::EscapedSeparator),
        ),
        (
            "/public\\..\\admin",
            Reason::Ambiguous(Ambiguity::Backslash),
        ),
        (
            "/public/..;/admin",
            Reason::Ambiguous(Ambiguity::DisguisedDots),
        ),
        (
            "/public/%2e%2e;/admin",
            Reason::Ambiguous(Ambiguity::DisguisedDots),
        ),
        ("/public/%00", Reason::Ambiguous(Ambiguity::EscapedControl)),
        (
            "/public/%c0%ae%c0%ae/admin",
            Reason::Ambiguous(Ambiguity::NotUtf8),
        ),
        ("/public/%23/x", Reason::EscapedFragment),
        ("/public/%zz", Reason::Path(BadPath::Escape)),
        ("/public/#/../admin", Reason::Path(BadPath::Fragment)),
        (
            "http://app.example.com/public/x",
            Reason::Path(BadPath::NotAbsolute),
        ),
    ] {
        assert_eq!(refused(&decide(gate, "GET", path, &[])), reason, "{path}");
    }
}

#[test]
fn the_normal_path_is_what_the_application_gets() {
    let changes = changes(decide(&mut gate(), "GET", "/x/../public//%61?q=/../", &[]));
    assert_eq!(set(&changes, ":path"), Some("/public/a?q=/../"));
}

#[test]
fn a_rule_that_guards_can_accept_ambiguous_paths() {
    let gate = &mut gate();
    let cookie = format!("{COOKIE}={}", token());
    let cookie = [("cookie", cookie.as_str())];
    assert_eq!(
        refused(&decide(gate, "GET", "/files/a%2fb", &[])),
        Reason::NoCredential
    );
    let passed = changes(decide(gate, "GET", "/files/a%2fb", &cookie));
    assert_eq!(set(&passed, ":path"), Some("/files/a%2Fb"));
    let decision = decide(gate, "GET", "/x/a%2fb", &cookie);
    assert_eq!(
        refused(&decision),
        Reason::Ambiguous(Ambiguity::EscapedSeparator)
    );
}

#[test]
fn a_public_rule_accepts_no_ambiguous_path_whatever_it_says() {
    let mut config = config_with(&rules());
    // The configuration's own check would have refused this.
    config.rules[0].refuse_ambiguous_paths = false;
    let decision = decide(
        &mut Gate::new(config, [3; 16]),
        "GET",
        "/public/..%2fadmin",
        &[],
    );
    assert_eq!(
        refused(&decision),
        Reason::Ambiguous(Ambiguity::EscapedSeparator)
    );
}

#[test]
fn bytes_that_are_no_text_are_an_ordinary_bad_request() {
    let gate = &mut gate();
    let token = format!("{COOKIE}={}\u{0}", token()).replace('\u{0}', "");
    for (path, header, reason) in [
        (&b"/x"[..], ("cookie", &b"__Host-latchkey=\xff"[..]), None),
        (
            b"/x",
            ("authorization", b"\xff"),
            Some(Reason::Credential(CredentialError::NotBearer)),
        ),
        (b"/x", ("authorization", b"Bearer \xff"), None),
        (
            b"/\xff",
            ("accept", b"*/*"),
            Some(Reason::Path(BadPath::Character)),
        ),
        (
            b"/x",
            (":authority", b"\xff"),
            Some(Reason::Authority(crate::authority::BadAuthority)),
        ),
    ] {
        let found = refused(&decide_raw(gate, "GET", path, &[header]));
        match reason {
            Some(reason) => assert_eq!(found, reason),
            None => assert!(matches!(found, Reason::Token(_)), "{found:?}"),
        }
        changes(decide(gate, "GET", "/x", &[("cookie", &token)]));
    }
    // Bytes that nobody asks about go on as they are.
    let both: &[(&str, &[u8])] = &[("cookie", token.as_bytes()), ("x-any", b"\xff")];
    changes(decide_raw(gate, "GET", b"/x?\xff", both));
}

#[test]
fn headers_that_look_like_ours_go_everywhere() {
    let gate = &mut gate();
    let cookie = format!("{COOKIE}={}", token());
    let spoofed = [
        ("x-auth-request-user", "root"),
        ("x-auth-request-user", "admin"),
        ("x_auth_request_groups", "admins"),
        ("x-latchkey-token", "x"),
        ("x-latchkey-client-address", "127.0.0.1"),
    ];
    let signed_in = [&[("cookie", cookie.as_str())][..], &spoofed].concat();
    for (path, headers) in [("/public/x", &spoofed[..]), ("/x", &signed_in)] {
        let changes = changes(decide(gate, "GET", path, headers));
        for (name, _) in spoofed {
            assert!(removed(&changes, name), "{path} {name}");
        }
        assert_eq!(set(&changes, "x-auth-request-groups"), None);
    }
}

#[test]
fn session_cookies_never_reach_the_application() {
    let gate = &mut gate();
    let cookie = format!(
        "a=1; {COOKIE}={}; b=2; __Host-latchkey-refresh=secret",
        token()
    );
    for path in ["/x", "/public/x"] {
        let passed = changes(decide(gate, "GET", path, &[("cookie", &cookie)]));
        assert_eq!(set(&passed, "cookie"), Some("a=1; b=2"), "{path}");
        let pieces = [("cookie", "a=1"), ("cookie", cookie.as_str())];
        let passed = changes(decide(gate, "GET", path, &pieces));
        assert_eq!(set(&passed, "cookie"), Some("a=1; a=1; b=2"), "{path}");
    }
    let only = format!("{COOKIE}=x");
    let passed = changes(decide(gate, "GET", "/public/x", &[("cookie", &only)]));
    assert!(removed(&passed, "cookie") && set(&passed, "cookie").is_none());
    let passed = changes(decide(gate, "GET", "/public/x", &[("cookie", "a=1")]));
    assert_eq!(passed, Changes::default());
}

#[test]
fn a_bearer_token_of_ours_does_not_reach_the_application() {
    let gate = &mut gate();
    let bearer = format!("Bearer {}", token());
    let passed = changes(decide(
        gate,
        "GET",
        "/public/x",
        &[("authorization", &bearer)],
    ));
    assert!(removed(&passed, "authorization"));
    let passed = changes(decide(
        gate,
        "GET",
        "/public/x",
        &[("authorization", "Basic YTpi")],
    ));
    assert!(!removed(&passed, "authorization"));
}

#[test]
fn the_token_is_passed_on_where_that_is_asked_for() {
    let mut config = config_with(&json!([]));
    let header = latchkey_filter_config::HeaderName::token();
    config.forward_token = Some(latchkey_filter_config::ForwardToken { header });
    let mut gate = Gate::new(config, [3; 16]);
    gate.set_keys(key_set(&signing_key(1)));
    let token = token();
    let cookie = format!("{COOKIE}={token}");
    let passed = changes(decide(&mut gate, "GET", "/x", &[("cookie", &cookie)]));
    assert_eq!(set(&passed, "x-latchkey-token"), Some(token.as_str()));
}

#[test]
fn the_sign_in_is_open_only_where_it_really_is() {
    let mut gate = Gate::new(config_with(&rules()), [3; 16]);
    let mut decide = |host: &str, path: &str, cluster: &str| {
        let headers: Vec<(&[u8], &[u8])> = vec![
            (b":method", b"POST"),
            (b":path", path.as_bytes()),
            (b":authority", host.as_bytes()),
            (b"cookie", b"__Host-latchkey=x"),
            (b"x-latchkey-client-address", b"127.0.0.1"),
            (b"x_auth_request_user", b"root"),
        ];
        let surroundings = Fixed {
            cluster: Some(cluster),
            address: Some("192.0.2.7:99"),
            certificate: None,
        };
        gate.decide(&Request::new(headers), &surroundings, NOW, &InProcess)
    };
    let passed = changes(decide(
        "app.example.com",
        "/_latchkey/login",
        "latchkey-public",
    ));
    assert_eq!(set(&passed, "x-latchkey-client-address"), Some("192.0.2.7"));
    assert!(
        removed(&passed, "x-latchkey-client-address") && removed(&passed, "x_auth_request_user")
    );
    assert!(
        !removed(&passed, "cookie"),
        "the sidecar reads the session itself"
    );

    for (host, path, cluster, reason) in [
        ("app.example.com", "/_latchkey/login", "app", Reason::NoKeys),
        (
            "other.example.com",
            "/_latchkey/login",
            "latchkey-public",
            Reason::NoKeys,
        ),
        (
            "app.example.com",
            "/_latchkey/../admin",
            "latchkey-public",
            Reason::NoKeys,
        ),
        (
            "app.example.com",
            "/x/../_latchkey/login",
            "app",
            Reason::SignInPath,
        ),
        (
            "app.example.com",
            "/_latchkey//login",
            "latchkey-public",
            Reason::SignInPath,
        ),
    ] {
        assert_eq!(
            refused(&decide(host, path, cluster)),
            reason,
            "{host} {path}"
        );
    }
}

#[test]
fn without_keys_only_what_is_public_passes() {
    let mut gate = Gate::new(config_with(&rules()), [3; 16]);
    assert!(!gate.is_ready());
    let cookie = format!("{COOKIE}={}", token());
    for headers in [&[][..], &[("cookie", cookie.as_str())]] {
        let decision = decide(&mut gate, "GET", "/x", headers);
        assert_eq!(refused(&decision), Reason::NoKeys);
        let Outcome::Refuse(_, response) = decision.outcome else {
            unreachable!()
        };
        assert!(
            response
                .headers
                .iter()
                .any(|(name, _)| *name == "retry-after")
        );
        changes(decide(&mut gate, "GET", "/public/x", headers));
    }
    gate.set_keys(key_set(&signing_key(1)));
    assert!(gate.is_ready());
    changes(decide(&mut gate, "GET", "/x", &[("cookie", &cookie)]));
}

struct Counting(std::cell::Cell<u32>);

impl SignatureVerifier for Counting {
    fn verify(&self, key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
        self.0.set(self.0.get() + 1);
        InProcess.verify(key, message, signature)
    }
}

#[test]
fn a_signature_is_checked_once_and_the_time_each_time() {
    let mut gate = gate();
    let verifier = Counting(std::cell::Cell::new(0));
    let cookie = format!("{COOKIE}={}", token());
    let headers: Vec<(&[u8], &[u8])> = vec![
        (b":method", b"GET"),
        (b":path", b"/x"),
        (b":authority", b"app.example.com"),
        (b"cookie", cookie.as_bytes()),
    ];
    let request = Request::new(headers);
    let mut at = |now| gate.decide(&request, &Fixed::default(), now, &verifier);
    assert_eq!(at(NOW).cache_hit, Some(false));
    assert_eq!(at(NOW + 1).cache_hit, Some(true));
    let last = claims().exp + 29;
    assert_eq!(at(last).cache_hit, Some(true));
    assert_eq!(verifier.0.get(), 1);
    let (expired_at, now) = (claims().exp, last + 1);
    let expected = Reason::Token(TokenError::Expired { expired_at, now });
    for _ in 0..2 {
        assert_eq!(refused(&at(last + 1)), expected);
    }
}

#[test]
fn a_key_that_is_gone_vouches_for_nothing() {
    let mut gate = gate();
    let cookie = format!("{COOKIE}={}", token());
    let cookie = [("cookie", cookie.as_str())];
    changes(decide(&mut gate, "GET", "/x", &cookie));
    gate.set_keys(key_set(&signing_key(1)));
    assert_eq!(
        decide(&mut gate, "GET", "/x", &cookie).cache_hit,
        Some(true)
    );
    gate.set_keys(key_set(&signing_key(2)));
    let reason = refused(&decide(&mut gate, "GET", "/x", &cookie));
    assert_eq!(reason, Reason::Token(TokenError::KeyIdUnknown));
}

#[test]
fn forged_tokens_are_not_remembered() {
    let gate = &mut gate();
    let forged = signing_key(2).sign(&claims()).unwrap();
    let cookie = format!("{COOKIE}={forged}");
    for _ in 0..2 {
        let decision = decide(gate, "GET", "/x", &[("cookie", &cookie)]);
        assert_eq!(decision.cache_hit, Some(false));
        assert_eq!(refused(&decision), Reason::Token(TokenError::KeyIdUnknown));
    }
}

#[test]
fn another_site_cannot_act_with_the_users_cookie() {
    let gate = &mut gate();
    let (cookie, bearer) = (
        format!("{COOKIE}={}", token()),
        format!("Bearer {}", token()),
    );
    let evil = ("origin", "https://evil.example");
    for (method, headers) in [
        ("POST", &[("cookie", cookie.as_str()), evil][..]),
        ("POST", &[("cookie", cookie.as_str()), ("origin", "null")]),
        (
            "GET",
            &[("cookie", cookie.as_str()), ("upgrade", "websocket"), evil],
        ),
    ] {
        assert_eq!(
            refused(&decide(gate, method, "/x", headers)),
            Reason::CrossSite,
            "{headers:?}"
        );
    }
    changes(decide(gate, "GET", "/x", &[("cookie", &cookie), evil]));
    changes(decide(
        gate,
        "POST",
        "/x",
        &[("authorization", &bearer), evil],
    ));
    changes(decide(
        gate,
        "POST",
        "/x",
        &[("cookie", &cookie), ("origin", "https://app.example.com")],
    ));
    let sibling = [
        ("cookie", cookie.as_str()),
        ("origin", "https://pay.example.com"),
    ];
    assert_eq!(
        refused(&decide(gate, "POST", "/x", &sibling)),
        Reason::CrossSite
    );
    changes(decide(gate, "POST", "/files/x", &sibling));
}

#[test]
fn only_responses_with_a_cookie_of_ours_need_no_store() {
    let gate = gate();
    let sets = |values: &[&[u8]]| gate.sets_session(values.iter().copied());
    assert!(sets(&[b"a=b", b"__Host-latchkey=x; Path=/"]));
    assert!(sets(&[b"__host-latchkey-refresh=; Max-Age=0"]));
    assert!(!sets(&[b"a=b; Path=/; x=__Host-latchkey"]));
    assert!(!sets(&[b"a=b; __Host-latchkey=x"]));
    assert!(!sets(&[]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_anywhere_have_a_decision(
        path in prop::collection::vec(any::<u8>(), 0..40),
        headers in prop::collection::vec((
            prop::sample::select(vec![
                ":authority", ":method", ":path", "cookie", "authorization", "origin", "upgrade",
                "sec-fetch-site", "sec-fetch-mode", "accept", "x_auth-request-user",
            ]),
            prop::collection::vec(any::<u8>(), 0..40),
        ), 0..6),
    ) {
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| (*name, value.as_slice())).collect();
        let _ = decide_raw(&mut gate(), "GET", &path, &headers);
    }

    #[test]
    fn what_is_matched_is_what_is_forwarded(path in "/(public|closed|x|\\.\\.|%2e|//|;|%2f|\\\\|/){1,8}") {
        let gate = &mut gate();
        if let Outcome::Forward(changes) = decide(gate, "GET", &path, &[]).outcome {
            // Nobody is signed in: it must be public as it stands, and still be when asked again.
            let forwarded = set(&changes, ":path").unwrap_or(&path).to_owned();
            prop_assert!(forwarded == "/public" || forwarded.starts_with("/public/"), "{forwarded}");
            let again = self::changes(decide(gate, "GET", &forwarded, &[]));
            prop_assert_eq!(again, Changes::default());
        }
    }
}
