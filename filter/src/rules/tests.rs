use proptest::prelude::*;
use serde_json::json;

use super::*;
use oracle::linear;

mod oracle;

fn config(rules: &serde_json::Value) -> FilterConfig {
    let text = json!({
        "issuer": "https://app.example.com/_latchkey", "audiences": ["app"],
        "hosts": ["app.example.com"],
        "sidecar": {"cluster": "internal", "public_cluster": "public"},
        "rules": rules,
    });
    FilterConfig::parse(text.to_string().as_bytes()).unwrap()
}

fn index(config: &FilterConfig, host: &str, method: &str, path: &str) -> Option<usize> {
    let target = Target::parse(path.as_bytes()).unwrap();
    let rules = Rules::new(&config.rules);
    rules.choose(config, host, method.as_bytes(), &target).index
}

fn one(allow: &str, pattern: &str) -> FilterConfig {
    config(&json!([{"match": {"paths": [pattern]}, "allow": allow}]))
}

#[track_caller]
fn check(config: &FilterConfig, matching: &[&str], others: &[&str]) {
    for path in matching {
        assert_eq!(index(config, "h", "GET", path), Some(0), "{path}");
    }
    for path in others {
        assert_eq!(index(config, "h", "GET", path), None, "{path}");
    }
}

#[test]
fn public_patterns_match_to_the_letter() {
    check(
        &one("public", "/a/b"),
        &["/a/b", "/a//b", "/x/../a/b", "/a/%62", "/a/b?c"],
        &[
            "/a/b/", "/a", "/A/b", "/a/b;x", "/a/b.", "/a/b/c", "/a?/a/b",
        ],
    );
    check(
        &one("public", "/a/**"),
        &["/a", "/a/", "/a/b", "/a/b/c", "/a/b;x"],
        &["/", "/ab", "/A/b", "/a;x/b", "/a./b"],
    );
    check(&one("public", "/a/*"), &["/a/b"], &["/a/", "/a", "/a/b/c"]);
    check(
        &one("public", "/a/*/c"),
        &["/a/b/c"],
        &["/a/c", "/a/b/d/c", "/a/b/c/"],
    );
    check(&one("public", "/"), &["/", "//", "/a/.."], &["/a"]);
    check(&one("public", "/**"), &["/", "/a", "/a/b"], &["*", ""]);
    check(&one("public", "/a/"), &["/a/"], &["/a"]);
    check(&one("public", "/a%20b"), &["/a%20b"], &["/a%2520b", "/ab"]);
    check(
        &one("public", "/a+b"),
        &["/a+b", "/a%2Bb", "/a%2bb"],
        &["/a%20b"],
    );
}

#[test]
fn guarding_patterns_match_what_careless_servers_take_for_the_same() {
    for allow in ["deny", "authenticated"] {
        check(
            &one(allow, "/admin"),
            &[
                "/admin",
                "/admin/",
                "/ADMIN",
                "/admin;x",
                "/admin.",
                "/admin%20",
                "/aDmin;a/",
            ],
            &["/admin/x", "/administrator", "/"],
        );
        check(
            &one(allow, "/admin/**"),
            &[
                "/admin",
                "/admin/",
                "/Admin/x",
                "/admin;v=1/x",
                "/admin./x",
                "/admin//x",
            ],
            &["/adminx", "/x/admin"],
        );
        check(
            &one(allow, "/admin/"),
            &["/admin", "/admin/"],
            &["/admin/x"],
        );
    }
}

#[test]
fn a_guard_of_get_is_one_of_head() {
    let path = Target::parse(b"/x").unwrap();
    for (allow, guards) in [("deny", true), ("authenticated", true), ("public", false)] {
        let config = config(&json!([{"match": {"methods": ["GET"]}, "allow": allow}]));
        let rules = Rules::new(&config.rules);
        for method in [&b"HEAD"[..], b"head"] {
            let chosen = rules.choose(&config, "app.example.com", method, &path);
            assert_eq!(chosen.index.is_some(), guards, "{allow}");
        }
    }
    // What it permits it permits to GET.
    let config = config(
        &json!([{"match": {"methods": ["GET"]}, "allow": "authenticated",
        "refuse_ambiguous_paths": false}]),
    );
    let rules = Rules::new(&config.rules);
    let chosen = |method: &[u8]| rules.choose(&config, "app.example.com", method, &path);
    assert!(!chosen(b"GET").refuse_ambiguous_paths);
    assert!(chosen(b"HEAD").refuse_ambiguous_paths);
    // And not the other way round.
    let config = self::config(&json!([{"match": {"methods": ["HEAD"]}, "allow": "deny"}]));
    let rules = Rules::new(&config.rules);
    let chosen = rules.choose(&config, "app.example.com", b"GET", &path);
    assert_eq!(chosen.index, None);
}

#[test]
fn methods_in_other_case_are_guarded_and_never_public() {
    for allow in ["deny", "authenticated"] {
        let config = config(&json!([
            {"match": {"paths": ["/api/**"], "methods": ["POST"]}, "allow": allow},
            {"match": {"paths": ["/api/**"]}, "allow": "public"},
        ]));
        for method in ["POST", "post", "Post"] {
            assert_eq!(index(&config, "h", method, "/api/x"), Some(0), "{method}");
        }
        assert_eq!(index(&config, "h", "GET", "/api/x"), Some(1));
    }
    let config = config(&json!([{"match": {"methods": ["GET"]}, "allow": "public"}]));
    assert_eq!(index(&config, "h", "GET", "/"), Some(0));
    assert_eq!(index(&config, "h", "get", "/"), None);
}

#[test]
fn the_first_rule_that_matches_decides() {
    let config = config(&json!([
        {"match": {"paths": ["/a/secret"]}, "allow": "deny"},
        {"match": {"paths": ["/a/**"], "methods": ["GET", "HEAD"]}, "allow": "public"},
        {"match": {"hosts": ["other.example.com"]}, "allow": "authenticated"},
    ]));
    assert_eq!(index(&config, "h", "GET", "/a/secret"), Some(0));
    assert_eq!(index(&config, "h", "GET", "/a/x"), Some(1));
    assert_eq!(index(&config, "h", "POST", "/a/x"), None);
    assert_eq!(index(&config, "h", "get", "/a/x"), None);
    assert_eq!(index(&config, "other.example.com", "POST", "/a/x"), Some(2));
    assert_eq!(index(&config, "other.example.com", "OPTIONS", "*"), Some(2));
}

#[test]
fn without_a_rule_the_default_holds() {
    let config = config(&json!([]));
    let target = Target::parse(b"/").unwrap();
    let chosen = Rules::new(&[]).choose(&config, "h", b"GET", &target);
    assert_eq!(chosen.access, Access::Authenticated);
    assert!(chosen.refuse_ambiguous_paths);
}

#[test]
fn hosts_in_several_rules_share_nothing_that_differs() {
    let config = config(&json!([
        {"match": {"hosts": ["a", "b"], "paths": ["/x"]}, "allow": "deny"},
        {"match": {"hosts": ["b", "c"], "paths": ["/y"]}, "allow": "deny"},
        {"match": {"hosts": ["b", "a", "b"], "paths": ["/*/z"]}, "allow": "public"},
        {"match": {"paths": ["/y", "/x"]}, "allow": "authenticated"},
        {"match": {"hosts": ["c"]}, "allow": "public"},
    ]));
    for (host, path, expected) in [
        ("a", "/x", Some(0)),
        ("b", "/x", Some(0)),
        ("c", "/x", Some(3)),
        ("d", "/x", Some(3)),
        ("a", "/y", Some(3)),
        ("b", "/y", Some(1)),
        ("a", "/y/z", Some(2)),
        ("c", "/y/z", Some(4)),
        ("c", "*", Some(4)),
        ("d", "/y/z", None),
    ] {
        assert_eq!(index(&config, host, "GET", path), expected, "{host} {path}");
    }
}

/// Patterns and paths of few pieces, so that they meet often.
fn pattern() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec!["a", "b", "A", "*", "a.", "%20", "...", "a%2eb", "c+"]);
    let end = prop::sample::select(vec!["", "/", "/**"]);
    (prop::collection::vec(piece, 0..4), end).prop_map(|(pieces, end)| {
        let whole: String = pieces.iter().flat_map(|piece| ["/", piece]).collect();
        match format!("{whole}{end}") {
            empty if empty.is_empty() => "/".to_owned(),
            whole => whole,
        }
    })
}

fn path() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a", "b", "A", "B", "a.", "%20", "...", "a.b", "A.B", "c%2B", "c", "a;x", ";x", "a%2fb",
        "..", ".", "", "b%20", "..;", "x",
    ]);
    prop::collection::vec(piece, 1..5).prop_map(|pieces| format!("/{}", pieces.join("/")))
}

fn rule() -> impl Strategy<Value = serde_json::Value> {
    let hosts = prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 1..3);
    let methods = prop::collection::vec(prop::sample::select(vec!["GET", "POST"]), 1..3);
    let paths = prop::collection::vec(pattern(), 1..3);
    let allow = prop::sample::select(vec!["public", "authenticated", "deny"]);
    (
        prop::option::weighted(0.4, hosts),
        prop::option::weighted(0.3, methods),
        prop::option::weighted(0.8, paths),
        allow,
    )
        .prop_map(|(hosts, methods, paths, allow)| {
            let mut matches = serde_json::Map::new();
            for (name, list) in [
                ("hosts", hosts.map(|list| json!(list))),
                ("methods", methods.map(|list| json!(list))),
                ("paths", paths.map(|list| json!(list))),
            ] {
                matches.extend(list.map(|list| (name.to_owned(), list)));
            }
            json!({"match": matches, "allow": allow})
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn the_compiled_rules_decide_as_one_by_one(
        rules in prop::collection::vec(rule(), 0..8),
        host in prop::sample::select(vec!["a", "b", "c", "d"]),
        method in prop::sample::select(vec!["GET", "POST", "post", "PUT"]),
        paths in prop::collection::vec(prop_oneof![9 => path(), 1 => Just("*".to_owned())], 1..8),
    ) {
        let config = config(&json!(rules));
        let compiled = Rules::new(&config.rules);
        for path in &paths {
            let Ok(target) = Target::parse(path.as_bytes()) else { continue };
            let found = compiled.choose(&config, host, method.as_bytes(), &target);
            let expected = linear(&config, host, method.as_bytes(), &target);
            prop_assert_eq!(found.index, expected, "{} {} {}", method, host, path);
        }
    }
}

#[test]
fn what_a_guarded_rule_permits_it_permits_to_the_letter() {
    let config = config(&json!([
        {"match": {"paths": ["/other", "/api/**"], "methods": ["POST", "OPTIONS"]},
         "allow": "authenticated", "preflight": "pass",
         "same_site_origins": ["https://pay.example.com"], "refuse_ambiguous_paths": false},
    ]));
    let rules = Rules::new(&config.rules);
    for (method, path, permitted) in [
        ("OPTIONS", "/api/x", true),
        ("POST", "/other", true),
        ("OPTIONS", "/Api/x", false),
        ("OPTIONS", "/api;v=1/x", false),
        ("options", "/api/x", false),
        ("POST", "/other/", false),
        ("POST", "/api/a%2fb", true),
        ("POST", "/API/a%2fb", false),
        ("post", "/api/a%2fb", false),
        ("POST", "/api;v=1/a%2fb", false),
    ] {
        let target = Target::parse(path.as_bytes()).unwrap();
        let chosen = rules.choose(&config, "h", method.as_bytes(), &target);
        assert_eq!(chosen.index, Some(0), "{method} {path}");
        assert_eq!(
            chosen.preflight == Preflight::Pass,
            permitted,
            "{method} {path}"
        );
        assert_eq!(
            !chosen.same_site_origins.is_empty(),
            permitted,
            "{method} {path}"
        );
        assert_eq!(!chosen.refuse_ambiguous_paths, permitted, "{method} {path}");
    }
}
