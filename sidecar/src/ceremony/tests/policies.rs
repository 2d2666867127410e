//! Each part of a policy: what is offered, and what is enforced.

use super::super::{
    Conveyance, DiscoverableCredential, Hint, LONGEST_CEREMONY, Policy, UserVerification,
    registered_under,
};
use super::*;
use crate::model::PolicyName;
use serde_json::json;
use software_authenticator::flag;

fn two_factor() -> Policy {
    Policy::two_factor()
}

#[test]
fn the_strict_policy_is_strict_and_the_looser_one_asks_for_little() {
    let strict = creation_options(&Policy::passwordless());
    assert_eq!(
        strict["pubKeyCredParams"],
        json!([{"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -257}])
    );
    assert_eq!(
        strict["authenticatorSelection"]["userVerification"],
        "required"
    );
    assert_eq!(strict["authenticatorSelection"]["residentKey"], "required");
    let loose = creation_options(&two_factor());
    assert_eq!(
        loose["authenticatorSelection"]["userVerification"],
        "discouraged"
    );
    assert_eq!(
        loose["authenticatorSelection"]["residentKey"],
        "discouraged"
    );
    assert_eq!(loose["authenticatorSelection"]["requireResidentKey"], false);
    assert!(Policy::passwordless().is_loginless() && !two_factor().is_loginless());
}

#[test]
fn attestation_and_hints_are_offered() {
    for (conveyance, word) in [
        (Conveyance::None, "none"),
        (Conveyance::Indirect, "indirect"),
        (Conveyance::Direct, "direct"),
        (Conveyance::Enterprise, "enterprise"),
    ] {
        let policy = Policy {
            attestation: conveyance,
            ..Policy::default()
        };
        assert_eq!(creation_options(&policy)["attestation"], word);
    }
    let policy = Policy {
        hints: vec![Hint::SecurityKey, Hint::ClientDevice, Hint::Hybrid],
        ..Policy::default()
    };
    let hints = json!(["security-key", "client-device", "hybrid"]);
    assert_eq!(creation_options(&policy)["hints"], hints);
    let login = login::request_options(&relying_party(), &policy, &[], &[1]);
    assert_eq!(login["hints"], hints);
    assert!(creation_options(&Policy::default()).get("hints").is_none());
}

#[test]
fn no_timeout_leaves_it_to_the_browser_but_not_the_ceremony() {
    let policy = Policy {
        timeout: None,
        ..Policy::default()
    };
    assert!(creation_options(&policy).get("timeout").is_none());
    let login = login::request_options(&relying_party(), &policy, &[], &[1]);
    assert!(login.get("timeout").is_none());
    assert_eq!(policy.ceremony_life(), LONGEST_CEREMONY);
    assert_eq!(Policy::default().ceremony_life(), Seconds(300));
}

#[test]
fn the_account_s_credentials_are_named_only_where_the_same_authenticator_is_avoided() {
    let (_, credential) = enrolled(|_| {});
    let excluded = |policy: &Policy| {
        let user = (USER.0.as_bytes().as_slice(), &name("alice"), "Alice");
        let options =
            enrol::creation_options(&relying_party(), policy, user, &[&credential], &CHALLENGE);
        options["excludeCredentials"].as_array().map(Vec::len)
    };
    assert_eq!(excluded(&Policy::default()), Some(1));
    let either = Policy {
        avoid_same_authenticator: false,
        ..Policy::default()
    };
    assert_eq!(excluded(&either), Some(0));
}

#[test]
fn user_verification_can_differ_between_registration_and_login() {
    let policy = Policy {
        user_verification: UserVerification::Preferred,
        registration_user_verification: Some(UserVerification::Required),
        ..Policy::default()
    };
    let options = creation_options(&policy);
    assert_eq!(
        options["authenticatorSelection"]["userVerification"],
        "required"
    );
    let login = login::request_options(&relying_party(), &policy, &[], &[1]);
    assert_eq!(login["userVerification"], "preferred");
    let mut authenticator = Authenticator::new(ORIGIN);
    authenticator.flags = flag::USER_PRESENT;
    let response = authenticator.create(&options);
    assert_eq!(reason(register(&policy, &response)), "user_not_verified");
    let other_way = Policy {
        user_verification: UserVerification::Required,
        registration_user_verification: Some(UserVerification::Discouraged),
        ..Policy::default()
    };
    let new = register(&other_way, &response).expect("not asked for at registration");
    assert!(!new.user_verified);
}

#[test]
fn lists_of_models_hold_without_attestation_and_all_zeros_are_on_none() {
    let (mine, other) = (Uuid::from_bytes([9; 16]), Uuid::from_bytes([8; 16]));
    let ask = |aaguid: Uuid, acceptable: &[Uuid], forbidden: &[Uuid]| {
        let policy = Policy {
            acceptable_aaguids: acceptable.to_vec(),
            forbidden_aaguids: forbidden.to_vec(),
            ..Policy::default()
        };
        let mut authenticator = Authenticator::new(ORIGIN);
        authenticator.aaguid = *aaguid.as_bytes();
        let response = authenticator.create(&creation_options(&policy));
        register(&policy, &response).map_or_else(
            |refusal| refusal.reason(),
            |new| {
                if new.credential.attested {
                    "attested"
                } else {
                    "unattested"
                }
            },
        )
    };
    for (aaguid, acceptable, forbidden, expected) in [
        (mine, &[][..], &[][..], "unattested"),
        (mine, &[other, mine], &[], "unattested"),
        (mine, &[other], &[], "aaguid_not_acceptable"),
        (mine, &[], &[other], "unattested"),
        (mine, &[], &[mine], "aaguid_forbidden"),
        (mine, &[mine], &[mine], "aaguid_forbidden"),
        (Uuid::nil(), &[mine], &[], "aaguid_not_acceptable"),
        // Even where someone wrote them down.
        (Uuid::nil(), &[Uuid::nil()], &[], "aaguid_not_acceptable"),
        (Uuid::nil(), &[], &[mine], "unattested"),
        (Uuid::nil(), &[], &[Uuid::nil()], "unattested"),
    ] {
        let outcome = ask(aaguid, acceptable, forbidden);
        assert_eq!(outcome, expected, "{aaguid} {acceptable:?} {forbidden:?}");
    }
}

#[test]
fn a_second_factor_never_signs_in_alone() {
    let mut authenticator = Authenticator::new(ORIGIN);
    authenticator.flags = flag::USER_PRESENT;
    let response = authenticator.create(&creation_options(&two_factor()));
    let credential = register(&two_factor(), &response)
        .expect("the looser policy")
        .credential;
    assert_eq!(registered_under(&credential), PolicyName::TwoFactor);
    authenticator.flags |= flag::USER_VERIFIED;
    let alice = name("alice");
    let mut finish = |begun: &Policy, finished: &Policy, user: Option<&UserName>| {
        let expires_at = NOW.plus(Seconds(300));
        let key = challenge_key();
        let bytes = challenge::issue(&key, [1; 16], MOUNT, user, begun, expires_at);
        let options = login::request_options(&relying_party(), begun, &[], &bytes);
        log_in(finished, &credential, &authenticator.get(&options))
            .map_or_else(|refusal| refusal.reason(), |_| "passes")
    };
    let (strict, loose) = (Policy::passwordless(), two_factor());
    assert_eq!(finish(&loose, &loose, Some(&alice)), "passes");
    assert_eq!(
        finish(&strict, &strict, Some(&alice)),
        "credential_of_other_policy"
    );
    assert_eq!(finish(&loose, &loose, None), "loginless_under_two_factor");
    assert_eq!(
        finish(&loose, &strict, Some(&alice)),
        "challenge_of_other_policy"
    );
    assert_eq!(
        finish(&strict, &loose, Some(&alice)),
        "challenge_of_other_policy"
    );
}

#[test]
fn a_passwordless_credential_is_good_as_second_factor() {
    let (mut authenticator, credential) = enrolled(|_| {});
    let loose = two_factor();
    let bytes = challenge::issue(
        &challenge_key(),
        [1; 16],
        MOUNT,
        Some(&name("alice")),
        &loose,
        NOW.plus(Seconds(300)),
    );
    let options = login::request_options(&relying_party(), &loose, &[], &bytes);
    log_in(&loose, &credential, &authenticator.get(&options)).expect("a second factor");
}

#[test]
fn a_mount_finds_the_policy_of_a_challenge_among_those_it_has() {
    // Even where both ask the same at login.
    let same = Policy {
        user_verification: UserVerification::Required,
        discoverable_credential: DiscoverableCredential::Required,
        ..two_factor()
    };
    let both = Mount::new(
        MOUNT,
        relying_party(),
        Policy::passwordless(),
        Some(same.clone()),
    );
    let one = mount();
    for (policy, name) in [
        (Policy::passwordless(), PolicyName::Passwordless),
        (same, PolicyName::TwoFactor),
    ] {
        let challenge = challenge::Challenge::trusted(&[1], MOUNT, &policy);
        assert_eq!(
            both.policy_of(&challenge).map(|found| found.name),
            Some(name)
        );
        let there = one.policy_of(&challenge).is_some();
        assert_eq!(there, name == PolicyName::Passwordless);
    }
}

#[test]
fn a_record_from_before_there_were_two_policies_is_of_the_strict_one() {
    let (_, mut credential) = enrolled(|_| {});
    let record = credential.record.as_object_mut().expect("an object");
    record.remove("policy");
    assert_eq!(registered_under(&credential), PolicyName::Passwordless);
    credential.record["policy"] = json!("something new");
    assert_eq!(registered_under(&credential), PolicyName::TwoFactor);
}
