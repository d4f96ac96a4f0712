//! The conformance suites: what every shared tier and every backplane must do, told once and run over each of them.
//!
//! A case is a plain `async fn` over a [`Tier`] or a [`Wire`] whose name is the promise. [`crate::l2_conformance!`] and
//! [`crate::backplane_conformance!`] make one test of each. A new promise of the contract starts as a case here.
//!
//! Cases wait for what must come, for at most [`PATIENCE`], and never rest on how fast anything is: they run on a tier
//! in the process with a stopped clock (`start_paused`) as on a cluster of a busy machine.

#![expect(clippy::unwrap_used, reason = "a case is a test: it fails by panicking")]
#![expect(missing_docs, reason = "the names of cases are sentences")]

pub mod counters;
pub mod epochs;
pub mod fills;
pub mod frames;
pub mod leases;
pub mod reads;
pub mod removals;
pub mod schemas;
mod tier;
pub mod versions;
mod wire;

use std::time::Duration;

use tokio::time::{sleep, timeout};

pub use tier::{Tier, TierUnderTest};
pub use wire::{BackplaneUnderTest, Wire};

/// How long a case waits for anything. Reaching it means that it never comes.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How often a case asks again for what nobody announces.
const ASK_AGAIN: Duration = Duration::from_millis(5);

/// Asks until there is an answer.
async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let answer = timeout(PATIENCE, async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            sleep(ASK_AGAIN).await;
        }
    });
    answer.await.unwrap_or_else(|_| panic!("waited {} s for {what}", PATIENCE.as_secs()))
}

/// One test for each case, over the tier that `$open` makes: an expression that may await and gives a
/// `Box<dyn TierUnderTest>`, anew for each test. `$options` go to `#[tokio::test]`.
#[macro_export]
macro_rules! l2_conformance {
    ($options:tt $open:expr) => {
        $crate::l2_conformance! { @tests $options $open;
            reads: [
                what_is_absent_is_nothing_under_the_epoch_that_holds,
                answers_stand_in_the_order_of_the_keys,
                a_key_asked_for_twice_is_answered_twice,
                no_keys_have_no_answers,
                every_process_sees_the_same,
                a_shard_in_trouble_fails_its_own_keys_only,
            ];
            leases: [
                the_first_to_ask_wins_and_the_next_is_told_how_long,
                of_many_at_once_one_wins,
                asking_again_with_the_same_token_is_no_other_lease,
                a_lease_ends_by_itself,
                a_lease_that_was_given_back_is_free_at_once,
                nobody_gives_back_the_lease_of_another,
                over_an_entry_there_is_a_lease_only_for_who_says_so,
                an_entry_that_came_meanwhile_is_the_answer,
                leases_of_many_stand_in_the_order_of_the_keys,
                a_lease_is_won_under_the_epoch_that_holds,
            ];
            fills: [
                a_fill_is_read_back_to_the_last_byte_with_the_time_it_has_left,
                a_fill_ends_its_lease,
                a_fill_without_a_lease_changes_nothing,
                a_fill_after_a_removal_changes_nothing,
                a_fill_after_the_lease_ran_out_changes_nothing,
                a_late_holder_does_not_overtake_its_successor,
                a_fill_that_is_repeated_changes_nothing,
                fills_of_many_stand_in_the_order_of_the_entries,
                each_entry_of_a_batch_has_its_own_life,
                an_entry_ends_with_its_life,
                a_refresh_replaces_the_entry,
                a_fill_does_not_replace_a_newer_version,
            ];
            versions: [
                a_newer_version_replaces_and_an_older_one_does_not,
                the_same_version_again_changes_nothing,
                versions_beyond_two_to_the_53_are_told_apart,
                versions_at_once_end_at_the_newest,
                a_versioned_write_ends_the_lease_of_another,
                an_older_write_ends_its_claim,
                a_write_without_its_claim_changes_nothing,
                a_claim_takes_the_lease_of_another,
                an_entry_of_another_generation_gives_way_to_any_version,
                an_entry_without_a_version_gives_way_to_any_version,
                an_absence_without_a_version_gives_way_to_version_zero,
                after_a_removal_any_version_is_new,
                a_versioned_entry_ends_with_its_life,
            ];
            removals: [
                a_removal_takes_entry_and_lease,
                removing_what_is_not_there_works,
                removals_of_many_stand_in_the_order_of_the_keys,
                a_removal_that_works_in_part_says_which_part,
                a_removal_reaches_every_process,
            ];
            epochs: [
                an_epoch_stays_while_nothing_happens,
                a_renewed_generation_is_another_epoch,
                a_generation_is_of_one_model_in_one_region,
                generations_never_come_back,
                a_server_that_forgot_everything_has_another_epoch,
                a_server_that_started_again_is_another_run,
                what_a_read_says_of_the_epoch_is_what_a_lease_says,
            ];
            schemas: [
                what_was_registered_is_live_in_every_process,
                a_model_has_its_own_schemas,
                what_is_not_registered_again_is_forgotten,
                registering_again_counts_from_then,
                a_registration_says_whether_it_was_listed,
                a_list_keeps_its_id_and_somebody_vouches_for_it,
                a_list_that_was_forgotten_is_another_one,
                a_list_of_another_run_is_another_one,
            ];
            counters: [
                an_absent_counter_is_never_made_by_adding,
                a_seeded_counter_counts,
                a_seed_needs_its_lease,
                a_seed_after_a_removal_changes_nothing,
                a_removal_takes_the_counter,
                an_operation_is_applied_once,
                operations_at_once_are_each_applied_once,
                operations_end_with_their_counter,
                a_counter_ends_with_its_life,
                a_counter_that_is_there_is_not_leased_away,
                a_counter_of_another_run_is_not_believed,
                adding_to_no_counter_ends_the_lease_of_who_counts,
                counters_hold_the_whole_range,
                an_addition_does_not_go_to_another_counter_than_the_one_it_means,
                a_renewed_generation_ends_its_counters,
                a_seed_that_was_counted_under_another_generation_is_not_believed,
            ];
        }
    };
    (@tests $options:tt $open:expr; $($file:ident: [$($case:ident,)*];)*) => {
        $(mod $file {
            use super::*;

            $(#[tokio::test $options]
            async fn $case() {
                let tier = $crate::testing::conformance::Tier::open($open).await;
                $crate::testing::conformance::$file::$case(&tier).await;
            })*
        })*

        /// Names of all cases, as they stand in the suite.
        #[allow(dead_code, reason = "one suite compares them with what is written")]
        pub(crate) const CASES: &[&str] = &[$($(stringify!($case),)*)*];
    };
}

/// One test for each case, over the backplane that `$open` makes: an expression that may await and gives a
/// `Box<dyn BackplaneUnderTest>`, anew for each test. `$options` go to `#[tokio::test]`.
#[macro_export]
macro_rules! backplane_conformance {
    ($options:tt $open:expr) => {
        $crate::backplane_conformance! { @tests $options $open;
            frames: [
                every_channel_is_confirmed,
                own_frames_come_back,
                frames_come_as_they_were_sent_on_the_channel_they_were_sent_on,
                frames_reach_every_subscriber_of_every_process,
                frames_of_a_publisher_keep_their_order_within_a_channel,
                what_was_published_before_is_not_heard,
                a_reader_that_is_too_slow_is_told_what_it_missed,
                a_subscriber_that_went_away_disturbs_nobody,
                a_broken_connection_is_told_and_mended,
            ];
        }
    };
    (@tests $options:tt $open:expr; $($file:ident: [$($case:ident,)*];)*) => {
        $(mod $file {
            use super::*;

            $(#[tokio::test $options]
            async fn $case() {
                let wire = $crate::testing::conformance::Wire::open($open).await;
                $crate::testing::conformance::$file::$case(&wire).await;
            })*
        })*

        /// Names of all cases, as they stand in the suite.
        #[allow(dead_code, reason = "one suite compares them with what is written")]
        pub(crate) const CASES: &[&str] = &[$($(stringify!($case),)*)*];
    };
}
