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
    rules::client_qps::RULE,
    rules::backlog_in_memory::RULE,
    rules::policy_timeout::RULE,
    rules::http_any_status::RULE,
    rules::sensor_replicas::RULE,
    rules::retries_cost_tokens::RULE,
    rules::at_least_once_serial::RULE,
    rules::at_least_once_without_retry::RULE,
];

/// The rule of that code or name.
#[must_use]
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code.eq_ignore_ascii_case(code) || rule.name == code)
}
