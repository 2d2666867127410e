//! `kill -9` at any moment: nothing that was acknowledged is lost.

use super::*;
use crate::storage::UserCreated;
use crate::storage::conformance::{noted, revoked_session, session, session_id};
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

const DIRECTORY: &str = "LATCHKEY_TEST_KILLED_DIRECTORY";
const FIRST: &str = "LATCHKEY_TEST_KILLED_FIRST";
const KILLS: u32 = 200;

/// Not a test of its own: the process that [`nothing_acknowledged_is_lost`] kills. Prints the
/// number of each account once it is acknowledged.
#[tokio::test(flavor = "multi_thread")]
#[expect(
    clippy::print_stdout,
    reason = "acknowledgements to the parent process"
)]
async fn writes_until_it_is_killed() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let first: u128 = std::env::var(FIRST).unwrap().parse().unwrap();
    let store = Arc::new(EmbeddedStore::open(Path::new(&directory)).unwrap());
    println!("\nopen");
    let writer = |lane: u128| {
        let store = Arc::clone(&store);
        async move {
            for n in (first + lane..).step_by(4) {
                let created = store
                    .create_user(&user(n), &credential(n, n), noted())
                    .await
                    .unwrap();
                assert_eq!(created, UserCreated::Created);
                store.insert_session(&session(n, n)).await.unwrap();
                let ended = store
                    .end_session(session_id(n), &revoked_session(n), None)
                    .await;
                assert!(ended.unwrap());
                println!("\nacknowledged {n}");
            }
        }
    };
    tokio::join!(writer(0), writer(1), writer(2), writer(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged: Vec<u128> = Vec::new();
    for kill in 0..KILLS {
        // Every process takes numbers that no other one has.
        let first = u128::from(kill) * 100_000 + 1;
        let mut child = Command::new(this_program())
            .args([
                "--exact",
                "storage::embedded::tests::killed::writes_until_it_is_killed",
            ])
            .args(["--nocapture", "--test-threads=1"])
            .env(DIRECTORY, directory.path())
            .env(FIRST, first.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Some die while they open, others after more and more acknowledgements.
        let lives_for = (kill % 20) as usize;
        let mut seen = 0;
        for line in lines.map_while(Result::ok) {
            if line == "open" && kill % 20 == 0 {
                break;
            }
            if let Some(n) = line.strip_prefix("acknowledged ") {
                acknowledged.push(n.parse().unwrap());
                seen += 1;
                if seen > lives_for {
                    break;
                }
            }
        }
        let early = child.try_wait().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        if let Some(status) = early {
            let mut said = String::new();
            child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut said)
                .unwrap();
            panic!("kill {kill}: it ended by itself: {status}\n{said}");
        }
    }
    let store = EmbeddedStore::open(directory.path()).unwrap();
    for n in &acknowledged {
        assert_eq!(
            store.user(user_id(*n)).await.unwrap(),
            Some(user(*n)),
            "account {n} is lost"
        );
        assert_eq!(
            store.credentials_of(user_id(*n)).await.unwrap(),
            [credential(*n, *n)]
        );
        assert_eq!(store.session(session_id(*n)).await.unwrap(), None);
    }
    let revoked = store.revocations().await.unwrap();
    let revoked: std::collections::BTreeSet<_> = revoked.into_iter().map(|it| it.what).collect();
    for n in &acknowledged {
        let what = revoked_session(*n).what;
        assert!(revoked.contains(&what), "revocation {n} is lost");
    }
    // Either the session is there or its revocation is.
    for session in store
        .view
        .records::<crate::model::Session>(Table::Sessions)
        .unwrap()
    {
        assert!(!revoked.contains(&crate::model::Revoked::Session(session.id)));
    }
    // What was not acknowledged may be there, but never half of it.
    let users: Vec<User> = store.view.records(Table::Users).unwrap();
    assert!(users.len() >= acknowledged.len() && acknowledged.len() > 1_000);
    for user in &users {
        assert_eq!(
            store.user_by_name(&user.name).await.unwrap().as_ref(),
            Some(user)
        );
        assert_eq!(store.credentials_of(user.id).await.unwrap().len(), 1);
    }
    let credentials = store.view.count(Table::Credentials).unwrap();
    assert_eq!(credentials, users.len() as u64);
    store.close().await.unwrap();
}

/// The files as they are at any moment while others write: what a power cut leaves behind, as far
/// as it can be seen without one.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_the_live_files_has_everything_acknowledged() {
    let parent = tempfile::tempdir().unwrap();
    let live = parent.path().join("live");
    let store = Arc::new(EmbeddedStore::open(&live).unwrap());
    let mut n = 0;
    for round in 0..5 {
        for _ in 0..20 {
            n += 1;
            store
                .create_user(&user(n), &credential(n, n), noted())
                .await
                .unwrap();
        }
        let copied = parent.path().join(format!("copy{round}"));
        copy(&live, &copied);
        assert_whole(&copied, n).await;
    }
    store.close().await.unwrap();
}
