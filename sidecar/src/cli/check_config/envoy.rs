//! What an Envoy configuration says around the filter: when the filter fails, where the sign-in is
//! routed to, whether clients are asked for a certificate.

use super::choice::{
    Holds, Lead, first_that_may_hold, has_others_than, items, sign_in_paths, texts,
};
use super::found::Found;
use latchkey_filter_config::FilterConfig;
use serde_json::Value;

/// What a configuration of the filter lies in.
pub(super) struct Envoy<'a> {
    /// `envoy.extensions.wasm.v3.PluginConfig`
    plugin: Option<&'a Value>,
    /// The HTTP connection manager.
    manager: Option<&'a Value>,
    /// The filter chain of a listener.
    chain: Option<&'a Value>,
}

impl<'a> Envoy<'a> {
    pub(super) fn around(found: &Found<'a>) -> Self {
        Self {
            plugin: found.innermost_with("vm_config"),
            manager: found.innermost_with("http_filters"),
            chain: found
                .innermost_with("filter_chains")
                .or_else(|| found.innermost_with("default_filter_chain"))
                .and_then(|_| found.innermost_with("filters")),
        }
    }

    /// Refuses what opens everything or lets nobody in; gives what else should be known, a sentence
    /// each.
    pub(super) fn check(&self, filter: &FilterConfig) -> Result<Vec<String>, String> {
        if let Some(key) = self.plugin.and_then(opens_when_it_fails) {
            return Err(format!(
                "{key}: everybody could get in: after any fault of the filter every request would \
                 pass unchecked. Expected failure_policy: FAIL_RELOAD"
            ));
        }
        let Some(routes) = self.manager.and_then(Routes::of) else {
            return Ok(Vec::new());
        };
        let mut notes: Vec<_> = routes.check_sign_in(filter)?.into_iter().collect();
        notes.extend(routes.to_the_internal_listener(filter));
        Ok(notes)
    }

    /// Whether clients are asked for a certificate, where the file says it.
    pub(super) fn asks_for_certificate(&self) -> Option<bool> {
        let socket = self.chain?.get("transport_socket");
        Some(socket.is_some_and(asks))
    }
}

/// [`FailurePolicy`](https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/wasm/v3/wasm.proto)
/// by name or number, and what it replaced.
fn opens_when_it_fails(plugin: &Value) -> Option<&'static str> {
    let policy = plugin.get("failure_policy");
    if policy.is_some_and(|it| it == "FAIL_OPEN" || it == 3) {
        return Some("failure_policy");
    }
    (plugin.get("fail_open") == Some(&Value::Bool(true))).then_some("fail_open")
}

/// Whether a TLS context makes Envoy ask, wherever in it that stands.
fn asks(context: &Value) -> bool {
    let asking = |(key, value): (&String, &Value)| match key.as_str() {
        "require_client_certificate" => value == true,
        "validation_context"
        | "validation_context_sds_secret_config"
        | "combined_validation_context" => true,
        _ => asks(value),
    };
    match context {
        Value::Object(object) => object.iter().any(asking),
        Value::Array(items) => items.iter().any(asks),
        _ => false,
    }
}

/// The routes of a connection manager that has its own.
struct Routes<'a> {
    configuration: &'a Value,
    ignores_ports: bool,
    /// Whether it leaves out the port of the listener, which is written elsewhere.
    may_ignore_port: bool,
}

impl<'a> Routes<'a> {
    fn of(manager: &'a Value) -> Option<Self> {
        let configuration = manager.get("route_config")?;
        // Virtual hosts that come later could be any.
        if configuration.get("vhds").is_some() {
            return None;
        }
        let is_on = |value: &Value, key| value.get(key) == Some(&Value::Bool(true));
        Some(Self {
            configuration,
            ignores_ports: is_on(configuration, "ignore_port_in_host_matching")
                || is_on(manager, "strip_any_host_port"),
            may_ignore_port: is_on(manager, "strip_matching_host_port"),
        })
    }

    /// Refuses a host that is served here without its sign-in. None at all may be meant: where programs
    /// come with tokens from elsewhere.
    fn check_sign_in(&self, filter: &FilterConfig) -> Result<Option<String>, String> {
        let (path, cluster) = (filter.public_path.as_str(), &filter.sidecar.public_cluster);
        let mut is_served = false;
        for host in filter
            .hosts
            .iter()
            .map(latchkey_filter_config::Host::as_str)
        {
            let spellings = self.spellings(host, filter);
            let virtual_hosts = spellings.iter().filter_map(|host| self.virtual_host(host));
            let mut lost = None;
            for virtual_host in virtual_hosts {
                is_served = true;
                lost = elsewhere(virtual_host, path, cluster.as_str());
                if lost.is_none() {
                    break;
                }
            }
            if let Some(lost) = lost {
                return Err(format!(
                    "nobody could get in: hosts: on {host:?} Envoy sends {lost}, not to \
                     sidecar.public_cluster ({:?})",
                    cluster.as_str()
                ));
            }
        }
        if is_served {
            return Ok(None);
        }
        let spellings = filter.hosts.iter();
        let spellings: Vec<_> = spellings
            .flat_map(|host| self.spellings(host.as_str(), filter))
            .collect();
        Ok(Some(format!(
            "hosts: no virtual host beside the filter has {} among its domains, so nobody can sign in \
             through it",
            spellings.join(" or ")
        )))
    }

    /// How a browser names a host, as virtual hosts are compared with it.
    fn spellings(&self, host: &str, filter: &FilterConfig) -> Vec<String> {
        let (_, address) = filter.issuer.as_str().split_once("://").unwrap_or_default();
        let authority = address.split('/').next().unwrap_or_default();
        let port = authority.strip_prefix(host);
        match port.filter(|port| port.starts_with(':')) {
            Some(_) if self.may_ignore_port && !self.ignores_ports => {
                vec![authority.to_owned(), host.to_owned()]
            }
            Some(_) if !self.ignores_ports => vec![authority.to_owned()],
            _ => vec![host.to_owned()],
        }
    }

    /// The virtual host that Envoy takes: an exact domain, else the longest `*.example.com`, else the
    /// longest `app.*`, else `*`.
    fn virtual_host(&self, host: &str) -> Option<&'a Value> {
        let domains = items(self.configuration, "virtual_hosts").flat_map(|virtual_host| {
            let domains = texts(virtual_host, "domains").into_iter();
            domains.filter_map(move |domain| Some((fits(domain, host)?, virtual_host)))
        });
        let best = domains.max_by_key(|(rank, _)| *rank);
        best.map(|(_, virtual_host)| virtual_host)
    }

    fn to_the_internal_listener(&self, filter: &FilterConfig) -> Vec<String> {
        let internal = filter.sidecar.cluster.as_str();
        let mut notes = Vec::new();
        for virtual_host in items(self.configuration, "virtual_hosts") {
            for route in items(virtual_host, "routes") {
                if matches!(lead(route), Lead::To(clusters) if clusters.iter().any(|it| it == internal))
                {
                    notes.push(format!(
                        "sidecar.cluster: the route {} of the virtual host {} leads to {internal:?}. No \
                         route may: the sidecar believes whoever gets there to be a gateway",
                        route.get("match").unwrap_or(&Value::Null),
                        virtual_host.get("name").unwrap_or(&Value::Null),
                    ));
                }
            }
        }
        notes
    }
}

/// How well a domain fits, more being better.
fn fits(domain: &str, host: &str) -> Option<(u8, usize)> {
    let (domain, host) = (domain.to_ascii_lowercase(), host.to_ascii_lowercase());
    let longer = host.len() >= domain.len();
    if domain == host {
        Some((3, 0))
    } else if domain == "*" {
        Some((0, 0))
    } else if let Some(end) = domain.strip_prefix('*') {
        (longer && host.ends_with(end)).then_some((2, domain.len()))
    } else {
        let start = domain.strip_suffix('*')?;
        (longer && host.starts_with(start)).then_some((1, domain.len()))
    }
}

/// A request to the sign-in that surely does not get to the cluster, with where it goes instead.
fn elsewhere(virtual_host: &Value, public_path: &str, cluster: &str) -> Option<String> {
    // The other way to choose routes, which is not understood here.
    if virtual_host.get("matcher").is_some() {
        return None;
    }
    sign_in_paths(public_path).into_iter().find_map(|path| {
        let routes = items(virtual_host, "routes");
        let leads = first_that_may_hold(
            routes.map(|route| (holds(route.get("match"), &path), lead(route))),
        );
        let arrives = |lead: &Lead| match lead {
            Lead::To(clusters) => clusters.iter().any(|it| it == cluster),
            Lead::Nowhere => false,
            Lead::Unknown => true,
        };
        if leads.iter().any(arrives) {
            return None;
        }
        let target = leads.into_iter().find_map(|lead| match lead {
            Lead::To(clusters) => Some(format!("to {}", clusters.join(", "))),
            _ => None,
        });
        Some(format!("{path} {}", target.as_deref().unwrap_or("nowhere")))
    })
}

/// [`RouteMatch`](https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto)
fn holds(matches: Option<&Value>, path: &str) -> Holds {
    let Some(matches) = matches else {
        return Holds::Perhaps;
    };
    let keys = ["prefix", "path", "path_separated_prefix"];
    let written = keys
        .iter()
        .find_map(|key| Some((*key, matches.get(*key)?.as_str()?)));
    let Some((key, written)) = written else {
        return Holds::Perhaps;
    };
    let (mut written, mut path) = (written.to_owned(), path.to_owned());
    if matches.get("case_sensitive") == Some(&Value::Bool(false)) {
        written.make_ascii_lowercase();
        path.make_ascii_lowercase();
    }
    let rest = path.strip_prefix(&written);
    let holds = Holds::when(match key {
        "path" => path == written,
        "prefix" => rest.is_some(),
        _ => rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
    });
    let known = ["prefix", "path", "path_separated_prefix", "case_sensitive"];
    if has_others_than(matches, &known) {
        holds.under_conditions()
    } else {
        holds
    }
}

fn lead(route: &Value) -> Lead {
    let Some(action) = route.get("route") else {
        let answered = ["redirect", "direct_response"];
        return if answered.iter().any(|key| route.get(*key).is_some()) {
            Lead::Nowhere
        } else {
            Lead::Unknown
        };
    };
    if let Some(cluster) = action.get("cluster").and_then(Value::as_str) {
        return Lead::To(vec![cluster.to_owned()]);
    }
    let Some(weighted) = action.get("weighted_clusters") else {
        return Lead::Unknown;
    };
    let clusters: Option<Vec<String>> = items(weighted, "clusters")
        .map(|cluster| Some(cluster.get("name")?.as_str()?.to_owned()))
        .collect();
    clusters.map_or(Lead::Unknown, Lead::To)
}

#[cfg(test)]
mod tests;
