//! One request: reads it, asks the core, does what it says, at once or after a call to the sidecar.

use latchkey_token::TokenError;
use proxy_wasm::types::Action;

use super::{
    Plugin, Shared,
    abi::{self, Level, Map},
    access_log, calls,
    failure::{Failure, fail},
    metrics::Counter,
    milliseconds,
    refused::{answer, log_refusal},
};
use crate::{
    gate::{After, Decision, Opened, Outcome},
    header_map,
    reason::Reason,
    renewal::{Answer, Ask, NoCall},
    request::{Request, Surroundings},
    upstream::{Changes, Name},
};

/// One request of one client.
pub(super) struct Http {
    shared: Shared,
    waiting: Option<Waiting>,
    /// For the response: lines for `set-cookie`.
    set_cookie: Vec<String>,
    /// By what it was opened, if it is a connection that stays open.
    open: Option<Box<Opened>>,
}

/// What a paused request waits for. A call ends with the request that made it, and nobody else
/// could be woken by its answer, so each request makes its own.
enum Waiting {
    /// A new token.
    Renewal(u32, Ask),
    /// New keys, because the token names one that is not known, or the new token does.
    Keys(u32, Option<(Ask, Answer)>),
}

/// What to do with a request.
enum Next {
    Decided(Decision),
    Wait(Waiting),
}

impl Http {
    pub(super) fn new(shared: Shared) -> Self {
        Self {
            shared,
            waiting: None,
            set_cookie: Vec::new(),
            open: None,
        }
    }

    /// Whether it waits, has something for the response, or stays open.
    pub(super) fn is_kept(&self) -> bool {
        self.waiting.is_some() || !self.set_cookie.is_empty() || self.open.is_some()
    }

    /// Whether it is a connection that must not stay open. Says so once.
    pub(super) fn take_over(&mut self) -> bool {
        let is_over = self.open.as_ref().is_some_and(|opened| {
            let is_over = self.with_plugin(|plugin| Ok(plugin.gate.is_over(opened)));
            is_over.unwrap_or(false)
        });
        if is_over {
            self.open = None;
        }
        is_over
    }

    /// Whether it waits for the answer to this call.
    pub(super) fn waits_for(&self, call: u32) -> bool {
        matches!(
            self.waiting,
            Some(Waiting::Renewal(number, _) | Waiting::Keys(number, _)) if number == call
        )
    }

    pub(super) fn on_request_headers(&mut self) -> Action {
        self.handle_request(After::Nothing, true)
            .unwrap_or_else(|failure| self.fail(&failure))
    }

    pub(super) fn on_request_trailers(&self) -> Action {
        self.handle_trailers()
            .map_or_else(|failure| self.fail(&failure), |()| Action::Continue)
    }

    pub(super) fn on_response_headers(&mut self) {
        // The request has long been served; a response must not be lost over this.
        if let Err(failure) = self.handle_response() {
            abi::log(Level::Error, &format!("response headers: {failure}"));
        }
    }

    /// The answer to a call that this request made.
    pub(super) fn on_answer(&mut self, call: u32, body_size: usize) {
        if let Err(failure) = self.handle_answer(call, body_size) {
            // Where nothing is enforced, nothing waits.
            fail(&failure);
        }
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

    /// Decides on the request. `after` is what it has waited for; `may_fetch_keys` whether it may
    /// yet wait for keys.
    fn handle_request(&mut self, after: After, may_fetch_keys: bool) -> Result<Action, Failure> {
        let bytes = abi::map(Map::RequestHeaders)?;
        let request = Request::new(header_map::parse(&bytes).ok_or(Failure::Headers)?);
        let now = abi::now()?.saturating_div(1_000_000_000);
        let next = self.with_plugin(|plugin| {
            let decision = plugin
                .gate
                .decide_again(&request, &Host, now, &plugin.verifier, after);
            Ok(match &decision.outcome {
                Outcome::Renew(ask) => match plugin.renew(ask) {
                    Some(call) => Next::Wait(Waiting::Renewal(call, ask.clone())),
                    None => Next::Decided(plugin.gate.decide_again(
                        &request,
                        &Host,
                        now,
                        &plugin.verifier,
                        After::Renewal,
                    )),
                },
                Outcome::Refuse(Reason::Token(TokenError::KeyIdUnknown), _) if may_fetch_keys => {
                    match plugin.fetch_keys() {
                        Some(call) => Next::Wait(Waiting::Keys(call, None)),
                        None => Next::Decided(decision),
                    }
                }
                _ => Next::Decided(decision),
            })
        })?;
        let decision = match next {
            Next::Wait(waiting) => {
                self.waiting = Some(waiting);
                return Ok(Action::Pause);
            }
            Next::Decided(decision) => decision,
        };
        self.open = self.with_plugin(|plugin| {
            plugin.count(&decision);
            access_log::note(&plugin.gate.config().access_log, &decision);
            Ok(plugin.gate.opened(&request, &decision).map(Box::new))
        })?;
        if let Some(reason) = decision.would_refuse {
            log_refusal(&request, reason, "would refuse");
        }
        self.set_cookie = decision.set_cookie;
        match decision.outcome {
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
            // Nothing waits twice for the same.
            Outcome::Renew(_) => Err(Failure::NoDecision),
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

    fn handle_answer(&mut self, call: u32, body_size: usize) -> Result<(), Failure> {
        let (after, may_fetch_keys) = match self.waiting.take() {
            Some(Waiting::Renewal(number, ask)) if number == call => {
                let answer = calls::finish_renewal(body_size);
                let keys = self.with_plugin(|plugin| {
                    let is_known = plugin.gate.knows_key_of(&answer);
                    Ok(if is_known { None } else { plugin.fetch_keys() })
                })?;
                if let Some(call) = keys {
                    self.waiting = Some(Waiting::Keys(call, Some((ask, answer))));
                    return Ok(());
                }
                (self.renewed(&ask, answer)?, true)
            }
            Some(Waiting::Keys(number, pending)) if number == call => {
                let keys = calls::finish_keys(body_size);
                let now = abi::now()?.saturating_div(1_000_000);
                self.with_plugin(|plugin| {
                    match keys {
                        Ok(keys) => plugin.set_keys(keys, now),
                        // The root context's own fetch says why.
                        Err(_) => plugin.metrics.count(Counter::KeyFetchFailures),
                    }
                    Ok(())
                })?;
                match pending {
                    Some((ask, answer)) => (self.renewed(&ask, answer)?, false),
                    None => (After::Nothing, false),
                }
            }
            other => {
                self.waiting = other;
                return Ok(());
            }
        };
        if self.handle_request(after, may_fetch_keys)? == Action::Continue {
            abi::continue_request()?;
        }
        Ok(())
    }

    fn renewed(&self, ask: &Ask, answer: Answer) -> Result<After, Failure> {
        let now = abi::now()?.saturating_div(1_000_000);
        self.with_plugin(|plugin| {
            let after = plugin
                .gate
                .finish_renewal(ask, answer, now, &plugin.verifier);
            plugin.metrics.count(match after {
                Some(After::SessionOver) => Counter::RenewalsRefused,
                Some(_) => Counter::Renewals,
                None => Counter::RenewalFailures,
            });
            // In vain: the old token has to do.
            Ok(after.unwrap_or(After::Renewal))
        })
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

    fn handle_response(&mut self) -> Result<(), Failure> {
        if !self.set_cookie.is_empty() {
            for line in std::mem::take(&mut self.set_cookie) {
                abi::add_map_value(Map::ResponseHeaders, b"set-cookie", line.as_bytes())?;
            }
            abi::set_map_value(Map::ResponseHeaders, b"cache-control", b"no-store")?;
            return Ok(());
        }
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

impl Plugin {
    /// Calls for a new token, if there is to be a call.
    fn renew(&mut self, ask: &Ask) -> Option<u32> {
        let now = milliseconds()?;
        if let Err(no_call) = self.gate.start_renewal(ask, now) {
            if no_call != NoCall::NotNeeded {
                self.metrics.count(Counter::RenewalsCapped);
            }
            return None;
        }
        match calls::renewal(&self.gate.config().sidecar, ask) {
            Ok(call) => Some(call),
            Err(error) => {
                self.gate
                    .finish_renewal(ask, Answer::Failed, now, &self.verifier);
                self.metrics.count(Counter::RenewalFailures);
                abi::log(Level::Warn, &format!("renewal: {error}"));
                None
            }
        }
    }

    /// Calls for the keys, if there is to be a call.
    fn fetch_keys(&mut self) -> Option<u32> {
        let is_fetching = self.gate.config().jwks.inline.is_none();
        if !is_fetching || !self.fetches.take_one(milliseconds()?) {
            return None;
        }
        match calls::keys(&self.gate.config().sidecar) {
            Ok(call) => Some(call),
            Err(error) => {
                self.metrics.count(Counter::KeyFetchFailures);
                abi::log(Level::Warn, &format!("key fetch for a request: {error}"));
                None
            }
        }
    }

    fn count(&mut self, decision: &Decision) {
        let metrics = &self.metrics;
        if let Some(hit) = decision.cache_hit {
            metrics.count(if hit {
                Counter::CacheHits
            } else {
                Counter::CacheMisses
            });
        }
        let unknown = Reason::Token(TokenError::KeyIdUnknown);
        self.unknown_key |= decision.would_refuse == Some(unknown);
        match &decision.outcome {
            Outcome::Forward(_) if !self.gate.config().enforce => match decision.would_refuse {
                Some(reason) => metrics.count_shadow_denial(reason.name()),
                None => metrics.count(Counter::ShadowAllowed),
            },
            Outcome::Forward(_) => metrics.count(Counter::Allowed),
            Outcome::Refuse(reason, _) => {
                self.unknown_key |= *reason == unknown;
                metrics.count_denial(reason.name());
            }
            Outcome::Renew(_) => {}
        }
    }
}

impl Drop for Http {
    /// A client that goes away takes its call with it, and no answer will come.
    fn drop(&mut self) {
        if let Some(Waiting::Renewal(_, ask) | Waiting::Keys(_, Some((ask, _)))) =
            self.waiting.take()
        {
            let _ = self.with_plugin(|plugin| {
                plugin.gate.drop_renewal(&ask);
                Ok(())
            });
        }
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
        // Nothing of the same name is left, so there is nothing to look for.
        if *name == Name::PATH {
            abi::set_map_value(Map::RequestHeaders, name.as_bytes(), value)?;
        } else {
            abi::add_map_value(Map::RequestHeaders, name.as_bytes(), value)?;
        }
    }
    Ok(())
}
