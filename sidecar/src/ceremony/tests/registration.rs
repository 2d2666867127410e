//! What a registration must and must not be.

use super::super::{
    Algorithm, Attachment, CeremonyError, DiscoverableCredential, Policy, UserVerification,
};
use super::*;
use serde_json::json;
use software_authenticator::{AttestedCredentialData, Cbor, RegistrationDraft, cbor, encode, flag};

fn draft() -> RegistrationDraft {
    Authenticator::new(ORIGIN).draft_registration(&creation_options(&Policy::default()))
}

fn attested(draft: &mut RegistrationDraft) -> &mut AttestedCredentialData {
    draft
        .authenticator_data
        .attested
        .as_mut()
        .expect("a registration attests")
}

#[test]
fn a_good_registration_becomes_a_credential() {
    let mut authenticator = Authenticator::new(ORIGIN);
    authenticator.aaguid = [9; 16];
    authenticator.flags |= flag::BACKUP_ELIGIBLE | flag::BACKUP_STATE;
    let mut draft = authenticator.draft_registration(&creation_options(&Policy::default()));
    draft.transports = ["usb", "internal", "telepathy", "usb"]
        .map(str::to_owned)
        .to_vec();
    let new = register(&Policy::default(), &draft.seal()).expect("a good registration");

    assert!(new.user_verified);
    assert_eq!(new.discoverable, Some(true));
    let credential = new.credential;
    assert_eq!(credential.id.as_bytes(), authenticator.credentials[0].id);
    assert_eq!((credential.user, credential.mount.as_str()), (USER, MOUNT));
    assert_eq!(credential.algorithm, -7);
    assert_eq!(credential.aaguid, Uuid::from_bytes([9; 16]));
    assert!(!credential.attested);
    assert_eq!(credential.transports, ["internal", "usb"]);
    assert_eq!(credential.attachment.as_deref(), Some("platform"));
    assert_eq!(credential.sign_count, 1);
    assert!(credential.backup_eligible == Some(true) && credential.backup_state);
    assert_eq!(
        (credential.created_at, credential.last_used_at),
        (NOW, None)
    );
    let key = authenticator.credentials[0].key.cose_bytes();
    assert_eq!(
        credential.record,
        json!({
            "public_key": encode(&key),
            "attestation_format": "none",
            "policy": "passwordless",
        })
    );
}

/// What is changed, the reason that it is refused for, and the change.
type Case = (&'static str, &'static str, fn(&mut RegistrationDraft));

const ONE_WRONG_THING: &[Case] = &[
    ("another challenge", "challenge_mismatch", |d| {
        d.client_data.challenge = encode(&[1; 32]);
    }),
    ("a challenge cut short", "challenge_mismatch", |d| {
        d.client_data.challenge = encode(&CHALLENGE[..31]);
    }),
    ("a padded challenge", "member_encoding", |d| {
        d.client_data.challenge.push('=');
    }),
    ("type of a login", "client_data_type", |d| {
        d.client_data.type_ = "webauthn.get".to_owned();
    }),
    ("another port", "origin", |d| {
        d.client_data.origin.push_str(":8443");
    }),
    ("the default port", "origin", |d| {
        d.client_data.origin.push_str(":443");
    }),
    ("plain http", "origin", |d| {
        d.client_data.origin = "http://example.org".to_owned();
    }),
    ("a trailing slash", "origin", |d| {
        d.client_data.origin.push('/');
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
    ("a sub-domain", "origin", |d| {
        d.client_data.origin = "https://a.example.org".to_owned();
    }),
    ("upper case", "origin", |d| {
        d.client_data.origin = "https://EXAMPLE.org".to_owned();
    }),
    ("null", "origin", |d| {
        d.client_data.origin = "null".to_owned();
    }),
    ("cross-origin", "cross_origin", |d| {
        d.client_data.cross_origin = Some(true);
    }),
    ("our own top origin", "top_origin", |d| {
        d.client_data.top_origin = Some(ORIGIN.to_owned());
    }),
    ("a cross-origin that is no boolean", "member_type", |d| {
        d.client_data
            .extra
            .insert("crossOrigin".to_owned(), json!("false"));
    }),
    ("a top origin of null", "top_origin", |d| {
        d.client_data
            .extra
            .insert("topOrigin".to_owned(), json!(null));
    }),
    ("client data that is no JSON", "client_data_not_json", |d| {
        d.client_data.raw = Some(b"webauthn.create".to_vec());
    }),
    (
        "client data with a byte order mark",
        "client_data_not_json",
        |d| {
            d.client_data.raw = Some([b"\xef\xbb\xbf".to_vec(), d.client_data.bytes()].concat());
        },
    ),
    (
        "client data with two origins",
        "client_data_duplicate_member",
        |d| {
            let text = String::from_utf8(d.client_data.bytes()).expect("JSON");
            let two = text.replacen('{', r#"{"origin":"https://evil.example","#, 1);
            d.client_data.raw = Some(two.into_bytes());
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
    ("bytes left over", "authenticator_data_trailing", |d| {
        d.authenticator_data.trailing = vec![0];
    }),
    ("no credential", "attested_credential_data_missing", |d| {
        d.authenticator_data.flags &= !flag::ATTESTED_CREDENTIAL_DATA;
        d.authenticator_data.attested = None;
    }),
    ("extensions that are not there", "cbor_truncated", |d| {
        d.authenticator_data.flags |= flag::EXTENSION_DATA;
    }),
    ("extensions that are no map", "extensions", |d| {
        d.authenticator_data.flags |= flag::EXTENSION_DATA;
        d.authenticator_data.extensions = Some(vec![0x80]);
    }),
    ("extensions with a number for a name", "extensions", |d| {
        d.authenticator_data.flags |= flag::EXTENSION_DATA;
        d.authenticator_data.extensions = Some(vec![0xa1, 0x01, 0x01]);
    }),
    ("an extension twice", "cbor_duplicate_key", |d| {
        d.authenticator_data.flags |= flag::EXTENSION_DATA;
        d.authenticator_data.extensions = Some(vec![0xa2, 0x61, b'a', 0x01, 0x61, b'a', 0x02]);
    }),
    (
        "another id than the attested one",
        "attested_credential_id",
        |d| {
            d.id = encode(&[3; 32]);
            d.raw_id = encode(&[3; 32]);
        },
    ),
    ("a credential id of no byte", "credential_id_length", |d| {
        attested(d).credential_id.clear();
    }),
    (
        "a credential id of 1,024 bytes",
        "credential_id_length",
        |d| {
            attested(d).credential_id = vec![3; 1024];
        },
    ),
    (
        "the same with a matching response",
        "credential_id_length",
        |d| {
            attested(d).credential_id = vec![3; 1024];
            d.id = encode(&[3; 1024]);
            d.raw_id = encode(&[3; 1024]);
        },
    ),
    ("none with a statement", "none_with_statement", |d| {
        d.statement = Some(Cbor::Map(vec![(Cbor::from("x"), Cbor::from(1))]));
    }),
    ("a statement that is no map", "attestation_object", |d| {
        d.statement = Some(Cbor::Null);
    }),
    ("a format that nobody knows", "attestation_format", |d| {
        d.format = "notary".to_owned();
    }),
    (
        "a self attestation by another key",
        "attestation_statement",
        |d| {
            d.format = "packed".to_owned();
            d.key = software_authenticator::Key::from_seed([1; 32]);
        },
    ),
    ("bytes after the attestation object", "cbor_trailing", |d| {
        let object = software_authenticator::decode(
            d.seal()["response"]["attestationObject"]
                .as_str()
                .expect("there"),
        );
        d.attestation_object = Some([object, vec![0]].concat());
    }),
    ("a member of the object twice", "cbor_duplicate_key", |d| {
        let mut object = software_authenticator::decode(
            d.seal()["response"]["attestationObject"]
                .as_str()
                .expect("there"),
        );
        object[0] = 0xa4;
        object.extend(cbor(&Cbor::from("fmt")));
        object.extend(cbor(&Cbor::from("none")));
        d.attestation_object = Some(object);
    }),
];

#[test]
fn one_wrong_thing_refuses_a_registration() {
    for (what, expected, change) in ONE_WRONG_THING {
        let mut draft = draft();
        change(&mut draft);
        assert_eq!(
            reason(register(&Policy::default(), &draft.seal())),
            *expected,
            "{what}"
        );
    }
}

type KeyChange = Box<dyn FnOnce(&mut Vec<(Cbor, Cbor)>)>;

#[test]
fn one_wrong_thing_refuses_a_public_key() {
    let with = |label: i64, value: Cbor| {
        move |parameters: &mut Vec<(Cbor, Cbor)>| match parameters
            .iter_mut()
            .find(|(known, _)| *known == Cbor::from(label))
        {
            Some((_, old)) => *old = value,
            None => parameters.push((Cbor::from(label), value)),
        }
    };
    let cases: [(&str, &str, KeyChange); 12] = [
        (
            "EdDSA",
            "algorithm_not_offered",
            Box::new(with(3, Cbor::from(-8))),
        ),
        (
            "ES512",
            "algorithm_not_offered",
            Box::new(with(3, Cbor::from(-36))),
        ),
        (
            "RS1",
            "algorithm_not_offered",
            Box::new(with(3, Cbor::from(-65535))),
        ),
        (
            "ES384 on P-256",
            "public_key",
            Box::new(with(3, Cbor::from(-35))),
        ),
        (
            "ES256 on P-384",
            "public_key",
            Box::new(with(-1, Cbor::from(2))),
        ),
        (
            "an RSA key type",
            "public_key",
            Box::new(with(1, Cbor::from(3))),
        ),
        (
            "an algorithm that is a text",
            "public_key",
            Box::new(with(3, Cbor::from("ES256"))),
        ),
        (
            "a short coordinate",
            "public_key",
            Box::new(with(-2, Cbor::from(vec![1; 31]))),
        ),
        (
            "a compressed point",
            "public_key",
            Box::new(with(-3, Cbor::from(true))),
        ),
        (
            "a point beside the curve",
            "public_key",
            Box::new(with(-3, Cbor::from(vec![1; 32]))),
        ),
        (
            "an optional parameter",
            "public_key",
            Box::new(with(4, Cbor::Array(vec![]))),
        ),
        (
            "a parameter twice",
            "cbor_duplicate_key",
            Box::new(|parameters| {
                parameters.push((Cbor::from(3), Cbor::from(-7)));
            }),
        ),
    ];
    for (what, expected, change) in cases {
        let mut draft = draft();
        let mut parameters = draft.key.cose();
        change(&mut parameters);
        attested(&mut draft).cose_key = cbor(&Cbor::Map(parameters));
        assert_eq!(
            reason(register(&Policy::default(), &draft.seal())),
            expected,
            "{what}"
        );
    }
}

#[test]
fn an_algorithm_that_was_not_offered_is_refused() {
    let policy = Policy {
        algorithms: vec![Algorithm::Rs256],
        ..Policy::default()
    };
    let response = draft().seal();
    let refused = register(&policy, &response).expect_err("only RS256 was offered");
    assert_eq!(
        refused,
        CeremonyError::AlgorithmNotOffered { algorithm: -7 }
    );
}

#[test]
fn a_self_attestation_passes_and_proves_nothing() {
    let mut draft = draft();
    draft.format = "packed".to_owned();
    let new = register(&Policy::default(), &draft.seal()).expect("a correct statement");
    assert!(!new.credential.attested);
}

#[test]
fn user_verification_is_required_only_where_the_policy_says_so() {
    let mut draft = draft();
    draft.authenticator_data.flags &= !flag::USER_VERIFIED;
    for user_verification in [UserVerification::Preferred, UserVerification::Discouraged] {
        let policy = Policy {
            user_verification,
            ..Policy::default()
        };
        let new = register(&policy, &draft.seal()).expect("not required");
        assert!(!new.user_verified);
    }
}

#[test]
fn the_policy_on_attachment_is_enforced() {
    let policy = Policy {
        attachment: Some(Attachment::CrossPlatform),
        ..Policy::default()
    };
    let mut draft = draft();
    assert_eq!(reason(register(&policy, &draft.seal())), "attachment");
    draft.attachment = None;
    assert_eq!(reason(register(&policy, &draft.seal())), "attachment");
    draft.attachment = Some("cross-platform".to_owned());
    register(&policy, &draft.seal()).expect("attached as asked");
}

#[test]
fn the_policy_on_discoverable_credentials_is_enforced() {
    let mut draft = draft();
    draft.client_extension_results = json!({"credProps": {"rk": false}});
    assert_eq!(
        reason(register(&Policy::default(), &draft.seal())),
        "not_discoverable"
    );
    let lenient = Policy {
        discoverable_credential: DiscoverableCredential::Preferred,
        ..Policy::default()
    };
    let new = register(&lenient, &draft.seal()).expect("only preferred");
    assert_eq!(new.discoverable, Some(false));
    draft.client_extension_results = json!({});
    let new = register(&Policy::default(), &draft.seal()).expect("the browser does not say");
    assert_eq!(new.discoverable, None);
    for wrong in [
        json!({"rk": "true"}),
        json!({"rk": 1}),
        json!([]),
        json!(true),
    ] {
        draft.client_extension_results = json!({ "credProps": wrong });
        let refused = register(&Policy::default(), &draft.seal());
        assert_eq!(reason(refused), "member_type");
    }
}

#[test]
fn unsolicited_extension_outputs_are_ignored() {
    let mut draft = draft();
    draft.authenticator_data.flags |= flag::EXTENSION_DATA;
    // {"credProtect": 2}
    draft.authenticator_data.extensions =
        Some([b"\xa1\x6bcredProtect".as_slice(), &[0x02]].concat());
    register(&Policy::default(), &draft.seal()).expect("nobody asked, nobody minds");
}

#[test]
fn a_credential_id_of_1023_bytes_passes() {
    let mut draft = draft();
    attested(&mut draft).credential_id = vec![3; 1023];
    draft.id = encode(&[3; 1023]);
    draft.raw_id.clone_from(&draft.id);
    register(&Policy::default(), &draft.seal()).expect("the longest id");
}

#[test]
fn a_login_response_is_no_registration() {
    let (mut authenticator, _) = enrolled(|_| {});
    let login = authenticator.get(&request_options(None));
    assert_eq!(
        reason(register(&Policy::default(), &login)),
        "member_missing"
    );
    // With everything that a registration has, but client data of a login.
    let mut mixed = draft().seal();
    mixed["response"]["clientDataJSON"] = login["response"]["clientDataJSON"].clone();
    assert_eq!(
        reason(register(&Policy::default(), &mixed)),
        "client_data_type"
    );
}
