//! The stages of a random pipeline.

use super::dice::Dice;
use super::pipeline::Bound;

/// How many of each stage there are, by which they find each other: `source0`, `bus1`, ...
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(super) horizon_s: u64,
    /// All events come in the first seconds.
    ends_quietly: bool,
    sources: u64,
    buses: u64,
    sensors: u64,
    stations: u64,
    stores: u64,
    controllers: u64,
    templates: u64,
    /// Event names per source.
    events: Vec<u64>,
    /// What faults may name: stage and kind.
    pub(super) targets: Vec<(String, Kind)>,
    pub(crate) bounds: Vec<Bound>,
}

/// What a fault can change depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Source { limited: bool },
    Bus,
    Sensor { limited: bool },
    Trigger { limited: bool },
    Station { limited: bool },
    Store,
    Controller { locks: bool },
}

const PAUSES: [&str; 4] = ["\"200ms\"", "\"1s\"", "Exponential(mean: \"500ms\")", "\"3s\""];
const TIMES: [&str; 7] = [
    "\"0s\"",
    "\"1ms\"",
    "\"50ms\"",
    "Exponential(mean: \"100ms\")",
    "LogNormal(mean: \"300ms\", cv: 1.5)",
    "\"1s\"",
    "Uniform(min: \"0s\", max: \"2s\")",
];
const RATES: [&str; 5] = ["\"1/s\"", "\"2/s\"", "\"5/s\"", "\"10/s\"", "\"20/s\""];
const SIZES: [&str; 4] = ["\"1KiB\"", "\"2KiB\"", "\"6KiB\"", "\"20KiB\""];
const CHANCES: [&str; 4] = ["0.1", "0.3", "0.7", "1.0"];

impl Shape {
    pub(crate) fn draw(dice: &mut Dice, horizon_s: u64, ends_quietly: bool) -> Self {
        let sources = dice.between(1, 3);
        let buses = dice.between(0, 2);
        Self {
            horizon_s,
            ends_quietly,
            sources,
            buses,
            sensors: if buses == 0 { 0 } else { dice.between(0, 3) },
            stations: dice.between(0, 4),
            stores: dice.between(1, 3),
            controllers: dice.between(0, 2),
            templates: dice.between(1, 3),
            events: (0..sources).map(|_| dice.pick(&[0, 0, 1, 2, 3])).collect(),
            targets: Vec::new(),
            bounds: Vec::new(),
        }
    }

    pub(crate) fn stages(&mut self, dice: &mut Dice) -> Vec<String> {
        let mut stages = Vec::new();
        for number in 0..self.sources {
            stages.push(self.source(dice, number));
        }
        for number in 0..self.buses {
            stages.push(self.bus(dice, number));
        }
        for number in 0..self.sensors {
            stages.push(self.sensor(dice, number));
        }
        for number in 0..self.stations {
            stages.push(self.station(dice, number));
        }
        for number in 0..self.stores {
            stages.push(self.store(dice, number));
        }
        for number in 0..self.controllers {
            stages.push(self.controller(dice, number));
        }
        stages
    }

    // ---- names ----

    fn store_name(&self, dice: &mut Dice) -> String {
        format!("\"store{}\"", dice.between(0, self.stores - 1))
    }

    fn template_name(&self, dice: &mut Dice) -> String {
        let controller = dice.between(0, self.controllers - 1);
        format!("\"template{controller}-{}\"", dice.between(0, self.templates - 1))
    }

    /// A stage that takes events; stations only beyond `after`, so that they make no circle.
    fn destination(&self, dice: &mut Dice, after: u64) -> String {
        let mut kinds = vec![0];
        kinds.extend((self.buses > 0).then_some(1));
        kinds.extend((self.buses > 0).then_some(1));
        kinds.extend((self.stations > after).then_some(2));
        kinds.extend((self.stations > after).then_some(2));
        kinds.extend((self.controllers > 0).then_some(3));
        match dice.pick(&kinds) {
            1 => format!("\"bus{}\"", dice.between(0, self.buses - 1)),
            2 => format!("\"station{}\"", dice.between(after, self.stations - 1)),
            3 => self.template_name(dice),
            _ => self.store_name(dice),
        }
    }

    fn bound(&mut self, stage: &str, gauge: &'static str, most: u64) {
        self.bounds.push(Bound { stage: stage.to_owned(), gauge, most });
    }

    // ---- policies ----

    fn nack(&self, dice: &mut Dice) -> String {
        let after = dice.pick(&PAUSES);
        let factor = dice.maybe_of(30, "factor", &["1", "2", "1.5"]);
        let cap = dice.maybe_of(30, "cap", &["\"2s\"", "\"10s\""]);
        let jitters = ["None", "Full", "Equal", "Decorrelated", "Proportional(0.5)"];
        // A jitter down to nothing, again and again into a full stage, is a loop without delay.
        let jitter = dice.maybe_of(30, "jitter", &jitters);
        let retries = dice.maybe(70, "retries", |dice| dice.between(0, 4).to_string());
        let persistence = dice.maybe_of(20, "persistence", &CHANCES);
        let then = dice.maybe(30, "then_store", |dice| self.store_name(dice));
        format!("Nack(after: {after}, {factor}{cap}{jitter}{retries}{persistence}{then})")
    }

    fn on_reject(&self, dice: &mut Dice, may_block: bool) -> String {
        match dice.between(0, 4) {
            0 => "Drop".to_owned(),
            1 => format!("Store({})", self.store_name(dice)),
            2 if may_block => "Block".to_owned(),
            2 => "Drop".to_owned(),
            _ => self.nack(dice),
        }
    }

    fn over(&self, dice: &mut Dice, may_nack: bool) -> String {
        match dice.between(0, if may_nack { 4 } else { 2 }) {
            0 => "Wait".to_owned(),
            1 => "Drop".to_owned(),
            2 => format!("Store({})", self.store_name(dice)),
            _ => self.nack(dice),
        }
    }

    fn rate_limit(&self, dice: &mut Dice, over: impl FnOnce(&mut Dice) -> String) -> String {
        let rate = dice.pick(&RATES);
        let algorithms = [
            "TokenBucket(burst: 1)",
            "TokenBucket(burst: 5)",
            "Gcra(burst: 3)",
            "LeakyBucket(slack: 0)",
            "LeakyBucket(slack: 10)",
        ];
        let algorithm = dice.maybe_of(50, "algorithm", &algorithms);
        format!("(rate: {rate}, {algorithm}over: {})", over(dice))
    }

    fn retry(&self, dice: &mut Dice) -> String {
        let steps = dice.between(1, 4);
        let duration = dice.pick(&["\"0s\"", "\"100ms\"", "\"1s\""]);
        let factor = dice.pick(&["0", "1", "2"]);
        format!("(steps: {steps}, duration: {duration}, factor: {factor})")
    }

    // ---- stages ----

    fn arrivals(&self, dice: &mut Dice) -> String {
        match if self.ends_quietly { 5 } else { dice.between(0, 8) } {
            0 => {
                let every = dice.pick(&["100ms", "250ms", "1s"]);
                format!("Periodic(every: \"{every}\")")
            }
            1 => "Batch(arrivals: Periodic(every: \"2s\"), size: Uniform(min: 1, max: 12))".into(),
            2 => {
                "OnOff(on: (rate: \"20/s\", for: \"1s\"), off: (rate: \"0/s\", for: \"2s\"))".into()
            }
            3 => {
                let at = dice.between(0, self.horizon_s / 2);
                format!("Spike(base: \"1/s\", peak: \"30/s\", at: \"{at}s\", for: \"2s\")")
            }
            4 => "Renewal(interval: HyperExponentialBalanced(mean: \"200ms\", cv: 3))".into(),
            5 => {
                let mut at = 0;
                let rows = dice.list(1, 12, |dice, _| {
                    at += dice.between(0, 1500);
                    let size = dice.maybe_of(50, "size", &SIZES);
                    format!("(at: \"{at}ms\", {size}count: {})", dice.between(1, 6))
                });
                format!("Trace(rows: [{rows}])")
            }
            6 => "Superposition([Poisson(rate: \"2/s\"), Periodic(every: \"500ms\")])".into(),
            _ => format!("Poisson(rate: {})", dice.pick(&RATES)),
        }
    }

    fn source(&mut self, dice: &mut Dice, number: u64) -> String {
        let supply = if !self.ends_quietly && dice.chance(20) {
            let clients = dice.between(1, 8);
            let think = dice.pick(&PAUSES);
            format!("closed_loop: (clients: {clients}, think: {think})")
        } else {
            format!("arrivals: {}", self.arrivals(dice))
        };
        let spread = dice.pick(&["\"100B\"", "\"2KiB\"", "Uniform(min: \"10B\", max: \"8KiB\")"]);
        let events = match self.events[number as usize] {
            0 => String::new(),
            count => {
                let names = (0..count).map(|event| format!("(name: \"event{event}\"), "));
                format!("events: [{}], ", names.collect::<String>())
            }
        };
        let filter = dice.maybe_of(20, "filter", &CHANCES);
        let priority = dice.maybe_of(30, "priority", &["-1", "0", "3"]);
        let to = self.destination(dice, 0);
        let route = dice.pick(&["Serial", "Parallel"]);
        let latency = dice.pick(&TIMES);
        let limited = dice.chance(25);
        let rate_limit = if limited {
            format!("rate_limit: {}, ", self.rate_limit(dice, |dice| self.over(dice, true)))
        } else {
            String::new()
        };
        let max_payload = dice.maybe_of(10, "max_payload", &SIZES);
        let publish = dice.maybe(50, "publish", |dice| {
            let attempts = dice.between(1, 3);
            let timeout = dice.pick(&["\"500ms\"", "\"5s\""]);
            format!("(attempts: {attempts}, timeout: {timeout}, wait: \"300ms\")")
        });
        let on_failure = dice.maybe(50, "on_failure", |dice| match dice.between(0, 2) {
            0 => "Drop".to_owned(),
            1 => format!("Store({})", self.store_name(dice)),
            _ => self.nack(dice),
        });
        let resend = dice.maybe(15, "resend", |dice| {
            format!("(probability: {}, after: {})", dice.pick(&CHANCES), dice.pick(&PAUSES))
        });
        self.targets.push((format!("source{number}"), Kind::Source { limited }));
        format!(
            "EventSource(name: \"source{number}\", {supply}, payload: {spread}, {events}{filter}\
             {priority}to: {to}, route: {route}, latency: {latency}, {rate_limit}{max_payload}\
             {publish}{on_failure}{resend})"
        )
    }

    fn bus(&mut self, dice: &mut Dice, number: u64) -> String {
        let max_msgs = dice.between(1, 20);
        let (limits, most) = if dice.chance(80) {
            (format!("max_msgs: {max_msgs}, "), max_msgs)
        } else {
            (String::new(), 50_000)
        };
        let bytes = dice.maybe_of(40, "max_bytes", &SIZES);
        let size = dice.maybe_of(20, "max_msg_size", &SIZES);
        let consumers_max = dice.maybe_of(20, "max_consumers", &["1", "3"]);
        let age = dice.maybe_of(30, "max_age", &["\"1s\"", "\"5s\""]);
        let duplicates = dice.pick(&["\"100ms\"", "\"1s\""]);
        let discard = dice.pick(&["Old", "New"]);
        let retention = dice.pick(&["Limits", "Limits", "Interest", "WorkQueue"]);
        let storage = dice.pick(&["File", "Memory"]);
        let server = dice.pick(&["V2_9", "V2_10", "V2_15"]);
        let on_reject = dice.maybe(70, "on_reject", |dice| self.on_reject(dice, false));
        let deliver =
            if retention == "WorkQueue" { "All" } else { dice.pick(&["New", "All", "Last"]) };
        let ack_wait = dice.pick(&["\"500ms\"", "\"2s\"", "\"30s\""]);
        let pending = dice.maybe_of(30, "max_ack_pending", &["1", "2", "10"]);
        let max_deliver = dice.maybe_of(30, "max_deliver", &["3", "4"]);
        let backoff = dice.maybe_of(20, "backoff", &["[\"500ms\", \"1s\"]"]);
        let name = format!("bus{number}");
        self.bound(&name, "depth", most);
        self.targets.push((name.clone(), Kind::Bus));
        format!(
            "EventBus(name: \"{name}\", {limits}{bytes}{size}{consumers_max}{age}\
             duplicates: {duplicates}, discard: {discard}, retention: {retention}, \
             storage: {storage}, server: {server}, {on_reject}consumers: (ack_wait: {ack_wait}, \
             {pending}{max_deliver}{backoff}deliver: {deliver}))"
        )
    }

    fn dependency(&self, dice: &mut Dice, number: u64) -> String {
        let source = dice.between(0, self.sources - 1);
        let events = self.events[source as usize];
        let event = if events > 0 {
            format!("event: \"event{}\", ", dice.between(0, events - 1))
        } else {
            String::new()
        };
        let filter = dice.maybe_of(25, "filter", &CHANCES);
        format!("(name: \"d{number}\", source: \"source{source}\", {event}{filter})")
    }

    fn sensor(&mut self, dice: &mut Dice, number: u64) -> String {
        let name = format!("sensor{number}");
        let bus = dice.between(0, self.buses - 1);
        let limited = dice.chance(25);
        let rate_limit = if limited {
            format!("rate_limit: {}, ", self.rate_limit(dice, |_| "Wait".to_owned()))
        } else {
            String::new()
        };
        let count = dice.between(1, 3);
        let dependencies = dice.list(count, count, |dice, at| self.dependency(dice, at));
        let triggers = dice.between(1, 3);
        let triggers: String =
            (0..triggers).map(|at| self.trigger(dice, &name, at, count) + ", ").collect();
        let client = dice.maybe_of(60, "client", &["Unlimited", "Limited(qps: 2, burst: 3)"]);
        let processing = dice.maybe_of(60, "processing", &TIMES);
        let version = dice.maybe_of(30, "version", &["\"1.8.1\""]);
        self.targets.push((name.clone(), Kind::Sensor { limited }));
        format!(
            "Sensor(name: \"{name}\", bus: \"bus{bus}\", {rate_limit}\
             dependencies: [{dependencies}], triggers: [{triggers}], {client}{processing}{version})"
        )
    }

    /// A condition over dependencies, and whether it joins events.
    fn condition(dice: &mut Dice, dependencies: u64) -> (String, bool) {
        match dice.between(0, 4) {
            0 => (String::new(), dependencies > 1),
            1 => ("conditions: \"d0\", ".to_owned(), false),
            2 if dependencies == 3 => ("conditions: \"(d0 && d1) || d2\", ".to_owned(), true),
            3 if dependencies > 1 => ("conditions: \"d0 && d1\", ".to_owned(), true),
            _ => {
                let any: Vec<String> = (0..dependencies).map(|at| format!("d{at}")).collect();
                (format!("conditions: \"{}\", ", any.join(" || ")), false)
            }
        }
    }

    fn action(&self, dice: &mut Dice) -> String {
        let mut kinds = vec![0, 1];
        kinds.extend((self.stations > 0).then_some(2));
        kinds.extend((self.stations > 0).then_some(2));
        kinds.extend((self.controllers > 0).then_some(3));
        kinds.extend((self.controllers > 0).then_some(4));
        match dice.pick(&kinds) {
            1 => format!("Store({})", self.store_name(dice)),
            2 => format!("Http(\"station{}\")", dice.between(0, self.stations - 1)),
            3 => format!("Workflow({})", self.template_name(dice)),
            4 => format!("WorkflowAndWait({})", self.template_name(dice)),
            _ => "Log".to_owned(),
        }
    }

    fn trigger(&mut self, dice: &mut Dice, sensor: &str, number: u64, dependencies: u64) -> String {
        let (conditions, joins) = Self::condition(dice, dependencies);
        let reset =
            dice.maybe_of(15, "reset", &["(every: \"3s\")", "(every: \"1s\", first: \"0s\")"]);
        let delivery = dice.pick(&["FireAndForget", "AtLeastOnce"]);
        let limited = dice.chance(40);
        let rate_limit = if limited {
            format!("rate_limit: {}, ", self.rate_limit(dice, |dice| self.over(dice, !joins)))
        } else {
            String::new()
        };
        let action = self.action(dice);
        let latency = dice.pick(&TIMES);
        let failure = dice.maybe_of(30, "failure", &CHANCES);
        let retry = dice.maybe(50, "retry", |dice| self.retry(dice));
        let dead = dice.maybe(40, "dead_letter", |dice| {
            let action = self.action(dice);
            let retry = dice.maybe(50, "retry", |dice| self.retry(dice));
            let failure = dice.maybe_of(30, "failure", &CHANCES);
            format!("(action: {action}, {retry}{failure}latency: {})", dice.pick(&TIMES))
        });
        let policy = if action.starts_with("WorkflowAndWait") {
            dice.maybe(50, "policy", |dice| {
                let (steps, duration) = (dice.between(1, 4), dice.pick(&["0s", "300ms", "1s"]));
                let outcome = dice.pick(&["Success", "Failure"]);
                format!("(steps: {steps}, duration: \"{duration}\", on_timeout: {outcome})")
            })
        } else {
            String::new()
        };
        self.targets.push((format!("{sensor}/t{number}"), Kind::Trigger { limited }));
        format!(
            "(name: \"t{number}\", {conditions}{reset}delivery: {delivery}, {rate_limit}\
             action: {action}, latency: {latency}, {failure}{policy}{retry}{dead})"
        )
    }

    fn station(&mut self, dice: &mut Dice, number: u64) -> String {
        let name = format!("station{number}");
        let servers = dice.between(1, 3);
        let service = dice.pick(&TIMES);
        let room = dice.maybe(70, "max_msgs", |dice| dice.between(0, 5).to_string());
        let bytes = dice.maybe_of(30, "max_bytes", &SIZES);
        let discard = dice.pick(&["New", "New", "Old"]);
        let order = dice.pick(&["Fifo", "Lifo", "Priority"]);
        let limited = dice.chance(40);
        let rate_limit = if limited {
            format!("rate_limit: {}, ", self.rate_limit(dice, |dice| self.over(dice, true)))
        } else {
            String::new()
        };
        let patience = dice.maybe_of(30, "patience", &["\"500ms\"", "Exponential(mean: \"1s\")"]);
        let failure = dice.maybe_of(30, "failure", &CHANCES);
        let on_reject = dice.maybe(80, "on_reject", |dice| self.on_reject(dice, true));
        let on_failure =
            dice.maybe(50, "on_failure", |dice| format!("Store({})", self.store_name(dice)));
        let to = match dice.between(0, 2) {
            0 => String::new(),
            1 => format!("to: {}, ", self.destination(dice, number + 1)),
            _ => {
                let one = self.destination(dice, number + 1);
                let other = self.destination(dice, number + 1);
                let ways =
                    format!("(probability: 0.4, to: {one}), (probability: 0.4, to: {other})");
                format!("split: [{ways}], ")
            }
        };
        self.bound(&name, "busy", servers);
        self.targets.push((name.clone(), Kind::Station { limited }));
        format!(
            "Station(name: \"{name}\", servers: {servers}, service: {service}, \
             queue: ({room}{bytes}discard: {discard}, order: {order}), {rate_limit}{patience}\
             {failure}{on_reject}{on_failure}{to})"
        )
    }

    fn store(&mut self, dice: &mut Dice, number: u64) -> String {
        let name = format!("store{number}");
        let max_msgs = dice.between(0, 15);
        let room = if dice.chance(60) {
            self.bound(&name, "depth", max_msgs);
            format!("max_msgs: {max_msgs}, ")
        } else {
            String::new()
        };
        let bytes = dice.maybe_of(20, "max_bytes", &SIZES);
        let batch = dice.between(1, 5);
        let drain = match dice.between(0, 3) {
            0 => "Never".to_owned(),
            1 => format!("Rate({})", dice.pick(&RATES)),
            2 => {
                let first = dice.maybe_of(30, "first", &["\"0s\"", "\"500ms\""]);
                format!("Every(every: \"1s\", batch: {batch}, {first})")
            }
            _ => format!("WhenIdle(check: \"500ms\", batch: {batch})"),
        };
        let to = self.destination(dice, 0);
        self.targets.push((name.clone(), Kind::Store));
        format!("Store(name: \"{name}\", {room}{bytes}drain: {drain}, to: {to})")
    }

    fn locks(dice: &mut Dice) -> String {
        let semaphore = dice.maybe_of(
            40,
            "semaphores",
            &[
                "[(config_map: \"locks\", key: \"two\")]",
                "[(config_map: \"locks\", key: \"one\")]",
                "[(config_map: \"locks\", key: \"two\"), (config_map: \"locks\", key: \"one\")]",
            ],
        );
        semaphore + &dice.maybe_of(20, "mutexes", &["[\"m\"]", "[\"n\"]"])
    }

    fn workflow_retry(dice: &mut Dice) -> String {
        dice.maybe(30, "retry", |dice| {
            let limit = dice.between(0, 3);
            let duration = dice.maybe_of(50, "duration", &["\"0s\"", "\"1s\""]);
            format!("(limit: {limit}, {duration}factor: {})", dice.between(1, 2))
        })
    }

    fn pod(dice: &mut Dice) -> String {
        let service = dice.pick(&TIMES);
        let failure = dice.maybe_of(30, "failure", &CHANCES);
        format!("service: {service}, {failure}{}", Self::workflow_retry(dice))
    }

    fn node(dice: &mut Dice, name: &str) -> String {
        let pod = Self::pod(dice);
        let deadline = dice.maybe_of(20, "active_deadline", &["\"200ms\"", "\"2s\""]);
        let items = dice.maybe_of(20, "items", &["2", "3"]);
        format!("(name: \"{name}\", {pod}{deadline}{items}{})", Self::locks(dice))
    }

    fn template(dice: &mut Dice, controller: u64, number: u64) -> String {
        let work = match dice.between(0, 3) {
            0 => {
                let (a, b, c) =
                    (Self::node(dice, "a"), Self::node(dice, "b"), Self::node(dice, "c"));
                format!("steps: [[{a}, {b}], [{c}]], {}", Self::workflow_retry(dice))
            }
            1 => {
                let (a, b, c) =
                    (Self::node(dice, "a"), Self::node(dice, "b"), Self::node(dice, "c"));
                format!(
                    "dag: [(node: {a}), (node: {b}, depends: [\"a\"]), \
                     (node: {c}, depends: [\"a\"])], "
                )
            }
            _ => Self::pod(dice),
        };
        let deadline = dice.maybe_of(25, "active_deadline", &["\"500ms\"", "\"3s\""]);
        let parallelism = dice.maybe_of(20, "parallelism", &["1", "2"]);
        let priority = dice.maybe_of(20, "priority", &["-1", "5"]);
        let locks = Self::locks(dice);
        format!(
            "(name: \"template{controller}-{number}\", {work}{deadline}{parallelism}{priority}{locks})"
        )
    }

    fn controller(&mut self, dice: &mut Dice, number: u64) -> String {
        let name = format!("controller{number}");
        let templates: String =
            (0..self.templates).map(|at| Self::template(dice, number, at) + ", ").collect();
        let realism = dice.pick(&["Argo", "Ideal"]);
        let parallelism = dice.maybe(30, "parallelism", |dice| dice.between(1, 4).to_string());
        let namespace = dice.maybe_of(20, "namespace_parallelism", &["1", "2"]);
        let workers = dice.maybe_of(30, "workers", &["1", "3"]);
        let requeue = dice.maybe_of(50, "requeue", &["\"0s\"", "\"500ms\"", "\"2s\""]);
        let api = dice.maybe_of(20, "api_limit", &["(qps: 5, burst: 5)"]);
        let pods = dice.maybe_of(20, "resource_rate_limit", &["(rate: \"2/s\", burst: 1)"]);
        let start = dice.maybe_of(60, "pod_start", &TIMES);
        let pending = dice.maybe_of(40, "max_pending", &["0", "2", "6"]);
        let on_reject = dice.maybe(70, "on_reject", |dice| self.on_reject(dice, false));
        self.bound(&name, "permits", 2 + 1 + 2);
        let locks = templates.contains("semaphores");
        self.targets.push((name.clone(), Kind::Controller { locks }));
        format!(
            "Workflow(name: \"{name}\", templates: [{templates}], realism: {realism}, {parallelism}\
             {namespace}{workers}{requeue}{api}{pods}{start}{pending}{on_reject})"
        )
    }
}
