//! The list of all rules: a line each, in the order of their codes.

use super::{Rule, rules};

/// All rules. A code is never given a second time.
pub static RULES: &[Rule] = &[
    rules::settings_refused::RULE,
    rules::misplaced_in_template::RULE,
    rules::stream_config_unknown_key::RULE,
    rules::stream_config_zero::RULE,
    rules::max_age_under_duplicates::RULE,
    rules::stream_replicas::RULE,
    rules::work_queue_retention::RULE,
    rules::limits_retention_discard_new::RULE,
    rules::discard_old_evicts::RULE,
    rules::integer_max_age::RULE,
    rules::no_persistence::RULE,
    rules::exotic_not_merged::RULE,
    rules::file_store_over_volume::RULE,
    rules::bus_replicas_refused::RULE,
    rules::bus_version::RULE,
    rules::legacy_stan::RULE,
    rules::exotic_url::RULE,
    rules::max_payload::RULE,
    rules::redelivered_as_new::RULE,
    rules::source_loses_on_failure::RULE,
    rules::ack_wait_time::RULE,
    rules::kafka_limit::RULE,
    rules::kafka_partition_mode::RULE,
    rules::amqp_auto_ack::RULE,
    rules::calendar_without_persistence::RULE,
    rules::service_bus_receive_and_delete::RULE,
    rules::webhook_answers_first::RULE,
    rules::source_replicas::RULE,
    rules::filter_error_drops::RULE,
];

/// The rule of that code or name.
#[must_use]
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code.eq_ignore_ascii_case(code) || rule.name == code)
}
