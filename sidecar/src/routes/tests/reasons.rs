//! What is wrong with what an administrator sends, for pages that say it in another language: a code
//! and a field, which do not change when the sentence does.

use super::admin_routes::EVERY_ENDPOINT;
use super::people::{ADMIN, administrator};
use super::transfer::{good, import};
use super::*;

const STAFF: &str = "/v1/auth/staff/config";

/// The only entry of `errors`, and that `detail` says the same.
fn reason(refused: &Answer) -> Value {
    let problem = refused.json();
    let [reason] = problem["errors"].as_array().unwrap().as_slice() else {
        panic!("{problem}");
    };
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains(reason["detail"].as_str().unwrap()),
        "{problem}"
    );
    reason.clone()
}

fn is(reason: &Value, field: Option<&str>, code: &str) {
    assert_eq!(reason["code"], code, "{reason}");
    assert_eq!(reason["field"].as_str(), field, "{reason}");
}

#[tokio::test]
async fn a_field_of_a_mount_is_refused_by_its_name_and_a_code() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let model = "ee882879-721c-4913-9775-3dfcce97072a";
    for (fields, field, code, found) in [
        (
            json!({ "rp_id": "example.net" }),
            "rp_id",
            "id-of-no-origin",
            Some("example.net"),
        ),
        (
            json!({ "rp_origins": ["http://a.example"] }),
            "rp_origins",
            "origin-form",
            Some("http://a.example"),
        ),
        (json!({ "timeout": 5 }), "timeout", "out-of-range", None),
        (
            json!({ "timeout": "soon" }),
            "timeout",
            "not-as-expected",
            None,
        ),
        (
            json!({ "two_factor": { "timeout": 5 } }),
            "two_factor.timeout",
            "out-of-range",
            None,
        ),
        (
            json!({ "max_credentials": 101 }),
            "max_credentials",
            "out-of-range",
            None,
        ),
        (
            json!({ "attestation": "direct" }),
            "attestation",
            "no-trust-anchors",
            None,
        ),
        (
            json!({ "forbidden_aaguids": ["00000000-0000-0000-0000-000000000000"] }),
            "forbidden_aaguids",
            "model-hidden",
            None,
        ),
        (
            json!({ "acceptable_aaguids": [model, "no model"] }),
            "acceptable_aaguids[1]",
            "not-as-expected",
            None,
        ),
        (
            json!({ "acceptable_aaguids": [model], "forbidden_aaguids": [model] }),
            "forbidden_aaguids",
            "model-in-both",
            Some(model),
        ),
        (json!({ "nonsense": 5 }), "nonsense", "unknown-field", None),
    ] {
        let refused = reason(&root.post(STAFF, fields).await.expect(400));
        is(&refused, Some(field), code);
        assert_eq!(refused["values"]["found"].as_str(), found, "{refused}");
    }
    let upper = root.post("/v1/auth/Staff/config", json!({})).await;
    is(&reason(&upper), Some("mount"), "not-as-expected");
    let declared = root.post("/v1/auth/webauthn/config", json!({})).await;
    is(&reason(&declared.expect(409)), None, "mount-declared");
    root.post(STAFF, json!({})).await.expect(200);
    let behind = root.post(STAFF, json!({ "revision": 9 })).await;
    is(&reason(&behind.expect(409)), None, "mount-changed");
}

#[tokio::test]
async fn what_should_be_known_of_a_mount_has_codes_as_well() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let fields = json!({
        "auto_registration": true, "two_factor": {},
        "acceptable_aaguids": ["ee882879-721c-4913-9775-3dfcce97072a"],
    });
    let made = root.post(STAFF, fields).await.expect(200).json()["data"].clone();
    let codes: Vec<_> = made["causes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["code"].as_str().unwrap())
        .collect();
    let wanted = ["accounts-for-anyone", "second-factor-on", "models-hidden"];
    assert_eq!(codes, wanted, "{made}");
    assert_eq!(made["warnings"].as_array().unwrap().len(), codes.len());
}

#[tokio::test]
async fn a_field_of_a_user_is_refused_by_its_name_and_what_is_in_the_way_by_a_code() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    root.post("/v1/admin/users", json!({ "name": "ann" }))
        .await
        .expect(201);
    for (field, value) in [
        ("email", json!("nobody")),
        ("display_name", json!(" ")),
        ("groups", json!(["a,b"])),
        ("add_groups", json!(["a,b"])),
        ("token_policies", json!([""])),
        ("token_ttl", json!("soon")),
    ] {
        let body = json!({ field: value });
        let refused = root.patch("/v1/admin/users/ann", body).await.expect(400);
        is(&reason(&refused), Some(field), "not-as-expected");
    }
    let own = root.delete("/v1/admin/users/root").await.expect(409);
    is(&reason(&own), None, "own-account");
    root.post("/v1/admin/users/ann/disable", json!({}))
        .await
        .expect(204);
    let link = root.post("/v1/admin/users/ann/enrolment", json!({})).await;
    is(&reason(&link.expect(409)), None, "user-disabled");
    for list in ["users?after=x%20y", "sessions?after=x", "audit?after=x"] {
        let page = root.read(&format!("/v1/admin/{list}")).await.expect(400);
        is(&reason(&page), Some("after"), "no-such-page");
    }
}

#[tokio::test]
async fn a_body_or_a_query_that_is_read_wrong_says_where() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    place
        .control(Method::POST, "/v1/admin/users", json!({ "name": "ann" }))
        .await
        .expect(201);
    let enrolment = "/v1/admin/users/ann/enrolment";
    for (method, path, body, field, code) in [
        (
            Method::PATCH,
            "/v1/admin/users/ann",
            json!({ "displayname": "x" }),
            "displayname",
            "unknown-field",
        ),
        (
            Method::PATCH,
            "/v1/admin/users/ann",
            json!({ "groups": "a,b" }),
            "groups",
            "wrong-type",
        ),
        (
            Method::PATCH,
            "/v1/admin/users/ann",
            json!({ "token_ttl": true }),
            "token_ttl",
            "not-as-expected",
        ),
        (
            Method::POST,
            "/v1/auth/webauthn/user/ann",
            json!({ "policies": [] }),
            "policies",
            "unknown-field",
        ),
        (
            Method::POST,
            enrolment,
            json!({ "lifetime": "1h" }),
            "lifetime",
            "unknown-field",
        ),
        (
            Method::POST,
            "/v1/admin/users/ann/disable",
            json!({ "now": true }),
            "now",
            "unknown-field",
        ),
    ] {
        let refused = root.call(method, path, body).await.expect(400);
        is(&reason(&refused), Some(field), code);
    }
    for (path, field, code) in [
        ("users?serach=x", "serach", "unknown-field"),
        ("users?group=a&group=b", "group", "field-twice"),
        ("audit?limit=many", "limit", "not-as-expected"),
        ("audit?action=user_created", "action", "not-as-expected"),
    ] {
        let refused = root.read(&format!("/v1/admin/{path}")).await.expect(400);
        is(&reason(&refused), Some(field), code);
    }
    // Strangers are told no more than that it is wrong.
    let begin = place
        .person()
        .post("/v1/auth/webauthn/login/begin", json!({ "user": "x" }))
        .await;
    assert_eq!(begin.expect(400).json()["errors"], Value::Null);
}

#[tokio::test]
async fn every_order_says_which_field_it_does_not_know() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    for (method, _, path) in EVERY_ENDPOINT {
        // What the file declares is not changed, whatever the change would be.
        if method == "GET" || path == "/v1/auth/webauthn/config" {
            continue;
        }
        let method: Method = method.parse().unwrap();
        let refused = root.call(method.clone(), path, json!({ "surplus": 1 }));
        let problem = refused.await.json();
        let field = &problem["errors"][0]["field"];
        assert_eq!(field, "surplus", "{method} {path}: {problem}");
    }
}

#[tokio::test]
async fn whoever_cannot_be_imported_has_a_code_at_the_place() {
    let place = Place::configured(ADMIN).await;
    let looked_at = async |document: &Value| {
        let report = import(&place, "?dry_run=true", document).await.expect(200);
        report.json()["users"][0]["causes"].clone()
    };
    for (path, value, field, code) in [
        ("/users/0/name", json!("a b"), "name", "name-space"),
        (
            "/users/0/name",
            json!("a\u{202e}b"),
            "name",
            "name-character",
        ),
        ("/users/0/email", json!("x"), "email", "not-as-expected"),
        ("/users/0/passkeys", json!(7), "passkeys", "wrong-type"),
        (
            "/users/0/passkeys/0/public_key",
            json!("AAAA"),
            "passkeys[0].public_key",
            "key-form",
        ),
        (
            "/users/0/passkeys/0/policy",
            json!("two_factor"),
            "passkeys[0].public_key",
            "no-policy",
        ),
    ] {
        let mut document = good();
        let (within, name) = path.rsplit_once('/').unwrap();
        document.pointer_mut(within).unwrap()[name] = value;
        let causes = looked_at(&document).await;
        is(&causes[0], Some(field), code);
    }
    // Found in the file by the name, though nothing else of the user is read.
    let mut document = good();
    document["users"][0]["grups"] = json!([]);
    let report = import(&place, "?dry_run=true", &document).await.expect(200);
    assert_eq!(report.json()["users"][0]["name"], "ann");

    let mut document = good();
    document["users"][0]["groups"] = json!(["latchkey-admins"]);
    let notes = looked_at(&document).await;
    is(&notes[0], None, "becomes-administrator");
    assert_eq!(notes[0]["values"]["group"], "latchkey-admins");

    document["rp_ids"]["webauthn"] = json!("login.example.net");
    let refused = import(&place, "", &document).await.expect(400);
    let refused = reason(&refused);
    is(&refused, Some("rp_ids.webauthn"), "other-rp-id");
    assert_eq!(refused["values"]["theirs"], "login.example.net");
}
