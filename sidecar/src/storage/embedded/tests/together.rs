//! Steps that are written together: to each other and to readers they are as if one came after the
//! other.

use super::*;
use crate::storage::embedded::engine::Engine;
use crate::storage::embedded::ledger::{Inventory, Ledger};
use crate::storage::embedded::steps;
use crate::storage::{StorageError, UserCreated};

fn created(ledger: &mut Ledger<'_>, n: u128) -> Result<UserCreated, StorageError> {
    steps::create_user(ledger, &user(n), &credential(n, n), noted())
}

fn engine(directory: &Path) -> Engine {
    Engine::open(directory).unwrap()
}

#[test]
fn a_step_sees_what_the_steps_before_it_changed() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path());
    let mut ledger = Ledger::new(&engine);
    assert_eq!(created(&mut ledger, 1).unwrap(), UserCreated::Created);
    ledger.end_step(true);

    assert_eq!(created(&mut ledger, 1).unwrap(), UserCreated::NameTaken);
    ledger.end_step(true);
    let owned = Key::credentials_of(user_id(1));
    assert_eq!(ledger.stored_keys(&owned).unwrap().len(), 1);
    let book = Key::audit_book(noted().actor.book());
    let first = ledger.last_key(&book).unwrap();
    assert!(first.is_some());
    assert_eq!(created(&mut ledger, 2).unwrap(), UserCreated::Created);
    ledger.end_step(true);
    assert!(ledger.last_key(&book).unwrap() > first, "numbers only grow");

    ledger.remove_raw(ledger.stored_keys(&owned).unwrap().remove(0));
    ledger.end_step(true);
    assert_eq!(ledger.stored_keys(&owned).unwrap(), Vec::<Vec<u8>>::new());
}

#[test]
fn a_step_that_failed_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path());
    let mut ledger = Ledger::new(&engine);
    created(&mut ledger, 1).unwrap();
    ledger.end_step(true);
    created(&mut ledger, 2).unwrap();
    ledger.end_step(false);
    assert!(ledger.has(&Key::user(user_id(1))).unwrap());
    assert!(!ledger.has(&Key::user(user_id(2))).unwrap());

    let before = Inventory::default();
    let change = ledger.into_change(&before).unwrap().unwrap();
    // User, name, credential, its owner and the audit record.
    assert_eq!((change.inventory.records, change.before.len()), (5, 5));
    assert_eq!(change.inventory.step, 1);
}

#[test]
fn the_inventory_counts_what_is_written_over_once() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path());
    let mut ledger = Ledger::new(&engine);
    created(&mut ledger, 1).unwrap();
    ledger.end_step(true);
    let renamed = User {
        display_name: "Somebody else".to_owned(),
        ..user(1)
    };
    assert!(steps::update_user(&mut ledger, &renamed).unwrap());
    ledger.end_step(true);
    let first = ledger.into_change(&Inventory::default()).unwrap().unwrap();
    assert_eq!(first.inventory.records, 5);
    engine.tree.apply_batch(first.batch).unwrap();

    // Taken back in one go, it is as if it had never been there.
    let mut ledger = Ledger::new(&engine);
    assert!(steps::update_user(&mut ledger, &user(1)).unwrap());
    ledger.end_step(true);
    for (key, _) in first.before {
        ledger.remove_raw(key);
    }
    ledger.end_step(true);
    let last = ledger.into_change(&first.inventory).unwrap().unwrap();
    assert!(last.inventory.holds(&Inventory::default()));
}
