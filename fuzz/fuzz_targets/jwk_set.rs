//! A key set as it comes from whoever answered.
#![no_main]

use latchkey_token::{InProcess, JwkSet, MAX_JWK_SET_KEYS, SignatureVerifier as _};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(keys) = JwkSet::parse(input) else {
        return;
    };
    assert!((1..=MAX_JWK_SET_KEYS).contains(&keys.len()));
    for key in &keys {
        assert_eq!(keys.key(key.kid()), Some(key), "ids are unique");
        assert_eq!(Some(key.algorithm()), keys.algorithm());
        assert!(key.spki_der().ends_with(key.raw()));
        let _ = InProcess.verify(key, input, &[1; 64]);
    }
});
