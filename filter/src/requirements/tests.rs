use serde_json::{Value, json};

use super::*;
use crate::test_support::{self, NOW};

const SKEW: u64 = 30;
const KEY: &str = "ee882879-721c-4913-9775-3dfcce97072a";

fn require(require: &Value) -> Require {
    let rules = json!([{"allow": "authenticated", "require": require}]);
    let config = test_support::config_with(&rules);
    config.rules[0].require.clone().unwrap()
}

/// A session of the strongest kind, a minute old, changed by `change`.
fn claims(change: impl FnOnce(&mut Claims)) -> Claims {
    let text = |text: &&str| (*text).to_owned();
    let mut claims = Claims {
        groups: ["staff", "admins"].iter().map(text).collect(),
        policies: vec!["deploy".to_owned()],
        acr: Some("phrh".to_owned()),
        amr: ["hwk", "user", "mfa"].iter().map(text).collect(),
        auth_time: Some(NOW - 60),
        authn: Some(Authn {
            aaguid: KEY.to_owned(),
            attested: true,
            uv: true,
            be: false,
            bs: false,
            attachment: None,
        }),
        ..test_support::claims()
    };
    change(&mut claims);
    claims
}

fn checked(required: &Value, change: impl FnOnce(&mut Claims)) -> Result<(), Reason> {
    check(&require(required), &claims(change), NOW, SKEW)
}

#[track_caller]
fn lacking(required: &Value, change: impl FnOnce(&mut Claims)) -> StepUp {
    match checked(required, change) {
        Err(Reason::StepUp(lacking)) => lacking,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_session_that_has_everything_passes() {
    let all = json!({
        "groups": {"any": ["admins", "x"], "all": ["staff"]}, "policies": ["deploy"],
        "acr": "phr", "amr": ["hwk", "user"], "max_age": "1m",
        "authenticator": {"user_verified": true, "synced": false, "attested": true,
            "aaguids": ["00000000-0000-0000-0000-000000000000", KEY]},
    });
    assert_eq!(checked(&all, |_| ()), Ok(()));
}

#[test]
fn groups_and_policies_are_any_and_all_to_the_byte() {
    for (name, missing) in [
        ("groups", Reason::GroupMissing),
        ("policies", Reason::PolicyMissing),
    ] {
        let given = |claims: &mut Claims, given: &[&str]| {
            let given = given.iter().map(|text| (*text).to_owned()).collect();
            if name == "groups" {
                claims.groups = given;
            } else {
                claims.policies = given;
            }
        };
        for (wanted, has, passes) in [
            (json!(["a", "b"]), &["b"][..], true),
            (json!(["a", "b"]), &["c", "A", "a "], false),
            (json!(["a"]), &[], false),
            (json!({"any": ["a", "b"]}), &["a"], true),
            (json!({"all": ["a", "b"]}), &["a"], false),
            (json!({"all": ["a", "b"]}), &["b", "a"], true),
            (json!({"any": ["a"], "all": ["b"]}), &["b"], false),
            (json!({"any": ["a"], "all": ["b"]}), &["a"], false),
            (json!({"any": ["a"], "all": ["b"]}), &["a", "b", "c"], true),
        ] {
            let result = checked(&json!({name: wanted}), |claims| given(claims, has));
            let expected = if passes { Ok(()) } else { Err(missing) };
            assert_eq!(result, expected, "{name}: {wanted} of {has:?}");
        }
    }
}

#[test]
fn the_stronger_class_is_the_weaker_one_too() {
    for (wanted, given, passes) in [
        ("phr", Some("phr"), true),
        ("phr", Some("phrh"), true),
        ("phrh", Some("phrh"), true),
        ("phrh", Some("phr"), false),
        ("phr", Some("PHR"), false),
        ("phr", Some("phr "), false),
        ("phr", None, false),
    ] {
        let result = checked(&json!({"acr": wanted}), |claims| {
            claims.acr = given.map(str::to_owned);
        });
        assert_eq!(result.is_ok(), passes, "{wanted}: {given:?}");
    }
    let lacking = lacking(&json!({"acr": "phrh"}), |claims| {
        claims.acr = Some("phr".to_owned());
    });
    assert_eq!(lacking.parameters(), [("acr_values", "phrh".to_owned())]);
}

#[test]
fn presence_gets_old_to_the_second() {
    let wanted = json!({"max_age": "5m"});
    for (auth_time, passes) in [
        (Some(NOW), true),
        (Some(NOW - 330), true),
        (Some(NOW - 331), false),
        (Some(0), false),
        (None, false),
        // Of a clock that is ahead.
        (Some(NOW + 1000), true),
        (Some(u64::MAX), true),
    ] {
        let result = checked(&wanted, |claims| claims.auth_time = auth_time);
        assert_eq!(result.is_ok(), passes, "{auth_time:?}");
    }
    let lacking = lacking(&wanted, |claims| claims.auth_time = None);
    assert_eq!(lacking.parameters(), [("max_age", "300".to_owned())]);
    assert_eq!(lacking.reason(), "session_too_old");
}

#[test]
fn exactly_what_an_authenticator_lacks_is_named() {
    let weak = |claims: &mut Claims| {
        claims.authn = Some(Authn {
            be: true,
            ..Authn::default()
        });
        claims.amr = vec!["swk".to_owned()];
    };
    let hard = |claims: &mut Claims| claims.amr = vec!["hwk".to_owned()];
    let authenticator = |wanted: Value| json!({"authenticator": wanted});
    for (wanted, needs) in [
        (
            authenticator(json!({"user_verified": true})),
            "user_verified",
        ),
        (authenticator(json!({"synced": false})), "device_bound"),
        (authenticator(json!({"attested": true})), "attested"),
        (authenticator(json!({"aaguids": [KEY]})), "aaguid"),
        (
            authenticator(json!({"user_verified": true, "synced": true, "attested": true})),
            "user_verified,attested",
        ),
        (json!({"amr": ["hwk"]}), "device_bound"),
        (json!({"amr": ["swk", "mfa"]}), "user_verified"),
        (json!({"amr": ["user"]}), "user_verified"),
    ] {
        assert_eq!(lacking(&wanted, weak).needs.names(), needs, "{wanted}");
    }
    let synced = authenticator(json!({"synced": true}));
    assert_eq!(lacking(&synced, hard).needs.names(), "synced");
    assert_eq!(
        lacking(&json!({"amr": ["swk"]}), hard).needs.names(),
        "synced"
    );
}

#[test]
fn a_session_that_does_not_say_by_what_has_no_class() {
    for wanted in [
        json!({"user_verified": true}),
        json!({"synced": false}),
        json!({"synced": true}),
        json!({"attested": true}),
        json!({"aaguids": [KEY]}),
    ] {
        let required = json!({"authenticator": wanted});
        assert!(
            checked(&required, |claims| claims.authn = None).is_err(),
            "{wanted}"
        );
    }
}

#[test]
fn what_no_login_gives_comes_first() {
    let both = json!({"groups": ["x"], "max_age": "1s"});
    let old = |claims: &mut Claims| claims.auth_time = Some(0);
    assert_eq!(checked(&both, old), Err(Reason::GroupMissing));
    let bound = json!({"certificate": true, "max_age": "1s"});
    assert_eq!(checked(&bound, old), Err(Reason::CertificateMissing));
}

#[test]
fn everything_that_is_lacking_is_said_at_once() {
    let wanted = json!({"acr": "phrh", "max_age": "10s", "authenticator": {"attested": true}});
    let lacking = lacking(&wanted, |claims| {
        claims.acr = Some("phr".to_owned());
        claims.authn = None;
    });
    assert_eq!(
        lacking.parameters(),
        [
            ("max_age", "10".to_owned()),
            ("acr_values", "phrh".to_owned()),
            ("need", "attested".to_owned()),
        ]
    );
}
