//! Authenticator data.

/// Flags of the authenticator data (WebAuthn Level 3, section 6.1).
pub mod flag {
    /// UP.
    pub const USER_PRESENT: u8 = 0x01;
    /// UV.
    pub const USER_VERIFIED: u8 = 0x04;
    /// BE.
    pub const BACKUP_ELIGIBLE: u8 = 0x08;
    /// BS.
    pub const BACKUP_STATE: u8 = 0x10;
    /// AT.
    pub const ATTESTED_CREDENTIAL_DATA: u8 = 0x40;
    /// ED.
    pub const EXTENSION_DATA: u8 = 0x80;
}

/// What the authenticator signs. The flags AT and ED are written as they stand in `flags`, whether
/// or not the data is there.
#[derive(Debug, Clone)]
pub struct AuthenticatorData {
    /// SHA-256 of the relying party id.
    pub rp_id_hash: [u8; 32],
    /// See [`flag`].
    pub flags: u8,
    /// Signature counter.
    pub sign_count: u32,
    /// In registrations.
    pub attested: Option<AttestedCredentialData>,
    /// Encoded extension outputs.
    pub extensions: Option<Vec<u8>>,
    /// Written after everything else.
    pub trailing: Vec<u8>,
}

/// A new credential.
#[derive(Debug, Clone)]
pub struct AttestedCredentialData {
    /// The authenticator's model.
    pub aaguid: [u8; 16],
    /// Its length is written as it is, modulo 65,536.
    pub credential_id: Vec<u8>,
    /// Encoded COSE key.
    pub cose_key: Vec<u8>,
}

impl AuthenticatorData {
    /// As it is signed and sent.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.rp_id_hash.to_vec();
        bytes.push(self.flags);
        bytes.extend(self.sign_count.to_be_bytes());
        if let Some(attested) = &self.attested {
            let [.., high, low] = attested.credential_id.len().to_be_bytes();
            bytes.extend(attested.aaguid);
            bytes.extend([high, low]);
            bytes.extend(&attested.credential_id);
            bytes.extend(&attested.cose_key);
        }
        bytes.extend(self.extensions.iter().flatten());
        bytes.extend(&self.trailing);
        bytes
    }
}
