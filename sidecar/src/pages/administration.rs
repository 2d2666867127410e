//! The administrators' page: a shell for scripts, which use the administration API. Whoever opens it
//! is led to the login that the API will ask for, and back.

use super::answer::{not_found, page};
use super::handlers::{see_other, unavailable};
use super::language;
use super::views::{AdminView, Frame, MessageView, Who};
use super::{Admission, Pages, Visitor};
use crate::model::ReturnPath;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;

pub(super) async fn show(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let words = pages.words(&headers);
    match pages.visitors.admission(&uri, &headers).await {
        Ok(Admission::Administrator(user)) => {
            let who = Who::of(&Visitor::Known(*user));
            let frame = Frame::new(&pages, words, "admin.title");
            page(StatusCode::OK, &AdminView { frame, who })
        }
        Ok(Admission::NotHere) => not_found(&pages, words),
        Ok(Admission::LogIn) => see_other(&login(&pages, "")),
        Ok(Admission::StepUp { max_age }) => {
            see_other(&login(&pages, &format!("&max_age={}", max_age.0)))
        }
        Ok(Admission::MustRegister) => see_other(&format!("{}/account", pages.site.public_path)),
        Ok(Admission::NoAdministrator) => {
            let view = MessageView {
                frame: Frame::new(&pages, words, "admin.refusedTitle"),
                text: "admin.refused",
                action: "error.toAccount",
                request_id: None,
            };
            page(StatusCode::FORBIDDEN, &view)
        }
        Err(error) => unavailable(&pages, &headers, &error),
    }
}

/// Takes the choice of a language, where there is a page.
pub(super) async fn choose_language(
    State(pages): State<Pages>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match pages.visitors.admission(&uri, &headers).await {
        Ok(Admission::NotHere) => not_found(&pages, pages.words(&headers)),
        _ => language::choose(State(pages), uri, body).await,
    }
}

/// A login that is as strong as administration asks for. What stands behind the `#` goes along by
/// itself.
fn login(pages: &Pages, more: &str) -> String {
    let path = &pages.site.public_path;
    let rd = ReturnPath::from_stranger(&format!("{path}/admin"), path);
    let rd = rd.as_parameter();
    format!("{path}/login?rd={rd}&need=user_verified{more}")
}
