//! What a login must and must not be.

use super::super::{CeremonyError, Policy, UserVerification};
use super::*;
use serde_json::json;
use software_authenticator::{AssertionDraft, Key, encode, flag};

#[test]
fn a_good_login_with_and_without_a_user_name() {
    let (mut authenticator, mut credential) = enrolled(|_| {});
    for (count, user) in [(2, Some(name("alice"))), (3, None)] {
        let response = authenticator.get(&request_options(user.as_ref()));
        let verified = log_in(&Policy::default(), &credential, &response).expect("a good login");
        assert_eq!(verified.sign_count, count);
        assert!(verified.user_verified && !verified.backup_eligible && !verified.backup_state);
        assert_eq!(
            verified.attachment.map(super::super::Attachment::as_str),
            Some("platform")
        );
        credential.sign_count = verified.sign_count;
    }
}

#[test]
fn a_good_login_with_rs256() {
    let (mut authenticator, credential) = enrolled(|authenticator| authenticator.rsa = true);
    assert_eq!(credential.algorithm, -257);
    let options = request_options(None);
    let draft = authenticator.draft_assertion(&options);
    let verified = log_in(&Policy::default(), &credential, &draft.seal()).expect("a good login");
    assert_eq!(verified.sign_count, 2);

    // Of another message, cut short, and of the other kind.
    let mut wrong = draft.clone();
    let mut signature = authenticator.credentials[0].key.sign(b"something else");
    wrong.signature = Some(signature.clone());
    let refused = log_in(&Policy::default(), &credential, &wrong.seal());
    assert_eq!(reason(refused), "signature");
    signature.pop();
    wrong.signature = Some(signature);
    let refused = log_in(&Policy::default(), &credential, &wrong.seal());
    assert_eq!(reason(refused), "signature");
    wrong.signature = None;
    wrong.key = Key::from_seed([1; 32]);
    let refused = log_in(&Policy::default(), &credential, &wrong.seal());
    assert_eq!(reason(refused), "signature");
}

#[test]
fn rs256_is_refused_where_it_was_not_offered() {
    let mut authenticator = Authenticator::new(ORIGIN);
    authenticator.rsa = true;
    let policy = Policy {
        algorithms: vec![super::super::Algorithm::Es256],
        ..Policy::default()
    };
    let response = authenticator.create(&creation_options(&policy));
    assert_eq!(
        reason(register(&policy, &response)),
        "algorithm_not_offered"
    );
}

/// What is changed, the reason that it is refused for, and the change.
type Case = (&'static str, &'static str, fn(&mut AssertionDraft));

const ONE_WRONG_THING: &[Case] = &[
    ("a challenge that is none of ours", "challenge_form", |d| {
        d.client_data.challenge = encode(&[1; 32]);
    }),
    ("a forged challenge", "challenge_forged", |d| {
        d.client_data.challenge = encode(&[1; challenge::CHALLENGE_BYTES]);
    }),
    ("stray bits in the challenge", "member_encoding", |d| {
        d.client_data.challenge.push('A');
    }),
    ("type of a registration", "client_data_type", |d| {
        d.client_data.type_ = "webauthn.create".to_owned();
    }),
    ("type of a payment", "client_data_type", |d| {
        d.client_data.type_ = "payment.get".to_owned();
    }),
    ("another port", "origin", |d| {
        d.client_data.origin.push_str(":8443");
    }),
    ("plain http", "origin", |d| {
        d.client_data.origin = "http://example.org".to_owned();
    }),
    ("a path", "origin", |d| {
        d.client_data.origin.push_str("/login");
    }),
    ("user info", "origin", |d| {
        d.client_data.origin = "https://a@example.org".to_owned();
    }),
    ("a look-alike", "origin", |d| {
        d.client_data.origin = "https://examp1e.org".to_owned();
    }),
    ("a suffix", "origin", |d| {
        d.client_data.origin.push_str(".evil.example");
    }),
    ("cross-origin", "cross_origin", |d| {
        d.client_data.cross_origin = Some(true);
    }),
    ("our own top origin", "top_origin", |d| {
        d.client_data.top_origin = Some(ORIGIN.to_owned());
    }),
    ("a top origin beside cross-origin", "cross_origin", |d| {
        d.client_data.cross_origin = Some(true);
        d.client_data.top_origin = Some("https://evil.example".to_owned());
    }),
    ("an origin of the wrong type", "member_type", |d| {
        d.client_data
            .extra
            .insert("origin".to_owned(), json!([ORIGIN]));
    }),
    (
        "client data that is an array",
        "client_data_not_json",
        |d| {
            d.client_data.raw = Some(b"[]".to_vec());
        },
    ),
    (
        "client data with trailing bytes",
        "client_data_not_json",
        |d| {
            d.client_data.raw = Some([d.client_data.bytes(), b"{}".to_vec()].concat());
        },
    ),
    ("a challenge twice", "client_data_duplicate_member", |d| {
        let text = String::from_utf8(d.client_data.bytes()).expect("JSON");
        d.client_data.raw = Some(text.replacen('{', r#"{"challenge":"AA","#, 1).into_bytes());
    }),
    (
        "a name twice, deep inside",
        "client_data_duplicate_member",
        |d| {
            let text = String::from_utf8(d.client_data.bytes()).expect("JSON");
            d.client_data.raw = Some(
                text.replacen('{', r#"{"x":[{"a":1,"a":1}],"#, 1)
                    .into_bytes(),
            );
        },
    ),
    ("another relying party", "rp_id_hash", |d| {
        d.authenticator_data.rp_id_hash = [0; 32];
    }),
    ("nobody present", "user_not_present", |d| {
        d.authenticator_data.flags &= !flag::USER_PRESENT;
    }),
    ("nobody verified", "user_not_verified", |d| {
        d.authenticator_data.flags &= !flag::USER_VERIFIED;
    }),
    (
        "backed up, but not eligible",
        "backup_state_without_eligibility",
        |d| {
            d.authenticator_data.flags |= flag::BACKUP_STATE;
        },
    ),
    (
        "eligible for backup all of a sudden",
        "backup_eligibility_changed",
        |d| {
            d.authenticator_data.flags |= flag::BACKUP_ELIGIBLE;
        },
    ),
    ("bytes left over", "authenticator_data_trailing", |d| {
        d.authenticator_data.trailing = vec![0];
    }),
    (
        "authenticator data cut short",
        "authenticator_data_too_short",
        |d| {
            d.authenticator_data.flags |= flag::ATTESTED_CREDENTIAL_DATA;
            d.authenticator_data.trailing = vec![0; 15];
        },
    ),
    (
        "attested credential data",
        "attested_credential_data_unexpected",
        |d| {
            d.authenticator_data.flags |= flag::ATTESTED_CREDENTIAL_DATA;
            d.authenticator_data.attested = Some(software_authenticator::AttestedCredentialData {
                aaguid: [0; 16],
                credential_id: vec![1],
                cose_key: d.key.cose_bytes(),
            });
        },
    ),
    ("an endless map of extensions", "cbor_unsupported", |d| {
        d.authenticator_data.flags |= flag::EXTENSION_DATA;
        d.authenticator_data.extensions = Some(vec![0xbf, 0xff]);
    }),
    ("a huge map of extensions", "cbor_limit", |d| {
        d.authenticator_data.flags |= flag::EXTENSION_DATA;
        d.authenticator_data.extensions = Some(vec![0xbb, 255, 255, 255, 255, 255, 255, 255, 255]);
    }),
    ("nested extensions", "cbor_limit", |d| {
        d.authenticator_data.flags |= flag::EXTENSION_DATA;
        d.authenticator_data.extensions = Some(vec![0x81; 1000]);
    }),
    ("another credential", "other_credential", |d| {
        d.id = encode(&[3; 32]);
        d.raw_id = encode(&[3; 32]);
    }),
    ("id and rawId differ", "id_mismatch", |d| {
        d.id = encode(&[3; 32]);
    }),
    ("another credential type", "credential_type", |d| {
        d.type_ = "password".to_owned();
    }),
    ("another user's handle", "user_handle_mismatch", |d| {
        d.user_handle = Some(vec![1; 16]);
    }),
    ("half a handle", "user_handle_mismatch", |d| {
        d.user_handle = Some(USER.0.as_bytes()[..8].to_vec());
    }),
    ("a handle of 65 bytes", "member_too_large", |d| {
        d.user_handle = Some(vec![1; 65]);
    }),
    ("another key", "signature", |d| {
        d.key = Key::from_seed([1; 32]);
    }),
    ("no signature", "signature", |d| {
        d.signature = Some(Vec::new());
    }),
    ("a signature of zeros", "signature", |d| {
        d.signature = Some(vec![0x30, 6, 2, 1, 0, 2, 1, 0]);
    }),
    ("a huge signature", "member_too_large", |d| {
        d.signature = Some(vec![0; 21_000]);
    }),
];

#[test]
fn one_wrong_thing_refuses_a_login() {
    for (what, expected, change) in ONE_WRONG_THING {
        let (mut authenticator, credential) = enrolled(|_| {});
        let mut draft = authenticator.draft_assertion(&request_options(Some(&name("alice"))));
        change(&mut draft);
        let refused = reason(log_in(&Policy::default(), &credential, &draft.seal()));
        assert_eq!(refused, *expected, "{what}");
    }
}

#[test]
fn a_signature_over_other_bytes_is_refused() {
    let (mut authenticator, credential) = enrolled(|_| {});
    let mut draft = authenticator.draft_assertion(&request_options(None));
    let good = draft.seal();
    draft.signature = Some(software_authenticator::decode(
        good["response"]["signature"].as_str().expect("there"),
    ));
    draft.authenticator_data.sign_count += 1;
    assert_eq!(
        reason(log_in(&Policy::default(), &credential, &draft.seal())),
        "signature"
    );
}

#[test]
fn without_a_user_name_the_authenticator_must_name_the_user() {
    let (mut authenticator, credential) = enrolled(|_| {});
    for handle in [None, Some(Vec::new())] {
        let mut draft = authenticator.draft_assertion(&request_options(None));
        draft.user_handle = handle;
        let refused = reason(log_in(&Policy::default(), &credential, &draft.seal()));
        assert_eq!(refused, "user_handle_missing");
    }
    let mut null = authenticator.get(&request_options(None));
    null["response"]["userHandle"] = Value::Null;
    assert_eq!(
        reason(log_in(&Policy::default(), &credential, &null)),
        "user_handle_missing"
    );
}

#[test]
fn with_a_user_name_an_empty_handle_is_no_handle() {
    let (mut authenticator, mut credential) = enrolled(|_| {});
    for handle in [None, Some(Vec::new())] {
        let mut draft = authenticator.draft_assertion(&request_options(Some(&name("alice"))));
        draft.user_handle = handle;
        let verified = log_in(&Policy::default(), &credential, &draft.seal());
        credential.sign_count = verified.expect("the name was given").sign_count;
    }
}

#[test]
fn a_challenge_is_for_its_user_mount_policy_and_time() {
    let (mut authenticator, credential) = enrolled(|_| {});
    let response = authenticator.get(&request_options(Some(&name("bob"))));
    let refused = reason(log_in(&Policy::default(), &credential, &response));
    assert_eq!(refused, "challenge_of_other_user");

    let response = authenticator.get(&request_options(Some(&name("alice"))));
    let weaker = Policy {
        user_verification: UserVerification::Preferred,
        ..Policy::default()
    };
    assert_eq!(
        reason(log_in(&weaker, &credential, &response)),
        "challenge_of_other_policy"
    );

    let elsewhere = Credential {
        mount: "other".to_owned(),
        ..credential
    };
    let refused = reason(log_in(&Policy::default(), &elsewhere, &response));
    assert_eq!(refused, "credential_of_other_mount");

    let assertion = login::parse(response.to_string().as_bytes()).expect("a good form");
    let open = |mount, now| challenge::open(&challenge_key(), assertion.challenge(), mount, now);
    assert_eq!(
        reason(open("other", NOW).map_err(CeremonyError::from)),
        "challenge_of_other_mount"
    );
    let late = UnixTime(NOW.0 + 300);
    assert_eq!(
        reason(open(MOUNT, late).map_err(CeremonyError::from)),
        "challenge_expired"
    );
    open(MOUNT, UnixTime(NOW.0 + 299)).expect("the last second");
}

#[test]
fn a_challenge_of_another_login_does_not_fit() {
    let (mut authenticator, credential) = enrolled(|_| {});
    let response = authenticator.get(&request_options(None));
    let assertion = login::parse(response.to_string().as_bytes()).expect("a good form");
    let policy = Policy::default();
    let other = challenge::issue(
        &challenge_key(),
        [2; 16],
        MOUNT,
        None,
        &policy,
        UnixTime(NOW.0 + 1),
    );
    let other = challenge::open(&challenge_key(), &other, MOUNT, NOW).expect("ours");
    let rp = relying_party();
    let bound = assertion.bind(&rp, &policy, &other, &credential, owner(&name("alice")));
    assert_eq!(reason(bound), "challenge_mismatch");
}

#[test]
fn the_sign_count_grows_or_stays_zero() {
    for (stored, received, passes) in [
        (0, 0, true),
        (0, 1, true),
        (5, 6, true),
        (5, u32::MAX, true),
        (5, 5, false),
        (5, 4, false),
        (5, 0, false),
        (u32::MAX, 0, false),
    ] {
        let (mut authenticator, mut credential) = enrolled(|_| {});
        credential.sign_count = stored;
        let mut draft = authenticator.draft_assertion(&request_options(None));
        draft.authenticator_data.sign_count = received;
        let result = log_in(&Policy::default(), &credential, &draft.seal());
        if passes {
            assert_eq!(result.expect("it grows").sign_count, received);
        } else {
            assert_eq!(result, Err(CeremonyError::SignCount { stored, received }));
        }
    }
}

#[test]
fn a_wrong_signature_never_raises_the_alarm_of_a_clone() {
    let (mut authenticator, mut credential) = enrolled(|_| {});
    credential.sign_count = 100;
    let mut draft = authenticator.draft_assertion(&request_options(None));
    draft.key = Key::from_seed([1; 32]);
    assert_eq!(
        reason(log_in(&Policy::default(), &credential, &draft.seal())),
        "signature"
    );
}

#[test]
fn the_backup_state_may_change_but_not_the_eligibility() {
    let (mut authenticator, credential) = enrolled(|a| a.flags |= flag::BACKUP_ELIGIBLE);
    let mut draft = authenticator.draft_assertion(&request_options(None));
    draft.authenticator_data.flags |= flag::BACKUP_STATE;
    let verified = log_in(&Policy::default(), &credential, &draft.seal()).expect("now backed up");
    assert!(verified.backup_eligible && verified.backup_state);

    draft.authenticator_data.flags &= !(flag::BACKUP_ELIGIBLE | flag::BACKUP_STATE);
    let refused = reason(log_in(&Policy::default(), &credential, &draft.seal()));
    assert_eq!(refused, "backup_eligibility_changed");
}

#[test]
fn a_registration_response_is_no_login() {
    let (mut authenticator, credential) = enrolled(|_| {});
    let registration = authenticator.create(&creation_options(&Policy::default()));
    let refused = reason(log_in(&Policy::default(), &credential, &registration));
    assert_eq!(refused, "member_missing");
    // With everything that a login has, but client data of a registration.
    let mut mixed = authenticator.get(&request_options(None));
    mixed["response"]["clientDataJSON"] = registration["response"]["clientDataJSON"].clone();
    let refused = reason(log_in(&Policy::default(), &credential, &mixed));
    assert_eq!(refused, "client_data_type");
}

#[test]
fn a_damaged_record_is_reported_as_such() {
    let (mut authenticator, credential) = enrolled(|_| {});
    let response = authenticator.get(&request_options(None));
    for damaged in [
        Credential {
            record: json!({}),
            ..credential.clone()
        },
        Credential {
            record: json!({"public_key": "AAAA"}),
            ..credential.clone()
        },
        Credential {
            algorithm: -257,
            ..credential.clone()
        },
    ] {
        assert_eq!(
            reason(log_in(&Policy::default(), &damaged, &response)),
            "stored_record"
        );
    }
}

/// What the credential's record contradicts must not cost a signature check, and must not spend
/// the challenge.
#[test]
fn what_needs_no_cryptography_is_refused_before_it() {
    let (mut authenticator, credential) = enrolled(|_| {});
    let (relying_party, policy) = (relying_party(), Policy::default());
    let mut draft = authenticator.draft_assertion(&request_options(None));
    draft.key = Key::from_seed([1; 32]);
    draft.authenticator_data.flags |= flag::BACKUP_ELIGIBLE;
    let assertion = login::parse(draft.seal().to_string().as_bytes()).expect("a good form");
    let challenge = challenge::open(&challenge_key(), assertion.challenge(), MOUNT, NOW);
    let challenge = challenge.expect("ours");
    let bound = assertion.bind(
        &relying_party,
        &policy,
        &challenge,
        &credential,
        owner(&name("alice")),
    );
    assert_eq!(reason(bound), "backup_eligibility_changed");
}
