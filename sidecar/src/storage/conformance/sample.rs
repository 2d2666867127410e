//! Records to test with; the number makes them different.

use crate::model::{
    Actor, AuditRecord, AuthenticatorClass, ChallengeId, Credential, CredentialId, Minted,
    PolicyName, Revocation, Revoked, Seconds, SecretHash, Session, SessionId, SigningKeyRecord,
    UnixTime, User, UserId, UserLimits, UserName,
};
use crate::storage::{AssertionRecorded, CredentialInserted, RegistrationCeremony, Store};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock};
use uuid::Uuid;

pub(in crate::storage) const NOW: UnixTime = UnixTime(1_800_000_000);

/// The record of something.
pub(in crate::storage) fn noted() -> &'static AuditRecord {
    static RECORD: LazyLock<AuditRecord> =
        LazyLock::new(|| AuditRecord::new(NOW, Actor::Program, "test"));
    &RECORD
}

pub(in crate::storage) fn at(seconds: u64) -> UnixTime {
    UnixTime(NOW.0 + seconds)
}

pub(in crate::storage) fn user_id(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

pub(in crate::storage) fn user(n: u128) -> User {
    User {
        id: user_id(n),
        name: UserName::parse(&format!("user{n}")).unwrap(),
        display_name: format!("User {n}"),
        email: None,
        groups: vec!["staff".to_owned()],
        policies: Vec::new(),
        disabled: false,
        created_at: NOW,
        limits: UserLimits::default(),
        must_register: false,
        passkey_alert: false,
        handle: None,
    }
}

pub(in crate::storage) fn credential_id(n: u128) -> CredentialId {
    CredentialId::from_bytes(&n.to_be_bytes()).unwrap()
}

/// Credential `n` of a user, registered `n` seconds after [`NOW`].
pub(in crate::storage) fn credential(n: u128, user: u128) -> Credential {
    Credential {
        id: credential_id(n),
        user: user_id(user),
        mount: "webauthn".to_owned(),
        record: serde_json::json!({ "key": "k".repeat(400) }),
        algorithm: -7,
        aaguid: Uuid::nil(),
        attested: false,
        transports: vec!["internal".to_owned()],
        attachment: Some("platform".to_owned()),
        sign_count: 0,
        backup_eligible: Some(true),
        backup_state: false,
        label: format!("Passkey {n}"),
        created_at: at(u64::try_from(n).unwrap()),
        last_used_at: None,
        disabled_at: None,
        suspected_at: None,
    }
}

pub(in crate::storage) fn session_id(n: u128) -> SessionId {
    SessionId(Uuid::from_u128(n))
}

/// A session that is idle after an hour and ends after ten.
pub(in crate::storage) fn session(n: u128, user: u128) -> Session {
    Session {
        id: session_id(n),
        user: user_id(user),
        credential: Some(credential_id(n)),
        secret: SecretHash([7; 32]),
        created_at: NOW,
        auth_time: NOW,
        idle_until: at(3_600),
        expires_at: at(36_000),
        acr: "phr".to_owned(),
        amr: vec!["hwk".to_owned()],
        authn: AuthenticatorClass {
            aaguid: Uuid::nil(),
            attested: false,
            uv: true,
            be: true,
            bs: false,
            attachment: None,
        },
        address: "192.0.2.1".to_owned(),
        user_agent: "test".to_owned(),
        restricted: false,
        certificate: None,
    }
}

/// The session in which [`insert`] adds passkeys to a user's account.
pub(in crate::storage) fn adding_session(user: UserId) -> Session {
    Session {
        id: SessionId(user.0),
        user,
        credential: Some(credential_id(9_999)),
        ..session(1, 1)
    }
}

/// Adds a credential in a session of its user that lives.
pub(in crate::storage) async fn insert(
    store: &Arc<dyn Store>,
    credential: &Credential,
    most: usize,
) -> CredentialInserted {
    let session = adding_session(credential.user);
    store.insert_session(&session).await.unwrap();
    let inserted = store.insert_credential_if_absent(credential, session.id, most, noted());
    inserted.await.unwrap()
}

pub(in crate::storage) const MINTED: Minted = Minted {
    until: NOW,
    live_for: Seconds(600),
};

/// A login that pushed no session out.
pub(in crate::storage) const RECORDED: AssertionRecorded =
    AssertionRecorded::Recorded { crowded_out: None };

/// A revocation of what was minted up to [`NOW`].
pub(in crate::storage) fn revoked(what: Revoked) -> Revocation {
    Revocation::new(what, MINTED.until, MINTED.live_for)
}

pub(in crate::storage) fn revoked_session(n: u128) -> Revocation {
    revoked(Revoked::Session(session_id(n)))
}

pub(in crate::storage) fn revoked_user(n: u128) -> Revocation {
    revoked(Revoked::User(user_id(n)))
}

pub(in crate::storage) fn challenge(n: u128) -> ChallengeId {
    ChallengeId(n.to_be_bytes())
}

pub(in crate::storage) fn address(n: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, n))
}

/// A registration for a new account that expires after five minutes.
pub(in crate::storage) fn registration(n: u128, from: IpAddr) -> RegistrationCeremony {
    RegistrationCeremony {
        challenge: n.to_be_bytes().to_vec(),
        mount: "webauthn".to_owned(),
        policy: PolicyName::Passwordless,
        user: user_id(n),
        user_name: user(n).name,
        display_name: String::new(),
        existing: false,
        session: None,
        enrolling: None,
        address: from,
        expires_at: at(300),
    }
}

pub(in crate::storage) fn signing_key(kid: &str) -> SigningKeyRecord {
    SigningKeyRecord {
        kid: kid.to_owned(),
        algorithm: "ES256".to_owned(),
        public_jwk: serde_json::json!({ "kid": kid }),
        sealed: vec![1; 60],
        published_at: NOW,
        signs_from: Some(at(60)),
        retires_at: None,
    }
}
