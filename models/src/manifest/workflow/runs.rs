//! What runs by itself: Workflows, CronWorkflows, and templates that a comment gives a rate.
//!
//! argo-workflows `workflow/cron/operator.go`: a CronWorkflow creates a workflow at each of its times, once where
//! several schedules name one time (the workflow's name has the time in it).

use sim_core::arrival::Schedule;
use sim_core::time::SimDuration;

use crate::event_source::spec::{EventSourceSpec, RouteSpec};
use crate::manifest::assumable::Date;
use crate::manifest::assume::Otherwise;
use crate::manifest::yaml::Node;
use crate::manifest::{Importer, Manifest, RUN_START};
use crate::spec::arrival::{Arrivals, NoFiles};
use crate::spec::check::Checker;
use crate::spec::cron::zone;
use crate::workflow::Version;
use crate::workflows::spec::{ConcurrencySpec, TemplateSpec};

use super::layers::{Layer, Layers};

/// Since then `schedules` is read.
const SCHEDULES_SINCE: Version = Version::new(3, 6, 0);
/// Since then `schedule` is not.
const SCHEDULE_UNTIL: Version = Version::new(4, 0, 0);

/// When a workflow is created if nobody says otherwise: once within any run, at its beginning. A trace of one
/// row would be a peak of one a second.
const ONCE: &str = "Periodic(every: \"365d\")";

/// How long a run may be so that every schedule has a time in it.
const HORIZONS: [(&str, u64); 4] = [("2h", 2), ("1d", 24), ("7d", 7 * 24), ("31d", 31 * 24)];

impl Importer {
    /// A workflow that is created once, or as often as a comment says.
    pub(super) fn workflow(
        &mut self,
        manifest: Manifest<'_>,
        manifests: &[Manifest<'_>],
        templates: &mut Vec<TemplateSpec>,
    ) {
        let name = self.name_of_run("workflow-run", manifest);
        let defaults = self.workflows.settings.defaults.clone();
        let spec = manifest.root.get("spec");
        let layers = Layers::new(self, manifest, spec, manifests, defaults.as_ref());
        let template = self.template(name.clone(), &layers, manifests);
        templates.push(template);
        let source = self.names.of("arrivals", &name);
        for field in ["suspend", "shutdown"] {
            let Some((_, node)) = layers.get(field) else { continue };
            let text = node.scalar().unwrap_or_default();
            if !text.is_empty() && text != "false" {
                return self.take_first(node, format!("{source}.arrivals"), "none: it never runs");
            }
        }
        let parameter = format!("{source}.arrivals");
        let because = "it is submitted when the run begins; a comment gives it a rate";
        let otherwise = Otherwise { value: ONCE, because };
        let arrivals = self.runs_of((manifest, manifest.root), &parameter, otherwise);
        self.start_by_itself(source, &name, arrivals);
    }

    /// A workflow template that a comment gives a rate.
    pub(super) fn asked_for(
        &mut self,
        manifest: Manifest<'_>,
        name: &str,
        manifests: &[Manifest<'_>],
        templates: &mut Vec<TemplateSpec>,
    ) {
        let place = (manifest, manifest.root);
        if ["rate", "arrivals"].iter().all(|it| self.heard_at(&[place], it).is_none()) {
            return;
        }
        let source = self.names.of("arrivals", name);
        let parameter = format!("{source}.arrivals");
        let otherwise = Otherwise { value: ONCE, because: "it is submitted when the run begins" };
        let arrivals = self.runs_of(place, &parameter, otherwise);
        if !templates.iter().any(|it| it.name == name) {
            let template = self.workflow_template(manifest, manifests);
            templates.push(template);
        }
        self.start_by_itself(source, name, arrivals);
    }

    /// When workflows are created: a comment may say `rate 5/min`, or any arrivals of RON.
    fn runs_of(&mut self, place: Layer<'_>, parameter: &str, otherwise: Otherwise<'_>) -> Arrivals {
        for name in ["rate", "arrivals"] {
            let said = self.heard_at(&[place], name);
            if said.is_some() {
                return self.settle(said, name, parameter, otherwise);
            }
        }
        // What an assume block says of all arrivals is about event sources.
        self.settle(None, "runs", parameter, otherwise)
    }

    fn start_by_itself(&mut self, source: String, template: &str, arrivals: Arrivals) {
        self.workflows.sources.push(EventSourceSpec {
            name: source,
            arrivals: Some(arrivals),
            closed_loop: None,
            payload: "1KiB".into(),
            events: Vec::new(),
            filter: 1.0,
            priority: 0,
            to: template.to_owned(),
            route: RouteSpec::Parallel,
            latency: "0s".into(),
            rate_limit: None,
            max_payload: None,
            publish: None,
            on_failure: None,
            resend: None,
        });
    }

    /// The name in the model of what has a name, or the beginning of one, in its metadata.
    fn name_of_run(&mut self, kind: &'static str, manifest: Manifest<'_>) -> String {
        let Manifest { namespace, name, root, .. } = manifest;
        if root.find("metadata").is_some_and(|metadata| metadata.find("name").is_some()) {
            return self.names.object(kind, namespace, name);
        }
        let short = name.trim_end_matches(['-', '.']);
        let short = if short.is_empty() { name } else { short };
        let number = self.workflows.generated.entry(short.to_owned()).or_default();
        *number += 1;
        let own = if *number == 1 { short.to_owned() } else { format!("{short}-{number}") };
        self.names.called(kind, format!("generated {own}"), own)
    }

    /// A workflow that is created again and again.
    pub(super) fn cron_workflow(
        &mut self,
        manifest: Manifest<'_>,
        manifests: &[Manifest<'_>],
        templates: &mut Vec<TemplateSpec>,
    ) {
        let name = self.name_of_run("cron", manifest);
        let defaults = self.workflows.settings.defaults.clone();
        let spec = manifest.root.get("spec");
        let workflow = spec.and_then(|spec| spec.get("workflowSpec"));
        let layers = Layers::new(self, manifest, workflow, manifests, defaults.as_ref());
        let mut template = self.template(name.clone(), &layers, manifests);
        let path = self.template_path(&name);
        let concurrency = spec.map(|spec| self.concurrency(manifest, spec, &path));
        if let Some(Some(policy)) = concurrency {
            template.concurrency = policy;
        }
        templates.push(template);
        let (Some(spec), Some(Some(_))) = (spec, concurrency) else { return };
        let source = self.names.of("arrivals", &name);
        let parameter = format!("{source}.arrivals");
        let suspend = spec.get("suspend");
        if let Some(suspend) = suspend.filter(|it| it.scalar() == Some("true")) {
            return self.take(suspend, parameter, "none: it is suspended");
        }
        if let Some(suspend) = suspend {
            self.take(suspend, parameter.clone(), "by its schedule");
        }
        let Some(schedules) = self.schedules(manifest, spec, &parameter) else { return };
        let timezone = self.timezone(manifest, spec, &parameter);
        let because = "manifests do not say when the run begins";
        let otherwise = Otherwise { value: RUN_START, because };
        let parameter = format!("{parameter}.start");
        let Date(start) = self.value(&[(manifest, manifest.root)], "start", &parameter, otherwise);
        let arrivals = Arrivals::Cron { schedules, timezone, start };
        self.start_by_itself(source, &name, arrivals);
    }

    /// What becomes of a run when an earlier one is not over; none if nothing ever runs.
    fn concurrency(
        &mut self,
        manifest: Manifest<'_>,
        spec: &Node,
        path: &str,
    ) -> Option<ConcurrencySpec> {
        let Some(policy) = spec.get("concurrencyPolicy") else {
            return Some(ConcurrencySpec::Allow);
        };
        let parameter = format!("{path}.concurrency");
        let text = policy.scalar().unwrap_or_default();
        let known = match text {
            "" | "Allow" => Some(ConcurrencySpec::Allow),
            "Forbid" => Some(ConcurrencySpec::Forbid),
            "Replace" => Some(ConcurrencySpec::Replace),
            _ => None,
        };
        if let Some(known) = known {
            self.take(policy, parameter, format!("{known:?}"));
            return Some(known);
        }
        let intends = self.intends();
        let what = if intends { "taken for `Allow`" } else { "the controller runs nothing of it" };
        self.not_modeled(policy, what);
        self.warn(
            manifest,
            policy,
            "concurrency-policy",
            format!("there is no policy `{text}`: {what}"),
        )
        .expected("`Allow`, `Forbid` or `Replace`");
        intends.then_some(ConcurrencySpec::Allow)
    }

    /// The schedules that this release reads; none if there are none that it could follow. One that is wrong
    /// makes all of the CronWorkflow invalid, so that nothing is run.
    fn schedules(
        &mut self,
        manifest: Manifest<'_>,
        spec: &Node,
        parameter: &str,
    ) -> Option<Vec<String>> {
        let version = self.versions.argo_workflows;
        let mut all: Vec<String> = Vec::new();
        let mut is_valid = true;
        for (field, is_read) in
            [("schedule", version < SCHEDULE_UNTIL), ("schedules", version >= SCHEDULES_SINCE)]
        {
            let Some(node) = spec.get(field) else { continue };
            if !is_read && !self.intends() {
                let Version { major, minor, patch } = version;
                self.not_modeled(
                    node,
                    format!(
                        "argo-workflows {major}.{minor}.{patch} does not read it: nothing is run"
                    ),
                );
                continue;
            }
            let items = if field == "schedule" { std::slice::from_ref(node) } else { node.items() };
            for item in items {
                let text = item.scalar().unwrap_or_default().trim();
                let (zoned, fields) = sim_core::arrival::split_zone(text);
                match Schedule::parse(fields) {
                    Ok(_) if zoned.is_none_or(|name| zone(name).is_some()) => {
                        let place = format!("{parameter}.schedules[{}]", all.len());
                        self.take(item, place, text);
                        all.push(text.to_owned());
                    }
                    Ok(_) => {
                        is_valid = false;
                        self.no_schedule(manifest, item, "there is no such time zone");
                    }
                    Err(error) => {
                        is_valid = false;
                        self.no_schedule(manifest, item, &error.to_string());
                    }
                }
            }
        }
        (!all.is_empty() && (is_valid || self.intends())).then_some(all)
    }

    fn no_schedule(&mut self, manifest: Manifest<'_>, node: &Node, why: &str) {
        let what = if self.intends() { "passed over" } else { "the controller runs nothing of it" };
        self.not_modeled(node, format!("no schedule: {what}"));
        self.warn(manifest, node, "bad-schedule", format!("{why}: {what}"));
    }

    fn timezone(&mut self, manifest: Manifest<'_>, spec: &Node, parameter: &str) -> String {
        const UTC: &str = "UTC";
        let Some(node) = spec.get("timezone") else { return UTC.to_owned() };
        let name = node.scalar().unwrap_or_default();
        let parameter = format!("{parameter}.timezone");
        if zone(name).is_none() {
            self.take(node, parameter, UTC);
            let message = format!("there is no time zone `{name}`: taken for UTC");
            self.warn(manifest, node, "unknown-zone", message)
                .expected("a name such as `Europe/Berlin`");
            return UTC.to_owned();
        }
        let name = if name.is_empty() { UTC } else { name };
        self.take(node, parameter, name);
        name.to_owned()
    }

    /// How long to look: long enough for each schedule to have its time, if nothing else sends events.
    pub(in crate::manifest) fn horizon(&self, sources: usize) -> &'static str {
        let own = &self.workflows.sources;
        if own.is_empty() || own.len() < sources {
            return HORIZONS[0].0;
        }
        let needed = own.iter().filter_map(|source| {
            let arrivals = source.arrivals.as_ref()?;
            let process = arrivals.compile(&NoFiles, &mut Checker::new("", None))?;
            HORIZONS.iter().position(|(_, hours)| {
                process.mean_rate_per_s(SimDuration::from_secs(hours * 3_600)) > 0.0
            })
        });
        HORIZONS[needed.max().unwrap_or(0)].0
    }
}
