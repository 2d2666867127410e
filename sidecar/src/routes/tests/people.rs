//! Administration: who may, and what it does to people.

use super::admin_routes::ask_everything;
use super::*;

pub(super) const ADMIN: &str = "\
public_url = \"https://app.example.com/_latchkey\"
[listen]
gateways = [\"10.9.0.0/16\"]
[storage]
backend = \"memory\"
[token]
audiences = [\"app\"]
[webauthn]
self_registration = true
max_credentials = 3
[admin]
enabled = true
";

/// A code for the first administrator, over the control socket.
async fn bootstrap_code(place: &Place) -> String {
    let answer = place
        .control(Method::POST, "/v1/admin/bootstrap", json!({}))
        .await;
    answer.expect(200).json()["enrolment"]["code"]
        .as_str()
        .unwrap()
        .to_owned()
}

impl Person<'_> {
    /// Registers with a code; the answer of the finish.
    pub(super) async fn enrol(&mut self, begin: Value) -> Answer {
        let answer = self.post("/v1/auth/webauthn/register/begin", begin).await;
        let options = answer.expect(200).json()["publicKey"].clone();
        let response = self.authenticator.create(&options);
        self.finish("register", response).await
    }

    pub(super) async fn patch(&mut self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path, body).await
    }

    pub(super) async fn delete(&mut self, path: &str) -> Answer {
        self.call(Method::DELETE, path, json!({})).await
    }
}

pub(super) async fn administrator<'a>(place: &'a Place, name: &str) -> Person<'a> {
    let code = bootstrap_code(place).await;
    let mut root = place.person();
    let answer = root.enrol(json!({ "code": code, "username": name })).await;
    answer.expect(200);
    root
}

/// A user made by an administrator, with the code of the link.
pub(super) async fn made(root: &mut Person<'_>, name: &str) -> String {
    let body = json!({ "name": name, "enroll": true });
    let answer = root.post("/v1/admin/users", body).await.expect(201);
    answer.json()["enrolment"]["code"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn administration_is_for_administrators_who_were_there_a_moment_ago() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let (mut nobody, mut ann) = (place.person(), place.person());
    ann.register("ann").await;
    ask_everything(&mut nobody, 401, "unauthorized").await;
    assert_eq!(place.reason(), "no_token");
    ask_everything(&mut ann, 403, "not-an-administrator").await;
    assert_eq!(place.reason(), "no_administrator");
    root.read("/v1/admin/users").await.expect(200);

    place.later(301);
    ask_everything(&mut root, 403, "fresh-login-required").await;
    root.log_in("root").await;
    root.read("/v1/admin/users").await.expect(200);
    place.later(700);
    ask_everything(&mut root, 401, "unauthorized").await;

    // Out of the group, out at once: the token still says otherwise.
    root.log_in("root").await;
    let groups = json!({ "groups": [] });
    let path = "/v1/admin/users/root";
    place.control(Method::PATCH, path, groups).await.expect(200);
    ask_everything(&mut root, 403, "not-an-administrator").await;
}

#[tokio::test]
async fn a_code_for_the_first_administrator_ends_with_the_first_one() {
    let place = Place::configured(ADMIN).await;
    let code = bootstrap_code(&place).await;
    place.person().register("ann").await;
    let groups = json!({ "groups": ["latchkey-admins"] });
    let path = "/v1/admin/users/ann";
    place.control(Method::PATCH, path, groups).await.expect(200);
    let begin = "/v1/auth/webauthn/register/begin";
    let with = json!({ "code": code, "username": "eve" });
    let answer = place.person().post(begin, with).await;
    assert_eq!(answer.expect(400).problem(), "code-refused");
}

#[tokio::test]
async fn administration_has_a_switch_and_hosts_of_its_own() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    ask_everything(&mut ann, 404, "not-found").await;
    let answer = place.control(Method::POST, "/v1/admin/bootstrap", json!({}));
    assert_eq!(answer.await.expect(409).problem(), "conflict");

    let elsewhere = format!("{ADMIN}hosts = [\"admin.example.com\"]\n");
    let place = Place::configured(&elsewhere).await;
    let mut root = administrator(&place, "root").await;
    ask_everything(&mut root, 404, "not-found").await;
    let mut request = root.request(Method::GET, "/v1/admin/users", &Value::Null);
    let host = "admin.example.com".parse().unwrap();
    request.headers_mut().insert("host", host);
    assert_eq!(place.send(request).await.status, 200);
}

#[tokio::test]
async fn the_first_administrator_comes_in_with_a_code_and_only_the_first() {
    let place = Place::configured(ADMIN).await;
    let code = bootstrap_code(&place).await;
    let mut eve = place.person();
    // The code makes an account of its own, it does not take one over.
    let begin = "/v1/auth/webauthn/register/begin";
    let answer = eve.post(begin, json!({ "code": code })).await;
    assert_eq!(answer.expect(400).problem(), "code-refused");
    let mut ann = place.person();
    ann.register("ann").await;
    let taken = json!({ "code": code, "username": "ann" });
    assert_eq!(
        eve.post(begin, taken).await.expect(409).problem(),
        "name-taken"
    );

    let mut root = place.person();
    let with = json!({ "code": code, "username": "root" });
    root.enrol(with.clone()).await.expect(200);
    root.read("/v1/admin/users").await.expect(200);
    let user = place.user("root").await;
    assert_eq!(user.groups, ["latchkey-admins"]);
    let answer = place.person().post(begin, with).await;
    assert_eq!(answer.expect(400).problem(), "code-refused");
    assert_eq!(place.reason(), "code_worthless");
    let answer = place.control(Method::POST, "/v1/admin/bootstrap", json!({}));
    assert_eq!(answer.await.expect(409).problem(), "conflict");
    assert!(!place.log.text().contains(&code), "never in a log");
}

#[tokio::test]
async fn a_bootstrap_code_is_good_for_an_hour() {
    let place = Place::configured(ADMIN).await;
    let code = bootstrap_code(&place).await;
    let begin = json!({ "code": code, "username": "root" });
    let path = "/v1/auth/webauthn/register/begin";
    let (mut late, mut root) = (place.person(), place.person());
    place.later(3_599);
    // Begun in time, finished after it: the hour is the code's, not the beginning's.
    let options = late.post(path, begin.clone()).await.expect(200).json();
    let response = late.authenticator.create(&options["publicKey"]);
    place.later(1);
    let answer = late.finish("register", response).await;
    assert_eq!(answer.expect(400).problem(), "code-refused");
    assert_eq!(place.reason(), "code_spent");
    let answer = root.post(path, begin).await;
    assert_eq!(answer.expect(400).problem(), "code-refused");
    assert_eq!(place.reason(), "code_worthless");
    assert!(late.cookies.is_empty());
    // Nobody came: the operator is shown another one.
    let next = bootstrap_code(&place).await;
    assert_ne!(next, code);
    let answer = root
        .enrol(json!({ "code": next, "username": "root" }))
        .await;
    answer.expect(200);
}

/// Both were let begin. The code is spent by whoever finishes first.
#[tokio::test]
async fn a_bootstrap_code_makes_one_administrator_of_two_who_began() {
    let place = Place::configured(ADMIN).await;
    let code = bootstrap_code(&place).await;
    let (mut one, mut other) = (place.person(), place.person());
    let path = "/v1/auth/webauthn/register/begin";
    let mut responses = Vec::new();
    for (person, name) in [(&mut one, "one"), (&mut other, "other")] {
        let begin = json!({ "code": code, "username": name });
        let options = person.post(path, begin).await.expect(200).json();
        responses.push(person.authenticator.create(&options["publicKey"]));
    }
    let second = responses.pop().unwrap();
    let first = responses.pop().unwrap();
    let (first, second) = tokio::join!(
        one.finish("register", first),
        other.finish("register", second)
    );
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    let users = place.control(Method::GET, "/v1/admin/users", Value::Null);
    let users = users.await.expect(200).json();
    assert_eq!(users["users"].as_array().unwrap().len(), 1, "{users}");
}

#[tokio::test]
async fn a_user_is_made_claimed_changed_and_deleted() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let body = json!({
        "name": "Alice", "email": "alice@example.com", "groups": ["eng"],
        "token_policies": ["deploy"], "token_ttl": "5m", "enroll": true,
    });
    let answer = root.post("/v1/admin/users", body).await.expect(201).json();
    assert_eq!(answer["name"], "alice");
    assert_eq!(answer["passkeys"], 0);
    assert_eq!(answer["token_ttl"], 300);
    let link = answer["enrolment"]["link"].as_str().unwrap();
    let code = answer["enrolment"]["code"].as_str().unwrap();
    assert_eq!(link, format!("{ORIGIN}/_latchkey/enroll#{code}"));
    assert!(
        answer["enrolment"]["qr_svg"]
            .as_str()
            .unwrap()
            .starts_with("<svg")
    );
    let again = root.read("/v1/admin/users/alice").await.expect(200).json();
    assert_eq!(again["enrolment"]["code"], Value::Null, "shown once");

    let mut alice = place.person();
    let answer = alice.enrol(json!({ "code": code })).await.expect(200);
    assert_eq!(answer.json()["auth"]["policies"], json!(["deploy"]));
    assert_eq!(answer.json()["auth"]["lease_duration"], 300);
    let info = alice.read("/userinfo").await.expect(200).json();
    assert_eq!(info["groups"], json!(["eng"]));
    assert_eq!(info["email"], "alice@example.com");

    let change = json!({ "display_name": "Alice A.", "groups": ["eng", "ops"] });
    let answer = root
        .patch("/v1/admin/users/alice", change)
        .await
        .expect(200);
    assert_eq!(answer.json()["display_name"], "Alice A.");
    assert_eq!(answer.json()["email"], "alice@example.com");

    root.delete("/v1/admin/users/alice").await.expect(204);
    alice.read("/userinfo").await.expect(401);
    root.read("/v1/admin/users/alice").await.expect(404);
    let answer = root
        .post("/v1/admin/users", json!({ "name": "alice" }))
        .await;
    assert_eq!(answer.expect(409).problem(), "name-taken");
    let mut eve = place.person();
    let begin = "/v1/auth/webauthn/register/begin";
    let answer = eve.post(begin, json!({ "username": "alice" })).await;
    // Before an authenticator has made a passkey that nobody takes.
    assert_eq!(answer.expect(409).problem(), "name-taken");
}

#[tokio::test]
async fn the_vault_style_endpoints_do_the_same() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let path = "/v1/auth/webauthn/user/bob";
    let body = json!({ "display_name": "Bob", "token_policies": ["read"], "token_period": "1h" });
    let made = root.post(path, body).await.expect(200).json();
    assert_eq!(made["data"]["token_period"], 3_600);
    root.post(path, json!({ "token_max_ttl": 7_200 }))
        .await
        .expect(200);
    let shown = root.read(path).await.expect(200).json();
    assert_eq!(shown["data"]["token_policies"], json!(["read"]));
    assert_eq!(shown["data"]["token_max_ttl"], 7_200);
    let listed = root.read("/v1/auth/webauthn/user").await.expect(200).json();
    assert_eq!(listed["data"]["keys"], json!(["bob", "root"]));
    root.delete(path).await.expect(204);
    root.read(path).await.expect(404);
    root.read("/v1/auth/other/user/root").await.expect(404);
    let config = root
        .read("/v1/auth/webauthn/config")
        .await
        .expect(200)
        .json();
    assert_eq!(config["data"]["auto_registration"], true);
    let change = json!({ "auto_registration": false });
    let answer = root.post("/v1/auth/webauthn/config", change).await;
    assert_eq!(answer.expect(409).problem(), "conflict");
}

#[tokio::test]
async fn unknown_and_privileged_fields_are_refused() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    for body in [
        json!({ "name": "x", "id": "00000000-0000-0000-0000-000000000001" }),
        json!({ "name": "x", "created_at": 1 }),
        json!({ "name": "x", "admin": true }),
        json!({ "name": "x", "groups": ["a,b"] }),
        json!({ "name": "x", "passkeys": [] }),
        json!({ "name": "x", "email": "a b@c" }),
    ] {
        root.post("/v1/admin/users", body.clone()).await.expect(400);
    }
    assert_eq!(root.read("/v1/admin/users/x").await.status, 404);
    for query in ["limit=0", "admin=1", "limit=1&limit=2", "disabled=maybe"] {
        let path = format!("/v1/admin/users?{query}");
        assert_eq!(root.read(&path).await.status, 400, "{query}");
    }
    // A user's own endpoints give nobody a group.
    let mut ann = place.person();
    for body in [
        json!({ "username": "ann", "groups": ["latchkey-admins"] }),
        json!({ "username": "ann", "email": "boss@example.com" }),
    ] {
        let answer = ann.post("/v1/auth/webauthn/register/begin", body).await;
        assert_eq!(answer.expect(400).problem(), "bad-request");
    }
}

#[tokio::test]
async fn nobody_locks_themselves_out_by_a_slip() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let answer = root.delete("/v1/admin/users/root").await;
    assert_eq!(answer.expect(409).problem(), "conflict");
    let answer = root
        .patch("/v1/admin/users/root", json!({ "disabled": true }))
        .await;
    assert_eq!(answer.expect(409).problem(), "conflict");
    let answer = root.post("/v1/admin/users/root/disable", json!({})).await;
    assert_eq!(answer.expect(409).problem(), "conflict");
    root.read("/v1/admin/users").await.expect(200);
}

#[tokio::test]
async fn another_users_ids_are_not_found() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let (mut ann, mut bob) = (place.person(), place.person());
    ann.register("ann").await;
    bob.register("bob").await;
    let passkeys = root.read("/v1/admin/users/ann/passkeys").await.json();
    let id = passkeys["passkeys"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(passkeys["passkeys"][0]["attested"], false);
    let path = format!("/v1/admin/users/bob/passkeys/{id}");
    root.patch(&path, json!({ "label": "x" })).await.expect(404);
    root.delete(&path).await.expect(404);
    let sid = ann.session_id();
    bob.delete(&format!("/v1/self/sessions/{sid}"))
        .await
        .expect(404);
    ann.read("/userinfo").await.expect(200);
    let path = format!("/v1/admin/users/ann/passkeys/{id}");
    root.patch(&path, json!({ "label": "lost key" }))
        .await
        .expect(200);
    // The last one too: and with it goes what it began.
    root.delete(&path).await.expect(204);
    ann.read("/userinfo").await.expect(401);
}

#[tokio::test]
async fn sessions_are_seen_and_ended() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let mut ann = place.person();
    ann.register("ann").await;
    let mut phone = place.person();
    std::mem::swap(&mut phone.authenticator, &mut ann.authenticator);
    phone.log_in("ann").await;
    let mine = ann.read("/v1/self/sessions").await.expect(200).json();
    assert_eq!(mine["sessions"].as_array().unwrap().len(), 2);
    assert_eq!(mine["sessions"][0]["address"], "192.0.2.7");
    assert!(!mine.to_string().contains("secret"));
    let sid = phone.session_id();
    ann.delete(&format!("/v1/self/sessions/{sid}"))
        .await
        .expect(204);
    phone.read("/userinfo").await.expect(401);
    ann.read("/userinfo").await.expect(200);

    let all = root.read("/v1/admin/sessions").await.expect(200).json();
    assert_eq!(all["sessions"].as_array().unwrap().len(), 2);
    let sid = ann.session_id();
    root.delete(&format!("/v1/admin/sessions/{sid}"))
        .await
        .expect(204);
    root.delete(&format!("/v1/admin/sessions/{sid}"))
        .await
        .expect(404);
    ann.read("/userinfo").await.expect(401);
    phone.log_in("ann").await;
    root.delete("/v1/admin/users/ann/sessions")
        .await
        .expect(204);
    phone.read("/userinfo").await.expect(401);
    phone.log_in("ann").await;
    root.delete("/v1/admin/sessions").await.expect(204);
    phone.read("/userinfo").await.expect(401);
    root.read("/v1/admin/users").await.expect(401);
}
