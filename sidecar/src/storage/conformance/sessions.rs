//! Sessions, and the end of a login.

use super::*;
use crate::model::{Floors, Revocation, Session, User};
use crate::storage::{Assertion, AssertionRecorded, MOST_SESSIONS};

fn assertion(sign_count: u32) -> Assertion {
    Assertion {
        sign_count,
        backup_eligible: true,
        backup_state: true,
        at: at(60),
    }
}

async fn with_user(store: &Arc<dyn Store>, sign_count: u32) {
    let mut credential = credential(10, 1);
    credential.sign_count = sign_count;
    store
        .create_user(&user(1), &credential, noted())
        .await
        .unwrap();
}

pub(super) async fn a_session_is_stored_found_and_removed(store: Arc<dyn Store>) {
    assert_eq!(store.session(session_id(1)).await.unwrap(), None);
    store.insert_session(&session(1, 1)).await.unwrap();
    assert_eq!(
        store.session(session_id(1)).await.unwrap(),
        Some(session(1, 1))
    );
    let revocation = revoked_session(1);
    let end = || store.end_session(session_id(1), &revocation, None);
    assert!(end().await.unwrap());
    assert_eq!(
        store.revocations().await.unwrap(),
        std::slice::from_ref(&revocation)
    );
    assert!(!end().await.unwrap());
    assert_eq!(store.session(session_id(1)).await.unwrap(), None);
    assert!(store.sessions_of(user_id(1)).await.unwrap().is_empty());
}

pub(super) async fn sessions_are_found_by_user(store: Arc<dyn Store>) {
    for (n, user) in [(1, 1), (2, 2), (3, 1)] {
        store.insert_session(&session(n, user)).await.unwrap();
    }
    assert_eq!(
        store.sessions_of(user_id(1)).await.unwrap(),
        [session(1, 1), session(3, 1)]
    );
    assert_eq!(
        store.sessions_of(user_id(2)).await.unwrap(),
        [session(2, 2)]
    );
    // The same id for another user leaves nothing with the first one.
    store.insert_session(&session(1, 2)).await.unwrap();
    assert_eq!(
        store.sessions_of(user_id(1)).await.unwrap(),
        [session(3, 1)]
    );
    assert_eq!(
        store.sessions_of(user_id(2)).await.unwrap(),
        [session(1, 2), session(2, 2)]
    );
}

pub(super) async fn a_login_updates_the_credential_and_stores_the_session(store: Arc<dyn Store>) {
    with_user(&store, 4).await;
    let recorded = store
        .record_assertion(
            &credential_id(10),
            assertion(5),
            &session(1, 1),
            None,
            MINTED,
        )
        .await;
    assert_eq!(recorded.unwrap(), RECORDED);
    let credential = store.credential(&credential_id(10)).await.unwrap().unwrap();
    assert_eq!(
        (
            credential.sign_count,
            credential.backup_state,
            credential.last_used_at
        ),
        (5, true, Some(at(60)))
    );
    assert_eq!(
        store.sessions_of(user_id(1)).await.unwrap(),
        [session(1, 1)]
    );
}

pub(super) async fn a_login_replaces_the_session_before(store: Arc<dyn Store>) {
    with_user(&store, 0).await;
    store.insert_session(&session(1, 1)).await.unwrap();
    let login = |n, count, replaces| {
        let store = Arc::clone(&store);
        async move {
            let (session, replaces) = (session(n, 1), revoked_session(replaces));
            store
                .record_assertion(
                    &credential_id(10),
                    assertion(count),
                    &session,
                    Some(&replaces),
                    MINTED,
                )
                .await
        }
    };
    assert_eq!(login(2, 1, 1).await.unwrap(), RECORDED);
    assert_eq!(
        store.sessions_of(user_id(1)).await.unwrap(),
        [session(2, 1)]
    );
    // Of the same id: stepped up, still there.
    assert_eq!(login(2, 2, 2).await.unwrap(), RECORDED);
    assert_eq!(
        store.sessions_of(user_id(1)).await.unwrap(),
        [session(2, 1)]
    );
    assert_eq!(login(3, 3, 77).await.unwrap(), RECORDED);
    assert_eq!(store.sessions_of(user_id(1)).await.unwrap().len(), 2);
    assert_eq!(
        store.revocations().await.unwrap(),
        [revoked_session(1)],
        "neither one that goes on nor one that never was"
    );
}

pub(super) async fn a_sign_count_that_does_not_grow_stores_nothing(store: Arc<dyn Store>) {
    with_user(&store, 4).await;
    store.insert_session(&session(9, 1)).await.unwrap();
    for count in [0, 3, 4] {
        let recorded = store
            .record_assertion(
                &credential_id(10),
                assertion(count),
                &session(1, 1),
                Some(&revoked_session(9)),
                MINTED,
            )
            .await;
        assert_eq!(
            recorded.unwrap(),
            AssertionRecorded::SignCountRegressed { stored: 4 }
        );
    }
    let credential = store.credential(&credential_id(10)).await.unwrap().unwrap();
    assert_eq!((credential.sign_count, credential.last_used_at), (4, None));
    assert_eq!(
        store.sessions_of(user_id(1)).await.unwrap(),
        [session(9, 1)]
    );
}

pub(super) async fn no_sign_count_at_all_passes(store: Arc<dyn Store>) {
    with_user(&store, 0).await;
    for n in 1..=2 {
        let recorded = store
            .record_assertion(
                &credential_id(10),
                assertion(0),
                &session(n, 1),
                None,
                MINTED,
            )
            .await;
        assert_eq!(recorded.unwrap(), RECORDED);
    }
}

pub(super) async fn one_of_many_logins_with_one_sign_count_succeeds(store: Arc<dyn Store>) {
    with_user(&store, 4).await;
    let answers = at_once(&store, |store, n| async move {
        let session = session(n as u128 + 1, 1);
        store
            .record_assertion(&credential_id(10), assertion(5), &session, None, MINTED)
            .await
            .unwrap()
    })
    .await;
    assert_eq!(times(&answers, &RECORDED), 1);
    let refused = AssertionRecorded::SignCountRegressed { stored: 5 };
    assert_eq!(times(&answers, &refused), PARALLEL - 1);
    assert_eq!(store.sessions_of(user_id(1)).await.unwrap().len(), 1);
}

pub(super) async fn a_login_of_someone_who_is_gone_stores_nothing(store: Arc<dyn Store>) {
    let login = |session: Session| {
        let store = Arc::clone(&store);
        async move {
            let id = credential_id(10);
            store
                .record_assertion(&id, assertion(1), &session, None, MINTED)
                .await
                .unwrap()
        }
    };
    assert_eq!(
        login(session(1, 1)).await,
        AssertionRecorded::Gone,
        "no such user"
    );
    with_user(&store, 0).await;
    store
        .create_user(&user(2), &credential(20, 2), noted())
        .await
        .unwrap();
    assert_eq!(
        login(session(1, 2)).await,
        AssertionRecorded::Gone,
        "another user's credential"
    );
    store
        .update_user(&User {
            disabled: true,
            ..user(1)
        })
        .await
        .unwrap();
    assert_eq!(
        login(session(1, 1)).await,
        AssertionRecorded::Gone,
        "disabled"
    );
    store.update_user(&user(1)).await.unwrap();
    store
        .remove_credential(user_id(1), &credential_id(10), false, MINTED, noted())
        .await
        .unwrap();
    assert_eq!(
        login(session(1, 1)).await,
        AssertionRecorded::Gone,
        "removed credential"
    );
    assert_eq!(store.session(session_id(1)).await.unwrap(), None);
}

pub(super) async fn a_session_is_extended_within_its_limits(store: Arc<dyn Store>) {
    store.insert_session(&session(1, 1)).await.unwrap();
    let idle = || async {
        store
            .session(session_id(1))
            .await
            .unwrap()
            .unwrap()
            .idle_until
    };
    assert!(
        store
            .extend_session(session_id(1), at(5_000))
            .await
            .unwrap()
    );
    assert_eq!(idle().await, at(5_000));
    assert!(store.extend_session(session_id(1), at(10)).await.unwrap());
    assert_eq!(idle().await, at(5_000), "never back");
    assert!(
        store
            .extend_session(session_id(1), at(99_999))
            .await
            .unwrap()
    );
    assert_eq!(idle().await, at(36_000), "never past its end");
    assert!(
        !store
            .extend_session(session_id(2), at(5_000))
            .await
            .unwrap()
    );
    assert_eq!(store.session(session_id(2)).await.unwrap(), None);
}

pub(super) async fn ended_sessions_are_swept(store: Arc<dyn Store>) {
    for n in 1..=300 {
        store.insert_session(&session(n, 1)).await.unwrap();
    }
    store
        .insert_session(&Session {
            idle_until: at(7_200),
            ..session(1_000, 1)
        })
        .await
        .unwrap();
    assert_eq!(
        store
            .sweep_sessions(at(3_599), &Floors::default())
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        store
            .sweep_sessions(at(3_600), &Floors::default())
            .await
            .unwrap(),
        300
    );
    let left = store.sessions_of(user_id(1)).await.unwrap();
    assert_eq!(
        left.iter().map(|it| it.id).collect::<Vec<_>>(),
        [session_id(1_000)]
    );
}

pub(super) async fn sessions_that_a_floor_ends_are_swept(store: Arc<dyn Store>) {
    store.insert_session(&session(1, 1)).await.unwrap();
    store.insert_session(&session(2, 2)).await.unwrap();
    let later = Session {
        auth_time: at(2),
        ..session(3, 1)
    };
    store.insert_session(&later).await.unwrap();
    let floors = |user| [revoked_user(user)].into_iter().collect::<Floors>();
    assert_eq!(store.sweep_sessions(at(5), &floors(3)).await.unwrap(), 0);
    assert_eq!(store.sweep_sessions(at(5), &floors(1)).await.unwrap(), 1);
    assert_eq!(store.sessions_of(user_id(1)).await.unwrap(), [later]);
    assert_eq!(store.sessions_of(user_id(2)).await.unwrap().len(), 1);
}

pub(super) async fn a_session_renewed_during_a_sweep_stays(store: Arc<dyn Store>) {
    for n in 1..=PARALLEL as u128 {
        store.insert_session(&session(n, 1)).await.unwrap();
    }
    let renewed = at_once(&store, |store, n| async move {
        let id = session_id(n as u128 + 1);
        if n % 10 == 0 {
            store
                .sweep_sessions(at(3_600), &Floors::default())
                .await
                .unwrap();
        }
        store.extend_session(id, at(7_200)).await.unwrap()
    })
    .await;
    for (n, renewed) in renewed.into_iter().enumerate() {
        let there = store
            .session(session_id(n as u128 + 1))
            .await
            .unwrap()
            .is_some();
        assert_eq!(there, renewed, "session {n}");
    }
}

pub(super) async fn a_login_too_many_ends_the_session_that_was_not_used_for_the_longest(
    store: Arc<dyn Store>,
) {
    with_user(&store, 0).await;
    let most = u128::try_from(MOST_SESSIONS).unwrap();
    store.insert_session(&session(9_999, 2)).await.unwrap();
    for n in 1..=most {
        store.insert_session(&session(n, 1)).await.unwrap();
    }
    // All but one are renewed.
    for n in (1..=most).filter(|n| *n != 42) {
        store
            .extend_session(session_id(n), at(7_200))
            .await
            .unwrap();
    }
    let login = |n, replaces: Option<Revocation>| {
        let store = Arc::clone(&store);
        async move {
            let new = session(n, 1);
            store
                .record_assertion(
                    &credential_id(10),
                    assertion(0),
                    &new,
                    replaces.as_ref(),
                    MINTED,
                )
                .await
                .unwrap()
        }
    };
    // One that goes on, or takes the place of another, takes no room.
    assert_eq!(login(most, None).await, RECORDED);
    assert_eq!(login(most + 1, Some(revoked_session(1))).await, RECORDED);
    assert!(store.session(session_id(42)).await.unwrap().is_some());

    let crowded_out = Some(session_id(42));
    let recorded = login(most + 2, None).await;
    assert_eq!(recorded, AssertionRecorded::Recorded { crowded_out });
    assert_eq!(store.session(session_id(42)).await.unwrap(), None);
    let revoked = store.revocations().await.unwrap();
    assert!(revoked.contains(&revoked_session(42)));
    assert_eq!(
        store.sessions_of(user_id(1)).await.unwrap().len(),
        MOST_SESSIONS
    );
    assert_eq!(store.sessions_of(user_id(2)).await.unwrap().len(), 1);
}

pub(super) async fn a_disabled_passkey_takes_its_sessions_along(store: Arc<dyn Store>) {
    with_user(&store, 0).await;
    for n in [10, 11] {
        store.insert_session(&session(n, 1)).await.unwrap();
    }
    let passkey = credential_id(10);
    let disable = || store.disable_credential(&passkey, MINTED, noted());
    assert_eq!(disable().await.unwrap(), Some(vec![session_id(10)]));
    assert_eq!(store.session(session_id(10)).await.unwrap(), None);
    assert!(store.session(session_id(11)).await.unwrap().is_some());
    let revoked = store.revocations().await.unwrap();
    assert_eq!(revoked, [revoked_session(10)]);
    assert_eq!(disable().await.unwrap(), None, "disabled already");
}
