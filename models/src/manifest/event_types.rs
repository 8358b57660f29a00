//! The types of event sources, and what each does with an event that it could not publish.
//!
//! argo-events v1.9.11, `pkg/eventsources/sources/*/start.go`: webhooks answer 500 and their caller decides;
//! queues deliver again what was not acked; everything else loses the event.

use super::yaml::{Node, Style};
use crate::workflow::Version;

/// Since this release webhooks answer after they have published (argo-events#3448); before, they answered 200
/// at once.
const ANSWERS_AFTER_PUBLISHING: Version = Version::new(1, 9, 6);

/// What becomes of an event whose publish failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fare {
    /// Its caller gets an error and decides.
    Answered,
    /// It comes again after this time, so often if there is a limit.
    Again { after: &'static str, retries: Option<u32>, because: &'static str },
    /// It is lost, and nobody can change that.
    Lost { because: &'static str },
}

/// Who reads events of a source, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A request each; those to one endpoint are published one after the other.
    Webhook,
    /// A loop that publishes one after the other. It was seen in the source of the type.
    Loop,
    /// Several at once, or nobody has looked.
    Side,
}

/// One type.
#[derive(Debug)]
pub(crate) struct EventType {
    /// Its field in `spec`.
    pub(crate) name: &'static str,
    reader: Reader,
    /// Several pods may read at once (the others elect one).
    pub(crate) is_active_active: bool,
    /// The settings of a request, if they do not stand in a field of their own.
    fare: fn(&Node) -> Fare,
}

const LOST: Fare = Fare::Lost { because: "the error is logged, and the next event is taken" };
const ACKED: Fare =
    Fare::Lost { because: "the message is acked or deleted even if it could not be published" };
const VISIBLE: Fare = Fare::Again {
    after: "120s",
    retries: None,
    because: "the message is not deleted, and becomes visible again after 120 s",
};

const fn webhook(name: &'static str) -> EventType {
    EventType { name, reader: Reader::Webhook, is_active_active: true, fare: |_| Fare::Answered }
}

const fn side(name: &'static str, fare: fn(&Node) -> Fare) -> EventType {
    EventType { name, reader: Reader::Side, is_active_active: false, fare }
}

const fn in_turn(name: &'static str, fare: fn(&Node) -> Fare) -> EventType {
    EventType { name, reader: Reader::Loop, is_active_active: false, fare }
}

/// All of them.
const TYPES: &[EventType] = &[
    in_turn("amqp", amqp),
    side("azureEventsHub", |_| Fare::Lost { because: "it keeps no checkpoint" }),
    EventType { is_active_active: true, ..in_turn("azureQueueStorage", |_| VISIBLE) },
    in_turn("azureServiceBus", azure_service_bus),
    webhook("bitbucket"),
    webhook("bitbucketserver"),
    in_turn("calendar", calendar),
    side("emitter", |_| LOST),
    side("file", |_| LOST),
    side("generic", |_| LOST),
    webhook("gerrit"),
    webhook("github"),
    webhook("gitlab"),
    side("hdfs", |_| LOST),
    in_turn("kafka", kafka),
    side("minio", |_| LOST),
    EventType { is_active_active: true, ..side("mns", |_| ACKED) },
    side("mqtt", |_| LOST),
    side("nats", |_| LOST),
    side("nsq", |_| Fare::Again {
        after: "90s",
        retries: Some(4),
        because: "nsqd queues it again, with the delay and the five attempts that its client has by default",
    }),
    side("pubSub", |_| Fare::Again {
        after: "1s",
        retries: None,
        because: "it is nacked, and Pub/Sub delivers it again",
    }),
    side("pulsar", |_| ACKED),
    side("redis", |_| LOST),
    side("redisStream", |_| Fare::Lost {
        because: "it is read again only after a restart of the source",
    }),
    side("resource", |_| LOST),
    side("sftp", |_| LOST),
    webhook("slack"),
    webhook("sns"),
    EventType { is_active_active: true, ..in_turn("sqs", |_| VISIBLE) },
    webhook("storageGrid"),
    webhook("stripe"),
    webhook("webhook"),
];

/// Their names.
pub(crate) const NAMES: &[&str] = &{
    let mut names = [""; TYPES.len()];
    let mut index = 0;
    while index < TYPES.len() {
        names[index] = TYPES[index].name;
        index += 1;
    }
    names
};

impl EventType {
    /// The type of that name.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        TYPES.iter().find(|it| it.name == name)
    }

    /// All of them.
    pub(crate) fn all() -> &'static [Self] {
        TYPES
    }

    /// The type of a name that is written in other letters: nobody reads it.
    pub(crate) fn meant(name: &str) -> Option<&'static Self> {
        TYPES.iter().find(|it| it.name.eq_ignore_ascii_case(name))
    }

    /// What becomes of an event of `config` whose publish failed.
    pub(crate) fn fare(&self, config: &Node, version: Version) -> Fare {
        if self.reader == Reader::Webhook && version < ANSWERS_AFTER_PUBLISHING {
            return Fare::Lost {
                because: "the caller has been answered with 200 already (before v1.9.6)",
            };
        }
        (self.fare)(config)
    }

    /// Whether its events are requests that somebody waits for.
    pub(crate) fn is_webhook(&self) -> bool {
        self.reader == Reader::Webhook
    }

    /// Whether a pod publishes the events of one name one after the other.
    pub(crate) fn is_serial(&self) -> bool {
        self.reader != Reader::Side
    }

    /// The settings of its requests.
    pub(crate) fn request<'n>(&self, config: &'n Node) -> Option<&'n Node> {
        if self.name == "webhook" { Some(config) } else { config.get("webhook") }
    }
}

/// Whether a field is `true`, as Go reads it.
pub(crate) fn is_true(node: Option<&Node>) -> bool {
    node.is_some_and(|it| it.scalar() == Some("true") && it.style() != Style::Quoted)
}

/// Without `consume` the broker counts as acked what it has sent. With it and without `autoAck`, nobody acks:
/// everything comes again, but not before the connection ends.
fn amqp(config: &Node) -> Fare {
    match config.get("consume") {
        Some(consume) if !is_true(consume.get("autoAck")) => Fare::Lost {
            because: "nobody acks it, and it comes again only when the source connects anew",
        },
        _ => Fare::Lost { because: "the broker takes it for acked as soon as it is sent" },
    }
}

fn azure_service_bus(config: &Node) -> Fare {
    if is_true(config.get("deferDelete")) {
        return Fare::Again {
            after: "1m",
            retries: None,
            because: "its lock ends after the queue's lock duration, a minute by default",
        };
    }
    Fare::Lost { because: "it is deleted when it is received" }
}

/// With a ConfigMap to keep the last event in, the same instant is tried again.
fn calendar(config: &Node) -> Fare {
    let persistence = config.get("persistence");
    if persistence.is_some_and(|it| it.find("configMap").is_some_and(|it| !it.is_null())) {
        return Fare::Again {
            after: "100ms",
            retries: None,
            because: "with `persistence` it is tried again every 100 ms",
        };
    }
    LOST
}

fn kafka(config: &Node) -> Fare {
    match config.get("consumerGroup") {
        Some(_) => Fare::Again {
            after: "1s",
            retries: None,
            because: "its offset is not marked, and the group's next session reads it again",
        },
        None => Fare::Lost { because: "the offset of a single partition is kept nowhere" },
    }
}
