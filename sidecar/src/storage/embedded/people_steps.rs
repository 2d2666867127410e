//! The steps of `storage::people`. Each decides first and writes then: a step that answers anything
//! but success changes nothing.

use super::layout::Key;
use super::ledger::Ledger;
use super::steps::{
    end_sessions_begun_with, is_signed_in, make_room, put_credential, store_session,
};
use crate::model::{
    AuditBook, AuditRecord, Credential, CredentialId, Enrolment, Minted, RecoveryCodes, SecretHash,
    SessionId, User, UserChange, UserId,
};
use crate::storage::{
    ImportConflict, Imported, ImportedUser, Redeemed, Redemption, StorageError, UserAdded,
    UserChanged, is_bounded,
};
use std::collections::BTreeSet;

type Step<T> = Result<T, StorageError>;

/// Appends to the book of the record's actor. Numbers only grow: pruning keeps the last record.
pub(super) fn append_audit(ledger: &mut Ledger<'_>, record: &AuditRecord) -> Step<()> {
    let book = record.actor.book();
    let last = ledger.last_key(&Key::audit_book(book))?;
    let last = last.as_deref().and_then(Key::audit_number).unwrap_or(0);
    ledger.put(&Key::audit(book, last.saturating_add(1)), record)
}

pub(super) fn add_user(
    ledger: &mut Ledger<'_>,
    user: &User,
    enrolment: Option<&Enrolment>,
    audit: &AuditRecord,
) -> Step<UserAdded> {
    if ledger.has(&Key::name(&user.name))? {
        return Ok(UserAdded::NameTaken);
    }
    put_user(ledger, user)?;
    if let Some(enrolment) = enrolment {
        ledger.put(&Key::enrolment(user.id), enrolment)?;
    }
    append_audit(ledger, audit)?;
    Ok(UserAdded::Added)
}

fn put_user(ledger: &mut Ledger<'_>, user: &User) -> Step<()> {
    ledger.put(&Key::name(&user.name), &user.id)?;
    ledger.put(&Key::user(user.id), user)
}

pub(super) fn change_user(
    ledger: &mut Ledger<'_>,
    id: UserId,
    change: &UserChange,
    audit: &AuditRecord,
) -> Step<UserChanged> {
    let key = Key::user(id);
    let Some(user) = ledger.record::<User>(&key)? else {
        return Ok(UserChanged::Gone);
    };
    let user = change.applied_to(&user);
    if change.can_grow() && !is_bounded(&user) {
        return Ok(UserChanged::TooLarge);
    }
    ledger.put(&key, &user)?;
    append_audit(ledger, audit)?;
    Ok(UserChanged::Changed(Box::new(user)))
}

pub(super) fn delete_user(ledger: &mut Ledger<'_>, id: UserId, audit: &AuditRecord) -> Step<bool> {
    let key = Key::user(id);
    if !ledger.has(&key)? {
        return Ok(false);
    }
    for entry in ledger.stored_keys(&Key::credentials_of(id))? {
        ledger.remove(&Key::owner_from(&entry));
        ledger.remove_raw(entry);
    }
    for entry in ledger.stored_keys(&Key::sessions_of(id))? {
        ledger.remove(&Key::session_from(&entry));
        ledger.remove_raw(entry);
    }
    ledger.remove(&Key::enrolment(id));
    ledger.remove(&Key::recovery_codes(id));
    ledger.remove(&key);
    append_audit(ledger, audit)?;
    Ok(true)
}

pub(super) fn put_enrolment(
    ledger: &mut Ledger<'_>,
    enrolment: &Enrolment,
    audit: &AuditRecord,
) -> Step<bool> {
    let user = enrolment.user;
    if user != Enrolment::NOBODY && !ledger.has(&Key::user(user))? {
        return Ok(false);
    }
    ledger.put(&Key::enrolment(user), enrolment)?;
    append_audit(ledger, audit)?;
    Ok(true)
}

/// Takes a user's code, or codes, away.
pub(super) fn revoke(ledger: &mut Ledger<'_>, key: &Key, audit: &AuditRecord) -> Step<bool> {
    if !ledger.has(key)? {
        return Ok(false);
    }
    ledger.remove(key);
    append_audit(ledger, audit)?;
    Ok(true)
}

pub(super) fn redeem(
    ledger: &mut Ledger<'_>,
    redemption: &Redemption,
    audit: &AuditRecord,
) -> Step<Redeemed> {
    let Redemption {
        code_of,
        secret,
        new_user,
        credential,
        session,
        most,
        minted,
        at,
    } = redemption;
    let enrolment = ledger.record::<Enrolment>(&Key::enrolment(*code_of))?;
    if enrolment.is_none_or(|it| it.secret != *secret || !it.is_open(*at)) {
        return Ok(Redeemed::Spent);
    }
    if ledger.has(&Key::owner(&credential.id))? {
        return Ok(Redeemed::CredentialTaken);
    }
    match new_user {
        Some(user) if ledger.has(&Key::name(&user.name))? => return Ok(Redeemed::NameTaken),
        Some(user) => put_user(ledger, user)?,
        None => {
            let user = ledger.record::<User>(&Key::user(credential.user))?;
            let user = user.filter(|user| !user.disabled && user.id == *code_of);
            let Some(user) = user else {
                return Ok(Redeemed::Spent);
            };
            let passkeys = ledger.stored_keys(&Key::credentials_of(user.id))?;
            if passkeys.len() >= *most {
                return Ok(Redeemed::TooMany);
            }
            registered(ledger, user)?;
        }
    }
    ledger.remove(&Key::enrolment(*code_of));
    put_credential(ledger, credential)?;
    let crowded_out = make_room(ledger, session, *minted)?;
    store_session(ledger, session)?;
    append_audit(ledger, audit)?;
    Ok(Redeemed::Redeemed { crowded_out })
}

/// A user who had to register a passkey has done so: one that is enough to sign in.
pub(super) fn registered(ledger: &mut Ledger<'_>, user: User) -> Step<()> {
    if !user.must_register {
        return Ok(());
    }
    let user = User {
        must_register: false,
        ..user
    };
    ledger.put(&Key::user(user.id), &user)
}

pub(super) fn put_recovery_codes(
    ledger: &mut Ledger<'_>,
    user: UserId,
    by: SessionId,
    codes: &RecoveryCodes,
    audit: &AuditRecord,
) -> Step<bool> {
    let owner = ledger.record::<User>(&Key::user(user))?;
    let Some(owner) = owner else {
        return Ok(false);
    };
    if !is_signed_in(ledger, &owner, by)? {
        return Ok(false);
    }
    ledger.put(&Key::recovery_codes(user), codes)?;
    append_audit(ledger, audit)?;
    Ok(true)
}

pub(super) fn spend_recovery_code(
    ledger: &mut Ledger<'_>,
    code: SecretHash,
    enrolment: &Enrolment,
    audit: &AuditRecord,
) -> Step<bool> {
    let user = ledger.record::<User>(&Key::user(enrolment.user))?;
    let key = Key::recovery_codes(enrolment.user);
    let codes = ledger.record::<RecoveryCodes>(&key)?;
    let (Some(user), Some(mut codes)) = (user, codes) else {
        return Ok(false);
    };
    if user.disabled || !codes.spend(code) {
        return Ok(false);
    }
    ledger.put(&key, &codes)?;
    ledger.put(&Key::enrolment(enrolment.user), enrolment)?;
    append_audit(ledger, audit)?;
    Ok(true)
}

fn credential_of_anyone(ledger: &Ledger<'_>, id: &CredentialId) -> Step<Option<Credential>> {
    let owner = ledger.record::<UserId>(&Key::owner(id))?;
    owner.map_or(Ok(None), |owner| ledger.record(&Key::credential(owner, id)))
}

pub(super) fn disable_credential(
    ledger: &mut Ledger<'_>,
    id: &CredentialId,
    minted: Minted,
    audit: &AuditRecord,
) -> Step<Option<Vec<SessionId>>> {
    let credential = credential_of_anyone(ledger, id)?;
    let Some(mut credential) = credential.filter(|it| it.disabled_at.is_none()) else {
        return Ok(None);
    };
    credential.disabled_at = Some(audit.at);
    ledger.put(&Key::credential(credential.user, id), &credential)?;
    alert(ledger, credential.user)?;
    let ended = end_sessions_begun_with(ledger, credential.user, id, minted)?;
    append_audit(ledger, audit)?;
    Ok(Some(ended))
}

pub(super) fn suspect_credential(
    ledger: &mut Ledger<'_>,
    id: &CredentialId,
    audit: &AuditRecord,
) -> Step<bool> {
    let Some(mut credential) = credential_of_anyone(ledger, id)? else {
        return Ok(false);
    };
    credential.suspected_at = Some(audit.at);
    ledger.put(&Key::credential(credential.user, id), &credential)?;
    alert(ledger, credential.user)?;
    append_audit(ledger, audit)?;
    Ok(true)
}

/// Marks a user who has to be told of a passkey.
fn alert(ledger: &mut Ledger<'_>, user: UserId) -> Step<()> {
    let owner = Key::user(user);
    let Some(user) = ledger.record::<User>(&owner)? else {
        return Ok(());
    };
    let user = User {
        passkey_alert: true,
        ..user
    };
    ledger.put(&owner, &user)
}

pub(super) fn import(
    ledger: &mut Ledger<'_>,
    Imported { users, reserved }: &Imported,
    dry: bool,
    audit: &AuditRecord,
) -> Step<Vec<ImportConflict>> {
    let mut conflicts = Vec::new();
    let (mut names, mut ids) = (BTreeSet::new(), BTreeSet::new());
    let mut credentials = BTreeSet::new();
    for ImportedUser {
        user,
        credentials: brought,
    } in users
    {
        let name = || user.name.clone();
        if !names.insert(&user.name) || ledger.has(&Key::name(&user.name))? {
            conflicts.push(ImportConflict::NameTaken(name()));
        }
        if !ids.insert(user.id) || ledger.has(&Key::user(user.id))? {
            conflicts.push(ImportConflict::IdTaken(name()));
        }
        for credential in brought {
            let id = &credential.id;
            if !credentials.insert(id) || ledger.has(&Key::owner(id))? {
                conflicts.push(ImportConflict::CredentialTaken(name(), id.clone()));
            }
        }
    }
    if dry || !conflicts.is_empty() {
        return Ok(conflicts);
    }
    for ImportedUser { user, credentials } in users {
        put_user(ledger, user)?;
        credentials
            .iter()
            .try_for_each(|credential| put_credential(ledger, credential))?;
    }
    for name in reserved {
        let key = Key::name(name);
        if !ledger.has(&key)? {
            ledger.put(&key, &Enrolment::NOBODY)?;
        }
    }
    append_audit(ledger, audit)?;
    Ok(conflicts)
}

/// Removes those of these records that are there, but never the last one of a book.
pub(super) fn prune_audit(ledger: &mut Ledger<'_>, book: AuditBook, numbers: &[u64]) -> Step<u64> {
    let last = ledger.last_key(&Key::audit_book(book))?;
    let mut removed = 0;
    for number in numbers {
        let key = Key::audit(book, *number);
        if last.as_deref() != Some(key.bytes()) && ledger.has(&key)? {
            ledger.remove(&key);
            removed += 1;
        }
    }
    Ok(removed)
}
