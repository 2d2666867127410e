//! The audit log.

use super::*;
use crate::model::{Actor, AuditFilter, AuditRecord, UnixTime};
use crate::storage::{Assertion, AuditCursor};

fn record(seconds: u64, actor: Actor, action: &str) -> AuditRecord {
    AuditRecord::new(at(seconds), actor, action)
}

fn person(n: u128) -> Actor {
    Actor::User {
        id: user_id(n),
        name: user(n).name,
    }
}

async fn append(store: &Arc<dyn Store>, record: AuditRecord) {
    store.append_audit(&record).await.unwrap();
}

/// All that a search finds, page by page.
async fn found(store: &Arc<dyn Store>, filter: AuditFilter, most: usize) -> Vec<String> {
    let (mut found, mut from) = (Vec::new(), AuditCursor::START);
    loop {
        let page = store.audit_page(from, &filter, most).await.unwrap();
        assert!(page.items.len() <= most);
        let actions = page.items.into_iter().map(|it| it.action);
        found.extend(actions.filter(|it| *it != noted().action));
        match page.next {
            Some(next) => from = next,
            None => return found,
        }
    }
}

pub(super) async fn records_come_newest_first_whoever_acted(store: Arc<dyn Store>) {
    append(&store, record(1, Actor::Operator, "a")).await;
    append(&store, record(2, person(1), "b")).await;
    append(&store, record(3, Actor::Program, "c")).await;
    append(&store, record(3, person(2), "d")).await;
    append(&store, record(5, person(1), "e")).await;
    for most in [1, 2, 5, 10] {
        let all = found(&store, AuditFilter::default(), most).await;
        assert_eq!(all, ["e", "c", "d", "b", "a"], "{most} at a time");
    }
}

pub(super) async fn records_are_found_by_who_whom_what_and_when(store: Arc<dyn Store>) {
    let of = |record: AuditRecord, n| record.to(user_id(n), &user(n).name);
    append(&store, of(record(1, Actor::Operator, "make"), 1)).await;
    append(&store, of(record(2, person(1), "label"), 1)).await;
    append(&store, of(record(3, person(2), "label"), 2)).await;
    append(&store, of(record(4, Actor::Operator, "delete"), 2)).await;
    let search = async |filter| found(&store, filter, 10).await;
    let none = AuditFilter::default;
    let text = |text: &str| Some(text.to_owned());
    let filter = AuditFilter {
        actor: text("operator"),
        ..none()
    };
    assert_eq!(search(filter).await, ["delete", "make"]);
    let filter = AuditFilter {
        user: text("user1"),
        ..none()
    };
    assert_eq!(search(filter).await, ["label", "make"]);
    let filter = AuditFilter {
        action: text("label"),
        actor: text("user2"),
        ..none()
    };
    assert_eq!(search(filter).await, ["label"]);
    let filter = AuditFilter {
        since: Some(at(2)),
        until: Some(at(3)),
        ..none()
    };
    assert_eq!(search(filter).await, ["label", "label"]);
    let filter = AuditFilter {
        action: text("nothing"),
        ..none()
    };
    assert_eq!(search(filter).await, Vec::<String>::new());
}

pub(super) async fn old_and_surplus_records_go_book_by_book(store: Arc<dyn Store>) {
    let page = async || {
        let all = AuditFilter::default();
        let page = store.audit_page(AuditCursor::START, &all, 1_000).await;
        page.unwrap().items
    };
    let others = page().await.len();
    let prune = async |before, most| store.prune_audit(before, most).await.unwrap();
    for n in 0..300 {
        append(&store, record(n, person(1), "login")).await;
    }
    append(&store, record(0, Actor::Operator, "oldest")).await;
    append(&store, record(1, Actor::Operator, "old")).await;
    assert_eq!(prune(UnixTime(0), 1_000).await, 0);
    let most = 12;
    let administration = others + 2;
    let surplus = administration.saturating_sub(12);
    assert_eq!(prune(UnixTime(0), most).await, 288 + count(surplus));
    let left = administration - surplus;
    let all = page().await;
    assert_eq!(
        all.len(),
        12 + left,
        "people push out nothing of administrators"
    );
    assert_eq!(prune(at(297), most).await, 9 + count(left - 1));
    assert_eq!(prune(at(1_000), most).await, 2);
    // The last one of each stays, so that numbers never come again.
    let all = found(&store, AuditFilter::default(), 100).await;
    assert_eq!(all, ["login", "old"]);
    append(&store, record(2_000, person(1), "next")).await;
    let all = found(&store, AuditFilter::default(), 1).await;
    assert_eq!(all, ["next", "login", "old"]);
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap()
}

/// What is done is told in the same step, and what is not done is not.
pub(super) async fn each_change_has_its_record_and_no_other(store: Arc<dyn Store>) {
    let note = |action: &str| record(1, person(1), action);
    let (one, first, second) = (user_id(1), credential_id(10), credential_id(11));
    let create = note("create");
    for _ in 0..2 {
        let _ = store
            .create_user(&user(1), &credential(10, 1), &create)
            .await;
    }
    let add = note("add");
    let adding = adding_session(one);
    store.insert_session(&adding).await.unwrap();
    for most in [1, 2, 3] {
        let _ = store
            .insert_credential_if_absent(&credential(11, 1), adding.id, most, &add)
            .await;
    }
    let label = note("label");
    for id in [&second, &credential_id(99)] {
        let _ = store.label_credential(one, id, "Blue", &label).await;
    }
    let remove = note("remove");
    for id in [&second, &second, &first] {
        let _ = store
            .remove_credential(one, id, true, MINTED, &remove)
            .await;
    }
    let disable = note("disable");
    for user in [one, user_id(99)] {
        let _ = store.set_disabled(user, true, None, &disable).await;
    }
    store.insert_session(&session(1, 1)).await.unwrap();
    let end = note("end");
    for audit in [None, Some(&end)] {
        store.insert_session(&session(1, 1)).await.unwrap();
        let _ = store
            .end_session(session_id(1), &revoked_session(1), audit)
            .await;
    }
    let _ = store
        .end_session(session_id(1), &revoked_session(1), Some(&end))
        .await;
    let revoke = note("revoke");
    for audit in [None, Some(&revoke)] {
        store.revoke(&revoked_user(1), audit).await.unwrap();
    }
    let keys = note("keys");
    store
        .replace_signing_keys(&[signing_key("a")], None, &keys)
        .await
        .unwrap();
    let mut told = actions(&store).await;
    told.reverse();
    let expected = [
        "create", "add", "label", "remove", "disable", "end", "revoke", "keys",
    ];
    assert_eq!(told, expected);
}

pub(super) async fn a_login_is_in_the_log_in_the_same_step(store: Arc<dyn Store>) {
    store
        .create_user(&user(1), &credential(10, 1), noted())
        .await
        .unwrap();
    let assertion = Assertion {
        sign_count: 1,
        backup_eligible: true,
        backup_state: false,
        at: at(7),
    };
    let login = async || {
        let recorded = store
            .record_assertion(&credential_id(10), assertion, &session(1, 1), None, MINTED)
            .await;
        recorded.unwrap()
    };
    login().await;
    // Its counter does not grow.
    login().await;
    let login = AuditFilter {
        action: Some("login".to_owned()),
        ..AuditFilter::default()
    };
    let page = store
        .audit_page(AuditCursor::START, &login, 10)
        .await
        .unwrap();
    let [record] = page.items.as_slice() else {
        panic!("{page:?}")
    };
    assert_eq!((record.action.as_str(), record.at), ("login", at(7)));
    assert_eq!(record.actor, person(1));
    assert_eq!(record.credential, Some(credential_id(10)));
    assert_eq!(record.session, Some(session_id(1)));
    assert_eq!(record.address.as_deref(), Some("192.0.2.1"));
}
