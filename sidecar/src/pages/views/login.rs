//! The login page.

use super::{Frame, Who};
use crate::model::{Need, ReturnPath, Trait};
use crate::pages::Visitor;
use askama::Template;

#[derive(Template)]
#[template(path = "login.html")]
pub(in crate::pages) struct LoginView {
    pub(in crate::pages) frame: Frame,
    pub(in crate::pages) who: Who,
    pub(in crate::pages) start: Start,
    pub(in crate::pages) needs: Needs,
    /// Whether somebody waits to be sent back.
    pub(in crate::pages) destination: bool,
    pub(in crate::pages) rd: ReturnPath,
}

/// What a login page shows first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pages) enum Start {
    /// The form.
    Login,
    /// A session that is there, or can perhaps be renewed: go on with it.
    Resume,
    /// A session that is there, and nowhere to go on to.
    Known,
    /// A session that is there, but presence has to be proved anew, or with another passkey.
    Confirm,
    /// That was done, and is not enough.
    Lacking,
}

/// Whether a known visitor's session is what is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pages) enum Standing {
    Enough,
    TooLittle,
    /// Even after a login for it.
    StillTooLittle,
}

/// What is needed, in words.
pub(in crate::pages) struct Needs {
    /// For the script, which hands it to `login/begin`.
    pub(in crate::pages) user_verified: bool,
    /// For the script: whether a login is judged afterwards.
    pub(in crate::pages) judged: bool,
    /// Of the passkey: keys of ends of a sentence that begins "a passkey".
    pub(in crate::pages) passkey: Vec<&'static str>,
}

impl Needs {
    pub(in crate::pages) fn of(need: &Need) -> Self {
        let words = |wanted: &Trait| match wanted {
            Trait::UserVerified => Some("need.userVerified"),
            Trait::DeviceBound => Some("need.deviceBound"),
            Trait::Synced => Some("need.synced"),
            Trait::Attested => Some("need.attested"),
            Trait::Aaguid => Some("need.model"),
            Trait::OtherClass => Some("need.unknown"),
            Trait::Recent => None,
        };
        Self {
            user_verified: need.traits().contains(&Trait::UserVerified),
            judged: !need.is_nothing(),
            passkey: need.traits().iter().filter_map(words).collect(),
        }
    }
}

impl Start {
    pub(in crate::pages) fn of(
        visitor: &Visitor,
        need: &Need,
        standing: Standing,
        destination: bool,
    ) -> Self {
        match (visitor, standing) {
            (Visitor::Known(_), Standing::TooLittle) => Self::Confirm,
            (Visitor::Known(_), Standing::StillTooLittle) => Self::Lacking,
            (Visitor::Known(_), Standing::Enough) if !destination => Self::Known,
            (Visitor::Known(_), Standing::Enough) => Self::Resume,
            (Visitor::Returning, _) if need.is_nothing() => Self::Resume,
            (Visitor::Returning | Visitor::Stranger, _) => Self::Login,
        }
    }

    /// For templates and scripts.
    pub(in crate::pages) fn key(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Resume => "resume",
            Self::Known => "known",
            Self::Confirm => "confirm",
            Self::Lacking => "lacking",
        }
    }
}
