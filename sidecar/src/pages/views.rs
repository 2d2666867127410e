//! What each template is given. Values only: whatever a template shows was decided before.

use super::brand::Brand;
use super::words::{Languages, Words};
use super::{Pages, Site, Visitor};
use crate::model::{Credential, Need, ReturnPath, Trait, UnixTime, authenticator_name};
use askama::Template;
use std::sync::Arc;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

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

/// What every page has around it.
pub(super) struct Frame {
    pub(super) site: Arc<Site>,
    /// How the installation is called and looks.
    pub(super) brand: Brand,
    /// The language that the page is in.
    pub(super) words: Arc<Words>,
    /// What stands before an asset's name.
    pub(super) assets: String,
    /// The key of its title.
    pub(super) title: &'static str,
    /// The languages to choose from, where the address takes a choice.
    choice: Option<Languages>,
}

impl Frame {
    pub(super) fn new(pages: &Pages, words: Arc<Words>, title: &'static str) -> Self {
        Self {
            site: Arc::clone(&pages.site),
            assets: pages.assets.base(&words),
            brand: Brand::of(&pages.site, &words),
            words,
            title,
            choice: Some(pages.languages.clone()),
        }
    }

    /// For a page that any address can answer with, also one that takes no choice of a language.
    pub(super) fn anywhere(pages: &Pages, words: Arc<Words>, title: &'static str) -> Self {
        Self {
            choice: None,
            ..Self::new(pages, words, title)
        }
    }

    /// The languages to choose from; none where there is no choice.
    pub(super) fn languages(&self) -> Vec<&Words> {
        let offered = self.choice.iter().flat_map(Languages::all);
        let offered: Vec<_> = offered.map(|words| &**words).collect();
        if offered.len() > 1 {
            offered
        } else {
            Vec::new()
        }
    }

    /// The text of a key.
    pub(super) fn say<'a>(&'a self, key: &'a str) -> &'a str {
        self.words.say(key)
    }

    /// What stands between two sentences.
    pub(super) fn gap(&self) -> &str {
        self.words.say("language.gap")
    }

    /// What stands before and after the placeholder in the text of a key.
    pub(super) fn around<'a>(&'a self, key: &'a str) -> (&'a str, &'a str) {
        self.words.around(key)
    }
}

/// The visitor, as pages show them.
pub(super) struct Who {
    /// For scripts: `stranger`, `returning` or `known`.
    pub(super) kind: &'static str,
    pub(super) user_name: String,
    pub(super) display_name: String,
}

impl Who {
    pub(super) fn of(visitor: &Visitor) -> Self {
        let nobody = |kind| Self {
            kind,
            user_name: String::new(),
            display_name: String::new(),
        };
        match visitor {
            Visitor::Stranger => nobody("stranger"),
            Visitor::Returning => nobody("returning"),
            Visitor::Known(user) => Self {
                kind: "known",
                user_name: user.name.as_str().to_owned(),
                display_name: if user.display_name.trim().is_empty() {
                    user.name.as_str().to_owned()
                } else {
                    user.display_name.clone()
                },
            },
        }
    }
}

#[derive(Template)]
#[template(path = "login.html")]
pub(super) struct LoginView {
    pub(super) frame: Frame,
    pub(super) who: Who,
    pub(super) start: Start,
    pub(super) needs: Needs,
    /// Whether somebody waits to be sent back.
    pub(super) destination: bool,
    pub(super) rd: ReturnPath,
}

/// What a login page shows first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
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
pub(super) enum Standing {
    Enough,
    TooLittle,
    /// Even after a login for it.
    StillTooLittle,
}

/// What is needed, in words.
pub(super) struct Needs {
    /// For the script, which hands it to `login/begin`.
    pub(super) user_verified: bool,
    /// For the script: whether a login is judged afterwards.
    pub(super) judged: bool,
    /// Of the passkey: keys of ends of a sentence that begins "a passkey".
    pub(super) passkey: Vec<&'static str>,
}

impl Needs {
    pub(super) fn of(need: &Need) -> Self {
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
    pub(super) fn of(
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
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Resume => "resume",
            Self::Known => "known",
            Self::Confirm => "confirm",
            Self::Lacking => "lacking",
        }
    }
}

#[derive(Template)]
#[template(path = "account.html")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each shows or hides a part of the page"
)]
pub(super) struct AccountView {
    pub(super) frame: Frame,
    /// Whether losing the only passkey is no disaster.
    pub(super) has_codes: bool,
    /// Whether there is a page of administrators for this visitor.
    pub(super) administers: bool,
    pub(super) who: Who,
    /// Nothing else is open to this visitor until they have added a passkey.
    pub(super) must_register: bool,
    /// There may be a copy of one of their passkeys.
    pub(super) some_disabled: bool,
    pub(super) passkeys: Vec<PasskeyView>,
    /// An empty row, which the script fills for a passkey that was just added.
    pub(super) blank: PasskeyView,
}

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

/// One passkey in the list.
pub(super) struct PasskeyView {
    pub(super) id: String,
    /// Its label, or what it is where it has none.
    pub(super) title: String,
    /// Name of the authenticator, or empty; not repeated when it is the title already.
    pub(super) authenticator: &'static str,
    pub(super) keeping: Keeping,
    /// Whether its maker was proved when it was registered.
    pub(super) attested: bool,
    /// Whether it signs in no more.
    pub(super) disabled: bool,
    /// How it is reached.
    pub(super) ways: Vec<Way>,
    pub(super) created: Moment,
    pub(super) last_used: Option<Moment>,
}

impl PasskeyView {
    pub(super) fn of(credential: &Credential, words: &Words) -> Self {
        let name = authenticator_name(credential.aaguid).unwrap_or_default();
        let label = credential.label.trim();
        let title = match (label, name) {
            ("", "") => words.say("passkey.unnamed"),
            ("", name) => name,
            (label, _) => label,
        };
        Self {
            id: credential.id.to_string(),
            title: title.to_owned(),
            authenticator: if title == name { "" } else { name },
            keeping: Keeping::of(credential),
            attested: credential.attested,
            disabled: credential.disabled_at.is_some(),
            ways: Way::all(&credential.transports, words),
            created: Moment::of(credential.created_at, words),
            last_used: credential.last_used_at.map(|at| Moment::of(at, words)),
        }
    }

    pub(super) fn blank(words: &Words) -> Self {
        Self {
            id: String::new(),
            title: String::new(),
            authenticator: "",
            keeping: Keeping::Device,
            attested: false,
            disabled: false,
            ways: Way::all(&[], words),
            created: Moment {
                machine: String::new(),
                human: String::new(),
            },
            last_used: None,
        }
    }
}

/// A way to reach an authenticator (WebAuthn Level 3, section 5.8.4), and whether a passkey has it.
pub(super) struct Way {
    pub(super) key: &'static str,
    pub(super) text: String,
    pub(super) there: bool,
}

impl Way {
    /// Key of the value, and of its text.
    const KNOWN: [(&'static str, &'static str); 6] = [
        ("usb", "passkey.ways.usb"),
        ("nfc", "passkey.ways.nfc"),
        ("ble", "passkey.ways.ble"),
        ("smart-card", "passkey.ways.smartCard"),
        ("hybrid", "passkey.ways.hybrid"),
        ("internal", "passkey.ways.internal"),
    ];

    fn all(transports: &[String], words: &Words) -> Vec<Self> {
        let ways = Self::KNOWN.map(|(key, text)| Self {
            key,
            text: words.say(text).to_owned(),
            there: transports.iter().any(|it| it == key),
        });
        ways.into()
    }
}

/// Where a passkey is kept, as far as its owner needs to know (BE and BS flags).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeping {
    /// In a password manager, on every device that it reaches.
    Synced,
    /// It could be synced, but is not.
    Syncable,
    /// On one device or security key.
    Device,
}

impl Keeping {
    fn of(credential: &Credential) -> Self {
        match (credential.backup_eligible, credential.backup_state) {
            (Some(true), true) => Self::Synced,
            (Some(true), false) => Self::Syncable,
            (Some(false) | None, _) => Self::Device,
        }
    }

    /// For style sheet and scripts.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Synced => "synced",
            Self::Syncable => "syncable",
            Self::Device => "device",
        }
    }
}

/// A time, for machines (RFC 3339) and, until a script writes it in the reader's own zone, people.
pub(super) struct Moment {
    pub(super) machine: String,
    pub(super) human: String,
}

impl Moment {
    fn of(at: UnixTime, words: &Words) -> Self {
        let known = i64::try_from(at.0)
            .ok()
            .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
        match known {
            Some(time) => Self {
                machine: time.format(&Rfc3339).unwrap_or_default(),
                human: words.date(time.date()),
            },
            None => Self {
                machine: String::new(),
                human: words.say("passkey.unknownTime").to_owned(),
            },
        }
    }
}
