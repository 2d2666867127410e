//! The session behind a request: its token, or the new one that takes its place.

use std::rc::Rc;

use latchkey_token::{Claims, JwkSet, SignatureVerifier, TokenError, TokenType, UntrustedToken};

use super::{After, Gate, Noted, Stop};
use crate::{
    credentials::{Carrier, Credential},
    reason::Reason,
    renewal::{self, Answer, Ask, NoCall, Renewed},
    request::Request,
    tokens::{Known, Session},
};

#[cfg(test)]
mod tests;

/// The token that counts.
pub(super) struct Admitted {
    pub(super) token: Rc<Known>,
    pub(super) renewed: Option<Rc<Renewed>>,
}

/// What a new token is to the request that waits for one.
enum Fit {
    /// It takes the old one's place.
    Good,
    /// The sidecar is well, but what the client's secret opens is not the old token's session, or
    /// not for this gateway. Nobody else is to wait because a client mixes up its cookies.
    Other,
    /// The sidecar is not well.
    Bad,
}

impl Gate {
    /// Takes note of a call for a new token that is about to be made, or says why there is none.
    /// `now` is in Unix milliseconds.
    ///
    /// # Errors
    /// [`NoCall`].
    pub fn start_renewal(&mut self, ask: &Ask, now: u64) -> Result<(), NoCall> {
        self.renewals.start(ask, now)
    }

    /// A call for a new token has ended without anyone to take the answer.
    pub fn drop_renewal(&mut self, ask: &Ask) {
        self.renewals.ended(ask);
    }

    /// Takes the answer to a call for a new token; gives what the request has waited for, or
    /// nothing if it was in vain. `now` is in Unix milliseconds.
    pub fn finish_renewal(
        &mut self,
        ask: &Ask,
        answer: Answer,
        now: u64,
        verifier: &impl SignatureVerifier,
    ) -> Option<After> {
        self.renewals.ended(ask);
        match answer {
            Answer::Renewed(renewed) => match self.fit(ask, &renewed, now, verifier) {
                Fit::Good => {
                    self.renewals.succeeded();
                    self.renewals.remember(ask, renewed, now);
                    Some(After::Renewal)
                }
                Fit::Other => {
                    self.renewals.succeeded();
                    self.renewals.remember_over(ask, now);
                    Some(After::SessionOver)
                }
                Fit::Bad => {
                    self.renewals.failed(now);
                    None
                }
            },
            Answer::Over => {
                self.renewals.succeeded();
                self.renewals.remember_over(ask, now);
                Some(After::SessionOver)
            }
            Answer::Failed => {
                self.renewals.failed(now);
                None
            }
        }
    }

    /// Whether an answer can be judged: its token names no key that is not known.
    #[must_use]
    pub fn knows_key_of(&self, answer: &Answer) -> bool {
        let Answer::Renewed(renewed) = answer else {
            return true;
        };
        let token = UntrustedToken::parse(renewed.token.as_bytes(), TokenType::Session);
        token.is_ok_and(|token| {
            let has_key = |keys: &JwkSet| keys.key(token.kid()).is_some();
            self.tokens.keys().is_none_or(has_key)
        })
    }

    fn fit(
        &mut self,
        ask: &Ask,
        renewed: &Renewed,
        now: u64,
        verifier: &impl SignatureVerifier,
    ) -> Fit {
        let now = now.saturating_div(1_000);
        let token = renewed.token.as_bytes();
        match self.tokens.authenticate(token, now, verifier, &mut None) {
            Ok(Session::Valid(token)) if ask.is_same(token.claims()) => Fit::Good,
            Ok(Session::Valid(_)) | Err(Reason::Token(TokenError::AudienceWrong)) => Fit::Other,
            _ => Fit::Bad,
        }
    }

    /// The token that counts: the one that the client sent, or a new one in its place.
    pub(super) fn admit(
        &mut self,
        request: &Request<'_>,
        found: Credential<'_>,
        is_foreign: bool,
        is_bound: impl Fn(&Claims) -> Result<(), Reason>,
        verifier: &impl SignatureVerifier,
        noted: &mut Noted,
    ) -> Result<Admitted, Stop> {
        let Noted { now, after, .. } = *noted;
        let hit = &mut noted.cache_hit;
        let session = self.tokens.authenticate(found.token, now, verifier, hit)?;
        if let Some(revocations) = &self.revocations {
            revocations.check(session.revocable())?;
        }
        if let Session::Valid(token) = &session {
            noted.token = Some(Rc::clone(token));
        }
        is_bound(session.claims())?;
        if is_foreign {
            return Err(Reason::CrossSite.into());
        }
        let refresh_before = self.config.session.refresh_before;
        let ends = match session {
            Session::Valid(token) if renewal::is_due(token.token(), refresh_before, now) => {
                Session::Valid(token)
            }
            Session::Valid(token) => {
                return Ok(Admitted {
                    token,
                    renewed: None,
                });
            }
            expired @ Session::Expired(..) => expired,
        };
        let refresh_cookie = self.config.session.refresh_cookie.as_str();
        let refresh = Some(found.carrier)
            .filter(|carrier| *carrier == Carrier::Cookie)
            .and_then(|_| renewal::refresh_secret(request, refresh_cookie));
        let Some(refresh) = refresh else {
            return as_it_is(ends);
        };
        let is_alive = matches!(ends, Session::Valid(_));
        let pair = |first: &[u8], second: &[u8]| self.tokens.fingerprint_of_pair(first, second);
        let ask = Ask::new(pair, refresh, ends.claims(), is_alive);
        if let Some(admitted) = self.remembered(&ask, found.token, now, verifier)? {
            is_bound(admitted.token.claims())?;
            noted.token = Some(Rc::clone(&admitted.token));
            noted.set_cookie = admitted
                .renewed
                .as_ref()
                .map(|renewed| renewed.set_cookie.clone())
                .unwrap_or_default();
            return Ok(admitted);
        }
        let after = match after {
            After::Nothing if self.renewals.is_over(&ask, now) => After::SessionOver,
            after => after,
        };
        match (after, ends) {
            (After::Nothing, _) => Err(Stop::Renew(Box::new(ask))),
            (After::Renewal, Session::Expired(..)) => Err(Reason::NoRenewal.into()),
            (After::SessionOver, Session::Valid(token)) => {
                let expired_at = token.token().expires_at();
                Err(Reason::Token(TokenError::Expired { expired_at, now }).into())
            }
            (_, ends) => as_it_is(ends),
        }
    }

    /// The token that was given for the same session not long ago, judged like any other. It is
    /// nothing to whoever comes with that one already, or with one that lives longer.
    fn remembered(
        &mut self,
        ask: &Ask,
        presented: &[u8],
        now: u64,
        verifier: &impl SignatureVerifier,
    ) -> Result<Option<Admitted>, Reason> {
        let Some(renewed) = self.renewals.remembered(ask.pair, now) else {
            return Ok(None);
        };
        let token = renewed.token.as_bytes();
        if token == presented {
            return Ok(None);
        }
        let Ok(Session::Valid(token)) = self.tokens.authenticate(token, now, verifier, &mut None)
        else {
            self.renewals.forget(ask.pair);
            return Ok(None);
        };
        if token.claims().exp < ask.old_exp() {
            return Ok(None);
        }
        if let Some(revocations) = &self.revocations {
            revocations.check(token.revocable())?;
        }
        Ok(Some(Admitted {
            token,
            renewed: Some(renewed),
        }))
    }
}

/// A token that nothing takes the place of.
fn as_it_is(session: Session) -> Result<Admitted, Stop> {
    match session {
        Session::Valid(token) => Ok(Admitted {
            token,
            renewed: None,
        }),
        Session::Expired(_, error) => Err(error.into()),
    }
}
