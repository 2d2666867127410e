//! Which rule a request falls under.
//!
//! A public rule matches to the letter. A rule that guards or denies also matches what a careless
//! server would take for the same path: other case, `;parameters`, dots or a slash at the end; and
//! methods in other case. So the mistake that remains possible asks for a session where none was
//! needed.

use latchkey_filter_config::{Access, FilterConfig, Origin, PathPattern, PatternSegment, Rule};

use crate::path::{NormalPath, Target, decoded};

/// What holds for a request.
#[derive(Debug, Clone, Copy)]
pub struct Chosen<'a> {
    /// Which rule, counted from 0; none where the default holds.
    pub index: Option<usize>,
    /// What it lets pass.
    pub access: Access,
    /// Whether an ambiguous path is refused.
    pub refuse_ambiguous_paths: bool,
    /// Other origins that may send changing requests with the session's cookie.
    pub same_site_origins: &'a [Origin],
}

/// Finds the first rule that matches, or else the default.
#[must_use]
pub fn choose<'a>(
    config: &'a FilterConfig,
    host: &str,
    method: &[u8],
    target: &Target<'_>,
) -> Chosen<'a> {
    let found = config
        .rules
        .iter()
        .enumerate()
        .find(|(_, rule)| matches(rule, host, method, target));
    match found {
        Some((index, rule)) => Chosen {
            index: Some(index),
            access: rule.allow,
            refuse_ambiguous_paths: rule.refuse_ambiguous_paths,
            same_site_origins: &rule.same_site_origins,
        },
        None => Chosen {
            index: None,
            access: config.default,
            refuse_ambiguous_paths: true,
            same_site_origins: &[],
        },
    }
}

fn matches(rule: &Rule, host: &str, method: &[u8], target: &Target<'_>) -> bool {
    let conditions = &rule.matches;
    let to_the_letter = rule.allow == Access::Public;
    let host_matches = conditions
        .hosts
        .as_ref()
        .is_none_or(|hosts| hosts.iter().any(|named| named.as_str() == host));
    let method_matches = conditions.methods.as_ref().is_none_or(|methods| {
        methods.iter().any(|named| {
            let named = named.as_str().as_bytes();
            // HTTP/2 carries any case, and some servers take `post` for POST.
            named == method || (!to_the_letter && named.eq_ignore_ascii_case(method))
        })
    });
    let path_matches = || {
        conditions
            .paths
            .as_ref()
            .is_none_or(|patterns| match target {
                Target::Path(path) => patterns
                    .iter()
                    .any(|pattern| pattern_matches(pattern, path, to_the_letter)),
                Target::None => false,
            })
    };
    host_matches && method_matches && path_matches()
}

fn pattern_matches(pattern: &PathPattern, path: &NormalPath<'_>, to_the_letter: bool) -> bool {
    let mut wanted = pattern.segments();
    let mut given: Vec<&str> = path.segments().collect();
    if !to_the_letter {
        if given.last().is_some_and(|last| last.is_empty()) {
            given.pop();
        }
        if let Some((PatternSegment::Exactly(last), before)) = wanted.split_last()
            && last.is_empty()
        {
            wanted = before;
        }
    }
    let lengths_match = if pattern.covers_below() {
        given.len() >= wanted.len()
    } else {
        given.len() == wanted.len()
    };
    lengths_match
        && wanted
            .iter()
            .zip(given)
            .all(|(wanted, given)| match wanted {
                PatternSegment::Any => !given.is_empty(),
                PatternSegment::Exactly(wanted) if to_the_letter => *wanted == *decoded(given),
                PatternSegment::Exactly(wanted) => {
                    let given = decoded(given);
                    let given = given.split(|byte| *byte == b';').next().unwrap_or_default();
                    bare(wanted).eq_ignore_ascii_case(bare(given))
                }
            })
}

/// Without the dots and spaces at the end, which some file systems drop.
fn bare(segment: &[u8]) -> &[u8] {
    let mut rest = segment;
    while let [before @ .., b'.' | b' '] = rest {
        rest = before;
    }
    rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
        choose(config, host, method.as_bytes(), &target).index
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
        let chosen = choose(&config, "h", b"GET", &target);
        assert_eq!(chosen.access, Access::Authenticated);
        assert!(chosen.refuse_ambiguous_paths);
    }
}
