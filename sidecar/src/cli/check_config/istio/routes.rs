//! `VirtualService`s: whether the sign-in leads to the sidecar, and nothing to its internal listener.

use super::{Istio, covers, name, spec_items};
use crate::cli::check_config::choice::{
    Holds, Lead, first_that_may_hold, has_others_than, items, sign_in_paths, texts,
};
use latchkey_filter_config::{FilterConfig, Host};
use serde_json::Value;

/// A Service's port, from Istio's name for a cluster: `outbound|8080||latchkey.latchkey.svc...`.
struct Service<'a> {
    host: &'a str,
    port: u64,
}

impl<'a> Service<'a> {
    fn of_cluster(cluster: &'a str) -> Option<Self> {
        let mut parts = cluster.split('|');
        let (direction, port) = (parts.next()?, parts.next()?);
        let (_subset, host) = (parts.next()?, parts.next()?);
        let port = port.parse().ok()?;
        (direction == "outbound").then_some(Self { host, port })
    }

    /// A destination without port is the Service's only one, and a name may leave out its end.
    fn is(&self, destination: &Value) -> bool {
        let port = destination.pointer("/port/number");
        let named = |host: &str| {
            let rest = self.host.strip_prefix(host);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let host = destination.get("host").and_then(Value::as_str);
        host.is_some_and(named) && port.is_none_or(|port| port.as_u64() == Some(self.port))
    }
}

impl<'a> Istio<'a> {
    pub(super) fn check_sign_in(&self, filter: &FilterConfig) -> Result<(), String> {
        let cluster = filter.sidecar.public_cluster.as_str();
        let Some(sidecar) = Service::of_cluster(cluster) else {
            return Ok(());
        };
        for host in filter.hosts.iter().map(Host::as_str) {
            let services: Vec<_> = self.at_gateways(host).collect();
            for path in sign_in_paths(filter.public_path.as_str()) {
                let arrives = |service: &&Value| arrives(service, &path, &sidecar);
                if !services.is_empty() && !services.iter().any(arrives) {
                    let names: Vec<_> = services.into_iter().map(name).collect();
                    return Err(format!(
                        "nobody could get in: hosts: on {host:?} the VirtualService {} does not send \
                         {path} to sidecar.public_cluster ({cluster:?})",
                        names.join(", ")
                    ));
                }
            }
        }
        Ok(())
    }

    pub(super) fn to_the_internal_listener(&self, filter: &FilterConfig) -> Vec<String> {
        let Some(sidecar) = Service::of_cluster(filter.sidecar.cluster.as_str()) else {
            return Vec::new();
        };
        let services = self.of_kind("VirtualService");
        let leading = services.filter(|service| {
            let routes = spec_items(service, "http");
            let mut destinations = routes.flat_map(|route| {
                let targets = items(route, "route");
                targets.filter_map(|target| target.get("destination"))
            });
            destinations.any(|it| it.pointer("/port/number").is_some() && sidecar.is(it))
        });
        leading
            .map(|service| {
                format!(
                    "sidecar.cluster: the VirtualService {} leads to {:?}. No route may: the sidecar \
                     believes whoever gets there to be a gateway",
                    name(service),
                    filter.sidecar.cluster.as_str()
                )
            })
            .collect()
    }

    /// Those that hold for a host at some gateway; without `gateways` they hold inside the mesh only.
    fn at_gateways(&self, host: &str) -> impl Iterator<Item = &'a Value> {
        self.of_kind("VirtualService").filter(move |service| {
            let spec = service.get("spec").unwrap_or(&Value::Null);
            texts(spec, "hosts").iter().any(|it| covers(it, host))
                && texts(spec, "gateways").iter().any(|it| *it != "mesh")
        })
    }
}

/// Whether a request may get to the sidecar.
fn arrives(service: &Value, path: &str, sidecar: &Service<'_>) -> bool {
    let routes = spec_items(service, "http");
    let chosen = first_that_may_hold(routes.map(|route| (holds(route, path), route)));
    chosen.into_iter().any(|route| match lead(route, sidecar) {
        Lead::To(_) | Lead::Unknown => true,
        Lead::Nowhere => false,
    })
}

/// `To` where it leads to the sidecar.
fn lead(route: &Value, sidecar: &Service<'_>) -> Lead {
    if route.get("delegate").is_some() {
        return Lead::Unknown;
    }
    let mut targets = items(route, "route").filter_map(|target| target.get("destination"));
    if targets.any(|target| sidecar.is(target)) {
        Lead::To(vec![sidecar.host.to_owned()])
    } else {
        Lead::Nowhere
    }
}

/// [`HTTPRoute.match`](https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPMatchRequest):
/// any of them, or none.
fn holds(route: &Value, path: &str) -> Holds {
    let matches = items(route, "match").map(|it| match_holds(it, path));
    matches.max().unwrap_or(Holds::Surely)
}

fn match_holds(matches: &Value, path: &str) -> Holds {
    let holds = match matches.get("uri") {
        None => Holds::Surely,
        Some(uri) => {
            let lower_case = matches.get("ignoreUriCase") == Some(&Value::Bool(true));
            uri_holds(uri, path, lower_case)
        }
    };
    if has_others_than(matches, &["name", "uri", "ignoreUriCase"]) {
        holds.under_conditions()
    } else {
        holds
    }
}

fn uri_holds(uri: &Value, path: &str, lower_case: bool) -> Holds {
    let written = |key| {
        let text = uri.get(key)?.as_str()?;
        Some(if lower_case {
            text.to_ascii_lowercase()
        } else {
            text.to_owned()
        })
    };
    let path = if lower_case {
        path.to_ascii_lowercase()
    } else {
        path.to_owned()
    };
    match (written("exact"), written("prefix")) {
        (Some(exact), _) => Holds::when(path == exact),
        (None, Some(prefix)) => Holds::when(path.starts_with(&prefix)),
        (None, None) => Holds::Perhaps,
    }
}
