//! Ceremonies against a software authenticator, one thing wrong at a time.

mod android;
mod apple;
mod attestation;
mod authentication;
mod challenges;
mod envelope;
mod options;
mod policies;
mod registration;
mod relying_party;
mod tpm;
mod vectors;

use super::{
    CeremonyError, Mount, Policy, RelyingParty,
    authentication::{self as login, VerifiedAssertion},
    challenge::{self, ChallengeKey},
    registration::{self as enrol, NewCredential},
};
use crate::attestation::Trust;
use crate::model::{Credential, Seconds, UnixTime, UserId, UserName};
use serde_json::Value;
use software_authenticator::Authenticator;
use uuid::Uuid;

const ORIGIN: &str = "https://example.org";
const MOUNT: &str = "webauthn";
const NOW: UnixTime = UnixTime(1_800_000_000);
const USER: UserId = UserId(Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef));
const CHALLENGE: [u8; 32] = [0x5a; 32];

fn relying_party() -> RelyingParty {
    RelyingParty::new("example.org", "Example", &[ORIGIN.to_owned()]).expect("a relying party")
}

fn mount() -> Mount {
    Mount::new(MOUNT, relying_party(), Policy::passwordless(), None)
}

fn name(text: &str) -> UserName {
    UserName::parse(text).expect("a user name")
}

fn challenge_key() -> ChallengeKey {
    ChallengeKey::new([7; 32])
}

fn creation_options(policy: &Policy) -> Value {
    let user = (USER.0.as_bytes().as_slice(), &name("alice"), "Alice");
    enrol::creation_options(&relying_party(), policy, user, &[], &CHALLENGE)
}

/// The whole of a registration, from the posted bytes.
fn register(policy: &Policy, response: &Value) -> Result<NewCredential, CeremonyError> {
    register_trusting(&Trust::default(), policy, response)
}

fn register_trusting(
    trust: &Trust,
    policy: &Policy,
    response: &Value,
) -> Result<NewCredential, CeremonyError> {
    enrol::parse(response.to_string().as_bytes())?.verify(
        &mount(),
        policy,
        trust,
        &CHALLENGE,
        USER,
        NOW,
    )
}

/// An authenticator with one credential of `USER`, and that credential as it is stored.
fn enrolled(prepare: impl FnOnce(&mut Authenticator)) -> (Authenticator, Credential) {
    let mut authenticator = Authenticator::new(ORIGIN);
    prepare(&mut authenticator);
    let response = authenticator.create(&creation_options(&Policy::default()));
    let new = register(&Policy::default(), &response).expect("a good registration");
    (authenticator, new.credential)
}

/// The options of a login, begun with a user name or without.
fn request_options(user: Option<&UserName>) -> Value {
    let expires_at = NOW.plus(Seconds(300));
    let policy = Policy::default();
    let bytes = challenge::issue(&challenge_key(), [1; 16], MOUNT, user, &policy, expires_at);
    login::request_options(&relying_party(), &policy, &[], &bytes)
}

/// The whole of a login, from the posted bytes.
fn log_in(
    policy: &Policy,
    credential: &Credential,
    response: &Value,
) -> Result<VerifiedAssertion, CeremonyError> {
    let assertion = login::parse(response.to_string().as_bytes())?;
    let challenge = challenge::open(&challenge_key(), assertion.challenge(), MOUNT, NOW)?;
    assertion
        .bind(
            &relying_party(),
            policy,
            &challenge,
            credential,
            owner(&name("alice")),
        )?
        .verify()
}

fn owner(name: &UserName) -> login::Owner<'_> {
    login::Owner { name, handle: None }
}

/// A refusal, by its stable name.
fn reason<T: std::fmt::Debug>(result: Result<T, CeremonyError>) -> &'static str {
    result.expect_err("a refusal").reason()
}
