//! What each template is given. Values only: whatever a template shows was decided before.

mod account;
mod frame;
mod login;
mod passkey;

pub(super) use account::AccountView;
pub(super) use frame::{Frame, Who};
pub(super) use login::{LoginView, Needs, Standing, Start};
pub(super) use passkey::PasskeyView;

use crate::model::ReturnPath;
use askama::Template;

/// A page: a template in its frame.
pub(super) trait Page: Template {
    fn frame(&self) -> &Frame;
}

macro_rules! pages {
    ($($view:ty),* $(,)?) => {
        $(impl Page for $view {
            fn frame(&self) -> &Frame {
                &self.frame
            }
        })*
    };
}

pages![
    AccountView,
    AdminView,
    EnrollView,
    LoginView,
    LogoutView,
    MessageView,
    StuckView
];

/// The shell of the administrators' page: scripts fill it.
#[derive(Template)]
#[template(path = "admin.html")]
pub(super) struct AdminView {
    pub(super) frame: Frame,
    pub(super) who: Who,
}

#[derive(Template)]
#[template(path = "enroll.html")]
pub(super) struct EnrollView {
    pub(super) frame: Frame,
}

#[derive(Template)]
#[template(path = "logout.html")]
pub(super) struct LogoutView {
    pub(super) frame: Frame,
    pub(super) who: Who,
    pub(super) signed_in: bool,
}

#[derive(Template)]
#[template(path = "stuck.html")]
pub(super) struct StuckView {
    pub(super) frame: Frame,
    pub(super) cookies_missing: bool,
    pub(super) rd: ReturnPath,
}

#[derive(Template)]
#[template(path = "message.html")]
pub(super) struct MessageView {
    pub(super) frame: Frame,
    /// The key of what it says.
    pub(super) text: &'static str,
    /// The key of the words on the button, which leads to the account.
    pub(super) action: &'static str,
    pub(super) request_id: Option<String>,
}
