//! The steps, as the traits in `storage` promise them. Each runs alone on the writer's thread.

use super::layout::{Key, Table};
use super::ledger::Ledger;
use super::people_steps::{append_audit, registered};
use crate::model::{
    AuditRecord, Credential, CredentialId, Floors, Minted, Revocation, Revoked, Session, SessionId,
    SigningKeyRecord, UnixTime, User, UserId,
};
use crate::storage::{
    Assertion, AssertionRecorded, CredentialInserted, CredentialRemoved, MOST_SESSIONS,
    StorageError, UserCreated, crowded_out, is_last, replaced,
};

type Step<T> = Result<T, StorageError>;

pub(super) fn create_user(
    ledger: &mut Ledger<'_>,
    user: &User,
    credential: &Credential,
    audit: &AuditRecord,
) -> Step<UserCreated> {
    if ledger.has(&Key::name(&user.name))? {
        return Ok(UserCreated::NameTaken);
    }
    if ledger.has(&Key::owner(&credential.id))? {
        return Ok(UserCreated::CredentialTaken);
    }
    ledger.put(&Key::name(&user.name), &user.id)?;
    ledger.put(&Key::user(user.id), user)?;
    put_credential(ledger, credential)?;
    append_audit(ledger, audit)?;
    Ok(UserCreated::Created)
}

pub(super) fn update_user(ledger: &mut Ledger<'_>, user: &User) -> Step<bool> {
    let key = Key::user(user.id);
    let Some(mut stored) = ledger.record::<User>(&key)? else {
        return Ok(false);
    };
    stored.apply_changes(user);
    ledger.put(&key, &stored)?;
    Ok(true)
}

pub(super) fn set_disabled(
    ledger: &mut Ledger<'_>,
    user: UserId,
    disabled: bool,
    revocation: Option<&Revocation>,
    audit: &AuditRecord,
) -> Step<bool> {
    let key = Key::user(user);
    let Some(mut stored) = ledger.record::<User>(&key)? else {
        return Ok(false);
    };
    stored.disabled = disabled;
    ledger.put(&key, &stored)?;
    revocation.map_or(Ok(()), |it| revoke(ledger, it))?;
    append_audit(ledger, audit)?;
    Ok(true)
}

pub(super) fn insert_credential(
    ledger: &mut Ledger<'_>,
    credential: &Credential,
    by: SessionId,
    most: usize,
    audit: &AuditRecord,
) -> Step<CredentialInserted> {
    let Some(user) = ledger.record::<User>(&Key::user(credential.user))? else {
        return Ok(CredentialInserted::NoUser);
    };
    if !is_signed_in(ledger, &user, by)? {
        return Ok(CredentialInserted::NoSession);
    }
    if ledger.has(&Key::owner(&credential.id))? {
        return Ok(CredentialInserted::Taken);
    }
    if ledger
        .stored_keys(&Key::credentials_of(credential.user))?
        .len()
        >= most
    {
        return Ok(CredentialInserted::TooMany);
    }
    if credential.is_strict() {
        registered(ledger, user)?;
    }
    put_credential(ledger, credential)?;
    append_audit(ledger, audit)?;
    Ok(CredentialInserted::Inserted)
}

/// Whether the user can still sign in, and their session has not ended: alone, or with all others.
pub(super) fn is_signed_in(ledger: &Ledger<'_>, user: &User, by: SessionId) -> Step<bool> {
    let session = ledger.record::<Session>(&Key::session(by))?;
    let mut floors = Floors::default();
    for what in [Revoked::User(user.id), Revoked::Everyone] {
        if let Some(revocation) = ledger.record::<Revocation>(&Key::revocation(&what))? {
            floors.raise(&revocation);
        }
    }
    let lives = session.is_some_and(|it| it.user == user.id && !floors.end(&it));
    Ok(lives && !user.disabled)
}

pub(super) fn put_credential(ledger: &mut Ledger<'_>, credential: &Credential) -> Step<()> {
    let key = Key::credential(credential.user, &credential.id);
    ledger.put(&key, credential)?;
    ledger.put(&Key::owner(&credential.id), &credential.user)
}

pub(super) fn label_credential(
    ledger: &mut Ledger<'_>,
    user: UserId,
    id: &CredentialId,
    label: String,
    audit: &AuditRecord,
) -> Step<bool> {
    let key = Key::credential(user, id);
    let Some(mut credential) = ledger.record::<Credential>(&key)? else {
        return Ok(false);
    };
    credential.label = label;
    ledger.put(&key, &credential)?;
    append_audit(ledger, audit)?;
    Ok(true)
}

pub(super) fn remove_credential(
    ledger: &mut Ledger<'_>,
    user: UserId,
    id: &CredentialId,
    keep_last: bool,
    minted: Minted,
    audit: &AuditRecord,
) -> Step<CredentialRemoved> {
    let key = Key::credential(user, id);
    let Some(removed) = ledger.record::<Credential>(&key)? else {
        return Ok(CredentialRemoved::NotFound);
    };
    if keep_last && is_last(&removed, &credentials_of(ledger, user)?) {
        return Ok(CredentialRemoved::Last);
    }
    ledger.remove(&key);
    ledger.remove(&Key::owner(id));
    let ended = end_sessions_begun_with(ledger, user, id, minted)?;
    append_audit(ledger, audit)?;
    Ok(CredentialRemoved::Removed(ended))
}

pub(super) fn end_sessions_begun_with(
    ledger: &mut Ledger<'_>,
    user: UserId,
    id: &CredentialId,
    minted: Minted,
) -> Step<Vec<SessionId>> {
    let mut ended = sessions_of(ledger, user)?;
    ended.retain(|session| session.ends_with(id));
    for session in &ended {
        end_session(ledger, session.id, &minted.revoke(session.id))?;
    }
    Ok(ended.iter().map(|session| session.id).collect())
}

fn credentials_of(ledger: &Ledger<'_>, user: UserId) -> Step<Vec<Credential>> {
    let mut credentials = Vec::new();
    for key in ledger.stored_keys(&Key::credentials_of(user))? {
        credentials.extend(ledger.record::<Credential>(&Key::of(Table::Credentials, &key))?);
    }
    Ok(credentials)
}

fn sessions_of(ledger: &Ledger<'_>, user: UserId) -> Step<Vec<Session>> {
    let mut sessions = Vec::new();
    for key in ledger.stored_keys(&Key::sessions_of(user))? {
        sessions.extend(ledger.record::<Session>(&Key::session_from(&key))?);
    }
    Ok(sessions)
}

pub(super) fn store_session(ledger: &mut Ledger<'_>, session: &Session) -> Step<()> {
    // One of the same id may have been another user's.
    remove_session(ledger, session.id)?;
    ledger.put(&Key::session(session.id), session)?;
    ledger.put(&Key::owned_session(session.user, session.id), &())
}

pub(super) fn record_assertion(
    ledger: &mut Ledger<'_>,
    credential: &CredentialId,
    assertion: Assertion,
    session: &Session,
    (replaces, minted): (Option<&Revocation>, Minted),
) -> Step<AssertionRecorded> {
    let user = ledger.record::<User>(&Key::user(session.user))?;
    let Some(user) = user.filter(|user| !user.disabled) else {
        return Ok(AssertionRecorded::Gone);
    };
    let key = Key::credential(session.user, credential);
    let Some(mut stored) = ledger.record::<Credential>(&key)? else {
        return Ok(AssertionRecorded::Gone);
    };
    if let Err(regressed) = assertion.apply_to(&mut stored) {
        return Ok(regressed);
    }
    ledger.put(&key, &stored)?;
    if let Some((id, revocation)) = replaced(replaces, session) {
        end_session(ledger, id, revocation)?;
    }
    // What was just ended above is not among those that may have to make room.
    let crowded_out = make_room(ledger, session, minted)?;
    store_session(ledger, session)?;
    append_audit(ledger, &assertion.audit(&user.name, credential, session))?;
    Ok(AssertionRecorded::Recorded { crowded_out })
}

/// Ends the session that has to make room for this one, where that is needed.
pub(super) fn make_room(
    ledger: &mut Ledger<'_>,
    session: &Session,
    minted: Minted,
) -> Step<Option<SessionId>> {
    if ledger.stored_keys(&Key::sessions_of(session.user))?.len() < MOST_SESSIONS {
        return Ok(None);
    }
    let crowded_out = crowded_out(sessions_of(ledger, session.user)?.into_iter(), session);
    if let Some(id) = crowded_out {
        end_session(ledger, id, &minted.revoke(id))?;
    }
    Ok(crowded_out)
}

pub(super) fn extend_session(
    ledger: &mut Ledger<'_>,
    id: SessionId,
    idle_until: UnixTime,
) -> Step<bool> {
    let key = Key::session(id);
    let Some(mut session) = ledger.record::<Session>(&key)? else {
        return Ok(false);
    };
    session.extend_to(idle_until);
    ledger.put(&key, &session)?;
    Ok(true)
}

fn end_session(ledger: &mut Ledger<'_>, id: SessionId, revocation: &Revocation) -> Step<bool> {
    let ended = remove_session(ledger, id)?;
    if ended {
        revoke(ledger, revocation)?;
    }
    Ok(ended)
}

/// The same as a step of its own, with its record where it has one.
pub(super) fn end_session_noted(
    ledger: &mut Ledger<'_>,
    id: SessionId,
    revocation: &Revocation,
    audit: Option<&AuditRecord>,
) -> Step<bool> {
    let ended = end_session(ledger, id, revocation)?;
    let audit = audit.filter(|_| ended);
    audit.map_or(Ok(()), |audit| append_audit(ledger, audit))?;
    Ok(ended)
}

fn remove_session(ledger: &mut Ledger<'_>, id: SessionId) -> Step<bool> {
    let key = Key::session(id);
    let Some(session) = ledger.record::<Session>(&key)? else {
        return Ok(false);
    };
    ledger.remove(&key);
    ledger.remove(&Key::owned_session(session.user, id));
    Ok(true)
}

/// Removes those of the candidates that still do not live: one may have been renewed meanwhile.
pub(super) fn sweep_sessions(
    ledger: &mut Ledger<'_>,
    candidates: &[SessionId],
    now: UnixTime,
    floors: &Floors,
) -> Step<u64> {
    let mut removed = 0;
    for id in candidates {
        let session = ledger.record::<Session>(&Key::session(*id))?;
        let ended = session.is_some_and(|it| !it.is_alive(now) || floors.end(&it));
        if ended && remove_session(ledger, *id)? {
            removed += 1;
        }
    }
    Ok(removed)
}

fn revoke(ledger: &mut Ledger<'_>, revocation: &Revocation) -> Step<()> {
    let key = Key::revocation(&revocation.what);
    let mut stored = ledger.record(&key)?.unwrap_or_else(|| revocation.clone());
    stored.grow(revocation);
    ledger.put(&key, &stored)
}

/// The same as a step of its own, with its record where it has one.
pub(super) fn revoke_noted(
    ledger: &mut Ledger<'_>,
    revocation: &Revocation,
    audit: Option<&AuditRecord>,
) -> Step<()> {
    revoke(ledger, revocation)?;
    audit.map_or(Ok(()), |audit| append_audit(ledger, audit))
}

/// Those of the candidates that still have ended: one may have grown meanwhile.
pub(super) fn forget_revocations(
    ledger: &mut Ledger<'_>,
    ended: &[Revoked],
    now: UnixTime,
) -> Step<u64> {
    let mut forgotten = 0;
    for what in ended {
        let key = Key::revocation(what);
        let stored = ledger.record::<Revocation>(&key)?;
        if stored.is_some_and(|it| it.until <= now) {
            ledger.remove(&key);
            forgotten += 1;
        }
    }
    Ok(forgotten)
}

pub(super) fn raise_minted_until(ledger: &mut Ledger<'_>, until: UnixTime) -> Step<()> {
    let key = Key::minted_until();
    let stored = ledger.record::<UnixTime>(&key)?;
    if stored.is_none_or(|stored| stored < until) {
        ledger.put(&key, &until)?;
    }
    Ok(())
}

pub(super) fn replace_signing_keys(
    ledger: &mut Ledger<'_>,
    keys: &[SigningKeyRecord],
    revocation: Option<&Revocation>,
    audit: &AuditRecord,
) -> Step<()> {
    for key in ledger.stored_keys(&Key::all_of(Table::SigningKeys))? {
        ledger.remove_raw(key);
    }
    keys.iter()
        .try_for_each(|key| ledger.put(&Key::signing_key(&key.kid), key))?;
    revocation.map_or(Ok(()), |it| revoke(ledger, it))?;
    append_audit(ledger, audit)
}
