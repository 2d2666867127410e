//! What an administrator should know of a user who was just made or changed.

use crate::app::App;
use crate::model::{Reason, ReasonCode, User, UserChange};

/// What will not work at the next login, and what of the change had no effect.
pub(super) fn warnings(app: &App, change: &UserChange, before: &User, after: &User) -> Vec<Reason> {
    let mut warnings = Vec::new();
    if !app.fits_a_cookie(after) {
        warnings.push(Reason::new(
            ReasonCode::TokenTooLarge,
            "The tokens of this user would not fit a browser's cookie. Limit the groups in tokens \
             with token.groups, or give the user fewer groups and policies.",
        ));
    }
    let absent = change
        .remove_groups
        .iter()
        .filter(|it| !before.groups.contains(it));
    warnings.extend(absent.map(|group| {
        let text = format!("the user is not in the group {group}");
        let reason = Reason::new(ReasonCode::NotInGroup, text).with("group", group);
        reason.at("remove_groups")
    }));
    warnings.extend(without_effect(app, change));
    warnings
}

/// Limits of one user's own only shorten.
fn without_effect(app: &App, change: &UserChange) -> impl Iterator<Item = Reason> {
    let limits = app.session_limits;
    let of_everyone = [
        ("token_ttl", change.token_ttl, app.issuer.token_ttl()),
        ("token_max_ttl", change.token_max_ttl, limits.max),
        ("token_period", change.token_period, limits.idle),
    ];
    of_everyone
        .into_iter()
        .filter_map(|(name, own, everyones)| {
            own.flatten().filter(|own| *own >= everyones)?;
            let text = format!("it has no effect, everyone's is {everyones}");
            let reason = Reason::new(ReasonCode::LimitWithoutEffect, text).with("most", everyones);
            Some(reason.at(name))
        })
}
