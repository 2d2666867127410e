//! Realm exports that nobody's Keycloak has written: cut off, deep, doubled, of other types.

use super::keycloak::{credential, exported, realm};
use super::people::ADMIN;
use super::transfer::{export, import, post_text};
use super::*;

const IMPORT: &str = "/v1/admin/import?format=keycloak";

fn deep() -> String {
    format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))
}

/// A realm with one good passkey.
fn good() -> Value {
    realm(&[exported("webauthn-passwordless", &credential(1, 0))])
}

async fn count(place: &Place) -> u64 {
    place.app.store.count_users().await.unwrap()
}

#[tokio::test]
async fn a_realm_that_is_none_is_refused_whole() {
    let place = Place::configured(ADMIN).await;
    let good = good().to_string();
    let with = |users: &str| format!(r#"{{"webAuthnPolicyRpId":"","users":{users}}}"#);
    for (body, reason) in [
        (String::new(), "expected a JSON object"),
        ("[]".to_owned(), "expected a JSON object"),
        ("{}".to_owned(), "users: it is missing"),
        (deep(), "expected a JSON object"),
        (with("{}"), "users: invalid type: map"),
        (with("null"), "users: invalid type: null"),
        (with("[]") + " x", "trailing characters"),
        (
            with("[]").replace('}', ",\"users\":[]}"),
            "users: it stands twice",
        ),
        (
            with("[]").replace(":\"\"", ":7"),
            "webAuthnPolicyRpId: invalid type: integer",
        ),
        (
            with(&format!("[{}1]", "1,".repeat(2_000))),
            "more than 2000 users",
        ),
    ] {
        let answer = post_text(&place, IMPORT, &body).await.expect(400);
        assert_eq!(answer.problem(), "bad-request", "{body:.80}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(reason), "{body:.80}: {detail}");
    }
    // Half of a user, and half of everything else.
    for at in (0..good.len()).filter(|at| good.is_char_boundary(*at)) {
        let answer = post_text(&place, IMPORT, &good[..at]).await;
        assert_eq!(answer.status, 400, "cut at {at}");
    }
    let long = format!("{{\"users\":[],\"x\":\"{}\"}}", "x".repeat(4 << 20));
    let answer = post_text(&place, IMPORT, &long).await.expect(413);
    assert_eq!(answer.problem(), "too-large");
    assert_eq!(count(&place).await, 0);
}

/// Each with a text of the good realm, what stands in its place, and the reason.
#[expect(clippy::too_many_lines, reason = "a table")]
fn mistakes() -> Vec<(&'static str, String, &'static str)> {
    let many = |count: usize| {
        let groups: Vec<String> = (0..count).map(|it| format!("/g{it}")).collect();
        json!(groups).to_string()
    };
    let groups = r#"["/staff","/staff/berlin"]"#;
    let credentials = "\"credentials\":[";
    let type_of = r#""type":"webauthn-passwordless""#;
    let label = r#""userLabel":"Ann's laptop""#;
    vec![
        (
            "\"username\":\"ann\"",
            "\"username\":7".to_owned(),
            "username: invalid type",
        ),
        (
            "\"username\":\"ann\"",
            "\"username\":\"\"".to_owned(),
            "name: a user name is needed",
        ),
        (
            "\"username\":\"ann\"",
            format!("\"username\":\"{}\"", "a".repeat(65)),
            "name: ",
        ),
        (
            "\"username\":\"ann\"",
            "\"x\":1".to_owned(),
            "username: it is missing",
        ),
        (
            "\"username\":\"ann\"",
            "\"username\":\"ann\",\"username\":\"bob\"".to_owned(),
            "username: it stands twice",
        ),
        (
            "\"username\":\"ann\"",
            format!("\"username\":{}", deep()),
            "username: invalid type",
        ),
        (
            "\"firstName\":\"Ann\"",
            "\"firstName\":\"A\\u202en\"".to_owned(),
            "display_name: ",
        ),
        (
            "\"ann@example.com\"",
            "\"ann@example.com\\r\\nx: y\"".to_owned(),
            "email: ",
        ),
        (
            "\"emailVerified\":true",
            "\"emailVerified\":\"yes\"".to_owned(),
            "emailVerified: invalid type",
        ),
        (
            "1690000000123",
            "-1".to_owned(),
            "createdTimestamp: invalid value",
        ),
        (
            "1690000000123",
            "1.5".to_owned(),
            "createdTimestamp: invalid type",
        ),
        (
            "1690000000123",
            "18446744073709551616".to_owned(),
            "createdTimestamp: invalid type",
        ),
        (groups, "\"/staff\"".to_owned(), "groups: invalid type"),
        (groups, "[7]".to_owned(), "groups[0]: invalid type"),
        (groups, r#"["/a\r\nx-evil: 1"]"#.to_owned(), "groups: "),
        (groups, many(201), "groups: "),
        (groups, format!("[\"/{}\"]", "g".repeat(65)), "groups: "),
        (groups, r#"["/"]"#.to_owned(), "groups: "),
        (
            "\"requiredActions\":[]",
            "\"requiredActions\":{}".to_owned(),
            "requiredActions: invalid type",
        ),
        (
            credentials,
            "\"credentials\":[null,".to_owned(),
            "credentials[0]: invalid type",
        ),
        (
            credentials,
            "\"credentials\":[{},".to_owned(),
            "credentials[0].type: it is missing",
        ),
        (
            credentials,
            "\"credentials\":[{\"type\":\"webauthn-passwordless\"},".to_owned(),
            "credentials[0].credentialData: expected a JSON object",
        ),
        (
            credentials,
            format!(
                "\"credentials\":[{{\"type\":\"webauthn-passwordless\",\"credentialData\":\"{}\"}},",
                "[".repeat(100_000)
            ),
            "credentials[0].credentialData: expected a JSON object",
        ),
        (
            credentials,
            format!(
                "\"credentials\":[{{\"type\":\"webauthn-passwordless\",\"credentialData\":\"{{\\\"counter\\\":{}\"}},",
                "[".repeat(100_000)
            ),
            "credentials[0].credentialData.counter: invalid type",
        ),
        (
            type_of,
            r#""type":["webauthn-passwordless"]"#.to_owned(),
            "credentials[0].type: invalid type",
        ),
        (
            label,
            r#""userLabel":"a\u0000b""#.to_owned(),
            "credentials[0].label: ",
        ),
        (
            label,
            "\"userLabel\":7".to_owned(),
            "credentials[0].userLabel: invalid type",
        ),
        (
            r#"\"counter\":0"#,
            r#"\"counter\":4294967296"#.to_owned(),
            "counter: invalid value",
        ),
        (
            r#"\"counter\":0"#,
            r#"\"counter\":1,\"counter\":2"#.to_owned(),
            "counter: it stands twice",
        ),
        (
            r#"\"transports\":["#,
            r#"\"transports\":[1,"#.to_owned(),
            "transports[0]: invalid type",
        ),
    ]
}

#[tokio::test]
async fn what_is_wrong_with_a_realms_user_is_named_and_nothing_is_stored() {
    let place = Place::configured(ADMIN).await;
    let good = good().to_string();
    for (text, instead, reason) in mistakes() {
        assert!(good.contains(text), "{text} in {good}");
        let body = good.replacen(text, &instead, 1);
        let answer = post_text(&place, IMPORT, &body).await;
        assert_eq!(answer.status, 409, "{text} {instead:.80}");
        let user = &answer.json()["report"]["users"][0];
        assert_eq!(user["outcome"], "refused", "{text} {instead:.80}");
        let why = user["reasons"].to_string().replace('\\', "");
        assert!(why.contains(reason), "{instead:.80}: {why:.300}");
    }
    assert_eq!(count(&place).await, 0);
    // What is not read may be as deep as it likes.
    let body = good.replacen("\"totp\":false", &format!("\"totp\":{}", deep()), 1);
    post_text(&place, IMPORT, &body).await.expect(200);
    assert_eq!(count(&place).await, 1);
}

/// Another user of the realm: name, number of the id, and the passkey.
fn user(name: &str, id: u128, seed: u8) -> Value {
    let mut realm = realm(&[exported("webauthn-passwordless", &credential(seed, 0))]);
    let mut user = realm["users"][0].take();
    user["username"] = name.into();
    user["id"] = uuid::Uuid::from_u128(0x4000_8000_0000_0000_0000 + id)
        .to_string()
        .into();
    user
}

#[tokio::test]
async fn users_of_one_realm_who_are_in_each_others_way_stay_out() {
    let place = Place::configured(ADMIN).await;
    for (what, users, reason) in [
        (
            "names",
            [user("ann", 1, 1), user("ann", 2, 2)],
            "name: users[0] of the document, ann",
        ),
        (
            "names that fold alike",
            [user("ann", 1, 1), user("ANN", 2, 2)],
            "name: users[0] of the document, ann",
        ),
        (
            "ids",
            [user("ann", 1, 1), user("bob", 1, 2)],
            "id: users[0] of the document, ann",
        ),
        (
            "passkeys",
            [user("ann", 1, 1), user("bob", 2, 1)],
            "passkeys: users[0] of the document, ann",
        ),
    ] {
        let mut realm = good();
        realm["users"] = json!(users);
        let answer = import(&place, "?format=keycloak", &realm).await.expect(409);
        let report = answer.json()["report"].clone();
        let told = report["users"].to_string();
        assert!(told.contains(reason), "{what}: {told}");
        assert_eq!(report["done"], false, "{what}: {told}");
        assert_eq!(count(&place).await, 0, "{what}");
    }
    let mut twice = good();
    let passkey = exported("webauthn-passwordless", &credential(1, 0));
    twice["users"][0]["credentials"] = json!([passkey, passkey]);
    let answer = import(&place, "?format=keycloak", &twice).await.expect(409);
    let told = answer.json()["report"]["users"].to_string();
    assert!(told.contains("somebody has the credential id"), "{told}");
    let many: Vec<_> = (0..65)
        .map(|seed| exported("webauthn-passwordless", &credential(seed + 1, 0)))
        .collect();
    let answer = import(&place, "?format=keycloak", &realm(&many))
        .await
        .expect(409);
    let told = answer.json()["report"]["users"].to_string();
    assert!(told.contains("more than 64 of one user"), "{told}");
    assert_eq!(count(&place).await, 0);
}

/// A time that no calendar has.
#[tokio::test]
async fn a_user_of_the_far_future_was_made_now_and_can_be_exported() {
    let place = Place::configured(ADMIN).await;
    let mut realm = good();
    realm["users"][0]["createdTimestamp"] = json!(u64::MAX);
    realm["users"][0]["credentials"][0]["createdDate"] = json!(u64::MAX);
    import(&place, "?format=keycloak", &realm).await.expect(200);
    assert_eq!(place.user("ann").await.created_at, START);
    let document = export(&place).await;
    let there = Place::configured(ADMIN).await;
    import(&there, "", &document).await.expect(200);
}
