//! A Keycloak realm comes over. The exports are written here, after the format of Keycloak's own
//! classes; nothing is copied from one.

use super::people::ADMIN;
use super::transfer::import;
use super::*;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use software_authenticator::{Cbor, Key, StoredCredential, cbor, encode, flag};

const ID: &str = "0b2ef2f0-5a0e-4f0b-a0a5-3d9d2a1c7e11";

/// A passkey that was registered with Keycloak: its handle is the text of the user's id.
pub(super) fn credential(seed: u8, sign_count: u32) -> StoredCredential {
    StoredCredential {
        id: vec![seed; 64],
        rp_id: "app.example.com".to_owned(),
        user_handle: ID.as_bytes().to_vec(),
        sign_count,
        key: Key::from_seed([seed; 32]),
    }
}

/// As Keycloak writes it: the id in base64, the key in base64url, all of it JSON in a text.
pub(super) fn exported(kind: &str, credential: &StoredCredential) -> Value {
    let data = json!({
        "aaguid": "08987058-cadc-4b81-b6e1-30de50dcbe96",
        "credentialId": STANDARD.encode(&credential.id),
        "counter": credential.sign_count,
        "attestationStatementFormat": "none",
        "credentialPublicKey": encode(&credential.key.cose_bytes()),
        "transports": ["internal", "smoke-signal"],
    });
    json!({
        "id": "1d0b6f0a-9d38-4d8c-8f83-9a1d3c5b2e77",
        "type": kind,
        "userLabel": "Ann's laptop",
        "createdDate": 1_700_000_000_000_u64,
        "secretData": "{}",
        "credentialData": data.to_string(),
    })
}

pub(super) fn realm(credentials: &[Value]) -> Value {
    json!({
        "id": "a3d1",
        "realm": "example",
        "enabled": true,
        "webAuthnPolicyRpId": "app.example.com",
        "webAuthnPolicyPasswordlessRpId": "app.example.com",
        "groups": [{"name": "staff", "path": "/staff"}],
        "users": [{
            "id": ID,
            "username": "ann",
            "firstName": "Ann",
            "lastName": "Smith",
            "email": "ann@example.com",
            "emailVerified": true,
            "createdTimestamp": 1_690_000_000_123_u64,
            "enabled": true,
            "totp": false,
            "credentials": credentials,
            "requiredActions": [],
            "realmRoles": ["default-roles-example"],
            "groups": ["/staff", "/staff/berlin"],
            "notBefore": 0,
        }],
    })
}

/// Of a realm, what is read.
pub(super) fn described() -> Value {
    let mut realm = realm(&[exported("webauthn", &credential(1, 5))]);
    for unread in ["id", "realm", "enabled", "groups"] {
        realm.as_object_mut().unwrap().remove(unread);
    }
    let user = realm["users"][0].as_object_mut().unwrap();
    for unread in ["totp", "realmRoles", "notBefore"] {
        user.remove(unread);
    }
    let credential = user["credentials"][0].as_object_mut().unwrap();
    for unread in ["id", "secretData"] {
        credential.remove(unread);
    }
    realm
}

/// A place with a looser policy, to which the realm has come.
async fn with_realm(credentials: &[Value]) -> Place {
    let config = ADMIN.replace("[admin]", "[webauthn.two_factor]\nenabled = true\n[admin]");
    let place = Place::configured(&config).await;
    let report = import(&place, "?format=keycloak", &realm(credentials)).await;
    let report = report.expect(200).json();
    assert_eq!(report["created"], 1, "{report}");
    place
}

fn ann(place: &Place, credential: StoredCredential) -> Person<'_> {
    let mut ann = place.person();
    ann.authenticator.credentials.push(credential);
    ann
}

#[tokio::test]
async fn a_user_of_keycloak_signs_in_as_before_and_stays_who_they_were() {
    let place = with_realm(&[
        exported("webauthn-passwordless", &credential(1, 5)),
        json!({"type": "password", "secretData": "{\"value\":\"x\",\"salt\":\"y\"}", "credentialData": "{}"}),
    ])
    .await;
    let user = place.user("ann").await;
    assert_eq!(user.id.0.to_string(), ID);
    assert_eq!(user.display_name, "Ann Smith");
    assert_eq!(user.email.as_deref(), Some("ann@example.com"));
    assert_eq!(user.groups, ["staff", "staff/berlin"]);
    assert_eq!(user.created_at, UnixTime(1_690_000_000));
    assert!(user.policies.is_empty(), "roles are none");
    let stored = place.app.store.credentials_of(user.id).await.unwrap();
    assert_eq!(stored[0].label, "Ann's laptop");
    assert_eq!(stored[0].transports, ["internal"]);
    assert_eq!(stored[0].created_at, UnixTime(1_700_000_000));
    assert_eq!((stored[0].sign_count, stored[0].attested), (5, false));

    // By name, and without one: then the handle must be Keycloak's.
    let mut ann = ann(&place, credential(1, 5));
    ann.log_in("ann").await;
    assert_eq!(ann.read("/userinfo").await.expect(200).json()["sub"], ID);
    let options = ann.begin("login", json!({})).await;
    let response = ann.authenticator.get(&options);
    ann.finish("login", response).await.expect(200);
    let options = ann.begin("login", json!({})).await;
    let mut draft = ann.authenticator.draft_assertion(&options);
    draft.user_handle = Some(user.id.0.as_bytes().to_vec());
    assert_eq!(ann.finish("login", draft.seal()).await.status, 400);
    assert_eq!(place.reason(), "user_handle_mismatch");

    // Another passkey of the same account has the same handle, which is what passkey managers are told.
    ann.log_in("ann").await;
    let listed = ann.read("/v1/self/passkeys").await.expect(200).json();
    let user = json!({ "id": encode(ID.as_bytes()), "name": "ann", "display_name": "Ann Smith" });
    assert_eq!(listed["user"], user);
    let options = ann.begin("register", json!({})).await;
    assert_eq!(options["user"]["id"], encode(ID.as_bytes()));
    let mut other = Authenticator::new(ORIGIN);
    let response = other.create(&options);
    ann.finish("register", response).await.expect(200);
    let mut elsewhere = place.person();
    elsewhere.authenticator = other;
    let options = elsewhere.begin("login", json!({})).await;
    let response = elsewhere.authenticator.get(&options);
    elsewhere.finish("login", response).await.expect(200);
}

#[tokio::test]
async fn a_counter_that_went_back_since_is_noticed() {
    let place = with_realm(&[exported("webauthn-passwordless", &credential(1, 5))]).await;
    let mut ann = ann(&place, credential(1, 4));
    let options = ann.begin("login", json!({"username": "ann"})).await;
    let response = ann.authenticator.get(&options);
    assert_eq!(ann.finish("login", response).await.status, 400);
    assert_eq!(place.reason(), "sign_count");
}

#[tokio::test]
async fn whether_a_passkey_is_synced_is_learned_at_its_first_login_and_holds_from_then_on() {
    let place = with_realm(&[exported("webauthn-passwordless", &credential(1, 0))]).await;
    let mut ann = ann(&place, credential(1, 0));
    ann.authenticator.counts = false;
    ann.authenticator.flags |= flag::BACKUP_ELIGIBLE | flag::BACKUP_STATE;
    ann.log_in("ann").await;
    let passkeys = ann.read("/v1/self/passkeys").await.expect(200).json();
    assert_eq!(passkeys["passkeys"][0]["backup_eligible"], true);
    assert_eq!(passkeys["passkeys"][0]["backup_state"], true);
    ann.log_in("ann").await;
    ann.authenticator.flags &= !(flag::BACKUP_ELIGIBLE | flag::BACKUP_STATE);
    let options = ann.begin("login", json!({"username": "ann"})).await;
    let response = ann.authenticator.get(&options);
    assert_eq!(ann.finish("login", response).await.status, 400);
    assert_eq!(place.reason(), "backup_eligibility_changed");
}

#[tokio::test]
async fn a_second_factor_stays_one() {
    let place = with_realm(&[exported("webauthn", &credential(2, 0))]).await;
    let mut ann = ann(&place, credential(2, 0));
    let named = json!({"username": "ann", "policy": "two_factor"});
    let options = ann.begin("login", named).await;
    let response = ann.authenticator.get(&options);
    ann.finish("login", response).await.expect(200);
    let options = ann.begin("login", json!({})).await;
    let response = ann.authenticator.get(&options);
    assert_eq!(ann.finish("login", response).await.status, 400);
    assert_eq!(place.reason(), "credential_of_other_policy");

    let without = Place::configured(ADMIN).await;
    let document = realm(&[exported("webauthn", &credential(2, 0))]);
    let refused = import(&without, "?format=keycloak", &document)
        .await
        .expect(409);
    let reason = refused.json()["report"]["users"][0]["reasons"][0].to_string();
    assert!(reason.contains("no two_factor policy"), "{reason}");
}

#[tokio::test]
async fn keys_and_ids_are_read_in_every_base64() {
    for variant in 0..4 {
        let passkey = credential(3, 0);
        let mut entry = exported("webauthn-passwordless", &passkey);
        let mut data: Value =
            serde_json::from_str(entry["credentialData"].as_str().unwrap()).unwrap();
        let write = |bytes: &[u8]| match variant {
            0 => STANDARD.encode(bytes),
            1 => STANDARD.encode(bytes).trim_end_matches('=').to_owned(),
            2 => encode(bytes),
            _ => format!("{}==", encode(bytes)),
        };
        data["credentialId"] = write(&passkey.id).into();
        data["credentialPublicKey"] = write(&passkey.key.cose_bytes()).into();
        entry["credentialData"] = data.to_string().into();
        let place = with_realm(&[entry]).await;
        ann(&place, passkey).log_in("ann").await;
    }
}

/// What a dry run says of the first user.
async fn looked_at(place: &Place, document: &Value) -> (Value, String) {
    let dry = import(place, "?format=keycloak&dry_run=true", document).await;
    let user = dry.expect(200).json()["users"][0].clone();
    (user["outcome"].clone(), user["reasons"].to_string())
}

#[tokio::test]
async fn a_passkey_that_cannot_come_over_is_named() {
    let place = Place::configured(ADMIN).await;
    let good = exported("webauthn-passwordless", &credential(1, 0));
    let data = |name: &str, value: Value| {
        let mut entry = good.clone();
        let mut data: Value =
            serde_json::from_str(entry["credentialData"].as_str().unwrap()).unwrap();
        data[name] = value;
        entry["credentialData"] = data.to_string().into();
        realm(&[good.clone(), entry])
    };
    let mut es512 = credential(1, 0).key.cose();
    es512[1].1 = Cbor::from(-36);
    for (document, reason) in [
        (
            data("credentialPublicKey", json!("????")),
            "credentials[1].credentialData.credentialPublicKey: expected base64",
        ),
        (
            data(
                "credentialPublicKey",
                json!(encode(&cbor(&Cbor::Map(es512)))),
            ),
            "credentials[1].public_key: ",
        ),
        (
            data("credentialPublicKey", json!(encode(b"no key"))),
            "credentials[1].public_key: ",
        ),
        (
            data("credentialPublicKey", json!(7)),
            "credentials[1].credentialData.credentialPublicKey: invalid type",
        ),
        (
            data("counter", json!(-3)),
            "credentials[1].credentialData.counter: invalid value",
        ),
        (
            data("aaguid", json!("nil")),
            "credentials[1].credentialData.aaguid: ",
        ),
        (
            data("credentialId", json!("")),
            "credentials[1].id: a credential id cannot be empty",
        ),
    ] {
        let (outcome, why) = looked_at(&place, &document).await;
        assert_eq!(outcome, "refused");
        assert!(why.contains(reason), "{why}");
    }
    let mut elsewhere = realm(&[good]);
    elsewhere["webAuthnPolicyPasswordlessRpId"] = json!("login.example.net");
    let refused = import(&place, "?format=keycloak", &elsewhere)
        .await
        .expect(400);
    let detail = refused.json()["detail"].to_string();
    assert!(
        detail.starts_with("\"webAuthnPolicyPasswordlessRpId: these passkeys are for"),
        "{detail}"
    );
    let answer = import(&place, "?format=keycloak&mount=none", &realm(&[])).await;
    assert_eq!(answer.expect(400).problem(), "bad-request");
}

#[tokio::test]
async fn a_user_who_cannot_come_over_is_told_and_an_unverified_address_stays_behind() {
    let place = Place::configured(ADMIN).await;
    let user = |name: &str, value: Value| {
        let mut document = realm(&[]);
        document["users"][0][name] = value;
        document
    };
    for (document, outcome, reason) in [
        (
            user("id", json!("f:ldap:ann")),
            "refused",
            "id: expected a UUID",
        ),
        // It stands for whoever makes the first administrator's account.
        (
            user("id", json!("00000000-0000-0000-0000-000000000000")),
            "refused",
            "id: it is kept for nobody",
        ),
        (
            user("username", json!("ann smith")),
            "refused",
            "name: a user name cannot hold",
        ),
        (user("groups", json!(["/a,b"])), "refused", "groups: "),
        (
            user("serviceAccountClientId", json!("orders")),
            "skipped",
            "the account of a service",
        ),
    ] {
        let (was, why) = looked_at(&place, &document).await;
        assert_eq!(was, outcome, "{why}");
        assert!(why.contains(reason), "{why}");
    }
    let unverified = user("emailVerified", json!(false));
    let report = import(&place, "?format=keycloak", &unverified)
        .await
        .expect(200)
        .json();
    assert_eq!(
        report["users"][0]["notes"][0],
        "left out: an email address that was not verified"
    );
    assert_eq!(place.user("ann").await.email, None);
}

#[tokio::test]
async fn a_file_of_users_alone_does_not_say_the_relying_party() {
    let place = Place::configured(ADMIN).await;
    let mut document = realm(&[exported("webauthn-passwordless", &credential(1, 0))]);
    for name in ["webAuthnPolicyRpId", "webAuthnPolicyPasswordlessRpId"] {
        document.as_object_mut().unwrap().remove(name);
    }
    document["users"][0]["requiredActions"] = json!(["webauthn-register-passwordless"]);
    document["users"][0]["enabled"] = json!(false);
    let report = import(&place, "?format=keycloak", &document)
        .await
        .expect(200)
        .json();
    let notes = report["users"][0]["notes"].to_string();
    assert!(
        notes.contains("does not say the relying party id"),
        "{notes}"
    );
    let user = place.user("ann").await;
    assert!(user.must_register && user.disabled);
}

#[tokio::test]
async fn names_that_are_too_long_here_lose_their_end_and_keep_nobody_out() {
    let place = Place::configured(ADMIN).await;
    let mut passkey = exported("webauthn-passwordless", &credential(1, 0));
    passkey["userLabel"] = json!(format!("{} and so on", "é".repeat(63)));
    let mut realm = realm(&[passkey]);
    realm["users"][0]["lastName"] = json!("Smith".repeat(40));
    let report = import(&place, "?format=keycloak", &realm).await.expect(200);
    let causes = report.json()["users"][0]["causes"].clone();
    let noted: Vec<_> = causes.as_array().unwrap().iter().collect();
    let [name, label] = noted.as_slice() else {
        panic!("{causes}");
    };
    assert_eq!(
        (&name["field"], &label["field"]),
        (&json!("display_name"), &json!("credentials[0].userLabel"))
    );
    assert_eq!(
        (&label["code"], &name["code"]),
        (&json!("text-cut"), &json!("text-cut"))
    );
    let ann = place.user("ann").await;
    assert_eq!(ann.display_name.chars().count(), 64);
    let passkeys = place.app.store.credentials_of(ann.id).await.unwrap();
    assert_eq!(passkeys[0].label, "é".repeat(63));
}
