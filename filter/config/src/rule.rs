//! Rules: which requests need a session, and which session.

use serde_json::Value;

use crate::{
    ConfigError, Problem,
    json::{Member, Members},
    names::{Host, Method},
    path::PathPattern,
    require::Require,
    url::Origin,
};

/// One rule. The first that matches a request decides on it.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Which requests it is about; everything when left out.
    pub matches: Match,
    /// What it lets pass.
    pub allow: Access,
    /// Whether paths that servers read differently (`%2f`, `..;` and so on) are refused. Only a
    /// rule that is not public can switch it off.
    pub refuse_ambiguous_paths: bool,
    /// Other origins of the same site that may send changing requests with the session's cookie.
    pub same_site_origins: Vec<Origin>,
    /// What the session must have.
    pub require: Option<Require>,
    /// What becomes of CORS preflights, which carry no credentials.
    pub preflight: Preflight,
    /// Other origins whose scripts may read why they are refused.
    pub cors_origins: Vec<Origin>,
}

/// What becomes of a [CORS preflight](https://fetch.spec.whatwg.org/#cors-preflight-request).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preflight {
    /// It needs a session like any request, which it never has.
    #[default]
    Refuse,
    /// The application answers it.
    Pass,
}

/// Which requests a rule is about. What is left out matches everything.
#[derive(Debug, Clone, Default)]
pub struct Match {
    /// Hosts, compared without port and case.
    pub hosts: Option<Vec<Host>>,
    /// Methods, exactly.
    pub methods: Option<Vec<Method>>,
    /// Path patterns.
    pub paths: Option<Vec<PathPattern>>,
}

/// What a rule lets pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// Everyone.
    Public,
    /// Everyone with a valid session.
    #[default]
    Authenticated,
    /// Nobody.
    Deny,
}

/// Longer ones are not shown in messages.
const MAX_SHOWN_BYTES: usize = 100;

impl Rule {
    pub(crate) fn read(rule: Member) -> Result<Self, ConfigError> {
        let about = about(&rule.value);
        Self::read_members(rule).map_err(|error| error.in_rule(about))
    }

    /// What it is about, for messages: its first path, or else its first host.
    pub(crate) fn about(&self) -> Option<String> {
        let Match { hosts, paths, .. } = &self.matches;
        let path = paths.as_ref().and_then(|paths| paths.first());
        let host = || hosts.as_ref().and_then(|hosts| hosts.first());
        shown(
            path.map(PathPattern::as_str)
                .or_else(|| host().map(Host::as_str)),
        )
    }

    fn read_members(rule: Member) -> Result<Self, ConfigError> {
        let mut members = Members::new(
            rule,
            &[
                "match",
                "allow",
                "refuse_ambiguous_paths",
                "same_site_origins",
                "require",
                "preflight",
                "cors_origins",
            ],
        )?;
        Ok(Self {
            matches: Match::read(members.object("match", &["hosts", "methods", "paths"])?)?,
            allow: Access::read(members.required("allow")?)?,
            refuse_ambiguous_paths: members.flag("refuse_ambiguous_paths", true)?,
            same_site_origins: members
                .take("same_site_origins")
                .map_or_else(|| Ok(Vec::new()), Member::texts)?,
            require: members.take("require").map(Require::read).transpose()?,
            preflight: members
                .take("preflight")
                .map_or(Ok(Preflight::default()), Preflight::read)?,
            cors_origins: members
                .take("cors_origins")
                .map_or_else(|| Ok(Vec::new()), Member::texts)?,
        })
    }
}

/// The same of a rule that may be wrong.
fn about(rule: &Value) -> Option<String> {
    let first = |of: &str| rule.get("match")?.get(of)?.get(0)?.as_str();
    shown(first("paths").or_else(|| first("hosts")))
}

fn shown(text: Option<&str>) -> Option<String> {
    let is_plain = |text: &&str| {
        text.len() <= MAX_SHOWN_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    text.filter(is_plain).map(str::to_owned)
}

impl Preflight {
    fn read(preflight: Member) -> Result<Self, ConfigError> {
        match preflight.value.as_str() {
            Some("refuse") => Ok(Self::Refuse),
            Some("pass") => Ok(Self::Pass),
            _ => Err(ConfigError::new(preflight.path, Problem::NotAPreflight)),
        }
    }
}

impl Match {
    fn read(mut members: Members) -> Result<Self, ConfigError> {
        Ok(Self {
            hosts: members.take("hosts").map(Member::texts).transpose()?,
            methods: members.take("methods").map(Member::texts).transpose()?,
            paths: members.take("paths").map(Member::texts).transpose()?,
        })
    }
}

impl Access {
    pub(crate) fn read(access: Member) -> Result<Self, ConfigError> {
        match access.value.as_str() {
            Some("public") => Ok(Self::Public),
            Some("authenticated") => Ok(Self::Authenticated),
            Some("deny") => Ok(Self::Deny),
            _ => Err(ConfigError::new(access.path, Problem::NotAnAccess)),
        }
    }
}
