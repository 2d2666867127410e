//! What the audit log says about a user who was made or changed: fixed words with what belongs to them,
//! which pages say in the reader's language.

use crate::model::{User, UserChange};

/// What a new user has been given that opens doors.
pub(super) fn created_with(user: &User, link: bool) -> Option<String> {
    let mut parts = Vec::new();
    if !user.groups.is_empty() {
        parts.push(format!("groups: {}", user.groups.join(", ")));
    }
    if !user.policies.is_empty() {
        parts.push(format!("token_policies: {}", user.policies.join(", ")));
    }
    if link {
        parts.push("enrolment_link".to_owned());
    }
    (!parts.is_empty()).then(|| shortened(&parts.join("; ")))
}

/// The names of what was changed; of groups and policies, which open doors, what came and went.
pub(super) fn detail_of(change: &UserChange, before: &User, after: &User) -> String {
    let (mut parts, mut fields) = (Vec::new(), change.fields());
    for (name, before, after) in [
        ("groups", &before.groups, &after.groups),
        ("token_policies", &before.policies, &after.policies),
    ] {
        let came = after.iter().filter(|it| !before.contains(it));
        let went = before.iter().filter(|it| !after.contains(it));
        let came = came.map(|it| format!("+{it}"));
        let differences: Vec<_> = came.chain(went.map(|it| format!("-{it}"))).collect();
        if !differences.is_empty() {
            fields.retain(|field| *field != name);
            parts.push(format!("{name}: {}", differences.join(", ")));
        }
    }
    // Of the others, that they were set is enough.
    if !fields.is_empty() {
        parts.insert(0, fields.join(" "));
    }
    shortened(&parts.join("; "))
}

/// Never longer than a line of the log.
fn shortened(text: &str) -> String {
    text.chars().take(500).collect()
}
