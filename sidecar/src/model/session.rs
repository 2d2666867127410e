//! Sessions: the server's record behind the short-lived tokens.

use super::{CredentialId, SecretHash, SessionId, UnixTime, User, UserId, UserLimits};
use serde::{Deserialize, Serialize};

/// What is known of the authenticator behind a login: the `authn` claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a claim of its own, independent"
)]
pub struct AuthenticatorClass {
    /// The authenticator's model; all zeros when unknown.
    pub aaguid: uuid::Uuid,
    /// Verified against a trust anchor at registration.
    pub attested: bool,
    /// UV flag of the login.
    pub uv: bool,
    /// Backup eligible: the passkey can be synced.
    pub be: bool,
    /// Backup state: it is synced now.
    pub bs: bool,
    /// `platform` or `cross-platform`, where the browser told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachment: Option<String>,
}

/// A signed-in browser or client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// `sid` in its tokens.
    pub id: SessionId,
    /// Who signed in.
    pub user: UserId,
    /// The credential that proved presence last. Absent in records from before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialId>,
    /// Hash of the refresh secret that the browser holds.
    pub secret: SecretHash,
    /// When it began.
    pub created_at: UnixTime,
    /// When the user last proved presence (`auth_time`).
    pub auth_time: UnixTime,
    /// It ends here when nothing renews it (idle limit).
    pub idle_until: UnixTime,
    /// It ends here whatever happens (absolute limit).
    pub expires_at: UnixTime,
    /// `acr` of its tokens.
    pub acr: String,
    /// `amr` of its tokens (RFC 8176).
    pub amr: Vec<String>,
    /// The authenticator that proved presence.
    pub authn: AuthenticatorClass,
    /// The client's address at login, as the gateway told it.
    pub address: String,
    /// The client's user agent at login, cut to 200 characters.
    pub user_agent: String,
    /// Good for registering a passkey and nothing else: its tokens are for the sidecar only.
    #[serde(default)]
    pub restricted: bool,
    /// The client certificate that its tokens are bound to: SHA-256 in base64url (`x5t#S256`, RFC
    /// 8705 section 3.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
}

impl Session {
    /// Whether it still lives at `now`.
    #[must_use]
    pub fn is_alive(&self, now: UnixTime) -> bool {
        now < self.idle_until && now < self.expires_at
    }

    /// Whether it ends when this credential of its user is removed: it was begun with that one, or
    /// nobody knows with which.
    #[must_use]
    pub fn ends_with(&self, credential: &CredentialId) -> bool {
        self.credential
            .as_ref()
            .is_none_or(|begun_with| begun_with == credential)
    }

    /// Whether it is still good for registering a passkey only: until its user has done so.
    #[must_use]
    pub fn is_restricted(&self, user: &User) -> bool {
        self.restricted && user.must_register
    }

    /// The same under the limits of its user, which may have become shorter since it began.
    #[must_use]
    pub fn capped(mut self, limits: UserLimits) -> Self {
        if let Some(max) = limits.token_max_ttl {
            self.expires_at = self.expires_at.min(self.created_at.plus(max));
        }
        self
    }

    /// Moves the idle limit, never back and never past the absolute one.
    pub fn extend_to(&mut self, idle_until: UnixTime) {
        self.idle_until = self.idle_until.max(idle_until.min(self.expires_at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As it was written before sessions knew their credential.
    const OLD: &str = r#"{"id":"00000000-0000-0000-0000-000000000001",
        "user":"00000000-0000-0000-0000-000000000002","secret":SECRET,
        "created_at":1,"auth_time":1,"idle_until":5,"expires_at":9,"acr":"phr","amr":["hwk"],
        "authn":{"aaguid":"00000000-0000-0000-0000-000000000000","attested":false,"uv":true,
        "be":true,"bs":false},"address":"192.0.2.1","user_agent":"test"}"#;

    #[test]
    fn a_record_without_a_credential_is_read_and_ends_with_any() {
        let secret = serde_json::to_string(&SecretHash([7; 32])).unwrap();
        let session: Session = serde_json::from_str(&OLD.replace("SECRET", &secret)).unwrap();
        assert_eq!(session.credential, None);
        assert!(session.ends_with(&CredentialId::from_bytes(&[1]).unwrap()));
        let written = serde_json::to_string(&session).unwrap();
        assert!(!written.contains("credential"));
    }

    #[test]
    fn a_session_ends_with_the_credential_that_began_it() {
        let id = |byte| CredentialId::from_bytes(&[byte]).unwrap();
        let secret = serde_json::to_string(&SecretHash([7; 32])).unwrap();
        let mut session: Session = serde_json::from_str(&OLD.replace("SECRET", &secret)).unwrap();
        session.credential = Some(id(1));
        assert!(session.ends_with(&id(1)));
        assert!(!session.ends_with(&id(2)));
    }
}
