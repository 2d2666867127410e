//! Every endpoint of the administration, from one table, against everybody and everything that must
//! not get through. The table is held to the router: a route that is missing here fails a test.

use super::people::{ADMIN, administrator};
use super::*;
use http_body_util::channel::Channel;
use std::collections::BTreeSet;

/// Method, path as it is routed, and a path that names something.
pub(super) const EVERY_ENDPOINT: [(&str, &str, &str); 34] = [
    ("GET", "/v1/admin/mounts", "/v1/admin/mounts"),
    (
        "DELETE",
        "/v1/auth/{mount}/config",
        "/v1/auth/webauthn/config",
    ),
    ("GET", "/v1/auth/{mount}/config", "/v1/auth/webauthn/config"),
    (
        "POST",
        "/v1/auth/{mount}/config",
        "/v1/auth/webauthn/config",
    ),
    ("GET", "/v1/auth/{mount}/user", "/v1/auth/webauthn/user"),
    (
        "GET",
        "/v1/auth/{mount}/user/{name}",
        "/v1/auth/webauthn/user/ann",
    ),
    (
        "POST",
        "/v1/auth/{mount}/user/{name}",
        "/v1/auth/webauthn/user/ann",
    ),
    (
        "DELETE",
        "/v1/auth/{mount}/user/{name}",
        "/v1/auth/webauthn/user/ann",
    ),
    ("GET", "/v1/admin/users", "/v1/admin/users"),
    ("POST", "/v1/admin/users", "/v1/admin/users"),
    ("GET", "/v1/admin/users/{user}", "/v1/admin/users/ann"),
    ("PATCH", "/v1/admin/users/{user}", "/v1/admin/users/ann"),
    ("DELETE", "/v1/admin/users/{user}", "/v1/admin/users/ann"),
    (
        "POST",
        "/v1/admin/users/{user}/disable",
        "/v1/admin/users/ann/disable",
    ),
    (
        "POST",
        "/v1/admin/users/{user}/enable",
        "/v1/admin/users/ann/enable",
    ),
    (
        "POST",
        "/v1/admin/users/{user}/enrolment",
        "/v1/admin/users/ann/enrolment",
    ),
    (
        "DELETE",
        "/v1/admin/users/{user}/enrolment",
        "/v1/admin/users/ann/enrolment",
    ),
    (
        "DELETE",
        "/v1/admin/users/{user}/recovery-codes",
        "/v1/admin/users/ann/recovery-codes",
    ),
    (
        "GET",
        "/v1/admin/users/{user}/passkeys",
        "/v1/admin/users/ann/passkeys",
    ),
    (
        "PATCH",
        "/v1/admin/users/{user}/passkeys/{id}",
        "/v1/admin/users/ann/passkeys/AAAA",
    ),
    (
        "DELETE",
        "/v1/admin/users/{user}/passkeys/{id}",
        "/v1/admin/users/ann/passkeys/AAAA",
    ),
    (
        "GET",
        "/v1/admin/users/{user}/sessions",
        "/v1/admin/users/ann/sessions",
    ),
    (
        "DELETE",
        "/v1/admin/users/{user}/sessions",
        "/v1/admin/users/ann/sessions",
    ),
    ("GET", "/v1/admin/sessions", "/v1/admin/sessions"),
    ("DELETE", "/v1/admin/sessions", "/v1/admin/sessions"),
    (
        "DELETE",
        "/v1/admin/sessions/{id}",
        "/v1/admin/sessions/00000000-0000-0000-0000-000000000001",
    ),
    (
        "POST",
        "/v1/admin/sessions/revoke",
        "/v1/admin/sessions/revoke",
    ),
    ("GET", "/v1/admin/audit", "/v1/admin/audit"),
    ("GET", "/v1/admin/keys", "/v1/admin/keys"),
    ("POST", "/v1/admin/keys/rotate", "/v1/admin/keys/rotate"),
    (
        "POST",
        "/v1/admin/keys/{kid}/revoke",
        "/v1/admin/keys/none/revoke",
    ),
    ("POST", "/v1/admin/bootstrap", "/v1/admin/bootstrap"),
    ("GET", "/v1/admin/export", "/v1/admin/export"),
    ("POST", "/v1/admin/import", "/v1/admin/import"),
];

#[tokio::test]
async fn no_endpoint_of_the_administration_is_missing_here() {
    let listed: BTreeSet<(String, String)> = EVERY_ENDPOINT
        .iter()
        .map(|(method, route, _)| ((*method).to_owned(), (*route).to_owned()))
        .collect();
    let mut served = documented::administration().await;
    served.remove(&("GET".to_owned(), "/v1/openapi.json".to_owned()));
    assert_eq!(served, listed);
}

/// Asks everything; each answer must be this.
pub(super) async fn ask_everything(person: &mut Person<'_>, status: u16, problem: &str) {
    for (method, _, path) in EVERY_ENDPOINT {
        let body = if method == "GET" {
            Value::Null
        } else {
            json!({})
        };
        let answer = person.call(method.parse().unwrap(), path, body).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.problem(), problem, "{method} {path}");
        assert!(answer.set_cookies().is_empty(), "{method} {path}");
    }
}

/// What could have been changed.
async fn everything(place: &Place) -> (Value, Value, Value) {
    let read = async |path| {
        let answer = place.control(Method::GET, path, Value::Null).await;
        answer.expect(200).json()
    };
    (
        read("/v1/admin/users").await,
        read("/v1/admin/sessions").await,
        read("/v1/admin/keys").await,
    )
}

/// The endpoints that change something.
fn orders() -> impl Iterator<Item = (&'static str, &'static str)> {
    let orders = EVERY_ENDPOINT.into_iter();
    let orders = orders.filter(|(method, ..)| *method != "GET");
    orders.map(|(method, _, path)| (method, path))
}

/// An order with all of an administrator's cookies, and headers of choice.
fn forged(
    root: &Person<'_>,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
) -> Request<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("/_latchkey{path}"))
        .header("host", "app.example.com");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    for (name, value) in &root.cookies {
        request = request.header("cookie", format!("{name}={value}"));
    }
    request.body(Body::from("{}")).unwrap()
}

#[tokio::test]
async fn nobody_but_a_fresh_administrator_gets_an_answer() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let (mut nobody, mut ann, mut liar) = (place.person(), place.person(), place.person());
    ann.register("ann").await;
    let before = everything(&place).await;
    ask_everything(&mut nobody, 401, "unauthorized").await;
    ask_everything(&mut ann, 403, "not-an-administrator").await;
    // Another signature under an administrator's claims.
    liar.cookies.clone_from(&root.cookies);
    let token = liar.cookies["__Host-latchkey"].clone();
    let (signed, _) = token.rsplit_once('.').unwrap();
    let (_, signature) = ann.cookies["__Host-latchkey"].rsplit_once('.').unwrap();
    liar.cookies.insert(
        "__Host-latchkey".to_owned(),
        format!("{signed}.{signature}"),
    );
    ask_everything(&mut liar, 401, "unauthorized").await;

    place.later(301);
    ask_everything(&mut root, 403, "fresh-login-required").await;
    place.later(700);
    ask_everything(&mut root, 401, "unauthorized").await;
    assert_eq!(everything(&place).await.0, before.0);
    assert_eq!(everything(&place).await.2, before.2);
}

/// A path that is written in another way leads to the same gate, or nowhere.
#[tokio::test]
async fn no_other_way_of_asking_leads_past_the_gate() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let mut nobody = place.person();
    for (method, _, path) in EVERY_ENDPOINT {
        if method == "GET" {
            let head = nobody.call(Method::HEAD, path, Value::Null).await;
            assert_eq!(head.status, 401, "HEAD {path}");
            let head = root.call(Method::HEAD, path, Value::Null).await;
            assert_ne!(head.status, 401, "HEAD {path}");
        }
        let rest = path.strip_prefix("/v1/").unwrap();
        for other in [
            format!("{path}/"),
            format!("/{path}"),
            format!("/v1//{rest}"),
            format!("/v1/./{rest}"),
            format!("/v1/self/../{rest}"),
            format!(
                "/v1/%61dmin{}",
                path.strip_prefix("/v1/admin").unwrap_or("")
            ),
            format!("/V1/{rest}"),
            format!("{path};x"),
            format!("{path}%2f"),
        ] {
            let answer = nobody
                .call(method.parse().unwrap(), &other, json!({}))
                .await;
            let status = answer.status.as_u16();
            assert!(
                matches!(status, 401 | 404 | 405),
                "{method} {other}: {status}"
            );
        }
    }
}

/// The session behind it lives, its login is a fresh one, and its user administers: nothing is wrong
/// with the token but its age.
#[tokio::test]
async fn an_expired_token_of_a_living_session_opens_nothing() {
    let place = Place::configured(&ADMIN.replace(
        "audiences = [\"app\"]",
        "audiences = [\"app\"]\nttl = \"1m\"",
    ))
    .await;
    let mut root = administrator(&place, "root").await;
    let before = everything(&place).await;
    let mut program = place.person();
    program.browser = false;
    program.cookies.clone_from(&root.cookies);
    place.later(100);
    for person in [&mut root, &mut program] {
        for (method, _, path) in EVERY_ENDPOINT {
            let body = if method == "GET" {
                Value::Null
            } else {
                json!({})
            };
            let answer = person.call(method.parse().unwrap(), path, body).await;
            assert_eq!(answer.status, 401, "{method} {path}");
            assert_eq!(answer.problem(), "unauthorized", "{method} {path}");
            assert_eq!(place.reason(), "expired", "{method} {path}");
            assert!(answer.set_cookies().is_empty(), "{method} {path}");
        }
    }
    assert_eq!(everything(&place).await, before);
    // The refresh secret brings a new token, within the same five minutes.
    root.post("/v1/self/refresh", json!({})).await.expect(200);
    root.read("/v1/admin/users").await.expect(200);
}

#[tokio::test]
async fn an_administrator_who_is_taken_out_of_the_group_is_out_at_once() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let none = json!({"groups": []});
    let changed = place.control(Method::PATCH, "/v1/admin/users/root", none);
    changed.await.expect(200);
    ask_everything(&mut root, 403, "not-an-administrator").await;
}

#[tokio::test]
async fn no_page_of_another_site_gives_orders_in_an_administrators_name() {
    let place = Place::configured(ADMIN).await;
    let root = administrator(&place, "root").await;
    place.person().register("ann").await;
    let before = everything(&place).await;
    let json = ("content-type", "application/json");
    for order in orders() {
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
        ] {
            let request = forged(&root, order, &[("content-type", kind)]);
            let answer = place.send(request).await.expect(403);
            assert_eq!(answer.problem(), "not-json", "{order:?} {kind}");
        }
        let without = place.send(forged(&root, order, &[])).await.expect(403);
        assert_eq!(without.problem(), "not-json", "{order:?}");
        for foreign in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("origin", "https://app.example.com.evil.example"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let answer = place.send(forged(&root, order, &[json, foreign])).await;
            let answer = answer.expect(403);
            assert_eq!(answer.problem(), "cross-site", "{order:?} {foreign:?}");
        }
    }
    assert_eq!(everything(&place).await, before);
}

#[tokio::test]
async fn fields_that_are_unknown_or_the_programs_own_are_refused() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    place.person().register("ann").await;
    let before = everything(&place).await;
    for (method, path) in orders() {
        // A mount of the configuration file is not changed, whatever the change would be.
        let refusals: &[u16] = if path.ends_with("/config") {
            &[400, 409]
        } else {
            &[400]
        };
        for body in [
            json!({"admin": true}),
            json!({"id": "00000000-0000-0000-0000-000000000001"}),
            json!({"created_at": 1}),
            json!({"name": "eve", "passkeys": []}),
            json!({"": {}}),
        ] {
            let answer = root.call(method.parse().unwrap(), path, body.clone()).await;
            assert!(
                refusals.contains(&answer.status.as_u16()),
                "{method} {path} {body}"
            );
        }
        let not_an_object = root.call(method.parse().unwrap(), path, json!([])).await;
        assert_eq!(not_an_object.status, 400, "{method} {path}");
    }
    assert_eq!(everything(&place).await, before);
}

#[tokio::test]
async fn long_bodies_are_refused() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    place.person().register("ann").await;
    let before = everything(&place).await;
    for (method, path) in orders() {
        let most = if path == "/v1/admin/import" {
            4 << 20
        } else {
            64 << 10
        };
        let body = json!({ "name": "x".repeat(most) });
        let answer = root.call(method.parse().unwrap(), path, body).await;
        assert_eq!(answer.expect(413).problem(), "too-large", "{method} {path}");
    }
    assert_eq!(everything(&place).await, before);
}

#[tokio::test(start_paused = true)]
async fn slow_bodies_are_given_up() {
    let place = Place::configured(ADMIN).await;
    let root = administrator(&place, "root").await;
    let json = ("content-type", "application/json");
    for order in orders() {
        let (mut sender, body) = Channel::<Bytes>::new(1);
        sender.send_data(Bytes::from_static(b"{")).await.unwrap();
        let (parts, _) = forged(&root, order, &[json]).into_parts();
        let answer = place.send(Request::from_parts(parts, Body::new(body)));
        assert_eq!(answer.await.expect(408).problem(), "timeout", "{order:?}");
        drop(sender);
    }
}

#[tokio::test]
async fn the_administration_is_nowhere_else() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    for (method, _, path) in EVERY_ENDPOINT {
        let method: Method = method.parse().unwrap();
        let internal = place.internal(method.clone(), path, json!({})).await;
        assert_eq!(internal.status, 404, "{method} {path}");
        let json = ("content-type", "application/json");
        let mut elsewhere = forged(&root, (method.as_str(), path), &[json]);
        let host = "other.example.com".parse().unwrap();
        elsewhere.headers_mut().insert("host", host);
        assert_eq!(place.send(elsewhere).await.status, 404, "{method} {path}");
        let put = root.call(Method::PUT, path, json!({})).await;
        assert_eq!(put.expect(405).problem(), "method-not-allowed", "{path}");
    }
}
