//! What the embedded store survives: kills, damage, a full disk, the wrong directory.

mod damage;
mod full_disk;
mod killed;
mod opening;
pub(super) mod power_cut;
mod sealed;
mod together;
mod upgrade;

use super::layout::{Key, Table};
use super::*;
use crate::model::User;
use crate::storage::conformance::{credential, noted, user, user_id};
use crate::storage::{Revocations as _, Sessions as _, Users as _};
use std::path::PathBuf;

/// A closed store with accounts 1 to `accounts`.
async fn filled(directory: &Path, accounts: u128) {
    let store = EmbeddedStore::open(directory).unwrap();
    for n in 1..=accounts {
        store
            .create_user(&user(n), &credential(n, n), noted())
            .await
            .unwrap();
    }
    store.close().await.unwrap();
}

/// Opens a store of [`filled`], and looks at all of it.
async fn assert_whole(directory: &Path, accounts: u128) {
    let store = EmbeddedStore::open(directory).unwrap();
    for n in 1..=accounts {
        assert_eq!(store.user(user_id(n)).await.unwrap(), Some(user(n)));
        assert_eq!(
            store.credentials_of(user_id(n)).await.unwrap(),
            [credential(n, n)]
        );
    }
    store.close().await.unwrap();
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// This very test program, to be started again as another process.
fn this_program() -> PathBuf {
    std::env::current_exe().unwrap()
}
