//! What an administrator can set about a user, and changes to it.

use super::{Seconds, User};
use serde::{Deserialize, Serialize};

/// Limits of one user's tokens and sessions, where they differ from everyone's. They shorten only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserLimits {
    /// How long a token lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_ttl: Option<Seconds>,
    /// When a session ends whatever happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_max_ttl: Option<Seconds>,
    /// When a session ends that nothing renews.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_period: Option<Seconds>,
}

/// What is to be different about a user; what is not set stays. Applied inside of one step, so that
/// two administrators at once lose nothing of each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserChange {
    /// What pages show.
    pub display_name: Option<String>,
    /// Absent inside: none any more.
    pub email: Option<Option<String>>,
    /// All groups.
    pub groups: Option<Vec<String>>,
    /// Groups beside those that there are.
    pub add_groups: Vec<String>,
    /// Groups no longer.
    pub remove_groups: Vec<String>,
    /// All policies.
    pub policies: Option<Vec<String>>,
    /// Absent inside: as for everyone.
    pub token_ttl: Option<Option<Seconds>>,
    /// The same.
    pub token_max_ttl: Option<Option<Seconds>>,
    /// The same.
    pub token_period: Option<Option<Seconds>>,
    /// Whether the next session is good for registering a passkey only.
    pub must_register: Option<bool>,
    /// Whether the user cannot sign in.
    pub disabled: Option<bool>,
}

impl UserChange {
    /// The user as it is then.
    #[must_use]
    pub fn applied_to(&self, user: &User) -> User {
        let mut user = user.clone();
        set(&mut user.display_name, self.display_name.as_ref());
        set(&mut user.email, self.email.as_ref());
        set(&mut user.groups, self.groups.as_ref());
        user.groups.retain(|it| !self.remove_groups.contains(it));
        for group in &self.add_groups {
            if !user.groups.contains(group) {
                user.groups.push(group.clone());
            }
        }
        set(&mut user.policies, self.policies.as_ref());
        set(&mut user.limits.token_ttl, self.token_ttl.as_ref());
        set(&mut user.limits.token_max_ttl, self.token_max_ttl.as_ref());
        set(&mut user.limits.token_period, self.token_period.as_ref());
        set(&mut user.must_register, self.must_register.as_ref());
        set(&mut user.disabled, self.disabled.as_ref());
        user
    }

    /// Whether the user can have more text than before. What cannot, such as disabling someone, must
    /// never fail because of what is there already.
    #[must_use]
    pub fn can_grow(&self) -> bool {
        self.display_name.is_some()
            || self.email.is_some()
            || self.groups.is_some()
            || !self.add_groups.is_empty()
            || self.policies.is_some()
    }

    /// The names of what it sets, for the audit log.
    #[must_use]
    pub fn fields(&self) -> Vec<&'static str> {
        [
            ("display_name", self.display_name.is_some()),
            ("email", self.email.is_some()),
            (
                "groups",
                self.groups.is_some()
                    || !self.add_groups.is_empty()
                    || !self.remove_groups.is_empty(),
            ),
            ("token_policies", self.policies.is_some()),
            ("token_ttl", self.token_ttl.is_some()),
            ("token_max_ttl", self.token_max_ttl.is_some()),
            ("token_period", self.token_period.is_some()),
            ("must_register_passkey", self.must_register.is_some()),
            ("disabled", self.disabled.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, is_set)| is_set.then_some(name))
        .collect()
    }
}

fn set<T: Clone>(field: &mut T, change: Option<&T>) {
    if let Some(value) = change {
        field.clone_from(value);
    }
}
