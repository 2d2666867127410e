use super::super::{Presence, RefreshSecret, SessionCookies, SessionLimits, begin};
use super::*;
use crate::entropy::SequenceEntropy;
use crate::model::{AuthenticatorClass, CredentialId, UserId, UserName};
use latchkey_token::Algorithm;
use std::net::IpAddr;
use uuid::Uuid;

const NOW: UnixTime = UnixTime(1_800_000_000);

struct Scene {
    issuer: Issuer,
    user: User,
    session: Session,
    secret: RefreshSecret,
    entropy: SequenceEntropy,
}

fn scene(algorithm: Algorithm, groups: Option<Vec<String>>, limits: SessionLimits) -> Scene {
    let entropy = SequenceEntropy::default();
    let sealing = KeyEncryptionKey::new([1; 32]);
    let succession = Succession {
        algorithm,
        publish_before: Seconds(3_600),
        rotate_every: Seconds(7_776_000),
        overlap: Seconds(604_800),
    };
    let ring = KeyRing::open(Vec::new(), &sealing).unwrap();
    let ring = ring
        .maintained(&succession, &sealing, &entropy, NOW)
        .unwrap()
        .unwrap();
    let settings = TokenSettings {
        issuer: "https://app.example.com/_latchkey".to_owned(),
        audiences: vec!["app".to_owned()],
        ttl: Seconds(600),
        groups,
    };
    let user = User {
        id: UserId(Uuid::from_u128(1)),
        name: UserName::parse("ann").unwrap(),
        display_name: "Ann".to_owned(),
        email: None,
        groups: vec!["staff".to_owned(), "admins".to_owned()],
        policies: vec!["reader".to_owned()],
        disabled: false,
        created_at: NOW,
        limits: crate::model::UserLimits::default(),
        must_register: false,
        passkey_alert: false,
        handle: None,
    };
    let authn = AuthenticatorClass {
        aaguid: Uuid::nil(),
        attested: false,
        uv: true,
        be: false,
        bs: false,
        attachment: None,
    };
    let address = IpAddr::from([192, 0, 2, 1]);
    let presence = Presence {
        user: user.id,
        credential: CredentialId::from_bytes(&[1]).unwrap(),
        authn,
        address,
        user_agent: String::new(),
        certificate: None,
    };
    let (session, secret) = begin(presence, limits, &entropy, NOW);
    let issuer = Issuer::new(settings, succession, sealing, ring).unwrap();
    Scene {
        issuer,
        user,
        session,
        secret,
        entropy,
    }
}

const WEEK: SessionLimits = SessionLimits {
    idle: Seconds(43_200),
    max: Seconds(604_800),
};

impl Scene {
    fn mint(&self, now: UnixTime) -> MintedToken {
        self.issuer
            .mint(&self.user, &self.session, &self.entropy, now)
            .unwrap()
    }

    fn claims(&self, now: UnixTime) -> Claims {
        let token = self.mint(now);
        self.issuer
            .verify(token.token.as_bytes(), now)
            .unwrap()
            .claims()
            .clone()
    }
}

#[test]
fn a_token_says_who_and_how_and_only_what_is_set() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        let claims = scene(algorithm, None, WEEK).claims(NOW);
        assert_eq!(claims.sub, Uuid::from_u128(1).to_string());
        assert_eq!(
            (claims.iat, claims.exp, claims.nbf),
            (NOW.0, NOW.0 + 600, None)
        );
        assert_eq!(claims.preferred_username.as_deref(), Some("ann"));
        assert_eq!((claims.email, claims.email_verified), (None, None));
        assert_eq!(claims.groups, ["staff", "admins"]);
        assert_eq!(claims.policies, ["reader"]);
        assert_eq!(claims.acr.as_deref(), Some("phr"));
        assert_eq!(claims.amr, ["hwk", "user", "mfa"]);
        assert!(claims.authn.unwrap().uv);
    }
}

#[test]
fn a_token_names_the_refresh_cookie_of_its_session() {
    let scene = scene(Algorithm::Es256, None, WEEK);
    let named = scene.claims(NOW).rt_hash.unwrap();
    let belongs = |secret: &RefreshSecret| {
        latchkey_token::cookie::belongs(secret.cookie_value().as_bytes(), &named)
    };
    assert!(belongs(&scene.secret));
    let replaced = RefreshSecret::draw(scene.session.id, &scene.entropy);
    assert!(!belongs(&replaced), "a new login has a new one");
}

#[test]
fn two_tokens_never_have_the_same_id() {
    let scene = scene(Algorithm::Es256, None, WEEK);
    assert_ne!(scene.claims(NOW).jti, scene.claims(NOW).jti);
}

#[test]
fn a_token_never_outlives_its_session() {
    let short = SessionLimits {
        idle: Seconds(60),
        max: Seconds(604_800),
    };
    assert_eq!(
        scene(Algorithm::Es256, None, short).mint(NOW).expires_at,
        UnixTime(NOW.0 + 60)
    );
    let mut at_its_end = scene(Algorithm::Es256, None, WEEK);
    at_its_end.session.idle_until = at_its_end.session.expires_at;
    let late = UnixTime(NOW.0 + 604_800 - 10);
    assert_eq!(
        at_its_end.mint(late).expires_at,
        at_its_end.session.expires_at
    );
}

#[test]
fn groups_can_be_limited() {
    let named = Some(vec!["admins".to_owned(), "nobody".to_owned()]);
    assert_eq!(
        scene(Algorithm::Es256, named, WEEK).claims(NOW).groups,
        ["admins"]
    );
}

#[test]
fn an_expired_or_foreign_token_is_refused() {
    let scene_here = scene(Algorithm::Es256, None, WEEK);
    let token = scene_here.mint(NOW).token;
    let verify = |now| {
        scene_here
            .issuer
            .verify(token.as_bytes(), UnixTime(now))
            .map(|_| ())
    };
    assert_eq!(verify(NOW.0 + 629), Ok(()));
    let expired = TokenError::Expired {
        expired_at: NOW.0 + 600,
        now: NOW.0 + 630,
    };
    assert_eq!(verify(NOW.0 + 630), Err(expired));
    let elsewhere = scene(Algorithm::EdDsa, None, WEEK).mint(NOW).token;
    assert!(scene_here.issuer.verify(elsewhere.as_bytes(), NOW).is_err());
}

#[test]
fn a_cookie_that_a_browser_would_drop_is_an_error() {
    let cookies = SessionCookies {
        session: "__Host-latchkey".to_owned(),
        refresh: "__Host-latchkey-refresh".to_owned(),
        domain: None,
        secure: true,
    };
    let scene = scene(Algorithm::Es256, None, WEEK);
    let fits = "x".repeat(3_990);
    let line = cookies.token(&fits, &scene.session, NOW).unwrap();
    assert!(
        line.ends_with("; Path=/; Max-Age=604800; Secure; HttpOnly; SameSite=Lax"),
        "{}",
        *line
    );
    let refused = cookies
        .token(&"x".repeat(4_090), &scene.session, NOW)
        .unwrap_err();
    assert!(refused.bytes > 4_096);
}
