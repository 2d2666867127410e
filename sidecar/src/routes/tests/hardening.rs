//! What holds for every endpoint.

use super::*;
use std::convert::Infallible;

const LOGIN: &str = "/_latchkey/v1/auth/webauthn/login/begin";

fn post(path: &str) -> axum::http::request::Builder {
    Request::post(path).header("content-type", "application/json")
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let place = Place::new().await;
    let requests = [
        Request::get("/_latchkey/login").body(Body::empty()),
        Request::get("/_latchkey/userinfo").body(Body::empty()),
        Request::get("/_latchkey/.well-known/jwks.json").body(Body::empty()),
        Request::get("/nowhere").body(Body::empty()),
        Request::put("/_latchkey/userinfo")
            .header("content-type", "application/json")
            .body(Body::empty()),
        post(LOGIN)
            .header("origin", "https://evil.example")
            .body(Body::empty()),
        post(LOGIN).body(Body::from(vec![b' '; 70_000])),
        post(LOGIN).body(Body::from("{}")),
    ];
    for request in requests {
        let answer = place.send(request.unwrap()).await;
        let headers = &answer.headers;
        let policy = headers["content-security-policy"].to_str().unwrap();
        for directive in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(directive), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers["cross-origin-opener-policy"], "same-origin");
        assert!(headers.contains_key("permissions-policy"));
        assert!(
            headers["strict-transport-security"]
                .to_str()
                .unwrap()
                .starts_with("max-age=")
        );
        assert!(headers.contains_key("cache-control"));
        assert!(headers.contains_key("x-request-id"));
        assert!(
            !headers
                .keys()
                .any(|name| name.as_str().starts_with("access-control-"))
        );
        assert_eq!(headers.get_all("content-security-policy").iter().count(), 1);
    }
}

#[tokio::test]
async fn answers_about_people_are_kept_by_no_cache() {
    let place = Place::new().await;
    let mut ann = place.person();
    assert_eq!(
        ann.register("ann").await.headers["cache-control"],
        "no-store"
    );
    for path in ["/userinfo", "/v1/self/passkeys", "/account", "/login"] {
        let answer = ann.read(path).await.expect(200);
        assert_eq!(answer.headers["cache-control"], "no-store", "{path}");
    }
    let keys = ann.read("/.well-known/jwks.json").await;
    assert_eq!(keys.headers["cache-control"], "public, max-age=60");
}

#[tokio::test]
async fn requests_of_other_origins_and_forms_are_refused_before_anything_happens() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let options = ann.begin("login", json!({"username": "ann"})).await;
    let response = ann.authenticator.get(&options);
    let finish = "/v1/auth/webauthn/login/finish";
    for (name, value, problem) in [
        ("origin", "https://evil.example", "cross-site"),
        ("origin", "null", "cross-site"),
        ("origin", "https://other.example.com", "cross-site"),
        ("sec-fetch-site", "cross-site", "cross-site"),
        ("sec-fetch-site", "same-site", "cross-site"),
        ("content-type", "text/plain", "not-json"),
        (
            "content-type",
            "application/x-www-form-urlencoded",
            "not-json",
        ),
        (
            "content-type",
            "multipart/form-data; boundary=x",
            "not-json",
        ),
    ] {
        let mut request = ann.request(Method::POST, finish, &response);
        request.headers_mut().insert(name, value.parse().unwrap());
        let answer = place.send(request).await;
        assert_eq!(answer.status, 403, "{name}: {value}");
        assert_eq!(answer.problem(), problem, "{name}: {value}");
        assert!(answer.set_cookies().is_empty());
    }
    let mut request = ann.request(Method::POST, finish, &response);
    request.headers_mut().insert(
        "content-type",
        "application/json; charset=utf-8".parse().unwrap(),
    );
    assert_eq!(place.send(request).await.expect(415).problem(), "not-json");
    ann.finish("login", response).await.expect(200);

    for (method, path) in [
        (Method::PATCH, "/v1/self/passkeys/AAAA"),
        (Method::DELETE, "/v1/self/passkeys/AAAA"),
        (Method::POST, "/v1/self/logout"),
        (Method::POST, "/v1/self/refresh"),
        (Method::POST, "/v1/auth/webauthn/register/begin"),
        (Method::POST, "/v1/auth/webauthn/register/finish"),
        (Method::POST, "/v1/auth/webauthn/login/begin"),
        (Method::OPTIONS, "/v1/auth/webauthn/login/begin"),
    ] {
        let mut request = ann.request(method, path, &json!({}));
        request
            .headers_mut()
            .insert("origin", "https://evil.example".parse().unwrap());
        assert_eq!(
            place.send(request).await.expect(403).problem(),
            "cross-site",
            "{path}"
        );
    }
    ann.read("/userinfo").await.expect(200);
}

#[tokio::test]
async fn a_body_over_the_cap_is_413() {
    let place = Place::new().await;
    let answer = place
        .send(
            post(LOGIN)
                .body(Body::from(vec![b' '; 64 * 1024 + 1]))
                .unwrap(),
        )
        .await;
    assert_eq!(answer.expect(413).problem(), "too-large");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_drips_is_408() {
    let place = Place::new().await;
    let (mut sender, receiver) = tokio::io::duplex(64);
    let dripping = tokio::spawn(async move {
        loop {
            if tokio::io::AsyncWriteExt::write_all(&mut sender, b" ")
                .await
                .is_err()
            {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    });
    let body = Body::new(Dripping(receiver));
    let answer = place.send(post(LOGIN).body(body).unwrap()).await;
    assert_eq!(answer.expect(408).problem(), "timeout");
    dripping.await.unwrap();
}

struct Dripping(tokio::io::DuplexStream);

impl http_body::Body for Dripping {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        let mut byte = [0];
        let mut buffer = tokio::io::ReadBuf::new(&mut byte);
        let stream = std::pin::Pin::new(&mut self.0);
        tokio::io::AsyncRead::poll_read(stream, context, &mut buffer).map(|_| {
            let read = buffer.filled().to_vec();
            (!read.is_empty()).then(|| Ok(http_body::Frame::data(Bytes::from(read))))
        })
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_and_to_a_person_a_page() {
    let place = Place::new().await;
    let get = |path: &str| Request::get(path.to_owned());
    for path in [
        "/",
        "/nowhere",
        "/_latchkey/nowhere",
        "/_latchkey/v1/auth/webauthn/config",
    ] {
        let answer = place.send(get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.expect(404).problem(), "not-found", "{path}");
        let navigation = get(path)
            .header("sec-fetch-mode", "navigate")
            .body(Body::empty());
        let answer = place.send(navigation.unwrap()).await.expect(404);
        assert!(
            answer.headers["content-type"]
                .to_str()
                .unwrap()
                .starts_with("text/html")
        );
    }
    let answer = place.send(get(LOGIN).body(Body::empty()).unwrap()).await;
    assert_eq!(answer.headers["allow"], "POST");
    assert_eq!(answer.expect(405).problem(), "method-not-allowed");
}

#[tokio::test]
async fn a_panic_is_a_500_that_says_nothing() {
    let place = Place::new().await;
    let router = Router::new().route("/", axum::routing::get(panics)).layer(
        tower_http::catch_panic::CatchPanicLayer::custom(super::super::layers::panicked),
    );
    let answer = router
        .oneshot(Request::get("/").body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(answer.status(), 500);
    let body = axum::body::to_bytes(answer.into_body(), 4096)
        .await
        .unwrap();
    assert!(!String::from_utf8_lossy(&body).contains("secret"));
    assert!(place.log.text().contains("a handler panicked"));
}

async fn panics() -> &'static str {
    panic!("a secret")
}

#[tokio::test]
async fn links_are_built_from_the_configuration() {
    let place = Place::new().await;
    let get = async |path: &str| {
        let request = Request::get(path.to_owned())
            .header("host", "evil.example")
            .header("x-forwarded-host", "evil.example")
            .header("x-forwarded-proto", "http");
        place
            .send(request.body(Body::empty()).unwrap())
            .await
            .expect(200)
    };
    let document = get("/_latchkey/.well-known/openid-configuration")
        .await
        .json();
    assert_eq!(document["issuer"], "https://app.example.com/_latchkey");
    let keys = "https://app.example.com/_latchkey/.well-known/jwks.json";
    assert_eq!(document["jwks_uri"], keys);
    let related = get("/.well-known/webauthn").await;
    assert_eq!(
        related.json()["origins"],
        json!(["https://app.example.com"])
    );
    let endpoints = get("/.well-known/passkey-endpoints").await;
    assert_eq!(
        endpoints.json()["manage"],
        "https://app.example.com/_latchkey/account"
    );
    assert!(!String::from_utf8_lossy(&get("/_latchkey/login").await.body).contains("evil"));
}

#[tokio::test]
async fn only_a_configured_gateway_says_where_a_client_is() {
    let place = Place::new().await;
    for (peer, told, address) in [
        ([192, 0, 2, 7], "203.0.113.9", "192.0.2.7"),
        ([10, 9, 1, 1], "203.0.113.9", "203.0.113.9"),
        ([10, 9, 1, 1], "203.0.113.9:4711", "203.0.113.9"),
        ([10, 9, 1, 1], "2001:db8::1", "2001:db8::1"),
        ([10, 9, 1, 1], "[2001:db8::1]:4711", "2001:db8::1"),
        ([10, 9, 1, 1], "203.0.113.9, 203.0.113.10", "10.9.1.1"),
        ([10, 9, 1, 1], "somewhere", "10.9.1.1"),
        ([10, 10, 1, 1], "203.0.113.9", "10.10.1.1"),
    ] {
        let request = post("/_latchkey/v1/auth/webauthn/login/finish")
            .header("x-latchkey-client-address", told)
            .header("x-forwarded-for", "198.51.100.1")
            .header("x-request-id", "from-the-gateway");
        let answer = place
            .send_from(peer.into(), request.body(Body::from("{}")).unwrap())
            .await;
        assert_eq!(place.audit()["address"], address, "{peer:?} {told}");
        let believed = answer.headers["x-request-id"] == "from-the-gateway";
        assert_eq!(believed, peer[1] == 9, "{peer:?}");
        assert_eq!(
            place.audit()["request_id"],
            answer.headers["x-request-id"].to_str().unwrap()
        );
    }
}

#[tokio::test]
async fn the_internal_listener_answers_filters_probes_and_metrics_alone() {
    let place = Place::new().await;
    place.person().register("ann").await;
    let internal = super::super::internal(&place.app);
    let get = async |path: &str| {
        let request = Request::get(path.to_owned()).body(Body::empty()).unwrap();
        let answer = internal.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = axum::body::to_bytes(answer.into_body(), usize::MAX)
            .await
            .unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    };
    assert_eq!(get("/healthz").await.0, 200);
    assert_eq!(get("/readyz").await.0, 200);
    assert!(get("/.well-known/jwks.json").await.1.contains("\"keys\""));
    let metrics = get("/metrics").await.1;
    assert!(
        metrics.contains("latchkey_ceremonies_total{step=\"register_finish\",result=\"ok\"} 1")
    );
    assert!(metrics.contains("latchkey_sessions_total{event=\"begun\"} 1"));
    for from_the_start in [
        "renewals_total{by=\"page\",result=\"ok\"} 0",
        "revocations_total{kind=\"key\"} 0",
    ] {
        assert!(metrics.contains(from_the_start), "{metrics}");
    }
    assert_eq!(get("/_latchkey/login").await.0, 404);
    for path in ["/healthz", "/readyz", "/metrics", "/_latchkey/metrics"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        place.send(request).await.expect(404);
    }
}

#[tokio::test(start_paused = true)]
async fn the_internal_listener_waits_for_no_body_for_ever() {
    let place = Place::new().await;
    let (_sender, receiver) = tokio::io::duplex(64);
    let request = Request::post("/internal/v1/sessions/refresh")
        .body(Body::new(Dripping(receiver)))
        .unwrap();
    let peer = [127, 0, 0, 1].into();
    let answer = Place::send_to(super::super::internal(&place.app), peer, request).await;
    assert_eq!(answer.expect(408).problem(), "timeout");
}

#[tokio::test]
async fn a_long_path_makes_no_long_line() {
    let place = Place::new().await;
    let path = format!("/{}", "\"".repeat(40_000));
    place.person().read(&path).await.expect(404);
    let lines = place.log.lines();
    let answered = lines
        .iter()
        .find(|it| it["fields"]["message"] == "answered");
    let answered = answered.unwrap()["fields"]["request"].as_str().unwrap();
    assert!(answered.starts_with("\"GET /_latchkey/"), "{answered}");
    assert!(answered.len() < 1_000, "{} bytes", answered.len());
}
