//! Retries of everything that a template runs.

use super::controller::controllers;
use super::locks::locks;
use super::retries;
use super::words;
use super::workflows::{Place, is_composed, specs, steps};
use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST081",
    name: "retry-on-steps",
    level: Level::Note,
    title: "a retry of `steps` or a `dag` runs all of it again",
    since: "every version of argo-workflows",
    story: "\
A `retryStrategy` on a template with `steps` or a `dag` retries the whole of it: each attempt is a new node, with \
new pods for the steps that had succeeded as well. Ten steps of which the last fails three times are forty pods, \
and their locks are asked for anew each time. With retries in the templates inside, the attempts multiply.

A `retryStrategy` on the template of the step that fails repeats that step only.",
    links: &["argo-workflows workflow/controller/operator.go:executeTemplate", "argo-workflows docs/retries.md"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    let controllers = controllers(cx);
    for spec in specs(cx, &controllers) {
        for template in spec.templates().iter().filter(|it| it.place != Place::Defaults) {
            let strategy =
                template.node.get("retryStrategy").filter(|_| is_composed(template.node));
            let Some(strategy) = strategy else { continue };
            let steps = steps(template.node);
            if retries::limit(strategy) == Some(0) || steps.len() < 2 {
                continue;
            }
            let inner: Vec<_> = steps
                .iter()
                .filter_map(|it| it.get("inline").or_else(|| spec.template(it.text("template")?)))
                .collect();
            let mut taken: Vec<String> =
                inner.iter().flat_map(|it| locks(it)).map(|it| it.title()).collect();
            taken.sort();
            taken.dedup();
            let inside =
                inner.iter().filter_map(|it| retries::limit(it.get("retryStrategy")?)).max();
            let mut message = format!(
                "each retry of {} runs all of its {} steps again",
                template.title(),
                steps.len()
            );
            if !taken.is_empty() {
                message.push_str(&format!(", and takes {} again", taken.join(" and ")));
            }
            if let (Some(outer), Some(inner)) =
                (retries::limit(strategy), inside.filter(|&it| it > 0))
            {
                let attempts = (f64::from(outer) + 1.0) * (f64::from(inner) + 1.0);
                message.push_str(&format!(
                    "; with the retries inside, a step runs up to {} times",
                    words::number(attempts)
                ));
            }
            cx.at_key(spec.manifest, strategy, message)
                .help("a `retryStrategy` on the templates of the steps repeats only what failed");
        }
    }
}
