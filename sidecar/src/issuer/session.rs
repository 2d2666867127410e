//! The life of a session: begun by a ceremony, stepped up by another one, renewed by the holder of
//! its refresh secret, ended by its limits.

use super::refresh_secret::RefreshSecret;
use crate::entropy::{Entropy, random};
use crate::model::{
    AuthenticatorClass, CredentialId, Seconds, Session, SessionId, UnixTime, UserId, UserLimits,
};
use std::net::IpAddr;

/// Phishing-resistant authentication (OpenID Connect EAP ACR Values 1.0): every passkey is.
pub const ACR_PHISHING_RESISTANT: &str = "phr";
/// Phishing-resistant and hardware-protected (the same): the passkey is proved to live in one
/// authenticator, which never lets it go.
pub const ACR_HARDWARE_PROTECTED: &str = "phrh";

/// As much of a user agent as is kept.
const USER_AGENT_MAX_CHARS: usize = 200;

/// How long sessions live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Without a renewal.
    pub idle: Seconds,
    /// At all.
    pub max: Seconds,
}

impl SessionLimits {
    /// The limits of one user: theirs where they are shorter.
    #[must_use]
    pub fn within(self, user: UserLimits) -> Self {
        let shorter = |all: Seconds, own: Option<Seconds>| own.map_or(all, |own| own.min(all));
        Self {
            idle: shorter(self.idle, user.token_period),
            max: shorter(self.max, user.token_max_ttl),
        }
    }
}

/// A proof of presence that has just been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// Who was there.
    pub user: UserId,
    /// With which credential.
    pub credential: CredentialId,
    /// With which kind of authenticator.
    pub authn: AuthenticatorClass,
    /// From which address.
    pub address: IpAddr,
    /// With which program, as it told.
    pub user_agent: String,
    /// The client certificate that the session is to be bound to (`x5t#S256`).
    pub certificate: Option<String>,
}

/// A session that starts with this proof. It shares nothing with what the browser held before.
#[must_use]
pub fn begin(
    presence: Presence,
    limits: SessionLimits,
    entropy: &(impl Entropy + ?Sized),
    now: UnixTime,
) -> (Session, RefreshSecret) {
    // In the order of time (UUID version 7, RFC 9562 section 5.7), so that new sessions lie together
    // in the store. What is secret of a session is its refresh secret alone.
    let millis = now.0.saturating_mul(1_000);
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &random(entropy));
    let id = SessionId(id.into_uuid());
    let secret = RefreshSecret::draw(id, entropy);
    let expires_at = now.plus(limits.max);
    let session = Session {
        id,
        user: presence.user,
        credential: Some(presence.credential),
        secret: secret.hash(),
        created_at: now,
        auth_time: now,
        idle_until: now.plus(limits.idle).min(expires_at),
        expires_at,
        acr: class(&presence.authn).to_owned(),
        amr: methods(&presence.authn),
        authn: presence.authn,
        address: presence.address.to_string(),
        user_agent: presence
            .user_agent
            .chars()
            .take(USER_AGENT_MAX_CHARS)
            .collect(),
        restricted: false,
        certificate: presence.certificate,
    };
    (session, secret)
}

/// Goes on with `previous` after a fresh proof by the same user: the id and the beginning stay,
/// everything else is new, the refresh secret too. For anyone else's session, or one that has
/// ended, it is [`begin`].
#[must_use]
pub fn step_up(
    previous: &Session,
    presence: Presence,
    limits: SessionLimits,
    entropy: &(impl Entropy + ?Sized),
    now: UnixTime,
) -> (Session, RefreshSecret) {
    let goes_on = previous.user == presence.user && previous.is_alive(now);
    let (fresh, secret) = begin(presence, limits, entropy, now);
    if !goes_on {
        return (fresh, secret);
    }
    let secret = secret.moved_to(previous.id);
    (
        Session {
            id: previous.id,
            created_at: previous.created_at,
            ..fresh
        },
        secret,
    )
}

/// The idle limit after a renewal at `now`; never past the absolute one.
#[must_use]
pub fn renewed_until(session: &Session, limits: SessionLimits, now: UnixTime) -> UnixTime {
    now.plus(limits.idle).min(session.expires_at)
}

/// How strong the proof was. Only an attestation proves where a key lives, and one that can be
/// synced lives in several places.
fn class(authn: &AuthenticatorClass) -> &'static str {
    if authn.attested && !authn.be {
        ACR_HARDWARE_PROTECTED
    } else {
        ACR_PHISHING_RESISTANT
    }
}

/// Authentication method references (RFC 8176, section 2). A passkey that can be synced lives in
/// software; what verified the user (a PIN, a finger) is not told, so `mfa` says that something did.
fn methods(authn: &AuthenticatorClass) -> Vec<String> {
    let key = if authn.be { "swk" } else { "hwk" };
    let verified = authn.uv.then_some("mfa");
    [Some(key), Some("user"), verified]
        .into_iter()
        .flatten()
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SequenceEntropy;
    use uuid::Uuid;

    const LIMITS: SessionLimits = SessionLimits {
        idle: Seconds(100),
        max: Seconds(1000),
    };

    fn presence(user: u128) -> Presence {
        Presence {
            user: UserId(Uuid::from_u128(user)),
            credential: CredentialId::from_bytes(&[9]).unwrap(),
            authn: AuthenticatorClass {
                aaguid: Uuid::nil(),
                attested: false,
                uv: true,
                be: true,
                bs: true,
                attachment: None,
            },
            address: IpAddr::from([192, 0, 2, 1]),
            user_agent: "x".repeat(300),
            certificate: None,
        }
    }

    #[test]
    fn a_new_session_has_its_limits_and_hides_its_secret() {
        let (session, secret) = begin(
            presence(1),
            LIMITS,
            &SequenceEntropy::default(),
            UnixTime(50),
        );
        assert_eq!(session.idle_until, UnixTime(150));
        assert_eq!(session.expires_at, UnixTime(1050));
        assert_eq!(session.auth_time, UnixTime(50));
        assert_eq!(session.user_agent.len(), 200);
        assert_eq!(session.amr, ["swk", "user", "mfa"]);
        assert!(secret.opens(&session));
        assert_eq!(secret.session(), session.id);
    }

    #[test]
    fn only_an_attested_key_on_one_device_is_hardware_protected() {
        for (attested, be, acr) in [
            (true, false, "phrh"),
            (true, true, "phr"),
            (false, false, "phr"),
            (false, true, "phr"),
        ] {
            let mut presence = presence(1);
            (presence.authn.attested, presence.authn.be) = (attested, be);
            let entropy = SequenceEntropy::default();
            let (session, _) = begin(presence, LIMITS, &entropy, UnixTime(0));
            assert_eq!(session.acr, acr, "attested {attested}, be {be}");
        }
    }

    #[test]
    fn the_idle_limit_never_passes_the_absolute_one() {
        let limits = SessionLimits {
            idle: Seconds(5000),
            max: Seconds(1000),
        };
        let entropy = SequenceEntropy::default();
        let (session, _) = begin(presence(1), limits, &entropy, UnixTime(0));
        assert_eq!(session.idle_until, UnixTime(1000));
        assert_eq!(
            renewed_until(&session, LIMITS, UnixTime(950)),
            UnixTime(1000)
        );
        assert_eq!(renewed_until(&session, LIMITS, UnixTime(90)), UnixTime(190));
    }

    #[test]
    fn the_same_user_steps_up_within_the_session() {
        let entropy = SequenceEntropy::default();
        let (old, old_secret) = begin(presence(1), LIMITS, &entropy, UnixTime(0));
        let (new, new_secret) = step_up(&old, presence(1), LIMITS, &entropy, UnixTime(60));
        assert_eq!(new.id, old.id);
        assert_eq!((new.created_at, new.auth_time), (UnixTime(0), UnixTime(60)));
        assert!(new_secret.opens(&new));
        assert!(!old_secret.opens(&new), "the refresh secret is replaced");
    }

    #[test]
    fn another_user_or_an_ended_session_means_a_new_one() {
        let entropy = SequenceEntropy::default();
        let (old, _) = begin(presence(1), LIMITS, &entropy, UnixTime(0));
        let (other, secret) = step_up(&old, presence(2), LIMITS, &entropy, UnixTime(60));
        assert_ne!(other.id, old.id);
        assert!(secret.opens(&other));
        let (later, _) = step_up(&old, presence(1), LIMITS, &entropy, UnixTime(100));
        assert_ne!(later.id, old.id, "idle since 0, limit 100");
    }
}
