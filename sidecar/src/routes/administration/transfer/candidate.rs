//! A user of a document, read and checked: what both formats have in common.

use crate::app::App;
use crate::ceremony::authentication::is_decoy;
use crate::ceremony::{CeremonyError, Imported, NotAdmitted, registration};
use crate::entropy::random;
use crate::model::{
    Credential, CredentialId, Enrolment, PolicyName, Reason, ReasonCode as Code, UnixTime, User,
    UserId,
};
use crate::routes::passkey::label;
use crate::storage::{MOST_RECORD_BYTES, MOST_USER_BYTES, is_bounded};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;
use uuid::Uuid;

/// Users of one document at most: they are one step of the store, behind which logins wait, and
/// which a slow disk must manage while somebody still waits for it.
pub(super) const MOST_USERS: usize = 2_000;
/// Passkeys of one user at most, whatever the mount lets people register: all of them are named
/// where a login begins.
const MOST_PASSKEYS: usize = 64;

/// Everything that is wrong with one user, each with its place.
#[derive(Debug, Default)]
pub(super) struct Refusals(pub(super) Vec<Reason>);

impl From<Reason> for Refusals {
    fn from(reason: Reason) -> Self {
        Self(vec![reason])
    }
}

impl Refusals {
    /// The value, where there is one; otherwise the reason is kept.
    pub(super) fn take<T>(&mut self, read: Result<T, Reason>) -> Option<T> {
        read.map_err(|reason| self.0.push(reason)).ok()
    }
}

/// A user who could be stored.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) user: User,
    pub(super) credentials: Vec<Credential>,
    /// Whether the document does not say the user's id.
    pub(super) drawn: bool,
    /// What an administrator should know beforehand.
    pub(super) notes: Vec<Reason>,
}

/// What one user of a document came to.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) index: usize,
    /// As the document has it, for the report.
    pub(super) name: String,
    pub(super) read: Read,
}

/// What a document holds.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) entries: Vec<Entry>,
    /// Names of users who were deleted, as they are written.
    pub(super) reserved: Vec<String>,
}

#[derive(Debug)]
pub(super) enum Read {
    Candidate(Box<Candidate>),
    /// It is no person.
    Skipped(Reason),
    Refused(Vec<Reason>),
}

/// What of a user is looked at when all of it cannot be read, in either format.
#[derive(Default, Deserialize)]
struct Named {
    #[serde(alias = "username")]
    name: Option<String>,
}

impl Entry {
    pub(super) fn new(index: usize, name: String, read: Result<Candidate, Refusals>) -> Self {
        let read = match read {
            Ok(candidate) => Read::Candidate(Box::new(candidate)),
            Err(Refusals(reasons)) => Read::Refused(reasons),
        };
        Self { index, name, read }
    }

    /// A user who is not read; in the report under the name that is there, if there is one.
    pub(super) fn unreadable(index: usize, raw: &RawValue, reason: Reason) -> Self {
        let named = serde_json::from_str::<Named>(raw.get()).unwrap_or_default();
        Self::new(index, named.name.unwrap_or_default(), Err(reason.into()))
    }
}

/// A passkey as either format has it.
pub(super) struct Parts<'a> {
    pub(super) user: UserId,
    pub(super) mount: &'a str,
    pub(super) id: &'a [u8],
    pub(super) public_key: &'a [u8],
    pub(super) policy: PolicyName,
    pub(super) format: Option<&'a str>,
    pub(super) aaguid: Uuid,
    pub(super) attested: bool,
    pub(super) transports: &'a [String],
    pub(super) attachment: Option<&'a str>,
    pub(super) label: &'a str,
    pub(super) sign_count: u32,
    pub(super) created_at: UnixTime,
}

/// Reads what a document holds, for this installation.
pub(super) struct Reader<'a> {
    pub(super) app: &'a App,
    pub(super) now: UnixTime,
}

impl Reader<'_> {
    pub(super) fn draw_id(&self) -> Uuid {
        uuid::Builder::from_random_bytes(random(&*self.app.entropy)).into_uuid()
    }

    /// Whether new users have to register a passkey before anything else.
    pub(super) fn must_register(&self) -> bool {
        self.app.settings.people.must_register_passkey
    }

    /// Passkeys sign in for the relying party id that they were registered for, and for no other.
    pub(super) fn same_rp_id(&self, field: &str, mount: &str, rp_id: &str) -> Result<(), Reason> {
        let served = self.app.mount_points.served();
        let Some(here) = served.named(mount) else {
            let text = format!("there is no mount {mount:?} here");
            return Err(no_such_mount(text, mount).at(field));
        };
        let ours = here.ceremonies.relying_party().id();
        if ours == rp_id {
            return Ok(());
        }
        let text = format!(
            "these passkeys are for {rp_id:?}, and the mount {mount:?} is for {ours:?}: none of \
             them could sign in"
        );
        let reason = Reason::new(Code::OtherRpId, text).at(field);
        Err(reason
            .with("theirs", rp_id)
            .with("mount", mount)
            .with("ours", ours))
    }

    /// A passkey that could sign in here.
    pub(super) fn credential(&self, parts: &Parts<'_>) -> Result<Credential, Reason> {
        let served = self.app.mount_points.served();
        let mount = served.named(parts.mount);
        let mount = mount.ok_or_else(|| {
            let text = format!("there is no {:?} here", parts.mount);
            no_such_mount(text, parts.mount).at("mount")
        })?;
        let id = CredentialId::from_bytes(parts.id)
            .map_err(|error| Reason::new(Code::IdForm, error.to_string()).at("id"))?;
        if is_decoy(&self.app.decoy_key, &id) {
            // One of ours for a name that nobody has; it can be nobody's.
            let text = "somebody has this credential id already";
            return Err(Reason::new(Code::PasskeyTaken, text).at("id"));
        }
        let imported = Imported {
            public_key: parts.public_key,
            format: parts.format,
            policy: parts.policy,
            aaguid: parts.aaguid,
            attested: parts.attested,
        };
        let trust = self.app.trust.current();
        let admitted = imported.admit(&mount.ceremonies, &trust, self.now);
        let (record, algorithm) =
            admitted.map_err(|error| not_admitted(&error).at("public_key"))?;
        let attachment = match parts.attachment {
            None | Some("platform" | "cross-platform") => parts.attachment.map(str::to_owned),
            Some(_) => {
                return Err(Reason::expected("attachment", "platform or cross-platform"));
            }
        };
        let shown = match parts.label.trim() {
            "" => String::new(),
            text => label(text)
                .ok_or_else(|| Reason::expected("label", "at most 64 visible characters"))?,
        };
        Ok(Credential {
            id,
            user: parts.user,
            mount: parts.mount.to_owned(),
            record,
            algorithm,
            aaguid: parts.aaguid,
            attested: parts.attested,
            transports: registration::known_transports(parts.transports),
            attachment,
            sign_count: parts.sign_count,
            backup_eligible: None,
            backup_state: false,
            label: shown,
            created_at: parts.created_at,
            last_used_at: None,
            disabled_at: None,
            suspected_at: None,
        })
    }

    /// The whole user, if nothing was wrong.
    pub(super) fn candidate(
        &self,
        user: User,
        credentials: Vec<Credential>,
        mut refusals: Refusals,
    ) -> Result<Candidate, Refusals> {
        if user.id == Enrolment::NOBODY {
            // Its codes would be those with which the first administrator makes an account.
            let reason = Reason::new(Code::IdForm, "it is kept for nobody");
            refusals.0.push(reason.at("id"));
        }
        if credentials.len() > MOST_PASSKEYS {
            let text = format!("more than {MOST_PASSKEYS} of one user");
            let reason = Reason::new(Code::TooMany, text).with("most", MOST_PASSKEYS);
            refusals.0.push(reason.at("passkeys"));
        }
        let fits = |record: serde_json::Result<Vec<u8>>| {
            record.is_ok_and(|record| record.len() <= MOST_RECORD_BYTES)
        };
        if !is_bounded(&user) {
            let text = "more than a record holds: fewer or shorter groups and token_policies";
            let reason = Reason::new(Code::RecordTooLarge, text).with("most", MOST_USER_BYTES);
            refusals.0.push(reason.at("user"));
        }
        let all_fit = credentials.iter().all(|it| fits(serde_json::to_vec(it)));
        if !all_fit {
            let text = format!("a record has more than {MOST_RECORD_BYTES} bytes");
            let reason = Reason::new(Code::RecordTooLarge, text).with("most", MOST_RECORD_BYTES);
            refusals.0.push(reason.at("passkeys"));
        }
        if !refusals.0.is_empty() {
            return Err(refusals);
        }
        let mut notes = Vec::new();
        let admins = &self.app.settings.admin.groups;
        if let Some(group) = user.groups.iter().find(|it| admins.contains(it)) {
            let text = format!("becomes an administrator: member of {group}");
            notes.push(Reason::new(Code::BecomesAdministrator, text).with("group", group));
        }
        Ok(Candidate {
            user,
            credentials,
            drawn: false,
            notes,
        })
    }
}

fn no_such_mount(text: String, mount: &str) -> Reason {
    Reason::new(Code::NoSuchMount, text).with("mount", mount)
}

/// Why no passkey of this key can sign in here.
fn not_admitted(error: &NotAdmitted) -> Reason {
    use CeremonyError as E;
    let code = match error {
        NotAdmitted::NoPolicy(_) => Code::NoPolicy,
        NotAdmitted::Ceremony(error) => match error {
            E::AlgorithmNotOffered { .. } => Code::AlgorithmNotOffered,
            E::AaguidNotAcceptable { .. } | E::AaguidForbidden { .. } => Code::ModelRefused,
            E::AuthenticatorCompromised { .. } => Code::ModelCompromised,
            E::AttestationMissing => Code::MakerUnproven,
            _ => Code::KeyForm,
        },
    };
    let reason = Reason::new(code, error.to_string());
    match error {
        NotAdmitted::NoPolicy(policy) => reason.with("policy", policy.as_str()),
        NotAdmitted::Ceremony(
            E::AaguidNotAcceptable { aaguid }
            | E::AaguidForbidden { aaguid }
            | E::AuthenticatorCompromised { aaguid, .. },
        ) => reason.with("model", aaguid),
        NotAdmitted::Ceremony(_) => reason,
    }
}

/// An array of texts of JSON, not too many of them.
pub(super) fn bounded<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<&'de RawValue>, D::Error> {
    struct Users;
    impl<'de> Visitor<'de> for Users {
        type Value = Vec<&'de RawValue>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an array of users")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
            let mut users = Vec::new();
            while let Some(user) = from.next_element()? {
                if users.len() == MOST_USERS {
                    let text = format!("more than {MOST_USERS} users in one document");
                    return Err(A::Error::custom(text));
                }
                users.push(user);
            }
            Ok(users)
        }
    }
    from.deserialize_seq(Users)
}
