//! What the application is told about who asks.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use latchkey_tests::Guarded;
use serde_json::json;

use super::{security_key, session};

#[test]
fn chosen_claims_arrive_in_chosen_headers() {
    let gateway = Guarded::start_with(|config| {
        config.edit_filter(|filter| {
            filter["identity_headers"] = json!({
                "sub": "x-user-id", "email": null, "groups": {"header": "x-groups", "format": "json"},
                "policies": "x-policies", "auth_time": "x-auth-time", "sid": "x-session",
                "authn.attested": "x-attested", "authn.attachment": {"header": "x-attachment"},
            });
            filter["forward_payload"] = json!({"header": "x-claims"});
        });
    });
    let cookie = session(
        &gateway,
        &json!({
            "groups": ["staff", "\u{5c0f}\u{7d44} \"1\""], "policies": ["read", "write"],
            "auth_time": 1_700_000_000, "authn": security_key(),
        }),
    );
    let request = gateway.stranger().get("/").header("cookie", cookie);
    let spoofed = request
        .header("x-claims", "mine")
        .header("X_Policies", "root");
    assert_eq!(spoofed.send().status, 200);
    let received = gateway.upstream.only();
    for (name, value) in [
        ("x-user-id", Some("7f8a1d5e-5f5b-4a55-9d7c-0a4b9c1d2e3f")),
        ("x-auth-request-user", None),
        ("x-auth-request-email", None),
        ("x-auth-request-preferred-username", Some("ann")),
        (
            "x-groups",
            Some("[\"staff\",\"\u{5c0f}\u{7d44} \\\"1\\\"\"]"),
        ),
        ("x-policies", Some("read,write")),
        ("x_policies", None),
        ("x-auth-time", Some("1700000000")),
        ("x-session", Some("0b9e1d6c-6c1f-4f0a-8d3a-6a0f2f1c7e22")),
        ("x-attested", Some("true")),
        ("x-attachment", Some("cross-platform")),
        ("x-latchkey-token", None),
    ] {
        assert_eq!(received.header(name).as_deref(), value, "{name}");
    }
    let payload = received.header_all("x-claims");
    let payload = BASE64URL.decode(payload.concat()).expect("base64url");
    let claims: serde_json::Value = serde_json::from_slice(&payload).expect("the claims");
    assert_eq!(claims["sub"], "7f8a1d5e-5f5b-4a55-9d7c-0a4b9c1d2e3f");
    assert_eq!(claims["policies"], json!(["read", "write"]));
}
