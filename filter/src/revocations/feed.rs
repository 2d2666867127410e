//! The questions for what was revoked: one at a time, kept open by the sidecar until something
//! changes, and asked anew at once after an answer, later each time after a failure.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey_token::{
    JwkSet, SignatureVerifier, TokenError, UntrustedRevocations, VerifiedRevocations,
};
use thiserror::Error;

use super::revoked::{Full, Revoked};

/// The first pause after a failure; it doubles with each further one.
const FIRST_PAUSE_MS: u64 = 250;
/// The longest pause, so that a sidecar that comes back is noticed at once.
const LONGEST_PAUSE_MS: u64 = 2_000;
/// The sidecar answers within 25 s. A question without any answer is given up after this time.
const LOST_MS: u64 = 35_000;
/// An answer without news before this time is none that the sidecar gives: it waits for news.
const NO_NEWS_MS: u64 = 1_000;
/// So many failures in a row are not mended by new keys alone.
const MAX_MENDED: u32 = 3;

/// The state of the questions. All times are Unix milliseconds.
#[derive(Debug, Default)]
pub struct Feed {
    /// The question that is open.
    open: Option<Question>,
    /// How far the list is known.
    known: Option<Position>,
    is_complete: bool,
    is_full: bool,
    answered: Option<u64>,
    next: u64,
    failures: u32,
    wants_key: bool,
}

#[derive(Debug)]
struct Question {
    nonce: String,
    since: u64,
}

#[derive(Debug, Clone)]
struct Position {
    epoch: String,
    version: u64,
}

/// Why an answer was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FeedError {
    /// Nobody asked.
    #[error("no question is open")]
    NotAsked,
    /// It is not the answer of our sidecar to our question.
    #[error("the list is refused: {0}")]
    Refused(#[from] TokenError),
    /// It is behind what is known already.
    #[error("version {got} is behind {known}")]
    Behind {
        /// What came.
        got: u64,
        /// What is known.
        known: u64,
    },
    /// It says that there is more, and leads nowhere.
    #[error("there is more, but the version stays the same")]
    NoProgress,
    /// There is no room for it.
    #[error(transparent)]
    Full(#[from] Full),
}

impl Feed {
    /// One that knows what this one knows, and asks on from there at once.
    #[must_use]
    pub(super) fn successor(&self) -> Self {
        Self {
            known: self.known.clone(),
            is_complete: self.is_complete,
            is_full: self.is_full,
            answered: self.answered,
            wants_key: self.wants_key,
            ..Self::default()
        }
    }

    /// Whether to ask now.
    #[must_use]
    pub fn is_due(&self, now: u64) -> bool {
        match &self.open {
            Some(question) => now.abs_diff(question.since) > LOST_MS,
            // A clock that was set back must not put the next question off for as long.
            None => now >= self.next || self.next.saturating_sub(now) > LONGEST_PAUSE_MS,
        }
    }

    /// Opens a question and gives its path. `nonce` must be random.
    pub fn ask(&mut self, now: u64, nonce: [u8; 16]) -> String {
        let nonce = URL_SAFE_NO_PAD.encode(nonce);
        let mut path = ["/internal/v1/revocations?nonce=", &nonce].concat();
        if let Some(Position { epoch, version }) = &self.known {
            for part in ["&epoch=", epoch, "&version=", &version.to_string()] {
                path.push_str(part);
            }
        }
        self.open = Some(Question { nonce, since: now });
        path
    }

    /// Takes an answer into `revoked`.
    ///
    /// # Errors
    /// When it is none that can be relied on. What is known stays.
    pub fn answered<V: SignatureVerifier + ?Sized>(
        &mut self,
        now: u64,
        answer: &[u8],
        issuer: &str,
        keys: &JwkSet,
        verifier: &V,
        revoked: &mut Revoked,
    ) -> Result<(), FeedError> {
        let result = self.judge(now, answer, issuer, keys, verifier, revoked);
        if let Err(error) = result {
            self.failed(now);
            self.wants_key = error == FeedError::Refused(TokenError::KeyIdUnknown);
            self.is_full |= matches!(error, FeedError::Full(_));
        }
        result
    }

    fn judge<V: SignatureVerifier + ?Sized>(
        &mut self,
        now: u64,
        answer: &[u8],
        issuer: &str,
        keys: &JwkSet,
        verifier: &V,
        revoked: &mut Revoked,
    ) -> Result<(), FeedError> {
        let question = self.open.take().ok_or(FeedError::NotAsked)?;
        let page = UntrustedRevocations::parse(answer)?
            .verify(keys, verifier)?
            .validate(issuer, &question.nonce)?;
        self.accept(now, question.since, &page, revoked)
    }

    fn accept(
        &mut self,
        now: u64,
        since: u64,
        page: &VerifiedRevocations,
        revoked: &mut Revoked,
    ) -> Result<(), FeedError> {
        let page = page.revocations();
        let is_new = |kid: &String| !revoked.keys().contains(kid);
        let revokes_key = page.keys.iter().any(is_new);
        let mut has_news = true;
        if let Some(Position { epoch, version }) = &self.known {
            if *epoch != page.epoch {
                // The sidecar began anew: so does the question, and what is known stays known.
                revoked.add(page)?;
                self.known = None;
                self.wants_key = revokes_key;
                self.next = now.saturating_add(FIRST_PAUSE_MS);
                return Ok(());
            }
            if page.version < *version {
                return Err(FeedError::Behind {
                    got: page.version,
                    known: *version,
                });
            }
            has_news = page.version > *version;
            if page.more && !has_news {
                return Err(FeedError::NoProgress);
            }
        }
        revoked.add(page)?;
        self.known = Some(Position {
            epoch: page.epoch.clone(),
            version: page.version,
        });
        if !page.more {
            self.is_complete = true;
            self.is_full = false;
            self.answered = Some(now);
        }
        self.failures = 0;
        self.wants_key = revokes_key;
        // Whoever answers at once with nothing is not asked at once.
        let is_early = !has_news && now.abs_diff(since) < NO_NEWS_MS;
        self.next = if is_early {
            now.saturating_add(FIRST_PAUSE_MS)
        } else {
            now
        };
        Ok(())
    }

    /// A question could not be asked, or brought no answer.
    pub fn failed(&mut self, now: u64) {
        self.open = None;
        self.wants_key = false;
        let pause = FIRST_PAUSE_MS.saturating_mul(2_u64.saturating_pow(self.failures));
        self.failures = self.failures.saturating_add(1);
        self.next = now.saturating_add(pause.min(LONGEST_PAUSE_MS));
    }

    /// Whether the last answer names a key that is not known, or revokes one: then there is another
    /// in its place, which the next answer may be signed with.
    #[must_use]
    pub fn wants_key(&self) -> bool {
        self.wants_key
    }

    /// There are new keys: if that is what was missing, ask again.
    pub fn has_keys(&mut self, now: u64) {
        if std::mem::take(&mut self.wants_key) && self.failures <= MAX_MENDED {
            self.next = now;
        }
    }

    /// Whether everything that was revoked has been there once.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Whether something was revoked that there was no room for: until it is known, nothing that is
    /// not in the list can be told from what is missing in it.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// How old the last whole answer is, in milliseconds.
    #[must_use]
    pub fn age(&self, now: u64) -> Option<u64> {
        self.answered.map(|at| now.saturating_sub(at))
    }
}
