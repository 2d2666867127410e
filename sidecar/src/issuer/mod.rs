//! The issuer: signing keys, session tokens, and the sessions behind them. It is given the time,
//! the entropy and the stored records; it reads and writes no store itself.

mod cookies;
mod enrolment_code;
mod key_ring;
mod mint;
mod recovery_code;
mod refresh_secret;
mod seal;
mod session;

pub use cookies::{CookieOverflow, SessionCookies};
pub use enrolment_code::EnrolmentCode;
pub use key_ring::{
    KeyRing, KeyRingError, KeyRole, KeyState, RevokeError, RotateError, Succession,
};
pub use mint::{Issuer, IssuerError, MintedToken, Publishable, TokenSettings};
pub use recovery_code::{RECOVERY_CODES, draw_recovery_code, recovery_code_hash};
pub use refresh_secret::RefreshSecret;
pub use seal::{KeyEncryptionKey, OpenError};
pub use session::{
    ACR_HARDWARE_PROTECTED, ACR_PHISHING_RESISTANT, Presence, SessionLimits, begin, renewed_until,
    step_up,
};
