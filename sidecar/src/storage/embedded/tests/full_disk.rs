//! A disk without room, and one that fails: writes are refused, reads go on, and it comes back.

use super::super::files::RESERVED_BYTES;
use super::*;
use crate::storage::conformance::session;
use std::fs::{self, File};
use std::io::Write as _;
use std::process::Command;

const INSIDE: &str = "LATCHKEY_TEST_SMALL_DISK";

/// Runs [`on_a_small_disk`] in a mount namespace with a small tmpfs. Where that is not permitted
/// (no user namespaces), says so and passes.
#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn a_full_disk_refuses_writes_and_comes_back() {
    let parent = tempfile::tempdir().unwrap();
    let size = (RESERVED_BYTES / 1024 / 1024) * 3;
    let mount = format!("mount -t tmpfs -o size={size}m tmpfs \"$0\"");
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]);
        command.arg(parent.path());
        command
    };
    if !unshare(&mount)
        .output()
        .is_ok_and(|output| output.status.success())
    {
        eprintln!("SKIPPED: this machine lets nobody mount a small tmpfs (unshare --user --mount)");
        return;
    }
    let test = "storage::embedded::tests::full_disk::on_a_small_disk";
    let output = unshare(&format!(
        "{mount} && exec \"$1\" --exact {test} --nocapture"
    ))
    .arg(this_program())
    .env(INSIDE, parent.path())
    .output()
    .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.contains("1 passed"), "{said}");
}

/// Fills the disk to the last byte.
fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    let mut size = 1024 * 1024;
    while size > 0 {
        match file.write(&vec![1; size]) {
            Ok(0) | Err(_) => size /= 2,
            Ok(_) => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_small_disk() {
    let Some(disk) = std::env::var_os(INSIDE).map(PathBuf::from) else {
        return;
    };
    let directory = disk.join("data");
    let store = EmbeddedStore::open(&directory).unwrap();
    store
        .create_user(&user(1), &credential(1, 1), noted())
        .await
        .unwrap();

    fill(&disk.join("filler"));
    let refused = store
        .create_user(&user(2), &credential(2, 2), noted())
        .await;
    let Err(StorageError::Write(error)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    assert_eq!(store.probe().await.unwrap(), Writes::Refused);
    assert_eq!(store.user(user_id(1)).await.unwrap(), Some(user(1)));
    assert_eq!(store.user_by_name(&user(2).name).await.unwrap(), None);

    fs::remove_file(disk.join("filler")).unwrap();
    assert_eq!(store.probe().await.unwrap(), Writes::Accepted);
    store
        .create_user(&user(2), &credential(2, 2), noted())
        .await
        .unwrap();
    store.close().await.unwrap();

    // Opening with a full disk: whole or refused, and whole again with room.
    fill(&disk.join("filler"));
    match EmbeddedStore::open(&directory) {
        Ok(store) => {
            assert_eq!(store.user(user_id(2)).await.unwrap(), Some(user(2)));
            assert!(store.insert_session(&session(1, 1)).await.is_err());
            store.close().await.unwrap();
        }
        Err(refused) => assert!(matches!(refused, OpenError::Io { .. }), "{refused}"),
    }
    fs::remove_file(disk.join("filler")).unwrap();
    assert_whole(&directory, 2).await;
}

const LIMITED: &str = "LATCHKEY_TEST_FILE_SIZE_LIMIT";

/// A write that fails in the middle, which the check for room cannot foresee: the shell's limit on
/// the size of files.
#[test]
fn a_failed_write_is_undone_for_readers() {
    let parent = tempfile::tempdir().unwrap();
    let test = "storage::embedded::tests::full_disk::under_a_file_size_limit";
    // 2,048 blocks of 512 bytes (dash) or 1,024 (bash): one or two mebibytes. The signal that comes
    // with it is ignored, so that the write fails instead.
    let script = format!("trap '' XFSZ; ulimit -f 2048; exec \"$0\" --exact {test} --nocapture");
    let output = Command::new("sh")
        .args(["-c", &script])
        .arg(this_program())
        .env(LIMITED, parent.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.contains("1 passed"), "{said}");
    // Without the limit everything is there that was acknowledged.
    let acknowledged = said
        .lines()
        .find_map(|line| line.strip_prefix("acknowledged "))
        .and_then(|n| n.parse().ok())
        .unwrap_or_else(|| panic!("{said}"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        assert_whole(parent.path(), acknowledged).await;
        let store = EmbeddedStore::open(parent.path()).unwrap();
        let next = acknowledged + 10;
        store
            .create_user(&user(next), &credential(next, next), noted())
            .await
            .unwrap();
        store.close().await.unwrap();
    });
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "an answer to the parent process")]
async fn under_a_file_size_limit() {
    let Some(directory) = std::env::var_os(LIMITED).map(PathBuf::from) else {
        return;
    };
    let store = EmbeddedStore::open(&directory).unwrap();
    let mut n = 0;
    loop {
        n += 1;
        match store
            .create_user(&user(n), &credential(n, n), noted())
            .await
        {
            Ok(_) => assert!(n < 20_000, "the limit is never met"),
            Err(StorageError::Write(_)) => break,
            Err(other) => panic!("{other}"),
        }
    }
    println!("\nacknowledged {}", n - 1);
    assert_eq!(
        store.user(user_id(n)).await.unwrap(),
        None,
        "a refused account is seen"
    );
    assert_eq!(store.user_by_name(&user(n).name).await.unwrap(), None);
    assert!(store.credentials_of(user_id(n)).await.unwrap().is_empty());
    assert_eq!(
        store.count_users().await.unwrap(),
        u64::try_from(n - 1).unwrap()
    );
    assert_eq!(store.user(user_id(n - 1)).await.unwrap(), Some(user(n - 1)));
    assert_eq!(store.user(user_id(1)).await.unwrap(), Some(user(1)));
    store.close().await.unwrap();
}
