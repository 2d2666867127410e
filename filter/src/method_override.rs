//! Headers by which a client asks an application for another method than it used.
//!
//! Rules go by the method that is forwarded. An application that goes by such a header instead
//! (Rails, Spring and others do where they are told to, for POST) must not do under one rule what
//! another guards.

use crate::{request::Request, reserved::looks_like};

const HEADERS: [&str; 3] = [
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
];

/// Each is looked up among the rules, and no client needs more.
pub const MOST: usize = 4;

/// Every method that is asked for in this way, as an application would read it.
pub fn asked_for(request: &Request<'_>) -> impl Iterator<Item = Vec<u8>> {
    request
        .pairs()
        .filter(|(name, _)| HEADERS.iter().any(|header| looks_like(name, header)))
        .flat_map(|(_, value)| value.split(|byte| *byte == b','))
        .map(|method| method.trim_ascii().to_ascii_uppercase())
}

/// Whether any is asked for.
#[must_use]
pub fn is_asked_for(request: &Request<'_>) -> bool {
    asked_for(request).next().is_some()
}
