//! Credentials of users that exist.

use super::*;
use crate::model::{Revoked, Session};
use crate::storage::{CredentialInserted, CredentialRemoved};

pub(super) async fn a_credential_is_added_to_an_existing_user_only(store: Arc<dyn Store>) {
    let inserted = insert(&store, &credential(10, 1), 5).await;
    assert_eq!(inserted, CredentialInserted::NoUser);
    assert_eq!(store.credential(&credential_id(10)).await.unwrap(), None);
    store
        .create_user(&user(1), &credential(10, 1), noted())
        .await
        .unwrap();
    let inserted = insert(&store, &credential(11, 1), 2).await;
    assert_eq!(inserted, CredentialInserted::Inserted);
    let inserted = insert(&store, &credential(12, 1), 2).await;
    assert_eq!(inserted, CredentialInserted::TooMany);
    assert_eq!(
        store.credentials_of(user_id(1)).await.unwrap(),
        [credential(10, 1), credential(11, 1)]
    );
}

pub(super) async fn one_credential_id_belongs_to_one_account(store: Arc<dyn Store>) {
    for n in 1..=PARALLEL as u128 {
        store
            .create_user(&user(n), &credential(n, n), noted())
            .await
            .unwrap();
    }
    let answers = at_once(&store, |store, n| async move {
        let credential = credential(5_000, n as u128 + 1);
        insert(&store, &credential, 5).await
    })
    .await;
    assert_eq!(times(&answers, &CredentialInserted::Inserted), 1);
    assert_eq!(times(&answers, &CredentialInserted::Taken), PARALLEL - 1);
    let owner = store
        .credential(&credential_id(5_000))
        .await
        .unwrap()
        .unwrap()
        .user;
    for n in 1..=PARALLEL as u128 {
        let has = store.credentials_of(user_id(n)).await.unwrap().len();
        assert_eq!(has, if user_id(n) == owner { 2 } else { 1 });
    }
}

pub(super) async fn the_limit_of_credentials_holds_in_a_race(store: Arc<dyn Store>) {
    store
        .create_user(&user(1), &credential(1_000, 1), noted())
        .await
        .unwrap();
    let answers = at_once(&store, |store, n| async move {
        let credential = credential(n as u128 + 1, 1);
        insert(&store, &credential, 5).await
    })
    .await;
    assert_eq!(times(&answers, &CredentialInserted::Inserted), 4);
    assert_eq!(times(&answers, &CredentialInserted::TooMany), PARALLEL - 4);
    assert_eq!(store.credentials_of(user_id(1)).await.unwrap().len(), 5);
}

pub(super) async fn credentials_come_oldest_first(store: Arc<dyn Store>) {
    // By their ids they would come in another order.
    let mut late = credential(1, 1);
    late.created_at = at(500);
    store.create_user(&user(1), &late, noted()).await.unwrap();
    insert(&store, &credential(20, 1), 5).await;
    insert(&store, &credential(10, 1), 5).await;
    assert_eq!(
        store.credentials_of(user_id(1)).await.unwrap(),
        [credential(10, 1), credential(20, 1), late]
    );
    assert!(store.credentials_of(user_id(2)).await.unwrap().is_empty());
}

pub(super) async fn a_label_is_changed_by_its_owner_only(store: Arc<dyn Store>) {
    store
        .create_user(&user(1), &credential(10, 1), noted())
        .await
        .unwrap();
    store
        .create_user(&user(2), &credential(20, 2), noted())
        .await
        .unwrap();
    assert!(
        store
            .label_credential(user_id(1), &credential_id(10), "Phone", noted())
            .await
            .unwrap()
    );
    assert_eq!(
        store
            .credential(&credential_id(10))
            .await
            .unwrap()
            .unwrap()
            .label,
        "Phone"
    );
    assert!(
        !store
            .label_credential(user_id(1), &credential_id(20), "Mine", noted())
            .await
            .unwrap()
    );
    assert!(
        !store
            .label_credential(user_id(1), &credential_id(30), "None", noted())
            .await
            .unwrap()
    );
    assert_eq!(
        store.credential(&credential_id(20)).await.unwrap(),
        Some(credential(20, 2))
    );
}

pub(super) async fn the_last_credential_stays(store: Arc<dyn Store>) {
    store
        .create_user(&user(1), &credential(10, 1), noted())
        .await
        .unwrap();
    store
        .create_user(&user(2), &credential(20, 2), noted())
        .await
        .unwrap();
    let (one, mine, other) = (user_id(1), credential_id(10), credential_id(20));
    let removed = |id, keep_last| store.remove_credential(one, id, keep_last, MINTED, noted());
    assert_eq!(
        removed(&other, false).await.unwrap(),
        CredentialRemoved::NotFound
    );
    assert_eq!(removed(&mine, true).await.unwrap(), CredentialRemoved::Last);
    insert(&store, &credential(11, 1), 5).await;
    assert_eq!(
        removed(&mine, true).await.unwrap(),
        CredentialRemoved::Removed(Vec::new())
    );
    assert_eq!(
        removed(&mine, true).await.unwrap(),
        CredentialRemoved::NotFound
    );
    assert_eq!(
        store.credentials_of(one).await.unwrap(),
        [credential(11, 1)]
    );
    assert_eq!(
        removed(&credential_id(11), false).await.unwrap(),
        CredentialRemoved::Removed(Vec::new())
    );
    assert!(store.credentials_of(one).await.unwrap().is_empty());
    assert_eq!(
        store.credential(&other).await.unwrap(),
        Some(credential(20, 2))
    );
}

pub(super) async fn two_removals_at_once_leave_one_credential(store: Arc<dyn Store>) {
    store
        .create_user(&user(1), &credential(1, 1), noted())
        .await
        .unwrap();
    for n in 2..=PARALLEL as u128 {
        insert(&store, &credential(n, 1), 100).await;
    }
    let answers = at_once(&store, |store, n| async move {
        store
            .remove_credential(
                user_id(1),
                &credential_id(n as u128 + 1),
                true,
                MINTED,
                noted(),
            )
            .await
            .unwrap()
    })
    .await;
    assert_eq!(
        times(&answers, &CredentialRemoved::Removed(Vec::new())),
        PARALLEL - 1
    );
    assert_eq!(times(&answers, &CredentialRemoved::Last), 1);
    assert_eq!(store.credentials_of(user_id(1)).await.unwrap().len(), 1);
}

pub(super) async fn a_removed_credential_can_be_registered_again(store: Arc<dyn Store>) {
    store
        .create_user(&user(1), &credential(10, 1), noted())
        .await
        .unwrap();
    store
        .create_user(&user(2), &credential(20, 2), noted())
        .await
        .unwrap();
    store
        .remove_credential(user_id(1), &credential_id(10), false, MINTED, noted())
        .await
        .unwrap();
    let inserted = insert(&store, &credential(10, 2), 5).await;
    assert_eq!(inserted, CredentialInserted::Inserted);
    assert!(store.credentials_of(user_id(1)).await.unwrap().is_empty());
}

pub(super) async fn a_removed_credential_ends_the_sessions_that_it_began(store: Arc<dyn Store>) {
    for (n, name) in [(1, 1), (3, 2)] {
        store
            .create_user(&user(name), &credential(n, name), noted())
            .await
            .unwrap();
    }
    insert(&store, &credential(2, 1), 2).await;
    // By the first credential, by the second, by nobody knows which, and someone else's.
    let unknown = Session {
        credential: None,
        ..session(13, 1)
    };
    let others = Session {
        credential: None,
        ..session(3, 2)
    };
    for session in [&session(1, 1), &session(2, 1), &unknown, &others] {
        store.insert_session(session).await.unwrap();
    }
    let first = credential_id(1);
    let kept = store.remove_credential(user_id(2), &first, false, MINTED, noted());
    assert_eq!(kept.await.unwrap(), CredentialRemoved::NotFound);
    assert_eq!(store.sessions_of(user_id(1)).await.unwrap().len(), 3);

    let removed = store.remove_credential(user_id(1), &first, true, MINTED, noted());
    let CredentialRemoved::Removed(mut ended) = removed.await.unwrap() else {
        panic!("not removed")
    };
    ended.sort_unstable();
    assert_eq!(ended, [session_id(1), session_id(13)]);
    let revoked = store.revocations().await.unwrap();
    let revoked: Vec<_> = revoked.into_iter().map(|it| it.what).collect();
    assert_eq!(revoked, [1, 13].map(|n| Revoked::Session(session_id(n))));
    assert_eq!(
        store.sessions_of(user_id(1)).await.unwrap(),
        [session(2, 1)]
    );
    assert_eq!(store.session(session_id(1)).await.unwrap(), None);
    assert_eq!(store.session(session_id(13)).await.unwrap(), None);
    assert_eq!(store.sessions_of(user_id(2)).await.unwrap(), [others]);
}

pub(super) async fn the_last_one_that_signs_in_alone_stays(store: Arc<dyn Store>) {
    store
        .create_user(&user(1), &credential(10, 1), noted())
        .await
        .unwrap();
    let mut second_factor = credential(11, 1);
    second_factor.record = serde_json::json!({ "policy": "two_factor" });
    for other in [second_factor, credential(12, 1)] {
        let inserted = insert(&store, &other, 5).await;
        assert_eq!(inserted, CredentialInserted::Inserted);
    }
    let remove = async |n, keep_last| {
        let id = credential_id(n);
        let removed = store.remove_credential(user_id(1), &id, keep_last, MINTED, noted());
        removed.await.unwrap()
    };
    let gone = || CredentialRemoved::Removed(Vec::new());
    let copied = credential_id(12);
    let disabled = store.disable_credential(&copied, MINTED, noted()).await;
    assert_eq!(disabled.unwrap(), Some(Vec::new()));
    assert_eq!(remove(10, true).await, CredentialRemoved::Last);
    // Neither of these is a way in.
    assert_eq!(remove(11, true).await, gone());
    assert_eq!(remove(12, true).await, gone());
    assert_eq!(remove(10, true).await, CredentialRemoved::Last);
    assert_eq!(remove(10, false).await, gone(), "an administrator may");
}
