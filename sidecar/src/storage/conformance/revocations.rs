//! Revocations, alone and together with what they belong to.

use super::*;
use crate::model::{Revocation, Revoked};

async fn all(store: &Arc<dyn Store>) -> Vec<Revocation> {
    let mut all = store.revocations().await.unwrap();
    all.sort_by(|a, b| a.what.cmp(&b.what));
    all
}

pub(super) async fn a_revocation_is_kept_and_only_grows(store: Arc<dyn Store>) {
    assert!(store.revocations().await.unwrap().is_empty());
    let early = revoked_user(1);
    let late = Revocation::new(Revoked::User(user_id(1)), at(50), MINTED.live_for);
    for revocation in [&early, &late, &early] {
        store.revoke(revocation, None).await.unwrap();
    }
    assert_eq!(all(&store).await, std::slice::from_ref(&late));
    let others = [
        revoked_session(1),
        revoked(Revoked::Everyone),
        revoked(Revoked::Key("kid".to_owned())),
    ];
    for revocation in &others {
        store.revoke(revocation, None).await.unwrap();
    }
    let [session, everyone, key] = others;
    assert_eq!(all(&store).await, [session, late, everyone, key]);
}

pub(super) async fn of_many_revocations_of_one_user_the_furthest_counts(store: Arc<dyn Store>) {
    at_once(&store, |store, n| async move {
        let minted = at((n as u64 * 7) % PARALLEL as u64);
        let revocation = Revocation::new(Revoked::User(user_id(1)), minted, MINTED.live_for);
        store.revoke(&revocation, None).await.unwrap();
    })
    .await;
    let furthest = Revocation::new(
        Revoked::User(user_id(1)),
        at(PARALLEL as u64 - 1),
        MINTED.live_for,
    );
    assert_eq!(all(&store).await, [furthest]);
}

pub(super) async fn one_of_many_ends_of_a_session_ends_it(store: Arc<dyn Store>) {
    store.insert_session(&session(1, 1)).await.unwrap();
    let ended = at_once(&store, |store, n| async move {
        let revocation = revoked_session(1);
        if n % 5 == 0 {
            store
                .extend_session(session_id(1), at(9_000))
                .await
                .unwrap();
        }
        store
            .end_session(session_id(1), &revocation, None)
            .await
            .unwrap()
    })
    .await;
    assert_eq!(times(&ended, &true), 1);
    assert_eq!(store.session(session_id(1)).await.unwrap(), None);
    assert_eq!(all(&store).await, [revoked_session(1)]);
}

pub(super) async fn a_user_is_disabled_together_with_the_revocation(store: Arc<dyn Store>) {
    let created = store
        .create_user(&user(1), &credential(10, 1), noted())
        .await;
    created.unwrap();
    let set = |n, disabled, revocation: Option<Revocation>| {
        let store = Arc::clone(&store);
        async move {
            let done = store.set_disabled(user_id(n), disabled, revocation.as_ref(), noted());
            done.await.unwrap()
        }
    };
    assert!(!set(2, true, Some(revoked_user(2))).await);
    assert!(all(&store).await.is_empty());
    assert!(set(1, true, Some(revoked_user(1))).await);
    assert_eq!(all(&store).await, [revoked_user(1)]);
    let disabled = async || store.user(user_id(1)).await.unwrap().unwrap().disabled;
    assert!(disabled().await);
    assert!(set(1, false, None).await);
    assert!(!disabled().await);
    assert_eq!(all(&store).await, [revoked_user(1)]);
}

pub(super) async fn only_what_has_ended_is_forgotten(store: Arc<dyn Store>) {
    let ended = Revocation {
        until: at(10),
        ..revoked_user(1)
    };
    for revocation in [&ended, &revoked_user(2)] {
        store.revoke(revocation, None).await.unwrap();
    }
    let what = [1, 2, 3].map(|n| Revoked::User(user_id(n)));
    let forget = |now| store.forget_revocations(&what, now);
    assert_eq!(forget(at(9)).await.unwrap(), 0);
    assert_eq!(forget(at(10)).await.unwrap(), 1);
    assert_eq!(all(&store).await, [revoked_user(2)]);
}

pub(super) async fn the_mark_of_what_was_minted_never_goes_back(store: Arc<dyn Store>) {
    assert_eq!(store.minted_until().await.unwrap(), None);
    for seconds in [5, 9, 7] {
        store.raise_minted_until(at(seconds)).await.unwrap();
    }
    assert_eq!(store.minted_until().await.unwrap(), Some(at(9)));
}
