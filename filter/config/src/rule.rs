//! Rules: which requests need a session.

use serde::Deserialize;

use crate::{
    names::{Host, Method},
    path::PathPattern,
    url::Origin,
};

/// One rule. The first that matches a request decides on it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Which requests it is about; everything when left out.
    #[serde(default, rename = "match")]
    pub matches: Match,
    /// What it lets pass.
    pub allow: Access,
    /// Whether paths that servers read differently (`%2f`, `..;` and so on) are refused. Only a
    /// rule that is not public can switch it off.
    #[serde(default = "yes")]
    pub refuse_ambiguous_paths: bool,
    /// Other origins of the same site that may send changing requests with the session's cookie.
    #[serde(default)]
    pub same_site_origins: Vec<Origin>,
}

/// Which requests a rule is about. What is left out matches everything.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// Hosts, compared without port, case and final dot.
    #[serde(default)]
    pub hosts: Option<Vec<Host>>,
    /// Methods, exactly.
    #[serde(default)]
    pub methods: Option<Vec<Method>>,
    /// Path patterns.
    #[serde(default)]
    pub paths: Option<Vec<PathPattern>>,
}

/// What a rule lets pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Everyone.
    Public,
    /// Everyone with a valid session.
    #[default]
    Authenticated,
    /// Nobody.
    Deny,
}

fn yes() -> bool {
    true
}
