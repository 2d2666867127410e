//! Mounts that were written over the administration API.

use super::UnixTime;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A mount as the store keeps it: what was written, not what it comes to. What was left out goes on
/// following the defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountRecord {
    /// The `<mount>` in the paths.
    pub name: String,
    /// Given by the store: each write of any mount gets a higher one.
    pub revision: u64,
    /// When it was written last.
    pub changed_at: UnixTime,
    /// By whom, for people to read.
    pub changed_by: String,
    /// The domain that its passkeys are bound to, as it was when it was written.
    pub rp_id: String,
    /// The fields, by the names that the API has for them.
    pub settings: Map<String, Value>,
}
