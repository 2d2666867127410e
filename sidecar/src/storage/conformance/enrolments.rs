//! The ways in for people: enrolment codes and recovery codes.

use super::*;
use crate::model::{
    Actor, AuditRecord, Enrolment, EnrolmentPurpose, RecoveryCodes, Revoked, SecretHash, User,
    UserChange, UserId,
};
use crate::storage::{
    CredentialInserted, MOST_SESSIONS, Redeemed, Redemption, UserAdded, UserFilter,
};

pub(super) fn audit(action: &str) -> AuditRecord {
    AuditRecord::new(NOW, Actor::Operator, action)
}

pub(super) fn enrolment(user: UserId, secret: u8) -> Enrolment {
    Enrolment {
        user,
        mount: "webauthn".to_owned(),
        secret: SecretHash([secret; 32]),
        purpose: EnrolmentPurpose::Enrol,
        created_at: NOW,
        created_by: "operator".to_owned(),
        expires_at: at(3_600),
    }
}

/// A code that was spent, and pushed no session out.
const REDEEMED: Redeemed = Redeemed::Redeemed { crowded_out: None };

/// Credential and session `n`, for user 1, with the code of [`enrolment`].
pub(super) fn redemption(n: u128, secret: u8) -> Redemption {
    Redemption {
        code_of: user_id(1),
        secret: SecretHash([secret; 32]),
        new_user: None,
        credential: credential(n, 1),
        session: session(n, 1),
        most: 3,
        minted: MINTED,
        at: at(10),
    }
}

pub(super) async fn add(store: &Arc<dyn Store>, n: u128) -> UserAdded {
    store.add_user(&user(n), None, &audit("add")).await.unwrap()
}

pub(super) async fn of_many_redeemers_of_one_code_one_succeeds(store: Arc<dyn Store>) {
    let code = enrolment(user_id(1), 1);
    store
        .add_user(&user(1), Some(&code), &audit("add"))
        .await
        .unwrap();
    let answers = at_once(&store, |store, n| async move {
        let redemption = Redemption {
            most: 1_000,
            ..redemption(n as u128 + 1, 1)
        };
        store.redeem(&redemption, &audit("redeem")).await.unwrap()
    })
    .await;
    assert_eq!(times(&answers, &REDEEMED), 1);
    assert_eq!(times(&answers, &Redeemed::Spent), PARALLEL - 1);
    assert_eq!(store.credentials_of(user_id(1)).await.unwrap().len(), 1);
    assert_eq!(store.sessions_of(user_id(1)).await.unwrap().len(), 1);
    assert_eq!(store.enrolment(user_id(1)).await.unwrap(), None);
    assert_eq!(actions(&store).await, ["redeem", "add"]);
}

pub(super) async fn a_code_too_many_ends_the_session_that_was_not_used_for_the_longest(
    store: Arc<dyn Store>,
) {
    let code = enrolment(user_id(1), 1);
    store
        .add_user(&user(1), Some(&code), &audit("add"))
        .await
        .unwrap();
    let most = u128::try_from(MOST_SESSIONS).unwrap();
    store.insert_session(&session(9_999, 2)).await.unwrap();
    for n in 1..=most {
        store.insert_session(&session(n, 1)).await.unwrap();
    }
    for n in (1..=most).filter(|n| *n != 42) {
        let renewed = store.extend_session(session_id(n), at(7_200)).await;
        assert!(renewed.unwrap());
    }
    let redemption = redemption(most + 1, 1);
    let redeemed = store.redeem(&redemption, &audit("redeem")).await;
    let crowded_out = Some(session_id(42));
    assert_eq!(redeemed.unwrap(), Redeemed::Redeemed { crowded_out });
    assert_eq!(store.session(session_id(42)).await.unwrap(), None);
    let revoked = store.revocations().await.unwrap();
    assert_eq!(revoked, [revoked_session(42)]);
    let held = store.sessions_of(user_id(1)).await.unwrap();
    assert_eq!(held.len(), MOST_SESSIONS);
    assert_eq!(store.sessions_of(user_id(2)).await.unwrap().len(), 1);
}

pub(super) async fn what_cannot_be_redeemed_stays(store: Arc<dyn Store>) {
    let code = enrolment(user_id(1), 1);
    store
        .add_user(&user(1), Some(&code), &audit("add"))
        .await
        .unwrap();
    store
        .create_user(&user(2), &credential(20, 2), noted())
        .await
        .unwrap();
    let redeem = async |redemption: Redemption| {
        let redeemed = store.redeem(&redemption, &audit("redeem")).await.unwrap();
        if !matches!(redeemed, Redeemed::Redeemed { .. }) {
            assert_eq!(store.credentials_of(user_id(1)).await.unwrap(), []);
            assert!(store.enrolment(user_id(1)).await.unwrap().is_some());
        }
        redeemed
    };
    assert_eq!(
        redeem(redemption(1, 2)).await,
        Redeemed::Spent,
        "other code"
    );
    let late = Redemption {
        at: at(3_600),
        ..redemption(1, 1)
    };
    assert_eq!(redeem(late).await, Redeemed::Spent, "expired");
    let other_user = Redemption {
        credential: credential(1, 2),
        ..redemption(1, 1)
    };
    assert_eq!(redeem(other_user).await, Redeemed::Spent);
    let taken = Redemption {
        credential: credential(20, 1),
        ..redemption(1, 1)
    };
    assert_eq!(redeem(taken).await, Redeemed::CredentialTaken);
    let full = Redemption {
        most: 0,
        ..redemption(1, 1)
    };
    assert_eq!(redeem(full).await, Redeemed::TooMany);
    let disabled = |yes| UserChange {
        disabled: Some(yes),
        ..UserChange::default()
    };
    let switch = async |yes| {
        let change = disabled(yes);
        let changed = store
            .change_user(user_id(1), &change, &audit("switch"))
            .await;
        changed.unwrap();
    };
    switch(true).await;
    assert_eq!(redeem(redemption(1, 1)).await, Redeemed::Spent, "disabled");
    switch(false).await;
    assert_eq!(redeem(redemption(1, 1)).await, REDEEMED);
}

pub(super) async fn a_new_or_revoked_code_makes_the_old_one_worthless(store: Arc<dyn Store>) {
    add(&store, 1).await;
    let put = async |secret| {
        let code = enrolment(user_id(1), secret);
        store.put_enrolment(&code, &audit("code")).await.unwrap()
    };
    assert!(put(1).await);
    assert!(put(2).await);
    let redeem = async |secret| {
        let redemption = redemption(1, secret);
        store.redeem(&redemption, &audit("redeem")).await.unwrap()
    };
    assert_eq!(redeem(1).await, Redeemed::Spent);
    let revoke = async || {
        let revoked = store.revoke_enrolment(user_id(1), &audit("revoke")).await;
        revoked.unwrap()
    };
    assert!(revoke().await);
    assert!(!revoke().await);
    assert_eq!(redeem(2).await, Redeemed::Spent);
    let nobody = enrolment(user_id(7), 1);
    assert!(!store.put_enrolment(&nobody, &audit("code")).await.unwrap());
}

pub(super) async fn a_bootstrap_code_makes_one_account(store: Arc<dyn Store>) {
    let code = enrolment(Enrolment::NOBODY, 1);
    assert!(store.put_enrolment(&code, &audit("code")).await.unwrap());
    let answers = at_once(&store, |store, n| async move {
        let n = n as u128 + 1;
        let redemption = Redemption {
            code_of: Enrolment::NOBODY,
            new_user: Some(user(n)),
            credential: credential(n, n),
            session: session(n, n),
            ..redemption(n, 1)
        };
        store.redeem(&redemption, &audit("redeem")).await.unwrap()
    })
    .await;
    assert_eq!(times(&answers, &REDEEMED), 1);
    let page = store.user_page(None, &UserFilter::default(), 100).await;
    let made = page.unwrap().items.into_iter();
    let made = made.filter(|it| it.id.0.as_u128() <= PARALLEL as u128);
    assert_eq!(made.count(), 1);
}

pub(super) async fn a_registration_clears_what_asked_for_it(store: Arc<dyn Store>) {
    let user = User {
        must_register: true,
        ..user(1)
    };
    let code = enrolment(user_id(1), 1);
    store
        .add_user(&user, Some(&code), &audit("add"))
        .await
        .unwrap();
    let redeemed = store.redeem(&redemption(1, 1), &audit("redeem")).await;
    assert_eq!(redeemed.unwrap(), REDEEMED);
    let user = store.user(user_id(1)).await.unwrap().unwrap();
    assert!(!user.must_register);
}

pub(super) async fn only_a_passkey_that_signs_in_alone_clears_what_asked_for_it(
    store: Arc<dyn Store>,
) {
    let user = User {
        must_register: true,
        ..user(1)
    };
    let first = credential(10, 1);
    store.create_user(&user, &first, noted()).await.unwrap();
    let must = async || {
        let user = store.user(user_id(1)).await.unwrap().unwrap();
        user.must_register
    };
    let mut second_factor = credential(11, 1);
    second_factor.record["policy"] = "two_factor".into();
    for (added, expected) in [(second_factor, true), (credential(12, 1), false)] {
        let inserted = insert(&store, &added, 10).await;
        assert_eq!(inserted, CredentialInserted::Inserted);
        assert_eq!(must().await, expected);
    }
}

pub(super) async fn a_recovery_code_is_spent_once_for_a_way_in(store: Arc<dyn Store>) {
    add(&store, 1).await;
    let codes = RecoveryCodes {
        created_at: NOW,
        left: vec![SecretHash([1; 32]), SecretHash([2; 32])],
    };
    store.insert_session(&session(1, 1)).await.unwrap();
    let put = store
        .put_recovery_codes(user_id(1), session_id(1), &codes, &audit("codes"))
        .await;
    assert!(put.unwrap());
    let answers = at_once(&store, |store, n| async move {
        let code = SecretHash([1; 32]);
        let enrolment = enrolment(user_id(1), u8::try_from(n).unwrap());
        let spent = store
            .spend_recovery_code(code, &enrolment, &audit("recover"))
            .await;
        spent.unwrap()
    })
    .await;
    assert_eq!(times(&answers, &true), 1);
    let left = store.recovery_codes(user_id(1)).await.unwrap().unwrap();
    assert_eq!(left.left, [SecretHash([2; 32])]);
    assert!(store.enrolment(user_id(1)).await.unwrap().is_some());
    let spend = async |user, code: u8| {
        let enrolment = enrolment(user_id(user), 1);
        let code = SecretHash([code; 32]);
        let spent = store
            .spend_recovery_code(code, &enrolment, &audit("recover"))
            .await;
        spent.unwrap()
    };
    assert!(!spend(1, 3).await, "never was one");
    for revoked in [true, false] {
        let codes = store.revoke_recovery_codes(user_id(1), noted());
        assert_eq!(codes.await.unwrap(), revoked);
    }
    assert!(!spend(1, 2).await, "revoked");
    assert!(!spend(2, 2).await, "someone else's");
    let nobody = store
        .put_recovery_codes(user_id(7), session_id(1), &codes, &audit("codes"))
        .await;
    assert!(!nobody.unwrap());
}

/// A step that comes after the end of its session leaves no way in behind.
pub(super) async fn a_session_that_has_ended_leaves_no_way_in(store: Arc<dyn Store>) {
    let codes = RecoveryCodes {
        created_at: NOW,
        left: vec![SecretHash([1; 32])],
    };
    let try_both = async |user: u128, by: u128| {
        let (passkey, by) = (credential(100 + user, user), session_id(by));
        let inserted = store.insert_credential_if_absent(&passkey, by, 5, noted());
        let inserted = inserted.await.unwrap();
        let put = store.put_recovery_codes(user_id(user), by, &codes, noted());
        (inserted, put.await.unwrap())
    };
    for n in 1..=4 {
        let first = credential(n, n);
        store.create_user(&user(n), &first, noted()).await.unwrap();
        store.insert_session(&session(n, n)).await.unwrap();
    }
    let none = (CredentialInserted::NoSession, false);
    assert_eq!(try_both(1, 9).await, none, "there never was one");
    assert_eq!(try_both(1, 2).await, none, "someone else's");
    let revocation = revoked_session(1);
    let ended = store.end_session(session_id(1), &revocation, None);
    assert!(ended.await.unwrap());
    assert_eq!(try_both(1, 1).await, none, "ended");
    store.revoke(&revoked_user(2), None).await.unwrap();
    assert_eq!(try_both(2, 2).await, none, "ended with all of the user");
    let disabled = store.set_disabled(user_id(3), true, None, noted());
    assert!(disabled.await.unwrap());
    assert_eq!(try_both(3, 3).await, none, "disabled");
    assert_eq!(try_both(4, 4).await, (CredentialInserted::Inserted, true));
    store
        .revoke(&revoked(Revoked::Everyone), None)
        .await
        .unwrap();
    assert_eq!(try_both(4, 4).await, none, "ended with everyone");
    for n in 1..=3 {
        let held = store.credentials_of(user_id(n)).await.unwrap();
        assert_eq!(held, [credential(n, n)]);
        assert_eq!(store.recovery_codes(user_id(n)).await.unwrap(), None);
    }
}
