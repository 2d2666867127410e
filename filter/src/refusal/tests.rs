use latchkey_token::TokenError;

use super::*;
use crate::{credentials::CredentialError, path::Ambiguity, test_support};

const NAVIGATE: (&str, &str) = ("sec-fetch-mode", "navigate");

fn answer(method: &str, path: &str, headers: &[(&str, &str)], reason: Reason) -> Response {
    answer_on(true, method, path, headers, reason)
}

fn answer_on(
    has_sign_in: bool,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    reason: Reason,
) -> Response {
    let method = [(":method", method)];
    let headers = method.iter().chain(headers);
    let headers = headers
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
        .collect();
    let target = Target::parse(path.as_bytes()).ok();
    let request = Request::new(headers);
    response(
        &test_support::config(),
        &request,
        target.as_ref(),
        has_sign_in,
        reason,
    )
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response
        .headers
        .iter()
        .find(|(is, _)| *is == name)
        .map(|(_, value)| value.as_str())
}

#[test]
fn a_page_load_goes_to_the_sign_in_and_back() {
    for headers in [
        &[NAVIGATE][..],
        &[NAVIGATE, ("accept", "*/*")],
        &[("accept", "text/html,application/xhtml+xml;q=0.9")],
    ] {
        let response = answer(
            "GET",
            "/orders/../a?b=c&d=%2F",
            headers,
            Reason::NoCredential,
        );
        assert_eq!(response.status, 302, "{headers:?}");
        assert_eq!(
            header(&response, "location"),
            Some("/_latchkey/login?rd=/a%3Fb%3Dc%26d%3D%252F")
        );
        assert_eq!(header(&response, "cache-control"), Some("no-store"));
    }
    assert_eq!(
        answer("HEAD", "/", &[NAVIGATE], Reason::NoCredential).status,
        302
    );
}

#[test]
fn programs_get_a_401_and_never_a_redirect() {
    for (method, headers) in [
        ("GET", &[][..]),
        ("GET", &[("accept", "application/json")]),
        ("GET", &[("accept", "*/*")]),
        (
            "GET",
            &[
                ("accept", "text/html"),
                ("x-requested-with", "XMLHttpRequest"),
            ],
        ),
        (
            "GET",
            &[("accept", "text/html"), ("sec-fetch-mode", "cors")],
        ),
        (
            "GET",
            &[("accept", "text/html"), ("sec-fetch-mode", "same-origin")],
        ),
        (
            "GET",
            &[
                ("accept", "text/html"),
                ("sec-fetch-mode", "websocket"),
                ("upgrade", "websocket"),
            ],
        ),
        ("GET", &[NAVIGATE, NAVIGATE]),
        ("GET", &[NAVIGATE, ("upgrade", "websocket")]),
        ("POST", &[]),
        (
            "POST",
            &[("sec-fetch-mode", "cors"), ("accept", "text/html")],
        ),
        ("OPTIONS", &[("sec-fetch-mode", "cors")]),
        ("CONNECT", &[NAVIGATE]),
    ] {
        let response = answer(method, "/x", headers, Reason::NoCredential);
        assert_eq!(response.status, 401, "{method} {headers:?}");
        assert_eq!(
            header(&response, "content-type"),
            Some("application/problem+json")
        );
        assert_eq!(
            header(&response, "www-authenticate"),
            Some("Bearer realm=\"latchkey\"")
        );
        assert_eq!(header(&response, "cache-control"), Some("no-store"));
        assert!(header(&response, "location").is_none());
        assert!(response.body.contains("urn:latchkey:problem:unauthorized"));
    }
}

#[test]
fn a_navigating_post_gets_a_page_with_a_link() {
    let response = answer(
        "POST",
        "/x?a=\"><script>&b",
        &[NAVIGATE],
        Reason::NoCredential,
    );
    assert_eq!(response.status, 401);
    assert_eq!(
        header(&response, "content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(header(&response, "www-authenticate").is_some());
    assert!(
        response
            .body
            .contains("<a href=\"/_latchkey/login?rd=/x%3Fa%3D%22%3E%3Cscript%3E%26b\">"),
        "{}",
        response.body
    );
}

#[test]
fn where_there_is_no_sign_in_nobody_is_sent_to_it() {
    let response = answer_on(false, "GET", "/x", &[NAVIGATE], Reason::NoCredential);
    assert_eq!(response.status, 401);
    assert!(
        response
            .body
            .contains("<a href=\"https://app.example.com/_latchkey/login\">")
    );
}

#[test]
fn what_a_sign_in_does_not_mend_is_no_redirect() {
    for (reason, status) in [
        (Reason::Denied, 403),
        (Reason::CrossSite, 403),
        (Reason::NoKeys, 503),
        (Reason::Ambiguous(Ambiguity::Backslash), 400),
        (Reason::Credential(CredentialError::NotBearer), 401),
        (Reason::Credential(CredentialError::Disagree), 401),
    ] {
        for headers in [&[NAVIGATE][..], &[]] {
            let response = answer("GET", "/x", headers, reason);
            assert_eq!(response.status, status, "{reason}");
            assert_eq!(header(&response, "cache-control"), Some("no-store"));
            assert_eq!(header(&response, "retry-after").is_some(), status == 503);
        }
    }
}

#[test]
fn whoever_has_another_certificate_reads_so_before_they_sign_in_again() {
    let response = answer("GET", "/x", &[NAVIGATE], Reason::CertificateMismatch);
    assert_eq!(response.status, 401);
    assert_eq!(header(&response, "location"), None);
    let link = "<a href=\"/_latchkey/login?rd=/x\">Sign in</a>";
    for part in ["certificate", link] {
        assert!(response.body.contains(part), "{}", response.body);
    }
    // Another account may have what this one lacks.
    for reason in [
        Reason::CertificateMissing,
        Reason::GroupMissing,
        Reason::PolicyMissing,
    ] {
        let response = answer("GET", "/x", &[NAVIGATE], reason);
        assert_eq!(response.status, 403);
        let link = "<a href=\"/_latchkey/logout\">Sign out</a>";
        assert!(response.body.contains(link), "{}", response.body);
    }
    // There is nothing to sign out of on a host without sign-in.
    let response = answer_on(false, "GET", "/x", &[NAVIGATE], Reason::CertificateMissing);
    assert!(!response.body.contains("href"), "{}", response.body);
}

#[test]
fn strangers_do_not_learn_what_is_wrong_with_a_token() {
    let one = answer(
        "GET",
        "/x",
        &[],
        Reason::Token(TokenError::SignatureInvalid),
    );
    let other = answer(
        "GET",
        "/x",
        &[],
        Reason::Token(TokenError::Expired {
            expired_at: 1,
            now: 2,
        }),
    );
    assert_eq!(one, other);
    let challenge = "Bearer realm=\"latchkey\", error=\"invalid_token\"";
    assert_eq!(header(&one, "www-authenticate"), Some(challenge));
}

#[test]
fn a_long_way_back_is_shortened() {
    let location = |path: &str| {
        let response = answer("GET", path, &[NAVIGATE], Reason::NoCredential);
        header(&response, "location").unwrap().to_owned()
    };
    let long = "x".repeat(3000);
    assert_eq!(location(&format!("/a?{long}")), "/_latchkey/login?rd=/a");
    assert_eq!(location(&format!("/{long}")), "/_latchkey/login?rd=/");
}

#[test]
fn a_page_names_the_request_to_whoever_asks_for_help() {
    let body = |id: &str| {
        let headers = [NAVIGATE, ("x-request-id", id)];
        answer("GET", "/x", &headers, Reason::Denied).body
    };
    let id = "4ad3f0a1-27c5-4e0e-9d3c-0a8d4e3f7b11";
    assert!(body(id).contains(&format!("<small>{id}</small>")));
    for odd in ["", "a<b", "\"", "a b", &"a".repeat(65)] {
        assert!(!body(odd).contains("<small>"), "{odd:?}");
    }
}
