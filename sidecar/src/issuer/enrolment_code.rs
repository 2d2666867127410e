//! Enrolment codes: the secret half of a link that lets one passkey be registered.

use crate::entropy::{Entropy, random};
use crate::model::{Enrolment, EnrolmentPurpose, Seconds, SecretHash, UnixTime, UserId};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

const ID_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;

/// 256 random bits together with the user whom they are for. The id is there to find the record;
/// it proves nothing.
#[derive(Clone)]
pub struct EnrolmentCode {
    user: UserId,
    secret: Zeroizing<[u8; SECRET_BYTES]>,
}

impl EnrolmentCode {
    /// A new code for a passkey of this user at this mount, and what the store keeps of it.
    #[must_use]
    pub fn draw(
        (user, mount): (UserId, &str),
        purpose: EnrolmentPurpose,
        created_by: &str,
        life: Seconds,
        entropy: &(impl Entropy + ?Sized),
        now: UnixTime,
    ) -> (Self, Enrolment) {
        let code = Self {
            user,
            secret: Zeroizing::new(random(entropy)),
        };
        let enrolment = Enrolment {
            user,
            mount: mount.to_owned(),
            secret: code.hash(),
            purpose,
            created_at: now,
            created_by: created_by.to_owned(),
            expires_at: now.plus(life),
        };
        (code, enrolment)
    }

    /// Reads what [`Self::text`] writes; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.trim()).ok()?);
        let (id, secret) = bytes.split_first_chunk::<ID_BYTES>()?;
        let secret: [u8; SECRET_BYTES] = secret.try_into().ok()?;
        Some(Self {
            user: UserId(uuid::Uuid::from_bytes(*id)),
            secret: Zeroizing::new(secret),
        })
    }

    /// What stands behind the `#` of the link.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        let bytes = Zeroizing::new([self.user.0.as_bytes(), self.secret.as_slice()].concat());
        Zeroizing::new(URL_SAFE_NO_PAD.encode(&*bytes))
    }

    /// Whom it claims to be for.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.user
    }

    /// What the store keeps. 256 random bits need no slow hash.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.secret.as_slice()).into())
    }

    /// Whether it is the code of this record and good at this mount, compared in constant time.
    #[must_use]
    pub fn opens(&self, enrolment: &Enrolment, mount: &str, now: UnixTime) -> bool {
        self.user == enrolment.user
            && enrolment.mount == mount
            && enrolment.is_open(now)
            && bool::from(self.hash().0.ct_eq(&enrolment.secret.0))
    }
}

impl std::fmt::Debug for EnrolmentCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EnrolmentCode")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SequenceEntropy;

    fn drawn() -> (EnrolmentCode, Enrolment) {
        let user = UserId(uuid::Uuid::from_u128(5));
        let purpose = EnrolmentPurpose::Enrol;
        let entropy = SequenceEntropy::default();
        EnrolmentCode::draw(
            (user, "staff"),
            purpose,
            "ann",
            Seconds(60),
            &entropy,
            UnixTime(100),
        )
    }

    #[test]
    fn a_code_opens_its_own_record_until_it_expires() {
        let (code, enrolment) = drawn();
        let read = EnrolmentCode::parse(&code.text()).unwrap();
        assert!(read.opens(&enrolment, "staff", UnixTime(159)));
        assert!(!read.opens(&enrolment, "staff", UnixTime(160)));
        assert!(!read.opens(&enrolment, "webauthn", UnixTime(159)));
        let other_user = Enrolment {
            user: Enrolment::NOBODY,
            ..enrolment.clone()
        };
        assert!(!read.opens(&other_user, "staff", UnixTime(100)));
        let other_secret = Enrolment {
            secret: SecretHash([0; 32]),
            ..enrolment
        };
        assert!(!read.opens(&other_secret, "staff", UnixTime(100)));
    }

    #[test]
    fn anything_else_is_no_code() {
        let (code, _) = drawn();
        for text in ["", "AAAA", &code.text()[1..], &format!("{}A", *code.text())] {
            assert!(EnrolmentCode::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let (code, _) = drawn();
        let shown = format!("{code:?}");
        assert!(!shown.contains("secret:"), "{shown}");
    }
}
