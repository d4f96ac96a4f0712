//! The conformance suite: what every engine must do, told once and run over each of them.
//!
//! A case is a plain `async fn(&Fixture)` whose name is the promise. [`crate::conformance_suite!`] makes one test of
//! each for an engine. A new method of a store starts as a new case here.

#![expect(clippy::unwrap_used, reason = "a case is a test: it fails by panicking")]
#![expect(missing_docs, reason = "the names of cases are sentences")]

pub mod acts;
pub mod append;
pub mod changes;
pub mod devices;
pub mod durable;
mod fixture;
pub mod history;
pub mod import;
pub mod list;
pub mod members;
pub mod reads;
pub mod replay;
pub mod rooms;
pub mod strangers;
pub mod tail;
pub mod upkeep;

pub use fixture::{DAY_MS, Engine, Fixture};

/// One test for each case, over the engine that `$open` makes (a `Box<dyn Engine>` without data, anew for each test).
#[macro_export]
macro_rules! conformance_suite {
    ($open:expr) => {
        $crate::conformance_suite! { @tests $open;
            append: [
                seqs_and_ords_are_dense_from_the_first_record,
                a_message_is_kept_as_it_was_sent,
                the_same_key_again_answers_the_first_reply,
                the_same_key_for_another_request_is_a_conflict,
                a_key_belongs_to_one_sender_in_one_room,
                the_same_key_twice_at_once_is_one_message,
                a_key_and_its_conflict_at_once_is_one_message,
                seqs_stay_dense_when_many_append_at_once,
                a_lost_reply_is_found_by_repeating,
                appends_called_one_after_the_other_commit_in_that_order,
                a_head_never_points_past_the_log,
                what_the_observer_was_told_is_already_readable,
                a_removed_sender_who_repeats_gets_the_first_reply,
                checks_come_in_the_order_key_member_everyone_reply,
                only_an_admin_calls_on_everyone,
                a_reply_names_a_message_its_sender_may_see,
                silent_and_system_messages_do_not_count,
                last_activity_is_the_last_message_that_was_not_silent,
                an_own_send_moves_the_own_mark_but_not_the_revision,
                keep_unread_leaves_the_mark_and_the_flag,
                a_send_that_clears_the_unread_flag_is_an_own_fact,
                replied_answers_what_a_key_was_answered_first,
                a_key_outlives_thirty_days_with_its_message,
                rooms_do_not_wait_for_each_other_and_commits_stay_dense,
            ];
            changes: [
                an_edit_changes_the_message_and_raises_its_rev,
                an_edit_record_carries_only_what_changed,
                an_edit_that_changes_nothing_writes_no_record_and_answers_the_rev,
                a_change_that_changed_nothing_keeps_its_key,
                every_change_is_idempotent_by_its_key,
                the_same_change_twice_at_once_is_one_record,
                a_key_is_looked_up_before_membership_for_changes_too,
                only_the_sender_edits,
                an_edit_never_leaves_a_message_empty,
                a_deletion_leaves_a_tombstone_that_keeps_seq_and_ord,
                a_deletion_takes_what_edits_said_out_of_the_log,
                the_sender_or_an_admin_deletes,
                deleting_again_changes_nothing,
                a_deleted_message_is_not_there_to_be_changed,
                a_target_must_be_a_message_the_actor_may_see,
                reactions_count_users_in_the_order_of_first_use,
                a_user_holds_one_of_each_reaction,
                a_reaction_taken_back_is_gone_and_taking_back_nothing_changes_nothing,
                distinct_reactions_of_a_message_are_bounded,
                own_reactions_are_found_by_user_and_target,
                changes_count_nothing_and_move_no_mark,
                changes_are_checked_in_the_order_key_member_message_role,
            ];
            history: [
                the_latest_page_ends_at_the_head,
                a_page_covers_trailing_records_that_are_no_messages,
                pages_before_a_seq_walk_back_without_holes,
                pages_after_a_seq_walk_on_without_holes,
                a_page_around_a_seq_has_both_sides,
                a_page_ends_at_its_bytes_but_holds_one_message,
                a_page_has_at_least_one_item_and_at_most_the_limit,
                an_empty_log_is_an_empty_page,
                history_before_the_join_is_hidden_unless_the_room_shows_it,
                a_former_member_reads_nothing_and_a_rejoined_one_only_what_follows,
                in_a_channel_a_member_reads_from_the_head_at_the_join,
                history_ends_at_the_floor,
                records_are_dense_and_bounded,
                records_show_messages_in_their_current_state,
                a_history_read_while_others_write_is_one_snapshot,
            ];
            replay: [
                replaying_any_suffix_over_any_older_state_equals_a_fresh_fetch,
                messages_fetched_later_are_not_changed_twice_by_replay,
            ];
            rooms: [
                a_group_begins_with_one_record_of_all_its_users,
                a_channel_begins_with_an_empty_log,
                both_users_of_a_direct_room_are_plain_members,
                a_direct_room_is_found_by_its_pair_from_either_side,
                a_pair_created_from_both_sides_at_once_is_one_room,
                a_key_makes_creation_idempotent,
                a_key_used_twice_at_once_is_one_room,
                a_key_belongs_to_its_creator_and_a_global_one_to_all,
                an_existing_key_is_no_room_to_those_outside,
                named_users_are_created,
                members_of_a_new_room_are_bounded_by_its_kind,
                rooms_of_a_user_are_bounded_but_requests_do_not_count_for_their_target,
                an_update_is_a_record_of_what_changed,
                an_update_that_changes_nothing_answers_the_head,
                an_update_clears_with_empty_values,
                an_update_is_idempotent_by_its_key,
                a_direct_room_changes_only_its_data_and_only_by_a_server_key,
                a_large_room_does_not_become_transit,
                two_users_share_a_room_once_neither_holds_it_as_a_request,
                a_creation_whose_reply_was_lost_is_found_by_its_key_or_pair,
            ];
            members: [
                added_members_join_with_one_record_and_an_own_fact_each,
                adding_those_who_are_there_changes_nothing,
                members_are_added_all_or_none,
                a_removed_member_receives_nothing_after_the_record_of_the_removal,
                removing_strangers_changes_nothing,
                joining_again_starts_anew,
                roles_allow_what_the_matrix_says,
                an_admin_neither_removes_nor_changes_an_owner,
                a_role_is_a_record_and_no_own_fact,
                a_role_goes_to_members_only_and_the_last_owner_keeps_theirs,
                the_last_owner_is_followed_by_the_longest_standing_admin,
                without_an_admin_the_longest_standing_member_follows,
                while_another_owner_stays_nobody_follows,
                in_a_direct_room_nobody_comes_or_goes,
                a_channel_keeps_no_records_of_its_members,
                members_come_in_pages_by_id,
                in_a_channel_only_admins_see_the_members,
                member_ids_are_for_those_who_know_what_they_do,
                no_message_of_a_removed_member_follows_the_removal,
            ];
            strangers: [
                a_room_does_not_exist_for_those_outside,
            ];
            reads: [
                a_mark_resolves_to_the_ord_of_its_record,
                a_mark_is_clamped_to_the_head,
                late_and_reordered_marks_converge,
                marks_at_once_end_at_the_highest,
                a_mark_that_moves_nothing_commits_nothing,
                a_moved_mark_is_an_own_fact_and_a_receipt,
                channels_and_large_rooms_have_no_receipts,
                unread_counts_from_the_join_on,
                the_unread_flag_moves_no_position_and_counts_one_in_the_badge,
                reading_clears_the_unread_flag_even_where_no_mark_moves,
                mentions_count_until_they_are_read,
                only_countable_messages_mention,
                everyone_is_mentioned_once_each,
                of_many_mentions_the_last_hundred_are_kept,
                a_room_is_hidden_until_the_next_record,
                a_muted_room_has_no_badge_until_then,
                a_mark_below_the_floor_stays_where_it_is,
            ];
            list: [
                own_rows_are_the_rooms_of_a_user_by_id,
                heads_and_details_come_in_the_order_asked,
                standing_is_the_own_row_the_head_and_the_room,
                details_show_the_last_message_and_the_peer,
                every_own_fact_has_the_next_revision_and_stamps_the_row,
                changes_are_the_rows_since_a_revision_tombstones_included,
                a_revision_from_the_future_or_too_many_changes_start_anew,
                a_client_that_missed_a_swept_tombstone_starts_anew,
                settings_merge_and_a_change_that_changes_nothing_is_none,
                a_request_stands_until_it_is_accepted,
                the_first_own_send_accepts_a_request,
                users_are_created_and_changed_by_name,
                revisions_are_dense_when_many_rooms_change_at_once,
            ];
            devices: [
                a_new_device_starts_at_the_heads,
                a_known_device_resumes_where_it_acked,
                each_device_has_its_own_cursors,
                a_room_without_a_cursor_starts_at_the_join,
                after_joining_again_the_cursor_is_at_least_the_join,
                cursors_only_grow_and_stop_at_the_head,
                a_hello_brings_newer_cursors,
                a_cursor_above_the_head_resets_all_cursors,
                a_hello_answers_the_revision_of_its_own_commit,
                another_epoch_or_none_resets_the_cursors,
                cursors_of_many_rooms_are_all_kept,
                acks_of_unknown_devices_and_foreign_rooms_are_ignored,
                acks_move_the_last_activity_but_never_back,
                a_newer_session_takes_over_by_its_number,
                sessions_opened_at_once_have_different_numbers,
                one_device_too_many_replaces_the_least_recently_active,
                a_removed_device_refuses_the_tokens_it_had,
                only_an_active_device_is_removed,
                a_revoked_user_needs_a_newer_token,
                an_idle_device_expires_and_starts_anew,
                a_hello_stores_what_the_token_and_the_client_say,
                a_profile_that_changed_is_a_fact_of_its_commit,
                a_refused_hello_leaves_no_trace,
                server_keys_are_kept_by_id,
            ];
            tail: [
                commits_are_numbered_densely_as_the_observer_is_told,
                the_tail_has_a_ref_for_each_record_and_own_fact_in_order,
                a_commit_is_never_split,
                commits_without_refs_move_the_cursor,
                windows_are_closed_while_others_write,
                a_mutation_that_changes_nothing_commits_nothing,
                storing_a_key_alone_is_a_commit_without_facts,
                a_consumer_that_stores_its_position_has_nothing_new_to_read,
                facts_of_a_record_are_what_the_log_says_of_it,
            ];
            upkeep: [
                records_older_than_their_days_go,
                rooms_kept_for_ever_and_young_records_stay,
                a_swept_room_goes_on_where_it_was,
                transit_records_go_once_every_device_of_every_member_acked_them,
                a_member_without_a_device_holds_transit_records_for_thirty_days,
                a_device_that_joins_later_holds_only_what_came_after,
                a_sweep_keeps_to_its_budget_and_says_when_more_is_due,
                a_sweep_waits_for_the_slowest_consumer_thirty_days_at_most,
                devices_are_forgotten_thirty_days_after_they_ended,
                keys_stay_thirty_days_even_when_their_message_went,
                tombstones_of_former_members_go_after_thirty_days,
                refs_of_the_tail_go_after_thirty_days,
                what_was_swept_is_not_swept_again,
                the_audit_walks_all_rows_and_starts_over,
                the_audit_finds_no_drift_in_a_life_of_joins_marks_and_sweeps,
            ];
            import: [
                an_imported_room_is_like_any_other,
                an_imported_message_keeps_its_edit_and_its_reactions,
                nobody_sees_a_room_before_its_import_is_finished,
                an_import_goes_on_where_it_stopped,
                a_batch_that_does_not_follow_the_head_is_a_conflict,
                a_finished_import_changes_nothing_when_repeated,
                a_direct_import_is_the_room_of_its_pair,
                rooms_that_were_not_imported_are_conflicts,
                members_of_an_import_are_bounded_by_its_kind,
                names_of_known_users_stay,
            ];
            durable: [
                an_opened_store_is_as_it_was_closed,
                keys_outlive_a_restart,
                numbers_go_on_after_a_restart,
                rooms_are_found_by_key_and_pair_after_a_restart,
            ];
        }
    };
    (@tests $open:expr; $($file:ident: [$($case:ident,)*];)*) => {
        $(mod $file {
            use super::*;

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let fixture = $crate::conformance::Fixture::open($open).await;
                $crate::conformance::$file::$case(&fixture).await;
            })*
        })*

        /// Names of all cases, as they stand in the suite.
        const CASES: &[&str] = &[$($(stringify!($case),)*)*];
    };
}
