//! `RequestAuthentication` and `AuthorizationPolicy` of the same gateway: whether they let pass whom the
//! filter lets pass.

use super::{Istio, name, spec_items};
use crate::cli::check_config::choice::{Holds, has_others_than, items, sign_in_paths, texts};
use latchkey_filter_config::{FilterConfig, Host, Name};
use serde_json::Value;

impl Istio<'_> {
    pub(super) fn check_second_check(&self, filter: &FilterConfig) -> Result<(), String> {
        self.check_tokens(filter)?;
        self.check_policies(filter)
    }

    /// Whether the token that the filter passes on is one of those that are accepted.
    fn check_tokens(&self, filter: &FilterConfig) -> Result<(), String> {
        let Some(forwarded) = &filter.forward_token else {
            return Ok(());
        };
        let header = forwarded.header.as_str();
        for authentication in self.beside_it("RequestAuthentication") {
            let rules = spec_items(authentication, "jwtRules");
            let rules: Vec<_> = rules.filter(|rule| reads(rule, header)).collect();
            let ours = |rule: &&&Value| rule.get("issuer") == Some(&filter.issuer.as_str().into());
            let complain = |problem: String| {
                let name = name(authentication);
                Err(format!(
                    "nobody could get in: RequestAuthentication {name}: {problem}"
                ))
            };
            let Some(rule) = rules.iter().find(ours) else {
                if rules.is_empty() {
                    continue;
                }
                let issuers: Vec<_> = rules.iter().filter_map(|it| it.get("issuer")).collect();
                return complain(format!(
                    "it takes from {header} what {issuers:?} has issued, but the filter passes on what \
                     {:?} has (issuer)",
                    filter.issuer.as_str()
                ));
            };
            let audiences = texts(rule, "audiences");
            let shared = |it: &Name| audiences.contains(&it.as_str());
            if !audiences.is_empty() && !filter.audiences.iter().any(shared) {
                return complain(format!(
                    "it takes tokens for {audiences:?} only, the filter those for {:?} (audiences)",
                    filter
                        .audiences
                        .iter()
                        .map(Name::as_str)
                        .collect::<Vec<_>>()
                ));
            }
            if let Some(uri) = rule.get("jwksUri").and_then(Value::as_str)
                && let Some(expected) = keys_elsewhere(uri, filter)
            {
                return complain(format!(
                    "there are no keys at jwksUri ({uri}): they are at {expected}"
                ));
            }
        }
        Ok(())
    }

    /// Where policies allow something at all, they refuse whatever they do not allow.
    fn check_policies(&self, filter: &FilterConfig) -> Result<(), String> {
        let allowing = self.beside_it("AuthorizationPolicy").filter(|policy| {
            let action = policy.pointer("/spec/action");
            action.is_none_or(|action| action == "ALLOW")
        });
        let allowing: Vec<_> = allowing.collect();
        if allowing.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = allowing.iter().copied().map(name).collect();
        let names = names.join(", ");
        let rules = allowing
            .iter()
            .flat_map(|policy| spec_items(policy, "rules"));
        let rules: Vec<_> = rules.collect();
        let ports = self.ports();
        for host in filter.hosts.iter().map(Host::as_str) {
            let on_host =
                |rule: &Value, path: Option<&str>| holds(rule, host, path, &ports) != Holds::No;
            for path in sign_in_paths(filter.public_path.as_str()) {
                let mut open = rules.iter().filter(|rule| !needs_token(rule));
                if !open.any(|rule| on_host(rule, Some(&path))) {
                    return Err(format!(
                        "nobody could get in: AuthorizationPolicy {names}: {path} is not open on \
                         {host:?} for who has no token yet"
                    ));
                }
            }
            let known: Vec<&str> = rules
                .iter()
                .filter(|rule| on_host(rule, None))
                .flat_map(|rule| principals(rule))
                .collect();
            let issuer = filter.issuer.as_str();
            if !known.is_empty() && !known.iter().any(|it| is_of(it, issuer)) {
                return Err(format!(
                    "nobody could get in: AuthorizationPolicy {names}: on {host:?} it lets in \
                     {known:?} (requestPrincipals), but whoever signs in is {issuer}/... (issuer)"
                ));
            }
        }
        Ok(())
    }

    /// Where the filter runs; none: everywhere.
    fn ports(&self) -> Vec<u64> {
        let matches = spec_items(self.plugin, "match");
        let ports = matches.flat_map(|it| items(it, "ports").collect::<Vec<_>>());
        ports
            .filter_map(|port| port.get("number")?.as_u64())
            .collect()
    }
}

fn reads(rule: &Value, header: &str) -> bool {
    let mut headers = items(rule, "fromHeaders").filter_map(|it| it.get("name")?.as_str());
    headers.any(|it| it.eq_ignore_ascii_case(header))
}

/// Where the keys are, if the address is another one of a host whose sign-in this is.
fn keys_elsewhere(uri: &str, filter: &FilterConfig) -> Option<String> {
    let (host, path) = uri.strip_prefix("https://")?.split_once('/')?;
    let expected = format!("{}/.well-known/jwks.json", filter.public_path.as_str());
    let is_here = filter.hosts.iter().any(|it| it.as_str() == host);
    (is_here && expected.strip_prefix('/') != Some(path))
        .then(|| format!("https://{host}{expected}"))
}

/// Whether a rule may be about a request; about any path where none is given.
fn holds(rule: &Value, host: &str, path: Option<&str>, ports: &[u64]) -> Holds {
    let operations: Vec<_> = items(rule, "to").collect();
    if operations.is_empty() {
        return Holds::Surely;
    }
    let operations = operations.iter().filter_map(|to| to.get("operation"));
    let operations = operations.map(|operation| operation_holds(operation, host, path, ports));
    operations.max().unwrap_or(Holds::Surely)
}

fn operation_holds(operation: &Value, host: &str, path: Option<&str>, ports: &[u64]) -> Holds {
    let any = |key, fits: &dyn Fn(&str) -> bool| {
        let written = texts(operation, key);
        written.is_empty() || written.iter().any(|it| fits(it))
    };
    let with_port = format!("{host}:443");
    let holds = any("hosts", &|it| {
        let it = it.to_ascii_lowercase();
        matches(&it, host) || matches(&it, &with_port)
    }) && any("paths", &|it| {
        path.is_none_or(|path| it.contains('{') || matches(it, path))
    }) && any("ports", &|it| {
        ports.is_empty() || it.parse().is_ok_and(|port| ports.contains(&port))
    });
    let known = ["hosts", "paths", "ports"];
    if has_others_than(operation, &known) {
        Holds::when(holds).under_conditions()
    } else {
        Holds::when(holds)
    }
}

/// Whether every source that a rule names has a token.
fn needs_token(rule: &Value) -> bool {
    let sources: Vec<_> = items(rule, "from").collect();
    let has =
        |from: &&Value| !texts(from.get("source").unwrap_or(from), "requestPrincipals").is_empty();
    !sources.is_empty() && sources.iter().all(has)
}

fn principals(rule: &Value) -> Vec<&str> {
    let sources = items(rule, "from").filter_map(|from| from.get("source"));
    sources
        .flat_map(|source| texts(source, "requestPrincipals"))
        .collect()
}

/// Whether somebody of this issuer may be meant.
fn is_of(principal: &str, issuer: &str) -> bool {
    let known = principal.trim_end_matches('*');
    let anyone = format!("{issuer}/");
    principal.starts_with('*') || known.starts_with(&anyone) || {
        principal.ends_with('*') && anyone.starts_with(known)
    }
}

/// As [policies compare](https://istio.io/latest/docs/reference/config/security/authorization-policy/):
/// `*` at one end stands for anything there.
fn matches(pattern: &str, text: &str) -> bool {
    match (pattern.strip_suffix('*'), pattern.strip_prefix('*')) {
        (Some(start), _) => text.starts_with(start),
        (None, Some(end)) => text.ends_with(end),
        (None, None) => pattern == text,
    }
}
