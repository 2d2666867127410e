//! Why a configuration is refused.

use std::{fmt, time::Duration};

use latchkey_token::JwkSetError;
use thiserror::Error;

use crate::{
    BadFormat, BadHeader, BadHost, BadLogField, BadName, BadPattern, BadRequirement, BadUrl,
    duration,
};

/// Why a configuration is refused. Its text begins with the path of the key, and ends with what the
/// rule is about where it is one of many that is at fault.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct ConfigError(Box<Fault>);

/// Behind a pointer: moving it from place to place would be some kilobytes of module.
#[derive(Debug, Error)]
#[error("{key}: {problem}{}", About(rule.as_deref()))]
struct Fault {
    key: String,
    #[source]
    problem: Problem,
    rule: Option<String>,
}

/// What is wrong with the value of a key.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Problem {
    /// No JSON, or a name twice in one object.
    #[error(transparent)]
    Json(serde_json::Error),
    /// Nobody reads this key.
    #[error("unknown key, expected one of {}", Keys(known))]
    UnknownKey {
        /// The keys that could stand there.
        known: &'static [&'static str],
    },
    /// There is no default.
    #[error("missing, and there is no default")]
    Missing,
    /// Another type of value.
    #[error("expected an object")]
    NotAnObject,
    /// Another type of value.
    #[error("expected a list")]
    NotAList,
    /// Another type of value.
    #[error("expected a string")]
    NotAText,
    /// Another type of value.
    #[error("expected true or false")]
    NotAFlag,
    /// No number with a unit.
    #[error("expected a duration such as \"500ms\", \"60s\", \"10m\" or \"2h\"")]
    NotADuration,
    /// Neither of the three.
    #[error("expected \"public\", \"authenticated\" or \"deny\"")]
    NotAnAccess,
    /// Neither of the two.
    #[error("expected \"allow\" or \"refuse\"")]
    NotAStaleness,
    /// Not a name.
    #[error(transparent)]
    Name(#[from] BadName),
    /// Not a host.
    #[error(transparent)]
    Host(#[from] BadHost),
    /// Not a header's name, or one that is taken.
    #[error(transparent)]
    Header(#[from] BadHeader),
    /// Not a path or pattern.
    #[error(transparent)]
    Pattern(#[from] BadPattern),
    /// Not an address.
    #[error(transparent)]
    Url(#[from] BadUrl),
    /// Not a requirement that a session can meet.
    #[error(transparent)]
    Requirement(#[from] BadRequirement),
    /// Not a form of a header.
    #[error(transparent)]
    Format(#[from] BadFormat),
    /// Nothing that access logs can be told.
    #[error(transparent)]
    LogField(#[from] BadLogField),
    /// Neither of the two.
    #[error("expected \"refuse\" or \"pass\"")]
    NotAPreflight,
    /// A demand is made or left out.
    #[error("expected true; leave it out to ask for nothing")]
    NotADemand,
    /// A list names something twice.
    #[error("stands there twice")]
    Twice,
    /// Not a key set that can be relied on.
    #[error("the key set is refused: {0}")]
    KeySet(#[from] JwkSetError),
    /// A list that must name something names nothing.
    #[error("must not be empty")]
    Empty,
    /// The same where nothing need be named.
    #[error("must not be empty: name something, or leave it out")]
    EmptyNotAbsent,
    /// A list is longer than any sensible configuration.
    #[error("at most {most} entries")]
    TooMany {
        /// The limit.
        most: usize,
    },
    /// A duration is outside of what makes sense.
    #[error("must be between {} and {}", duration::show(*least), duration::show(*most))]
    OutOfRange {
        /// The shortest.
        least: Duration,
        /// The longest.
        most: Duration,
    },
    /// Two keys must not name the same thing.
    #[error("the same as {other}, where it must differ")]
    SameAs {
        /// Path of the other key.
        other: String,
    },
    /// A rule without `allow: authenticated` or `deny` cannot weaken the checks of the path.
    #[error("a public rule always refuses ambiguous paths; leave it out")]
    AmbiguousButPublic,
    /// Cross-site requests are judged only where a session is needed.
    #[error("only a rule with `allow: authenticated` has a use for it")]
    OriginsWithoutSession,
    /// What a session must have is asked only where one is needed.
    #[error("only a rule with `allow: authenticated` can require something")]
    RequireWithoutSession,
    /// Two demands that exclude each other: whoever is sent to sign in for them comes back without.
    #[error("`{this}` excludes `{that}` in {other}: no passkey has both")]
    NobodyMeets {
        /// What is asked for here.
        this: &'static str,
        /// What is asked for there.
        that: &'static str,
        /// Path of the other key.
        other: String,
    },
    /// Preflights are OPTIONS requests, so this rule never meets one.
    #[error("a preflight is an OPTIONS request, and the rule's `match.methods` lacks OPTIONS")]
    PreflightWithoutOptions,
    /// A rule that lies under the sign-in path would never be asked.
    #[error("`{public_path}` is the sign-in; rules cannot open or close it")]
    InsideSignIn {
        /// The configured `public_path`.
        public_path: String,
    },
}

impl ConfigError {
    pub(crate) fn new(key: impl Into<String>, problem: impl Into<Problem>) -> Self {
        Self(Box::new(Fault {
            key: key.into(),
            problem: problem.into(),
            rule: None,
        }))
    }

    /// Says what the rule at fault is about: its number alone finds no rule among hundreds.
    pub(crate) fn in_rule(mut self, about: Option<String>) -> Self {
        self.0.rule = about;
        self
    }

    /// Path of the key that is at fault, such as `rules[3].match.paths[0]`; `configuration` is the
    /// whole of it.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.0.key
    }
}

/// What a rule is about, behind what is said of it.
pub(crate) struct About<'a>(pub(crate) Option<&'a str>);

impl fmt::Display for About<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(about) => write!(f, " (the rule for {about})"),
            None => Ok(()),
        }
    }
}

struct Keys<'a>(&'a [&'static str]);

impl fmt::Display for Keys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, key) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}`{key}`")?;
        }
        Ok(())
    }
}
