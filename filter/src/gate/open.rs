//! Connections that outlive the request that opened them: `WebSockets`. Nobody asks again whether the
//! session behind one goes on, so it is ended when the session is revoked.

use std::rc::Rc;

use super::{Decision, Gate, Outcome};
use crate::{request::Request, tokens::Known};

#[cfg(test)]
mod tests;

impl Gate {
    /// The token to remember for as long as the connection lives that this request opens, if it opens
    /// any and [`Self::is_over`] could end it.
    #[must_use]
    pub fn opened(&self, request: &Request<'_>, decision: &Decision) -> Option<Rc<Known>> {
        let can_end = self.config.enforce && self.revocations.is_some();
        if !can_end || !request.asks_for_protocol() {
            return None;
        }
        match decision.outcome {
            Outcome::Forward(_) => decision.token.clone(),
            Outcome::Refuse(..) | Outcome::Renew(_) => None,
        }
    }

    /// Whether the session of a connection that is open was revoked. That its token has expired is no
    /// reason: a connection cannot be given a new one.
    #[must_use]
    pub fn is_over(&self, token: &Known) -> bool {
        let revocations = self.revocations.as_ref();
        revocations.is_some_and(|revocations| revocations.check(token.revocable()).is_err())
    }
}
