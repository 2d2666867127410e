//! A Keycloak realm export (`kc.sh export`, or one of its `<realm>-users-<n>.json`): its users, and
//! their `WebAuthn` credentials.
//!
//! Keycloak's format grows from release to release, so names that are not needed are passed over;
//! those that are needed are read as strictly as anything. Passwords and one-time passwords are not
//! taken: there is nothing here to check them with. Neither are roles.

use super::candidate::{Candidate, Entry, Parts, Read, Reader, Reading, Refusals, bounded};
use super::fields;
use crate::model::{
    Credential, PolicyName, Reason, ReasonCode as Code, UnixTime, User, UserHandle, UserId,
    UserLimits,
};
use crate::routes::administration::body::read as read_json;
use crate::routes::passkey::LABEL_MAX_CHARS;
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

const TWO_FACTOR: &str = "webauthn";
const PASSWORDLESS: &str = "webauthn-passwordless";
/// Asks for a passkey at the next login; there are two of them, one for each kind.
const REQUIRED_ACTIONS: [&str; 2] = ["webauthn-register", "webauthn-register-passwordless"];

/// A realm export of Keycloak, or one of its files of users: the part that matters here.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct KeycloakRealm<'a> {
    #[serde(rename = "webAuthnPolicyRpId")]
    two_factor_rp_id: Option<String>,
    #[serde(rename = "webAuthnPolicyPasswordlessRpId")]
    passwordless_rp_id: Option<String>,
    #[serde(borrow, deserialize_with = "bounded")]
    #[schema(value_type = Vec<KeycloakUser>)]
    users: Vec<&'a RawValue>,
}

/// A user of a realm.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct KeycloakUser {
    id: String,
    username: String,
    email: Option<String>,
    email_verified: Option<bool>,
    first_name: Option<String>,
    last_name: Option<String>,
    enabled: Option<bool>,
    /// Milliseconds.
    created_timestamp: Option<u64>,
    /// Paths, such as `/staff/berlin`.
    groups: Option<Vec<String>>,
    required_actions: Option<Vec<String>>,
    service_account_client_id: Option<String>,
    credentials: Option<Vec<KeycloakCredential>>,
}

/// A credential of a realm: those of type `webauthn` and `webauthn-passwordless` are passkeys.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct KeycloakCredential {
    #[serde(rename = "type")]
    kind: String,
    user_label: Option<String>,
    /// Milliseconds.
    created_date: Option<u64>,
    /// JSON inside of a text.
    credential_data: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CredentialData {
    aaguid: Option<Uuid>,
    credential_id: String,
    counter: u32,
    credential_public_key: String,
    attestation_statement_format: Option<String>,
    transports: Option<Vec<String>>,
}

/// The users of an export, whose passkeys come to `mount`.
pub(super) fn read(body: &[u8], mount: &str, reader: &Reader<'_>) -> Result<Reading, Reason> {
    let realm: KeycloakRealm<'_> = read_json(body)?;
    let rp_ids = [
        ("webAuthnPolicyRpId", &realm.two_factor_rp_id),
        ("webAuthnPolicyPasswordlessRpId", &realm.passwordless_rp_id),
    ];
    // Empty means the host of Keycloak's own address, which the export does not say. A file of
    // users alone says nothing at all.
    for (field, rp_id) in rp_ids {
        if let Some(rp_id) = rp_id.as_deref().filter(|it| !it.is_empty()) {
            reader.same_rp_id(field, mount, rp_id)?;
        }
    }
    let says = |policy| match policy {
        PolicyName::TwoFactor => realm.two_factor_rp_id.as_deref(),
        PolicyName::Passwordless => realm.passwordless_rp_id.as_deref(),
    };
    let read = |(index, raw): (usize, &&RawValue)| {
        let parsed = read_json::<KeycloakUser>(raw.get().as_bytes());
        let user = match parsed {
            Ok(user) => user,
            Err(reason) => return Entry::unreadable(index, raw, reason),
        };
        let name = user.username.clone();
        if user.service_account_client_id.is_some() {
            let text = "the account of a service, which has no passkey";
            let read = Read::Skipped(Reason::new(Code::ServiceAccount, text));
            return Entry { index, name, read };
        }
        let unsaid = |policy| says(policy).unwrap_or_default().is_empty();
        Entry::new(index, name, user.candidate(mount, unsaid, reader))
    };
    Ok(Reading {
        entries: realm.users.iter().enumerate().map(read).collect(),
        reserved: Vec::new(),
    })
}

impl KeycloakUser {
    fn candidate(
        self,
        mount: &str,
        unsaid: impl Fn(PolicyName) -> bool,
        reader: &Reader<'_>,
    ) -> Result<Candidate, Refusals> {
        let mut refusals = Refusals::default();
        let refused = &mut refusals;
        let (mut notes, mut credentials) = (Vec::new(), Vec::new());
        let id = Uuid::try_parse(&self.id).map(UserId);
        let id = refused.take(id.map_err(|_| Reason::expected("id", "a UUID")));
        let name = refused.take(fields::name(&self.username));
        let shown = self.shown();
        let display_name = refused.take(fields::display_name(cut(
            "display_name",
            &shown,
            &mut notes,
        )));
        let email = refused.take(self.email(&mut notes));
        let paths = self.groups.as_deref().unwrap_or_default();
        // Only what groups of the top have in front tells nothing.
        let groups: Vec<String> = paths
            .iter()
            .map(|path| path.strip_prefix('/').unwrap_or(path).to_owned())
            .collect();
        let groups = refused.take(fields::names("groups", &groups));
        let user = id.unwrap_or(UserId(Uuid::nil()));
        let (mut others, mut unsure) = (0_usize, false);
        for (number, credential) in self.credentials.iter().flatten().enumerate() {
            let Some(policy) = credential.policy() else {
                others += 1;
                continue;
            };
            unsure |= unsaid(policy);
            let place = format!("credentials[{number}]");
            let label = credential.user_label.as_deref().unwrap_or_default();
            let label = cut(&format!("{place}.userLabel"), label.trim(), &mut notes);
            let read = credential.read(user, mount, policy, label, reader);
            let placed = |reason: Reason| reason.at(&place);
            credentials.extend(refused.take(read.map_err(placed)));
        }
        if others > 0 {
            let text = format!("left out: {others} credentials that are no passkeys");
            notes.push(Reason::new(Code::OthersLeftOut, text).with("count", others));
        }
        if unsure {
            let text = "the export does not say the relying party id: it must be that of the mount";
            notes.push(Reason::new(Code::RpIdUnsure, text));
        }
        let required = self.required_actions.as_deref().unwrap_or_default();
        let (Some(_), Some(name), Some(display_name)) = (id, name, display_name) else {
            return Err(refusals);
        };
        let stored = User {
            id: user,
            name,
            display_name,
            email: email.flatten(),
            groups: groups.unwrap_or_default(),
            policies: Vec::new(),
            disabled: self.enabled == Some(false),
            created_at: since(self.created_timestamp, reader.now),
            limits: UserLimits::default(),
            must_register: reader.must_register()
                || required
                    .iter()
                    .any(|action| REQUIRED_ACTIONS.contains(&action.as_str())),
            passkey_alert: false,
            // Keycloak's handle is the text of its user id, not the UUID's 16 bytes.
            handle: UserHandle::from_bytes(self.id.as_bytes()),
        };
        let mut candidate = reader.candidate(stored, credentials, refusals)?;
        candidate.notes.append(&mut notes);
        Ok(candidate)
    }

    fn shown(&self) -> String {
        let names = [&self.first_name, &self.last_name];
        let names: Vec<&str> = names
            .into_iter()
            .filter_map(|name| name.as_deref().map(str::trim))
            .filter(|name| !name.is_empty())
            .collect();
        if names.is_empty() {
            self.username.clone()
        } else {
            names.join(" ")
        }
    }

    /// Only what was verified there: applications take an address for proven.
    fn email(&self, notes: &mut Vec<Reason>) -> Result<Option<String>, Reason> {
        match self.email.as_deref() {
            None | Some("") => Ok(None),
            Some(text) if self.email_verified == Some(true) => fields::email(text).map(Some),
            Some(_) => {
                let text = "left out: an email address that was not verified";
                notes.push(Reason::new(Code::EmailLeftOut, text));
                Ok(None)
            }
        }
    }
}

impl KeycloakCredential {
    /// Of the two kinds that are passkeys.
    fn policy(&self) -> Option<PolicyName> {
        match self.kind.as_str() {
            PASSWORDLESS => Some(PolicyName::Passwordless),
            TWO_FACTOR => Some(PolicyName::TwoFactor),
            _ => None,
        }
    }

    fn read(
        &self,
        user: UserId,
        mount: &str,
        policy: PolicyName,
        label: &str,
        reader: &Reader<'_>,
    ) -> Result<Credential, Reason> {
        let inner = self.credential_data.as_deref().unwrap_or_default();
        let data: CredentialData =
            read_json(inner.as_bytes()).map_err(|reason| reason.at("credentialData"))?;
        let id = fields::any_base64("credentialData.credentialId", &data.credential_id)?;
        let key = fields::any_base64(
            "credentialData.credentialPublicKey",
            &data.credential_public_key,
        )?;
        reader.credential(&Parts {
            user,
            mount,
            id: &id,
            public_key: &key,
            policy,
            format: data.attestation_statement_format.as_deref(),
            aaguid: data.aaguid.unwrap_or_default(),
            // What Keycloak verified, if it did, is not in the export.
            attested: false,
            transports: data.transports.as_deref().unwrap_or_default(),
            attachment: None,
            label,
            sign_count: data.counter,
            created_at: since(self.created_date, reader.now),
        })
    }
}

/// What people read and no program relies on, as long as it can be here; Keycloak takes 255 characters.
fn cut<'a>(field: &str, text: &'a str, notes: &mut Vec<Reason>) -> &'a str {
    let Some((end, _)) = text.char_indices().nth(LABEL_MAX_CHARS) else {
        return text;
    };
    let said = format!("cut to {LABEL_MAX_CHARS} characters");
    let note = Reason::new(Code::TextCut, said).with("most", LABEL_MAX_CHARS);
    notes.push(note.at(field));
    text.get(..end).unwrap_or(text).trim_end()
}

/// When something was made: now, where the export does not say, or says that it will be. What is far
/// enough off could not be written into an export of ours.
fn since(milliseconds: Option<u64>, now: UnixTime) -> UnixTime {
    milliseconds.map_or(now, |told| UnixTime(told / 1_000).min(now))
}
