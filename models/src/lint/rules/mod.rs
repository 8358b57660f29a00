//! The rules, a file each, and what several of them share.

mod backoff;
mod conditions;
mod sensors;
mod words;

pub(super) mod at_least_once_serial;
pub(super) mod at_least_once_without_retry;
pub(super) mod backlog_in_memory;
pub(super) mod client_qps;
pub(super) mod conditions_reset;
pub(super) mod dead_letter_rate_limit;
pub(super) mod duplicate_names;
pub(super) mod http_any_status;
pub(super) mod implicit_and;
pub(super) mod integer_duration;
pub(super) mod misplaced_in_template;
pub(super) mod needs_at_least_once;
pub(super) mod overwritten_repeats;
pub(super) mod policy_timeout;
pub(super) mod rate_limit_unit;
pub(super) mod rate_limit_zero;
pub(super) mod retries_cost_tokens;
pub(super) mod sensor_rate_limit;
pub(super) mod sensor_replicas;
pub(super) mod settings_refused;
pub(super) mod slack_burst;
pub(super) mod unknown_bus;
pub(super) mod unknown_dependency;
pub(super) mod unknown_event_source;
pub(super) mod unknown_workflow_template;
pub(super) mod unreferenced_dependency;
pub(super) mod unreferenced_event;
pub(super) mod unsafe_names;
pub(super) mod version_gates;
