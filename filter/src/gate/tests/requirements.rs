//! Sessions that are not what a rule asks for.

use super::*;

#[test]
fn who_lacks_rights_is_refused_and_known() {
    let gate = &mut guarded(&json!({"allow": "authenticated", "require": {"groups": ["admins"]}}));
    let cookie = cookie_of(&claims());
    let decision = decide(gate, "GET", "/x", &[("cookie", &cookie)]);
    assert_eq!(refused(&decision), Reason::GroupMissing);
    assert_eq!(response(&decision).status, 403);
    assert_eq!(decision.token.unwrap().claims().sub, claims().sub);
    let mut member = claims();
    member.groups = vec!["admins".to_owned()];
    let decision = decide(gate, "GET", "/x", &[("cookie", &cookie_of(&member))]);
    assert_eq!(decision.token.as_ref().unwrap().claims().groups, ["admins"]);
    changes(decision);
}

#[test]
fn a_step_up_is_a_challenge_for_programs_and_a_login_for_people() {
    let gate = &mut guarded(&json!({"allow": "authenticated", "require": {
        "acr": "phr", "max_age": "5m", "authenticator": {"user_verified": true, "attested": true},
    }}));
    let cookie = cookie_of(&claims());
    let decision = decide(gate, "POST", "/x?y", &[("cookie", &cookie)]);
    let answer = response(&decision);
    assert_eq!(answer.status, 401);
    assert_eq!(
        header(answer, "www-authenticate"),
        Some(
            "Bearer realm=\"latchkey\", error=\"insufficient_user_authentication\", \
             max_age=\"300\", acr_values=\"phr\", need=\"user_verified,attested\""
        )
    );
    assert_eq!(header(answer, "x-latchkey-reason"), Some("step-up"));
    let headers = [("cookie", cookie.as_str()), ("sec-fetch-mode", "navigate")];
    let decision = decide(gate, "GET", "/x?y", &headers);
    let answer = response(&decision);
    assert_eq!(answer.status, 302);
    assert_eq!(
        header(answer, "location"),
        Some("/_latchkey/login?rd=/x%3Fy&max_age=300&acr_values=phr&need=user_verified,attested")
    );
    let decision = decide(gate, "POST", "/x", &headers);
    let answer = response(&decision);
    assert!(
        answer
            .body
            .contains("rd=/x&amp;max_age=300&amp;acr_values=phr"),
        "{answer:?}"
    );
    // Who is not signed in at all is asked for a session first.
    assert_eq!(
        refused(&decide(gate, "GET", "/x", &[])),
        Reason::NoCredential
    );
}

#[test]
fn a_bound_session_is_refused_under_every_rule_and_before_anything_else() {
    let gate = &mut gate();
    let mut bound = claims();
    bound.cnf = Some(latchkey_token::Confirmation {
        certificate_thumbprint: "A".repeat(43),
    });
    let cookie = cookie_of(&bound);
    // The thumbprint that a client claims for itself is nothing.
    let claimed = ("x-latchkey-client-certificate", "A".repeat(43));
    let headers = [("cookie", cookie.as_str()), (claimed.0, claimed.1.as_str())];
    let decision = decide(gate, "GET", "/files/x", &headers);
    assert_eq!(refused(&decision), Reason::CertificateMismatch);
    assert_eq!(response(&decision).status, 401);
    let gate = &mut guarded(&json!({"allow": "authenticated", "require": {"certificate": true}}));
    let unbound = cookie_of(&claims());
    let decision = decide(gate, "GET", "/x", &[("cookie", &unbound)]);
    assert_eq!(refused(&decision), Reason::CertificateMissing);
}

#[test]
fn no_call_is_made_for_a_session_of_another_certificate() {
    let mut stolen = claims();
    stolen.exp = NOW - 60;
    stolen.cnf = Some(latchkey_token::Confirmation {
        certificate_thumbprint: "A".repeat(43),
    });
    let cookie = format!("{}; __Host-latchkey-refresh=secret", cookie_of(&stolen));
    let decision = decide(&mut gate(), "GET", "/x", &[("cookie", &cookie)]);
    assert_eq!(refused(&decision), Reason::CertificateMismatch);
}
