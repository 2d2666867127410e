//! A token that has ended, or is about to, and what the sidecar says to that.

use latchkey_token::Confirmation;

use super::*;

fn is_expired(reason: Reason) -> bool {
    matches!(reason, Reason::Token(TokenError::Expired { .. }))
}

#[test]
fn an_expired_session_waits_for_a_new_token_and_goes_on_with_it() {
    let (old, new) = (token(&ending(-100)), token(&ending(600)));
    let mut gate = gate();
    let ask = ask(decide(&mut gate, &cookies(&old)));
    assert_eq!(ask.body(), format!(r#"{{"refresh":"{SECRET}"}}"#));
    gate.start_renewal(&ask, NOW_MS).unwrap();
    let after = gate.finish_renewal(&ask, renewed(&new), NOW_MS, &InProcess);
    assert_eq!(after, Some(After::Renewal));
    let cookies = cookies(&old);
    let decision = decide_after(&mut gate, After::Renewal, &[("cookie", &cookies)]);
    assert_eq!(passed(&decision), new);
    assert_eq!(decision.set_cookie, [SET_COOKIE]);
    // Those who still send the old one make no call, and get the new cookie too.
    let decision = decide(&mut gate, &cookies);
    assert_eq!(passed(&decision), new);
    assert_eq!(decision.set_cookie, [SET_COOKIE]);
    assert_eq!(gate.renewals.in_flight(), 0);
}

#[test]
fn what_is_remembered_is_for_the_same_refresh_cookie_only() {
    let (old, new) = (token(&ending(-100)), token(&ending(600)));
    let mut gate = gate();
    let first = ask(decide(&mut gate, &cookies(&old)));
    gate.finish_renewal(&first, renewed(&new), NOW_MS, &InProcess);
    let bare = format!("__Host-latchkey={old}");
    assert!(
        is_expired(reason(decide(&mut gate, &bare))),
        "a token alone"
    );
    let other = format!("{bare}; __Host-latchkey-refresh=other");
    assert_ne!(ask(decide(&mut gate, &other)), first);
}

#[test]
fn without_a_signed_token_by_cookie_and_a_refresh_cookie_no_call_is_made() {
    let expired = token(&ending(-100));
    let forged = signing_key(2).sign(&ending(-100)).unwrap();
    let (_, signature) = forged.rsplit_once('.').unwrap();
    let (signed, _) = expired.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{signature}");
    let elsewhere = token(&Claims {
        aud: vec!["other".into()],
        ..ending(-100)
    });
    let mut gate = gate();
    for (what, cookie) in [
        ("nothing", String::new()),
        (
            "a secret alone",
            format!("__Host-latchkey-refresh={SECRET}"),
        ),
        ("a token alone", format!("__Host-latchkey={expired}")),
        ("rubbish", cookies("a.b.c")),
        ("forged", cookies(&forged)),
        ("of another application", cookies(&elsewhere)),
        (
            "two secrets",
            format!("{}; __Host-latchkey-refresh=a", cookies(&expired)),
        ),
        (
            "a secret with a quote",
            format!("__Host-latchkey={expired}; __Host-latchkey-refresh=a\"b"),
        ),
        (
            "an endless secret",
            format!(
                "__Host-latchkey={expired}; __Host-latchkey-refresh={}",
                "a".repeat(257)
            ),
        ),
    ] {
        let outcome = decide(&mut gate, &cookie).outcome;
        assert!(
            matches!(outcome, Outcome::Refuse(..)),
            "{what}: {outcome:?}"
        );
    }
    let headers = [
        ("authorization", &*format!("Bearer {expired}")),
        ("cookie", &*format!("__Host-latchkey-refresh={SECRET}")),
    ];
    assert!(is_expired(reason(decide_after(
        &mut gate,
        After::Nothing,
        &headers
    ))));
    let cookies = cookies(&expired);
    let foreign = [
        ("cookie", &*cookies),
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
    ];
    let decision = decide_after(&mut gate, After::Nothing, &foreign);
    assert_eq!(reason(decision), Reason::CrossSite);
}

#[test]
fn a_bound_session_is_renewed_over_its_certificate_alone_and_stays_bound() {
    let bound_to = |thumbprint: &str, left| Claims {
        cnf: Some(Confirmation {
            certificate_thumbprint: thumbprint.to_owned(),
        }),
        ..ending(left)
    };
    let (ours, other) = (format!("{}P8", "A".repeat(41)), "A".repeat(43));
    let digits = "00".repeat(31) + "ff";
    let with = Fixed {
        certificate: Some(&digits),
        ..Fixed::default()
    };
    let mut gate = gate();
    for (left, thumbprint, new, passes) in [
        (-100, &ours, bound_to(&ours, 600), true),
        (59, &ours, bound_to(&ours, 600), true),
        (-100, &ours, bound_to(&other, 600), false),
    ] {
        let mut old = bound_to(thumbprint, left);
        old.jti = format!("{left} {passes}");
        let cookies = cookies(&token(&old));
        let header = [("cookie", &*cookies)];
        let without = decide_over(&Fixed::default(), &mut gate, After::Nothing, &header);
        assert_eq!(reason(without), Reason::CertificateMismatch, "no call");
        let ask = ask(decide_over(&with, &mut gate, After::Nothing, &header));
        gate.finish_renewal(&ask, renewed(&token(&new)), NOW_MS, &InProcess);
        let decision = decide_over(&with, &mut gate, After::Renewal, &header);
        if passes {
            assert_eq!(passed(&decision), token(&new));
        } else {
            assert_eq!(decision.set_cookie.len(), 0);
            assert_eq!(reason(decision), Reason::CertificateMismatch);
        }
        // What is remembered is no way around it.
        let without = decide_over(&Fixed::default(), &mut gate, After::Nothing, &header);
        assert_eq!(without.set_cookie.len(), 0);
        assert_eq!(reason(without), Reason::CertificateMismatch);
    }
}

#[test]
fn a_token_that_is_about_to_end_is_replaced_but_goes_on_if_it_cannot_be() {
    let mut gate = gate();
    let long = cookies(&token(&ending(61)));
    passed(&decide(&mut gate, &long));
    let old = token(&ending(59));
    let cookies = cookies(&old);
    let waits = ask(decide(&mut gate, &cookies));
    gate.start_renewal(&waits, NOW_MS).unwrap();
    // Others of the session do not wait.
    assert_eq!(gate.start_renewal(&waits, NOW_MS), Err(NoCall::NotNeeded));
    let header = [("cookie", &*cookies)];
    let decision = decide_after(&mut gate, After::Renewal, &header);
    assert_eq!((passed(&decision), decision.set_cookie.len()), (old, 0));
    // The sidecar fails: it goes on. The session is over: so is the token.
    assert_eq!(
        gate.finish_renewal(&waits, Answer::Failed, NOW_MS, &InProcess),
        None
    );
    passed(&decide_after(&mut gate, After::Renewal, &header));
    let decision = decide_after(&mut gate, After::SessionOver, &header);
    assert!(is_expired(reason(decision)));
}

#[test]
fn a_token_with_a_short_life_is_not_replaced_by_every_request() {
    let claims = Claims {
        iat: NOW - 10,
        exp: NOW + 40,
        ..claims()
    };
    passed(&decide(&mut gate(), &cookies(&token(&claims))));
}

#[test]
fn a_sidecar_that_is_not_well_means_a_short_refusal_for_the_expired() {
    let mut gate = gate();
    let cookies = cookies(&token(&ending(-100)));
    let header = [("cookie", &*cookies)];
    let mut now = NOW_MS;
    for pause in [125, 250, 500, 1_000, 1_000] {
        let ask = ask(decide(&mut gate, &cookies));
        gate.start_renewal(&ask, now).unwrap();
        assert_eq!(
            gate.finish_renewal(&ask, Answer::Failed, now, &InProcess),
            None
        );
        let decision = decide_after(&mut gate, After::Renewal, &header);
        let Outcome::Refuse(Reason::NoRenewal, response) = decision.outcome else {
            panic!("{:?}", decision.outcome)
        };
        assert_eq!(response.status, 503);
        assert!(
            response
                .headers
                .iter()
                .any(|(name, _)| *name == "retry-after")
        );
        assert_eq!(
            gate.start_renewal(&ask, now + pause - 1),
            Err(NoCall::Paused),
            "{pause}"
        );
        now += pause;
    }
    let ask = ask(decide(&mut gate, &cookies));
    gate.start_renewal(&ask, now).unwrap();
    let over = gate.finish_renewal(&ask, Answer::Over, now, &InProcess);
    assert_eq!(over, Some(After::SessionOver));
    let decision = decide_after(&mut gate, After::SessionOver, &header);
    assert!(is_expired(reason(decision)));
    gate.start_renewal(&ask, now).unwrap();
}

#[test]
fn calls_in_flight_are_capped_and_those_of_clients_who_went_away_count_no_more() {
    let mut gate = gate();
    let ask = ask(decide(&mut gate, &cookies(&token(&ending(-100)))));
    for _ in 0..MAX_CALLS {
        gate.start_renewal(&ask, NOW_MS).unwrap();
    }
    assert_eq!(gate.start_renewal(&ask, NOW_MS), Err(NoCall::Capped));
    gate.drop_renewal(&ask);
    gate.start_renewal(&ask, NOW_MS).unwrap();
    assert_eq!(gate.start_renewal(&ask, NOW_MS), Err(NoCall::Capped));
}

/// A sidecar's answer with the claims of a good new token, changed.
fn answer(edit: &dyn Fn(&mut Claims)) -> Answer {
    let mut claims = ending(600);
    edit(&mut claims);
    renewed(&token(&claims))
}

/// Why the request is refused that got this answer, and whether nobody may ask for a moment.
fn refused_after(answer: Answer) -> (Reason, bool) {
    let mut gate = gate();
    let cookies = cookies(&token(&ending(-100)));
    let ask = ask(decide(&mut gate, &cookies));
    let after = gate.finish_renewal(&ask, answer, NOW_MS, &InProcess);
    let after = after.unwrap_or(After::Renewal);
    let decision = decide_after(&mut gate, after, &[("cookie", &cookies)]);
    let pauses = gate.start_renewal(&ask, NOW_MS) == Err(NoCall::Paused);
    (reason(decision), pauses)
}

#[test]
fn a_new_token_is_judged_like_any_other() {
    for (what, answer) in [
        ("expired", answer(&|claims| claims.exp = NOW - 100)),
        ("rubbish", renewed("rubbish")),
        (
            "by another signer",
            renewed(&signing_key(2).sign(&ending(600)).unwrap()),
        ),
    ] {
        let refused = refused_after(answer);
        assert_eq!(refused, (Reason::NoRenewal, true), "{what}");
    }
}

#[test]
fn a_secret_that_opens_something_else_is_no_fault_of_the_sidecar() {
    for (what, answer) in [
        ("of another user", answer(&|claims| claims.sub = "b".into())),
        (
            "of another session",
            answer(&|claims| claims.sid = "b".into()),
        ),
        (
            "for others",
            answer(&|claims| claims.aud = vec!["b".into()]),
        ),
    ] {
        let (reason, pauses) = refused_after(answer);
        assert!(is_expired(reason), "{what}: {reason}");
        assert!(
            !pauses,
            "{what}: whoever has mixed cookies is no reason to make others wait"
        );
    }
}

#[test]
fn answers_are_read_strictly() {
    let read = |status: &[u8], body: &str| Answer::read(status, body.as_bytes());
    let good = r#"{"token":"t","set_cookie":["a=b; Secure"]}"#;
    assert!(matches!(read(b"200", good), Answer::Renewed(r) if r.token == "t"));
    assert!(matches!(read(b"401", ""), Answer::Over));
    let many = json!({"token": "t", "set_cookie": vec!["a=b"; 5]}).to_string();
    for (status, body) in [
        (&b"504"[..], good),
        (b"403", ""),
        (b"200", ""),
        (b"200", "upstream request timeout"),
        (b"200", r#"{"token":"t"}"#),
        (b"200", r#"{"token":1,"set_cookie":[]}"#),
        (b"200", r#"{"token":"t","token":"u","set_cookie":[]}"#),
        (b"200", r#"{"token":"t","set_cookie":["a\r\nb"]}"#),
        (b"200", r#"{"token":"t","set_cookie":"a"}"#),
        (b"200", &many),
    ] {
        assert!(matches!(read(status, body), Answer::Failed), "{body}");
    }
}
