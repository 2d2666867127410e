//! People with passkeys, as an import brings them and as they sign in.

use serde_json::{Value, json};
use software_authenticator::{Authenticator, Key, StoredCredential, encode};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Key pairs that there are. Making one takes longer than checking it; whose it is makes no
/// difference to what anything costs.
const KEYS: usize = 64;
const RP_ID: &str = "localhost";
const PASSKEYS: [u8; 2] = [1, 2];

/// Everybody.
pub(crate) struct People {
    keys: Vec<Key>,
    origin: String,
}

impl People {
    pub(crate) fn new(origin: &str) -> Self {
        let key = |number| {
            let mut seed = [3; 32];
            seed[31] = number;
            Key::from_seed(seed)
        };
        let keys = (0..).take(KEYS).map(key).collect();
        Self {
            keys,
            origin: origin.to_owned(),
        }
    }

    pub(crate) fn name(number: usize) -> String {
        format!("user{number:07}")
    }

    fn key(&self, number: usize) -> &Key {
        &self.keys[number % self.keys.len()]
    }

    fn credential_id(number: usize, passkey: u8) -> Vec<u8> {
        // As random as real ones, so that they lie all over the store.
        let spread = (number as u64)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .to_be_bytes();
        [spread.as_slice(), &[passkey; 24]].concat()
    }

    fn id(number: usize) -> [u8; 16] {
        let mut id = [0x40; 16];
        let spread = (number as u64).wrapping_mul(0xd129_0bbd_4f5d_9ac5);
        id[..8].copy_from_slice(&spread.to_be_bytes());
        id
    }

    /// Writes the document of the users with these numbers.
    pub(crate) fn write(&self, path: &Path, numbers: std::ops::Range<usize>) -> io::Result<()> {
        let mut out = BufWriter::new(std::fs::File::create(path)?);
        let head = json!({"format": "latchkey-users", "version": 1, "rp_ids": {"webauthn": RP_ID}});
        let head = head.to_string();
        let head = head.strip_suffix('}').unwrap_or(&head);
        write!(out, "{head},\"users\":[")?;
        for number in numbers.clone() {
            let comma = if number == numbers.start { "" } else { ",\n" };
            write!(out, "{comma}{}", self.entry(number))?;
        }
        write!(out, "]}}")?;
        out.flush()
    }

    fn entry(&self, number: usize) -> Value {
        let key = encode(&self.key(number).cose_bytes());
        let passkey = |which: u8| {
            json!({
                "id": encode(&Self::credential_id(number, which)),
                "mount": "webauthn",
                "public_key": key,
                "aaguid": "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4",
                "attestation_format": "none",
                "transports": ["hybrid", "internal"],
                "attachment": "platform",
                "sign_count": 0,
                "backup_eligible": false,
                "label": "Google Password Manager",
            })
        };
        let id = u128::from_be_bytes(Self::id(number));
        json!({
            "id": format!("{id:032x}"),
            "name": Self::name(number),
            "display_name": format!("User Number {number}"),
            "email": format!("user{number}@example.com"),
            "groups": ["staff", "engineering"],
            "passkeys": PASSKEYS.map(passkey),
        })
    }

    /// A browser of this user's, with the first passkey.
    pub(crate) fn authenticator(&self, number: usize) -> Authenticator {
        let mut authenticator = Authenticator::new(&self.origin);
        authenticator.counts = false;
        authenticator.credentials.push(StoredCredential {
            id: Self::credential_id(number, PASSKEYS[0]),
            rp_id: RP_ID.to_owned(),
            user_handle: Self::id(number).to_vec(),
            sign_count: 0,
            key: self.key(number).clone(),
        });
        authenticator
    }
}
