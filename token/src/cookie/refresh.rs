//! Which token a refresh cookie belongs to.
//!
//! The cookie is base64url of the session's id (16 bytes) and its secret (32 random bytes). A token
//! says `rt_hash`, so that a gateway sees without a call whether token and cookie belong together.
//! Half a hash of 256 random bits leads nobody to the secret.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

const ID_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;

/// The claim `rt_hash` for a secret with this SHA-256: the left half in base64url, as
/// [OpenID Connect CIBA 10.3.1](https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#rfc.section.10.3.1)
/// has it for a refresh token.
#[must_use]
pub fn refresh_hash(secret_hash: &[u8; 32]) -> String {
    let [left, _] = secret_hash.as_chunks::<16>().0 else {
        return String::new();
    };
    URL_SAFE_NO_PAD.encode(left)
}

/// Whether a refresh cookie's value holds the secret of which a token says this `rt_hash`.
#[must_use]
pub fn belongs(cookie: &[u8], rt_hash: &str) -> bool {
    let mut bytes = [0; ID_BYTES + SECRET_BYTES];
    match URL_SAFE_NO_PAD.decode_slice(cookie, &mut bytes) {
        Ok(length) if length == bytes.len() => {}
        _ => return false,
    }
    let Some((_, secret)) = bytes.split_last_chunk::<SECRET_BYTES>() else {
        return false;
    };
    refresh_hash(&Sha256::digest(secret).into()) == rt_hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_belongs_to_the_tokens_that_name_its_secret() {
        let cookie = |id: u8, secret: u8| {
            URL_SAFE_NO_PAD.encode([[id; 16].as_slice(), &[secret; 32]].concat())
        };
        let named = refresh_hash(&Sha256::digest([7; 32]).into());
        assert_eq!(named.len(), 22);
        assert!(belongs(cookie(1, 7).as_bytes(), &named));
        assert!(!belongs(cookie(1, 8).as_bytes(), &named));
        let padded = format!("{}=", cookie(1, 7));
        let longer = format!("{}A", cookie(1, 7));
        for odd in ["", "a.b", &cookie(1, 7)[1..], &padded, &longer] {
            assert!(!belongs(odd.as_bytes(), &named), "{odd}");
        }
        assert!(!belongs(cookie(1, 7).as_bytes(), ""));
    }
}
