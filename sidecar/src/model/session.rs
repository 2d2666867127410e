//! Sessions: the server's record behind the short-lived tokens.

use super::{SecretHash, SessionId, UnixTime, UserId};
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
}

impl Session {
    /// Whether it still lives at `now`.
    #[must_use]
    pub fn is_alive(&self, now: UnixTime) -> bool {
        now < self.idle_until && now < self.expires_at
    }
    /// Moves the idle limit, never back and never past the absolute one.
    pub fn extend_to(&mut self, idle_until: UnixTime) {
        self.idle_until = self.idle_until.max(idle_until.min(self.expires_at));
    }
}
