//! Connections that outlive the request that opened them: `WebSockets`. Nobody asks again whether the
//! session behind one goes on, so it is ended when the session is revoked.

use std::rc::Rc;

use latchkey_token::{TokenType, UntrustedToken};

use super::{Decision, Gate, Outcome};
use crate::{credentials, request::Request, tokens::Known};

#[cfg(test)]
mod tests;

/// By what a connection was opened that stays open.
#[derive(Debug, PartialEq, Eq)]
pub struct Opened {
    token: Rc<Known>,
    /// The key that vouched for what the client sent.
    kid: String,
}

impl Gate {
    /// What to remember for as long as the connection lives that this request opens, if it opens any
    /// and [`Self::is_over`] could end it.
    #[must_use]
    pub fn opened(&self, request: &Request<'_>, decision: &Decision) -> Option<Opened> {
        let can_end = self.config.enforce && self.revocations.is_some();
        if !can_end || !request.asks_for_protocol() {
            return None;
        }
        let Outcome::Forward(_) = decision.outcome else {
            return None;
        };
        let token = Rc::clone(decision.token.as_ref()?);
        let sent = credentials::find(request, &self.config).ok()??;
        let sent = UntrustedToken::parse(sent.token, TokenType::Session).ok()?;
        let kid = sent.kid().to_owned();
        Some(Opened { token, kid })
    }

    /// Whether the session of a connection that is open was revoked, or the key behind it. That its
    /// token has expired is no reason: a connection cannot be given a new one.
    #[must_use]
    pub fn is_over(&self, opened: &Opened) -> bool {
        self.revocations.as_ref().is_some_and(|revocations| {
            revocations.check(opened.token.revocable()).is_err()
                || revocations.revoked.keys().contains(&opened.kid)
        })
    }
}
