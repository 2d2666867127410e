//! What a mesh's manifests say around the filter, where they are in the same file, as kustomize prints
//! them: when the filter fails, when it runs, and whether routes and the second check fit it.

mod routes;
mod second_check;

use super::choice::{items, texts};
use super::found::Found;
use latchkey_filter_config::{FilterConfig, Host};
use serde_json::Value;

/// The resource that has a configuration of the filter, among those of its file.
pub(super) struct Istio<'a> {
    plugin: &'a Value,
    resources: Vec<&'a Value>,
}

impl<'a> Istio<'a> {
    /// Nothing where the configuration is not in one of Istio's resources.
    pub(super) fn around(found: &Found<'a>, documents: &'a [Value]) -> Option<Self> {
        let plugin = found.innermost_with("kind")?;
        let listed = |document: &'a Value| items(document, "items");
        let resources = documents
            .iter()
            .flat_map(|document| std::iter::once(document).chain(listed(document)));
        ["WasmPlugin", "TrafficExtension"]
            .contains(&plugin.get("kind")?.as_str()?)
            .then(|| Self {
                plugin,
                resources: resources.collect(),
            })
    }

    /// Refuses what opens everything or lets nobody in; gives what else should be known, a sentence
    /// each.
    pub(super) fn check(&self, filter: &FilterConfig) -> Result<Vec<String>, String> {
        let said = |pointer| self.plugin.pointer(pointer).and_then(Value::as_str);
        for pointer in ["/spec/failStrategy", "/spec/wasm/failStrategy"] {
            if said(pointer) == Some("FAIL_OPEN") {
                return Err(
                    "failStrategy: everybody could get in: after any fault of the filter every \
                     request would pass unchecked. Expected FAIL_RELOAD"
                        .to_owned(),
                );
            }
        }
        self.check_sign_in(filter)?;
        self.check_second_check(filter)?;
        let mut notes = self.to_the_internal_listener(filter);
        let phase = said("/spec/phase");
        if phase != Some("AUTHN") {
            notes.push(format!(
                "phase is {}, not AUTHN: the filter runs behind RequestAuthentication, which then never \
                 sees what it passes on",
                phase.unwrap_or("not given")
            ));
        }
        Ok(notes)
    }

    /// Whether browsers are asked for a certificate, where a Gateway here says it.
    pub(super) fn asks_for_certificate(&self, filter: &FilterConfig) -> Option<bool> {
        let gateways = self.of_kind("Gateway");
        let servers = gateways.flat_map(|gateway| spec_items(gateway, "servers"));
        let modes: Vec<_> = servers
            .filter(|server| {
                let hosts = texts(server, "hosts").into_iter();
                // `namespace/host`
                let mut hosts = hosts.map(|it| it.rsplit_once('/').map_or(it, |(_, host)| host));
                hosts.any(|host| serves(host, filter))
            })
            .filter_map(|server| server.pointer("/tls/mode")?.as_str())
            .collect();
        (!modes.is_empty()).then(|| modes.iter().any(|mode| *mode != "SIMPLE"))
    }

    fn of_kind(&self, kind: &str) -> impl Iterator<Item = &'a Value> {
        let resources = self.resources.iter().copied();
        resources.filter(move |it| it.get("kind").and_then(Value::as_str) == Some(kind))
    }

    /// Those of a kind that hold for the same gateway: in the same namespace, for the same labels.
    fn beside_it(&self, kind: &str) -> impl Iterator<Item = &'a Value> {
        let namespace = namespace(self.plugin);
        let selector = self.plugin.pointer("/spec/selector");
        self.of_kind(kind).filter(move |it| {
            self::namespace(it) == namespace && it.pointer("/spec/selector") == selector
        })
    }
}

fn namespace(resource: &Value) -> Option<&str> {
    resource.pointer("/metadata/namespace")?.as_str()
}

fn name(resource: &Value) -> &str {
    let name = resource.pointer("/metadata/name").and_then(Value::as_str);
    name.unwrap_or("without a name")
}

fn spec_items<'a>(resource: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    resource
        .get("spec")
        .into_iter()
        .flat_map(move |spec| items(spec, key).collect::<Vec<_>>())
}

/// Whether a host of a manifest covers one of the filter's.
fn serves(written: &str, filter: &FilterConfig) -> bool {
    filter
        .hosts
        .iter()
        .map(Host::as_str)
        .any(|host| covers(written, host))
}

/// `app.example.com`, `*.example.com` or `*`.
fn covers(written: &str, host: &str) -> bool {
    match written.strip_prefix('*') {
        Some(end) => host.len() > end.len() && host.ends_with(end),
        None => written.eq_ignore_ascii_case(host),
    }
}

#[cfg(test)]
mod tests;
