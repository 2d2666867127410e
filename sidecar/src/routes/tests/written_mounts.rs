//! Mounts that administrators write while the program runs.

use super::people::{ADMIN, administrator};
use super::*;

const STAFF: &str = "/v1/auth/staff/config";

/// Begins a registration at the mount; the options.
async fn begin_at(person: &mut Person<'_>, ceremony: &str, body: Value) -> Value {
    let path = format!("/v1/auth/staff/{ceremony}/begin");
    person.post(&path, body).await.expect(200).json()["publicKey"].clone()
}

async fn finish_at(person: &mut Person<'_>, ceremony: &str, response: Value) -> Answer {
    let path = format!("/v1/auth/staff/{ceremony}/finish");
    person.post(&path, response).await
}

async fn register_at(person: &mut Person<'_>, name: &str) {
    let options = begin_at(person, "register", json!({ "username": name })).await;
    let response = person.authenticator.create(&options);
    finish_at(person, "register", response).await.expect(200);
}

/// The mount `staff`, open to strangers.
async fn with_staff(place: &Place) -> Person<'_> {
    let mut root = administrator(place, "root").await;
    let open = json!({ "rp_id": "example.com", "auto_registration": true });
    root.post(STAFF, open).await.expect(200);
    root
}

#[tokio::test]
async fn a_mount_answers_from_the_moment_it_is_written_until_it_is_deleted() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    root.read(STAFF).await.expect(404);
    let mut ann = place.person();
    let ask = json!({ "username": "ann" });
    let path = "/v1/auth/staff/register/begin";
    ann.post(path, ask.clone()).await.expect(404);

    let fields = json!({
        "rp_id": "example.com", "rp_display_name": "Staff", "auto_registration": true,
        "timeout": 60, "algorithms": ["ES256"], "two_factor": { "timeout": 0 },
    });
    let made = root.post(STAFF, fields).await.expect(200).json()["data"].clone();
    assert_eq!(made["declared_in"], "administration API");
    assert_eq!(
        (&made["changed_by"], &made["name"]),
        (&json!("root"), &json!("staff"))
    );
    assert_eq!(
        (&made["timeout"], &made["two_factor"]["timeout"]),
        (&json!(60), &json!(0))
    );
    assert!(
        made["warnings"][0]
            .as_str()
            .unwrap()
            .contains("whoever reaches")
    );
    let options = ann.post(path, ask.clone()).await.expect(200).json();
    assert_eq!(
        options["publicKey"]["rp"],
        json!({ "id": "example.com", "name": "Staff" })
    );
    assert_eq!(options["publicKey"]["timeout"], 60_000);

    // What is not given stays, what is null goes back to its default.
    let change = json!({ "rp_display_name": null, "two_factor": { "attestation": "none" } });
    let changed = root.post(STAFF, change).await.expect(200).json()["data"].clone();
    assert_eq!(changed["rp_display_name"], "example.com");
    assert_eq!(
        (&changed["timeout"], &changed["algorithms"]),
        (&json!(60), &json!(["ES256"]))
    );
    assert_eq!(changed["two_factor"]["timeout"], 0);
    assert!(changed["revision"].as_u64() > made["revision"].as_u64());
    let shown = root.read(STAFF).await.expect(200).json();
    assert_eq!(shown["data"], changed);
    let listed = root.read("/v1/admin/mounts").await.expect(200).json();
    assert_eq!(listed["mounts"][0]["name"], "webauthn");
    assert_eq!(listed["mounts"][1], changed);

    root.delete(STAFF).await.expect(204);
    ann.post(path, ask).await.expect(404);
    root.read(STAFF).await.expect(404);
    root.delete(STAFF).await.expect(404);
    let log = root.read("/v1/admin/audit").await.expect(200).json();
    let actions = log["records"].as_array().unwrap().iter();
    let mounts = actions.filter(|it| it["action"].as_str().unwrap().starts_with("mount"));
    let told: Vec<_> = mounts
        .map(|it| (&it["action"], &it["actor"], &it["detail"]))
        .collect();
    assert_eq!(told.len(), 3);
    assert_eq!(
        told[0],
        (&json!("mount_delete"), &json!("root"), &json!("staff"))
    );
    let detail = json!("staff: rp_display_name two_factor");
    assert_eq!(told[1], (&json!("mount_write"), &json!("root"), &detail));
}

#[tokio::test]
async fn a_mount_of_the_file_is_changed_in_the_file() {
    let config = format!("{ADMIN}[mounts.declared]\n");
    let place = Place::configured(&config).await;
    let mut root = administrator(&place, "root").await;
    for mount in ["webauthn", "declared"] {
        let path = format!("/v1/auth/{mount}/config");
        let shown = root.read(&path).await.expect(200).json();
        assert_eq!(shown["data"]["declared_in"], "configuration file");
        let change = root.post(&path, json!({ "timeout": 60 })).await;
        let change = change.expect(409);
        assert_eq!(change.problem(), "conflict");
        let detail = change.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("configuration file"), "{detail}");
        let force = json!({ "force": true });
        root.call(Method::DELETE, &path, force).await.expect(409);
    }
}

#[tokio::test]
async fn a_mistake_is_named_and_changes_nothing() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    for (fields, said) in [
        (
            json!({ "rp_id": "example.net" }),
            "rp_id: expected the host of one of its rp_origins",
        ),
        (json!({ "timeout": 5 }), "timeout: expected 30s to 10m"),
        (json!({ "nonsense": 5 }), "nonsense: there is no such field"),
        (
            json!({ "declared_in": "administration API" }),
            "declared_in: there is no such field",
        ),
        (
            json!({ "two_factor": { "hints": ["x"] } }),
            "two_factor.hints[0]: unknown variant",
        ),
        (json!({ "revision": "1" }), "revision, force: expected"),
    ] {
        let refused = root.post(STAFF, fields.clone()).await.expect(400);
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with(said), "{fields}: {detail}");
    }
    root.read(STAFF).await.expect(404);
    let upper = root.post("/v1/auth/Staff/config", json!({})).await;
    let detail = upper.expect(400).json()["detail"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        detail.starts_with("mount: expected at most 32 lower-case"),
        "{detail}"
    );
    for n in 1..=32 {
        let path = format!("/v1/auth/m{n}/config");
        root.post(&path, json!({})).await.expect(200);
    }
    root.post(STAFF, json!({})).await.expect(409);
}

#[tokio::test]
async fn a_write_over_what_was_not_seen_is_refused() {
    let place = Place::configured(ADMIN).await;
    let mut root = with_staff(&place).await;
    let seen = root.read(STAFF).await.expect(200).json()["data"]["revision"].clone();
    let change = |revision: &Value| json!({ "timeout": 60, "revision": revision });
    root.post(STAFF, change(&json!(0))).await.expect(409);
    root.post(STAFF, change(&seen)).await.expect(200);
    let late = root.post(STAFF, change(&seen)).await.expect(409);
    assert_eq!(late.problem(), "conflict");
    let late = json!({ "revision": seen });
    root.call(Method::DELETE, STAFF, late).await.expect(409);
}

#[tokio::test]
async fn passkeys_are_not_made_useless_by_a_slip() {
    let place = Place::configured(ADMIN).await;
    let mut root = with_staff(&place).await;
    let mut ann = place.person();
    register_at(&mut ann, "ann").await;
    let moved = json!({ "rp_id": "app.example.com" });
    let refused = root.post(STAFF, moved.clone()).await.expect(409).json();
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .starts_with("1 passkeys"),
        "{refused}"
    );
    root.delete(STAFF).await.expect(409);
    root.post(STAFF, json!({ "timeout": 60 })).await.expect(200);

    let force = json!({ "force": true });
    root.call(Method::DELETE, STAFF, force).await.expect(204);
    let passkeys = root
        .read("/v1/admin/users/ann/passkeys")
        .await
        .expect(200)
        .json();
    assert_eq!(passkeys["passkeys"][0]["mount"], "staff", "it stays");
    // Made again for the same domain, it takes them again.
    root.post(STAFF, json!({ "rp_id": "example.com" }))
        .await
        .expect(200);
    let options = begin_at(&mut ann, "login", json!({ "username": "ann" })).await;
    let response = ann.authenticator.get(&options);
    finish_at(&mut ann, "login", response).await.expect(200);
}

#[tokio::test]
async fn written_mounts_outlive_a_restart() {
    let place = Place::configured(ADMIN).await;
    let mut root = with_staff(&place).await;
    let before = root.read(STAFF).await.expect(200).json();
    let again = place.restarted().await;
    let router = super::super::control(&again);
    let shown = Place::ask(router, Method::GET, STAFF, Value::Null).await;
    assert_eq!(shown.expect(200).json(), before);
    let router = super::super::public(&again);
    let begin = root.request(
        Method::POST,
        "/v1/auth/staff/register/begin",
        &json!({ "username": "ann" }),
    );
    Place::send_to(router, [192, 0, 2, 7].into(), begin)
        .await
        .expect(200);
}

#[tokio::test]
async fn a_mount_that_the_configuration_no_longer_allows_is_shown_and_not_served() {
    let place = Place::configured(ADMIN).await;
    let mut root = with_staff(&place).await;
    root.post("/v1/auth/taken/config", json!({ "timeout": 60 }))
        .await
        .expect(200);
    let moved = ADMIN.replace("app.example.com", "app.example.net") + "[mounts.taken]\n";
    let again = place.restarted_with(&moved).await;
    let ask = async |method, path, body| {
        Place::ask(super::super::control(&again), method, path, body).await
    };
    let shown = ask(Method::GET, STAFF, Value::Null)
        .await
        .expect(200)
        .json();
    let problem = shown["data"]["problem"].as_str().unwrap();
    assert!(
        problem.starts_with("rp_id: expected the host of one of"),
        "{problem}"
    );
    let listed = ask(Method::GET, "/v1/admin/mounts", Value::Null)
        .await
        .expect(200)
        .json();
    let names: Vec<_> = listed["mounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(names, ["webauthn", "taken", "staff"]);
    assert_eq!(listed["mounts"][1]["declared_in"], "configuration file");
    assert_eq!(
        listed["mounts"][1]["timeout"], 300,
        "the file's is the one in use"
    );
    let begin = ask(Method::POST, "/v1/auth/staff/user/ann", json!({})).await;
    begin.expect(404);
    // It is mended over the API.
    let mended = json!({ "rp_id": "example.net" });
    ask(Method::POST, STAFF, mended).await.expect(200);
    ask(Method::POST, "/v1/auth/staff/user/ann", json!({}))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_ceremony_ends_under_the_policy_that_is_in_force_then() {
    let place = Place::configured(ADMIN).await;
    let mut root = with_staff(&place).await;
    let mut ann = place.person();
    register_at(&mut ann, "ann").await;

    // A login that was begun under another user verification is begun again.
    let login = json!({ "username": "ann" });
    let options = begin_at(&mut ann, "login", login.clone()).await;
    root.post(STAFF, json!({ "user_verification": "preferred" }))
        .await
        .expect(200);
    let response = ann.authenticator.get(&options);
    let refused = finish_at(&mut ann, "login", response).await;
    assert_eq!(refused.expect(400).problem(), "ceremony-refused");
    assert_eq!(place.reason(), "challenge_of_other_policy");
    let options = begin_at(&mut ann, "login", login).await;
    root.post(STAFF, json!({ "timeout": 60 })).await.expect(200);
    let response = ann.authenticator.get(&options);
    finish_at(&mut ann, "login", response).await.expect(200);

    // A registration brings what is asked for at its end.
    let mut bob = place.person();
    let options = begin_at(&mut bob, "register", json!({ "username": "bob" })).await;
    root.post(STAFF, json!({ "algorithms": ["ES384"] }))
        .await
        .expect(200);
    let response = bob.authenticator.create(&options);
    finish_at(&mut bob, "register", response).await.expect(400);
    assert_eq!(place.reason(), "algorithm_not_offered");
    root.post(STAFF, json!({ "algorithms": null }))
        .await
        .expect(200);

    // Nobody makes an account who could not begin to make one now.
    let options = begin_at(&mut bob, "register", json!({ "username": "bob" })).await;
    root.post(STAFF, json!({ "auto_registration": false }))
        .await
        .expect(200);
    let response = bob.authenticator.create(&options);
    let refused = finish_at(&mut bob, "register", response).await;
    assert_eq!(refused.expect(403).problem(), "registration-off");

    // Of a mount that is gone nothing is left.
    let options = begin_at(&mut ann, "login", json!({ "username": "ann" })).await;
    let force = json!({ "force": true });
    root.call(Method::DELETE, STAFF, force).await.expect(204);
    let response = ann.authenticator.get(&options);
    finish_at(&mut ann, "login", response).await.expect(404);
}

#[tokio::test]
async fn the_origins_of_a_written_mount_are_related_and_served() {
    let place = Place::configured(ADMIN).await;
    let mut root = with_staff(&place).await;
    let related = async |host: &str| {
        let request = Request::builder()
            .uri("/.well-known/webauthn")
            .header("host", host);
        let answer = place
            .send(request.body(Body::empty()).unwrap())
            .await
            .expect(200);
        assert_eq!(answer.headers["cache-control"], "public, max-age=60");
        answer.json()["origins"].clone()
    };
    let from = async |origin: &str| {
        let request = Request::builder()
            .method(Method::POST)
            .uri("/_latchkey/v1/auth/staff/login/begin")
            .header("content-type", "application/json")
            .header("origin", origin);
        place
            .send(request.body(Body::from("{}")).unwrap())
            .await
            .status
    };
    let elsewhere = "https://staff.example.org";
    assert_eq!(
        related("example.com").await,
        json!(["https://app.example.com"])
    );
    assert_eq!(from(elsewhere).await, 403);
    let origins = json!(["https://app.example.com", elsewhere]);
    root.post(STAFF, json!({ "rp_origins": origins }))
        .await
        .expect(200);
    assert_eq!(related("example.com").await, origins);
    assert_eq!(from(elsewhere).await, 200);
    root.post(STAFF, json!({ "rp_origins": null }))
        .await
        .expect(200);
    assert_eq!(
        related("example.com").await,
        json!(["https://app.example.com"])
    );
    assert_eq!(from(elsewhere).await, 403);
}
