//! The path that is matched is the path that is forwarded.

use super::*;

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

proptest! {
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
