//! Mounts that were written over the API.

use super::*;
use crate::model::{Actor, AuditRecord, MountRecord};
use serde_json::json;

fn audit() -> AuditRecord {
    AuditRecord::new(at(1), Actor::Operator, "mount_write")
}

fn mount(name: &str, shown: &str) -> MountRecord {
    MountRecord {
        name: name.to_owned(),
        revision: 999,
        changed_at: at(1),
        changed_by: "operator".to_owned(),
        rp_id: "example.com".to_owned(),
        settings: json!({ "rp_display_name": shown })
            .as_object()
            .unwrap()
            .clone(),
    }
}

async fn put(store: &Arc<dyn Store>, mount: &MountRecord, expected: u64) -> Option<u64> {
    store.put_mount(mount, expected, &audit()).await.unwrap()
}

async fn names(store: &Arc<dyn Store>) -> Vec<(String, u64)> {
    let mounts = store.mounts().await.unwrap();
    mounts
        .into_iter()
        .map(|it| (it.name, it.revision))
        .collect()
}

pub(super) async fn a_mount_is_written_changed_and_deleted(store: Arc<dyn Store>) {
    assert_eq!(store.mounts().await.unwrap(), []);
    let first = put(&store, &mount("staff", "Staff"), 0).await.unwrap();
    let other = put(&store, &mount("staff-2", "Other"), 0).await.unwrap();
    let second = put(&store, &mount("staff", "Everyone"), first)
        .await
        .unwrap();
    assert!(first < other && other < second);
    let kept = store.mounts().await.unwrap();
    let expected = MountRecord {
        revision: second,
        ..mount("staff", "Everyone")
    };
    assert_eq!(kept[0], expected);
    let shown = [("staff".to_owned(), second), ("staff-2".to_owned(), other)];
    assert_eq!(names(&store).await, shown);
    let delete = async |name, revision| store.delete_mount(name, revision, &audit()).await.unwrap();
    assert!(!delete("staff", first).await && !delete("nobody", 0).await);
    assert!(!delete("staf", second).await && !delete("staff", 0).await);
    assert!(delete("staff", second).await);
    assert!(!delete("staff", second).await);
    assert_eq!(names(&store).await, [("staff-2".to_owned(), other)]);
    // A revision never comes again, not even for a mount that is made again.
    let again = put(&store, &mount("staff", "Staff"), 0).await.unwrap();
    assert!(again > second);
    assert_eq!(actions(&store).await.len(), 5, "one for each write");
}

pub(super) async fn a_write_over_another_one_stores_nothing(store: Arc<dyn Store>) {
    let first = put(&store, &mount("staff", "Staff"), 0).await.unwrap();
    for wrong in [0, first + 1] {
        assert_eq!(put(&store, &mount("staff", "Lost"), wrong).await, None);
    }
    assert_eq!(put(&store, &mount("other", "Lost"), first).await, None);
    assert_eq!(names(&store).await, [("staff".to_owned(), first)]);
    assert_eq!(actions(&store).await.len(), 1);
}

pub(super) async fn of_many_writes_of_one_revision_one_is_stored(store: Arc<dyn Store>) {
    let first = put(&store, &mount("staff", "Staff"), 0).await.unwrap();
    let answers = at_once(&store, |store, n| async move {
        let mount = mount("staff", &format!("Writer {n}"));
        store.put_mount(&mount, first, &audit()).await.unwrap()
    })
    .await;
    let stored: Vec<_> = answers.into_iter().flatten().collect();
    assert_eq!(stored.len(), 1);
    assert_eq!(names(&store).await, [("staff".to_owned(), stored[0])]);
    assert_eq!(actions(&store).await.len(), 2);
}

/// A list of a thousand models does not fit one value of the embedded store.
pub(super) async fn a_long_mount_is_kept_whole_and_replaced_whole(store: Arc<dyn Store>) {
    let long: Vec<_> = (0..1_500).map(|n| format!("\"\u{e9}{n:034}")).collect();
    let mut large = mount("staff", "Staff");
    large
        .settings
        .insert("acceptable_aaguids".to_owned(), json!(long));
    let first = put(&store, &large, 0).await.unwrap();
    put(&store, &mount("staff2", "Beside"), 0).await.unwrap();
    let kept = store.mounts().await.unwrap();
    assert_eq!(kept[0].settings, large.settings);
    let second = put(&store, &mount("staff", "Short"), first).await.unwrap();
    let kept = store.mounts().await.unwrap();
    assert_eq!(kept[0].settings, mount("staff", "Short").settings);
    assert!(store.delete_mount("staff", second, &audit()).await.unwrap());
    assert_eq!(names(&store).await.len(), 1);
}

pub(super) async fn passkeys_are_counted_by_mount(store: Arc<dyn Store>) {
    let there = async |mount| store.credentials_of_mount(mount).await.unwrap();
    let before = there("webauthn").await;
    for n in 1..=3 {
        let mut credential = credential(n, n);
        if n > 1 {
            "staff".clone_into(&mut credential.mount);
        }
        store
            .create_user(&user(n), &credential, noted())
            .await
            .unwrap();
    }
    assert_eq!((there("staff").await, there("staf").await), (2, 0));
    assert_eq!(there("webauthn").await, before + 1);
}
