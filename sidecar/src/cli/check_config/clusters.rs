//! Envoy's own clusters in the file of a filter: whether those that the filter names are among them, and
//! where on this machine they lead.

use crate::config::ListenAddress;
use latchkey_filter_config::FilterConfig;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// The clusters of one document.
pub(super) struct Clusters {
    /// Nothing where Envoy gets them from elsewhere.
    places: Option<BTreeMap<String, Vec<ListenAddress>>>,
}

impl Clusters {
    /// Those of an Envoy configuration (`static_resources.clusters`); of any other document none are
    /// known.
    pub(super) fn of(document: &Value) -> Self {
        let clusters = document
            .pointer("/static_resources/clusters")
            .and_then(Value::as_array)
            .filter(|_| document.pointer("/dynamic_resources/cds_config").is_none());
        let named = |cluster: &Value| {
            let name = cluster.get("name")?.as_str()?.to_owned();
            Some((name, places(cluster)))
        };
        Self {
            places: clusters.map(|clusters| clusters.iter().filter_map(named).collect()),
        }
    }

    /// Refuses names that are not among them.
    pub(super) fn check(&self, filter: &FilterConfig) -> Result<(), String> {
        let Some(known) = &self.places else {
            return Ok(());
        };
        let sidecar = &filter.sidecar;
        for (key, name) in [
            ("sidecar.cluster", &sidecar.cluster),
            ("sidecar.public_cluster", &sidecar.public_cluster),
        ] {
            if !known.contains_key(name.as_str()) {
                let known: Vec<_> = known.keys().map(String::as_str).collect();
                return Err(format!(
                    "{key}: there is no cluster {:?} in this file, only {}",
                    name.as_str(),
                    known.join(", ")
                ));
            }
        }
        Ok(())
    }

    /// Where on this machine a cluster leads.
    pub(super) fn places_of(&self, name: &str) -> Vec<ListenAddress> {
        let places = self.places.as_ref().and_then(|places| places.get(name));
        places.cloned().unwrap_or_default()
    }
}

/// Of a cluster's endpoints those that are Unix sockets or loopback addresses.
fn places(cluster: &Value) -> Vec<ListenAddress> {
    let within = |value: &Value, key: &str| -> Vec<Value> {
        let items = value.get(key).and_then(Value::as_array);
        items.cloned().unwrap_or_default()
    };
    let assigned = cluster.get("load_assignment").cloned().unwrap_or_default();
    let localities = within(&assigned, "endpoints").into_iter();
    let endpoints = localities.flat_map(|locality| within(&locality, "lb_endpoints"));
    endpoints
        .filter_map(|endpoint| place(endpoint.pointer("/endpoint/address")?))
        .collect()
}

fn place(address: &Value) -> Option<ListenAddress> {
    if let Some(path) = address.pointer("/pipe/path").and_then(Value::as_str) {
        return Some(ListenAddress::Unix(path.into()));
    }
    let socket = address.get("socket_address")?;
    let ip: IpAddr = socket.get("address")?.as_str()?.parse().ok()?;
    let port = socket.get("port_value")?.as_u64()?.try_into().ok()?;
    let address = ListenAddress::Tcp(SocketAddr::new(ip, port));
    address.is_local().then_some(address)
}
