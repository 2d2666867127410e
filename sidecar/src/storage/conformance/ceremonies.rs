//! Challenges that can be spent once, registrations that can be taken once.

use super::*;
use crate::model::{EnrolmentPurpose, SecretHash};
use crate::storage::bounded::Bounds;
use crate::storage::{CeremonyKept, ChallengeSpent, Enrolling, RegistrationCeremony};
use std::net::IpAddr;

pub(super) async fn of_many_spends_of_one_challenge_one_succeeds(store: Arc<dyn Store>) {
    let answers = at_once(&store, |store, n| async move {
        store
            .spend_challenge(challenge(1), at(300), user_id(n as u128), NOW)
            .await
            .unwrap()
    })
    .await;
    assert_eq!(times(&answers, &ChallengeSpent::Spent), 1);
    assert_eq!(times(&answers, &ChallengeSpent::AlreadySpent), PARALLEL - 1);
}

pub(super) async fn an_expired_challenge_cannot_be_spent(store: Arc<dyn Store>) {
    for now in [300, 301] {
        let spent = store
            .spend_challenge(challenge(1), at(300), user_id(1), at(now))
            .await;
        assert_eq!(spent.unwrap(), ChallengeSpent::AlreadySpent);
    }
}

pub(super) async fn a_clock_that_steps_back_revives_no_challenge(store: Arc<dyn Store>) {
    let spend = |id, now| store.spend_challenge(challenge(id), at(300), user_id(1), at(now));
    assert_eq!(spend(1, 0).await.unwrap(), ChallengeSpent::Spent);
    // Time passes, so that the first may be forgotten; then it is earlier again.
    assert_eq!(spend(2, 400).await.unwrap(), ChallengeSpent::AlreadySpent);
    assert_eq!(spend(1, 0).await.unwrap(), ChallengeSpent::AlreadySpent);
}

pub(super) async fn spent_challenges_are_bounded_per_account(store: Arc<dyn Store>) {
    let most = Bounds::default().spent_per_account as u128;
    for n in 0..most {
        let spent = store
            .spend_challenge(challenge(n), at(300), user_id(1), NOW)
            .await;
        assert_eq!(spent.unwrap(), ChallengeSpent::Spent);
    }
    let spend = |n, by| store.spend_challenge(challenge(n), at(300), user_id(by), NOW);
    assert_eq!(spend(most, 1).await.unwrap(), ChallengeSpent::Full);
    assert_eq!(spend(0, 1).await.unwrap(), ChallengeSpent::AlreadySpent);
    assert_eq!(
        spend(most, 2).await.unwrap(),
        ChallengeSpent::Spent,
        "someone else"
    );
}

pub(super) async fn a_released_challenge_takes_no_room_and_can_be_spent(store: Arc<dyn Store>) {
    let spend = |n| store.spend_challenge(challenge(n), at(300), user_id(1), NOW);
    for n in 0..2 * Bounds::default().spent_per_account as u128 {
        assert_eq!(spend(n).await.unwrap(), ChallengeSpent::Spent);
        store.release_challenge(challenge(n)).await.unwrap();
    }
    store.release_challenge(challenge(7)).await.unwrap();
    assert_eq!(spend(7).await.unwrap(), ChallengeSpent::Spent);
    assert_eq!(spend(7).await.unwrap(), ChallengeSpent::AlreadySpent);
}

pub(super) async fn a_whole_network_of_one_host_counts_as_one_address(store: Arc<dyn Store>) {
    let most = Bounds::default().registrations_per_address as u128;
    let host = |n: u128| IpAddr::V6(std::net::Ipv6Addr::from_bits((0x2001_0db8 << 96) | n));
    for n in 0..most {
        let kept = store
            .keep_registration(&registration(n + 1, host(n)), NOW)
            .await
            .unwrap();
        assert_eq!(kept, CeremonyKept::Kept);
    }
    let keep = |n, from| async move { store.keep_registration(&registration(n, from), NOW).await };
    assert_eq!(
        keep.clone()(1_000, host(7_777)).await.unwrap(),
        CeremonyKept::TooMany
    );
    assert_eq!(
        keep(1_001, host(1 << 64)).await.unwrap(),
        CeremonyKept::Kept,
        "another network"
    );
}

pub(super) async fn expired_challenges_make_room(store: Arc<dyn Store>) {
    let most = Bounds::default().spent_per_account as u128;
    for n in 0..most {
        store
            .spend_challenge(challenge(n), at(300), user_id(1), NOW)
            .await
            .unwrap();
    }
    let spent = store
        .spend_challenge(challenge(most), at(600), user_id(1), at(300))
        .await;
    assert_eq!(spent.unwrap(), ChallengeSpent::Spent);
}

pub(super) async fn a_registration_is_taken_once(store: Arc<dyn Store>) {
    let kept = registration(1, address(1));
    assert_eq!(
        store.keep_registration(&kept, NOW).await.unwrap(),
        CeremonyKept::Kept
    );
    assert_eq!(
        store.take_registration(b"another", NOW).await.unwrap(),
        None
    );
    assert_eq!(
        store
            .take_registration(&kept.challenge, at(299))
            .await
            .unwrap(),
        Some(kept.clone())
    );
    assert_eq!(
        store
            .take_registration(&kept.challenge, at(299))
            .await
            .unwrap(),
        None
    );
}

pub(super) async fn of_many_takers_of_one_registration_one_succeeds(store: Arc<dyn Store>) {
    let kept = registration(1, address(1));
    store.keep_registration(&kept, NOW).await.unwrap();
    let answers = at_once(&store, |store, _| {
        let challenge = kept.challenge.clone();
        async move {
            store
                .take_registration(&challenge, NOW)
                .await
                .unwrap()
                .is_some()
        }
    })
    .await;
    assert_eq!(times(&answers, &true), 1);
}

pub(super) async fn an_expired_registration_is_gone(store: Arc<dyn Store>) {
    let kept = registration(1, address(1));
    store.keep_registration(&kept, NOW).await.unwrap();
    assert_eq!(
        store
            .take_registration(&kept.challenge, at(300))
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        store.take_registration(&kept.challenge, NOW).await.unwrap(),
        None
    );
}

pub(super) async fn one_challenge_keeps_one_registration(store: Arc<dyn Store>) {
    store
        .keep_registration(&registration(1, address(1)), NOW)
        .await
        .unwrap();
    let mut second = registration(1, address(2));
    second.user = user_id(2);
    assert_eq!(
        store.keep_registration(&second, NOW).await.unwrap(),
        CeremonyKept::TooMany
    );
    let taken = store
        .take_registration(&second.challenge, NOW)
        .await
        .unwrap();
    assert_eq!(taken, Some(registration(1, address(1))));
}

pub(super) async fn registrations_are_bounded_per_address(store: Arc<dyn Store>) {
    let most = Bounds::default().registrations_per_address as u128;
    for n in 1..=most {
        let kept = store
            .keep_registration(&registration(n, address(1)), NOW)
            .await
            .unwrap();
        assert_eq!(kept, CeremonyKept::Kept);
    }
    let more = registration(most + 1, address(1));
    assert_eq!(
        store.keep_registration(&more, NOW).await.unwrap(),
        CeremonyKept::TooMany
    );
    let other = registration(most + 1, address(2));
    assert_eq!(
        store.keep_registration(&other, NOW).await.unwrap(),
        CeremonyKept::Kept
    );
    // A finished one makes room, and so do expired ones.
    store
        .take_registration(&registration(1, address(1)).challenge, NOW)
        .await
        .unwrap();
    let more = registration(most + 2, address(1));
    assert_eq!(
        store.keep_registration(&more, NOW).await.unwrap(),
        CeremonyKept::Kept
    );
    for n in 0..most {
        let mut late = registration(most + 3 + n, address(1));
        late.expires_at = at(600);
        assert_eq!(
            store.keep_registration(&late, at(300)).await.unwrap(),
            CeremonyKept::Kept
        );
    }
}

pub(super) async fn registrations_are_bounded_per_account(store: Arc<dyn Store>) {
    let most = Bounds::default().registrations_per_account as u128;
    let of_account = |n: u128, account: u128| {
        let mut ceremony = registration(n, address(u8::try_from(n).unwrap()));
        ceremony.user = user_id(account);
        ceremony.existing = true;
        ceremony
    };
    for n in 1..=most {
        let kept = store
            .keep_registration(&of_account(n, 1), NOW)
            .await
            .unwrap();
        assert_eq!(kept, CeremonyKept::Kept);
    }
    let more = store
        .keep_registration(&of_account(most + 1, 1), NOW)
        .await
        .unwrap();
    assert_eq!(more, CeremonyKept::TooMany);
    let other = store
        .keep_registration(&of_account(most + 1, 2), NOW)
        .await
        .unwrap();
    assert_eq!(other, CeremonyKept::Kept);
}

pub(super) async fn a_flood_of_strangers_leaves_room_for_everyone_else(store: Arc<dyn Store>) {
    let bounds = Bounds::default();
    let keep = async |ceremony: &RegistrationCeremony| {
        store.keep_registration(ceremony, NOW).await.unwrap()
    };
    let network = |n: usize| {
        let bits = (0x2001_0db8_u128 << 96) | ((n as u128) << 80);
        IpAddr::V6(bits.into())
    };
    for n in 0..bounds.registrations_of_strangers {
        let from = network(n / bounds.registrations_per_address);
        assert_eq!(
            keep(&registration(n as u128, from)).await,
            CeremonyKept::Kept
        );
    }
    let next = 1_000_000;
    let stranger = registration(next, address(1));
    assert_eq!(keep(&stranger).await, CeremonyKept::TooMany);

    // Also behind an address that strangers have used up.
    let owner = RegistrationCeremony {
        existing: true,
        ..registration(next + 1, network(0))
    };
    assert_eq!(keep(&owner).await, CeremonyKept::Kept);
    let with_code = |n: u128| RegistrationCeremony {
        enrolling: Some(Enrolling {
            code_of: user_id(7),
            secret: SecretHash([7; 32]),
            purpose: EnrolmentPurpose::Recover,
        }),
        ..registration(next + n, network(0))
    };
    for n in 0..bounds.registrations_per_code as u128 {
        assert_eq!(keep(&with_code(2 + n)).await, CeremonyKept::Kept);
    }
    assert_eq!(keep(&with_code(1_000)).await, CeremonyKept::TooMany);

    store
        .take_registration(&registration(0, network(0)).challenge, NOW)
        .await
        .unwrap();
    assert_eq!(keep(&stranger).await, CeremonyKept::Kept);
}

pub(super) async fn one_site_leaves_room_for_other_strangers(store: Arc<dyn Store>) {
    let bounds = Bounds::default();
    let keep = async |n: usize, from: IpAddr| {
        let ceremony = registration(n as u128, from);
        store.keep_registration(&ceremony, NOW).await.unwrap()
    };
    // Thousands of networks of one subscriber.
    let of_site = |site: u128, n: usize| {
        let bits = (0x2001_0db8_u128 << 96) | (site << 80) | ((n as u128) << 64);
        IpAddr::V6(bits.into())
    };
    let mut kept = 0;
    for n in 0..bounds.registrations_of_strangers {
        if keep(n, of_site(1, n)).await == CeremonyKept::Kept {
            kept += 1;
        }
    }
    assert_eq!(kept, bounds.registrations_per_site);
    for (n, from) in [(1_000_000, of_site(2, 0)), (1_000_001, address(1))] {
        assert_eq!(keep(n, from).await, CeremonyKept::Kept);
    }
    store
        .take_registration(&registration(0, of_site(1, 0)).challenge, NOW)
        .await
        .unwrap();
    assert_eq!(keep(2_000_000, of_site(1, 9_999)).await, CeremonyKept::Kept);
}
