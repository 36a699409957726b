//! What `RULES.md` says of routing, statement by statement, and which tests prove each.
//!
//! A row that names a test which is not there fails, so the table cannot rot.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The rule, the statement in short, and the tests.
type Row = (&'static str, &'static str, &'static [&'static str]);

#[rustfmt::skip]
const STATEMENTS: &[Row] = &[
    ("D.1", "names have 64 characters", &["names_have_sixty_four_characters_at_most_everywhere"]),
    ("D.1", "callback URL and events filter are set and emptied; the URL can carry connection overrides", &["a_workspace_is_changed_and_what_is_emptied_is_gone", "a_url_is_absolute_and_can_be_called_as_it_is_written"]),
    ("D.1", "multitasking is the default and cannot be turned off", &["a_new_workspace_comes_with_activities_and_channels_and_offline_as_default", "a_workspace_is_changed_and_what_is_emptied_is_gone"]),
    ("D.1", "PrioritizeQueueOrder decides between FIFO and LIFO queues", &["the_workspace_says_which_kind_of_queue_goes_first"]),
    ("D.1", "the default activity is that of new workers", &["a_worker_starts_in_the_default_activity_and_has_a_unique_name"]),
    ("D.1", "the timeout activity is that of workers who let a reservation time out", &["a_reservation_lapses_and_its_worker_goes_to_the_timeout_activity", "a_worker_who_is_in_the_timeout_activity_is_not_written"]),
    ("D.1", "template NONE or FIFO", &["a_new_workspace_comes_with_activities_and_channels_and_offline_as_default", "links_are_those_of_the_published_examples"]),
    ("D.1", "absolute paging is refused with 40153", &["pages_lead_through_a_list_and_a_number_alone_leads_nowhere"]),
    ("D.1", "pages of 50, of 1000 at most", &["a_page_has_fifty_entries_unless_it_is_asked_for_others_and_a_thousand_at_most"]),
    ("D.2", "an activity's availability never changes; one in use stays", &["an_activity_in_use_stays"]),
    ("D.2", "a worker's name is unique in any case; attributes default to {}", &["a_worker_starts_in_the_default_activity_and_has_a_unique_name"]),
    ("D.2", "RejectPendingReservations, only with an activity that is not available", &["a_worker_who_leaves_can_reject_pending_reservations"]),
    ("D.2", "If-Match of a worker, 412", &["a_stale_tag_is_refused_and_a_change_of_activity_is_dated"]),
    ("D.2", "a move between available activities leaves reservations in place", &["a_move_between_two_available_activities_leaves_reservations_in_place"]),
    ("D.2", "one channel per worker and task channel, with capacity, availability and load", &["a_capacity_has_three_names_and_is_filled_by_reservations", "free_capacity_is_a_share_of_the_configured_one"]),
    ("D.2", "capacity 0 is none; available=false keeps it and takes nothing", &["only_workers_of_the_queue_who_are_available_with_capacity_are_asked"]),
    ("D.2", "who matches: queue, expression, activity, channel, free capacity", &["only_workers_of_the_queue_who_are_available_with_capacity_are_asked", "the_expression_of_a_target_sees_task_and_worker", "a_worker_with_capacity_takes_several_tasks_and_never_more"]),
    ("D.2", "task channels have no hyphens in their names", &["a_task_channel_is_found_by_its_name_and_stays_while_a_task_is_on_it"]),
    ("D.2", "channel_optimized_routing makes an idle circle of its own", &["a_channel_can_have_an_idle_circle_of_its_own"]),
    ("D.2", "multitasking: no activity changes on reservation, assignment or completion", &["in_multitasking_workspaces_nobody_is_moved"]),
    ("D.2", "single-tasking: the queue's activities are applied, completion moves nobody", &["a_worker_is_moved_on_reservation_and_on_acceptance_and_stays_after_that", "one_task_occupies_a_worker_where_tasks_are_done_one_by_one", "a_worker_who_rejects_goes_back_or_stays_where_tasks_are_done_one_by_one"]),
    ("D.3", "target_workers defaults to 1==1, max_reserved_workers to 1, up to 50, order to FIFO", &["queues_are_found_by_whom_they_take_and_stay_while_they_are_led_to", "times_and_counts_have_their_published_defaults_and_bounds"]),
    ("D.3", "FIFO: priority, then virtual start", &["tasks_go_by_priority_then_by_age"]),
    ("D.3", "LIFO: newest first, priority ignored", &["the_newest_task_goes_first_in_the_other_order_whatever_its_priority"]),
    ("D.3", "queues are listed by name, by attributes, by worker", &["queues_are_found_by_whom_they_take_and_stay_while_they_are_led_to"]),
    ("D.3", "a queue with tasks, or led to, is not deleted: 400", &["queues_are_found_by_whom_they_take_and_stay_while_they_are_led_to", "a_task_is_made_for_a_queue_by_either_parameter_and_keeps_the_queue_from_removal"]),
    ("D.3", "a queue that nobody can serve is allowed", &["a_queue_that_nobody_can_serve_is_allowed", "a_queue_without_workers_says_which_clause_nobody_matches"]),
    ("D.4", "size and counts are bounded", &["size_and_counts_are_bounded"]),
    ("D.4", "priority and timeout are integers or strings; a timeout is positive", &["numbers_are_integers_or_strings_in_their_range"]),
    ("D.4", "the first matching filter is used", &["the_first_matching_filter_is_used_and_the_default_one_if_none_matches", "a_task_enters_the_first_matching_filter_and_waits"]),
    ("D.4", "the first target needs a queue, later ones inherit it; priority stays, the rest does not", &["later_targets_inherit_the_queue_but_neither_priority_nor_timeout", "targets_end_one_after_the_other_counted_from_the_creation"]),
    ("D.4", "names in a target say whose they are; sid, friendly_name, activity_sid, activity_name", &["names_in_a_target_say_whose_they_are", "targets_see_the_task_and_the_worker_with_its_fields"]),
    ("D.4", "a target without a timeout holds the task until its end", &["a_task_for_a_queue_walks_through_no_workflow", "a_task_dies_of_age_waiting_or_offered_but_not_assigned"]),
    ("D.4", "after the last target the next matching filter, then it falls out and is canceled", &["a_task_walks_the_targets_and_then_the_next_matching_filter", "targets_end_one_after_the_other_counted_from_the_creation", "a_task_without_a_filter_goes_to_the_default_one_or_falls_out"]),
    ("D.4", "the default filter is for those whom none matched or who skipped out of all", &["the_default_filter_takes_only_tasks_that_skipped_out_of_every_filter", "a_task_skips_through_all_filters_to_the_default_one_in_one_step"]),
    ("D.4", "a failed reservation lets the task move on; a changed workflow when it is asked for", &["a_reserved_task_stays_until_its_reservation_fails_and_then_moves_on", "waiting_tasks_enter_a_changed_workflow_anew_when_asked"]),
    ("D.4", "target timeouts count the task's age and add up; a reservation's starts at zero", &["targets_end_one_after_the_other_counted_from_the_creation", "a_task_that_comes_late_to_a_target_is_offered_there_once"]),
    ("D.4", "skip_if is asked when nobody could be reserved at once", &["skip_if_is_asked_only_when_nobody_was_free", "a_task_that_waits_for_the_next_step_is_offered_before_it_skips"]),
    ("D.4", "skip_if counts available, unavailable and by activity", &["skip_if_counts_the_workers_of_the_queue", "skip_conditions_count_the_workers_of_the_queue"]),
    ("D.4", "a known worker by sid, by name, from the task; the expression applies too; they are waited for", &["a_known_worker_of_the_queue_is_waited_for_by_sid_or_by_name", "the_known_worker_comes_from_the_task_or_the_configuration"]),
    ("D.4", "40152, 40154 and 40155; null is no error", &["a_known_worker_who_cannot_be_had_is_warned_of_once_with_its_code", "a_known_worker_who_cannot_be_had_is_named_with_the_published_code"]),
    ("D.4", "without order_by the longest idle goes first", &["the_worker_who_is_idle_for_longest_is_asked_first_and_then_goes_last", "a_worker_is_idle_from_the_end_of_the_last_task_even_when_it_is_gone"]),
    ("D.4", "order_by: next clause on ties, then idleness; who lacks it comes last; no integer, no clause", &["order_by_goes_before_idleness", "the_first_clause_decides_and_the_next_breaks_ties", "workers_without_the_attribute_come_last_in_both_directions", "a_clause_over_something_else_than_integers_is_ignored"]),
    ("D.4", "what names something that is not there is refused", &["a_workflow_that_cannot_be_read_or_leads_nowhere_is_refused_and_nothing_is_stored"]),
    ("D.5", "strings in both quotes, numbers, true, false; a name in quotes on the left", &["scalars_compare_within_their_type", "strings_keep_their_escapes_and_every_letter", "a_quoted_text_on_the_left_is_a_name_where_the_name_exists"]),
    ("D.5", "dotted paths, indexes, a missing key is null", &["a_missing_name_is_null", "a_path_is_written_as_it_is_read"]),
    ("D.5", "== = != > >= < <= CONTAINS", &["scalars_compare_within_their_type", "contains_looks_inside_a_text"]),
    ("D.5", "HAS >- IN <- NOT IN NOT HAS, lists", &["lists_are_searched_from_either_side", "a_missing_list_is_an_empty_one", "a_task_that_excludes_nobody_is_offered_to_anybody"]),
    ("D.5", "a filter may say `task.`, a queue `worker.`", &["a_name_may_say_whose_it_is", "filters_and_queues_may_say_whose_a_name_is"]),
    ("D.5", "AND, OR, NOT, parentheses, in any case", &["and_binds_tighter_than_or_and_not_tightest", "keywords_are_names_inside_a_path"]),
    ("D.5", "scalar operators on lists and list operators on scalars are false", &["a_scalar_operator_on_a_list_is_false", "a_list_operator_without_a_list_is_false"]),
    ("D.5", "values of different types", &["values_of_different_types_are_unequal_and_in_no_order"]),
    ("D.5", "errors name their place; depth, length and size are bounded", &["a_missing_operand_is_refused_at_its_place", "a_broken_list_is_refused_at_its_place", "a_broken_token_is_refused_at_its_place", "the_length_is_bounded", "the_depth_is_bounded", "the_number_of_nodes_is_bounded", "an_expression_that_cannot_be_read_is_refused_with_its_place"]),
    ("D.6", "timeout 86,400 up to 1,209,600, priority 0 to 2^31-1, start from 1900 to now", &["a_task_takes_the_only_workflow_and_the_default_channel_and_is_routed", "times_and_counts_have_their_published_defaults_and_bounds"]),
    ("D.6", "a target's priority wins", &["a_task_enters_the_first_matching_filter_and_waits"]),
    ("D.6", "the channel by sid or name, `default` unless it says so; the only workflow", &["a_task_takes_the_only_workflow_and_the_default_channel_and_is_routed"]),
    ("D.6", "RoutingTarget is a worker, a queue or a workflow; TaskQueueSid", &["a_task_for_one_worker_is_counted_in_a_queue_of_theirs", "a_task_is_made_for_a_queue_by_either_parameter_and_keeps_the_queue_from_removal", "a_task_for_a_queue_walks_through_no_workflow"]),
    ("D.6", "IgnoreCapacity, with a worker only and true then", &["a_task_for_one_worker_is_counted_in_a_queue_of_theirs", "a_worker_is_asked_in_any_activity_if_the_task_ignores_capacity", "a_task_for_a_worker_who_is_not_there_is_given_up_at_once"]),
    ("D.6", "updates under If-Match, 412; the end needs a reason; attributes not with wrapping or completed", &["a_task_is_changed_under_its_tag_and_ends_with_a_reason", "a_task_is_completed_with_a_reason_only"]),
    ("D.6", "list filters and orders", &["tasks_are_found_by_filters_and_put_in_order", "statuses_are_repeated_or_listed_in_any_case", "a_routing_target_narrows_by_what_it_names"]),
    ("D.6", "the state table", &["every_status_answers_every_way_to_end", "only_a_waiting_or_offered_task_is_offered", "a_task_waits_again_only_when_its_last_offer_is_refused"]),
    ("D.6", "an end is shown for five minutes", &["a_finished_task_is_shown_for_five_minutes_and_a_deleted_one_not_at_all"]),
    ("D.6", "assigned never becomes canceled by the API; after 24 h it is removed", &["a_task_is_completed_with_a_reason_only", "a_task_that_is_assigned_for_a_day_is_removed_and_one_in_its_paperwork_stays"]),
    ("D.6", "1,000 assignments, a round counts once", &["a_task_offered_too_often_is_canceled", "accepting_rescinds_the_others_and_a_rescinded_one_is_gone"]),
    ("D.6", "1,000 rejections", &["a_task_rejected_too_often_is_canceled_and_lapses_do_not_count"]),
    ("D.6", "`Task TTL Exceeded`", &["a_task_dies_of_age_waiting_or_offered_but_not_assigned"]),
    ("D.7", "accepting assigns and rescinds the siblings; a rescinded one is 410", &["accepting_rescinds_the_others_and_a_rescinded_one_is_gone", "one_of_two_is_faster_and_the_other_one_is_told_that_it_is_gone"]),
    ("D.7", "rejecting: another activity, or the one before; by instruction the activity stays", &["a_rejection_can_move_the_worker", "a_worker_who_rejects_or_is_too_late_goes_back_to_the_activity_before", "a_worker_who_rejects_goes_back_or_stays_where_tasks_are_done_one_by_one"]),
    ("D.7", "timeout: 120 s up to 86,400 s, the timeout activity, offered again", &["times_and_counts_have_their_published_defaults_and_bounds", "a_reservation_lapses_and_its_worker_goes_to_the_timeout_activity", "a_worker_who_does_not_answer_goes_to_the_timeout_activity_here_too", "a_reservation_lapses_at_its_time_and_not_before"]),
    ("D.7", "canceled with the task", &["canceling_cancels_the_offers_and_completing_completes_the_holds"]),
    ("D.7", "wrapping and completed", &["a_worker_accepts_wraps_up_and_completes"]),
    ("D.7", "up to max_reserved_workers at once; pending again when all fail", &["as_many_workers_are_asked_at_once_as_the_queue_allows", "a_task_waits_again_only_when_its_last_offer_is_refused"]),
    ("D.7", "ReservationStatus or Instruction, If-Match, both views", &["statuses_and_instructions_say_the_same", "answers_that_a_worker_cannot_give_are_refused_with_their_codes", "a_late_answer_is_refused_and_a_stale_tag_too", "a_reservation_is_seen_from_its_own_task_and_worker_only"]),
    ("D.9", "a task enters its workflow, then its queue, then is offered, in one decision", &["a_task_enters_the_first_matching_filter_and_waits", "a_task_is_not_written_between_entering_a_target_and_being_offered_there"]),
    ("D.11", "attributes of 4,096 characters, spaces included", &["attributes_have_four_thousand_and_ninety_six_characters_with_their_spaces", "attributes_are_of_a_bounded_length"]),
    ("D.11", "14217 and friends do not arise; 40151 is an unknown instruction", &["answers_that_a_worker_cannot_give_are_refused_with_their_codes"]),
    ("ours", "receipts say why this worker, and why nobody yet", &["a_waiting_task_says_why_it_waits_and_for_whom", "a_reservation_says_why_it_went_to_its_worker_and_what_the_others_fail_today", "every_worker_of_the_queue_has_a_reason_in_the_words_of_its_author", "a_receipt_names_the_filter_and_five_others_and_counts_the_rest"]),
    ("ours", "a queue can bound how long anybody is passed over", &["a_task_that_waited_for_the_bound_goes_before_urgent_ones_and_not_a_moment_earlier", "a_task_that_waited_for_the_bound_is_passed_by_no_younger_one", "a_bound_on_waiting_is_set_shown_and_taken_away"]),
    ("ours", "the router does what a plain search does", &["the_router_does_what_the_plain_matcher_does_and_forgets_nothing", "no_step_reserves_beyond_capacity_or_twice"]),
];

/// Where tests are looked for, from the root of the project.
const PLACES: [&str; 3] = ["shared", "functions", "tests"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The names of all tests below a folder.
fn tests_in(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests_in(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.extend(tests_of(&std::fs::read_to_string(path).unwrap()));
        }
    }
}

/// The functions that directly follow a test attribute.
fn tests_of(source: &str) -> Vec<String> {
    let mut lines = source.lines().map(str::trim).peekable();
    let mut names = Vec::new();
    while let Some(line) = lines.next() {
        let is_test = line == "#[test]" || line.starts_with("#[tokio::test");
        while is_test && lines.peek().is_some_and(|line| line.starts_with(['/', '#'])) {
            lines.next();
        }
        let next = lines.peek().filter(|_| is_test);
        let name = next.and_then(|line| line.trim_start_matches("async ").strip_prefix("fn "));
        names.extend(name.and_then(|rest| rest.split('(').next()).map(str::to_owned));
    }
    names
}

#[test]
fn every_statement_of_the_contract_names_tests_that_are_there() {
    let mut found = BTreeSet::new();
    for place in PLACES {
        tests_in(&root().join(place), &mut found);
    }
    let mut missing = Vec::new();
    for (section, statement, tests) in STATEMENTS {
        assert!(!tests.is_empty(), "{section} {statement}: nothing proves it");
        let gone = tests.iter().filter(|name| !found.contains(**name));
        missing.extend(gone.map(|name| format!("{section} {statement}: {name}")));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_section_has_a_row() {
    let sections: BTreeSet<&str> = STATEMENTS.iter().map(|(section, ..)| *section).collect();
    let expected = ["D.1", "D.11", "D.2", "D.3", "D.4", "D.5", "D.6", "D.7", "D.9", "ours"];
    assert_eq!(sections.into_iter().collect::<Vec<_>>(), expected);
}
