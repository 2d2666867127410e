//! Any `:path`: an answer, and one that stays the same when asked again with what is forwarded.
#![no_main]

use latchkey_filter::path::Target;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &[u8]| {
    let Ok(Target::Path(once)) = Target::parse(raw) else { return };
    let forwarded = once.with_query();
    let Ok(Target::Path(twice)) = Target::parse(&forwarded) else {
        panic!("what is forwarded is no path");
    };
    assert_eq!(once.as_str(), twice.as_str());
    assert!(!twice.is_changed());
    assert!(once.segments().all(|segment| segment != "." && segment != ".."));
});
