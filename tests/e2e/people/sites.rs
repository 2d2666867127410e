//! A gateway for several sites, as a browser sees it.

use latchkey_tests::{Browser, Certificate, EnvoyConfig, Plan, ports};
use serde_json::json;

use super::Person;

/// The gateway of `manifests/envoy/envoy.yaml` over TLS, and someone at a browser. Dropped in this
/// order.
pub(super) struct Sites {
    pub(super) person: Person,
    _certificate: tempfile::TempDir,
}

impl Sites {
    /// Starts a gateway for these sites, the first of which is the issuer's, with what else the plan
    /// is to have.
    pub(super) fn start(hosts: &[&str], edit: impl FnOnce(&mut Plan)) -> Self {
        let own = hosts[0];
        let directory = tempfile::tempdir().expect("a temporary directory");
        let certificate = Certificate::generate(own, directory.path());
        let port = ports::free();
        let mut plan = Plan::new();
        plan.sidecar.public_url = format!("https://{own}/_latchkey");
        serve(&mut plan.envoy, hosts);
        edit(&mut plan);
        plan.envoy
            .listen_over_tls(port, certificate.transport_socket());
        let switches = browser_switches(&certificate, hosts, port);
        let browser = Browser::with_switches(&switches.each_ref().map(String::as_str));
        Self {
            person: Person::at(plan.start(), browser),
            _certificate: directory,
        }
    }

    pub(super) fn open(&mut self, host: &str, path: &str) {
        self.person.answer_by_itself(false);
        self.person.page.open(&format!("https://{host}{path}"));
    }

    pub(super) fn leave(&mut self, host: &str) {
        self.open(host, "/_latchkey/logout");
        let page = &mut self.person.page;
        page.click("#leave");
        page.wait_for("document.querySelector('#panel-gone').checkVisibility()");
    }
}

/// Lets the filter guard the sites, with the cookies of https.
fn serve(envoy: &mut EnvoyConfig, hosts: &[&str]) {
    envoy.edit_filter(|filter| {
        filter["issuer"] = format!("https://{}/_latchkey", hosts[0]).into();
        filter["hosts"] = json!(hosts);
        filter["session"] = json!({});
    });
}

/// All names lead to this gateway, `/.well-known/webauthn` included: the browser's own request goes
/// the way of every other.
fn browser_switches(certificate: &Certificate, hosts: &[&str], port: u16) -> [String; 2] {
    let [trust, _] = certificate.browser_switches(port);
    let map = hosts
        .iter()
        .map(|host| format!("MAP {host}:443 127.0.0.1:{port}"));
    let map: Vec<String> = map.collect();
    [trust, format!("--host-resolver-rules={}", map.join(", "))]
}
