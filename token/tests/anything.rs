//! What must hold for any input whatsoever. Native only: wasm runs the tables.
#![cfg(not(target_arch = "wasm32"))]

mod issuer;

use issuer::{Issuer, encode, expectations};
use latchkey_token::{
    Algorithm, Authn, Claims, Confirmation, InProcess, JwkSet, TokenType, UntrustedToken,
    cookie::{CookieLookup, find, without},
    ecdsa_der,
};
use proptest::prelude::*;

const NAMES: [&str; 2] = ["__Host-latchkey", "__Host-latchkey-refresh"];

/// JSON, and what a careless writer or an attacker would make of it.
fn near_json() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("alg"),
        Just("kid"),
        Just("typ"),
        Just("exp"),
        Just("sub"),
        Just("aud"),
        Just("keys"),
        Just("kty"),
        Just("x"),
        Just("ES256"),
        Just("session+jwt"),
        Just(r"\u0061lg"),
    ];
    let leaf = prop_oneof![
        word.prop_map(|word| format!("\"{word}\"")),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        Just("null".to_owned()),
        Just("18446744073709551616".to_owned()),
        ".{0,8}".prop_map(|text| format!("{text:?}")),
    ];
    leaf.prop_recursive(20, 64, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|e| format!("[{}]", e.join(","))),
            prop::collection::vec((inner.clone(), inner), 0..4).prop_map(|members| {
                let members: Vec<String> = members
                    .into_iter()
                    .map(|(name, value)| format!("{name}:{value}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn text() -> impl Strategy<Value = String> {
    "[\\p{L}\\p{N}._@/-]{1,20}"
}

prop_compose! {
    fn any_claims()(
        (sub, jti, sid) in (text(), text(), text()),
        (iat, exp, nbf) in (0..4_000_000_000_u64, 1..4_000_000_000_u64, any::<bool>()),
        (name, email, acr) in (
            prop::option::of(text()), prop::option::of(text()), prop::option::of(text()),
        ),
        (groups, policies, amr) in (
            prop::collection::vec(text(), 0..5),
            prop::collection::vec(text(), 0..5),
            prop::collection::vec(text(), 0..3),
        ),
        audiences in prop::collection::vec(text(), 0..3),
        (email_verified, attested, uv, be, bs, bound) in any::<(Option<bool>, bool, bool, bool, bool, bool)>(),
    ) -> Claims {
        let mut aud = vec!["app".to_owned()];
        aud.extend(audiences);
        Claims {
            iss: issuer::ISSUER.into(),
            aud, sub, iat, exp, jti, sid,
            nbf: nbf.then_some(exp - 1),
            auth_time: Some(iat),
            preferred_username: name.clone(),
            name, email, acr, groups, policies, amr, email_verified,
            authn: uv.then(|| Authn {
                aaguid: "00000000-0000-0000-0000-000000000000".into(),
                attested, uv, be, bs,
                attachment: be.then(|| "platform".into()),
            }),
            rt_hash: bound.then(|| encode([2; 16])),
            cnf: bound.then(|| Confirmation { certificate_thumbprint: encode([1; 32]) }),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(UntrustedToken::parse(&bytes, TokenType::Session).is_err());
        prop_assert!(JwkSet::parse(&bytes).is_err());
        let _ = find(std::iter::once(bytes.as_slice()), NAMES[0]);
        let _ = without(&bytes, &NAMES);
    }

    #[test]
    fn near_tokens_are_refused_without_a_panic(
        header in near_json(), claims in near_json(), signature in prop::collection::vec(any::<u8>(), 0..70),
    ) {
        let token = format!("{}.{}.{}", encode(header), encode(&claims), encode(signature));
        prop_assert!(UntrustedToken::parse(token.as_bytes(), TokenType::Session).is_err());
        prop_assert!(JwkSet::parse(claims.as_bytes()).is_err());
        let keys = format!(r#"{{"keys":[{claims}]}}"#);
        prop_assert!(JwkSet::parse(keys.as_bytes()).is_err());
    }

    #[test]
    fn any_claims_that_are_rightly_signed_are_judged_without_a_panic(claims in near_json()) {
        let issuer = Issuer::new(Algorithm::EdDsa);
        prop_assert!(issuer.outcome(issuer.with_claims(&claims).as_bytes()).is_err());
    }

    #[test]
    fn a_good_token_with_any_byte_changed_is_refused(
        place in any::<prop::sample::Index>(), byte in any::<u8>(), eddsa in any::<bool>(),
    ) {
        let issuer = Issuer::new(if eddsa { Algorithm::EdDsa } else { Algorithm::Es256 });
        let mut token = issuer.good().into_bytes();
        let place = place.index(token.len());
        prop_assume!(token[place] != byte);
        token[place] = byte;
        prop_assert!(issuer.outcome(&token).is_err());
    }

    #[test]
    fn what_is_minted_says_the_same_when_it_comes_back(claims in any_claims(), eddsa in any::<bool>()) {
        let issuer = Issuer::new(if eddsa { Algorithm::EdDsa } else { Algorithm::Es256 });
        let token = issuer.key.sign(&claims).unwrap();
        let verified = UntrustedToken::parse(token.as_bytes(), TokenType::Session)
            .unwrap()
            .verify(&issuer.keys(), &InProcess)
            .unwrap()
            .validate(&expectations(), claims.exp - 1)
            .unwrap();
        prop_assert_eq!(verified.claims(), &claims);
        let written = serde_json::to_string(&claims).unwrap();
        prop_assert_eq!(serde_json::from_str::<Claims>(&written).unwrap(), claims);
    }

    #[test]
    fn any_64_bytes_have_a_der_form_or_none(signature in prop::array::uniform32(any::<u8>())) {
        let signature: [u8; 64] = [signature, signature].concat().try_into().unwrap();
        if let Ok(der) = ecdsa_der(&signature) {
            let back = p256::ecdsa::Signature::from_der(&der).unwrap();
            let back: [u8; 64] = back.to_bytes().into();
            prop_assert_eq!(back, signature);
        }
    }

    #[test]
    fn cookies_are_found_and_cut_alike(
        pairs in prop::collection::vec(("(__Host-latchkey|a|b| __host-latchkey |)", "[a-z=\" ]{0,4}"), 0..8),
        split in any::<prop::sample::Index>(),
    ) {
        let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let joined = pairs.join("; ");
        let (first, second) = pairs.split_at(split.index(pairs.len() + 1));
        let fields = [first.join("; "), second.join("; ")];
        let found = find(std::iter::once(joined.as_bytes()), NAMES[0]);
        prop_assert_eq!(find(fields.iter().map(String::as_bytes), NAMES[0]), found);

        let left = without(joined.as_bytes(), &NAMES);
        let left = left.as_deref().unwrap_or_default();
        prop_assert_eq!(find(std::iter::once(left), NAMES[0]), CookieLookup::None);
        let again = without(left, &NAMES);
        prop_assert_eq!(again.as_deref().unwrap_or_default(), left, "once is enough");
        for other in ["a", "b"] {
            let before = find(std::iter::once(joined.as_bytes()), other);
            prop_assert_eq!(find(std::iter::once(left), other), before);
        }
    }
}
