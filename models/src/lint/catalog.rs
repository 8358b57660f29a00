//! The list of all rules: a line each, in the order of their codes.

use super::{Rule, rules};

/// All rules. A code is never given a second time.
pub static RULES: &[Rule] = &[
    rules::settings_refused::RULE,
    rules::misplaced_in_template::RULE,
    rules::sensor_rate_limit::RULE,
    rules::rate_limit_unit::RULE,
    rules::rate_limit_zero::RULE,
    rules::slack_burst::RULE,
    rules::needs_at_least_once::RULE,
    rules::dead_letter_rate_limit::RULE,
    rules::integer_duration::RULE,
    rules::implicit_and::RULE,
    rules::overwritten_repeats::RULE,
    rules::client_qps::RULE,
    rules::backlog_in_memory::RULE,
    rules::policy_timeout::RULE,
    rules::unsafe_names::RULE,
    rules::unreferenced_dependency::RULE,
    rules::unknown_dependency::RULE,
    rules::unknown_event_source::RULE,
    rules::unreferenced_event::RULE,
    rules::unknown_workflow_template::RULE,
    rules::http_any_status::RULE,
    rules::sensor_replicas::RULE,
    rules::unknown_bus::RULE,
    rules::duplicate_names::RULE,
    rules::retries_cost_tokens::RULE,
    rules::at_least_once_serial::RULE,
    rules::at_least_once_without_retry::RULE,
    rules::version_gates::RULE,
    rules::conditions_reset::RULE,
    rules::load_routes::RULE,
    rules::load_rate_limits::RULE,
    rules::load_client::RULE,
    rules::load_serial::RULE,
    rules::load_targets::RULE,
    rules::load_locks::RULE,
    rules::load_bus::RULE,
    rules::load_ack_wait::RULE,
    rules::load_pods::RULE,
    rules::load_consumers::RULE,
];

/// The rule of that code or name.
#[must_use]
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code.eq_ignore_ascii_case(code) || rule.name == code)
}
