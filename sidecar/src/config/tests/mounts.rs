//! Mounts and their policies.

use super::{parse, with};
use crate::ceremony::{Conveyance, Policy, UserVerification};
use crate::model::PolicyName;

#[test]
fn the_defaults_are_the_strict_policy_alone() {
    let config = parse(&with("log", "")).unwrap();
    assert_eq!(config.webauthn.passwordless, Policy::passwordless());
    assert_eq!(config.webauthn.two_factor, None);
    assert_eq!(config.webauthn.rp_display_name, "app.example.com");
    assert!(config.mounts.is_empty() && config.attestation.is_empty());
}

#[test]
fn a_further_mount_has_a_relying_party_and_policies_of_its_own() {
    let text = with(
        "mounts.staff",
        "rp_id = \"example.org\"\n\
         rp_origins = [\"https://staff.example.org\"]\n\
         user_verification = \"preferred\"\n\
         attestation = \"direct\"\n\
         [mounts.staff.two_factor]\n\
         enabled = true\n\
         [mounts.alumni]\n\
         [attestation]\n\
         anchors = \"/anchors\"",
    );
    let config = parse(&text).unwrap();
    let names: Vec<_> = config
        .mounts
        .iter()
        .map(|mount| mount.name.as_str())
        .collect();
    assert_eq!(names, ["alumni", "staff"]);
    let staff = &config.mounts[1];
    assert_eq!(
        (staff.rp_id.as_str(), staff.rp_display_name.as_str()),
        ("example.org", "example.org")
    );
    assert_eq!(
        staff.passwordless.user_verification,
        UserVerification::Preferred
    );
    assert_eq!(staff.passwordless.attestation, Conveyance::Direct);
    let loose = staff.two_factor.as_ref().unwrap();
    assert_eq!(
        (loose.name, loose.attestation),
        (PolicyName::TwoFactor, Conveyance::None)
    );
    assert_eq!(config.mounts[0].rp_id, "app.example.com");
    assert_eq!(config.mounts[0].rp_origins, ["https://app.example.com"]);
    // The default mount is untouched by it.
    assert_eq!(config.webauthn.passwordless, Policy::passwordless());
}

#[test]
fn the_administrator_is_told_what_lists_of_models_are_worth() {
    let list = "acceptable_aaguids = [\"ee882879-721c-4913-9775-3dfcce97072a\"]";
    let notices = |lines: &str, more: &str| {
        let text = with("webauthn", &format!("{lines}\n{more}"));
        let notices = parse(&text).unwrap().notices();
        notices
            .into_iter()
            .filter(|it| it.contains("acceptable_aaguids"))
            .collect::<Vec<_>>()
    };
    let anchors = "[attestation]\nanchors = \"/anchors\"";
    let unasked = notices(list, "");
    assert_eq!(unasked.len(), 1);
    assert!(unasked[0].starts_with("webauthn.acceptable_aaguids holds without proof"));
    assert!(unasked[0].contains("browsers hide the model"));
    let indirect = notices(&format!("{list}\nattestation = \"indirect\""), anchors);
    assert!(indirect[0].contains("holds without proof"));
    assert!(!indirect[0].contains("hide the model"));
    let direct = notices(&format!("{list}\nattestation = \"direct\""), anchors);
    assert_eq!((direct.len(), notices("", "").len()), (0, 0));
}

#[test]
fn each_mount_that_strangers_can_join_is_named() {
    let text = with(
        "mounts.open",
        "self_registration = true\n[mounts.open.two_factor]\nenabled = true",
    );
    let notices = parse(&text).unwrap().notices();
    assert!(
        notices[0].starts_with("mounts.open.self_registration is on"),
        "{notices:?}"
    );
    assert!(
        notices[1].starts_with("mounts.open.two_factor is on"),
        "{notices:?}"
    );
}
