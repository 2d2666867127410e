//! The list, and the questions and answers that keep it, played through with a sidecar of the
//! test's own.

use latchkey_token::{
    Claims, Id, InProcess, JwkSet, Revocations as Page, RevokedSession, RevokedUser, SigningKey,
    TokenError,
};

use super::*;
use crate::test_support::{claims, key_set, signing_key};

const ISSUER: &str = "https://app.example.com/_latchkey";
/// In Unix milliseconds.
const NOW: u64 = 1_750_000_000_000;
const NOW_S: u64 = NOW / 1_000;

fn id(number: u32) -> Id {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    Id::from_bytes(bytes)
}

fn session(number: u32) -> RevokedSession {
    RevokedSession {
        sid: id(number),
        until: NOW_S + 600,
    }
}

fn claims_of(sid: Id, sub: Id, iat: u64) -> Claims {
    Claims {
        sid: sid.to_string(),
        sub: sub.to_string(),
        iat,
        ..claims()
    }
}

fn page(epoch: &str, version: u64) -> Page {
    Page {
        iss: ISSUER.into(),
        epoch: epoch.into(),
        version,
        ..Page::default()
    }
}

/// A worker and a sidecar: the feed, what it learned, and the key that it believes.
struct Worker {
    feed: Feed,
    revoked: Revoked,
    keys: JwkSet,
    key: SigningKey,
    questions: u8,
}

impl Worker {
    fn new() -> Self {
        let key = signing_key(1);
        Self {
            feed: Feed::default(),
            revoked: Revoked::default(),
            keys: key_set(&key),
            key,
            questions: 0,
        }
    }

    fn ask(&mut self, now: u64) -> String {
        self.questions += 1;
        self.feed.ask(now, [self.questions; 16])
    }

    /// Answers the question with this path.
    fn answer_to(&mut self, path: &str, now: u64, page: Page) -> Result<(), FeedError> {
        let nonce = path.split("nonce=").nth(1).unwrap();
        let nonce = nonce.split('&').next().unwrap().to_owned();
        let answer = self.key.sign_revocations(&Page { nonce, ..page }).unwrap();
        self.take(now, &answer)
    }

    fn take(&mut self, now: u64, answer: &str) -> Result<(), FeedError> {
        let Self {
            feed,
            revoked,
            keys,
            ..
        } = self;
        feed.answered(now, answer.as_bytes(), ISSUER, keys, &InProcess, revoked)
    }

    /// Asks, and gets this answer a while later.
    fn exchange(&mut self, now: u64, page: Page) -> Result<(), FeedError> {
        let path = self.ask(now.saturating_sub(20_000));
        self.answer_to(&path, now, page)
    }
}

#[test]
fn the_first_list_is_asked_for_at_once_and_taken_page_by_page() {
    let mut worker = Worker::new();
    assert!(worker.feed.is_due(NOW));
    let path = worker.ask(NOW);
    assert_eq!(
        path,
        "/internal/v1/revocations?nonce=AQEBAQEBAQEBAQEBAQEBAQ"
    );
    assert!(!worker.feed.is_due(NOW + 30_000), "one at a time");
    let first = Page {
        more: true,
        sessions: vec![session(1)],
        ..page("e", 2_000)
    };
    worker.answer_to(&path, NOW + 1, first).unwrap();
    assert!(!worker.feed.is_complete());
    assert!(worker.feed.is_due(NOW + 1), "the rest is asked for at once");

    let path = worker.ask(NOW + 1);
    assert!(path.ends_with("&epoch=e&version=2000"), "{path}");
    let second = Page {
        sessions: vec![session(2)],
        ..page("e", 2_001)
    };
    worker.answer_to(&path, NOW + 2, second).unwrap();
    assert!(worker.feed.is_complete());
    assert_eq!(worker.revoked.len(), 2);
    assert_eq!(worker.feed.age(NOW + 5), Some(3));
}

#[test]
fn a_lower_version_is_refused_and_the_same_is_no_news() {
    let mut worker = Worker::new();
    worker.exchange(NOW, page("e", 7)).unwrap();
    let refused = worker.exchange(NOW, page("e", 6)).unwrap_err();
    assert_eq!(refused, FeedError::Behind { got: 6, known: 7 });
    assert!(!worker.feed.is_due(NOW), "after a failure there is a pause");
    worker.exchange(NOW, page("e", 7)).unwrap();
    assert!(worker.ask(NOW).ends_with("&version=7"));
    let stuck = Page {
        more: true,
        ..page("e", 7)
    };
    assert_eq!(
        worker.exchange(NOW, stuck).unwrap_err(),
        FeedError::NoProgress
    );
}

#[test]
fn an_answer_is_good_for_its_question_alone() {
    let mut worker = Worker::new();
    let refused = |error| FeedError::Refused(error);
    worker.ask(NOW);
    let old = worker.key.sign_revocations(&Page {
        nonce: "AQEBAQEBAQEBAQEBAQEBAQ".into(),
        ..page("e", 1)
    });
    let old = old.unwrap();
    worker.take(NOW, &old).unwrap();
    assert_eq!(worker.take(NOW, &old), Err(FeedError::NotAsked));
    worker.ask(NOW);
    let wrong = refused(TokenError::NonceWrong);
    assert_eq!(worker.take(NOW, &old), Err(wrong), "replayed");

    let path = worker.ask(NOW);
    let other = Page {
        iss: "https://evil".into(),
        ..page("e", 2)
    };
    let wrong = refused(TokenError::IssuerWrong);
    assert_eq!(worker.answer_to(&path, NOW, other), Err(wrong));

    worker.exchange(NOW, page("e", 1)).unwrap();

    let path = worker.ask(NOW);
    worker.key = signing_key(2);
    let unknown = refused(TokenError::KeyIdUnknown);
    assert_eq!(worker.answer_to(&path, NOW, page("e", 2)), Err(unknown));
    assert!(worker.feed.wants_key());
    assert!(!worker.feed.is_due(NOW));
    worker.keys = key_set(&worker.key);
    worker.feed.has_keys(NOW);
    assert!(
        worker.feed.is_due(NOW),
        "with the new key it is asked again"
    );
    worker.exchange(NOW, page("e", 2)).unwrap();
    assert!(!worker.feed.wants_key());
}

#[test]
fn a_key_that_is_revoked_has_a_successor_to_be_fetched() {
    let mut worker = Worker::new();
    let revoking = |version| Page {
        keys: vec!["key-9".into()],
        ..page("e", version)
    };
    worker.exchange(NOW, revoking(1)).unwrap();
    assert!(worker.feed.wants_key());
    worker.feed.has_keys(NOW);
    worker.exchange(NOW, revoking(2)).unwrap();
    assert!(!worker.feed.wants_key(), "it is no news");
}

/// Whoever signs with a key that nobody publishes is not asked in a circle.
#[test]
fn keys_that_do_not_help_do_not_shorten_the_pauses() {
    let mut worker = Worker::new();
    worker.key = signing_key(2);
    for failures in 1..=5 {
        let path = worker.ask(NOW);
        worker.answer_to(&path, NOW, page("e", 1)).unwrap_err();
        worker.feed.has_keys(NOW);
        assert_eq!(worker.feed.is_due(NOW), failures <= 3, "{failures}");
    }
}

#[test]
fn a_new_epoch_is_asked_for_from_the_beginning_and_nothing_comes_alive() {
    let mut worker = Worker::new();
    let before = Page {
        sessions: vec![session(1)],
        everyone: Some(NOW_S),
        ..page("old", 90)
    };
    worker.exchange(NOW, before).unwrap();
    let after = Page {
        sessions: vec![session(2)],
        everyone: Some(NOW_S - 100),
        ..page("new", 3)
    };
    worker.exchange(NOW + 1_000, after.clone()).unwrap();
    assert_eq!(worker.feed.age(NOW + 1_000), Some(1_000), "not yet whole");
    assert!(
        !worker.feed.is_due(NOW + 1_000),
        "two sidecars in turn cause no spin"
    );
    assert!(worker.feed.is_due(NOW + 1_250));
    assert!(!worker.ask(NOW + 1_250).contains("epoch"));
    worker.exchange(NOW + 1_300, after).unwrap();
    assert!(worker.ask(NOW + 1_300).ends_with("&epoch=new&version=3"));
    for number in [1, 2] {
        let claims = claims_of(id(number), id(9), NOW_S + 1);
        assert_eq!(worker.revoked.is_revoked(&claims), Some(Which::Session));
    }
    let claims = claims_of(id(3), id(9), NOW_S - 1);
    assert_eq!(worker.revoked.is_revoked(&claims), Some(Which::Everyone));
}

#[test]
fn failures_are_followed_by_growing_pauses() {
    let mut feed = Feed::default();
    for pause in [250, 500, 1_000, 2_000, 2_000] {
        feed.ask(NOW, [1; 16]);
        feed.failed(NOW);
        assert!(!feed.is_due(NOW + pause - 1), "{pause}");
        assert!(feed.is_due(NOW + pause), "{pause}");
    }
    for _ in 0..100 {
        feed.failed(NOW);
    }
    assert!(feed.is_due(NOW + 2_000));
    assert!(feed.is_due(NOW - 3_600_000), "a clock that was set back");
    feed.ask(NOW, [1; 16]);
    assert!(!feed.is_due(NOW + 35_000));
    assert!(feed.is_due(NOW + 35_001), "a lost answer is given up");
}

#[test]
fn a_sidecar_that_does_not_wait_for_news_is_not_asked_in_a_circle() {
    let mut worker = Worker::new();
    worker.exchange(NOW, page("e", 1)).unwrap();
    let mut questions = 0;
    for now in NOW..NOW + 1_000 {
        if worker.feed.is_due(now) {
            questions += 1;
            let path = worker.ask(now);
            worker.answer_to(&path, now, page("e", 1)).unwrap();
        }
    }
    assert!(questions <= 5, "{questions}");
    let path = worker.ask(NOW + 2_000);
    worker.answer_to(&path, NOW + 2_000, page("e", 2)).unwrap();
    assert!(worker.feed.is_due(NOW + 2_000), "news are followed at once");
    let path = worker.ask(NOW + 2_000);
    worker.answer_to(&path, NOW + 27_000, page("e", 2)).unwrap();
    assert!(worker.feed.is_due(NOW + 27_000), "and so is patience");
}

#[test]
fn each_kind_hits_what_it_names_and_nothing_else() {
    let mut revoked = Revoked::default();
    let page = Page {
        sessions: vec![session(1)],
        users: vec![RevokedUser {
            sub: id(2),
            not_before: NOW_S,
            until: NOW_S + 600,
        }],
        everyone: Some(NOW_S - 500),
        ..Page::default()
    };
    // Twice, and then an older one: the same as once.
    revoked.add(&page).unwrap();
    revoked.add(&page).unwrap();
    let older = Page {
        users: vec![RevokedUser {
            sub: id(2),
            not_before: NOW_S - 100,
            until: NOW_S,
        }],
        everyone: Some(NOW_S - 900),
        ..Page::default()
    };
    revoked.add(&older).unwrap();
    for (what, sid, sub, iat, expected) in [
        ("session", id(1), id(9), NOW_S + 99, Some(Which::Session)),
        ("user, before", id(8), id(2), NOW_S - 1, Some(Which::User)),
        ("user, at that second", id(8), id(2), NOW_S, None),
        ("another", id(8), id(9), NOW_S - 500, None),
        ("old", id(8), id(9), NOW_S - 501, Some(Which::Everyone)),
        ("sid as sub", id(2), id(1), NOW_S, None),
    ] {
        let claims = claims_of(sid, sub, iat);
        assert_eq!(revoked.is_revoked(&claims), expected, "{what}");
    }
    let mut nameless = claims_of(id(8), id(9), NOW_S);
    nameless.sid = "session-1".into();
    assert_eq!(revoked.is_revoked(&nameless), Some(Which::Session));
    nameless.sid = id(8).to_string();
    nameless.sub = "ada".into();
    assert_eq!(revoked.is_revoked(&nameless), Some(Which::User));
}

#[test]
fn entries_end_by_themselves_piece_by_piece() {
    let mut revoked = Revoked::default();
    for number in 0..5_000 {
        let until = NOW_S + if number % 2 == 0 { 10 } else { 10_000 };
        let page = Page {
            sessions: vec![RevokedSession {
                sid: id(number),
                until,
            }],
            users: vec![RevokedUser {
                sub: id(number),
                not_before: NOW_S,
                until,
            }],
            ..Page::default()
        };
        revoked.add(&page).unwrap();
    }
    revoked.sweep(NOW_S + 309, 100_000);
    revoked.sweep(NOW_S + 309, 100_000);
    assert_eq!(revoked.len(), 10_000, "a gateway's clock may be ahead");
    let mut before = revoked.len();
    for _ in 0..30 {
        revoked.sweep(NOW_S + 311, 500);
        assert!(before - revoked.len() <= 500);
        before = revoked.len();
    }
    assert_eq!(revoked.len(), 5_000);
    revoked.sweep(NOW_S + 100_000, 5_000);
    revoked.sweep(NOW_S + 100_000, 5_000);
    revoked.sweep(NOW_S + 100_000, 5_000);
    revoked.sweep(NOW_S + 100_000, 5_000);
    assert!(revoked.is_empty());
}

#[test]
fn a_gateways_clock_that_leaps_ahead_and_back_revives_nothing() {
    let mut revocations = Revocations::new(&Config {
        max_age: std::time::Duration::from_mins(1),
        when_stale: WhenStale::Allow,
    });
    let page = Page {
        sessions: vec![session(1)],
        ..page("e", 1)
    };
    revocations.revoked.add(&page).unwrap();
    let mut now = NOW;
    let mut ticks = |revocations: &mut Revocations, minutes: u64, ahead: u64| {
        for _ in 0..minutes * 60 * 4 {
            now += 250;
            revocations.sweep(now + ahead);
        }
    };
    ticks(&mut revocations, 1, 0);
    // Three hours ahead for five minutes: its tokens end after ten.
    ticks(&mut revocations, 5, 3 * 3_600_000);
    ticks(&mut revocations, 1, 0);
    assert_eq!(revocations.revoked.len(), 1);
    // What is over is forgotten all the same.
    ticks(&mut revocations, 10, 0);
    assert!(revocations.revoked.is_empty());
}

#[test]
fn a_list_without_end_is_refused_before_it_fills_the_memory() {
    let mut revoked = Revoked::default();
    let mut number = 0;
    let mut add = || {
        let sessions = (0..2_000).map(|at| session(number + at)).collect();
        number += 2_000;
        revoked.add(&Page {
            sessions,
            ..Page::default()
        })
    };
    let pages = u32::try_from(MAX_ENTRIES / 2_000).unwrap();
    for _ in 0..pages {
        add().unwrap();
    }
    assert!(add().is_err());
    assert_eq!(revoked.len(), MAX_ENTRIES);
}

#[test]
fn a_full_list_refuses_whatever_is_configured_until_there_is_room_for_the_rest() {
    let mut revocations = Revocations::new(&Config {
        max_age: std::time::Duration::from_mins(1),
        when_stale: WhenStale::Allow,
    });
    let mut worker = Worker::new();
    worker.exchange(NOW, page("e", 1)).unwrap();
    let entries = u32::try_from(MAX_ENTRIES).unwrap();
    worker.revoked = full(entries);
    let page_of = |sessions, version| Page {
        sessions,
        everyone: Some(NOW_S),
        keys: vec!["stolen".to_owned()],
        ..page("e", version)
    };
    let news = vec![session(entries)];
    let error = worker.exchange(NOW, page_of(news.clone(), 2)).unwrap_err();
    assert_eq!(error, FeedError::Full(revoked::Full));
    assert_eq!(worker.revoked.len(), MAX_ENTRIES);
    // What takes no room is heard.
    let old = claims_of(id(entries), id(1), NOW_S - 1);
    assert_eq!(worker.revoked.is_revoked(&old), Some(Which::Everyone));
    assert_eq!(worker.revoked.keys(), ["stolen"]);

    std::mem::swap(&mut revocations.feed, &mut worker.feed);
    let refused = revocations.check_ready(NOW_S);
    assert_eq!(refused, Err(Reason::TooManyRevocations));
    assert_eq!(Reason::TooManyRevocations.status(), 503);
    std::mem::swap(&mut revocations.feed, &mut worker.feed);

    // What is asked for again is what there was no room for.
    for _ in 0..=entries / 2_000 {
        worker.revoked.sweep(NOW_S + 600 + 300, 2_000);
    }
    let path = worker.ask(NOW);
    assert!(path.ends_with("&epoch=e&version=1"), "{path}");
    worker.answer_to(&path, NOW, page_of(news, 2)).unwrap();
    assert_eq!(worker.revoked.len(), 1);
    revocations.feed = worker.feed;
    assert_eq!(revocations.check_ready(NOW_S), Ok(()));
}

#[test]
fn what_is_known_already_takes_no_room_in_a_full_list() {
    let entries = u32::try_from(MAX_ENTRIES).unwrap();
    let mut revoked = full(entries);
    let again = Page {
        sessions: (0..2_000).map(session).collect(),
        ..Page::default()
    };
    assert_eq!(revoked.add(&again), Ok(()));
}

fn full(entries: u32) -> Revoked {
    let mut revoked = Revoked::default();
    let sessions = (0..entries).map(session).collect();
    let page = Page {
        sessions,
        ..Page::default()
    };
    revoked.add(&page).unwrap();
    revoked
}

#[test]
fn readiness_and_age_are_as_configured() {
    for (when_stale, late) in [
        (WhenStale::Allow, Ok(())),
        (WhenStale::Refuse, Err(Reason::StaleRevocations)),
    ] {
        let mut revocations = Revocations::new(&Config {
            max_age: std::time::Duration::from_mins(1),
            when_stale,
        });
        let ready = |revocations: &Revocations, now| revocations.check_ready(now);
        assert_eq!(ready(&revocations, NOW_S), Err(Reason::NoRevocations));
        let mut worker = Worker::new();
        worker.exchange(NOW, page("e", 1)).unwrap();
        revocations.feed = worker.feed;
        assert_eq!(ready(&revocations, NOW_S + 60), Ok(()));
        assert!(!revocations.is_stale(NOW + 60_000));
        assert!(revocations.is_stale(NOW + 60_001));
        assert_eq!(ready(&revocations, NOW_S + 61), late);
    }
}
