//! Ports on the loopback interface that nothing else uses.

use std::net::TcpListener;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

/// Below those that systems give to whoever asks for any port, and to outgoing connections: so
/// none of them can be taken by another test between the moment it is given out and its use.
const RANGE: Range<u32> = 10_000..32_000;

/// The one in the range that browsers refuse to open (Fetch, section 2.9: "bad port").
const REFUSED_BY_BROWSERS: u16 = 10_080;

static GIVEN: AtomicU32 = AtomicU32::new(0);

/// A port that is free now and that no other test of this process was given.
///
/// # Panics
/// When the machine has no free port left.
#[must_use]
pub fn free() -> u16 {
    // Test programs that run at the same time begin far from one another.
    let begin = std::process::id().wrapping_mul(997);
    for _ in RANGE {
        let number = begin.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed));
        let port = RANGE.start + number % (RANGE.end - RANGE.start);
        let port = u16::try_from(port).expect("the range is one of ports");
        if port != REFUSED_BY_BROWSERS && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port on 127.0.0.1");
}
