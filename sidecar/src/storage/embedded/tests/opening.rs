//! Which directories are opened, and what is said about the others.

use super::*;
use crate::storage::conformance::session;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

fn refusal(directory: &Path) -> OpenError {
    match EmbeddedStore::open(directory) {
        Ok(_) => panic!("{} was opened", directory.display()),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_new_directory_is_made_for_its_owner_only() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("data");
    filled(&directory, 1).await;
    for path in [directory.clone(), directory.join("sled")] {
        assert_eq!(
            path.metadata().unwrap().permissions().mode() & 0o777,
            0o700,
            "{path:?}"
        );
    }
    assert_whole(&directory, 1).await;
}

#[tokio::test]
async fn a_second_process_is_refused_and_told_who_has_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(directory.path()).unwrap();
    let refused = refusal(directory.path());
    assert!(matches!(refused, OpenError::Locked { .. }), "{refused}");
    let message = refused.to_string();
    assert!(
        message.contains(&format!("process {}", std::process::id())),
        "{message}"
    );
    // The first one is not disturbed.
    store
        .create_user(&user(1), &credential(1, 1), noted())
        .await
        .unwrap();
    store.close().await.unwrap();
    assert_whole(directory.path(), 1).await;
}

#[tokio::test]
async fn a_store_whose_files_are_gone_is_missing_and_not_new() {
    let parent = tempfile::tempdir().unwrap();
    let whole = parent.path().join("whole");
    filled(&whole, 2).await;
    for gone in ["sled", "sled/db", "marker"] {
        let directory = parent.path().join(gone.replace('/', "-"));
        copy(&whole, &directory);
        let gone = directory.join(gone);
        if gone.is_dir() {
            fs::remove_dir_all(gone)
        } else {
            fs::remove_file(gone)
        }
        .unwrap();
        for _ in 0..2 {
            let refused = refusal(&directory);
            assert!(
                matches!(refused, OpenError::Missing { .. }),
                "{directory:?}: {refused}"
            );
        }
    }
    let nowhere = parent.path().join("not/mounted");
    assert!(matches!(refusal(&nowhere), OpenError::Missing { .. }));
    assert!(!parent.path().join("not").exists());
    // Of all that a store has, one small file says that it was here.
    for (left, names) in [
        ("watermark", ["seal", "key-encryption-key"]),
        ("seal", ["watermark", "key-encryption-key"]),
    ] {
        let directory = parent.path().join(left);
        copy(&whole, &directory);
        fs::remove_dir_all(directory.join("sled")).unwrap();
        for name in names.into_iter().chain(["marker"]) {
            let _ = fs::remove_file(directory.join(name));
        }
        assert!(directory.join(left).is_file());
        let refused = refusal(&directory);
        assert!(matches!(refused, OpenError::Missing { .. }), "{left}: {refused}");
    }
    // Only the key is left of what was here.
    let only_key = parent.path().join("only-key");
    fs::create_dir(&only_key).unwrap();
    fs::write(only_key.join("key-encryption-key"), "x").unwrap();
    assert!(matches!(refusal(&only_key), OpenError::Missing { .. }));
}

#[tokio::test]
async fn a_directory_of_something_else_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("precious"), "x").unwrap();
    let refused = refusal(directory.path());
    assert!(matches!(refused, OpenError::NotAStore { .. }), "{refused}");
    assert!(!directory.path().join("sled").exists());
    let file = directory.path().join("precious");
    assert!(matches!(refusal(&file), OpenError::Io { .. }));
}

#[tokio::test]
async fn a_freshly_formatted_volume_becomes_a_store() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("lost+found")).unwrap();
    filled(directory.path(), 1).await;
    assert_whole(directory.path(), 1).await;
}

#[tokio::test]
async fn a_store_that_was_never_finished_is_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(
        directory.path().join("marker"),
        "latchkey store, being made\n",
    )
    .unwrap();
    fs::create_dir(directory.path().join("sled")).unwrap();
    fs::write(directory.path().join("sled/db"), "half").unwrap();
    filled(directory.path(), 1).await;
    assert_whole(directory.path(), 1).await;
}

#[tokio::test]
async fn a_store_of_a_later_version_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path(), 1).await;
    fs::write(
        directory.path().join("marker"),
        "latchkey store, format 3\n",
    )
    .unwrap();
    let refused = refusal(directory.path());
    assert!(
        matches!(
            refused,
            OpenError::Format {
                found: 3,
                known: 2,
                ..
            }
        ),
        "{refused}"
    );
}

#[tokio::test]
async fn an_unfinished_snapshot_does_not_keep_it_shut() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path(), 3).await;
    fs::write(
        directory
            .path()
            .join("sled/snap.00000000FFFFFFFF.generating"),
        "half",
    )
    .unwrap();
    assert_whole(directory.path(), 3).await;
}

#[tokio::test]
async fn after_closing_nothing_is_written_or_read() {
    let directory = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(directory.path()).unwrap();
    store.probe().await.unwrap();
    store.close().await.unwrap();
    store.close().await.unwrap();
    assert!(matches!(
        store.insert_session(&session(1, 1)).await,
        Err(StorageError::Write(_))
    ));
    assert!(matches!(
        store.user(user_id(1)).await,
        Err(StorageError::Read(_))
    ));
    assert!(store.probe().await.is_err());
}

#[tokio::test]
async fn a_record_that_is_too_large_is_refused_and_the_rest_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(directory.path()).unwrap();
    let mut large = credential(1, 1);
    large.label = "x".repeat(5_000);
    let refused = store.create_user(&user(1), &large, noted()).await;
    assert!(
        matches!(refused, Err(StorageError::Write(_))),
        "{refused:?}"
    );
    assert_eq!(store.user_by_name(&user(1).name).await.unwrap(), None);
    store
        .create_user(&user(1), &credential(1, 1), noted())
        .await
        .unwrap();
    store.close().await.unwrap();
    assert_whole(directory.path(), 1).await;
}
