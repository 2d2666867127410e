//! The seal of a store that was closed in order: it vouches for these very files, once.

use super::*;
use crate::storage::embedded::files::{Contents, Directory};
use crate::storage::embedded::seal;
use std::fs;
use std::os::unix::fs::FileExt as _;

/// What the seal of a directory vouches for; it is gone then.
fn taken(directory: &Path) -> Option<u64> {
    let (directory, contents) = Directory::lock(directory).unwrap();
    assert_eq!(contents, Contents::Store);
    seal::take(&directory).unwrap()
}

#[tokio::test]
async fn a_store_that_was_closed_in_order_is_sealed_until_it_is_opened() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    filled(directory, 3).await;
    assert!(directory.join("seal").exists());
    let store = EmbeddedStore::open(directory).unwrap();
    assert!(
        !directory.join("seal").exists(),
        "gone before anything changes"
    );
    store.close().await.unwrap();
    assert_eq!(taken(directory), Some(3));
    assert_eq!(taken(directory), None, "once");
    assert_whole(directory, 3).await;
}

#[tokio::test]
async fn a_seal_that_does_not_fit_is_worth_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let whole = parent.path().join("whole");
    filled(&whole, 3).await;
    let older = parent.path().join("older");
    copy(&whole, &older);
    let store = EmbeddedStore::open(&whole).unwrap();
    store
        .create_user(&user(4), &credential(4, 4), noted())
        .await
        .unwrap();
    store.close().await.unwrap();

    let copied = |name: &str| {
        let copied = parent.path().join(name);
        copy(&whole, &copied);
        copied
    };
    let flipped = copied("flipped");
    let file = fs::OpenOptions::new()
        .write(true)
        .open(flipped.join("sled/db"));
    file.unwrap().write_all_at(&[0xa5], 100).unwrap();
    assert_eq!(taken(&flipped), None);
    let longer = copied("longer");
    fs::write(longer.join("sled/snap.more"), "").unwrap();
    assert_eq!(taken(&longer), None);
    let of_another = copied("of-another");
    fs::copy(older.join("seal"), of_another.join("seal")).unwrap();
    assert_eq!(taken(&of_another), None);
    let unreadable = copied("unreadable");
    fs::write(unreadable.join("seal"), [0xff; 40]).unwrap();
    assert_eq!(taken(&unreadable), None);
    assert_whole(&unreadable, 4).await;
    assert_eq!(taken(&copied("whole-again")), Some(4));
}

#[tokio::test]
async fn what_was_lost_is_noticed_without_a_seal_and_files_that_were_swapped_with_one() {
    let parent = tempfile::tempdir().unwrap();
    let whole = parent.path().join("whole");
    filled(&whole, 3).await;
    let older = parent.path().join("older");
    copy(&whole, &older);
    let store = EmbeddedStore::open(&whole).unwrap();
    store
        .create_user(&user(4), &credential(4, 4), noted())
        .await
        .unwrap();
    store.close().await.unwrap();
    // sled's files and the seal of an earlier day under the watermark of today.
    fs::remove_dir_all(whole.join("sled")).unwrap();
    copy(&older.join("sled"), &whole.join("sled"));
    fs::copy(older.join("seal"), whole.join("seal")).unwrap();
    let refused = EmbeddedStore::open(&whole).err().unwrap().to_string();
    assert!(
        refused.contains("it ends at step 3, but step 4"),
        "{refused}"
    );
}
