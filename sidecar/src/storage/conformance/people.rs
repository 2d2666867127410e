//! Users as administrators see them, codes, and imports.

use super::enrolments::{add, audit, enrolment};
use super::*;
use crate::model::{RecoveryCodes, Seconds, SecretHash, User, UserChange};
use crate::storage::{
    Assertion, AssertionRecorded, ImportConflict, Imported, ImportedUser, LOOKED_AT, MOST_NAMES,
    UserAdded, UserChanged, UserFilter,
};

pub(super) async fn a_user_is_made_without_a_passkey(store: Arc<dyn Store>) {
    let code = enrolment(user_id(1), 1);
    let added = store.add_user(&user(1), Some(&code), &audit("add")).await;
    assert_eq!(added.unwrap(), UserAdded::Added);
    assert_eq!(store.user(user_id(1)).await.unwrap(), Some(user(1)));
    assert_eq!(store.credentials_of(user_id(1)).await.unwrap(), []);
    assert_eq!(store.enrolment(user_id(1)).await.unwrap(), Some(code));
    let same_name = User {
        name: user(1).name,
        ..user(2)
    };
    let added = store.add_user(&same_name, None, &audit("add again")).await;
    assert_eq!(added.unwrap(), UserAdded::NameTaken);
    assert_eq!(store.user(user_id(2)).await.unwrap(), None);
    assert_eq!(
        actions(&store).await,
        ["add"],
        "what failed leaves no record"
    );
}

pub(super) async fn one_of_many_users_with_one_name_is_added(store: Arc<dyn Store>) {
    let answers = at_once(&store, |store, n| async move {
        let user = User {
            name: user(5_000).name,
            ..user(n as u128 + 1)
        };
        store.add_user(&user, None, &audit("add")).await.unwrap()
    })
    .await;
    assert_eq!(times(&answers, &UserAdded::Added), 1);
    assert_eq!(actions(&store).await.len(), 1);
}

pub(super) async fn two_changes_at_once_lose_nothing_of_each_other(store: Arc<dyn Store>) {
    add(&store, 1).await;
    at_once(&store, |store, n| async move {
        let change = match n % 2 {
            0 => UserChange {
                display_name: Some("Ann".to_owned()),
                ..UserChange::default()
            },
            _ => UserChange {
                email: Some(Some("ann@example.com".to_owned())),
                ..UserChange::default()
            },
        };
        store
            .change_user(user_id(1), &change, &audit("change"))
            .await
            .unwrap()
    })
    .await;
    let changed = store.user(user_id(1)).await.unwrap().unwrap();
    assert_eq!(changed.display_name, "Ann");
    assert_eq!(changed.email.as_deref(), Some("ann@example.com"));
    assert_eq!(changed.groups, user(1).groups, "not asked for");
    let gone = store
        .change_user(user_id(2), &UserChange::default(), &audit("x"))
        .await;
    assert_eq!(gone.unwrap(), UserChanged::Gone);
}

/// Each of them alone would fit beside what was there when they began.
pub(super) async fn changes_at_once_do_not_add_up_to_too_much(store: Arc<dyn Store>) {
    add(&store, 1).await;
    let answers = at_once(&store, |store, n| async move {
        let groups = (0..10).map(|it| format!("g{n}-{it}"));
        let change = UserChange {
            add_groups: groups.collect(),
            ..UserChange::default()
        };
        let record = audit("groups");
        let changed = store.change_user(user_id(1), &change, &record);
        changed.await.unwrap() == UserChanged::TooLarge
    })
    .await;
    // One group is there before.
    let fit = MOST_NAMES / 10 - 1;
    assert_eq!(times(&answers, &false), fit);
    let user = store.user(user_id(1)).await.unwrap().unwrap();
    assert_eq!(user.groups.len(), 10 * fit + 1);
    let told = actions(&store).await;
    assert_eq!(times(&told, &"groups".to_owned()), fit, "and no more told");
}

pub(super) async fn a_user_never_outgrows_a_record(store: Arc<dyn Store>) {
    add(&store, 1).await;
    let change = async |change: UserChange| {
        let record = audit("change");
        let changed = store.change_user(user_id(1), &change, &record);
        changed.await.unwrap()
    };
    // Written with an escape each, they need twice the room that they are long.
    let names = |letter: &str, count: usize| -> Vec<String> {
        let number = |it: usize| format!("{letter}{it:02}{}", "\"".repeat(60));
        (0..count).map(number).collect()
    };
    let groups = change(UserChange {
        groups: Some(names("g", 20)),
        ..UserChange::default()
    });
    assert!(matches!(groups.await, UserChanged::Changed(_)));
    let before = store.user(user_id(1)).await.unwrap();
    for too_large in [
        UserChange {
            policies: Some(names("p", 20)),
            ..UserChange::default()
        },
        UserChange {
            add_groups: names("h", 20),
            ..UserChange::default()
        },
    ] {
        assert_eq!(change(too_large).await, UserChanged::TooLarge);
        assert_eq!(store.user(user_id(1)).await.unwrap(), before);
    }
    // As much as there can be.
    let mut full = UserChange::default();
    for count in 1.. {
        let next = UserChange {
            policies: Some(names("p", count)),
            ..UserChange::default()
        };
        if change(next.clone()).await == UserChanged::TooLarge {
            break;
        }
        full = next;
    }
    assert!(matches!(change(full).await, UserChanged::Changed(_)));
    // What an administrator and the program must be able to do to anyone.
    let shut = change(UserChange {
        disabled: Some(true),
        must_register: Some(true),
        token_ttl: Some(Some(Seconds(123_456_789))),
        token_max_ttl: Some(Some(Seconds(123_456_789))),
        token_period: Some(Some(Seconds(123_456_789))),
        ..UserChange::default()
    });
    assert!(matches!(shut.await, UserChanged::Changed(_)));
    let fewer = change(UserChange {
        remove_groups: names("g", 20),
        ..UserChange::default()
    });
    assert!(matches!(fewer.await, UserChanged::Changed(_)));
}

pub(super) async fn a_deleted_user_leaves_nothing_but_the_name(store: Arc<dyn Store>) {
    let code = enrolment(user_id(1), 1);
    store
        .create_user(&user(1), &credential(10, 1), noted())
        .await
        .unwrap();
    store.put_enrolment(&code, &audit("code")).await.unwrap();
    store.insert_session(&session(1, 1)).await.unwrap();
    let codes = RecoveryCodes {
        created_at: NOW,
        left: vec![SecretHash([9; 32])],
    };
    store
        .put_recovery_codes(user_id(1), session_id(1), &codes, &audit("codes"))
        .await
        .unwrap();
    store
        .create_user(&user(2), &credential(20, 2), noted())
        .await
        .unwrap();
    assert!(
        store
            .delete_user(user_id(1), &audit("delete"))
            .await
            .unwrap()
    );
    assert!(
        !store
            .delete_user(user_id(1), &audit("again"))
            .await
            .unwrap()
    );
    assert_eq!(store.user(user_id(1)).await.unwrap(), None);
    assert_eq!(store.user_by_name(&user(1).name).await.unwrap(), None);
    assert_eq!(store.credential(&credential_id(10)).await.unwrap(), None);
    assert_eq!(store.session(session_id(1)).await.unwrap(), None);
    assert_eq!(store.sessions_of(user_id(1)).await.unwrap(), []);
    assert_eq!(store.enrolment(user_id(1)).await.unwrap(), None);
    assert_eq!(store.recovery_codes(user_id(1)).await.unwrap(), None);
    let again = User {
        name: user(1).name,
        ..user(3)
    };
    let added = store.add_user(&again, None, &audit("add")).await.unwrap();
    assert_eq!(added, UserAdded::NameTaken, "the name stays taken");
    assert_eq!(
        store.credentials_of(user_id(2)).await.unwrap().len(),
        1,
        "others are left alone"
    );
}

pub(super) async fn users_are_listed_by_name_in_pages(store: Arc<dyn Store>) {
    for n in 10..25 {
        add(&store, n).await;
    }
    store.delete_user(user_id(12), &audit("x")).await.unwrap();
    let filter = UserFilter {
        prefix: Some("user1".to_owned()),
        ..UserFilter::default()
    };
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.user_page(after.as_ref(), &filter, 4).await.unwrap();
        assert!(page.items.len() <= 4);
        seen.extend(page.items.into_iter().map(|it| it.name.to_string()));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let expected = (10..20).filter(|n| *n != 12).map(|n| format!("user{n}"));
    assert_eq!(seen, expected.collect::<Vec<_>>());
}

pub(super) async fn users_are_found_by_text_and_group(store: Arc<dyn Store>) {
    for n in 1..6 {
        let user = User {
            display_name: format!("Person {n}"),
            groups: vec![if n == 3 { "eng" } else { "ops" }.to_owned()],
            email: (n == 4).then(|| "Four@example.com".to_owned()),
            disabled: n == 5,
            ..user(n)
        };
        store.add_user(&user, None, &audit("add")).await.unwrap();
    }
    let found = async |filter: UserFilter| -> Vec<String> {
        let page = store.user_page(None, &filter, 100).await.unwrap();
        assert_eq!(page.next, None);
        page.items.iter().map(|it| it.name.to_string()).collect()
    };
    let text = |text: &str| UserFilter {
        text: Some(text.to_owned()),
        ..UserFilter::default()
    };
    assert_eq!(found(text("person 2")).await, ["user2"]);
    assert_eq!(found(text("four@")).await, ["user4"]);
    assert_eq!(found(text("user5")).await, ["user5"]);
    let filter = UserFilter {
        group: Some("eng".to_owned()),
        ..UserFilter::default()
    };
    assert_eq!(found(filter).await, ["user3"]);
    let filter = UserFilter {
        disabled: Some(true),
        ..text("user")
    };
    assert_eq!(found(filter).await, ["user5"]);
}

pub(super) async fn an_administrator_is_one_who_can_sign_in(store: Arc<dyn Store>) {
    let groups = ["admins".to_owned()];
    let admin = |n| User {
        groups: vec!["admins".to_owned()],
        ..user(n)
    };
    let is_there = async || store.has_administrator(&groups).await.unwrap();
    assert!(!is_there().await);
    let added = store.add_user(&admin(1), None, &audit("add")).await;
    assert_eq!(added.unwrap(), UserAdded::Added);
    store
        .create_user(&user(2), &credential(20, 2), noted())
        .await
        .unwrap();
    assert!(!is_there().await, "the passkey is another user's");
    store
        .create_user(&admin(3), &credential(30, 3), noted())
        .await
        .unwrap();
    assert!(is_there().await);
    let change = UserChange {
        disabled: Some(true),
        ..UserChange::default()
    };
    store
        .change_user(user_id(3), &change, &audit("disable"))
        .await
        .unwrap();
    assert!(!is_there().await, "is disabled");
}

pub(super) async fn a_disabled_credential_signs_in_no_more(store: Arc<dyn Store>) {
    store
        .create_user(&user(1), &credential(10, 1), noted())
        .await
        .unwrap();
    let disable = async || {
        let disabled = store
            .disable_credential(&credential_id(10), MINTED, &audit("disable"))
            .await;
        disabled.unwrap()
    };
    assert_eq!(disable().await, Some(Vec::new()));
    assert_eq!(disable().await, None, "once is enough");
    let credential = store.credential(&credential_id(10)).await.unwrap().unwrap();
    assert_eq!(credential.disabled_at, Some(NOW));
    assert!(store.user(user_id(1)).await.unwrap().unwrap().passkey_alert);
    let assertion = Assertion {
        sign_count: 5,
        backup_eligible: true,
        backup_state: false,
        at: NOW,
    };
    let recorded = store
        .record_assertion(&credential_id(10), assertion, &session(1, 1), None, MINTED)
        .await;
    assert_eq!(recorded.unwrap(), AssertionRecorded::Gone);
}

pub(super) async fn a_suspected_credential_is_noted_and_its_owner_marked(store: Arc<dyn Store>) {
    store
        .create_user(&user(1), &credential(10, 1), noted())
        .await
        .unwrap();
    let suspect = async |n| {
        let (id, audit) = (credential_id(n), audit("suspect"));
        store.suspect_credential(&id, &audit).await.unwrap()
    };
    assert!(!suspect(11).await);
    assert!(suspect(10).await);
    let credential = store.credential(&credential_id(10)).await.unwrap().unwrap();
    assert_eq!(
        (credential.suspected_at, credential.disabled_at),
        (Some(NOW), None)
    );
    assert!(store.user(user_id(1)).await.unwrap().unwrap().passkey_alert);
    assert_eq!(actions(&store).await, ["suspect"]);
}

pub(super) async fn an_import_is_whole_or_nothing(store: Arc<dyn Store>) {
    store
        .create_user(&user(1), &credential(10, 1), noted())
        .await
        .unwrap();
    let imported = |n, credentials: &[u128]| ImportedUser {
        user: user(n),
        credentials: credentials.iter().map(|it| credential(*it, n)).collect(),
    };
    let import = async |users: &[ImportedUser], dry| {
        let imported = Imported {
            users: users.to_vec(),
            ..Imported::default()
        };
        let conflicts = store.import(&imported, dry, &audit("import")).await;
        conflicts.unwrap()
    };
    let good = [imported(2, &[20, 21]), imported(3, &[])];
    assert_eq!(import(&good, true).await, []);
    assert_eq!(store.user(user_id(2)).await.unwrap(), None, "it was dry");
    let bad = [
        imported(2, &[20]),
        imported(1, &[11]),
        imported(4, &[10]),
        imported(5, &[20]),
        ImportedUser {
            user: User {
                id: user_id(5),
                ..user(6)
            },
            credentials: Vec::new(),
        },
    ];
    let conflicts = [
        ImportConflict::NameTaken(user(1).name),
        ImportConflict::IdTaken(user(1).name),
        ImportConflict::CredentialTaken(user(4).name, credential_id(10)),
        ImportConflict::CredentialTaken(user(5).name, credential_id(20)),
        ImportConflict::IdTaken(user(6).name),
    ];
    assert_eq!(import(&bad, false).await, conflicts);
    assert_eq!(
        store.user(user_id(2)).await.unwrap(),
        None,
        "nothing half done"
    );
    assert_eq!(import(&good, false).await, []);
    assert_eq!(store.credentials_of(user_id(2)).await.unwrap().len(), 2);
    assert_eq!(
        store.user_by_name(&user(3).name).await.unwrap(),
        Some(user(3))
    );
    assert_eq!(actions(&store).await, ["import"]);
}

pub(super) async fn names_of_users_who_are_gone_are_listed_and_imported(store: Arc<dyn Store>) {
    let names = async |most| {
        let (mut names, mut after) = (Vec::new(), None);
        loop {
            let page = store.reserved_names(after.as_ref(), most).await.unwrap();
            assert!(page.items.len() <= most);
            names.extend(page.items);
            match page.next {
                Some(next) => after = Some(next),
                None => return names,
            }
        }
    };
    for n in 1..6 {
        add(&store, n).await;
    }
    assert_eq!(names(10).await, []);
    for n in [2, 4, 5] {
        let deleted = store.delete_user(user_id(n), &audit("delete")).await;
        assert!(deleted.unwrap());
    }
    let gone = [2, 4, 5].map(|n| user(n).name);
    for most in [1, 2, 3, 10] {
        assert_eq!(names(most).await, gone, "{most} at a time");
    }

    // One who is here stays, and so does one who was.
    let imported = Imported {
        users: Vec::new(),
        reserved: vec![user(1).name, user(2).name, user(7).name],
    };
    for dry in [true, false] {
        assert!(!store.is_name_taken(&user(7).name).await.unwrap());
        let conflicts = store.import(&imported, dry, &audit("import")).await;
        assert_eq!(conflicts.unwrap(), []);
    }
    let taken = async |n| store.is_name_taken(&user(n).name).await.unwrap();
    assert!(taken(1).await && taken(2).await && taken(7).await && !taken(8).await);
    assert_eq!(
        store.user_by_name(&user(1).name).await.unwrap(),
        Some(user(1))
    );
    assert_eq!(store.user_by_name(&user(7).name).await.unwrap(), None);
    assert_eq!(add(&store, 7).await, UserAdded::NameTaken);
    assert_eq!(names(10).await, [2, 4, 5, 7].map(|n| user(n).name));
}

pub(super) async fn living_sessions_are_listed_in_pages(store: Arc<dyn Store>) {
    for n in 1..8 {
        let mut session = session(n, 1);
        if n == 4 {
            session.idle_until = at(1);
        }
        store.insert_session(&session).await.unwrap();
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.session_page(after, at(10), 3).await.unwrap();
        seen.extend(page.items.iter().map(|it| it.id));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let expected: Vec<_> = [1, 2, 3, 5, 6, 7].map(session_id).into();
    assert_eq!(seen, expected);
}

pub(super) async fn a_search_looks_at_a_bounded_number_of_users(store: Arc<dyn Store>) {
    let users: Vec<_> = (0..LOOKED_AT as u128 + 5)
        .map(|n| ImportedUser {
            user: user(10_000 + n),
            credentials: Vec::new(),
        })
        .collect();
    let imported = Imported {
        users,
        ..Imported::default()
    };
    let kept = store.import(&imported, false, &audit("import")).await;
    assert_eq!(kept.unwrap(), []);
    let filter = UserFilter {
        text: Some("user12004".to_owned()),
        ..UserFilter::default()
    };
    let first = store.user_page(None, &filter, 10).await.unwrap();
    assert_eq!(first.items, []);
    let second = store.user_page(first.next.as_ref(), &filter, 10).await;
    let second = second.unwrap();
    assert_eq!(second.items.len(), 1);
    assert_eq!(second.next, None);
}
