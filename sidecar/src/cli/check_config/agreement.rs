//! Whether the sidecar and the filter mean the same sign-in. Each of two configurations may be right, and
//! together let nobody in.

use super::clusters::Clusters;
use super::demands::{Demands, Sessions, unmet};
use crate::config::{Config, ListenAddress};
use latchkey_filter_config::{FilterConfig, Host, Name};

/// What both must say alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    issuer: String,
    public_path: String,
    cookie: String,
    refresh_cookie: String,
    audiences: Vec<String>,
    hosts: Vec<String>,
    /// Where the sidecar listens; of a filter, where on this machine its clusters lead, as far as is
    /// known.
    internal: Vec<ListenAddress>,
    public: Vec<ListenAddress>,
    /// The sidecar's.
    sessions: Sessions,
    /// The filter's.
    demands: Demands,
}

impl Terms {
    /// The filter's, with whether its gateway asks clients for a certificate.
    pub(super) fn asking_for_certificates(mut self, asks: Option<bool>) -> Self {
        self.demands.gateway_asks_for_certificate = asks;
        self
    }

    /// The filter's, with where its clusters lead.
    pub(super) fn leading_to(self, filter: &FilterConfig, clusters: &Clusters) -> Self {
        Self {
            internal: clusters.places_of(filter.sidecar.cluster.as_str()),
            public: clusters.places_of(filter.sidecar.public_cluster.as_str()),
            ..self
        }
    }
}

impl From<&Config> for Terms {
    fn from(config: &Config) -> Self {
        Self {
            issuer: config.public_url.issuer().to_owned(),
            public_path: config.public_url.path().to_owned(),
            cookie: config.session.cookie.clone(),
            refresh_cookie: config.session.refresh_cookie.clone(),
            audiences: config.token.audiences.clone(),
            hosts: vec![config.public_url.host().to_owned()],
            internal: vec![config.listen.internal.clone()],
            public: vec![config.listen.public.clone()],
            sessions: Sessions::from(config),
            demands: Demands::default(),
        }
    }
}

impl From<&FilterConfig> for Terms {
    fn from(config: &FilterConfig) -> Self {
        let texts = |texts: &mut dyn Iterator<Item = &str>| texts.map(str::to_owned).collect();
        Self {
            issuer: config.issuer.as_str().to_owned(),
            public_path: config.public_path.as_str().to_owned(),
            cookie: config.session.cookie.as_str().to_owned(),
            refresh_cookie: config.session.refresh_cookie.as_str().to_owned(),
            audiences: texts(&mut config.audiences.iter().map(Name::as_str)),
            hosts: texts(&mut config.hosts.iter().map(Host::as_str)),
            internal: Vec::new(),
            public: Vec::new(),
            sessions: Sessions::default(),
            demands: Demands::from(config),
        }
    }
}

/// What the filter's terms have otherwise than the sidecar's, a sentence each, beginning with the
/// filter's key. Empty when people can get in.
#[must_use]
pub fn disagreements(sidecar: &Terms, filter: &Terms) -> Vec<String> {
    let one = [
        ("issuer", &filter.issuer, "public_url", &sidecar.issuer),
        (
            "public_path",
            &filter.public_path,
            "the path of public_url",
            &sidecar.public_path,
        ),
        (
            "session.cookie",
            &filter.cookie,
            "session.cookie",
            &sidecar.cookie,
        ),
        (
            "session.refresh_cookie",
            &filter.refresh_cookie,
            "session.refresh_cookie",
            &sidecar.refresh_cookie,
        ),
    ]
    .into_iter()
    .filter(|(_, here, _, there)| here != there)
    .map(|(key, here, other, there)| {
        format!("{key} is {here:?}, but the sidecar has {there:?} ({other})")
    });
    let some = [
        (
            "audiences",
            &filter.audiences,
            "token.audiences",
            &sidecar.audiences,
        ),
        (
            "hosts",
            &filter.hosts,
            "the host of public_url",
            &sidecar.hosts,
        ),
    ]
    .into_iter()
    .filter(|(_, here, _, there)| !here.iter().any(|it| there.contains(it)))
    .map(|(key, here, other, there)| {
        format!("{key} names {here:?}, but the sidecar has {there:?} ({other})")
    });
    let led = [
        (
            "sidecar.cluster",
            &filter.internal,
            "listen.internal",
            &sidecar.internal,
        ),
        (
            "sidecar.public_cluster",
            &filter.public,
            "listen.public",
            &sidecar.public,
        ),
    ]
    .into_iter()
    .filter(|(_, here, _, there)| {
        !here.is_empty() && !here.iter().any(|it| there.iter().any(|at| at.meets(it)))
    })
    .map(|(key, here, other, there)| {
        let shown = |places: &[ListenAddress]| {
            let places: Vec<_> = places.iter().map(ToString::to_string).collect();
            places.join(", ")
        };
        format!(
            "{key} leads to {}, but the sidecar listens on {} ({other})",
            shown(here),
            shown(there)
        )
    });
    let unmet = unmet(&sidecar.sessions, &filter.demands);
    one.chain(some).chain(led).chain(unmet).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms() -> Terms {
        let sidecar = "public_url = \"https://app.example.com/_latchkey\"\n\
                       [token]\naudiences = [\"app\", \"api\"]";
        Terms::from(&Config::parse(sidecar, &Vec::new()).unwrap())
    }

    fn filter(change: (&str, serde_json::Value)) -> Terms {
        let mut filter = serde_json::json!({
            "issuer": "https://app.example.com/_latchkey",
            "audiences": ["app"],
            "hosts": ["www.example.com", "app.example.com"],
            "public_path": "/_latchkey",
            "sidecar": {"cluster": "internal", "public_cluster": "public"},
        });
        filter[change.0] = change.1;
        Terms::from(&FilterConfig::parse(filter.to_string().as_bytes()).unwrap())
    }

    #[test]
    fn defaults_agree() {
        let same = filter(("bearer", true.into()));
        assert_eq!(disagreements(&terms(), &same), Vec::<String>::new());
    }

    #[test]
    fn each_difference_is_named_by_the_filters_key() {
        let differences = [
            ("issuer", serde_json::json!("https://app.example.com/other")),
            ("public_path", "/other".into()),
            ("audiences", serde_json::json!(["shop"])),
            ("hosts", serde_json::json!(["www.example.com"])),
            ("session", serde_json::json!({"cookie": "s"})),
            ("session", serde_json::json!({"refresh_cookie": "r"})),
        ];
        for (key, value) in differences {
            let said = disagreements(&terms(), &filter((key, value)));
            let [said] = said.as_slice() else {
                panic!("{key}: {said:?}");
            };
            assert!(said.starts_with(key), "{said}");
        }
    }
}
