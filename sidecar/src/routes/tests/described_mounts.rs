//! The settings of a mount in the OpenAPI document: they are read and shown by name, so nothing but this
//! keeps their description true.

use super::documented::{documents, faults};
use super::people::{ADMIN, administrator};
use super::*;

const STAFF: &str = "/v1/auth/staff/config";

/// Every field, of the kind that it has.
fn everything() -> Value {
    let policy = json!({
        "user_verification": "preferred",
        "registration_user_verification": "required",
        "discoverable_credential": "discouraged",
        "authenticator_attachment": "cross-platform",
        "algorithms": ["ES384", "RS256", "ES256"],
        "timeout": "5m",
        "attestation": "none",
        "refuse_compromised": false,
        "avoid_same_authenticator": false,
        "acceptable_aaguids": ["ee882879-721c-4913-9775-3dfcce97072a"],
        "forbidden_aaguids": ["ee882879-721c-4913-9775-3dfcce97072b"],
        "hints": ["security-key", "client-device", "hybrid"],
    });
    let mut all = policy.clone();
    all["rp_id"] = json!("example.com");
    all["rp_display_name"] = json!("Staff");
    all["rp_origins"] = json!(["https://app.example.com"]);
    all["auto_registration"] = json!(true);
    all["max_credentials"] = json!(3);
    all["two_factor"] = policy;
    all["two_factor"]["enabled"] = json!(true);
    all["revision"] = json!(0);
    all["force"] = json!(true);
    all
}

#[tokio::test]
async fn what_a_mount_is_made_of_is_described_to_the_last_field() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let all = everything();
    // Answers of tests are compared with the document, see `documented.rs`.
    let shown = root.post(STAFF, all.clone()).await.expect(200).json();
    for (name, value) in all.as_object().unwrap() {
        let comes_back = !matches!(
            name.as_str(),
            "revision" | "force" | "two_factor" | "timeout"
        );
        if comes_back {
            assert_eq!(shown["data"][name], *value, "{name}");
        }
    }
    let document = &documents().await.public;
    let taken =
        "/paths/~1v1~1auth~1{mount}~1config/post/requestBody/content/application~1json/schema";
    let taken = document.pointer(taken).unwrap();
    assert_eq!(faults(document, taken, &all), [""; 0]);
    for (place, wrong) in [
        ("/user_verification", json!("maybe")),
        ("/algorithms", json!(["ES512"])),
        ("/two_factor/attestation", json!("yes")),
        ("/rp_origins", json!("https://app.example.com")),
        ("/max_credentials", json!("3")),
        ("/timeout", json!([])),
        ("/unheard_of", json!(1)),
    ] {
        let mut bad = all.clone();
        let (within, name) = place.rsplit_once('/').unwrap();
        bad["revision"] = json!(1);
        bad.pointer_mut(within).unwrap()[name] = wrong;
        assert!(!faults(document, taken, &bad).is_empty(), "{place}");
        root.post(STAFF, bad).await.expect(400);
    }
}

#[tokio::test]
async fn a_name_that_is_nearly_right_is_asked_for() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let refused = root.post(STAFF, json!({ "timeuot": 60 })).await.expect(400);
    let told = "timeuot: there is no such field, did you mean timeout?";
    assert_eq!(refused.json()["detail"], told);
}
