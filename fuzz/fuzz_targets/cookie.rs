//! Cookie fields as they come, one to a line.
#![no_main]

use latchkey_token::cookie::{CookieLookup, CookieNames, find, without};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let CookieNames { session, refresh } = CookieNames::default();
    let fields = || input.split(|byte| *byte == b'\n');
    if let CookieLookup::One(value) = find(fields(), &session) {
        assert!(!value.contains(&b';'));
    }
    for field in fields() {
        let Some(left) = without(field, &[&session, &refresh]) else {
            continue;
        };
        assert!(left.len() <= field.len());
        for name in [&session, &refresh] {
            let found = find(std::iter::once(left.as_ref()), name);
            assert!(matches!(found, CookieLookup::None | CookieLookup::TooMany));
        }
    }
});
