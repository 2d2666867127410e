//! Checks that concern more than one value.

use std::time::Duration;

use crate::{Access, Acr, Amr, ConfigError, FilterConfig, Preflight, Problem, Require, Rule};

/// More rules than this are a mistake.
const MAX_RULES: usize = 1000;
/// The same for the hosts, methods and paths of one rule.
const MAX_ENTRIES: usize = 1000;
/// A clock that is further off is broken, and every second prolongs the life of a stolen token.
const MAX_CLOCK_SKEW: Duration = Duration::from_mins(5);
/// Limits of the fetches: not a load on the sidecar, and not later than a rotated key is used.
const REFRESH: (Duration, Duration) = (Duration::from_secs(1), Duration::from_hours(1));
/// Limits of one call to the sidecar.
const TIMEOUT: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(30));

/// Limits of `max_age`: shorter than a login takes nobody could meet, longer than a year is none.
const PRESENCE_AGE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_hours(24 * 365));
/// The sidecar keeps a question open for up to 25 s, so a list may be that old at any time.
const MAX_AGE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_hours(24));
/// A token lives an hour at most.
const REFRESH_BEFORE: (Duration, Duration) = (Duration::ZERO, Duration::from_mins(30));

/// Checks a configuration whose values are well-formed one by one.
pub(crate) fn check(config: &FilterConfig) -> Result<(), ConfigError> {
    count("audiences", config.audiences.len())?;
    let issuer = config.issuer.as_str();
    if config.audiences.iter().any(|it| it.as_str() == issuer) {
        // Those of sessions that are good for registering a passkey and nothing else are for it.
        return same("audiences", "issuer");
    }
    count("hosts", config.hosts.len())?;
    within(
        "clock_skew",
        config.clock_skew,
        (Duration::ZERO, MAX_CLOCK_SKEW),
    )?;
    within("jwks.refresh", config.jwks.refresh, REFRESH)?;
    if let Some(revocations) = &config.revocations {
        within("revocations.max_age", revocations.max_age, MAX_AGE)?;
    }
    within(
        "session.refresh_before",
        config.session.refresh_before,
        REFRESH_BEFORE,
    )?;
    within("sidecar.timeout", config.sidecar.timeout, TIMEOUT)?;
    if config.session.cookie == config.session.refresh_cookie {
        return same("session.refresh_cookie", "session.cookie");
    }
    if config.sidecar.cluster == config.sidecar.public_cluster {
        // The internal listener trusts whoever reaches it.
        return same("sidecar.public_cluster", "sidecar.cluster");
    }
    headers(config)?;
    if config.rules.len() > MAX_RULES {
        return refuse("rules", Problem::TooMany { most: MAX_RULES });
    }
    config
        .rules
        .iter()
        .enumerate()
        .try_for_each(|(index, rule)| {
            check_rule(config, index, rule).map_err(|error| error.in_rule(rule.about()))
        })
}

fn headers(config: &FilterConfig) -> Result<(), ConfigError> {
    let mut seen: Vec<(String, &str)> = Vec::new();
    let identity = config.identity_headers.iter();
    let identity = identity.map(|told| {
        let key = format!("identity_headers.{}", told.claim.name());
        (key, &told.header)
    });
    let token = config
        .forward_token
        .iter()
        .map(|f| ("forward_token.header".to_owned(), &f.header));
    let payload = config
        .forward_payload
        .iter()
        .map(|f| ("forward_payload.header".to_owned(), &f.header));
    for (key, header) in identity.chain(token).chain(payload) {
        if let Some((other, _)) = seen.iter().find(|(_, name)| *name == header.as_str()) {
            return same(&key, other);
        }
        seen.push((key, header.as_str()));
    }
    Ok(())
}

fn check_rule(config: &FilterConfig, index: usize, rule: &Rule) -> Result<(), ConfigError> {
    let key = |rest: &str| format!("rules[{index}].{rest}");
    let Rule {
        matches,
        allow,
        refuse_ambiguous_paths,
        same_site_origins,
        require,
        preflight,
        cors_origins,
    } = rule;
    for (name, length) in [
        ("hosts", matches.hosts.as_ref().map(Vec::len)),
        ("methods", matches.methods.as_ref().map(Vec::len)),
        ("paths", matches.paths.as_ref().map(Vec::len)),
    ] {
        length.map_or(Ok(()), |length| {
            count_where_named(&key(&format!("match.{name}")), length)
        })?;
    }
    if !refuse_ambiguous_paths && *allow == Access::Public {
        return refuse(key("refuse_ambiguous_paths"), Problem::AmbiguousButPublic);
    }
    let has_session = *allow == Access::Authenticated;
    for (name, origins) in [
        ("same_site_origins", same_site_origins),
        ("cors_origins", cors_origins),
    ] {
        if !origins.is_empty() && !has_session {
            return refuse(key(name), Problem::OriginsWithoutSession);
        }
        if origins.len() > MAX_ENTRIES {
            return refuse(key(name), Problem::TooMany { most: MAX_ENTRIES });
        }
    }
    if *preflight == Preflight::Pass {
        let methods = matches.methods.as_ref();
        if !has_session {
            return refuse(key("preflight"), Problem::OriginsWithoutSession);
        }
        if methods.is_some_and(|methods| methods.iter().all(|m| m.as_str() != "OPTIONS")) {
            return refuse(key("preflight"), Problem::PreflightWithoutOptions);
        }
    }
    if let Some(require) = require {
        if !has_session {
            return refuse(key("require"), Problem::RequireWithoutSession);
        }
        let max_age = require.max_age.unwrap_or(PRESENCE_AGE.0);
        within(&key("require.max_age"), max_age, PRESENCE_AGE)?;
        check_passkey(require, &key("require"))?;
    }
    for (at, path) in matches.paths.iter().flatten().enumerate() {
        if config.public_path.covers(path.as_str()) {
            let public_path = config.public_path.to_string();
            return refuse(
                key(&format!("match.paths[{at}]")),
                Problem::InsideSignIn { public_path },
            );
        }
    }
    Ok(())
}

/// A passkey either stays in one authenticator or can be synchronised.
fn check_passkey(require: &Require, key: &str) -> Result<(), ConfigError> {
    let synced = require.authenticator.synced;
    let demands = [
        ("acr", "phrh", require.acr == Some(Acr::Phrh), true),
        ("amr", "hwk", require.amr.contains(&Amr::Hwk), true),
        ("amr", "swk", require.amr.contains(&Amr::Swk), false),
        ("authenticator.synced", "false", synced == Some(false), true),
        ("authenticator.synced", "true", synced == Some(true), false),
    ];
    let mut made = demands.iter().filter(|(_, _, is_made, _)| *is_made);
    let Some((first, that, _, stays)) = made.next() else {
        return Ok(());
    };
    match made.find(|(.., other)| other != stays) {
        None => Ok(()),
        Some((second, this, ..)) => refuse(
            format!("{key}.{second}"),
            Problem::NobodyMeets {
                this,
                that,
                other: format!("{key}.{first}"),
            },
        ),
    }
}

/// The entries of a list that may be left out.
pub(crate) fn count_where_named(key: &str, length: usize) -> Result<(), ConfigError> {
    match length {
        0 => refuse(key, Problem::EmptyNotAbsent),
        _ => count(key, length),
    }
}

fn count(key: &str, length: usize) -> Result<(), ConfigError> {
    match length {
        0 => refuse(key, Problem::Empty),
        1..=MAX_ENTRIES => Ok(()),
        _ => refuse(key, Problem::TooMany { most: MAX_ENTRIES }),
    }
}

fn within(
    key: &str,
    value: Duration,
    (least, most): (Duration, Duration),
) -> Result<(), ConfigError> {
    if value < least || value > most {
        return refuse(key, Problem::OutOfRange { least, most });
    }
    Ok(())
}

fn same(key: &str, other: &str) -> Result<(), ConfigError> {
    refuse(
        key,
        Problem::SameAs {
            other: other.to_owned(),
        },
    )
}

fn refuse(key: impl Into<String>, problem: Problem) -> Result<(), ConfigError> {
    Err(ConfigError::new(key, problem))
}
