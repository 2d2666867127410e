//! Sessions that are bound to a client certificate.

use super::*;

const CERTIFICATE: &str = "x-latchkey-client-certificate";
const GATEWAY: [u8; 4] = [10, 9, 0, 1];

fn thumbprint(byte: u8) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode([byte; 32])
}

async fn place(bind: &str) -> Place {
    let session = format!("[session]\nbind_certificate = \"{bind}\"\n");
    Place::configured(&format!("{CONFIG}{session}")).await
}

/// An account, made over a connection with some certificate.
async fn enrol(person: &mut Person<'_>) {
    let options = person.begin("register", json!({ "username": "ann" })).await;
    let response = person.authenticator.create(&options);
    let path = "/v1/auth/webauthn/register/finish";
    let mut request = person.request(Method::POST, path, &response);
    let certificate = thumbprint(9).parse().unwrap();
    request.headers_mut().insert(CERTIFICATE, certificate);
    person
        .place
        .send_from(GATEWAY.into(), request)
        .await
        .expect(200);
}

/// Logs in from `peer` with this header; the claims of the token, or the problem.
async fn log_in(
    person: &mut Person<'_>,
    peer: [u8; 4],
    certificate: Option<&str>,
) -> Result<latchkey_token::Claims, String> {
    let options = person.begin("login", json!({ "username": "ann" })).await;
    let response = person.authenticator.get(&options);
    let mut request = person.request(Method::POST, "/v1/auth/webauthn/login/finish", &response);
    if let Some(certificate) = certificate {
        let value = certificate.parse().unwrap();
        request.headers_mut().insert(CERTIFICATE, value);
    }
    let answer = person.place.send_from(peer.into(), request).await;
    if answer.status != 200 {
        return Err(answer.problem());
    }
    for line in answer.set_cookies() {
        let (name, value) = line.split_once(';').unwrap().0.split_once('=').unwrap();
        person.cookies.insert(name.to_owned(), value.to_owned());
    }
    let token = &person.cookies["__Host-latchkey"];
    let now = person.place.app.now();
    let token = person
        .place
        .app
        .issuer
        .verify(token.as_bytes(), now)
        .unwrap();
    Ok(token.claims().clone())
}

fn bound_to(claims: &latchkey_token::Claims) -> Option<&str> {
    claims
        .cnf
        .as_ref()
        .map(|it| it.certificate_thumbprint.as_str())
}

#[tokio::test]
async fn a_login_is_bound_where_the_configuration_says_so_and_a_gateway_told() {
    let (one, gateway, stranger) = (thumbprint(1), GATEWAY, [192, 0, 2, 1]);
    for (bind, peer, certificate, bound) in [
        ("never", gateway, Some(&*one), Ok(None)),
        ("when_present", gateway, Some(&*one), Ok(Some(&*one))),
        ("when_present", gateway, None, Ok(None)),
        ("when_present", stranger, Some(&*one), Ok(None)),
        ("when_present", gateway, Some("AAAA"), Ok(None)),
        ("required", gateway, Some(&*one), Ok(Some(&*one))),
        ("required", gateway, None, Err("certificate-required")),
        (
            "required",
            stranger,
            Some(&*one),
            Err("certificate-required"),
        ),
    ] {
        let place = place(bind).await;
        let mut person = place.person();
        enrol(&mut person).await;
        let claims = log_in(&mut person, peer, certificate).await;
        let got = claims.as_ref().map(bound_to).map_err(String::as_str);
        assert_eq!(got, bound, "{bind} {peer:?} {certificate:?}");
    }
}

#[tokio::test]
async fn a_bound_session_is_good_on_its_connection_only() {
    let place = place("when_present").await;
    let mut person = place.person();
    enrol(&mut person).await;
    let (one, two) = (thumbprint(1), thumbprint(2));
    let claims = log_in(&mut person, GATEWAY, Some(&one)).await.unwrap();
    let ask = async |method: Method, path: &str, certificate: Option<&str>| {
        let mut request = person.request(method, path, &json!({}));
        if let Some(certificate) = certificate {
            let value = certificate.parse().unwrap();
            request.headers_mut().insert(CERTIFICATE, value);
        }
        place
            .send_from(GATEWAY.into(), request)
            .await
            .status
            .as_u16()
    };
    for (certificate, status) in [(Some(&*one), 200), (Some(&*two), 401), (None, 401)] {
        assert_eq!(ask(Method::GET, "/userinfo", certificate).await, status);
        assert_eq!(
            ask(Method::POST, "/v1/self/refresh", certificate).await,
            status
        );
    }
    // A filter judges the new token itself: it is bound like the one before.
    let body = json!({ "refresh": person.cookies["__Host-latchkey-refresh"] });
    let answer = place
        .internal(Method::POST, "/internal/v1/sessions/refresh", body)
        .await;
    let answer = answer.expect(200).json();
    let token = answer["token"].as_str().unwrap();
    let token = place
        .app
        .issuer
        .verify(token.as_bytes(), place.app.now())
        .unwrap();
    assert_eq!(bound_to(token.claims()), Some(&*one));
    // Whoever shows another certificate does not go on in this session.
    let other = log_in(&mut person, GATEWAY, Some(&two)).await.unwrap();
    assert_eq!(bound_to(&other), Some(&*two));
    assert_eq!(other.sub, claims.sub);
}
