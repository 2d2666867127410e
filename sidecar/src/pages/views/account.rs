//! The account page.

use super::{Frame, PasskeyView, Who};
use askama::Template;

#[derive(Template)]
#[template(path = "account.html")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each shows or hides a part of the page"
)]
pub(in crate::pages) struct AccountView {
    pub(in crate::pages) frame: Frame,
    /// Whether losing the only passkey is no disaster.
    pub(in crate::pages) has_codes: bool,
    /// Whether there is a page of administrators for this visitor.
    pub(in crate::pages) administers: bool,
    pub(in crate::pages) who: Who,
    /// Nothing else is open to this visitor until they have added a passkey.
    pub(in crate::pages) must_register: bool,
    /// There may be a copy of one of their passkeys.
    pub(in crate::pages) some_disabled: bool,
    pub(in crate::pages) passkeys: Vec<PasskeyView>,
    /// An empty row, which the script fills for a passkey that was just added.
    pub(in crate::pages) blank: PasskeyView,
}
