//! One request: reads it, asks the core, does what it says.

use latchkey_token::TokenError;
use proxy_wasm::{
    traits::{Context, HttpContext},
    types::Action,
};

use super::{
    Plugin, Shared,
    abi::{self, Level, Map, Status},
    access_log,
    metrics::{ALLOWED, CACHE_HITS, CACHE_MISSES, SHADOW_ALLOWED},
};
use crate::{
    gate::Outcome,
    header_map,
    reason::Reason,
    refusal::Response,
    request::{Request, Surroundings},
    upstream::Changes,
};

/// One request of one client.
pub(super) struct Http {
    shared: Shared,
}

/// Why a request could not even be decided on: closed, and nothing that a client can bring about.
enum Failure {
    /// The host refused to do its part.
    Host(Status),
    /// The host's headers are in no form that is known.
    Headers,
    /// There is no configuration, or it is being replaced.
    NotConfigured,
}

impl Http {
    pub(super) fn new(shared: Shared) -> Self {
        Self { shared }
    }

    fn with_plugin<T>(
        &self,
        act: impl FnOnce(&mut Plugin) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut shared = self
            .shared
            .try_borrow_mut()
            .map_err(|_| Failure::NotConfigured)?;
        act(shared.as_mut().ok_or(Failure::NotConfigured)?)
    }

    fn handle_request(&self) -> Result<Action, Failure> {
        let bytes = abi::map(Map::RequestHeaders)?;
        let request = Request::new(header_map::parse(&bytes).ok_or(Failure::Headers)?);
        let now = abi::now()?.saturating_div(1_000_000_000);
        let outcome = self.with_plugin(|plugin| {
            let Plugin {
                gate,
                metrics,
                verifier,
                unknown_key,
            } = plugin;
            let decision = gate.decide(&request, &Host, now, verifier);
            if let Some(hit) = decision.cache_hit {
                metrics.count(if hit { CACHE_HITS } else { CACHE_MISSES });
            }
            access_log::note(&gate.config().access_log, &decision);
            let unknown = Reason::Token(TokenError::KeyIdUnknown);
            *unknown_key |= decision.would_refuse == Some(unknown);
            match &decision.outcome {
                Outcome::Forward(_) if !gate.config().enforce => match decision.would_refuse {
                    Some(reason) => {
                        metrics.count_shadow_denial(reason.name());
                        log_refusal(&request, reason, "would refuse");
                    }
                    None => metrics.count(SHADOW_ALLOWED),
                },
                Outcome::Forward(_) => metrics.count(ALLOWED),
                Outcome::Refuse(reason, _) => {
                    *unknown_key |= *reason == unknown;
                    metrics.count_denial(reason.name());
                }
            }
            Ok(decision.outcome)
        })?;
        match outcome {
            Outcome::Forward(changes) => {
                apply(&changes)?;
                Ok(Action::Continue)
            }
            Outcome::Refuse(reason, response) => {
                log_refusal(&request, reason, "refused");
                let redaction = self.with_plugin(|plugin| Ok(plugin.gate.redaction(&request)))?;
                apply(&redaction)?;
                answer(reason.name(), &response)?;
                Ok(Action::Pause)
            }
        }
    }

    /// What becomes of a request that could not be handled.
    fn fail(&self, failure: &Failure) -> Action {
        let is_shadow = self.with_plugin(|plugin| Ok(!plugin.gate.config().enforce));
        if matches!(is_shadow, Ok(true)) {
            abi::log(Level::Error, &format!("request not decided: {failure}"));
            return Action::Continue;
        }
        fail(failure)
    }

    fn handle_trailers(&self) -> Result<(), Failure> {
        let bytes = abi::map(Map::RequestTrailers)?;
        let trailers = header_map::parse(&bytes).ok_or(Failure::Headers)?;
        let names = trailers.iter().map(|(name, _)| *name);
        for name in self.with_plugin(|plugin| Ok(plugin.gate.spoofed(names)))? {
            abi::remove_map_value(Map::RequestTrailers, &name)?;
        }
        Ok(())
    }

    fn handle_response(&self) -> Result<(), Failure> {
        if abi::map_value(Map::ResponseHeaders, "set-cookie")?.is_none() {
            return Ok(());
        }
        let bytes = abi::map(Map::ResponseHeaders)?;
        let headers = header_map::parse(&bytes).ok_or(Failure::Headers)?;
        let cookies = headers
            .iter()
            .filter(|(name, _)| *name == b"set-cookie")
            .map(|(_, v)| *v);
        if self.with_plugin(|plugin| Ok(plugin.gate.sets_session(cookies)))? {
            abi::set_map_value(Map::ResponseHeaders, b"cache-control", b"no-store")?;
        }
        Ok(())
    }
}

impl Context for Http {}

impl HttpContext for Http {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        self.handle_request()
            .unwrap_or_else(|failure| self.fail(&failure))
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        self.handle_trailers()
            .map_or_else(|failure| self.fail(&failure), |()| Action::Continue)
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        // The request has long been served; a response must not be lost over this.
        if let Err(failure) = self.handle_response() {
            abi::log(Level::Error, &format!("response headers: {failure}"));
        }
        Action::Continue
    }
}

/// What Envoy knows about the request that is being handled.
struct Host;

impl Surroundings for Host {
    fn cluster(&self) -> Option<Vec<u8>> {
        abi::property(&["xds", "cluster_name"]).ok()
    }

    fn client_address(&self) -> Option<Vec<u8>> {
        abi::property(&["source", "address"]).ok()
    }

    fn client_certificate(&self) -> Option<Vec<u8>> {
        abi::property(&["connection", "sha256_peer_certificate_digest"]).ok()
    }
}

fn apply(changes: &Changes) -> Result<(), Failure> {
    for name in &changes.remove {
        abi::remove_map_value(Map::RequestHeaders, name)?;
    }
    for (name, value) in &changes.set {
        abi::set_map_value(Map::RequestHeaders, name.as_bytes(), value)?;
    }
    Ok(())
}

fn answer(reason: &str, response: &Response) -> Result<(), Status> {
    let headers: Vec<(&str, &str)> = response
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let details = format!("latchkey_{reason}");
    abi::send_local_response(
        response.status,
        &details,
        &headers,
        response.body.as_bytes(),
    )
}

/// Says why, and to which request, but nothing that the client sent and could be a secret.
fn log_refusal(request: &Request<'_>, reason: Reason, what: &str) {
    // Every visitor who is not signed in yet is refused once.
    let level = if reason == Reason::NoCredential {
        Level::Debug
    } else {
        Level::Info
    };
    let id = request
        .only("x-request-id")
        .and_then(|id| std::str::from_utf8(id).ok());
    let is_plain = |id: &&str| {
        id.len() <= 64
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let id = id.filter(is_plain).unwrap_or("-");
    let name = reason.name();
    abi::log(
        level,
        &format!("{what}: reason={name} request_id={id}: {reason}"),
    );
}

/// Ends a request that could not be handled. Where not even that works, it waits for its timeout.
fn fail(failure: &Failure) -> Action {
    abi::log(Level::Error, &format!("request refused: {failure}"));
    let headers = [("cache-control", "no-store"), ("retry-after", "2")];
    if let Err(status) = abi::send_local_response(503, "latchkey_failure", &headers, b"") {
        abi::log(Level::Error, &format!("no answer possible: {status}"));
    }
    Action::Pause
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Host(status)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Host(status) => status.fmt(f),
            Self::Headers => f.write_str("the host's headers are malformed"),
            Self::NotConfigured => f.write_str("there is no configuration"),
        }
    }
}
