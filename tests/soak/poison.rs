//! Two requests a second that have stopped other gateways' VMs, while members go on working: none
//! of them may notice.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use latchkey_tests::{Gateway, wait};

use crate::connection::Connection;
use crate::kinds::Kinds;
use crate::{LOGIN_SECONDS, Members, StopOthers, check_application, say};

/// Members who work at the same time.
const WORKING: u64 = 2;

pub(crate) fn run(gateway: &Gateway, members: &Members, seconds: u64) {
    let port = gateway.envoy.port;
    let over = AtomicBool::new(false);
    let (served, poisoned) = (AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for sender in 0..WORKING {
            let (over, served) = (&over, &served);
            scope.spawn(move || {
                let _stop = StopOthers(over);
                let mut kinds = Kinds::new(port, sender, "");
                let mut connection = Connection::new(port);
                while !over.load(Ordering::Relaxed) {
                    let number = served.fetch_add(1, Ordering::Relaxed);
                    // A member's request of one sort or the other.
                    kinds.send(
                        &mut connection,
                        number % 6 + 24 * number,
                        &members.token(number),
                    );
                }
            });
        }
        let _stop = StopOthers(&over);
        let start = wait::unix_now();
        let mut login = start;
        let mut kinds = Kinds::new(port, WORKING, &members.token(0));
        while !over.load(Ordering::Relaxed) && wait::unix_now() - start < seconds {
            thread::sleep(Duration::from_millis(500));
            let number = poisoned.fetch_add(1, Ordering::Relaxed);
            // 11 to 16: rubbish, made-up keys, bytes that are no text, huge cookies.
            let kind = 11 + number % 6;
            kinds.send(
                &mut Connection::new(port),
                24 * number + kind,
                &members.token(number),
            );
            check_application(gateway);
            if wait::unix_now() - login > LOGIN_SECONDS {
                login = wait::unix_now();
                members.log_in();
            }
        }
        let failed = over.swap(true, Ordering::Relaxed);
        assert!(!failed, "a member was not served: see above");
    });
    say(&format!(
        "{} poisoned requests in {seconds} s, {} of members', all served",
        poisoned.into_inner(),
        served.into_inner()
    ));
}
