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
    for (left, thumbprint, mut new, passes) in [
        (-100, &ours, bound_to(&ours, 600), true),
        (59, &ours, bound_to(&ours, 600), true),
        (-100, &ours, bound_to(&other, 600), false),
    ] {
        let mut old = bound_to(thumbprint, left);
        old.sid = format!("{left} {passes}");
        new.sid.clone_from(&old.sid);
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

/// What the cookies of this account ask, whose token says this of its refresh cookie.
fn ask_of(gate: &mut Gate, sub: &str, secret: &str, rt_hash: Option<&str>) -> Ask {
    let old = token(&Claims {
        sub: sub.to_owned(),
        rt_hash: rt_hash.map(str::to_owned),
        ..ending(-100)
    });
    let cookies = format!("__Host-latchkey={old}; __Host-latchkey-refresh={secret}");
    ask(decide(gate, &cookies))
}

/// How many calls can be made for this.
fn calls(gate: &mut Gate, ask: &Ask) -> usize {
    let started = |_: &usize| gate.start_renewal(ask, NOW_MS) == Ok(());
    (0..=MAX_CALLS).take_while(started).count()
}

#[test]
fn calls_in_flight_are_capped_and_those_of_clients_who_went_away_count_no_more() {
    let mut gate = gate();
    for number in 0..MAX_CALLS {
        let ask = ask_of(&mut gate, &format!("user-{number}"), SECRET, None);
        gate.start_renewal(&ask, NOW_MS).unwrap();
    }
    let (last, late) = (
        ask_of(&mut gate, "user-63", SECRET, None),
        ask_of(&mut gate, "user-64", SECRET, None),
    );
    assert_eq!(gate.start_renewal(&late, NOW_MS), Err(NoCall::Capped));
    gate.drop_renewal(&last);
    gate.start_renewal(&late, NOW_MS).unwrap();
    assert_eq!(gate.start_renewal(&late, NOW_MS), Err(NoCall::Capped));
}

#[test]
fn an_account_has_as_many_calls_as_are_free_and_leaves_some_to_all_others() {
    let mut gate = gate();
    let mut free = MAX_CALLS;
    for (number, most) in [32, 16, 8, 4, 2, 1, 1].into_iter().enumerate() {
        let greedy = ask_of(&mut gate, &format!("user-{number}"), SECRET, None);
        assert_eq!(calls(&mut gate, &greedy), most);
        free -= most;
        assert_eq!(MAX_CALLS - gate.renewals.in_flight(), free);
    }
    // Whose calls have ended makes room for whoever comes next.
    let first = ask_of(&mut gate, "user-0", SECRET, None);
    gate.drop_renewal(&first);
    let next = ask_of(&mut gate, "user-9", SECRET, None);
    assert_eq!(calls(&mut gate, &next), 1);
    assert_eq!(gate.start_renewal(&first, NOW_MS), Err(NoCall::Capped));
}

#[test]
fn who_makes_secrets_up_keeps_neither_the_owner_nor_anybody_else_out() {
    // base64url of 16 zero bytes and 32 of them, and half of the hash of the latter.
    let (owners, named) = ("A".repeat(64), "Zmh6rfhivXdsj8GLjp-OIA");
    assert!(latchkey_token::cookie::belongs(owners.as_bytes(), named));
    let mut gate = gate();
    let stolen = |gate: &mut Gate, secret: &str| ask_of(gate, "ann", secret, Some(named));
    let count = (0..MAX_CALLS)
        .filter(|number| {
            let made_up = stolen(&mut gate, &format!("made-up-{number}"));
            gate.start_renewal(&made_up, NOW_MS).is_ok()
        })
        .count();
    assert_eq!(count, 8);
    // Under whatever account: it is not the account that counts.
    let other = ask_of(&mut gate, "bob", "made-up", Some(named));
    assert_eq!(gate.start_renewal(&other, NOW_MS), Err(NoCall::Capped));
    let own = stolen(&mut gate, &owners);
    assert_eq!(calls(&mut gate, &own), 28, "as if alone");
    // Nor with a token of before, when tokens named no secret.
    let old = ask_of(&mut gate, "ann", "made-up", None);
    assert_eq!(calls(&mut gate, &old), 14);
}

#[test]
fn one_answer_serves_all_old_tokens_of_a_session_and_no_younger_one() {
    let mut gate = gate();
    let of = |jti: &str, left| {
        token(&Claims {
            jti: jti.to_owned(),
            ..ending(left)
        })
    };
    let new = of("new", 50);
    let first = ask(decide(&mut gate, &cookies(&of("first", -200))));
    gate.finish_renewal(&first, renewed(&new), NOW_MS, &InProcess);
    for left in [-100, 30] {
        let decision = decide(&mut gate, &cookies(&of("second", left)));
        assert_eq!(passed(&decision), new);
        assert_eq!(decision.set_cookie, [SET_COOKIE]);
    }
    // It is about to end itself, and so is one that lives longer: both ask.
    ask(decide(&mut gate, &cookies(&new)));
    ask(decide(&mut gate, &cookies(&of("younger", 51))));
}

#[test]
fn a_session_that_is_over_is_asked_for_again_only_after_a_moment() {
    for answer in [
        Answer::Over,
        renewed(&token(&Claims {
            sid: "b".into(),
            ..ending(600)
        })),
    ] {
        let mut gate = gate();
        let cookies = cookies(&token(&ending(-100)));
        let waited = ask(decide(&mut gate, &cookies));
        gate.start_renewal(&waited, NOW_MS).unwrap();
        gate.finish_renewal(&waited, answer, NOW_MS, &InProcess);
        assert!(is_expired(reason(decide(&mut gate, &cookies))));
        assert!(gate.renewals.is_over(&waited, NOW + 1));
        assert!(!gate.renewals.is_over(&waited, NOW + 2));
        ask(decide(&mut gate, &cookies));
    }
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
