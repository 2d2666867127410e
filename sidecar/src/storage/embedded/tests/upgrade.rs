//! A store of format 1 becomes one of format 2, whatever happens meanwhile.

use super::*;
use crate::storage::People as _;
use crate::storage::conformance::{credential_id, session, session_id};
use crate::storage::embedded::engine::Engine;
use crate::storage::embedded::files::Directory;
use crate::storage::embedded::layout;
use crate::storage::embedded::ledger::{Inventory, Ledger};
use std::fs;

const ACCOUNTS: u128 = 1_200;

/// A closed store as version 0.1 wrote it: the entries of these accounts in their old places.
async fn old(directory: &Path, moved: impl Fn(u128) -> bool) {
    filled(directory, ACCOUNTS).await;
    let store = EmbeddedStore::open(directory).unwrap();
    for n in [1, 2, ACCOUNTS] {
        store.insert_session(&session(n, n)).await.unwrap();
    }
    store.close().await.unwrap();

    let (locked, _) = Directory::lock(directory).unwrap();
    let engine = Engine::open(&locked.engine()).unwrap();
    let inventory = Key::meta("inventory");
    let stored = engine.tree.get(inventory.bytes()).unwrap().unwrap();
    let stored: Inventory = layout::decode(&inventory, &stored).unwrap();
    let mut ledger = Ledger::new(&engine);
    for n in (1..=ACCOUNTS).filter(|n| moved(*n)) {
        let (user, id) = (user_id(n), credential_id(n));
        let entry = |tag: u8, own: &[u8]| [&[tag], user.0.as_bytes().as_slice(), own].concat();
        let put = |ledger: &mut Ledger<'_>, key: Vec<u8>| {
            ledger.put(&Key::of(Table::Users, &key), &()).unwrap();
        };
        // A record lay under its own id alone.
        ledger.put(&Key::owner(&id), &credential(n, n)).unwrap();
        ledger.remove(&Key::credential(user, &id));
        put(&mut ledger, entry(b'o', id.as_bytes()));
        for owned in ledger.stored_keys(&Key::sessions_of(user)).unwrap() {
            put(&mut ledger, entry(b'p', session_id(n).0.as_bytes()));
            ledger.remove_raw(owned);
        }
    }
    ledger.end_step(true);
    let change = ledger.into_change(&stored).unwrap().unwrap();
    engine.tree.apply_batch(change.batch).unwrap();
    let format = Key::meta("format");
    let value = layout::encode(&format, &1_u32).unwrap();
    engine.tree.insert(format.bytes(), value).unwrap();
    engine.flush().unwrap();
    fs::write(directory.join("marker"), "latchkey store, format 1\n").unwrap();
    let _ = fs::remove_file(directory.join("seal"));
}

async fn assert_upgraded(directory: &Path) {
    assert_whole(directory, ACCOUNTS).await;
    let marker = fs::read_to_string(directory.join("marker")).unwrap();
    assert_eq!(marker, "latchkey store, format 2\n");
    let store = EmbeddedStore::open(directory).unwrap();
    let old_places = |tag: u8| store.view.keys(&Key::of(Table::Users, &[tag])).unwrap();
    assert_eq!(old_places(b'o'), Vec::<Vec<u8>>::new());
    assert_eq!(old_places(b'p'), Vec::<Vec<u8>>::new());
    for n in [1, 2, ACCOUNTS] {
        assert_eq!(
            store.credential(&credential_id(n)).await.unwrap(),
            Some(credential(n, n))
        );
        assert_eq!(
            store.sessions_of(user_id(n)).await.unwrap(),
            [session(n, n)]
        );
    }
    // What was moved is removed with its user.
    assert!(store.delete_user(user_id(2), noted()).await.unwrap());
    assert_eq!(store.credential(&credential_id(2)).await.unwrap(), None);
    assert_eq!(store.session(session_id(2)).await.unwrap(), None);
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_store_of_the_first_format_is_moved_whole() {
    let directory = tempfile::tempdir().unwrap();
    old(directory.path(), |_| true).await;
    assert_upgraded(directory.path()).await;
}

#[tokio::test]
async fn a_move_that_was_cut_short_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    old(directory.path(), |n| n % 3 == 0 || n == 2).await;
    assert_upgraded(directory.path()).await;
}

#[tokio::test]
async fn a_move_that_only_had_to_be_noted_is_noted() {
    let directory = tempfile::tempdir().unwrap();
    old(directory.path(), |n| n == 2).await;
    fs::write(
        directory.path().join("marker"),
        "latchkey store, format 2\n",
    )
    .unwrap();
    assert_upgraded(directory.path()).await;
}
