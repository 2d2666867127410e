//! One function per page: find out who asks and for what, choose the view.

use super::answer::{failure, not_found, page};
use super::views::{
    AccountView, EnrollView, Frame, LoginView, LogoutView, Needs, PasskeyView, Standing, Start,
    StuckView, Who,
};
use super::{Admission, Failure, Pages, Visitor};
use crate::model::{Credential, Need, ReturnPath, Trait};
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

pub(super) async fn start(State(pages): State<Pages>) -> Response {
    see_other(&format!("{}/account", pages.site.public_path))
}

pub(super) async fn login(
    State(pages): State<Pages>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let wish = Wish::read(query.as_deref(), &pages.site.public_path);
    let visitor = match pages.visitors.visitor(&headers).await {
        Ok(visitor) => visitor,
        // Logging in anew may still work, and the scripts say it when it does not.
        Err(error) => {
            tracing::warn!(%error, "the login page could not look up its visitor");
            Visitor::Stranger
        }
    };
    let mut lacking = match pages.visitors.lacking(&headers, &wish.need).await {
        Ok(lacking) => lacking,
        Err(error) => {
            tracing::warn!(%error, "the login page could not look up its visitor's session");
            Vec::new()
        }
    };
    if wish.after {
        // A moment ago, whatever the clock says now; whoever sent the visitor here looks again.
        lacking.retain(|it| *it != Trait::Recent);
    }
    // Only whoever sent the visitor here can judge the model: so they are believed, once.
    let unjudged = !wish.after && wish.need.traits().contains(&Trait::Aaguid);
    let standing = match (lacking.is_empty() && !unjudged, wish.after) {
        (true, _) => Standing::Enough,
        (false, false) => Standing::TooLittle,
        (false, true) => Standing::StillTooLittle,
    };
    let start = Start::of(&visitor, &wish.need, standing, wish.destination.is_some());
    let title = match start {
        Start::Confirm => "login.confirmTitle",
        Start::Lacking => "login.lackingTitle",
        Start::Login | Start::Resume | Start::Known => "login.title",
    };
    let view = LoginView {
        frame: Frame::new(&pages, pages.words(&headers), title),
        who: Who::of(&visitor),
        start,
        needs: Needs::of(&wish.need),
        destination: wish.destination.is_some(),
        rd: wish.destination.unwrap_or_else(ReturnPath::home),
    };
    page(StatusCode::OK, &view)
}

pub(super) async fn account(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let user = match pages.visitors.visitor(&headers).await {
        Ok(Visitor::Known(user)) => user,
        Ok(Visitor::Stranger | Visitor::Returning) => {
            let here = format!("{}/account", pages.site.public_path);
            let rd = ReturnPath::from_stranger(&here, &pages.site.public_path);
            let login = format!("{}/login?rd={}", pages.site.public_path, rd.as_parameter());
            return see_other(&login);
        }
        Err(error) => return unavailable(&pages, &headers, &error),
    };
    let credentials = match pages.visitors.passkeys(user.id).await {
        Ok(credentials) => credentials,
        Err(error) => return unavailable(&pages, &headers, &error),
    };
    let has_codes = match pages.visitors.has_recovery_codes(user.id).await {
        Ok(has_codes) => has_codes,
        Err(error) => return unavailable(&pages, &headers, &error),
    };
    let administers = match pages.visitors.admission(&uri, &headers).await {
        Ok(Admission::Administrator(_) | Admission::StepUp { .. }) => true,
        Ok(_) => false,
        Err(error) => return unavailable(&pages, &headers, &error),
    };
    let words = pages.words(&headers);
    let passkey = |credential: &Credential| {
        let authenticator = pages.visitors.authenticator(credential.aaguid);
        PasskeyView::of(credential, authenticator, &words)
    };
    let view = AccountView {
        administers,
        has_codes,
        must_register: user.must_register,
        some_disabled: credentials.iter().any(|it| it.disabled_at.is_some()),
        passkeys: credentials.iter().map(passkey).collect(),
        blank: PasskeyView::blank(&words),
        who: Who::of(&Visitor::Known(user)),
        frame: Frame::new(&pages, words, "account.title"),
    };
    page(StatusCode::OK, &view)
}

/// The same page for whoever opens it: it is the script that looks for a code, behind the `#`.
pub(super) async fn enroll(State(pages): State<Pages>, headers: HeaderMap) -> Response {
    let frame = Frame::new(&pages, pages.words(&headers), "enroll.pageTitle");
    page(StatusCode::OK, &EnrollView { frame })
}

pub(super) async fn logout(State(pages): State<Pages>, headers: HeaderMap) -> Response {
    match pages.visitors.visitor(&headers).await {
        Ok(visitor) => {
            let signed_in = !matches!(visitor, Visitor::Stranger);
            let title = if signed_in {
                "logout.title"
            } else {
                "logout.goneTitle"
            };
            let who = Who::of(&visitor);
            page(
                StatusCode::OK,
                &LogoutView {
                    frame: Frame::new(&pages, pages.words(&headers), title),
                    who,
                    signed_in,
                },
            )
        }
        Err(error) => unavailable(&pages, &headers, &error),
    }
}

/// Where the login page sends a browser that has logged in and is sent back all the same.
pub(super) async fn stuck(
    State(pages): State<Pages>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let wish = Wish::read(query.as_deref(), &pages.site.public_path);
    let title = if wish.cookies_missing {
        "stuck.cookiesTitle"
    } else {
        "stuck.gatewayTitle"
    };
    let view = StuckView {
        frame: Frame::new(&pages, pages.words(&headers), title),
        cookies_missing: wish.cookies_missing,
        rd: wish.destination.unwrap_or_else(ReturnPath::home),
    };
    page(StatusCode::OK, &view)
}

pub(super) async fn asset(
    State(pages): State<Pages>,
    Path((version, language, name)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let found = pages.languages.find(&language);
    found
        .and_then(|words| pages.assets.find(&version, words, &name))
        .unwrap_or_else(|| not_found(&pages, pages.words(&headers)))
}

/// What the query of a login page asks for.
struct Wish {
    /// Where to go afterwards, if the query said something usable about it.
    destination: Option<ReturnPath>,
    /// What the login has to be like.
    need: Need,
    /// A login for this has just been made.
    after: bool,
    /// On the page for loops: the browser dropped the cookies.
    cookies_missing: bool,
}

impl Wish {
    fn read(query: Option<&str>, public_path: &str) -> Self {
        let mut wish = Self {
            destination: None,
            need: Need::default(),
            after: false,
            cookies_missing: false,
        };
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                // Two of them are somebody's trick: the start page.
                "rd" if wish.destination.is_some() => wish.destination = Some(ReturnPath::home()),
                "rd" => wish.destination = Some(ReturnPath::from_stranger(&value, public_path)),
                "max_age" => wish.need.limit_age(&value),
                "acr_values" => wish.need.ask_class(&value),
                "need" => wish.need.ask(&value),
                "after" => wish.after = true,
                "why" => wish.cookies_missing = &*value == "cookies",
                _ => {}
            }
        }
        wish
    }
}

pub(super) fn see_other(place: &str) -> Response {
    (
        StatusCode::SEE_OTHER,
        [(LOCATION, place), (CACHE_CONTROL, "no-store")],
    )
        .into_response()
}

pub(super) fn unavailable(
    pages: &Pages,
    headers: &HeaderMap,
    error: &crate::storage::StorageError,
) -> Response {
    tracing::error!(%error, "a page could not ask the store");
    failure(pages, pages.words(headers), Failure::Unavailable, None)
}
