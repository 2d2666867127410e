//! What a mount's settings are, for the OpenAPI document: they are read as the configuration file's are
//! (`config/written.rs`) and shown by `mount_view.rs`, both by name.

use super::mount_config::Terms;
use super::user_fields::Span;
use crate::routes::openapi::ReasonView;
use utoipa::ToSchema;

/// A mount to be written: what is not given stays as it is, `null` makes it what it is by default.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is read by name")]
pub(super) struct MountWish {
    #[serde(flatten)]
    settings: MountSettings,
    #[serde(flatten)]
    terms: Terms,
}

/// A mount.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written by name")]
pub(super) struct MountView {
    name: String,
    #[serde(flatten)]
    settings: MountSettings,
    /// `configuration file` or `administration API`.
    declared_in: String,
    /// How often it was written, where that was done over the API.
    revision: Option<u64>,
    changed_at: Option<String>,
    changed_by: Option<String>,
    /// What should be known of it.
    warnings: Option<Vec<String>>,
    /// The same for programs.
    causes: Option<Vec<ReasonView>>,
    /// Why it does not answer.
    problem: Option<String>,
}

/// A relying party with its policies.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is read and written by name")]
struct MountSettings {
    /// The host of one of the origins, or a parent domain of it.
    rp_id: Option<String>,
    /// As `rp_id` by default.
    rp_display_name: Option<String>,
    /// As browsers write them; by default that of `public_url`.
    rp_origins: Option<Vec<String>>,
    /// Whether strangers can make accounts.
    auto_registration: Option<bool>,
    /// Passkeys of one account.
    #[schema(minimum = 1, maximum = 100)]
    max_credentials: Option<u32>,
    #[serde(flatten)]
    passwordless: PolicySettings,
    two_factor: Option<SecondPolicy>,
}

/// The policy for passkeys as second factor. There is one where anything of it is given.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is read and written by name")]
struct SecondPolicy {
    /// Only written: `false` takes the policy away.
    enabled: Option<bool>,
    #[serde(flatten)]
    policy: PolicySettings,
}

/// What a passkey must be.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is read and written by name")]
struct PolicySettings {
    user_verification: Option<Preference>,
    /// As `user_verification` by default.
    registration_user_verification: Option<Preference>,
    discoverable_credential: Option<Preference>,
    /// `null`: any.
    authenticator_attachment: Option<Attachment>,
    /// The preferred one first.
    algorithms: Option<Vec<Algorithm>>,
    /// 30 to 600 seconds, or 0 for the browser's choice; also as a text, like `5m`.
    timeout: Option<Span>,
    attestation: Option<Conveyance>,
    /// Whether a passkey of a model that is reported as compromised signs in no more.
    refuse_compromised: Option<bool>,
    /// Whether browsers are told which passkeys the account has.
    avoid_same_authenticator: Option<bool>,
    /// AAGUIDs; empty: any.
    acceptable_aaguids: Option<Vec<String>>,
    forbidden_aaguids: Option<Vec<String>>,
    /// What browsers should suggest first.
    hints: Option<Vec<Hint>>,
}

#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes what is read and written by name")]
enum Preference {
    Required,
    Preferred,
    Discouraged,
}

#[derive(ToSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(dead_code, reason = "describes what is read and written by name")]
enum Attachment {
    Platform,
    CrossPlatform,
}

#[derive(ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(dead_code, reason = "describes what is read and written by name")]
enum Algorithm {
    Es256,
    Es384,
    Rs256,
}

#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes what is read and written by name")]
enum Conveyance {
    None,
    Indirect,
    Direct,
    Enterprise,
}

#[derive(ToSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(dead_code, reason = "describes what is read and written by name")]
enum Hint {
    SecurityKey,
    ClientDevice,
    Hybrid,
}
