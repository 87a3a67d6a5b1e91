//! Every engine keeps the contract of the port; what only one engine promises has its own file.
#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it must be")]

mod database;
mod encrypted;
mod postgres;
mod sqlite;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use crisislens_state::Store;
use crisislens_state::contract::{
    self, Engine, activities, allowances, bulletins, claims, copies, dead_letters, delayed, digests,
    edit_locks, escalations, fanouts, filters, hostile, incidents, items, ledger, lock_model, lock_races,
    nodes, notices, outbox, people, provider_events, reach, stream, subscriptions, verification,
};
use crisislens_state::sqlite::SqliteStore;
use tempfile::TempDir;

/// SQLite in a directory that goes when the test ends.
struct OnDisk(TempDir);

impl OnDisk {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("state.db")
    }

    async fn store(&self) -> SqliteStore {
        SqliteStore::open(&self.file()).await.unwrap()
    }
}

#[async_trait]
impl Engine for OnDisk {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.store().await)
    }
}

macro_rules! keeps {
    ($($room:ident: $($case:ident),+;)+) => {
        mod on_sqlite {
            use super::*;
            $($(#[tokio::test]
            async fn $case() {
                $room::$case(&OnDisk::new()).await;
            })+)+
        }
        mod on_postgres {
            use super::*;
            $($(#[tokio::test]
            async fn $case() {
                database::with(async |database| $room::$case(database).await).await;
            })+)+
        }
    };
}

keeps! {
    activities:
        activities_are_told_once_by_resource_and_by_person;
    allowances:
        two_that_count_at_once_count_each_other,
        what_leaves_within_an_hour_is_counted,
        two_that_hand_over_at_once_count_each_other;
    bulletins:
        news_are_kept_until_they_are_told,
        who_asks_for_items_is_looked_at,
        who_was_told_of_a_thread_lately_is_known;
    claims:
        the_most_urgent_is_taken_first_within_each_channels_limits,
        what_is_not_due_is_not_taken,
        what_is_due_comes_with_all_that_sending_needs,
        a_lease_keeps_others_away_until_it_ends,
        no_row_is_taken_by_two,
        what_an_open_transaction_has_taken_is_its_own;
    contract:
        reopening_keeps_everything,
        settings_are_made_once_and_a_sources_memory_stays,
        transactions_happen_one_after_the_other,
        what_is_not_committed_is_seen_by_nobody;
    copies:
        items_are_found_by_the_keys_they_share,
        a_sketch_is_replaced_and_dropped,
        keys_that_many_share_say_nothing,
        what_many_batches_keep_is_found,
        what_no_look_up_goes_through_is_forgotten,
        two_that_look_for_an_original_find_one;
    dead_letters:
        letters_are_paged_and_filtered,
        a_letter_is_decided_once_from_where_it_stands,
        what_was_done_is_kept_newest_first;
    delayed:
        records_are_put_off_apart_from_their_partition,
        what_was_put_off_is_taken_back_once,
        a_lease_has_one_holder_and_its_token_only_rises;
    digests:
        what_gathers_goes_together,
        who_comes_too_late_for_a_digest_goes_alone,
        a_digest_that_is_taken_takes_nobody_more,
        two_that_make_the_same_digests_make_each_once,
        only_what_nobody_has_taken_is_canceled,
        what_is_being_taken_is_not_canceled,
        what_is_sent_again_begins_anew;
    edit_locks:
        a_lock_has_one_holder_until_it_ends,
        a_second_tab_moves_a_lock,
        a_lock_is_renewed_up_to_half_an_hour,
        only_the_holder_gives_a_lock_back,
        a_token_never_falls_and_never_comes_again,
        a_write_needs_the_present_token,
        a_paused_holders_write_is_refused,
        who_asks_gets_a_lock_that_is_not_refused,
        a_request_is_refused_or_forgotten,
        a_forced_lock_and_its_audit_entry_are_one,
        a_tab_that_is_gone_holds_nothing,
        a_tab_that_is_given_notice_holds_until_then,
        many_locks_are_read_and_swept,
        hostile_holders_are_kept;
    escalations:
        an_escalation_begins_once,
        a_step_that_is_due_is_taken_and_written_once,
        no_escalation_is_taken_by_two,
        an_acknowledgement_lets_escalations_rest,
        calls_that_wait_end_when_somebody_sees_to_it,
        what_is_withdrawn_ends_its_escalations,
        who_is_to_be_reached_is_found_once,
        only_who_was_called_or_works_at_the_desk_lets_escalations_rest,
        an_answer_is_read_once_and_lifts_what_an_answer_ended,
        what_went_to_a_telephone_is_found_by_its_number;
    fanouts:
        choosing_recipients_begins_once,
        the_most_urgent_alert_is_next_and_revisions_keep_their_order,
        one_of_two_chooses_a_page_of_recipients,
        candidates_come_page_by_page_with_what_decides,
        who_was_passed_over_is_told_why,
        contacts_are_their_owners,
        what_people_set_up_changes_version_by_version;
    filters:
        lists_hold_exactly_what_the_filter_matches,
        facets_count_exactly_what_the_filter_matches,
        a_box_across_the_antimeridian_holds_both_its_sides,
        the_grid_sums_what_the_filter_matches;
    hostile:
        hostile_texts_are_kept_as_they_came,
        hostile_words_find_their_rows,
        ten_megabytes_go_through_whole;
    incidents:
        incidents_are_paged_and_filtered,
        incidents_are_found_by_their_keys,
        the_largest_of_a_key_are_those_that_have_grown,
        an_incidents_items_are_paged_and_summed,
        copies_count_for_what_they_were_counted_for,
        incidents_are_looked_at_when_they_are_due,
        stale_incidents_wait_their_turn,
        homes_of_items_are_read,
        items_move_between_incidents,
        alerts_keep_their_revisions,
        exercises_are_told_apart;
    items:
        an_item_reads_back_and_its_raw_data_only_alone,
        a_revision_keeps_one_row,
        a_worker_knows_what_it_must_keep,
        the_original_of_a_text_is_the_oldest_of_its_source,
        pages_stay_whole_while_items_are_added,
        every_item_is_read_once_by_rising_id,
        large_items_are_read_a_few_at_a_time,
        joining_an_incident_raises_the_version,
        an_edit_of_an_older_version_is_refused,
        a_correction_moves_what_is_filtered_by;
    ledger:
        entering_twice_changes_nothing,
        only_what_is_to_leave_has_a_row,
        notifications_show_deliveries_as_they_now_stand,
        deliveries_are_paged_and_filtered,
        reach_counts_who_was_told_where,
        an_acknowledgement_is_of_what_went_out;
    lock_model:
        locks_do_what_a_small_model_does;
    lock_races:
        one_of_two_takes_a_lock,
        one_of_many_takes_a_lock,
        a_taking_waits_for_a_write,
        a_write_waits_for_a_taking,
        an_ended_lock_is_swept_once,
        writes_happen_in_the_order_of_tokens;
    nodes:
        one_of_two_moves_an_offset,
        one_of_two_claims_an_event,
        one_of_two_holds_a_lease_and_takes_a_record_back,
        a_relay_misses_nothing_of_two_that_publish_at_once,
        many_that_run_after_the_same_records_count_each_once,
        two_that_look_for_an_incident_open_one,
        two_items_of_one_text_have_one_original,
        no_change_of_an_item_is_lost,
        a_token_used_twice_at_once_is_reused,
        one_of_two_uses_a_ticket;
    notices:
        notifications_are_read_one_by_one_or_all,
        an_outbox_message_is_kept_once;
    outbox:
        the_outbox_says_how_much_waits_and_since_when,
        what_is_read_of_the_outbox_at_once_is_bounded_in_bytes,
        what_is_spooled_waits_with_the_others_and_is_counted_apart,
        a_stranded_record_leaves_the_outbox_whole_and_comes_back_once;
    people:
        an_address_belongs_to_one_account,
        an_account_changes_field_by_field,
        people_are_found_by_how_a_word_of_their_name_begins,
        a_token_used_twice_ends_its_family,
        a_token_lapses_and_signing_out_ends_it,
        what_is_withdrawn_is_told_until_no_token_can_hold_any_more,
        a_ticket_is_used_once,
        a_use_that_is_not_committed_leaves_the_token;
    provider_events:
        an_event_is_taken_once,
        whatever_the_order_the_end_is_the_same,
        what_was_told_before_the_worker_wrote_stands,
        an_event_never_strands_a_delivery,
        what_arrives_says_why_it_was_decided,
        an_event_of_an_unknown_message_waits_for_it,
        an_event_and_the_name_of_its_message_meet,
        two_that_are_told_the_same_take_it_once,
        what_is_told_of_a_digest_is_told_of_what_it_carries,
        an_address_is_suppressed_until_it_is_let_go,
        hostile_words_are_harmless_in_the_ledger;
    reach:
        people_count_where_they_were_told;
    stream:
        an_offset_moves_only_from_where_it_is,
        a_fenced_transaction_leaves_nothing,
        an_event_is_new_once_for_each_consumer,
        applied_events_are_forgotten_by_age,
        records_wait_in_the_order_of_their_commits,
        what_was_relayed_goes_and_its_place_is_not_given_again;
    subscriptions:
        people_have_the_subscriptions_of_their_teams_and_role,
        what_an_owner_has_goes_together,
        what_is_set_up_is_found_by_its_ids;
    verification:
        items_of_a_claim_make_another,
        claims_are_paged_and_filtered,
        claims_are_found_by_the_keys_they_share,
        what_an_item_states_is_replaced,
        workflows_are_paged_and_the_last_round_stands,
        what_is_due_is_taken_by_one_until_its_time_is_up,
        nothing_due_is_taken_by_two,
        what_a_person_is_about_to_write_is_not_taken,
        two_that_make_the_same_claim_make_one,
        what_was_decided_of_a_claim_is_replaced,
        training_examples_are_kept_once_and_taken_back;
}
