//! The list of all rules: a line each, in the order of their codes.

use super::{Rule, rules};

/// All rules. A code is never given a second time.
pub static RULES: &[Rule] = &[
    rules::settings_refused::RULE,
    rules::misplaced_in_template::RULE,
    rules::retry_without_limit::RULE,
    rules::singular_lock::RULE,
    rules::waiters_hold_parallelism::RULE,
    rules::semaphore_not_found::RULE,
    rules::config_map_value::RULE,
    rules::cron_schedule_form::RULE,
    rules::pod_priority::RULE,
    rules::lock_held_through_retries::RULE,
    rules::unreferenced_template::RULE,
    rules::unknown_template::RULE,
    rules::cron_missed_runs::RULE,
    rules::semaphore_over_admits::RULE,
    rules::requeue_floor::RULE,
    rules::controller_config::RULE,
    rules::active_deadline_pending::RULE,
    rules::many_waiters::RULE,
    rules::cron_schedule_invalid::RULE,
    rules::template_field_refused::RULE,
    rules::lock_namespaces::RULE,
    rules::synchronization_without_lock::RULE,
    rules::retry_on_steps::RULE,
    rules::ttl_missing::RULE,
];

/// The rule of that code or name.
#[must_use]
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code.eq_ignore_ascii_case(code) || rule.name == code)
}
