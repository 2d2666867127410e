use super::*;
use crate::model::{SessionId, UnixTime};
use uuid::Uuid;

const NOW: UnixTime = UnixTime(1_800_000_000);
const TTL: Seconds = Seconds(600);

fn live() -> LiveRevocations {
    LiveRevocations::new("epoch".to_owned(), Vec::new(), UnixTime(0), TTL)
}

fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

fn session(n: u128) -> Revoked {
    Revoked::Session(SessionId(Uuid::from_u128(n)))
}

fn publish(live: &LiveRevocations, what: Revoked) {
    live.publish(live.reserve(what, NOW));
}

fn asking(version: u64) -> Question {
    Question {
        epoch: Some("epoch".to_owned()),
        version,
    }
}

#[test]
fn a_revocation_lies_past_every_token_and_the_next_token_past_it() {
    let live = live();
    let old = live.stamp(user(1), NOW);
    assert_eq!(old, NOW);
    // The clock has stepped back: what was minted counts, not what it shows.
    let back = UnixTime(NOW.0 - 3_600);
    let reserved = live.reserve(Revoked::User(user(1)), back);
    assert!(reserved.revocation().not_before > old);
    assert!(live.stamp(user(1), back) >= reserved.revocation().not_before);
    assert_eq!(live.stamp(user(2), back), back, "someone else's");

    let everyone = live.reserve(Revoked::Everyone, back);
    assert!(everyone.revocation().not_before > reserved.revocation().not_before);
    assert!(live.stamp(user(2), back) >= everyone.revocation().not_before);
}

#[test]
fn what_was_minted_before_a_restart_counts_too() {
    let live = LiveRevocations::new("epoch".to_owned(), Vec::new(), UnixTime(NOW.0 + 7), TTL);
    let reserved = live.reserve(Revoked::User(user(1)), NOW);
    assert!(reserved.revocation().not_before > UnixTime(NOW.0 + 7));
}

#[test]
fn what_could_not_be_stored_is_forgotten_and_what_was_before_is_not() {
    let live = live();
    publish(&live, Revoked::User(user(1)));
    let floor = live.stamp(user(1), NOW);
    let failing = live.reserve(Revoked::User(user(1)), UnixTime(NOW.0 + 100));
    let waiting = live.reserve(Revoked::User(user(2)), NOW);
    assert!(live.stamp(user(1), NOW) > floor);
    live.give_up(&failing);
    assert_eq!(live.stamp(user(1), NOW), floor);
    assert!(live.stamp(user(2), NOW) >= waiting.revocation().not_before);
    assert_eq!(live.len(), 1);
}

#[test]
fn pages_hold_what_came_since_and_say_whether_there_is_more() {
    let live = live();
    for n in 0..4_500 {
        publish(&live, session(n));
    }
    let (mut seen, mut version, mut pages) = (Vec::new(), 0, 0);
    loop {
        let page = live.page(&asking(version));
        assert!(page.entries.len() <= 2_000);
        seen.extend(page.entries.into_iter().map(|entry| entry.what));
        version = page.version;
        pages += 1;
        if !page.more {
            break;
        }
    }
    assert_eq!((pages, version), (3, 4_500));
    assert_eq!(seen, (0..4_500).map(session).collect::<Vec<_>>());
    assert!(live.page(&asking(4_500)).entries.is_empty());
    publish(&live, session(7));
    let page = live.page(&asking(4_500));
    assert_eq!((page.version, page.entries.len()), (4_501, 1));
    let elsewhere = Question {
        epoch: Some("other".to_owned()),
        version: 4_501,
    };
    assert_eq!(live.page(&elsewhere).entries.len(), 2_000, "from the start");
}

#[test]
fn a_page_has_no_more_keys_than_a_gateway_takes() {
    let live = live();
    for n in 0..100 {
        publish(&live, Revoked::Key(n.to_string()));
    }
    let page = live.page(&asking(0));
    assert!(page.more && page.entries.len() == 64);
    assert_eq!(live.page(&asking(page.version)).entries.len(), 36);
}

#[tokio::test]
async fn whoever_waits_hears_at_once_of_a_revocation_and_of_the_end() {
    let live = Arc::new(live());
    let wait = |version| {
        let live = Arc::clone(&live);
        tokio::spawn(async move { live.changed(&asking(version)).await })
    };
    let first = wait(0);
    tokio::task::yield_now().await;
    assert!(!first.is_finished());
    publish(&live, session(1));
    first.await.unwrap();
    wait(0).await.unwrap();
    let second = wait(1);
    tokio::task::yield_now().await;
    assert!(!second.is_finished());
    live.stop();
    second.await.unwrap();
    wait(1).await.unwrap();
}

/// A worker that is answered with nothing new waits before it asks again, and one that is not woken
/// does not hear for as long as a question is kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_revocations_at_once_none_wakes_for_nothing_and_none_is_slept_through() {
    const AT_ONCE: u128 = 4;
    const ROUNDS: u128 = 3_000;
    let live = Arc::new(live());
    let worker = tokio::spawn({
        let live = Arc::clone(&live);
        async move {
            let mut version = 0;
            while u128::from(version) < AT_ONCE * ROUNDS {
                live.changed(&asking(version)).await;
                let page = live.page(&asking(version));
                assert!(page.version > version, "woken for nothing at {version}");
                version = page.version;
            }
        }
    });
    let publishing = (0..AT_ONCE).map(|part| {
        let live = Arc::clone(&live);
        tokio::task::spawn_blocking(move || {
            for n in 0..ROUNDS {
                publish(&live, session(part * ROUNDS + n));
            }
        })
    });
    for task in publishing.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let heard = tokio::time::timeout(std::time::Duration::from_secs(20), worker).await;
    heard.expect("the last one is heard of, too").unwrap();
}

#[test]
fn it_ends_by_itself_but_not_because_the_clock_leaps() {
    let live = live();
    publish(&live, Revoked::User(user(1)));
    let later = UnixTime(NOW.0 + 90_000);
    assert!(live.ended(later).is_empty(), "one minute by another clock");
    for _ in 0..66 {
        assert!(live.ended(NOW).is_empty());
    }
    assert!(live.ended(NOW).is_empty(), "not by this one");
    let ended = live.ended(later);
    assert_eq!(ended, [Revoked::User(user(1))]);
    live.forget(&ended);
    assert!(live.is_empty());
    assert_eq!(live.stamp(user(1), NOW), NOW);
}

#[test]
fn an_ended_session_is_listed_no_longer_than_its_tokens_can_live() {
    let live = live();
    // Before this start tokens may have lived longer.
    publish(&live, session(1));
    for _ in 0..66 {
        assert!(live.ended(NOW).is_empty());
        assert_eq!(live.minted(user(1), NOW).live_for, Seconds(3_600));
    }
    assert!(live.ended(NOW).is_empty(), "by the clock it has not ended");
    assert_eq!(live.minted(user(1), NOW).live_for, TTL);

    let reserved = live.reserve(session(2), NOW);
    assert_eq!(reserved.revocation().until, UnixTime(NOW.0 + 1 + 600 + 300));
    live.publish(reserved);
    let soon = UnixTime(NOW.0 + 901);
    for _ in 0..16 {
        assert!(live.ended(soon).is_empty());
    }
    assert_eq!(live.ended(soon), [session(2)]);
}

#[test]
fn what_ends_sooner_shortens_nothing_that_is_listed() {
    let live = live();
    for _ in 0..66 {
        assert!(live.ended(NOW).is_empty());
    }
    publish(&live, session(1));
    assert!(live.ended(NOW).is_empty());
    publish(&live, session(1));
    let later = UnixTime(NOW.0 + 90_000);
    for _ in 0..65 {
        assert!(live.ended(later).is_empty());
    }
    assert_eq!(live.ended(later), [session(1)]);
}

#[tokio::test]
async fn it_is_carried_out_although_whoever_asked_has_gone() {
    let live = Arc::new(live());
    let (stored, waits) = tokio::sync::oneshot::channel::<()>();
    let reserved = live.reserve(session(1), NOW);
    let work = carry_out(Arc::clone(&live), reserved, async move {
        let _ = waits.await;
        Ok::<_, Interrupted>((true, ()))
    });
    tokio::select! {
        biased;
        _ = work => panic!("nothing is stored yet"),
        () = tokio::task::yield_now() => {}
    }
    assert!(live.is_empty(), "not before it is stored");
    stored.send(()).unwrap();
    live.changed(&asking(0)).await;
    assert_eq!(live.len(), 1);
}
