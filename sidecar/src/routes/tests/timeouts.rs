//! How long a ceremony lives on this side, whatever the browser was told.

use super::*;

const MOUNTS: &str = "\
public_url = \"https://app.example.com/_latchkey\"
[storage]
backend = \"memory\"
[token]
audiences = [\"app\"]
[mounts.short]
self_registration = true
timeout = \"30s\"
[mounts.usual]
self_registration = true
[mounts.browsers]
self_registration = true
timeout = \"0s\"
";

/// The options of a ceremony at a mount.
async fn begin(person: &mut Person<'_>, mount: &str, ceremony: &str, name: &str) -> Value {
    let path = format!("/v1/auth/{mount}/{ceremony}/begin");
    let answer = person.post(&path, json!({ "username": name })).await;
    answer.expect(200).json()["publicKey"].clone()
}

/// The status of a finish at a mount, and the reason where it was refused.
async fn finish(
    person: &mut Person<'_>,
    mount: &str,
    ceremony: &str,
    response: Value,
) -> (u16, String) {
    let path = format!("/v1/auth/{mount}/{ceremony}/finish");
    let answer = person.post(&path, response).await;
    (answer.status.as_u16(), person.place.reason())
}

#[tokio::test]
async fn a_ceremony_lives_as_long_as_its_timeout_and_never_longer_than_the_cap() {
    let place = Place::configured(MOUNTS).await;
    for (mount, told, life) in [
        ("short", Some(30_000), 30),
        ("usual", Some(300_000), 300),
        // The browser's choice, which may be hours.
        ("browsers", None, 600),
    ] {
        let mut ann = place.person();
        let name = format!("ann-{mount}");
        for (late, expected) in [(true, 400), (false, 200)] {
            let options = begin(&mut ann, mount, "register", &name).await;
            assert_eq!(options["timeout"].as_u64(), told, "{mount}");
            let response = ann.authenticator.create(&options);
            place.later(life - u64::from(!late));
            let (status, reason) = finish(&mut ann, mount, "register", response).await;
            assert_eq!(status, expected, "{mount}, late: {late}");
            assert!(!late || reason == "unknown_ceremony", "{mount}: {reason}");
        }
        for (late, expected) in [(true, 400), (false, 200)] {
            let options = begin(&mut ann, mount, "login", &name).await;
            assert_eq!(options["timeout"].as_u64(), told, "{mount}");
            let response = ann.authenticator.get(&options);
            place.later(life - u64::from(!late));
            let (status, reason) = finish(&mut ann, mount, "login", response).await;
            assert_eq!(status, expected, "{mount}, late: {late}");
            assert!(!late || reason == "challenge_expired", "{mount}: {reason}");
        }
    }
}
