//! Any text as the filter's configuration: a configuration, or the key that is at fault.
#![no_main]

use latchkey_filter_config::FilterConfig;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    if let Err(error) = FilterConfig::parse(text) {
        assert!(error.to_string().starts_with(error.key()));
    }
});
