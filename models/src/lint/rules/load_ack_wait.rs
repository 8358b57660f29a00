//! Work on one event that takes longer than its acknowledgement is waited for.

use crate::component::ComponentPlan;
use crate::lint::load::Load;
use crate::lint::{Cx, Level, Rule};
use crate::report::text::number;
use crate::trigger::{self, DeliveryMode, TriggerPlan};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST108",
    name: "work-over-ack-wait",
    level: Level::Note,
    title: "an event is at work for longer than the bus waits for its acknowledgement",
    since: "argo-events 1.8.0, which brought `atLeastOnce`",
    story: "\
The bus delivers a message again that is not acknowledged within its ack wait, 30 s by default; argo-events sets \
none. While a trigger works on a message it says so every half second, so that one is safe. But one more message \
per subject is fetched ahead, and nobody speaks for that: if the one before it takes longer than the ack wait \
(service, the wait for the rate limit, retries), it is delivered a second time. The second copy is recognized and \
dropped for 60 s after the first was done, so that nothing runs twice, unless the sensor restarts in between. What \
one sees is `num_redelivered` growing.",
    links: &["argo-events pkg/eventbus/jetstream/sensor/trigger_conn.go:pullSubscribe"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    let Some(load) = cx.load else { return };
    for strain in load.strains("Trigger", trigger::limit::ONE_AT_A_TIME) {
        let ComponentPlan::Trigger(plan) = load.component(strain.component) else { continue };
        if plan.delivery != DeliveryMode::AtLeastOnce {
            continue;
        }
        let Some(ack_wait_s) = ack_wait_s(plan, load) else { continue };
        let work_s = 1.0 / strain.limit.value;
        let limiter = plan.rate_limit.as_ref().and_then(|limit| limit.limiter.rate());
        let limiter_s = limiter.map_or(0.0, |rate| 1.0 / rate.per_s());
        // A limiter that is kept busy lets one through per period, the work within it.
        let each_s = work_s.max(limiter_s);
        if each_s <= ack_wait_s {
            continue;
        }
        let path = load.path(strain.component, "delivery");
        cx.at_parameter(
            &path,
            format!(
                "an event takes {} ({} of work, one per {} by the rate limit), and the bus waits {} for an acknowledgement: the message fetched ahead is delivered again",
                number::duration(each_s),
                number::duration(work_s),
                number::duration(limiter_s),
                number::duration(ack_wait_s),
            ),
        );
    }
}

fn ack_wait_s(plan: &TriggerPlan, load: &Load<'_>) -> Option<f64> {
    let ComponentPlan::EventBus(bus) = load.component(plan.bus) else { return None };
    let consumer = *plan.consumers.first()?;
    Some(bus.consumers.get(consumer as usize)?.config.ack_wait.as_secs_f64())
}
