//! Accounts and their credentials.

use super::*;
use crate::model::User;
use crate::storage::UserCreated;

pub(super) async fn an_account_is_stored_with_its_first_credential(store: Arc<dyn Store>) {
    let before = store.count_users().await.unwrap();
    assert_eq!(store.user(user_id(1)).await.unwrap(), None);
    let created = store
        .create_user(&user(1), &credential(10, 1), noted())
        .await
        .unwrap();
    assert_eq!(created, UserCreated::Created);
    assert_eq!(store.user(user_id(1)).await.unwrap(), Some(user(1)));
    assert_eq!(
        store.user_by_name(&user(1).name).await.unwrap(),
        Some(user(1))
    );
    assert_eq!(store.user_by_name(&user(2).name).await.unwrap(), None);
    assert_eq!(
        store.credential(&credential_id(10)).await.unwrap(),
        Some(credential(10, 1))
    );
    assert_eq!(
        store.credentials_of(user_id(1)).await.unwrap(),
        [credential(10, 1)]
    );
    assert_eq!(store.count_users().await.unwrap(), before + 1);
}

pub(super) async fn a_taken_name_or_credential_makes_no_account(store: Arc<dyn Store>) {
    store
        .create_user(&user(1), &credential(10, 1), noted())
        .await
        .unwrap();
    let users = store.count_users().await.unwrap();

    let same_name = User {
        name: user(1).name,
        ..user(2)
    };
    let created = store
        .create_user(&same_name, &credential(20, 2), noted())
        .await
        .unwrap();
    assert_eq!(created, UserCreated::NameTaken);
    assert_eq!(store.credential(&credential_id(20)).await.unwrap(), None);

    let created = store
        .create_user(&user(3), &credential(10, 3), noted())
        .await
        .unwrap();
    assert_eq!(created, UserCreated::CredentialTaken);
    assert_eq!(store.user_by_name(&user(3).name).await.unwrap(), None);
    assert_eq!(
        store.credential(&credential_id(10)).await.unwrap(),
        Some(credential(10, 1))
    );

    assert_eq!(store.user(user_id(2)).await.unwrap(), None);
    assert_eq!(store.user(user_id(3)).await.unwrap(), None);
    assert_eq!(store.count_users().await.unwrap(), users);
}

pub(super) async fn one_of_many_accounts_with_one_name_is_made(store: Arc<dyn Store>) {
    let answers = at_once(&store, |store, n| async move {
        let n = n as u128 + 1;
        let user = User {
            name: user(5_000).name,
            ..user(n)
        };
        store
            .create_user(&user, &credential(n, n), noted())
            .await
            .unwrap()
    })
    .await;
    assert_eq!(times(&answers, &UserCreated::Created), 1);
    assert_eq!(times(&answers, &UserCreated::NameTaken), PARALLEL - 1);
    let made = store
        .user_by_name(&user(5_000).name)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(store.credentials_of(made.id).await.unwrap().len(), 1);
    for n in 1..=PARALLEL as u128 {
        assert_eq!(
            store.user(user_id(n)).await.unwrap().is_some(),
            user_id(n) == made.id
        );
        assert_eq!(
            store.credential(&credential_id(n)).await.unwrap().is_some(),
            user_id(n) == made.id
        );
    }
}

pub(super) async fn one_of_many_accounts_with_one_credential_is_made(store: Arc<dyn Store>) {
    let answers = at_once(&store, |store, n| async move {
        let n = n as u128 + 1;
        store
            .create_user(&user(n), &credential(5_000, n), noted())
            .await
            .unwrap()
    })
    .await;
    assert_eq!(times(&answers, &UserCreated::Created), 1);
    assert_eq!(times(&answers, &UserCreated::CredentialTaken), PARALLEL - 1);
    let owner = store
        .credential(&credential_id(5_000))
        .await
        .unwrap()
        .unwrap()
        .user;
    for n in 1..=PARALLEL as u128 {
        assert_eq!(
            store.user(user_id(n)).await.unwrap().is_some(),
            user_id(n) == owner
        );
    }
}

pub(super) async fn an_update_changes_what_can_change(store: Arc<dyn Store>) {
    store
        .create_user(&user(1), &credential(10, 1), noted())
        .await
        .unwrap();
    let changed = User {
        display_name: "Someone".to_owned(),
        email: Some("someone@example.com".to_owned()),
        groups: vec!["admins".to_owned()],
        policies: vec!["reader".to_owned()],
        disabled: true,
        ..user(1)
    };
    let told = User {
        name: user(7).name,
        created_at: at(5),
        ..changed.clone()
    };
    assert!(store.update_user(&told).await.unwrap());
    assert_eq!(store.user(user_id(1)).await.unwrap(), Some(changed));
    assert_eq!(store.user_by_name(&user(7).name).await.unwrap(), None);
    assert!(!store.update_user(&user(2)).await.unwrap());
    assert_eq!(store.user(user_id(2)).await.unwrap(), None);
}
