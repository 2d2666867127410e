//! Pure types: what the relying party knows. Nothing here reads a clock, an entropy source or a
//! store, and nothing here imports another module of this crate.

mod audit;
mod authenticator;
mod branding;
mod credential;
mod enrolment;
mod id;
mod mount;
mod need;
mod network;
mod palette;
mod policy_name;
mod reason;
mod redirect;
mod revocation;
mod session;
mod signing_key;
mod time;
mod user;
mod user_change;
mod user_handle;

pub use audit::{ACTIONS, Actor, AuditBook, AuditFilter, AuditRecord, AuditSubject};
pub use authenticator::authenticator_name;
pub use branding::{BrandTexts, Branding, Logo, LogoKind};
pub use credential::{Credential, CredentialId, CredentialIdError};
pub use enrolment::{Enrolment, EnrolmentPurpose, RecoveryCodes};
pub use id::{ChallengeId, SecretHash, SessionId, UserId};
pub use mount::MountRecord;
pub use need::{Need, Trait};
pub use network::{network, site};
pub use palette::{Colour, LEAST_CONTRAST, Palette, PoorContrast, Scheme};
pub use policy_name::PolicyName;
pub use reason::{Reason, ReasonCode};
pub use redirect::ReturnPath;
pub use revocation::{Floors, LONGEST_TOKEN, Minted, Revocation, Revoked};
pub use session::{AuthenticatorClass, Session};
pub use signing_key::SigningKeyRecord;
pub use time::{Seconds, UnixTime};
pub use user::{User, UserName, UserNameError};
pub use user_change::{UserChange, UserLimits};
pub use user_handle::UserHandle;
