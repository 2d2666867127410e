//! One suite for every backend: what the traits promise, races included.

mod audit;
mod ceremonies;
mod credentials;
mod enrolments;
mod metadata;
mod mounts;
mod people;
mod revocations;
mod sample;
mod sessions;
mod signing_keys;
mod users;

pub(super) use sample::*;

use super::embedded::EmbeddedStore;
use super::memory::MemoryStore;
use super::{AuditCursor, Store};
use crate::model::AuditFilter;
use std::sync::Arc;

/// As many as a burst from one impatient client.
const PARALLEL: usize = 50;

/// Runs `step` that many times at once and gives back what each got.
async fn at_once<T, F>(store: &Arc<dyn Store>, step: impl Fn(Arc<dyn Store>, usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let gate = Arc::new(tokio::sync::Barrier::new(PARALLEL));
    let tasks: Vec<_> = (0..PARALLEL)
        .map(|n| {
            let (gate, step) = (Arc::clone(&gate), step(Arc::clone(store), n));
            tokio::spawn(async move {
                gate.wait().await;
                step.await
            })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

/// How many of the answers are this one.
fn times<T: PartialEq>(answers: &[T], answer: &T) -> usize {
    answers.iter().filter(|it| *it == answer).count()
}

/// The actions in the log, newest first, without those of [`noted`].
async fn actions(store: &Arc<dyn Store>) -> Vec<String> {
    let all = AuditFilter::default();
    let page = store.audit_page(AuditCursor::START, &all, 1_000).await;
    let actions = page.unwrap().items.into_iter().map(|it| it.action);
    actions.filter(|it| *it != noted().action).collect()
}

macro_rules! suite {
    ($($module:ident::$case:ident),* $(,)?) => {
        /// Everything behind one lock.
        mod memory {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                $module::$case(Arc::new(MemoryStore::new())).await;
            })*
        }

        /// A store that was just made.
        mod embedded {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let directory = tempfile::tempdir().unwrap();
                let store: Arc<dyn Store> =
                    Arc::new(EmbeddedStore::open(directory.path()).unwrap());
                $module::$case(Arc::clone(&store)).await;
                store.close().await.unwrap();
            })*
        }

        /// A store that others have used, closed and opened again.
        mod embedded_reopened {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let directory = tempfile::tempdir().unwrap();
                let before = EmbeddedStore::open(directory.path()).unwrap();
                for n in 900..910 {
                    let (user, credential) = (user(n), credential(n, n));
                    crate::storage::Users::create_user(&before, &user, &credential, noted()).await.unwrap();
                }
                before.close().await.unwrap();
                let store: Arc<dyn Store> =
                    Arc::new(EmbeddedStore::open(directory.path()).unwrap());
                $module::$case(Arc::clone(&store)).await;
                store.close().await.unwrap();
            })*
        }
    };
}

suite! {
    users::an_account_is_stored_with_its_first_credential,
    users::a_taken_name_or_credential_makes_no_account,
    users::one_of_many_accounts_with_one_name_is_made,
    users::one_of_many_accounts_with_one_credential_is_made,
    users::an_update_changes_what_can_change,
    credentials::a_credential_is_added_to_an_existing_user_only,
    credentials::one_credential_id_belongs_to_one_account,
    credentials::the_limit_of_credentials_holds_in_a_race,
    credentials::credentials_come_oldest_first,
    credentials::a_label_is_changed_by_its_owner_only,
    credentials::the_last_credential_stays,
    credentials::two_removals_at_once_leave_one_credential,
    credentials::a_removed_credential_can_be_registered_again,
    credentials::a_removed_credential_ends_the_sessions_that_it_began,
    ceremonies::of_many_spends_of_one_challenge_one_succeeds,
    ceremonies::an_expired_challenge_cannot_be_spent,
    ceremonies::a_clock_that_steps_back_revives_no_challenge,
    ceremonies::spent_challenges_are_bounded_per_account,
    ceremonies::a_released_challenge_takes_no_room_and_can_be_spent,
    ceremonies::a_whole_network_of_one_host_counts_as_one_address,
    ceremonies::expired_challenges_make_room,
    ceremonies::a_registration_is_taken_once,
    ceremonies::of_many_takers_of_one_registration_one_succeeds,
    ceremonies::an_expired_registration_is_gone,
    ceremonies::one_challenge_keeps_one_registration,
    ceremonies::registrations_are_bounded_per_address,
    ceremonies::registrations_are_bounded_per_account,
    ceremonies::a_flood_of_strangers_leaves_room_for_everyone_else,
    ceremonies::one_site_leaves_room_for_other_strangers,
    sessions::a_session_is_stored_found_and_removed,
    sessions::sessions_are_found_by_user,
    sessions::a_login_updates_the_credential_and_stores_the_session,
    sessions::a_login_replaces_the_session_before,
    sessions::a_sign_count_that_does_not_grow_stores_nothing,
    sessions::no_sign_count_at_all_passes,
    sessions::one_of_many_logins_with_one_sign_count_succeeds,
    sessions::a_login_of_someone_who_is_gone_stores_nothing,
    sessions::a_session_is_extended_within_its_limits,
    sessions::a_login_too_many_ends_the_session_that_was_not_used_for_the_longest,
    sessions::a_disabled_passkey_takes_its_sessions_along,
    sessions::ended_sessions_are_swept,
    sessions::a_session_renewed_during_a_sweep_stays,
    sessions::sessions_that_a_floor_ends_are_swept,
    revocations::a_revocation_is_kept_and_only_grows,
    revocations::of_many_revocations_of_one_user_the_furthest_counts,
    revocations::one_of_many_ends_of_a_session_ends_it,
    revocations::a_user_is_disabled_together_with_the_revocation,
    revocations::only_what_has_ended_is_forgotten,
    revocations::the_mark_of_what_was_minted_never_goes_back,
    signing_keys::the_ring_is_replaced_as_a_whole,
    signing_keys::readers_see_the_old_ring_or_the_new_one,
    people::a_user_is_made_without_a_passkey,
    people::one_of_many_users_with_one_name_is_added,
    people::two_changes_at_once_lose_nothing_of_each_other,
    people::changes_at_once_do_not_add_up_to_too_much,
    people::a_user_never_outgrows_a_record,
    people::a_deleted_user_leaves_nothing_but_the_name,
    people::users_are_listed_by_name_in_pages,
    people::users_are_found_by_text_and_group,
    people::an_administrator_is_one_who_can_sign_in,
    enrolments::of_many_redeemers_of_one_code_one_succeeds,
    enrolments::a_code_too_many_ends_the_session_that_was_not_used_for_the_longest,
    enrolments::what_cannot_be_redeemed_stays,
    enrolments::a_new_or_revoked_code_makes_the_old_one_worthless,
    enrolments::a_bootstrap_code_makes_one_account,
    enrolments::a_registration_clears_what_asked_for_it,
    enrolments::only_a_passkey_that_signs_in_alone_clears_what_asked_for_it,
    enrolments::a_recovery_code_is_spent_once_for_a_way_in,
    enrolments::a_session_that_has_ended_leaves_no_way_in,
    people::a_disabled_credential_signs_in_no_more,
    people::a_suspected_credential_is_noted_and_its_owner_marked,
    credentials::the_last_one_that_signs_in_alone_stays,
    people::an_import_is_whole_or_nothing,
    people::names_of_users_who_are_gone_are_listed_and_imported,
    people::living_sessions_are_listed_in_pages,
    people::a_search_looks_at_a_bounded_number_of_users,
    mounts::a_mount_is_written_changed_and_deleted,
    mounts::a_write_over_another_one_stores_nothing,
    mounts::of_many_writes_of_one_revision_one_is_stored,
    mounts::a_long_mount_is_kept_whole_and_replaced_whole,
    mounts::passkeys_are_counted_by_mount,
    metadata::a_number_never_goes_back,
    audit::records_come_newest_first_whoever_acted,
    audit::records_are_found_by_who_whom_what_and_when,
    audit::old_and_surplus_records_go_book_by_book,
    audit::a_login_is_in_the_log_in_the_same_step,
    audit::each_change_has_its_record_and_no_other,
}
