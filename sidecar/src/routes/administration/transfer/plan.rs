//! What an import comes to, user by user, and the report of it.

use super::candidate::{Candidate, Entry, Read, Reading};
use super::report::{ImportOutcome as Outcome, ImportReport, ImportedUserReport};
use super::reserved::Reservations;
use super::twice;
use crate::app::App;
use crate::ceremony::public_key;
use crate::model::{AuditRecord, Credential, Reason, ReasonCode as Code, User};
use crate::storage::{ImportConflict, Imported, ImportedUser, StorageError};
use std::collections::{BTreeMap, BTreeSet};

/// One line of the report, and what would be stored.
#[derive(Debug)]
struct Line {
    index: usize,
    name: String,
    outcome: Outcome,
    reasons: Vec<Reason>,
    notes: Vec<Reason>,
    store: Option<ImportedUser>,
}

/// What the whole document comes to.
#[derive(Debug)]
pub(super) struct Plan {
    lines: Vec<Line>,
    reservations: Reservations,
    done: bool,
}

/// How it is carried out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// Only looked at.
    pub(super) dry_run: bool,
    /// Whoever is refused or in conflict is left out; otherwise nobody is stored.
    pub(super) skip: bool,
}

impl Plan {
    /// Compares what was read with what is here.
    pub(super) async fn of(app: &App, reading: Reading) -> Result<Self, StorageError> {
        let Reading { entries, reserved } = reading;
        let twice = twice::found(&entries);
        let reservations = Reservations::of(app, reserved, &entries).await?;
        let mut lines = Vec::with_capacity(entries.len());
        for Entry { index, name, read } in entries {
            let mut line = Line {
                index,
                name,
                outcome: Outcome::Created,
                reasons: Vec::new(),
                notes: Vec::new(),
                store: None,
            };
            match read {
                Read::Candidate(candidate) if twice.contains_key(&index) => {
                    line.notes = candidate.notes;
                    let reasons = twice.get(&index).cloned().unwrap_or_default();
                    line.end(Outcome::Conflict, reasons);
                }
                Read::Candidate(candidate) => compare(app, &mut line, *candidate).await?,
                Read::Skipped(reason) => line.end(Outcome::Skipped, vec![reason]),
                Read::Refused(reasons) => line.end(Outcome::Refused, reasons),
            }
            lines.push(line);
        }
        Ok(Self {
            lines,
            reservations,
            done: false,
        })
    }

    /// Stores what is to be created, in one step, or says why not.
    pub(super) async fn carry_out(
        &mut self,
        app: &App,
        manner: Manner,
        record: &mut AuditRecord,
    ) -> Result<(), StorageError> {
        let conflicts = app.store.import(&self.imported(), true, record).await?;
        self.note(conflicts);
        if manner.dry_run || (self.has_obstacles() && !manner.skip) {
            return Ok(());
        }
        let imported = self.imported();
        if imported != Imported::default() {
            record.detail = Some(detail(&imported));
            let conflicts = app.store.import(&imported, false, record).await?;
            if !conflicts.is_empty() {
                // Somebody came in between: nothing is stored.
                self.note(conflicts);
                return Ok(());
            }
        }
        self.done = true;
        Ok(())
    }

    /// Whether it was carried out, or nothing was to be done.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// Whether anything is in the way.
    pub(super) fn has_obstacles(&self) -> bool {
        let users = self.lines.iter();
        let mut users =
            users.filter(|it| matches!(it.outcome, Outcome::Conflict | Outcome::Refused));
        users.next().is_some() || !self.reservations.in_the_way.is_empty()
    }

    fn imported(&self) -> Imported {
        let users = self.lines.iter().filter_map(|it| it.store.clone());
        Imported {
            users: users.collect(),
            reserved: self.reservations.names.clone(),
        }
    }

    /// Marks those whom the store does not take.
    fn note(&mut self, conflicts: Vec<ImportConflict>) {
        let mut reasons: BTreeMap<String, Vec<Reason>> = BTreeMap::new();
        for conflict in conflicts {
            let (name, reason) = match conflict {
                ImportConflict::NameTaken(name) => {
                    let text = "it belongs, or belonged, to someone";
                    (name, Reason::new(Code::NameTaken, text).at("name"))
                }
                ImportConflict::IdTaken(name) => {
                    let text = "it is someone's already";
                    (name, Reason::new(Code::IdTaken, text).at("id"))
                }
                ImportConflict::CredentialTaken(name, id) => {
                    let text = format!("somebody has the credential id {id} already");
                    let reason = Reason::new(Code::PasskeyTaken, text).with("id", id);
                    (name, reason.at("passkeys"))
                }
            };
            reasons.entry(name.to_string()).or_default().push(reason);
        }
        for line in &mut self.lines {
            let name = line.store.as_ref().map(|it| it.user.name.as_str());
            if let Some(reasons) = name.and_then(|name| reasons.get(name)) {
                let reasons = reasons.clone();
                line.end(Outcome::Conflict, reasons);
            }
        }
    }

    pub(super) fn report(self, manner: Manner) -> ImportReport {
        let mut counts: BTreeMap<Outcome, usize> = BTreeMap::new();
        let mut passkeys = 0;
        for line in &self.lines {
            *counts.entry(line.outcome).or_default() += 1;
            passkeys += line.store.as_ref().map_or(0, |it| it.credentials.len());
        }
        for name in &self.reservations.in_the_way {
            *counts.entry(name.outcome).or_default() += 1;
        }
        let count = |outcome| counts.get(&outcome).copied().unwrap_or_default();
        ImportReport {
            dry_run: manner.dry_run,
            done: self.done,
            created: count(Outcome::Created),
            unchanged: count(Outcome::Unchanged),
            skipped: count(Outcome::Skipped),
            conflicts: count(Outcome::Conflict),
            refused: count(Outcome::Refused),
            passkeys,
            reserved_names: self.reservations.names.len(),
            users: self.lines.into_iter().map(Line::shown).collect(),
            names: self.reservations.in_the_way,
        }
    }
}

impl Line {
    fn end(&mut self, outcome: Outcome, reasons: Vec<Reason>) {
        self.outcome = outcome;
        self.reasons = reasons;
        self.store = None;
    }

    fn shown(self) -> ImportedUserReport {
        ImportedUserReport {
            index: self.index,
            name: self.name,
            outcome: self.outcome,
            passkeys: self.store.map(|it| it.credentials.len()),
            reasons: texts(&self.reasons),
            notes: texts(&self.notes),
            causes: self.reasons.into_iter().chain(self.notes).collect(),
        }
    }
}

fn texts(reasons: &[Reason]) -> Vec<String> {
    reasons.iter().map(ToString::to_string).collect()
}

/// For the audit log.
fn detail(imported: &Imported) -> String {
    let users = &imported.users;
    let passkeys: usize = users.iter().map(|it| it.credentials.len()).sum();
    let text = format!("users: {}; passkeys: {passkeys}", users.len());
    match imported.reserved.len() {
        0 => text,
        names => format!("{text}; reserved_names: {names}"),
    }
}

async fn compare(app: &App, line: &mut Line, candidate: Candidate) -> Result<(), StorageError> {
    let Candidate {
        mut user,
        credentials,
        drawn,
        notes,
    } = candidate;
    line.notes = notes;
    let here = app.store.user_by_name(&user.name).await?;
    let Some(here) = here else {
        line.store = Some(ImportedUser { user, credentials });
        return Ok(());
    };
    if drawn {
        user.id = here.id;
    }
    let theirs = app.store.credentials_of(here.id).await?;
    let differs = differences(&user, &credentials, &here, &theirs);
    if differs.is_empty() {
        line.end(Outcome::Unchanged, Vec::new());
    } else {
        let differs: Vec<&str> = differs.into_iter().collect();
        let differs = differs.join(", ");
        let text = format!("a user of this name is here, and differs in {differs}");
        let reason = Reason::new(Code::UserDiffers, text).with("fields", differs);
        line.end(Outcome::Conflict, vec![reason.at("name")]);
    }
    Ok(())
}

/// In what a user who is here is another than the one of the document. What changes with each login
/// (counters, times) is no difference.
fn differences(
    user: &User,
    credentials: &[Credential],
    here: &User,
    theirs: &[Credential],
) -> BTreeSet<&'static str> {
    let same_key = |one: &Credential, other: &Credential| {
        one.id == other.id && one.mount == other.mount && public_key(one) == public_key(other)
    };
    let all_here = credentials
        .iter()
        .all(|one| theirs.iter().any(|other| same_key(one, other)));
    [
        ("id", user.id == here.id),
        ("user_handle", user.handle_bytes() == here.handle_bytes()),
        ("display_name", user.display_name == here.display_name),
        ("email", user.email == here.email),
        ("groups", user.groups == here.groups),
        ("token_policies", user.policies == here.policies),
        ("limits", user.limits == here.limits),
        ("disabled", user.disabled == here.disabled),
        ("passkeys", all_here),
    ]
    .into_iter()
    .filter_map(|(name, same)| (!same).then_some(name))
    .collect()
}
