//! What every rendered page must be, whoever asks for it and with whatever words.

use super::{Admission, Failure, Pages, Site, Visitor, Visitors};
use crate::model::{Credential, CredentialId, Need, Trait, UnixTime, User, UserId};
use crate::storage::StorageError;
use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, Uri, header};
use std::sync::Arc;
use tower::ServiceExt as _;
use uuid::Uuid;

struct Scene {
    visitor: Visitor,
    passkeys: Vec<Credential>,
    store_down: bool,
    admission: Admission,
}

#[async_trait]
impl Visitors for Scene {
    async fn visitor(&self, _: &HeaderMap) -> Result<Visitor, StorageError> {
        self.up().map(|()| self.visitor.clone())
    }

    async fn lacking(&self, _: &HeaderMap, need: &Need) -> Result<Vec<Trait>, StorageError> {
        // A synced passkey, a minute ago.
        let synced = |it: &&Trait| matches!(it, Trait::DeviceBound | Trait::Attested);
        let old = need.max_age().is_some_and(|age| age.0 < 60);
        let recent = old.then_some(Trait::Recent);
        let traits = need.traits().iter().filter(synced).copied();
        Ok(recent.into_iter().chain(traits).collect())
    }

    async fn admission(&self, _: &Uri, _: &HeaderMap) -> Result<Admission, StorageError> {
        self.up().map(|()| self.admission.clone())
    }

    async fn passkeys(&self, _: UserId) -> Result<Vec<Credential>, StorageError> {
        self.up().map(|()| self.passkeys.clone())
    }
}

impl Scene {
    fn up(&self) -> Result<(), StorageError> {
        if self.store_down {
            return Err(StorageError::Read(std::io::Error::other("gone")));
        }
        Ok(())
    }
}

fn pages(visitor: Visitor, passkeys: Vec<Credential>) -> Pages {
    pages_of(Scene {
        visitor,
        passkeys,
        store_down: false,
        admission: Admission::NotHere,
    })
}

fn pages_of(scene: Scene) -> Pages {
    let site = Site {
        public_path: "/_latchkey".into(),
        mount: "webauthn".into(),
        rp_id: "app.example.com".into(),
        rp_name: "Example & <Sons>".into(),
        self_registration: true,
    };
    Pages::new(site, Arc::new(scene))
}

fn user(name: &str, display_name: &str) -> User {
    User {
        id: UserId(Uuid::from_u128(7)),
        name: serde_json::from_value(serde_json::json!(name)).unwrap(),
        display_name: display_name.into(),
        email: None,
        groups: vec![],
        policies: vec![],
        disabled: false,
        created_at: UnixTime(1_700_000_000),
        limits: crate::model::UserLimits::default(),
        must_register: false,
        passkey_alert: false,
    }
}

fn passkey(label: &str) -> Credential {
    Credential {
        id: CredentialId::from_bytes(label.as_bytes()).unwrap_or_else(|_| {
            CredentialId::from_bytes(b"no label").expect("eight bytes are an id")
        }),
        user: UserId(Uuid::from_u128(7)),
        mount: "webauthn".into(),
        record: serde_json::Value::Null,
        algorithm: -7,
        aaguid: Uuid::from_u128(0xea9b_8d66_4d01_1d21_3ce4_b6b4_8cb5_75d4),
        attested: false,
        transports: vec![],
        attachment: None,
        sign_count: 0,
        backup_eligible: true,
        backup_state: true,
        label: label.into(),
        created_at: UnixTime(1_772_539_200),
        last_used_at: None,
        disabled_at: None,
    }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

async fn read(response: axum::response::Response) -> Answer {
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

async fn open(pages: &Pages, place: &str) -> Answer {
    let request = Request::get(place)
        .header("host", "evil.example")
        .body(Body::empty())
        .unwrap();
    read(pages.router::<()>().oneshot(request).await.unwrap()).await
}

const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;";

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
    all
}

/// The start tags of a page: its text cannot hold a `<` that is not escaped.
fn tags(html: &str) -> impl Iterator<Item = &str> {
    html.split('<')
        .skip(1)
        .map(|rest| rest.split('>').next().unwrap_or_default())
}

/// Names of a start tag's attributes: what stands outside of the quotes, which no value can leave.
fn attributes(tag: &str) -> impl Iterator<Item = &str> {
    tag.split('"')
        .step_by(2)
        .flat_map(str::split_whitespace)
        .map(|part| part.trim_end_matches('='))
}

#[tokio::test]
async fn no_page_has_inline_script_or_style_whatever_people_call_themselves() {
    for (place, answer) in every_page().await {
        for tag in tags(&answer.body) {
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
        assert!(!answer.body.contains("<script>"), "{place}");
        assert!(!answer.body.contains("<img src=x"), "{place}");
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
async fn the_login_page_goes_only_to_places_of_our_own() {
    let pages = pages(Visitor::Stranger, vec![]);
    for (query, rd) in [
        ("", "/"),
        ("?rd=%2Forders%3Fid%3D7%23x", "/orders?id=7#x"),
        ("?rd=//evil.test", "/"),
        ("?rd=/%5Cevil.test", "/"),
        ("?rd=/%09/evil.test", "/"),
        ("?rd=/%2509/evil.test", "/"),
        ("?rd=https://good.test@evil.test", "/"),
        ("?rd=good.evil", "/"),
        ("?rd=javascript:alert(1)", "/"),
        ("?rd=data:text/html,x", "/"),
        ("?rd=/x%0D%0ASet-Cookie:a=b", "/"),
        ("?rd=/orders&rd=/other", "/"),
        ("?rd=/_latchkey/login", "/"),
        ("?rd=%ff", "/"),
    ] {
        let answer = open(&pages, &format!("/login{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}");
        assert!(
            answer.body.contains(&format!("data-rd=\"{rd}\"")),
            "{query}"
        );
    }
}

#[tokio::test]
async fn the_login_page_starts_where_its_visitor_stands() {
    let alice = || Visitor::Known(user("alice", "Alice"));
    for (visitor, query, start) in [
        (Visitor::Stranger, "", "login"),
        (Visitor::Stranger, "?rd=/x", "login"),
        (Visitor::Stranger, "?rd=/x&max_age=60", "login"),
        (Visitor::Returning, "", "resume"),
        (Visitor::Returning, "?rd=/x", "resume"),
        (Visitor::Returning, "?rd=/x&max_age=60", "login"),
        (alice(), "", "known"),
        (alice(), "?rd=/x", "resume"),
        (alice(), "?rd=/x&max_age=60", "resume"),
        (alice(), "?rd=/x&max_age=59", "confirm"),
        (alice(), "?rd=/x&max_age=rubbish", "confirm"),
        (alice(), "?rd=/x&acr_values=phr", "resume"),
        (alice(), "?rd=/x&acr_values=phrh", "confirm"),
        (alice(), "?rd=/x&need=device_bound", "confirm"),
        (alice(), "?rd=/x&need=device_bound&after=1", "lacking"),
        (alice(), "?rd=/x&max_age=0&after=1", "resume"),
        (alice(), "?rd=/x&need=aaguid", "confirm"),
        (alice(), "?rd=/x&need=aaguid&after=1", "resume"),
        (alice(), "?rd=/x&need=later", "resume"),
    ] {
        let answer = open(&pages(visitor.clone(), vec![]), &format!("/login{query}")).await;
        assert!(
            answer.body.contains(&format!("data-start=\"{start}\"")),
            "{visitor:?} {query}: not {start}"
        );
    }
}

#[tokio::test]
async fn the_login_page_says_in_words_what_is_needed() {
    let alice = || Visitor::Known(user("alice", "Alice"));
    for (visitor, query, words) in [
        (
            alice(),
            "?rd=/x&max_age=1",
            "asks you to confirm that it is you",
        ),
        (
            alice(),
            "?rd=/x&need=device_bound",
            "kept on one device or security key",
        ),
        (
            Visitor::Stranger,
            "?rd=/x&need=synced",
            "synced between your devices",
        ),
        (
            Visitor::Stranger,
            "?rd=/x&acr_values=phrh",
            "whose maker is proved",
        ),
        (
            alice(),
            "?rd=/x&need=attested&after=1",
            "does not meet what this page needs",
        ),
    ] {
        let answer = open(&pages(visitor.clone(), vec![]), &format!("/login{query}")).await;
        assert!(answer.body.contains(words), "{query}: {}", answer.body);
    }
    let plain = open(&pages(alice(), vec![]), "/login?rd=/x").await;
    assert!(!plain.body.contains("needs a passkey"), "{}", plain.body);
}

#[tokio::test]
async fn creating_an_account_is_offered_only_where_it_is_switched_on() {
    let mut pages = pages(Visitor::Stranger, vec![]);
    assert!(open(&pages, "/login").await.body.contains("register-form"));
    Arc::make_mut(&mut pages.site).self_registration = false;
    let answer = open(&pages, "/login").await;
    assert!(!answer.body.contains("register"), "{}", answer.body);
}

#[tokio::test]
async fn the_account_page_is_for_its_owner_only() {
    for visitor in [Visitor::Stranger, Visitor::Returning] {
        let answer = open(&pages(visitor, vec![passkey("secret label")]), "/account").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(
            answer.headers[header::LOCATION],
            "/_latchkey/login?rd=%2F_latchkey%2Faccount"
        );
        assert!(!answer.body.contains("secret label"));
    }
}

#[tokio::test]
async fn the_account_page_tells_a_passkey_by_label_maker_and_keeping() {
    let mut bound = passkey("Work key");
    bound.backup_eligible = false;
    bound.backup_state = false;
    bound.last_used_at = Some(UnixTime(1_772_625_600));
    let alice = Visitor::Known(user("alice", "Alice"));
    let html = open(&pages(alice, vec![bound, passkey("")]), "/account")
        .await
        .body;
    let rows: Vec<&str> = html.split("<li class=\"passkey\"").collect();
    assert!(rows[1].contains(">Work key</h3>"));
    assert!(rows[1].contains(">Google Password Manager</span>"));
    assert!(rows[1].contains("data-keeping=\"device\""));
    assert!(rows[1].contains("datetime=\"2026-03-04T12:00:00Z\">4 March 2026</time>"));
    assert!(rows[2].contains(">Google Password Manager</h3>"));
    assert!(rows[2].contains("data-keeping=\"synced\""));
    assert!(rows[2].contains("Not used yet"));
}

#[tokio::test]
async fn a_store_that_is_down_is_said_so_and_logging_in_stays_open() {
    let scene = || Scene {
        visitor: Visitor::Stranger,
        passkeys: vec![],
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

async fn admin_page(admission: Admission) -> Answer {
    let scene = Scene {
        visitor: Visitor::Stranger,
        passkeys: vec![],
        store_down: false,
        admission,
    };
    open(&pages_of(scene), "/admin").await
}

#[tokio::test]
async fn the_page_of_administrators_leads_to_the_login_that_it_needs() {
    let max_age = crate::model::Seconds(300);
    for (admission, place) in [
        (
            Admission::LogIn,
            "/_latchkey/login?rd=%2F_latchkey%2Fadmin&need=user_verified",
        ),
        (
            Admission::StepUp { max_age },
            "/_latchkey/login?rd=%2F_latchkey%2Fadmin&need=user_verified&max_age=300",
        ),
        (Admission::MustRegister, "/_latchkey/account"),
    ] {
        let answer = admin_page(admission).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.headers[header::LOCATION], place);
    }
}

#[tokio::test]
async fn who_is_no_administrator_learns_it_in_words() {
    let answer = admin_page(Admission::NoAdministrator).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.body.contains("This page is for administrators"));
    assert!(!answer.body.contains("admin.mjs"));
}

#[tokio::test]
async fn a_host_without_administration_has_no_such_page() {
    let answer = admin_page(Admission::NotHere).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(
        !answer.body.to_lowercase().contains("admin"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn the_page_of_administrators_is_a_shell_that_scripts_fill() {
    let hostile = user("root", "<img src=x onerror=alert(1)>");
    let answer = admin_page(Admission::Administrator(hostile)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.body.contains("data-user-name=\"root\""));
    assert!(!answer.body.contains("<img src=x"));
    let policy = answer.headers[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap();
    assert!(!policy.contains("unsafe") && policy.contains("trusted-types 'none'"));
    for tag in tags(&answer.body) {
        assert!(!tag.contains(" style=") && !tag.contains(" on"), "{tag}");
    }
}
