//! What every page must be, whoever asks for it and with whatever words.

use super::*;

pub(super) const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;";

/// Every page, as strangers and as someone with the worst possible name, with hostile queries.
async fn every_page() -> Vec<(String, Answer)> {
    let mut all = Vec::new();
    let visitors = [
        Visitor::Stranger,
        Visitor::Returning,
        Visitor::Known(user(HOSTILE, HOSTILE)),
        Visitor::Known(user("alice", " ")),
    ];
    for visitor in visitors {
        let pages = pages(visitor.clone(), vec![passkey(HOSTILE), passkey("")]);
        let hostile: String =
            url::form_urlencoded::byte_serialize(format!("/{HOSTILE}").as_bytes()).collect();
        for place in [
            "/login".to_owned(),
            format!("/login?rd={hostile}"),
            format!("/login?rd={hostile}&max_age=0"),
            format!("/login?{hostile}={hostile}&%ff=%ff"),
            "/account".to_owned(),
            "/logout".to_owned(),
            format!("/stuck?why=cookies&rd={hostile}"),
            format!("/stuck?why={hostile}&rd={hostile}"),
        ] {
            let answer = open(&pages, &place).await;
            all.push((place, answer));
        }
        all.push((
            "not found".to_owned(),
            read(pages.not_found(&HeaderMap::new())).await,
        ));
        for failure in [Failure::Unavailable, Failure::Internal] {
            all.push((
                format!("{failure:?}"),
                read(pages.failure(&HeaderMap::new(), failure, Some(HOSTILE))).await,
            ));
        }
    }
    for admission in [
        Admission::NotHere,
        Admission::LogIn,
        Admission::NoAdministrator,
        Admission::Administrator(Box::new(user(HOSTILE, HOSTILE))),
    ] {
        all.push((
            format!("{admission:?}"),
            administration::page_for(admission).await,
        ));
    }
    all
}

/// Names of a start tag's attributes: what stands outside of the quotes, which no value can leave.
fn attributes(tag: &str) -> impl Iterator<Item = &str> {
    tag.split('"')
        .step_by(2)
        .flat_map(str::split_whitespace)
        .map(|part| part.trim_end_matches('='))
}

/// Asserts that nothing in a page is script or style but what it links to.
pub(super) fn assert_harmless(place: &str, html: &str) {
    for tag in tags(html) {
        let name = tag.split([' ', '\n']).next().unwrap_or_default();
        assert_ne!(name, "style", "{place}: <{tag}>");
        assert!(
            name != "script" || tag.contains(" src=\"/_latchkey/assets/"),
            "{place}: {tag}"
        );
        for attribute in attributes(tag) {
            assert_ne!(attribute, "style", "{place}: <{tag}>");
            assert!(!attribute.starts_with("on"), "{place}: <{tag}>");
        }
        assert!(!tag.contains("javascript:"), "{place}: <{tag}>");
    }
    assert!(!html.contains("<script>"), "{place}");
    assert!(!html.contains("<img src=x"), "{place}");
}

#[tokio::test]
async fn no_page_has_inline_script_or_style_whatever_people_call_themselves() {
    for (place, answer) in every_page().await {
        assert_harmless(&place, &answer.body);
    }
}

#[tokio::test]
async fn every_page_forbids_framing_inline_script_and_storing() {
    for (place, answer) in every_page().await {
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store", "{place}");
        if answer.status == StatusCode::SEE_OTHER {
            continue;
        }
        let policy = answer.headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self';",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{place}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{place}: {policy}");
        assert_eq!(
            answer.headers[header::X_CONTENT_TYPE_OPTIONS],
            "nosniff",
            "{place}"
        );
        assert_eq!(
            answer.headers[header::CONTENT_TYPE],
            "text/html; charset=utf-8",
            "{place}"
        );
    }
}

#[tokio::test]
async fn no_page_mentions_the_host_that_the_request_named() {
    for (place, answer) in every_page().await {
        assert!(!answer.body.contains("evil.example"), "{place}");
        assert!(
            !format!("{:?}", answer.headers).contains("evil.example"),
            "{place}"
        );
    }
}

#[tokio::test]
async fn a_store_that_is_down_is_said_so_and_logging_in_stays_open() {
    let scene = || Scene {
        visitor: Visitor::Stranger,
        passkeys: vec![],
        has_codes: false,
        store_down: true,
        admission: Admission::NotHere,
    };
    for place in ["/account", "/logout"] {
        let answer = open(&pages_of(scene()), place).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{place}");
        assert!(answer.headers.contains_key(header::RETRY_AFTER), "{place}");
    }
    assert_eq!(
        open(&pages_of(scene()), "/login").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn assets_are_kept_for_ever_and_found_from_every_page() {
    let pages = pages(Visitor::Known(user("alice", "Alice")), vec![]);
    for place in ["/login", "/account", "/logout", "/stuck"] {
        let html = open(&pages, place).await.body;
        for tag in tags(&html) {
            let Some((_, rest)) = tag.split_once("\"/_latchkey/assets/") else {
                continue;
            };
            let address = format!("/assets/{}", rest.split('"').next().unwrap());
            let answer = open(&pages, &address).await;
            assert_eq!(answer.status, StatusCode::OK, "{address}");
            let kept = answer.headers[header::CACHE_CONTROL].to_str().unwrap();
            assert!(kept.contains("immutable"), "{address}");
        }
    }
    assert_eq!(
        open(&pages, "/assets/00/en/login.mjs").await.status,
        StatusCode::NOT_FOUND
    );
}
