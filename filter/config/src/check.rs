//! Checks that concern more than one value.

use std::time::Duration;

use crate::{Access, ConfigError, FilterConfig, Problem, Rule};

/// More rules than this are a mistake, and each costs time on every request.
const MAX_RULES: usize = 1000;
/// The same for the hosts, methods and paths of one rule.
const MAX_ENTRIES: usize = 1000;
/// A clock that is further off is broken, and every second prolongs the life of a stolen token.
const MAX_CLOCK_SKEW: Duration = Duration::from_mins(5);
/// Limits of the fetches: not a load on the sidecar, and not later than a rotated key is used.
const REFRESH: (Duration, Duration) = (Duration::from_secs(1), Duration::from_hours(1));
/// Limits of one call to the sidecar.
const TIMEOUT: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(30));

/// The sidecar keeps a question open for up to 25 s, so a list may be that old at any time.
const MAX_AGE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_hours(24));
/// A token lives an hour at most.
const REFRESH_BEFORE: (Duration, Duration) = (Duration::ZERO, Duration::from_mins(30));

/// Checks a configuration whose values are well-formed one by one.
pub(crate) fn check(config: &FilterConfig) -> Result<(), ConfigError> {
    count("audiences", config.audiences.len())?;
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
        .try_for_each(|(index, rule)| check_rule(config, index, rule))
}

fn headers(config: &FilterConfig) -> Result<(), ConfigError> {
    let identity = config.identity_headers.named();
    let mut seen: Vec<(String, &str)> = Vec::new();
    let identity = identity.map(|(key, header)| (format!("identity_headers.{key}"), header));
    let token = config
        .forward_token
        .iter()
        .map(|f| ("forward_token.header".to_owned(), &f.header));
    for (key, header) in identity.chain(token) {
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
    } = rule;
    for (name, length) in [
        ("hosts", matches.hosts.as_ref().map(Vec::len)),
        ("methods", matches.methods.as_ref().map(Vec::len)),
        ("paths", matches.paths.as_ref().map(Vec::len)),
    ] {
        length.map_or(Ok(()), |length| {
            count(&key(&format!("match.{name}")), length)
        })?;
    }
    if !refuse_ambiguous_paths && *allow == Access::Public {
        return refuse(key("refuse_ambiguous_paths"), Problem::AmbiguousButPublic);
    }
    if !same_site_origins.is_empty() && *allow != Access::Authenticated {
        return refuse(key("same_site_origins"), Problem::OriginsWithoutSession);
    }
    if same_site_origins.len() > MAX_ENTRIES {
        return refuse(
            key("same_site_origins"),
            Problem::TooMany { most: MAX_ENTRIES },
        );
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
