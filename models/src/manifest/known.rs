//! The fields of EventBus, EventSource and Sensor that change nothing in the model, with the reason.
//!
//! From argo-events v1.9.11, `pkg/apis/events/v1alpha1/{eventbus,jetstream_eventbus,nats_eventbus,
//! kafka_eventbus,eventsource,sensor,webhook_context,s3,template}*.go`.

/// Fields of one place.
struct Fields {
    /// The path to them: `*` is any name, `a[]` any item of `a`.
    at: &'static str,
    names: &'static [&'static str],
    /// Why they change nothing; empty for those that the importer reads.
    why: &'static str,
}

const fn of(at: &'static str, names: &'static [&'static str], why: &'static str) -> Fields {
    Fields { at, names, why }
}

/// Why the field at `path` of an object of that kind is not modeled, if the real object has it. Everything
/// below a known field is known.
pub(super) fn known(kind: &str, path: &str) -> Option<&'static str> {
    let path = plain(kind, path);
    let fields = of_kind(kind).iter().filter(|fields| !fields.why.is_empty());
    fields.into_iter().find(|fields| fields.has(&path)).map(|fields| fields.why)
}

/// The names of the fields beside `path`.
pub(super) fn siblings(kind: &str, path: &str) -> Vec<&'static str> {
    let path = plain(kind, path);
    let parent = path.rsplit_once('.').map_or("", |(parent, _)| parent);
    let beside =
        of_kind(kind).iter().filter(|fields| fields.at == parent || same(fields.at, parent));
    beside.flat_map(|fields| fields.names.iter().copied()).collect()
}

fn of_kind(kind: &str) -> &'static [Fields] {
    match kind {
        "EventBus" => EVENT_BUS,
        "EventSource" => EVENT_SOURCE,
        "Sensor" => SENSOR,
        _ => &[],
    }
}

/// The path without what changes nothing: a dead-letter trigger has the fields of any other, and a type of
/// event sources is meant in other letters too.
fn plain(kind: &str, path: &str) -> String {
    if kind == "Sensor" {
        return path.replace(".dlqTrigger.", ".");
    }
    let mut parts: Vec<&str> = path.split('.').collect();
    if let (true, Some(of_type)) = (kind == "EventSource" && parts.len() > 2, parts.get_mut(1))
        && let Some(meant) = super::event_types::EventType::meant(of_type)
    {
        *of_type = meant.name;
    }
    parts.join(".")
}

impl Fields {
    fn has(&self, path: &str) -> bool {
        let mut parts = path.split('.');
        let is_there = self.at.split('.').all(|part| parts.next().is_some_and(|it| fits(part, it)));
        is_there
            && parts.next().is_some_and(|part| {
                let name = part.split('[').next().unwrap_or(part);
                self.names.contains(&name)
            })
    }
}

fn same(known: &str, path: &str) -> bool {
    known.split('.').count() == path.split('.').count()
        && known.split('.').zip(path.split('.')).all(|(known, part)| fits(known, part))
}

/// `*` is any name, `a[]` any item of `a`.
fn fits(known: &str, part: &str) -> bool {
    match known.strip_suffix("[]") {
        Some(list) => part.strip_prefix(list).is_some_and(|rest| rest.starts_with('[')),
        None => known == "*" || known == part,
    }
}

const READ: &str = "";
const POD: &str = "its pod";
const ACCESS: &str = "how it gets at the other side";
const WHAT: &str = "what it listens to: how many events that are is assumed";
const CONTENT: &str = "what events carry, not how many";
const HOOKS: &str = "how the hook is set up at the other side";
const CONNECTION: &str = "how often it tries to connect at its start";
const SERVER: &str = "where it listens";

const EVENT_BUS: &[Fields] = &[
    of("spec", &["nats", "jetstream", "kafka", "jetstreamExotic"], READ),
    of("spec.jetstream", &["version", "settings", "streamConfig", "maxPayload"], READ),
    of("spec.jetstream", &["replicas"], "what more servers cost is in the `latency` of sources"),
    of(
        "spec.jetstream",
        &["persistence"],
        "where messages lie: a bus of the model loses none when it restarts",
    ),
    of("spec.jetstream", &["startArgs"], "arguments of nats-server"),
    of("spec.jetstream", BUS_POD, "the bus's pods"),
    of("spec.jetstreamExotic", &["streamConfig"], READ),
    of("spec.jetstreamExotic", &["url", "accessSecret", "tls", "auth"], ACCESS),
    of("spec.nats", &["native", "exotic"], READ),
    of("spec.nats.native", &["maxAge", "maxMsgs", "maxBytes", "maxPayload"], READ),
    of("spec.nats.native", &["replicas"], "what more servers cost is in the `latency` of sources"),
    of(
        "spec.nats.native",
        &["persistence"],
        "where messages lie: a bus of the model loses none when it restarts",
    ),
    of("spec.nats.native", &["auth"], ACCESS),
    of("spec.nats.native", &["maxSubs"], "subscriptions at once: few sensors come near"),
    of(
        "spec.nats.native",
        &["raftHeartbeatTimeout", "raftElectionTimeout", "raftLeaseTimeout", "raftCommitTimeout"],
        "how its servers agree",
    ),
    of("spec.nats.native", BUS_POD, "the bus's pods"),
    of("spec.nats.exotic", &["url", "clusterID", "auth", "accessSecret"], ACCESS),
    of("spec.kafka", &["url", "version", "tls", "sasl"], ACCESS),
    of(
        "spec.kafka",
        &["topic", "consumerGroup", "partitioner"],
        "Kafka's own: the bus is modeled as a stream",
    ),
    of("spec.kafka", &["consumerBatchMaxWait"], "sensors of the model take events one by one"),
];

const BUS_POD: &[&str] = &[
    "containerTemplate",
    "reloaderContainerTemplate",
    "metricsContainerTemplate",
    "metadata",
    "nodeSelector",
    "tolerations",
    "securityContext",
    "imagePullSecrets",
    "priorityClassName",
    "priority",
    "affinity",
    "serviceAccountName",
];

/// Of a webhook, where its fields stand.
const WEBHOOK: &[&str] =
    &["endpoint", "method", "port", "url", "serverCertSecret", "serverKeySecret"];
const WEBHOOK_ACCESS: &[&str] = &["authSecret", "basicAuth"];

const EVENT_SOURCE: &[Fields] = &[
    of("spec", &["eventBusName", "replicas"], READ),
    of("spec", super::event_types::NAMES, READ),
    of("spec", &["template"], POD),
    of("spec", &["service"], "the way to its pod"),
    // Webhooks, as they are and within others.
    of("spec.webhook.*", &["maxPayloadSize", "filter"], READ),
    of("spec.webhook.*", WEBHOOK, SERVER),
    of("spec.webhook.*", WEBHOOK_ACCESS, ACCESS),
    of("spec.webhook.*", &["metadata"], CONTENT),
    of("spec.*.*.webhook", &["maxPayloadSize"], READ),
    of("spec.*.*.webhook", WEBHOOK, SERVER),
    of("spec.*.*.webhook", WEBHOOK_ACCESS, ACCESS),
    of("spec.*.*.webhook", &["metadata"], CONTENT),
    of("spec.amqp.*", &["filter"], READ),
    of("spec.amqp.*", &["url", "urlSecret", "auth", "tls"], ACCESS),
    of(
        "spec.amqp.*",
        &[
            "exchangeName",
            "exchangeType",
            "routingKey",
            "exchangeDeclare",
            "queueDeclare",
            "queueBind",
        ],
        WHAT,
    ),
    of("spec.amqp.*", &["connectionBackoff"], CONNECTION),
    of("spec.amqp.*", &["jsonBody", "metadata"], CONTENT),
    of("spec.amqp.*.consume", &["autoAck"], READ),
    of("spec.amqp.*.consume", &["consumerTag", "exclusive", "noLocal", "noWait"], ACCESS),
    of("spec.azureEventsHub.*", &["filter"], READ),
    of("spec.azureEventsHub.*", &["fqdn", "sharedAccessKeyName", "sharedAccessKey"], ACCESS),
    of("spec.azureEventsHub.*", &["hubName"], WHAT),
    of("spec.azureEventsHub.*", &["metadata"], CONTENT),
    of("spec.azureQueueStorage.*", &["filter"], READ),
    of("spec.azureQueueStorage.*", &["storageAccountName", "connectionString"], ACCESS),
    of("spec.azureQueueStorage.*", &["queueName"], WHAT),
    of("spec.azureQueueStorage.*", &["dlq"], "only for messages that are not what they should be"),
    of("spec.azureQueueStorage.*", &["waitTimeInSeconds"], "how long an empty queue rests"),
    of("spec.azureQueueStorage.*", &["jsonBody", "decodeMessage", "metadata"], CONTENT),
    of("spec.azureServiceBus.*", &["deferDelete", "filter"], READ),
    of("spec.azureServiceBus.*", &["connectionString", "fullyQualifiedNamespace", "tls"], ACCESS),
    of("spec.azureServiceBus.*", &["queueName", "topicName", "subscriptionName"], WHAT),
    of("spec.azureServiceBus.*", &["jsonBody", "metadata"], CONTENT),
    of("spec.bitbucket.*", &["webhook", "filter"], READ),
    of("spec.bitbucket.*", &["auth"], ACCESS),
    of(
        "spec.bitbucket.*",
        &["events", "owner", "projectKey", "repositorySlug", "repositories"],
        WHAT,
    ),
    of("spec.bitbucket.*", &["deleteHookOnFinish"], HOOKS),
    of("spec.bitbucket.*", &["metadata"], CONTENT),
    of("spec.bitbucketserver.*", &["webhook", "filter"], READ),
    of(
        "spec.bitbucketserver.*",
        &["accessToken", "webhookSecret", "bitbucketserverBaseURL", "tls"],
        ACCESS,
    ),
    of(
        "spec.bitbucketserver.*",
        &["projectKey", "repositorySlug", "projects", "repositories", "events"],
        WHAT,
    ),
    of(
        "spec.bitbucketserver.*",
        &["skipBranchRefsChangedOnOpenPR", "oneEventPerChange"],
        "how many events a request becomes is part of the rate",
    ),
    of("spec.bitbucketserver.*", &["deleteHookOnFinish", "checkInterval"], HOOKS),
    of("spec.bitbucketserver.*", &["metadata"], CONTENT),
    of("spec.calendar.*", &["schedule", "interval", "timezone", "persistence", "filter"], READ),
    of(
        "spec.calendar.*",
        &["exclusionDates"],
        "dates on which nothing comes: no run of the model has dates",
    ),
    of("spec.calendar.*", &["metadata"], CONTENT),
    of("spec.calendar.*.persistence", &["configMap"], "where it keeps the last event"),
    of("spec.calendar.*.persistence", &["catchup"], "what it sends after a restart"),
    of("spec.emitter.*", &["filter"], READ),
    of("spec.emitter.*", &["broker", "channelKey", "username", "password", "tls"], ACCESS),
    of("spec.emitter.*", &["channelName"], WHAT),
    of("spec.emitter.*", &["connectionBackoff"], CONNECTION),
    of("spec.emitter.*", &["jsonBody", "metadata"], CONTENT),
    of("spec.file.*", &["filter"], READ),
    of("spec.file.*", &["eventType", "watchPathConfig"], WHAT),
    of("spec.file.*", &["polling"], "how it looks"),
    of("spec.file.*", &["metadata"], CONTENT),
    of("spec.generic.*", &["filter"], READ),
    of("spec.generic.*", &["url", "insecure", "authSecret"], ACCESS),
    of("spec.generic.*", &["config"], WHAT),
    of("spec.generic.*", &["jsonBody", "metadata"], CONTENT),
    of("spec.gerrit.*", &["webhook", "filter"], READ),
    of("spec.gerrit.*", &["auth", "gerritBaseURL", "sslVerify"], ACCESS),
    of("spec.gerrit.*", &["events", "projects"], WHAT),
    of("spec.gerrit.*", &["hookName", "deleteHookOnFinish", "maxTries"], HOOKS),
    of("spec.gerrit.*", &["metadata"], CONTENT),
    of("spec.github.*", &["webhook", "filter"], READ),
    of(
        "spec.github.*",
        &["apiToken", "webhookSecret", "insecure", "githubBaseURL", "githubUploadURL", "githubApp"],
        ACCESS,
    ),
    of("spec.github.*", &["owner", "repository", "repositories", "organizations", "events"], WHAT),
    of("spec.github.*", &["id"], "nobody reads it since v1.6"),
    of("spec.github.*", &["active", "contentType", "deleteHookOnFinish"], HOOKS),
    of("spec.github.*", &["metadata"], CONTENT),
    of("spec.gitlab.*", &["webhook", "filter"], READ),
    of(
        "spec.gitlab.*",
        &["accessToken", "secretToken", "enableSSLVerification", "gitlabBaseURL"],
        ACCESS,
    ),
    of("spec.gitlab.*", &["projectID", "projects", "groups", "events"], WHAT),
    of("spec.gitlab.*", &["deleteHookOnFinish"], HOOKS),
    of("spec.gitlab.*", &["metadata"], CONTENT),
    of("spec.hdfs.*", &["filter"], READ),
    of("spec.hdfs.*", &["directory", "path", "pathRegexp", "type"], WHAT),
    of("spec.hdfs.*", &["checkInterval"], "how often it looks"),
    of(
        "spec.hdfs.*",
        &[
            "addresses",
            "hdfsUser",
            "krbCCacheSecret",
            "krbKeytabSecret",
            "krbUsername",
            "krbRealm",
            "krbConfigConfigMap",
            "krbServicePrincipalName",
        ],
        ACCESS,
    ),
    of("spec.hdfs.*", &["metadata"], CONTENT),
    of("spec.kafka.*", &["consumerGroup", "limitEventsPerSecond", "filter"], READ),
    of(
        "spec.kafka.*",
        &["url", "version", "tls", "sasl", "config", "schemaRegistry", "awsMskIamAuth"],
        ACCESS,
    ),
    of("spec.kafka.*", &["topic", "partition"], WHAT),
    of("spec.kafka.*", &["connectionBackoff"], CONNECTION),
    of("spec.kafka.*", &["jsonBody", "metadata"], CONTENT),
    of("spec.kafka.*.consumerGroup", &["groupName", "rebalanceStrategy"], ACCESS),
    of(
        "spec.kafka.*.consumerGroup",
        &["oldest"],
        "where a new group begins: a run of the model begins empty",
    ),
    of(
        "spec.minio.*",
        &["endpoint", "insecure", "accessKey", "secretKey", "caCertificate", "region"],
        ACCESS,
    ),
    of("spec.minio.*", &["bucket", "events", "filter"], WHAT),
    of("spec.minio.*", &["metadata"], CONTENT),
    of("spec.mns.*", &["filter"], READ),
    of("spec.mns.*", &["accessKey", "secretKey", "endpoint"], ACCESS),
    of("spec.mns.*", &["queue"], WHAT),
    of("spec.mns.*", &["jsonBody", "metadata"], CONTENT),
    of("spec.mqtt.*", &["filter"], READ),
    of("spec.mqtt.*", &["url", "clientId", "tls", "auth"], ACCESS),
    of("spec.mqtt.*", &["topic"], WHAT),
    of("spec.mqtt.*", &["connectionBackoff"], CONNECTION),
    of("spec.mqtt.*", &["jsonBody", "metadata"], CONTENT),
    of("spec.nats.*", &["filter"], READ),
    of("spec.nats.*", &["url", "tls", "auth"], ACCESS),
    of("spec.nats.*", &["subject", "queue"], WHAT),
    of("spec.nats.*", &["connectionBackoff"], CONNECTION),
    of("spec.nats.*", &["jsonBody", "metadata"], CONTENT),
    of("spec.nsq.*", &["filter"], READ),
    of("spec.nsq.*", &["hostAddress", "tls"], ACCESS),
    of("spec.nsq.*", &["topic", "channel"], WHAT),
    of("spec.nsq.*", &["connectionBackoff"], CONNECTION),
    of("spec.nsq.*", &["jsonBody", "metadata"], CONTENT),
    of("spec.pubSub.*", &["filter"], READ),
    of("spec.pubSub.*", &["projectID", "topicProjectID", "credentialSecret"], ACCESS),
    of("spec.pubSub.*", &["topic", "subscriptionID"], WHAT),
    of("spec.pubSub.*", &["deleteSubscriptionOnFinish"], HOOKS),
    of("spec.pubSub.*", &["jsonBody", "metadata"], CONTENT),
    of("spec.pulsar.*", &["filter"], READ),
    of(
        "spec.pulsar.*",
        &[
            "url",
            "tlsTrustCertsSecret",
            "tlsAllowInsecureConnection",
            "tlsValidateHostname",
            "tls",
            "authTokenSecret",
            "authAthenzParams",
            "authAthenzSecret",
        ],
        ACCESS,
    ),
    of("spec.pulsar.*", &["topics", "type"], WHAT),
    of("spec.pulsar.*", &["connectionBackoff"], CONNECTION),
    of("spec.pulsar.*", &["jsonBody", "metadata"], CONTENT),
    of("spec.redis.*", &["filter"], READ),
    of("spec.redis.*", &["hostAddress", "username", "password", "namespace", "tls"], ACCESS),
    of("spec.redis.*", &["db", "channels"], WHAT),
    of("spec.redis.*", &["jsonBody", "metadata"], CONTENT),
    of("spec.redisStream.*", &["filter"], READ),
    of(
        "spec.redisStream.*",
        &["hostAddress", "username", "password", "tls", "consumerGroup"],
        ACCESS,
    ),
    of("spec.redisStream.*", &["db", "streams"], WHAT),
    of(
        "spec.redisStream.*",
        &["maxMsgCountPerRead"],
        "how many it reads at once: it publishes them one by one",
    ),
    of("spec.redisStream.*", &["metadata"], CONTENT),
    of(
        "spec.resource.*",
        &["namespace", "group", "version", "resource", "eventTypes", "filter"],
        WHAT,
    ),
    of("spec.resource.*", &["metadata"], CONTENT),
    of("spec.sftp.*", &["filter"], READ),
    of("spec.sftp.*", &["username", "password", "sshKeySecret", "address"], ACCESS),
    of("spec.sftp.*", &["eventType", "watchPathConfig"], WHAT),
    of("spec.sftp.*", &["pollIntervalDuration"], "how often it looks"),
    of("spec.sftp.*", &["metadata"], CONTENT),
    of("spec.slack.*", &["webhook", "filter"], READ),
    of("spec.slack.*", &["signingSecret", "token"], ACCESS),
    of("spec.slack.*", &["metadata"], CONTENT),
    of("spec.sns.*", &["webhook", "filter"], READ),
    of(
        "spec.sns.*",
        &["accessKey", "secretKey", "region", "roleARN", "endpoint", "validateSignature"],
        ACCESS,
    ),
    of("spec.sns.*", &["topicArn"], WHAT),
    of("spec.sns.*", &["metadata"], CONTENT),
    of("spec.sqs.*", &["filter"], READ),
    of(
        "spec.sqs.*",
        &[
            "accessKey",
            "secretKey",
            "sessionToken",
            "region",
            "roleARN",
            "endpoint",
            "queueAccountId",
        ],
        ACCESS,
    ),
    of("spec.sqs.*", &["queue"], WHAT),
    of("spec.sqs.*", &["waitTimeSeconds"], "how long a look at an empty queue lasts"),
    of("spec.sqs.*", &["dlq"], "only for messages that are not what they should be"),
    of("spec.sqs.*", &["jsonBody", "metadata"], CONTENT),
    of("spec.storageGrid.*", &["webhook"], READ),
    of("spec.storageGrid.*", &["authToken", "apiURL", "region", "tls"], ACCESS),
    of("spec.storageGrid.*", &["events", "filter", "topicArn", "bucket"], WHAT),
    of("spec.storageGrid.*", &["metadata"], CONTENT),
    of("spec.stripe.*", &["webhook"], READ),
    of("spec.stripe.*", &["apiKey"], ACCESS),
    of("spec.stripe.*", &["createWebhook"], HOOKS),
    of("spec.stripe.*", &["eventFilter"], WHAT),
    of("spec.stripe.*", &["metadata"], CONTENT),
];

const MAPPING: &str = "what the event's content becomes, not how often";
const CALL: &str = "the call itself: how long it takes and how often it fails is assumed";

const SENSOR: &[Fields] = &[
    of("spec", &["dependencies", "triggers", "eventBusName"], READ),
    of("spec", &["template"], POD),
    of("spec", &["replicas"], "one pod is active at a time"),
    of("spec", &["revisionHistoryLimit", "loggingFields"], "nothing of it is about events"),
    of("spec", &["errorOnFailedRound"], "nobody reads it: a sensor goes on after a failed trigger"),
    of("spec.dependencies[]", &["name", "eventSourceName", "eventName", "filters"], READ),
    of("spec.dependencies[]", &["transform"], CONTENT),
    of("spec.dependencies[]", &["filtersLogicalOperator"], "part of the share of events that pass"),
    of(
        "spec.triggers[]",
        &["template", "policy", "retryStrategy", "rateLimit", "atLeastOnce", "dlqTrigger"],
        READ,
    ),
    of("spec.triggers[]", &["parameters"], MAPPING),
    of("spec.triggers[].rateLimit", &["unit", "requestsPerUnit"], READ),
    of("spec.triggers[].retryStrategy", &["steps", "duration", "factor", "jitter"], READ),
    of("spec.triggers[].policy", &["k8s", "status"], READ),
    of("spec.triggers[].policy.k8s", &["backoff", "errorOnBackoffTimeout"], READ),
    of(
        "spec.triggers[].policy.k8s",
        &["labels"],
        "what it looks for: that the workflow has succeeded",
    ),
    of("spec.triggers[].template", &["name", "conditions", "conditionsReset"], READ),
    of("spec.triggers[].template", super::action::TEMPLATES, READ),
    of("spec.triggers[].template.conditionsReset[].byTime", &["cron", "timezone"], READ),
    of("spec.triggers[].template.k8s", &["source", "operation"], READ),
    of("spec.triggers[].template.k8s", &["parameters"], MAPPING),
    of("spec.triggers[].template.k8s", &["patchStrategy", "liveObject"], CALL),
    of("spec.triggers[].template.argoWorkflow", &["source", "operation"], READ),
    of("spec.triggers[].template.argoWorkflow", &["parameters"], MAPPING),
    of("spec.triggers[].template.argoWorkflow", &["args"], "arguments of the argo command"),
    of("spec.triggers[].template.http", &["url", "timeout"], READ),
    of("spec.triggers[].template.http", &["payload", "parameters", "dynamicHeaders"], MAPPING),
    of(
        "spec.triggers[].template.http",
        &["method", "headers", "secureHeaders", "basicAuth", "tls", "host"],
        CALL,
    ),
    of("spec.triggers[].template.awsLambda", &["payload", "parameters"], MAPPING),
    of(
        "spec.triggers[].template.awsLambda",
        &["functionName", "accessKey", "secretKey", "region", "invocationType", "roleARN"],
        CALL,
    ),
    of("spec.triggers[].template.custom", &["payload", "parameters", "spec"], MAPPING),
    of(
        "spec.triggers[].template.custom",
        &["serverURL", "secure", "certSecret", "serverNameOverride"],
        CALL,
    ),
    of("spec.triggers[].template.kafka", &["payload", "parameters"], MAPPING),
    of(
        "spec.triggers[].template.kafka",
        &[
            "url",
            "topic",
            "partition",
            "requiredAcks",
            "compress",
            "flushFrequency",
            "tls",
            "partitioningKey",
            "version",
            "sasl",
            "schemaRegistry",
            "headers",
            "secureHeaders",
        ],
        CALL,
    ),
    of("spec.triggers[].template.nats", &["payload", "parameters"], MAPPING),
    of("spec.triggers[].template.nats", &["url", "subject", "tls", "auth"], CALL),
    of("spec.triggers[].template.pulsar", &["payload", "parameters"], MAPPING),
    of(
        "spec.triggers[].template.pulsar",
        &[
            "url",
            "topic",
            "tlsTrustCertsSecret",
            "tlsAllowInsecureConnection",
            "tlsValidateHostname",
            "tls",
            "authTokenSecret",
            "connectionBackoff",
            "authAthenzParams",
            "authAthenzSecret",
        ],
        CALL,
    ),
    of(
        "spec.triggers[].template.slack",
        &["parameters", "message", "attachments", "blocks"],
        MAPPING,
    ),
    of("spec.triggers[].template.slack", &["slackToken", "channel", "thread", "sender"], CALL),
    of("spec.triggers[].template.openWhisk", &["payload", "parameters"], MAPPING),
    of(
        "spec.triggers[].template.openWhisk",
        &["host", "version", "namespace", "authToken", "actionName"],
        CALL,
    ),
    of(
        "spec.triggers[].template.log",
        &["intervalSeconds"],
        "how often it writes: it costs nothing",
    ),
    of("spec.triggers[].template.azureEventHubs", &["payload", "parameters"], MAPPING),
    of(
        "spec.triggers[].template.azureEventHubs",
        &["fqdn", "hubName", "sharedAccessKeyName", "sharedAccessKey"],
        CALL,
    ),
    of("spec.triggers[].template.azureServiceBus", &["payload", "parameters"], MAPPING),
    of(
        "spec.triggers[].template.azureServiceBus",
        &["connectionString", "queueName", "topicName", "subscriptionName", "tls"],
        CALL,
    ),
    of("spec.triggers[].template.email", &["parameters", "subject", "body"], MAPPING),
    of(
        "spec.triggers[].template.email",
        &["username", "smtpPassword", "host", "port", "to", "from"],
        CALL,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_at_any_depth() {
        let cases = [
            ("Sensor", "spec.template.container.env[0].name", Some(POD)),
            ("Sensor", "spec.triggers[3].template.http.method", Some(CALL)),
            ("Sensor", "spec.triggers[3].dlqTrigger.template.http.method", Some(CALL)),
            ("Sensor", "spec.triggers[0].parameters[2].dest", Some(MAPPING)),
            ("Sensor", "spec.triggers[0].template.http.metod", None),
            ("EventSource", "spec.github.a.webhook.endpoint", Some(SERVER)),
            ("EventSource", "spec.webhook.a.endpoint", Some(SERVER)),
            ("EventSource", "spec.mqtt.a.endpoint", None),
            ("EventBus", "spec.jetstream.startArgs[0]", Some("arguments of nats-server")),
            ("Workflow", "spec.template", None),
        ];
        for (kind, path, expected) in cases {
            assert_eq!(known(kind, path), expected, "{kind} {path}");
        }
    }

    #[test]
    fn names_beside_a_field_are_suggested() {
        assert!(siblings("Sensor", "spec.rateLimits").contains(&"triggers"));
        assert!(siblings("Sensor", "spec.triggers[1].ratelimit").contains(&"rateLimit"));
        assert!(siblings("EventSource", "spec.pubsub").contains(&"pubSub"));
        assert!(
            siblings("EventSource", "spec.kafka.x.limitEventPerSecond")
                .contains(&"limitEventsPerSecond")
        );
    }
}
