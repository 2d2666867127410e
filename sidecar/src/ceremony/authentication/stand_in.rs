//! The credential that stands in where there is none, so that a refusal takes the same work
//! whether or not the credential exists.

use super::super::strict::attestation_object::Format;
use super::super::{CeremonyError, Policy, RelyingParty, record};
use super::UntrustedAssertion;
use super::verify::check_signature;
use crate::model::{
    Credential, CredentialId, PolicyName, UnixTime, User, UserId, UserLimits, UserName,
};
use std::hint::black_box;
use uuid::Uuid;

/// The base point of P-256 (SEC 2, section 2.4.2) as a COSE key. That everybody knows its private
/// key does no harm: nothing that is verified with it is ever accepted.
const PUBLIC_KEY: [u8; 77] = [
    0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20, //
    0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2,
    0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
    0x22, 0x58, 0x20, //
    0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16,
    0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
];

/// An account of nobody with one credential, in memory.
#[derive(Debug)]
pub struct StandIn {
    credential: Credential,
    stored_user: Vec<u8>,
    stored_credential: Vec<u8>,
}

impl StandIn {
    /// The stand-in, which `mount` has in name only: it does the same work at all of them.
    ///
    /// # Errors
    /// Never: what it is made of is fixed.
    pub fn new(mount: &str) -> Result<Self, CeremonyError> {
        let damaged = |_| CeremonyError::StoredRecord;
        let user = User {
            id: UserId(Uuid::nil()),
            name: UserName::parse("stand-in").map_err(|_| CeremonyError::StoredRecord)?,
            display_name: "Stand-in".to_owned(),
            email: None,
            groups: Vec::new(),
            policies: Vec::new(),
            disabled: false,
            created_at: UnixTime(0),
            limits: UserLimits::default(),
            must_register: false,
            passkey_alert: false,
            handle: None,
        };
        let credential = Credential {
            id: CredentialId::from_bytes(&[0; 32]).map_err(|_| CeremonyError::StoredRecord)?,
            user: user.id,
            mount: mount.to_owned(),
            record: record::write(&PUBLIC_KEY, Format::None, PolicyName::Passwordless),
            algorithm: -7,
            aaguid: Uuid::nil(),
            attested: false,
            transports: vec!["hybrid".to_owned(), "internal".to_owned()],
            attachment: Some("platform".to_owned()),
            sign_count: 0,
            backup_eligible: Some(true),
            backup_state: true,
            label: "Passkey".to_owned(),
            created_at: UnixTime(0),
            last_used_at: None,
            disabled_at: None,
            suspected_at: None,
        };
        Ok(Self {
            stored_user: serde_json::to_vec(&user).map_err(damaged)?,
            stored_credential: serde_json::to_vec(&credential).map_err(damaged)?,
            credential,
        })
    }

    /// Whose challenges it spends.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.credential.user
    }

    /// Decodes the credential as a store would decode one that exists.
    pub fn read_credential(&self) {
        let read = serde_json::from_slice::<Credential>(black_box(&self.stored_credential));
        drop(black_box(read));
    }

    /// Decodes the user as a store would decode one that exists.
    pub fn read_user(&self) {
        let read = serde_json::from_slice::<User>(black_box(&self.stored_user));
        drop(black_box(read));
    }

    /// Does the work of verifying `assertion`, and accepts nothing.
    pub fn refuse(
        &self,
        assertion: UntrustedAssertion,
        relying_party: &RelyingParty,
        policy: &Policy,
    ) {
        // Used for nothing, and yet not optimised away.
        let _ = black_box(self.verify(assertion, relying_party, policy));
    }

    fn verify(
        &self,
        assertion: UntrustedAssertion,
        relying_party: &RelyingParty,
        policy: &Policy,
    ) -> Result<(), CeremonyError> {
        let flags = assertion.authenticator_data.flags;
        let credential = Credential {
            // Otherwise the verifier refuses before it comes to the signature.
            backup_eligible: Some(flags.backup_eligible()),
            backup_state: flags.backup_state(),
            ..self.credential.clone()
        };
        let public_key = record::read(&credential)?;
        check_signature(assertion, &public_key, relying_party, policy, &credential)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{parse, request_options};
    use super::*;
    use software_authenticator::{Authenticator, Key, StoredCredential, flag};

    /// What the owner of the stand-in's private key, which is 1, would send with these flags.
    fn signed(relying_party: &RelyingParty, policy: &Policy, flags: u8) -> UntrustedAssertion {
        let mut authenticator = Authenticator::new("https://example.org");
        let mut one = [0; 32];
        one[31] = 1;
        authenticator.credentials.push(StoredCredential {
            id: vec![9; 20],
            rp_id: "example.org".to_owned(),
            user_handle: vec![0; 16],
            sign_count: 0,
            key: Key::from_seed(one),
        });
        authenticator.flags |= flags;
        let options = request_options(relying_party, policy, &[], &[1, 2, 3]);
        parse(authenticator.get(&options).to_string().as_bytes()).unwrap()
    }

    #[test]
    fn the_stand_in_takes_the_whole_way_of_a_verification() {
        let origins = ["https://example.org".to_owned()];
        let relying_party = RelyingParty::new("example.org", "Example", &origins).unwrap();
        let policy = Policy::default();
        let stand_in = StandIn::new("webauthn").unwrap();
        let synced = flag::BACKUP_ELIGIBLE | flag::BACKUP_STATE;
        for flags in [0, flag::BACKUP_ELIGIBLE, synced] {
            let good = signed(&relying_party, &policy, flags);
            let verified = stand_in.verify(good.clone(), &relying_party, &policy);
            assert_eq!(verified, Ok(()), "nothing ends it early");
            let mut wrong = good;
            wrong.signature = Key::from_seed([9; 32]).sign(b"something else");
            let verified = stand_in.verify(wrong, &relying_party, &policy);
            assert_eq!(verified, Err(CeremonyError::Signature));
        }
    }

    #[test]
    fn what_a_store_would_hold_can_be_decoded() {
        let stand_in = StandIn::new("webauthn").unwrap();
        let credential: Credential = serde_json::from_slice(&stand_in.stored_credential).unwrap();
        assert_eq!(credential, stand_in.credential);
        let user: User = serde_json::from_slice(&stand_in.stored_user).unwrap();
        assert_eq!(user.id, stand_in.user());
    }
}
