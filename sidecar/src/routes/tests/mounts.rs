//! Several mounts, each with its relying party and its policies.

use super::*;
use crate::attestation::tests::certificates::Authority;

const TWO_MOUNTS: &str = "\
public_url = \"https://app.example.com/_latchkey\"
[storage]
backend = \"memory\"
[token]
audiences = [\"app\"]
[webauthn]
self_registration = true
max_credentials = 3
[webauthn.two_factor]
enabled = true
[mounts.staff]
rp_id = \"example.com\"
rp_display_name = \"Staff\"
rp_origins = [\"https://app.example.com\", \"https://staff.example.org\"]
self_registration = true
attachment = \"platform\"
timeout = \"0s\"
";

#[tokio::test]
async fn each_mount_answers_with_its_own_relying_party_and_policy() {
    let place = Place::configured(TWO_MOUNTS).await;
    let mut ann = place.person();
    let begin = json!({"username": "ann"});
    let one = ann
        .post("/v1/auth/webauthn/register/begin", begin.clone())
        .await;
    let one = one.expect(200).json()["publicKey"].clone();
    assert_eq!(
        one["rp"],
        json!({"id": "app.example.com", "name": "app.example.com"})
    );
    assert_eq!(one["timeout"], 300_000);
    let two = ann
        .post("/v1/auth/staff/register/begin", begin.clone())
        .await;
    let two = two.expect(200).json()["publicKey"].clone();
    assert_eq!(two["rp"], json!({"id": "example.com", "name": "Staff"}));
    assert!(two.get("timeout").is_none());
    assert_eq!(
        two["authenticatorSelection"]["authenticatorAttachment"],
        "platform"
    );
    let none = ann.post("/v1/auth/nobody/register/begin", begin).await;
    assert_eq!(none.expect(404).problem(), "not-found");

    let response = ann.authenticator.create(&two);
    let answer = ann
        .post("/v1/auth/webauthn/register/finish", response)
        .await;
    assert_eq!(answer.expect(400).problem(), "ceremony-refused");
    assert_eq!(place.reason(), "other_mount");
}

#[tokio::test]
async fn a_passkey_of_one_mount_does_not_sign_in_at_another() {
    let place = Place::configured(TWO_MOUNTS).await;
    let mut ann = place.person();
    let begin = json!({"username": "ann"});
    let options = ann
        .post("/v1/auth/staff/register/begin", begin.clone())
        .await;
    let options = options.expect(200).json()["publicKey"].clone();
    let response = ann.authenticator.create(&options);
    ann.post("/v1/auth/staff/register/finish", response)
        .await
        .expect(200);

    let options = ann.post("/v1/auth/staff/login/begin", begin.clone()).await;
    let options = options.expect(200).json()["publicKey"].clone();
    let response = ann.authenticator.get(&options);
    ann.post("/v1/auth/staff/login/finish", response)
        .await
        .expect(200);

    // The other mount does not even name it.
    let id = software_authenticator::encode(&ann.authenticator.credentials[0].id);
    let other = ann.begin("login", begin).await;
    let named = other["allowCredentials"].as_array().unwrap();
    assert!(
        named
            .iter()
            .all(|credential| credential["id"] != id.as_str())
    );
    let mut forced = options;
    forced["challenge"] = other["challenge"].clone();
    let response = ann.authenticator.get(&forced);
    ann.finish("login", response).await.expect(400);
    assert_eq!(place.reason(), "credential_of_other_mount");
}

#[tokio::test]
async fn a_second_factor_is_added_by_its_owner_and_needs_a_name() {
    let place = Place::configured(TWO_MOUNTS).await;
    let mut ann = place.person();
    let first = json!({"username": "ann", "policy": "two_factor"});
    let refused = ann
        .post("/v1/auth/webauthn/register/begin", first.clone())
        .await;
    assert_eq!(refused.expect(400).problem(), "bad-request");
    ann.register("ann").await;

    let options = ann.begin("register", json!({"policy": "two_factor"})).await;
    assert_eq!(
        options["authenticatorSelection"]["userVerification"],
        "discouraged"
    );
    let mut key = Authenticator::new(ORIGIN);
    key.flags = software_authenticator::flag::USER_PRESENT;
    let response = key.create(&options);
    ann.finish("register", response).await.expect(200);

    let nameless = json!({"policy": "two_factor"});
    let refused = ann.post("/v1/auth/webauthn/login/begin", nameless).await;
    assert_eq!(refused.expect(400).problem(), "bad-request");

    // The strict policy names the strict passkey alone, the looser one both.
    let strict = ann.begin("login", json!({"username": "ann"})).await;
    assert_eq!(strict["allowCredentials"].as_array().unwrap().len(), 1);
    let options = ann.begin("login", first.clone()).await;
    assert_eq!(options["allowCredentials"].as_array().unwrap().len(), 2);
    let mut thief = place.person();
    thief.authenticator = key;
    let mut forced = options.clone();
    forced["challenge"] = strict["challenge"].clone();
    thief.authenticator.flags |= software_authenticator::flag::USER_VERIFIED;
    let response = thief.authenticator.get(&forced);
    let before = alike::checks(&place);
    thief.finish("login", response).await.expect(400);
    assert_eq!(place.reason(), "credential_of_other_policy");
    let spent = alike::checks(&place) - before;
    assert_eq!(spent, 1, "as much work as for a wrong signature");

    thief.authenticator.flags = software_authenticator::flag::USER_PRESENT;
    let response = thief.authenticator.get(&options);
    thief.finish("login", response).await.expect(200);
    // Such a session adds no passkey of the strict policy.
    let refused = thief
        .post("/v1/auth/webauthn/register/begin", json!({}))
        .await;
    assert_eq!(refused.expect(403).problem(), "fresh-login-required");
    thief
        .begin("register", json!({"policy": "two_factor"}))
        .await;
    // Nor the codes that would lead to one, and it takes no strict one away.
    let refused = thief.post("/v1/self/recovery-codes", json!({})).await;
    assert_eq!(refused.expect(403).problem(), "fresh-login-required");
    let passkey = |person: &Person<'_>| {
        let id = software_authenticator::encode(&person.authenticator.credentials[0].id);
        format!("/v1/self/passkeys/{id}")
    };
    let refused = thief.delete(&passkey(&ann)).await;
    assert_eq!(refused.expect(403).problem(), "fresh-login-required");
    assert_eq!(place.reason(), "not_verified");
    thief.delete(&passkey(&thief)).await.expect(204);
    ann.post("/v1/self/recovery-codes", json!({}))
        .await
        .expect(200);
}

#[tokio::test]
async fn without_a_second_policy_there_is_none() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let body = json!({"username": "ann", "policy": "two_factor"});
    let answer = ann.post("/v1/auth/webauthn/login/begin", body).await;
    assert_eq!(answer.expect(400).problem(), "bad-request");
    let body = json!({"policy": "two_factor"});
    let answer = ann.post("/v1/auth/webauthn/register/begin", body).await;
    assert_eq!(answer.expect(400).problem(), "bad-request");
    let body = json!({"username": "ann", "policy": "lax"});
    let answer = ann.post("/v1/auth/webauthn/login/begin", body).await;
    assert_eq!(answer.expect(400).problem(), "bad-request");
}

#[tokio::test]
async fn related_origins_are_those_of_the_host_that_is_asked() {
    let place = Place::configured(TWO_MOUNTS).await;
    for (host, expected) in [
        ("app.example.com", json!(["https://app.example.com"])),
        (
            "Example.com:443",
            json!(["https://app.example.com", "https://staff.example.org"]),
        ),
        ("elsewhere.example", json!(["https://app.example.com"])),
    ] {
        let request = Request::builder()
            .uri("/.well-known/webauthn")
            .header("host", host);
        let answer = place.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.expect(200).json()["origins"], expected, "{host}");
        // Over HTTP/2 the host is in the URI.
        let uri = format!("http://{host}/.well-known/webauthn");
        let request = Request::builder().uri(uri).body(Body::empty());
        let answer = place.send(request.unwrap()).await;
        assert_eq!(answer.expect(200).json()["origins"], expected, "{host}");
    }
}

#[tokio::test]
async fn a_policy_that_insists_on_attestation_refuses_a_passkey_without() {
    let directory = tempfile::TempDir::new().unwrap();
    std::fs::write(
        directory.path().join("root.pem"),
        Authority::root("Maker", 1).pem,
    )
    .unwrap();
    let text = format!(
        "{CONFIG}attestation = \"direct\"\n[attestation]\nanchors = {:?}\n",
        directory.path()
    );
    let place = Place::configured(&text).await;
    let mut ann = place.person();
    let options = ann.begin("register", json!({"username": "ann"})).await;
    assert_eq!(options["attestation"], "direct");
    let response = ann.authenticator.create(&options);
    let answer = ann.finish("register", response).await;
    assert_eq!(answer.expect(400).problem(), "passkey-not-taken");
    assert_eq!(place.reason(), "attestation_missing");
}

#[tokio::test]
async fn a_link_asks_for_the_strict_policy_and_administrators_see_every_mount() {
    let config = format!("{TWO_MOUNTS}[admin]\nenabled = true\n");
    let place = Place::configured(&config).await;
    let mut root = people::administrator(&place, "root").await;
    let staff = root.read("/v1/auth/staff/config").await.expect(200).json();
    assert_eq!(staff["data"]["rp_id"], "example.com");
    assert_eq!(staff["data"]["timeout"], 0);
    assert_eq!(staff["data"]["two_factor"], Value::Null);
    let first = root.read("/v1/auth/webauthn/config").await;
    let loose = first.expect(200).json()["data"]["two_factor"].clone();
    assert_eq!(loose["user_verification"], "discouraged");

    let wish = json!({"name": "ann", "enroll": true});
    let made = root.post("/v1/admin/users", wish).await.expect(201).json();
    let code = &made["enrolment"]["code"];
    let mut ann = place.person();
    let loose = json!({"code": code, "policy": "two_factor"});
    let refused = ann.post("/v1/auth/webauthn/register/begin", loose).await;
    assert_eq!(refused.expect(400).problem(), "bad-request");
    ann.enrol(json!({"code": code})).await.expect(200);
    ann.log_in("ann").await;
}

/// The action that is required of a user is required wherever they sign in, and done wherever they do it;
/// a passkey that signs in nowhere by itself is none.
#[tokio::test]
async fn whoever_must_register_a_passkey_does_so_at_the_mount_where_they_sign_in() {
    let text = format!("{TWO_MOUNTS}[mounts.staff.two_factor]\nenabled = true\n");
    let place = Place::configured(&text.replace("attachment = \"platform\"\n", "")).await;
    let mut ann = place.person();
    let at_staff = async |ann: &mut Person<'_>, ceremony: &str, begin: Value| {
        let path = format!("/v1/auth/staff/{ceremony}");
        let options = ann.post(&format!("{path}/begin"), begin).await.expect(200);
        let options = options.json()["publicKey"].clone();
        let response = match ceremony {
            "register" => ann.authenticator.create(&options),
            _ => ann.authenticator.get(&options),
        };
        ann.post(&format!("{path}/finish"), response).await
    };
    let name = json!({"username": "ann"});
    let registered = at_staff(&mut ann, "register", name.clone()).await;
    registered.expect(200);
    let must = json!({"must_register_passkey": true});
    let flagged = place.control(Method::PATCH, "/v1/admin/users/ann", must);
    flagged.await.expect(200);
    let answer = at_staff(&mut ann, "login", name).await.expect(200);
    assert_eq!(answer.json()["auth"]["must_register_passkey"], true);
    let refused = ann.read("/v1/self/sessions").await.expect(403);
    assert_eq!(refused.problem(), "must-register-passkey");

    let second = json!({"policy": "two_factor"});
    let answer = at_staff(&mut ann, "register", second).await.expect(200);
    assert_eq!(answer.json()["auth"]["must_register_passkey"], true);
    assert!(place.user("ann").await.must_register);
    ann.read("/v1/self/sessions").await.expect(403);

    let answer = at_staff(&mut ann, "register", json!({})).await.expect(200);
    assert_eq!(answer.json()["auth"]["must_register_passkey"], Value::Null);
    assert!(!place.user("ann").await.must_register);
    ann.read("/v1/self/sessions").await.expect(200);
}

#[tokio::test]
async fn a_token_from_before_a_step_up_is_not_verified_by_it() {
    let config = format!("{TWO_MOUNTS}[admin]\nenabled = true\n");
    let place = Place::configured(&config).await;
    let mut ann = place.person();
    ann.register("ann").await;
    let groups = json!({ "groups": ["latchkey-admins"] });
    let path = "/v1/admin/users/ann";
    place.control(Method::PATCH, path, groups).await.expect(200);
    // Without a PIN or a finger, and then with one, in the same session and the same minute.
    let loose = json!({"username": "ann", "policy": "two_factor"});
    let options = ann.begin("login", loose).await;
    ann.authenticator.flags = software_authenticator::flag::USER_PRESENT;
    let response = ann.authenticator.get(&options);
    ann.finish("login", response).await.expect(200);
    let mut taken = place.person();
    taken.cookies = ann.cookies.clone();
    ann.authenticator.flags |= software_authenticator::flag::USER_VERIFIED;
    ann.log_in("ann").await;
    assert_eq!(ann.session_id(), taken.session_id());
    ann.read("/v1/admin/users").await.expect(200);

    let refused = taken.read("/v1/admin/users").await.expect(403);
    assert_eq!(refused.problem(), "fresh-login-required");
    assert_eq!(place.reason(), "user_not_verified");
    let begin = "/v1/auth/webauthn/register/begin";
    for path in [begin, "/v1/self/recovery-codes"] {
        let refused = taken.post(path, json!({})).await.expect(403);
        assert_eq!(refused.problem(), "fresh-login-required");
    }
}
