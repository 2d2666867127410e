//! Case 116: what a power cut leaves behind is the file as it was when the last fsync ended. So it is
//! copied at that moment, by the one thread that writes; whatever comes later is not in the copy.

use super::*;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinSet;

/// Where the copies of a store go, by the directory of its engine.
static COPIES: Mutex<BTreeMap<PathBuf, PathBuf>> = Mutex::new(BTreeMap::new());

/// Called when an fsync has ended, before anybody hears of what it was for.
pub(in crate::storage::embedded) fn synced(engine: &Path) {
    let copies = COPIES.lock().unwrap_or_else(PoisonError::into_inner);
    if let (Some(to), Some(live)) = (copies.get(engine), engine.parent()) {
        let _ = std::fs::remove_dir_all(to);
        copy(live, to);
    }
}

/// A store whose state at each fsync is copied.
fn witnessed(parent: &Path) -> (Arc<EmbeddedStore>, PathBuf) {
    let (live, as_of_fsync) = (parent.join("live"), parent.join("as-of-fsync"));
    let store = Arc::new(EmbeddedStore::open(&live).unwrap());
    let mut copies = COPIES.lock().unwrap_or_else(PoisonError::into_inner);
    copies.insert(live.join("sled"), as_of_fsync.clone());
    drop(copies);
    (store, as_of_fsync)
}

/// Brings the power back, in a place of its own: the next fsync writes over the copy.
async fn assert_kept(as_of_fsync: &Path, accounts: &[u128]) {
    let back = as_of_fsync.with_extension("back");
    let _ = std::fs::remove_dir_all(&back);
    copy(as_of_fsync, &back);
    let store = EmbeddedStore::open(&back).unwrap();
    for n in accounts {
        assert_eq!(store.user(user_id(*n)).await.unwrap(), Some(user(*n)));
        let credentials = store.credentials_of(user_id(*n)).await.unwrap();
        assert_eq!(credentials, [credential(*n, *n)]);
    }
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_in_the_file_as_of_the_last_fsync() {
    let parent = tempfile::tempdir().unwrap();
    let (store, as_of_fsync) = witnessed(parent.path());
    let mut acknowledged = Vec::new();
    // One at a time: each has an fsync of its own.
    for n in 1..=12 {
        store
            .create_user(&user(n), &credential(n, n), noted())
            .await
            .unwrap();
        acknowledged.push(n);
        assert_kept(&as_of_fsync, &acknowledged).await;
    }
    // Many who share one.
    for round in 1..=4_u128 {
        let mut together = JoinSet::new();
        for n in round * 100..round * 100 + 20 {
            let store = Arc::clone(&store);
            together.spawn(async move {
                let (user, credential) = (user(n), credential(n, n));
                let created = store.create_user(&user, &credential, noted());
                created.await.map(|_| n)
            });
        }
        while let Some(created) = together.join_next().await {
            acknowledged.push(created.unwrap().unwrap());
        }
        assert_kept(&as_of_fsync, &acknowledged).await;
    }
    store.close().await.unwrap();
    assert_kept(&as_of_fsync, &acknowledged).await;
}
