//! Requests that change something: from our own pages or from a program, as JSON, of bounded size,
//! within a bounded time. GET and HEAD change nothing and pass.

use super::Client;
use crate::app::{App, Served};
use crate::pages::takes_choice;
use crate::problem::{Problem, ProblemKind};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;

/// What a page of any other site can send without asking (Fetch, "CORS-safelisted request-header"):
/// a wrong one of these may be forged, any other wrong one is a mistake.
const SIMPLE_TYPES: [&[u8]; 3] = [
    b"application/x-www-form-urlencoded",
    b"multipart/form-data",
    b"text/plain",
];

/// Refuses what no endpoint should have to look at, and hands the whole body on.
pub(crate) async fn refuse_unsafe(
    State(app): State<Arc<App>>,
    client: Client,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(next.run(request).await);
    }
    let headers = request.headers();
    if takes_choice(below_public_path(&app, request.uri().path())) && is_form(headers) {
        own_form(headers, &app.mount_points.served())?;
    } else {
        same_origin(headers, &app.mount_points.served())?;
        declared_as_json(headers)?;
    }
    if is_long(&app, request.uri().path()) {
        return Ok(next.run(request).await);
    }
    let request = app.bodies.whole(client.address, request).await?;
    Ok(next.run(request).await)
}

/// Whether the endpoint reads its body itself, because it takes longer ones: once it knows who asks.
fn is_long(app: &App, path: &str) -> bool {
    below_public_path(app, path) == "/v1/admin/import"
}

fn below_public_path<'a>(app: &App, path: &'a str) -> &'a str {
    let below = path.strip_prefix(&*app.settings.public_path);
    below.unwrap_or(path)
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/x-www-form-urlencoded")
}

/// A form of our pages. They send no referrer, so its `Origin` is `null` (Fetch, section 3.2), as that
/// of a form in some other site's frame is; it is `Sec-Fetch-Site` that tells them apart.
fn own_form(headers: &HeaderMap, own: &Served) -> Result<(), Problem> {
    let told = headers.contains_key("sec-fetch-site");
    let is_ours = |origin: &HeaderValue| own.has_origin(origin.as_bytes());
    let mut origins = headers.get_all(header::ORIGIN).iter();
    ours(is_of_own_site(headers) && origins.all(|it| is_ours(it) || (told && it == "null")))
}

/// Browsers say where a request comes from in two headers; programs send neither. Each value that
/// is there must be ours.
fn same_origin(headers: &HeaderMap, own: &Served) -> Result<(), Problem> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    ours(is_of_own_site(headers) && origins.all(|it| own.has_origin(it.as_bytes())))
}

fn is_of_own_site(headers: &HeaderMap) -> bool {
    let mut sites = headers.get_all("sec-fetch-site").iter();
    sites.all(|site| site == "same-origin")
}

fn ours(it_is: bool) -> Result<(), Problem> {
    let problem = || {
        let text = "Only pages of this origin, and programs, are served.";
        Problem::new(ProblemKind::CrossSite, text)
    };
    it_is.then_some(()).ok_or_else(problem)
}

/// Exactly `application/json`: JSON has no `charset` parameter (RFC 8259, section 11), and a lenient
/// reading is what cross-site tricks live on.
fn declared_as_json(headers: &HeaderMap) -> Result<(), Problem> {
    let mut values = headers
        .get_all(header::CONTENT_TYPE)
        .iter()
        .map(HeaderValue::as_bytes);
    let kind = match (values.next(), values.next()) {
        (Some(b"application/json"), None) => return Ok(()),
        (None, _) => ProblemKind::SimpleContentType,
        (Some(one), _) if is_simple(one) => ProblemKind::SimpleContentType,
        _ => ProblemKind::NotJson,
    };
    Err(Problem::new(
        kind,
        "Send the header `Content-Type: application/json`, without parameters.",
    ))
}

fn is_simple(value: &[u8]) -> bool {
    let essence = value
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii();
    SIMPLE_TYPES
        .iter()
        .any(|simple| essence.eq_ignore_ascii_case(simple))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn only_our_own_origin_and_programs_pass() {
        let own = Served::of_origins(&["https://app.example.com"]);
        let ours = |pairs: &[_]| same_origin(&headers(pairs), &own).is_ok();
        assert!(ours(&[]));
        assert!(ours(&[
            ("sec-fetch-site", "same-origin"),
            ("origin", "https://app.example.com")
        ]));
        for foreign in [
            [("origin", "https://evil.example")],
            [("origin", "null")],
            [("origin", "https://app.example.com.evil.example")],
            [("origin", "https://app.example.com:444")],
            [("origin", "http://app.example.com")],
            [("origin", "https://APP.example.com")],
            [("origin", "")],
            [("sec-fetch-site", "cross-site")],
            [("sec-fetch-site", "same-site")],
            [("sec-fetch-site", "none")],
        ] {
            assert!(!ours(&foreign), "{foreign:?}");
        }
        assert!(!ours(&[
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-site", "cross-site")
        ]));
        assert!(!ours(&[
            ("origin", "https://app.example.com"),
            ("origin", "null")
        ]));
    }

    #[test]
    fn a_form_of_our_pages_is_told_from_one_of_another_site() {
        let own = Served::of_origins(&["https://app.example.com"]);
        let form = |pairs: &[_]| own_form(&headers(pairs), &own).is_ok();
        assert!(form(&[
            ("sec-fetch-site", "same-origin"),
            ("origin", "null")
        ]));
        assert!(form(&[("origin", "https://app.example.com")]));
        for foreign in [
            &[("origin", "null")][..],
            &[("sec-fetch-site", "cross-site"), ("origin", "null")],
            &[("sec-fetch-site", "same-site"), ("origin", "null")],
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://evil.example"),
            ],
        ] {
            assert!(!form(foreign), "{foreign:?}");
        }
    }

    #[test]
    fn only_json_without_parameters_passes() {
        let kind =
            |pairs: &[_]| declared_as_json(&headers(pairs)).map_err(|problem| problem.kind());
        assert_eq!(kind(&[("content-type", "application/json")]), Ok(()));
        for simple in [
            "text/plain",
            "TEXT/PLAIN; charset=utf-8",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
        ] {
            let refused = kind(&[("content-type", simple)]);
            assert_eq!(refused, Err(ProblemKind::SimpleContentType), "{simple}");
        }
        assert_eq!(kind(&[]), Err(ProblemKind::SimpleContentType));
        for other in [
            "application/json; charset=utf-8",
            "application/jsonp",
            "APPLICATION/JSON",
        ] {
            assert_eq!(
                kind(&[("content-type", other)]),
                Err(ProblemKind::NotJson),
                "{other}"
            );
        }
        let twice = [
            ("content-type", "application/json"),
            ("content-type", "application/json"),
        ];
        assert_eq!(kind(&twice), Err(ProblemKind::NotJson));
    }
}
