//! What a gateway and its rules demand of sessions, and what the sidecar's sessions have.

use crate::config::{BindCertificate, Config};
use latchkey_filter_config::{FilterConfig, Require};

/// What the filter's side demands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Demands {
    /// Keys of rules that want a session bound to a client certificate.
    certificate: Vec<String>,
    /// Keys of rules that want an authenticator whose model is proven.
    attested: Vec<String>,
    /// Whether clients are asked for a certificate, where the file says it.
    pub(super) gateway_asks_for_certificate: Option<bool>,
}

/// What the sidecar's sessions have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sessions {
    bind_certificate: BindCertificate,
    /// Whether any gateway's word about a certificate counts.
    believes_gateways: bool,
    may_be_attested: bool,
}

impl From<&FilterConfig> for Demands {
    fn from(config: &FilterConfig) -> Self {
        let keys = |key: &str, wanted: fn(&Require) -> bool| {
            let rules = config.rules.iter().enumerate();
            let rules = rules.filter(|(_, rule)| rule.require.as_ref().is_some_and(wanted));
            rules
                .map(|(index, _)| format!("rules[{index}].require.{key}"))
                .collect()
        };
        Self {
            certificate: keys("certificate", |require| require.certificate),
            attested: keys("authenticator.attested", |require| {
                require.authenticator.attested
            }),
            gateway_asks_for_certificate: None,
        }
    }
}

impl From<&Config> for Sessions {
    fn from(config: &Config) -> Self {
        Self {
            bind_certificate: config.session.bind_certificate,
            believes_gateways: !config.listen.gateways.is_empty(),
            // Where there is whom to trust, a mount of the store may ask, too.
            may_be_attested: config.asks_for_attestation() || !config.attestation.is_empty(),
        }
    }
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            bind_certificate: BindCertificate::default(),
            believes_gateways: true,
            may_be_attested: true,
        }
    }
}

/// What no session can have, a sentence each, beginning with the key.
pub(super) fn unmet(sessions: &Sessions, demands: &Demands) -> Vec<String> {
    let mut unmet = Vec::new();
    if sessions.bind_certificate == BindCertificate::Required
        && demands.gateway_asks_for_certificate == Some(false)
    {
        unmet.push(
            "session.bind_certificate is \"required\" in the sidecar, but this gateway asks no client \
             for a certificate"
                .to_owned(),
        );
    }
    if sessions.bind_certificate == BindCertificate::Required && !sessions.believes_gateways {
        unmet.push(
            "session.bind_certificate is \"required\" in the sidecar, but listen.gateways there is empty, so \
             that it believes no gateway about certificates"
                .to_owned(),
        );
    }
    if sessions.bind_certificate == BindCertificate::Never {
        unmet.extend(demands.certificate.iter().map(|key| {
            format!(
                "{key} is true, but the sidecar binds no session to a certificate \
                 (session.bind_certificate is \"never\")"
            )
        }));
    }
    if !sessions.may_be_attested {
        unmet.extend(demands.attested.iter().map(|key| {
            format!(
                "{key} is true, but the sidecar asks for no attestation, and so proves the model of no \
                 new passkey (attestation is \"none\")"
            )
        }));
    }
    unmet
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sessions(more: &str) -> Sessions {
        let text = format!(
            "public_url = \"https://app.example.com/_latchkey\"\n[token]\naudiences = [\"app\"]\n{more}"
        );
        Sessions::from(&Config::parse(&text, &Vec::new()).unwrap())
    }

    fn bound(when: &str) -> Sessions {
        sessions(&format!(
            "[session]\nbind_certificate = \"{when}\"\n[listen]\ngateways = [\"127.0.0.1\"]"
        ))
    }

    fn demands(require: &serde_json::Value) -> Demands {
        let filter = json!({
            "issuer": "https://app.example.com/_latchkey",
            "audiences": ["app"],
            "hosts": ["app.example.com"],
            "sidecar": {"cluster": "internal", "public_cluster": "public"},
            "rules": [
                {"match": {"paths": ["/a"]}, "allow": "public"},
                {"allow": "authenticated", "require": require},
            ],
        });
        Demands::from(&FilterConfig::parse(filter.to_string().as_bytes()).unwrap())
    }

    #[test]
    fn a_certificate_that_nothing_asks_for_is_named() {
        let mut demands = demands(&json!({"max_age": "5m"}));
        for (asks, required) in [(None, 0), (Some(true), 0), (Some(false), 1)] {
            demands.gateway_asks_for_certificate = asks;
            let said = unmet(&bound("required"), &demands);
            assert_eq!(said.len(), required, "{said:?}");
            assert!(unmet(&bound("when_present"), &demands).is_empty());
        }
    }

    #[test]
    fn certificates_that_no_gateway_is_believed_about_are_named() {
        let alone = sessions("[session]\nbind_certificate = \"required\"");
        let said = unmet(&alone, &Demands::default());
        assert!(
            said.len() == 1 && said[0].contains("listen.gateways there is empty"),
            "{said:?}"
        );
    }

    #[test]
    fn a_rule_for_certificates_beside_sessions_without_is_named() {
        let demands = demands(&json!({"certificate": true}));
        for when in ["when_present", "required"] {
            assert!(unmet(&bound(when), &demands).is_empty(), "{when}");
        }
        let said = unmet(&bound("never"), &demands);
        assert!(
            said.len() == 1 && said[0].starts_with("rules[1].require.certificate is true"),
            "{said:?}"
        );
    }

    #[test]
    fn a_rule_for_proven_models_where_nothing_is_proved_is_named() {
        let demands = demands(&json!({"authenticator": {"attested": true}}));
        let said = unmet(&sessions(""), &demands);
        assert!(
            said.len() == 1
                && said[0].starts_with("rules[1].require.authenticator.attested is true"),
            "{said:?}"
        );
        let trust = "[attestation]\nanchors = \"/etc/latchkey/attestation\"\n";
        assert!(
            unmet(&sessions(trust), &demands).is_empty(),
            "a mount of the store may ask"
        );
        let asks =
            format!("{trust}[webauthn.two_factor]\nenabled = true\nattestation = \"direct\"\n");
        assert!(unmet(&sessions(&asks), &demands).is_empty());
    }
}
