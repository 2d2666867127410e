//! Damaged files: a clear refusal, every time it is tried, and never a store with less in it.

use super::*;
use crate::entropy::{Entropy as _, SequenceEntropy};
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt as _;

const ACCOUNTS: u128 = 60;

/// Opens a damaged copy twice: each time it is either refused as damaged, or whole.
async fn refused_or_whole(directory: &Path, what: &str) -> bool {
    let mut refused = false;
    for attempt in 1..=2 {
        match EmbeddedStore::open(directory) {
            Ok(store) => {
                assert_eq!(
                    store.count_users().await.unwrap(),
                    u64::try_from(ACCOUNTS).unwrap(),
                    "{what}"
                );
                store.close().await.unwrap();
                assert_whole(directory, ACCOUNTS).await;
                assert!(!refused, "{what}: refused first, then opened");
            }
            Err(OpenError::Damaged { damage, .. }) => {
                assert!(!damage.is_empty(), "{what}");
                refused = true;
            }
            Err(other) => panic!("{what}, attempt {attempt}: {other}"),
        }
    }
    refused
}

#[tokio::test]
async fn a_flipped_byte_anywhere_is_refused_or_harmless() {
    let parent = tempfile::tempdir().unwrap();
    let whole = parent.path().join("whole");
    filled(&whole, ACCOUNTS).await;
    let entropy = SequenceEntropy::default();
    let mut refusals = 0;
    for file in ["sled/db", "sled/conf", "marker", "snapshot"] {
        let path = match file {
            "snapshot" => snapshot(&whole),
            name => PathBuf::from(name),
        };
        let used = fs::read(whole.join(&path)).unwrap();
        // sled keeps the end of its file empty.
        let used = used.iter().rposition(|byte| *byte != 0).unwrap();
        for n in 0..40_u32 {
            let mut random = [0; 8];
            entropy.fill(&mut random);
            let offset = u64::from_le_bytes(random) % (used as u64 + 1);
            let copied = parent.path().join("copy");
            copy(&whole, &copied);
            let damaged = OpenOptions::new()
                .read(true)
                .write(true)
                .open(copied.join(&path));
            let damaged = damaged.unwrap();
            let mut byte = [0];
            damaged.read_exact_at(&mut byte, offset).unwrap();
            damaged
                .write_all_at(&[byte[0] ^ (1 << (n % 8))], offset)
                .unwrap();
            if file == "marker" {
                // Its one number may have become that of another format.
                let refused = EmbeddedStore::open(&copied).err().unwrap();
                assert!(
                    matches!(
                        refused,
                        OpenError::Damaged { .. } | OpenError::Format { .. }
                    ),
                    "{refused}"
                );
                refusals += 1;
            } else {
                let what = format!("bit {} of byte {offset} of {file}", n % 8);
                refusals += usize::from(refused_or_whole(&copied, &what).await);
            }
            fs::remove_dir_all(&copied).unwrap();
        }
    }
    assert!(
        refusals > 100,
        "only {refusals} of 160 damages were noticed"
    );
}

fn snapshot(directory: &Path) -> PathBuf {
    let entries = fs::read_dir(directory.join("sled")).unwrap();
    let name = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .find(|name| name.starts_with("snap."))
        .unwrap();
    PathBuf::from("sled").join(name)
}

#[tokio::test]
async fn a_truncated_file_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    let whole = parent.path().join("whole");
    filled(&whole, ACCOUNTS).await;
    let bytes = fs::read(whole.join("sled/db")).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64;
    for left in [0, 1, 20, used / 4, used / 2, used - 1_000, used - 10] {
        let copied = parent.path().join("copy");
        copy(&whole, &copied);
        let file = OpenOptions::new()
            .write(true)
            .open(copied.join("sled/db"))
            .unwrap();
        file.set_len(left).unwrap();
        assert!(
            refused_or_whole(&copied, &format!("cut to {left}")).await,
            "cut to {left}"
        );
        fs::remove_dir_all(&copied).unwrap();
    }
}

#[tokio::test]
async fn zeroes_over_a_part_are_refused() {
    let parent = tempfile::tempdir().unwrap();
    let whole = parent.path().join("whole");
    filled(&whole, ACCOUNTS).await;
    let bytes = fs::read(whole.join("sled/db")).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64;
    for start in [0, 4_096, used / 2, used - 4_096] {
        let copied = parent.path().join("copy");
        copy(&whole, &copied);
        let file = OpenOptions::new()
            .write(true)
            .open(copied.join("sled/db"))
            .unwrap();
        file.write_all_at(&[0; 4_096], start).unwrap();
        refused_or_whole(&copied, &format!("zeroes from {start}")).await;
        fs::remove_dir_all(&copied).unwrap();
    }
}

/// Each file is whole in itself; only the watermark tells.
#[tokio::test]
async fn older_files_under_a_newer_watermark_are_refused() {
    let parent = tempfile::tempdir().unwrap();
    let (old, new) = (parent.path().join("old"), parent.path().join("new"));
    filled(&old, 5).await;
    copy(&old, &new);
    let store = EmbeddedStore::open(&new).unwrap();
    store
        .create_user(&user(100), &credential(100, 100), noted())
        .await
        .unwrap();
    store.close().await.unwrap();
    fs::remove_dir_all(new.join("sled")).unwrap();
    copy(&old.join("sled"), &new.join("sled"));
    let refused = EmbeddedStore::open(&new).err().unwrap();
    assert!(matches!(refused, OpenError::Damaged { .. }), "{refused}");
    assert!(
        refused.to_string().contains("step 6 was reached"),
        "{refused}"
    );
    // The whole directory from the same backup is right.
    copy(&old, &new);
    assert_whole(&new, 5).await;
}

#[tokio::test]
async fn an_unreadable_watermark_does_not_keep_it_shut() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path(), 5).await;
    fs::write(directory.path().join("watermark"), "torn").unwrap();
    assert_whole(directory.path(), 5).await;
}

/// A record that decays while the program runs: the others are still served.
#[tokio::test]
async fn a_record_that_does_not_fit_its_checksum_is_named() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path(), 2).await;
    let store = EmbeddedStore::open(directory.path()).unwrap();
    {
        let shown = store.view.read();
        let key = Key::user(user_id(1));
        let tree = &shown.engine.as_ref().unwrap().tree;
        let mut value = tree.get(key.bytes()).unwrap().unwrap().to_vec();
        value[20] ^= 1;
        tree.insert(key.bytes(), value).unwrap();
    }
    let refused = store.user(user_id(1)).await.unwrap_err();
    assert!(
        matches!(&refused, StorageError::Damaged { tree: "users", .. }),
        "{refused}"
    );
    assert!(
        refused.to_string().contains(&user_id(1).0.to_string()),
        "{refused}"
    );
    assert_eq!(store.user(user_id(2)).await.unwrap(), Some(user(2)));
    store.close().await.unwrap();
    let refused = EmbeddedStore::open(directory.path()).err().unwrap();
    assert!(matches!(refused, OpenError::Damaged { .. }), "{refused}");
}
