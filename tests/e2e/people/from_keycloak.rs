//! Somebody whose account comes from a Keycloak realm, with the passkeys that they have.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Person;
use crate::operate::order;

/// Keycloak's user handle is the text of this id.
const ID: &str = "0b2ef2f0-5a0e-4f0b-a0a5-3d9d2a1c7e11";

/// As Keycloak writes a passkey of an export of ours.
fn exported(passkey: &Value) -> Value {
    let data = json!({
        "aaguid": passkey["aaguid"], "credentialId": passkey["id"], "counter": passkey["sign_count"],
        "credentialPublicKey": passkey["public_key"], "attestationStatementFormat": "none",
        "transports": passkey["transports"],
    });
    json!({
        "type": "webauthn-passwordless", "userLabel": "Old phone", "secretData": "{}",
        "createdDate": 1_700_000_000_000_u64, "credentialData": data.to_string(),
    })
}

impl Person {
    /// Gives the passkeys of an authenticator the handle that they would have from Keycloak.
    fn hold_as_of_keycloak(&mut self, authenticator: &str) {
        for mut passkey in self.page.credentials(authenticator) {
            let of =
                json!({"authenticatorId": authenticator, "credentialId": passkey["credentialId"]});
            self.page.call("WebAuthn.removeCredential", &of);
            passkey["userHandle"] = STANDARD.encode(ID).into();
            let parameters = json!({"authenticatorId": authenticator, "credential": passkey});
            self.page.call("WebAuthn.addCredential", &parameters);
        }
    }
}

#[test]
fn who_comes_from_keycloak_signs_in_and_the_passkey_manager_is_told() {
    // Passkeys as a realm has them: made here, moved to an account that has never been here.
    let mut person = Person::registered("somebody");
    let first = person.authenticators[0].clone();
    let second = person.page.add_authenticator("usb");
    person.authenticators.push(second.clone());
    person.open("/_latchkey/account");
    person.page.answer_by_itself(&second, true);
    person.page.click("#add");
    person.await_passkeys(&second, 1);
    person
        .page
        .wait_for("document.querySelectorAll('#passkeys > li').length === 2");
    person.log_out();
    let export = order(&person.gateway, &["export", "-"]);
    let export: Value = serde_json::from_str(&export).expect("JSON");
    let passkeys = export["users"][0]["passkeys"].as_array().expect("passkeys");
    let credentials: Vec<_> = passkeys.iter().map(exported).collect();
    assert_eq!(credentials.len(), 2);
    order(&person.gateway, &["users", "delete", "somebody", "--yes"]);
    for authenticator in [&first, &second] {
        person.hold_as_of_keycloak(authenticator);
    }
    let realm = json!({
        "realm": "example", "webAuthnPolicyPasswordlessRpId": "localhost",
        "users": [{
            "id": ID, "username": "kim", "firstName": "Kim", "lastName": "Park", "enabled": true,
            "credentials": credentials,
        }],
    });
    let file = person.gateway.dir().join("realm.json");
    std::fs::write(&file, realm.to_string()).expect("a file");
    let file = file.to_string_lossy();
    let import = ["import", &file, "--format", "keycloak", "-o", "json"];
    let looked = order(&person.gateway, &[&import[..], &["--dry-run"]].concat());
    let looked: Value = serde_json::from_str(&looked).expect("JSON");
    assert_eq!(
        (&looked["created"], &looked["passkeys"]),
        (&json!(1), &json!(2))
    );
    let nobody = order(&person.gateway, &["users", "list", "-o", "json"]);
    assert!(!nobody.contains("kim"), "it was dry: {nobody}");
    order(&person.gateway, &import);

    // An administrator takes one away; the browser's manager knows them by Keycloak's handle.
    let removed = person.page.credentials(&second).remove(0);
    let removed = STANDARD.decode(removed["credentialId"].as_str().expect("an id"));
    let removed = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(removed.expect("base64"));
    order(
        &person.gateway,
        &["users", "remove-passkey", "kim", &removed, "--yes"],
    );
    person.open("/orders");
    person.await_login_page();
    person.page.answer_by_itself(&first, true);
    person.page.click("[data-action=nameless]");
    person.page.wait_for_path("/orders");
    person.await_passkeys(&second, 0);
    let kept = person.page.credentials(&first);
    assert_eq!(kept.len(), 1, "the good one stays");
    assert_eq!(kept[0]["userName"], "kim");
    assert_eq!(kept[0]["userDisplayName"], "Kim Park");
}
