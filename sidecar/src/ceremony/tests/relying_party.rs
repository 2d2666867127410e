//! What makes a relying party.

use super::super::{RelyingParty, RelyingPartyError};

fn new(id: &str, origins: &[&str]) -> Result<RelyingParty, RelyingPartyError> {
    let origins: Vec<String> = origins.iter().map(|&origin| origin.to_owned()).collect();
    RelyingParty::new(id, "Example", &origins)
}

#[test]
fn good_ones() {
    for (id, origins) in [
        ("example.org", &["https://example.org"][..]),
        ("example.org", &["https://login.example.org:8443"]),
        (
            "example.org",
            &["https://example.org", "https://example.com"],
        ),
        ("localhost", &["http://localhost:8080"]),
        (
            "xn--mnchen-3ya.example",
            &["https://xn--mnchen-3ya.example"],
        ),
    ] {
        let relying_party = new(id, origins).expect("a relying party");
        assert_eq!(
            (relying_party.id(), relying_party.origins()),
            (
                id,
                &origins.iter().map(|&o| o.to_owned()).collect::<Vec<_>>()[..]
            )
        );
    }
}

#[test]
fn an_id_is_a_plain_domain() {
    for id in [
        "",
        "https://example.org",
        "example.org:443",
        "Example.org",
        "127.0.0.1",
        "[::1]",
        "example.org.",
        "a b",
    ] {
        let refused = new(id, &["https://example.org"]).expect_err("no domain");
        assert_eq!(refused, RelyingPartyError::Id { id: id.to_owned() });
    }
}

#[test]
fn an_origin_is_written_as_browsers_write_it() {
    for origin in [
        "example.org",
        "https://example.org/",
        "https://example.org:443",
        "https://Example.org",
        "https://user@example.org",
        "https://example.org/login",
        "http://example.org",
        "http://127.0.0.1:8080",
        "null",
        "*",
        "file:///",
    ] {
        let refused = new("example.org", &["https://example.org", origin]).expect_err("no origin");
        assert_eq!(
            refused,
            RelyingPartyError::Origin {
                origin: origin.to_owned()
            }
        );
    }
}

#[test]
fn the_id_must_be_of_use_to_an_origin() {
    for origins in [
        &["https://evilexample.org"][..],
        &["https://example.com"],
        &["https://org"],
    ] {
        let refused = new("example.org", origins).expect_err("no origin can use the id");
        assert_eq!(
            refused,
            RelyingPartyError::IdOfNoOrigin {
                id: "example.org".to_owned()
            }
        );
    }
    assert_eq!(
        new("example.org", &[]).expect_err("none"),
        RelyingPartyError::NoOrigin
    );
    let nameless = RelyingParty::new("example.org", " ", &["https://example.org".to_owned()]);
    assert_eq!(
        nameless.expect_err("no name"),
        RelyingPartyError::DisplayName
    );
}
