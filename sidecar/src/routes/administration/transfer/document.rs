//! Our own format, version 1: written by an export, and read back as strictly as any body.

use super::candidate::{Candidate, Entry, Parts, Reader, Reading, Refusals};
use super::fields;
use crate::ceremony::{attestation_format, public_key, registered_under};
use crate::model::{
    Credential, PolicyName, Reason, ReasonCode as Code, Seconds, User, UserHandle, UserId,
    UserLimits,
};
use crate::routes::administration::body::read as read_json;
use crate::routes::passkey::rfc3339;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// What `format` says.
pub(super) const FORMAT: &str = "latchkey-users";
/// Changes when an older program could not read the document any more.
pub(super) const VERSION: u32 = 1;

/// A whole document; its users one by one, so that each can be refused for itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UsersDocument<'a> {
    /// `latchkey-users`.
    pub(super) format: String,
    /// 1.
    pub(super) version: u32,
    /// For people.
    #[serde(rename = "exported_at")]
    #[schema(rename = "exported_at")]
    _exported_at: Option<String>,
    /// The relying party id of each mount that passkeys name.
    pub(super) rp_ids: BTreeMap<String, String>,
    #[serde(borrow, deserialize_with = "super::candidate::bounded")]
    #[schema(value_type = Vec<UserEntry>)]
    pub(super) users: Vec<&'a RawValue>,
    /// Names that belonged to users who were deleted: nobody can have them.
    #[serde(default, deserialize_with = "super::reserved::bounded")]
    pub(super) reserved_names: Vec<String>,
}

/// A user of a document.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ExportedUser)]
pub(super) struct UserEntry {
    /// Absent in a list that people wrote: then a new one is drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    id: Option<Uuid>,
    name: String,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    token_policies: Vec<String>,
    /// Seconds; absent: as for everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_ttl: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_max_ttl: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_period: Option<u64>,
    #[serde(default)]
    disabled: bool,
    /// Absent: as for everyone whom an administrator makes.
    #[serde(default)]
    must_register_passkey: Option<bool>,
    /// Absent: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
    /// In base64url; absent: the id's 16 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_handle: Option<String>,
    #[serde(default)]
    passkeys: Vec<PasskeyEntry>,
}

/// A passkey of a user of a document.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ExportedPasskey)]
struct PasskeyEntry {
    /// The credential id in base64url.
    id: String,
    mount: String,
    /// `passwordless` or `two_factor`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    policy: PolicyName,
    /// The COSE key in base64url.
    public_key: String,
    #[schema(value_type = String, format = "uuid")]
    aaguid: Uuid,
    #[serde(default)]
    attested: bool,
    #[serde(default)]
    attestation_format: Option<String>,
    #[serde(default)]
    transports: Vec<String>,
    #[serde(default)]
    attachment: Option<String>,
    sign_count: u32,
    /// `null` where it is not known.
    #[serde(default)]
    backup_eligible: Option<bool>,
    #[serde(default)]
    backup_state: bool,
    #[serde(default)]
    label: String,
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    last_used_at: Option<String>,
    #[serde(default)]
    disabled_at: Option<String>,
}

impl UserEntry {
    /// What an export says of a user. Nothing of it is a secret: no session, no code, no hash.
    pub(super) fn of(user: &User, credentials: &[Credential]) -> Self {
        let seconds = |limit: Option<Seconds>| limit.map(|it| it.0);
        Self {
            id: Some(user.id.0),
            name: user.name.as_str().to_owned(),
            display_name: Some(user.display_name.clone()),
            email: user.email.clone(),
            groups: user.groups.clone(),
            token_policies: user.policies.clone(),
            token_ttl: seconds(user.limits.token_ttl),
            token_max_ttl: seconds(user.limits.token_max_ttl),
            token_period: seconds(user.limits.token_period),
            disabled: user.disabled,
            must_register_passkey: Some(user.must_register),
            created_at: Some(rfc3339(user.created_at)),
            user_handle: user.handle.as_ref().map(ToString::to_string),
            passkeys: credentials.iter().map(PasskeyEntry::of).collect(),
        }
    }

    fn candidate(self, reader: &Reader<'_>) -> Result<Candidate, Refusals> {
        let mut refusals = Refusals::default();
        let refused = &mut refusals;
        let span = |name: &str, given: Option<u64>, refused: &mut Refusals| {
            refused.take(fields::span(name, given)).flatten()
        };
        let drawn = self.id.is_none();
        let id = UserId(self.id.unwrap_or_else(|| reader.draw_id()));
        let handle = self.user_handle.as_deref().map(|text| {
            let expected =
                || Reason::expected("user_handle", "1 to 64 bytes in unpadded base64url");
            refused.take(UserHandle::parse(text).ok_or_else(expected))
        });
        let created_at = refused.take(fields::time("created_at", self.created_at.as_deref()));
        let name = refused.take(fields::name(&self.name));
        let display_name = self.display_name.as_deref().unwrap_or(&self.name);
        let display_name = refused.take(fields::display_name(display_name));
        let email = self.email.as_deref().map(fields::email);
        let email = email.map(|email| refused.take(email));
        let groups = refused.take(fields::names("groups", &self.groups));
        let policies = refused.take(fields::names("token_policies", &self.token_policies));
        let limits = UserLimits {
            token_ttl: span("token_ttl", self.token_ttl, refused),
            token_max_ttl: span("token_max_ttl", self.token_max_ttl, refused),
            token_period: span("token_period", self.token_period, refused),
        };
        let mut credentials = Vec::with_capacity(self.passkeys.len());
        for (number, passkey) in self.passkeys.into_iter().enumerate() {
            let read = passkey.credential(id, reader);
            let placed = |reason: Reason| reason.at(format_args!("passkeys[{number}]"));
            credentials.extend(refused.take(read.map_err(placed)));
        }
        let (Some(name), Some(display_name), Some(created_at)) = (name, display_name, created_at)
        else {
            return Err(refusals);
        };
        let user = User {
            id,
            name,
            display_name,
            email: email.flatten(),
            groups: groups.unwrap_or_default(),
            policies: policies.unwrap_or_default(),
            disabled: self.disabled,
            created_at: created_at.unwrap_or(reader.now),
            limits,
            must_register: self.must_register_passkey.unwrap_or(reader.must_register()),
            passkey_alert: credentials.iter().any(|it| it.disabled_at.is_some()),
            handle: handle
                .flatten()
                .filter(|it| it.as_bytes() != id.0.as_bytes()),
        };
        let candidate = reader.candidate(user, credentials, refusals)?;
        Ok(Candidate { drawn, ..candidate })
    }
}

impl PasskeyEntry {
    fn of(credential: &Credential) -> Self {
        Self {
            id: credential.id.to_string(),
            mount: credential.mount.clone(),
            policy: registered_under(credential),
            public_key: public_key(credential).unwrap_or_default().to_owned(),
            aaguid: credential.aaguid,
            attested: credential.attested,
            attestation_format: attestation_format(credential).map(str::to_owned),
            transports: credential.transports.clone(),
            attachment: credential.attachment.clone(),
            sign_count: credential.sign_count,
            backup_eligible: credential.backup_eligible,
            backup_state: credential.backup_state,
            label: credential.label.clone(),
            created_at: Some(rfc3339(credential.created_at)),
            last_used_at: credential.last_used_at.map(rfc3339),
            disabled_at: credential.disabled_at.map(rfc3339),
        }
    }

    fn credential(self, user: UserId, reader: &Reader<'_>) -> Result<Credential, Reason> {
        let time = |name: &str, text: Option<&str>| fields::time(name, text);
        let created_at = time("created_at", self.created_at.as_deref())?;
        let last_used_at = time("last_used_at", self.last_used_at.as_deref())?;
        let disabled_at = time("disabled_at", self.disabled_at.as_deref())?;
        let mut credential = reader.credential(&Parts {
            user,
            mount: &self.mount,
            id: &fields::exact_base64url("id", &self.id)?,
            public_key: &fields::exact_base64url("public_key", &self.public_key)?,
            policy: self.policy,
            format: self.attestation_format.as_deref(),
            aaguid: self.aaguid,
            attested: self.attested,
            transports: &self.transports,
            attachment: self.attachment.as_deref(),
            label: &self.label,
            sign_count: self.sign_count,
            created_at: created_at.unwrap_or(reader.now),
        })?;
        credential.backup_eligible = self.backup_eligible;
        credential.backup_state = self.backup_state;
        credential.last_used_at = last_used_at;
        credential.disabled_at = disabled_at;
        if self.backup_state && self.backup_eligible == Some(false) {
            let text = "what is not eligible for backup has none";
            return Err(Reason::new(Code::BackupState, text).at("backup_state"));
        }
        Ok(credential)
    }
}

/// The users of a document; an error names the place where it is none.
pub(super) fn read(body: &[u8], reader: &Reader<'_>) -> Result<Reading, Reason> {
    let document: UsersDocument<'_> = read_json(body)?;
    if document.format != FORMAT || document.version != VERSION {
        let text = format!(
            "expected {FORMAT:?}, {VERSION}, not {:?}, {}",
            document.format, document.version
        );
        return Err(Reason::new(Code::DocumentVersion, text).at("format, version"));
    }
    // A mount that is not here may have no passkeys there either.
    let served = reader.app.mount_points.served();
    let here = |mount: &str| served.named(mount).is_some();
    for (mount, rp_id) in document.rp_ids.iter().filter(|(mount, _)| here(mount)) {
        reader.same_rp_id(&format!("rp_ids.{mount}"), mount, rp_id)?;
    }
    let read = |(index, raw): (usize, &&RawValue)| {
        let user: UserEntry = match read_json(raw.get().as_bytes()) {
            Ok(user) => user,
            Err(reason) => return Entry::unreadable(index, raw, reason),
        };
        let name = user.name.clone();
        let mut mounts = user.passkeys.iter().map(|it| &it.mount);
        let candidate = match mounts.find(|it| !document.rp_ids.contains_key(*it)) {
            Some(mount) => {
                let text =
                    format!("rp_ids does not say for which relying party those of {mount:?} are");
                let reason = Reason::new(Code::RpIdMissing, text).with("mount", mount);
                Err(Refusals::from(reason.at("passkeys")))
            }
            None => user.candidate(reader),
        };
        Entry::new(index, name, candidate)
    };
    Ok(Reading {
        entries: document.users.iter().enumerate().map(read).collect(),
        reserved: document.reserved_names,
    })
}
