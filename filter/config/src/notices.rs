//! What is right, and probably not what was meant. Said only where it is certain.

use crate::{Access, FilterConfig, Match, Method, PathPattern, PatternSegment, Rule, error::About};

impl FilterConfig {
    /// What the person who wrote the rules should know: a sentence each, beginning with the key.
    #[must_use]
    pub fn notices(&self) -> Vec<String> {
        let rules = || self.rules.iter().enumerate();
        let mut notices = Vec::new();
        if !self.enforce {
            notices.push(
                "enforce: nothing is refused, and headers of ours pass as clients send them: the \
                 application must not believe them"
                    .to_owned(),
            );
        }
        if self.default == Access::Public {
            let what = match self.rules.as_slice() {
                [] => "everything",
                _ => "whatever no rule matches",
            };
            notices.push(format!(
                "default: {what} is open to everyone, without a session"
            ));
        }
        for (index, rule) in rules() {
            let mut before = rules()
                .take(index)
                .map(|(at, earlier)| (at, left(earlier, rule)));
            let about = rule.about();
            let about = About(about.as_deref());
            if let Some((earlier, left)) = before.find(|(_, left)| *left != Left::More) {
                notices.push(match left {
                    Left::OddSpellings => format!(
                        "rules[{index}] does not close what it names: rules[{earlier}] comes first \
                         and opens it to everyone{about}"
                    ),
                    _ => format!(
                        "rules[{index}] never decides: rules[{earlier}] comes first and matches \
                         whatever it matches{about}"
                    ),
                });
            } else if rule.allow == Access::Public && is_everything(&rule.matches) {
                let what = match index {
                    0 => "everything",
                    _ => "whatever no rule before it matches",
                };
                notices.push(format!(
                    "rules[{index}]: {what} is open to everyone, without a session{about}"
                ));
            }
        }
        notices
    }
}

fn is_everything(matches: &Match) -> bool {
    matches.hosts.is_none() && matches.methods.is_none() && every_path(matches)
}

fn every_path(matches: &Match) -> bool {
    let all = |path: &PathPattern| path.covers_below() && path.segments().is_empty();
    matches
        .paths
        .as_ref()
        .is_none_or(|paths| paths.iter().any(all))
}

/// What an earlier rule leaves for a later one, as far as that is certain.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    /// Nothing.
    Nothing,
    /// What the later one matches beyond what it says: `/Admin` under `/admin`, `get` under `GET`. A
    /// public rule matches to the letter, others do not.
    OddSpellings,
    /// Other requests, for all that is known.
    More,
}

fn left(earlier: &Rule, later: &Rule) -> Left {
    let (wide, narrow) = (&earlier.matches, &later.matches);
    let hosts = match (&wide.hosts, &narrow.hosts) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => narrow.iter().all(|host| wide.contains(host)),
    };
    let is_open = earlier.allow == Access::Public;
    let methods = wide.methods.is_none() || methods_within(wide, narrow, !is_open);
    let paths = every_path(wide) || paths_within(wide, narrow);
    let to_the_letter = is_open && later.allow != Access::Public;
    let is_named = wide.methods.is_some() || !every_path(wide);
    match hosts && methods && paths {
        false => Left::More,
        true if to_the_letter && is_named => Left::OddSpellings,
        true => Left::Nothing,
    }
}

/// `guards`: whether the wide one is about HEAD where it names GET.
fn methods_within(wide: &Match, narrow: &Match, guards: bool) -> bool {
    let is_get = |method: &Method| method.as_str() == "GET";
    let has = |wide: &[Method], it: &Method| {
        wide.contains(it) || guards && it.as_str() == "HEAD" && wide.iter().any(is_get)
    };
    let all = |wide: &[Method], narrow: &[Method]| narrow.iter().all(|it| has(wide, it));
    match (&wide.methods, &narrow.methods) {
        (Some(wide), Some(narrow)) => all(wide, narrow),
        _ => false,
    }
}

fn paths_within(wide: &Match, narrow: &Match) -> bool {
    match (&wide.paths, &narrow.paths) {
        (Some(wide), Some(narrow)) => narrow
            .iter()
            .all(|path| wide.iter().any(|pattern| is_wider(pattern, path))),
        _ => false,
    }
}

/// Whether a pattern matches every path that another one matches.
fn is_wider(wide: &PathPattern, narrow: &PathPattern) -> bool {
    let (above, below) = (wide.segments(), narrow.segments());
    let long_enough = if wide.covers_below() {
        above.len() <= below.len()
    } else {
        above.len() == below.len() && !narrow.covers_below()
    };
    long_enough
        && above
            .iter()
            .zip(below)
            .all(|(a, b)| a == b || is_any_of(a, b))
}

/// Any segment that is not empty, whatever a careless server leaves of it.
fn is_any_of(wide: &PatternSegment, narrow: &PatternSegment) -> bool {
    match (wide, narrow) {
        (PatternSegment::Any, PatternSegment::Exactly(bytes)) => {
            bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::FilterConfig;
    use serde_json::{Value, json};

    fn config(rules: &Value) -> Value {
        json!({
            "issuer": "https://app.example.com/_latchkey",
            "audiences": ["app"],
            "hosts": ["app.example.com"],
            "sidecar": {"cluster": "latchkey-internal", "public_cluster": "latchkey-public"},
            "rules": rules,
        })
    }

    fn notices(rules: &Value) -> Vec<String> {
        let config = config(rules).to_string();
        FilterConfig::parse(config.as_bytes()).unwrap().notices()
    }

    #[test]
    fn a_public_default_is_noted() {
        let said = |rules: Value| {
            let mut config = config(&rules);
            config["default"] = "public".into();
            let config = FilterConfig::parse(config.to_string().as_bytes()).unwrap();
            config.notices()
        };
        assert_eq!(
            said(json!([])),
            ["default: everything is open to everyone, without a session"]
        );
        let rule = json!({"match": {"paths": ["/app/**"]}, "allow": "authenticated"});
        assert_eq!(
            said(json!([rule])),
            ["default: whatever no rule matches is open to everyone, without a session"]
        );
        assert_eq!(notices(&json!([])), Vec::<String>::new());
    }

    #[test]
    fn a_filter_that_refuses_nothing_is_noted() {
        let mut config = config(&json!([]));
        config["enforce"] = false.into();
        let config = FilterConfig::parse(config.to_string().as_bytes()).unwrap();
        let said = config.notices();
        assert_eq!(said.len(), 1);
        assert!(
            said[0].starts_with("enforce: nothing is refused"),
            "{said:?}"
        );
    }

    /// Whether the second of two rules is noted as one that never decides.
    fn hides(first: Value, second: Value) -> bool {
        let rules = Value::Array(vec![first, second]);
        let said = notices(&rules);
        let found = said
            .iter()
            .any(|it| it.starts_with("rules[1] never decides: rules[0] comes first"));
        assert!(
            found || !said.iter().any(|it| it.contains("never")),
            "{said:?}"
        );
        found
    }

    fn rule(allow: &str, matches: &Value) -> Value {
        json!({ "match": matches, "allow": allow })
    }

    fn paths(allow: &str, path: &str) -> Value {
        rule(allow, &json!({ "paths": [path] }))
    }

    #[test]
    fn a_rule_below_a_wider_one_is_noted() {
        for (wide, narrow) in [
            ("/**", "/a"),
            ("/a/**", "/a"),
            ("/a/**", "/a/"),
            ("/a/**", "/a/b/**"),
            ("/a/**", "/a/*"),
            ("/a/*", "/a/b"),
            ("/a", "/a"),
        ] {
            let (first, second) = (paths("authenticated", wide), paths("deny", narrow));
            assert!(hides(first, second), "{wide} {narrow}");
        }
    }

    #[test]
    fn a_rule_that_can_decide_is_not() {
        for (other, path) in [
            ("/a/b", "/a/**"),
            ("/a/b", "/a/*"),
            ("/a", "/a/"),
            ("/a/*", "/a/"),
            ("/a/*", "/a/**"),
            ("/a/**", "/ab"),
            ("/*/b", "/a/c"),
        ] {
            let (first, second) = (paths("authenticated", other), paths("deny", path));
            assert!(!hides(first, second), "{other} {path}");
        }
    }

    #[test]
    fn a_door_that_was_opened_before_is_not_closed_again() {
        let get = json!({ "methods": ["GET"], "paths": ["/a/b"] });
        for (closing, about) in [
            (paths("deny", "/a/b"), "/a/b"),
            (paths("authenticated", "/a/b/**"), "/a/b/**"),
            (rule("authenticated", &get), "/a/b"),
        ] {
            let said = notices(&json!([paths("public", "/a/**"), closing]));
            assert_eq!(
                said,
                [format!(
                    "rules[1] does not close what it names: rules[0] comes first and opens it to \
                     everyone (the rule for {about})"
                )]
            );
        }
        let elsewhere = notices(&json!([paths("public", "/a/**"), paths("deny", "/b")]));
        assert_eq!(elsewhere, Vec::<String>::new());
        let exception = notices(&json!([paths("public", "/a/b"), paths("deny", "/a/**")]));
        assert_eq!(exception, Vec::<String>::new());
    }

    #[test]
    fn what_a_public_rule_does_not_match_to_the_letter_is_left() {
        let guarded = || paths("deny", "/a/b");
        assert!(!hides(paths("public", "/a/**"), guarded()), "/A/b is left");
        assert!(hides(paths("public", "/a/**"), paths("public", "/a/b")));
        assert!(hides(paths("public", "/**"), guarded()));
        let get = |allow| rule(allow, &json!({ "methods": ["GET"] }));
        assert!(!hides(get("public"), get("deny")), "«get» is left");
        let head = |allow| rule(allow, &json!({ "methods": ["HEAD"] }));
        assert!(hides(get("authenticated"), head("deny")));
        assert!(!hides(get("public"), head("public")));
        assert_eq!(notices(&json!([get("public"), head("deny")])).len(), 0);
        assert!(hides(get("deny"), get("public")));
    }

    #[test]
    fn hosts_and_methods_must_be_within_too() {
        let of = |matches| rule("authenticated", &matches);
        let host = || of(json!({ "hosts": ["a.example"], "methods": ["GET"] }));
        assert!(hides(of(json!({})), host()));
        assert!(hides(
            of(json!({ "hosts": ["b.example", "a.example"] })),
            host()
        ));
        assert!(hides(of(json!({ "methods": ["PUT", "GET"] })), host()));
        assert!(!hides(of(json!({ "hosts": ["b.example"] })), host()));
        assert!(!hides(of(json!({ "methods": ["PUT"] })), host()));
        assert!(!hides(host(), of(json!({}))));
    }

    #[test]
    fn what_the_rule_is_about_is_said() {
        let said = notices(&json!([paths("deny", "/a/**"), paths("deny", "/a/b")]));
        assert_eq!(
            said,
            [
                "rules[1] never decides: rules[0] comes first and matches whatever it matches \
              (the rule for /a/b)"
            ]
        );
    }

    #[test]
    fn an_open_door_is_noted() {
        let open = rule("public", &json!({}));
        let said = notices(&json!([open]));
        assert_eq!(
            said,
            ["rules[0]: everything is open to everyone, without a session"]
        );
        let said = notices(&json!([paths("deny", "/a"), paths("public", "/**")]));
        assert_eq!(said.len(), 1);
        assert!(
            said[0].starts_with("rules[1]: whatever no rule before it matches is open"),
            "{said:?}"
        );
        for closed in [
            rule("public", &json!({ "hosts": ["a.example"] })),
            rule("public", &json!({ "paths": ["/a/**"] })),
            rule("authenticated", &json!({})),
        ] {
            assert_eq!(notices(&json!([closed])), Vec::<String>::new());
        }
    }
}
