//! What a browser posts at the end of a ceremony. The first byte says what is hostile: the whole body,
//! or only the attestation object, the authenticator data or the client data of a good response, which
//! the other bytes replace or change here and there (so that what comes after them is reached).
#![no_main]

use latchkey::attestation::Trust;
use latchkey::ceremony::{
    Mount, Policy, RelyingParty, authentication as login, challenge, registration,
};
use latchkey::model::{Credential, Seconds, UnixTime, UserId, UserName};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use software_authenticator::{Authenticator, decode, encode};
use std::sync::LazyLock;

const ORIGIN: &str = "https://example.org";
const MOUNT: &str = "webauthn";
const NOW: UnixTime = UnixTime(1_800_000_000);
const CHALLENGE: [u8; 32] = [0x5a; 32];
const USER: UserId = UserId(uuid::Uuid::from_u128(7));

struct Place {
    mount: Mount,
    name: UserName,
    key: challenge::ChallengeKey,
    registration: Value,
    credential: Credential,
    assertion: Value,
}

static PLACE: LazyLock<Place> = LazyLock::new(|| {
    let relying_party =
        RelyingParty::new("example.org", "Example", &[ORIGIN.to_owned()]).unwrap();
    let mount = Mount::new(MOUNT, relying_party, Policy::passwordless(), None);
    let name = UserName::parse("alice").unwrap();
    let policy = mount.passwordless().clone();
    let options = registration::creation_options(
        mount.relying_party(),
        &policy,
        (USER.0.as_bytes(), &name, "Alice"),
        &[],
        &CHALLENGE,
    );
    let mut authenticator = Authenticator::new(ORIGIN);
    let registration = authenticator.create(&options);
    let credential = register(&mount, registration.to_string().as_bytes()).unwrap();
    let key = challenge::ChallengeKey::new([7; 32]);
    let expires_at = NOW.plus(Seconds(300));
    let challenge = challenge::issue(&key, [1; 16], MOUNT, Some(&name), &policy, expires_at);
    let options = login::request_options(mount.relying_party(), &policy, &[], &challenge);
    let assertion = authenticator.get(&options);
    let place = Place { mount, name, key, registration, credential, assertion };
    assert!(log_in(&place, place.assertion.to_string().as_bytes()));
    place
});

fn register(mount: &Mount, body: &[u8]) -> Option<Credential> {
    let response = registration::parse(body).ok()?;
    let policy = mount.passwordless();
    let new = response.verify(mount, policy, &Trust::default(), &CHALLENGE, USER, NOW).ok()?;
    assert_eq!(new.credential.user, USER);
    assert_eq!(new.credential.mount, MOUNT);
    Some(new.credential)
}

fn log_in(place: &Place, body: &[u8]) -> bool {
    let verify = || {
        let response = login::parse(body).ok()?;
        let challenge = challenge::open(&place.key, response.challenge(), MOUNT, NOW).ok()?;
        let (relying_party, policy) = (place.mount.relying_party(), place.mount.passwordless());
        let owner = login::Owner { name: &place.name, handle: None };
        response
            .bind(relying_party, policy, &challenge, &place.credential, owner)
            .ok()?
            .verify()
            .ok()
    };
    verify().is_some()
}

/// The response with one of its parts changed: by pairs of a place and a byte, or as a whole.
fn with_changed(response: &Value, part: &str, change: &[u8], whole: bool) -> (Value, bool) {
    let mut response = response.clone();
    let text = response["response"][part].as_str().unwrap_or_default();
    let before = decode(text);
    let mut bytes = if whole { change.to_vec() } else { before.clone() };
    if !whole {
        let length = bytes.len().max(1);
        for [high, low, new] in change.as_chunks::<3>().0 {
            let at = usize::from(u16::from_be_bytes([*high, *low])) % length;
            if let Some(byte) = bytes.get_mut(at) {
                *byte = *new;
            }
        }
    }
    response["response"][part] = encode(&bytes).into();
    let same = bytes == before;
    (response, same)
}

fuzz_target!(|input: &[u8]| {
    let Some((how, rest)) = input.split_first() else { return };
    let place = &*PLACE;
    let whole = how & 0x80 != 0;
    match how & 0x07 {
        0 => drop(register(&place.mount, rest)),
        1 => drop(log_in(place, rest)),
        2 | 3 => {
            let part = if how & 0x07 == 2 { "attestationObject" } else { "clientDataJSON" };
            let (body, _) = with_changed(&place.registration, part, rest, whole);
            drop(register(&place.mount, body.to_string().as_bytes()));
        }
        4..=6 => {
            let parts = ["authenticatorData", "clientDataJSON", "signature"];
            let part = parts[usize::from(how & 0x07) - 4];
            let (body, same) = with_changed(&place.assertion, part, rest, whole);
            // One changed byte, and the signature is over something else.
            assert_eq!(log_in(place, body.to_string().as_bytes()), same);
        }
        _ => drop(challenge::open(&place.key, rest, MOUNT, NOW)),
    }
});
