//! Sessions that are bound to a client certificate
//! ([RFC 8705 3](https://www.rfc-editor.org/rfc/rfc8705#section-3)).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey_token::Claims;

use crate::{reason::Reason, request::Surroundings};

/// A SHA-256 digest.
const DIGEST_BYTES: usize = 32;

/// Holds a bound session to its certificate, whatever the rules say. The connection's certificate
/// is asked for only then, and only Envoy is asked.
///
/// # Errors
/// [`Reason::CertificateMismatch`] when the connection has another certificate or none.
pub fn check(claims: &Claims, surroundings: &impl Surroundings) -> Result<(), Reason> {
    let Some(bound) = &claims.cnf else {
        return Ok(());
    };
    let presented = surroundings.client_certificate();
    let presented = presented.as_deref().and_then(thumbprint);
    if presented.as_ref() == Some(&bound.certificate_thumbprint) {
        Ok(())
    } else {
        Err(Reason::CertificateMismatch)
    }
}

/// `x5t#S256` ([RFC 8705 3.1](https://www.rfc-editor.org/rfc/rfc8705#section-3.1)) from
/// hexadecimal digits.
#[must_use]
pub fn thumbprint(digits: &[u8]) -> Option<String> {
    let digit = |byte: &u8| {
        char::from(*byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let bytes: Option<Vec<u8>> = digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect();
    bytes
        .filter(|bytes| bytes.len() == DIGEST_BYTES)
        .map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use latchkey_token::Confirmation;

    use super::*;
    use crate::test_support::{self, Fixed};

    #[test]
    fn a_bound_session_needs_its_certificate_and_no_other_session_any() {
        let hex = format!("{}ff", "00".repeat(31));
        let with = |certificate| Fixed {
            certificate,
            ..Fixed::default()
        };
        let mut claims = test_support::claims();
        for certificate in [None, Some(hex.as_str())] {
            assert_eq!(check(&claims, &with(certificate)), Ok(()));
        }
        claims.cnf = Some(Confirmation {
            certificate_thumbprint: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP8".to_owned(),
        });
        assert_eq!(check(&claims, &with(Some(&hex))), Ok(()));
        let other = "00".repeat(32);
        for certificate in [None, Some(""), Some("zz"), Some(other.as_str())] {
            let checked = check(&claims, &with(certificate));
            assert_eq!(checked, Err(Reason::CertificateMismatch), "{certificate:?}");
        }
    }
}
