//! Users and passkeys as a document: out of one installation and into another.

use super::people::{ADMIN, administrator};
use super::*;
use software_authenticator::{Key, StoredCredential, decode, encode};

/// Asks for an import over the control socket.
pub(super) async fn import(place: &Place, query: &str, body: &Value) -> Answer {
    let path = format!("/v1/admin/import{query}");
    place.control(Method::POST, &path, body.clone()).await
}

/// What became of the first user of a report.
fn first(report: &Value) -> (&str, String) {
    let user = &report["users"][0];
    let reasons = user["reasons"].as_array().unwrap().iter();
    let reasons: Vec<&str> = reasons.map(|it| it.as_str().unwrap()).collect();
    (user["outcome"].as_str().unwrap(), reasons.join("; "))
}

pub(super) async fn export(place: &Place) -> Value {
    let answer = place.control(Method::GET, "/v1/admin/export", Value::Null);
    answer.await.expect(200).json()
}

/// Who signs in with these keys at another place.
fn moved<'a>(place: &'a Place, person: &Person<'_>) -> Person<'a> {
    let mut moved = place.person();
    moved
        .authenticator
        .credentials
        .clone_from(&person.authenticator.credentials);
    moved
}

#[tokio::test]
async fn who_is_exported_and_imported_signs_in_with_the_same_passkey() {
    let here = Place::configured(ADMIN).await;
    let mut ann = here.person();
    ann.register("ann").await;
    ann.log_in("ann").await;
    let change = json!({"groups": ["staff"], "email": "ann@example.com", "token_ttl": 120});
    let changed = here.control(Method::PATCH, "/v1/admin/users/ann", change);
    changed.await.expect(200);
    let user = here.user("ann").await;
    let document = export(&here).await;

    let there = Place::configured(ADMIN).await;
    let dry = import(&there, "?dry_run=true", &document).await;
    let dry = dry.expect(200).json();
    assert_eq!((&dry["created"], &dry["passkeys"]), (&json!(1), &json!(1)));
    assert_eq!(dry["done"], false);
    assert_eq!(
        there.app.store.count_users().await.unwrap(),
        0,
        "it was dry"
    );
    let done = import(&there, "", &document).await.expect(200).json();
    assert_eq!((&done["created"], &done["done"]), (&json!(1), &json!(true)));
    assert_eq!(there.audit()["event"], "import");
    assert_eq!(there.audit()["detail"], "users: 1; passkeys: 1");
    assert_eq!(there.user("ann").await, user);
    let stored = |place: &Place| {
        let store = Arc::clone(&place.app.store);
        let id = user.id;
        async move { store.credentials_of(id).await.unwrap() }
    };
    assert_eq!(stored(&there).await, stored(&here).await);

    let mut ann = moved(&there, &ann);
    ann.log_in("ann").await;
    let claims = ann.read("/userinfo").await.expect(200).json();
    assert_eq!(claims["sub"], user.id.0.to_string());
    assert_eq!(claims["groups"], json!(["staff"]));
    let options = ann.begin("login", json!({})).await;
    let response = ann.authenticator.get(&options);
    ann.finish("login", response).await.expect(200);

    let again = import(&there, "", &document).await.expect(200).json();
    assert_eq!(first(&again), ("unchanged", String::new()));
    assert_eq!(again["done"], true);
    let other = json!({"display_name": "Other"});
    let changed = there.control(Method::PATCH, "/v1/admin/users/ann", other);
    changed.await.expect(200);
    let refused = import(&there, "", &document).await.expect(409);
    assert_eq!(refused.problem(), "conflict");
    assert_eq!(
        first(&refused.json()["report"]),
        (
            "conflict",
            "name: a user of this name is here, and differs in display_name".to_owned()
        )
    );
}

#[tokio::test]
async fn an_export_holds_no_secret_and_is_in_the_audit_log() {
    let place = Place::configured(ADMIN).await;
    let mut ann = place.person();
    ann.register("ann").await;
    let codes = ann.post("/v1/self/recovery-codes", json!({})).await;
    let codes = codes.expect(200).json();
    let link = place.control(Method::POST, "/v1/admin/users/ann/enrolment", json!({}));
    let link = link.await.expect(201).json();
    let session = ann.session_id();
    let document = export(&place).await;
    assert_eq!(place.audit()["event"], "export");
    let mut names: Vec<&String> = document["users"][0].as_object().unwrap().keys().collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "created_at",
            "disabled",
            "display_name",
            "email",
            "groups",
            "id",
            "must_register_passkey",
            "name",
            "passkeys",
            "token_policies"
        ]
    );
    let text = document.to_string();
    for secret in [
        codes["codes"][0].as_str().unwrap(),
        link["enrolment"]["code"].as_str().unwrap(),
        &session,
        "secret",
        "hash",
        "sealed",
    ] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}

#[tokio::test]
async fn a_list_that_people_wrote_makes_users_without_passkeys() {
    let place = Place::configured(ADMIN).await;
    let list = json!({"format": "latchkey-users", "version": 1, "rp_ids": {}, "users": [
        {"name": "Bob", "groups": ["eng"]},
        {"name": "eve", "groups": ["latchkey-admins"]},
    ]});
    let done = import(&place, "", &list).await.expect(200).json();
    assert_eq!(
        (&done["created"], &done["passkeys"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(
        done["users"][1]["notes"][0],
        "becomes an administrator: member of latchkey-admins"
    );
    assert_eq!(place.user("bob").await.groups, ["eng"]);
    let again = import(&place, "", &list).await.expect(200).json();
    assert_eq!(again["unchanged"], 2, "whatever id was drawn");
}

/// A document with one user and one passkey, in which all is right.
pub(super) fn good() -> Value {
    let key = Key::from_seed([5; 32]);
    json!({
        "format": "latchkey-users",
        "version": 1,
        "rp_ids": {"webauthn": "app.example.com"},
        "users": [{
            "id": "6c1f9a2e-0f0e-4b6e-9d2a-2f1d3c4b5a69",
            "name": "ann",
            "display_name": "Ann",
            "passkeys": [{
                "id": encode(&[3; 32]),
                "mount": "webauthn",
                "public_key": encode(&key.cose_bytes()),
                "aaguid": "00000000-0000-0000-0000-000000000000",
                "sign_count": 7,
            }],
        }],
    })
}

/// What can be wrong with a user, where it is, and how it is told.
fn mistakes_of_a_user() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        (
            "/users/0/name",
            json!("a b"),
            "name: a user name cannot hold a space",
        ),
        (
            "/users/0/name",
            json!(7),
            "name: invalid type: integer `7`, expected a string",
        ),
        ("/users/0/id", json!("x"), "id: UUID parsing failed"),
        (
            "/users/0/id",
            json!("00000000-0000-0000-0000-000000000000"),
            "id: it is kept for nobody",
        ),
        (
            "/users/0/admin",
            json!(true),
            "admin: there is no such field",
        ),
        (
            "/users/0/display_name",
            json!("a\u{202e}b"),
            "display_name: expected",
        ),
        (
            "/users/0/email",
            json!("a@b\r\nx: y"),
            "email: expected an address",
        ),
        (
            "/users/0/groups",
            json!(["a,b"]),
            "groups: expected at most",
        ),
        (
            "/users/0/groups",
            json!("admins"),
            "groups: invalid type: string",
        ),
        (
            "/users/0/token_ttl",
            json!(99_999_999_999_u64),
            "token_ttl: expected seconds",
        ),
        (
            "/users/0/created_at",
            json!("yesterday"),
            "created_at: expected an instant",
        ),
        (
            "/users/0/user_handle",
            json!(""),
            "user_handle: expected 1 to 64 bytes",
        ),
        (
            "/users/0/user_handle",
            json!(encode(&[1; 65])),
            "user_handle: expected 1 to 64 bytes",
        ),
    ]
}

/// The same of a passkey.
fn mistakes_of_a_passkey() -> Vec<(&'static str, Value, &'static str)> {
    let mut off_curve = decode(
        good()["users"][0]["passkeys"][0]["public_key"]
            .as_str()
            .unwrap(),
    );
    *off_curve.last_mut().unwrap() ^= 1;
    let trailing = [off_curve.as_slice(), &[0]].concat();
    vec![
        (
            "/users/0/passkeys/0/record",
            json!({}),
            "passkeys[0].record: there is no such field",
        ),
        (
            "/users/0/passkeys/0/id",
            json!(""),
            "passkeys[0].id: a credential id cannot be empty",
        ),
        (
            "/users/0/passkeys/0/id",
            json!(encode(&[1; 1_024])),
            "passkeys[0].id: a credential id has at most 1023",
        ),
        (
            "/users/0/passkeys/0/id",
            json!("AA=="),
            "passkeys[0].id: expected unpadded base64url",
        ),
        (
            "/users/0/passkeys/0/mount",
            json!("other"),
            "passkeys: rp_ids does not say",
        ),
        (
            "/users/0/passkeys/0/public_key",
            json!("AA"),
            "passkeys[0].public_key: ",
        ),
        (
            "/users/0/passkeys/0/public_key",
            json!(encode(&off_curve)),
            "passkeys[0].public_key: ",
        ),
        (
            "/users/0/passkeys/0/public_key",
            json!(encode(&trailing)),
            "passkeys[0].public_key: something follows the CBOR",
        ),
        (
            "/users/0/passkeys/0/sign_count",
            json!(-1),
            "passkeys[0].sign_count: invalid value",
        ),
        (
            "/users/0/passkeys/0/sign_count",
            json!(1_u64 << 32),
            "passkeys[0].sign_count: invalid value",
        ),
        (
            "/users/0/passkeys/0/attachment",
            json!("implanted"),
            "passkeys[0].attachment: expected",
        ),
        (
            "/users/0/passkeys/0/label",
            json!("a\nb"),
            "passkeys[0].label: expected",
        ),
        (
            "/users/0/passkeys/0/policy",
            json!("two_factor"),
            "passkeys[0].public_key: the mount has no two_factor policy",
        ),
    ]
}

#[tokio::test]
async fn what_is_wrong_with_a_user_is_named_with_its_place_and_nothing_is_stored() {
    let place = Place::configured(ADMIN).await;
    for (pointer, value, reason) in [mistakes_of_a_user(), mistakes_of_a_passkey()].concat() {
        let mut document = good();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[name] = value.clone();
        let answer = import(&place, "", &document).await.expect(409);
        let report = &answer.json()["report"];
        let (was, why) = first(report);
        assert_eq!(was, "refused", "{pointer} {value}: {why}");
        assert!(why.contains(reason), "{pointer} {value}: {why}");
        let dry = import(&place, "?dry_run=true", &document).await.expect(200);
        assert_eq!(dry.json()["refused"], report["refused"], "{pointer}");
        assert_eq!(place.app.store.count_users().await.unwrap(), 0, "{pointer}");
    }
    import(&place, "", &good()).await.expect(200);
}

#[tokio::test]
async fn a_document_that_is_none_is_refused_with_the_place() {
    let place = Place::configured(ADMIN).await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let one = good()["users"][0].to_string();
    let with = |users: &str| {
        format!(r#"{{"format":"latchkey-users","version":1,"rp_ids":{{}},"users":{users}}}"#)
    };
    for (body, reason) in [
        (String::new(), "expected a JSON object"),
        ("[]".to_owned(), "expected a JSON object"),
        ("{".to_owned(), "EOF while parsing"),
        (
            with("{}"),
            "users: invalid type: map, expected an array of users",
        ),
        (format!("{} {{}}", with("[]")), "trailing characters"),
        (with("[]").replace(":1", ":2"), "format, version: expected"),
        (
            with("[]").replace("latchkey-users", "other"),
            "format, version: expected",
        ),
        (
            with("[]").replace("rp_ids", "secrets"),
            "secrets: there is no such field",
        ),
        (
            with("[]").replace("{}", r#"{"webauthn":"evil.example"}"#),
            "rp_ids.webauthn: these passkeys are for \"evil.example\"",
        ),
        (
            with("[]").replace("\"version\":1", "\"version\":1,\"version\":1"),
            "version: it stands twice",
        ),
        (
            with(&format!("[{}1]", "1,".repeat(2_000))),
            "more than 2000 users",
        ),
    ] {
        let answer = post_text(&place, "/v1/admin/import", &body)
            .await
            .expect(400);
        assert_eq!(answer.problem(), "bad-request", "{body:.80}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(reason), "{body:.80}: {detail}");
    }
    // A user that is deep is one user's fault.
    for (users, reason) in [
        (format!("[{deep}]"), "expected a JSON object"),
        (
            format!("[{}]", one.replace("\"Ann\"", &deep)),
            "display_name: ",
        ),
        (
            format!("[{}]", one.replace("\"ann\"", "\"ann\",\"name\":\"bob\"")),
            "name: it stands twice",
        ),
    ] {
        let answer = post_text(&place, "/v1/admin/import", &with(&users))
            .await
            .expect(409);
        let (_, why) = first(&answer.json()["report"]);
        assert!(why.contains(reason), "{why}");
    }
    for query in [
        "?format=csv",
        "?dry_run=yes",
        "?other=1",
        "?mount=webauthn",
        "?skip=true&skip=true",
    ] {
        let answer = import(&place, query, &good()).await.expect(400);
        assert_eq!(answer.problem(), "bad-request", "{query}");
    }
    assert_eq!(place.app.store.count_users().await.unwrap(), 0);
}

pub(super) async fn post_text(place: &Place, path: &str, body: &str) -> Answer {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap();
    let router = crate::routes::control(&place.app);
    Place::send_to(router, [127, 0, 0, 1].into(), request).await
}

#[tokio::test]
async fn whoever_is_in_the_way_stays_and_the_others_come_when_asked_for() {
    let place = Place::configured(ADMIN).await;
    let mut ann = place.person();
    ann.register("ann").await;
    let stolen = encode(&ann.authenticator.credentials[0].id);
    let gone = place.control(Method::POST, "/v1/admin/users", json!({"name": "gone"}));
    gone.await.expect(201);
    let deleted = place.control(Method::DELETE, "/v1/admin/users/gone", json!({}));
    deleted.await.expect(204);
    // The id that login/begin names for a user who does not exist.
    let options = ann.begin("login", json!({"username": "nobody"})).await;
    let decoy = options["allowCredentials"][0]["id"].clone();

    let mut document = good();
    let template = document["users"][0].clone();
    let named = |number: u8, name: &str, passkey: &Value| {
        let mut user = template.clone();
        user["name"] = json!(name);
        user["id"] = json!(format!("6c1f9a2e-0f0e-4b6e-9d2a-2f1d3c4b5a{number:02}"));
        user["passkeys"][0]["id"] = passkey.clone();
        user
    };
    let own = |number: u8| json!(encode(&[number; 16]));
    let mut twin = named(6, "twin", &own(6));
    twin["name"] = json!("TWIN");
    twin["id"] = json!("6c1f9a2e-0f0e-4b6e-9d2a-2f1d3c4b5a60");
    let mut same_id = named(8, "sameid", &own(8));
    same_id["id"] = named(7, "good", &own(7))["id"].clone();
    document["users"] = json!([
        named(1, "ann", &own(1)),
        named(2, "thief", &json!(stolen)),
        named(3, "gone", &own(3)),
        named(4, "decoy", &decoy),
        named(5, "twin", &own(5)),
        twin,
        named(7, "good", &own(7)),
        same_id,
        named(9, "double", &own(7)),
        named(10, "alone", &own(10)),
    ]);
    let dry = import(&place, "?dry_run=true", &document)
        .await
        .expect(200)
        .json();
    let outcomes: Vec<_> = dry["users"].as_array().unwrap().iter().collect();
    let expected = [
        (
            "ann",
            "conflict",
            "differs in display_name, id, passkeys, user_handle",
        ),
        ("thief", "conflict", "somebody has the credential id"),
        ("gone", "conflict", "it belongs, or belonged, to someone"),
        (
            "decoy",
            "refused",
            "somebody has this credential id already",
        ),
        ("twin", "conflict", "name: users[5] of the document, TWIN"),
        ("TWIN", "conflict", "name: users[4] of the document, twin"),
        (
            "good",
            "conflict",
            "id: users[7] of the document, sameid, has it, too\",\"passkeys: users[8] of the document, double",
        ),
        ("sameid", "conflict", "id: users[6] of the document, good"),
        (
            "double",
            "conflict",
            "passkeys: users[6] of the document, good",
        ),
        ("alone", "created", ""),
    ];
    for (user, (name, outcome, reason)) in outcomes.iter().zip(expected) {
        assert_eq!(
            (&user["name"], &user["outcome"]),
            (&json!(name), &json!(outcome))
        );
        assert!(user["reasons"].to_string().contains(reason), "{user}");
    }
    let refused = import(&place, "", &document).await.expect(409);
    assert_eq!(refused.problem(), "conflict");
    assert_eq!(
        place.app.store.count_users().await.unwrap(),
        1,
        "nothing half done"
    );
    let done = import(&place, "?skip=true", &document)
        .await
        .expect(200)
        .json();
    assert_eq!((&done["created"], &done["done"]), (&json!(1), &json!(true)));
    assert_eq!(place.app.store.count_users().await.unwrap(), 2);
    ann.log_in("ann").await;
}

#[tokio::test]
async fn the_warning_of_a_disabled_passkey_moves_with_it() {
    let place = Place::configured(ADMIN).await;
    let mut document = good();
    let key = Key::from_seed([6; 32]);
    let mut copied = document["users"][0]["passkeys"][0].clone();
    copied["id"] = json!(encode(&[4; 32]));
    copied["label"] = json!("Copied");
    copied["disabled_at"] = json!("2026-01-31T12:00:00Z");
    let passkeys = document["users"][0]["passkeys"].as_array_mut().unwrap();
    passkeys[0]["public_key"] = json!(encode(&key.cose_bytes()));
    passkeys.push(copied);
    import(&place, "", &document).await.expect(200);
    let mut ann = place.person();
    ann.authenticator.credentials.push(StoredCredential {
        id: vec![3; 32],
        rp_id: "app.example.com".to_owned(),
        user_handle: place.user("ann").await.handle_bytes(),
        sign_count: 7,
        key,
    });
    let warnings = ann.log_in("ann").await.json()["warnings"].clone();
    assert_eq!(warnings[0]["type"], "passkey-disabled");
    assert_eq!(warnings[0]["label"], "Copied");
}

#[tokio::test]
async fn the_mounts_policy_holds_for_what_is_imported() {
    let strict = format!(
        "{ADMIN}[mounts.staff]\nrp_id = \"app.example.com\"\nalgorithms = [\"RS256\"]\n\
         [mounts.keys]\nrp_id = \"app.example.com\"\nforbidden_aaguids = [\"00000000-0000-0000-0000-000000000001\"]\n"
    );
    let place = Place::configured(&strict).await;
    for (mount, aaguid, reason) in [
        ("staff", "00000000-0000-0000-0000-000000000000", "algorithm"),
        (
            "keys",
            "00000000-0000-0000-0000-000000000001",
            "00000000-0000-0000-0000-000000000001",
        ),
    ] {
        let mut document = good();
        document["rp_ids"] = json!({ mount: "app.example.com" });
        document["users"][0]["passkeys"][0]["mount"] = json!(mount);
        document["users"][0]["passkeys"][0]["aaguid"] = json!(aaguid);
        let refused = import(&place, "", &document).await.expect(409).json();
        let (outcome, why) = first(&refused["report"]);
        assert_eq!(outcome, "refused");
        assert!(why.contains(reason), "{why}");
    }
}

#[tokio::test]
async fn only_an_administrators_long_document_is_read_at_all() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let long = |bytes: usize| {
        let mut document = good();
        document["exported_at"] = json!(" ".repeat(bytes));
        document
    };
    let answer = root
        .post("/v1/admin/import?dry_run=true", long(200_000))
        .await;
    answer.expect(200);
    let answer = root.post("/v1/admin/import", long(5 << 20)).await;
    assert_eq!(answer.expect(413).problem(), "too-large");
    let answer = root.post("/v1/admin/users", long(200_000)).await;
    assert_eq!(
        answer.expect(413).problem(),
        "too-large",
        "others stay short"
    );

    // A stranger is answered before anything of it is read: this body never ends.
    let endless = Body::new(http_body_util::channel::Channel::<Bytes>::new(1).1);
    let request = Request::post("/_latchkey/v1/admin/import")
        .header("host", "app.example.com")
        .header("content-type", "application/json")
        .body(endless)
        .unwrap();
    assert_eq!(
        place.send(request).await.expect(401).problem(),
        "unauthorized"
    );
    let form = Request::post("/_latchkey/v1/admin/import")
        .header("content-type", "text/plain")
        .body(Body::from(good().to_string()))
        .unwrap();
    assert_eq!(place.send(form).await.status, 403);
}
