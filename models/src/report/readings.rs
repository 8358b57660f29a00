//! Two readings of the same manifests side by side: what their author intended, and what is deployed. Both
//! runs have the same seed, and what is drawn for a message does not depend on the reading: what differs
//! comes from the reading alone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::figure::Figure;
use super::{Report, verdict};
use crate::lint::{Finding, Level};
use crate::manifest::difference::Difference;

/// The version of the form.
pub const SCHEMA: &str = "surgetank-readings/1";

/// The reports on both readings, and in which key figures they differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Readings {
    /// Always `surgetank-readings/1`.
    pub schema: String,
    /// The key figures in which the readings differ; empty if they come to the same.
    pub differences: Vec<KeyFigure>,
    /// The parameters of the model in which the readings differ, and why.
    pub parameters: Vec<ParameterDifference>,
    /// The manifests as their author meant them.
    pub intended: Report,
    /// The manifests as the real controllers and servers read them.
    pub deployed: Report,
}

/// A parameter that is one thing as intended and another as deployed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParameterDifference {
    /// The parameter, as for `--set`.
    pub parameter: String,
    /// In words: `you believe 10/min; it does 10/s`.
    pub sentence: String,
    /// The value as intended; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intended: Option<String>,
    /// The value as deployed; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployed: Option<String>,
    /// Where in the manifests it is from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The finding that tells why, if there is one: `ST031`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
}

/// One key figure of both readings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyFigure {
    /// Which.
    pub name: KeyName,
    /// Its unit: `s`, `events` or `workflows`; absent for words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// As intended.
    pub intended: Value,
    /// As deployed.
    pub deployed: Value,
}

/// The key figures, in the order in which they are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyName {
    /// The limit that was reached first, and its stage.
    FirstLimit,
    /// When.
    FirstLimitAt,
    /// Events lost.
    Lost,
    /// When the first of them was.
    FirstLossAt,
    /// The median age of events when their work was done.
    AgeP50,
    /// The same for 99 in 100.
    AgeP99,
    /// From the end of the storm until the backlog was back at its level before.
    Recovery,
    /// Workflows that ended well.
    WorkflowsCompleted,
    /// Events still under way at the end.
    InFlight,
}

/// What a reading has to say for a key figure; `null`: there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Value {
    /// A figure.
    Figure(Figure),
    /// A name.
    Words(String),
    /// Nothing: no limit was reached, nothing was lost, it did not recover.
    None,
}

impl From<Option<Figure>> for Value {
    fn from(figure: Option<Figure>) -> Self {
        figure.map_or(Self::None, Self::Figure)
    }
}

/// A finding about a map stands at its name, which is so many lines above its fields at most.
const ABOVE: u32 = 2;

impl ParameterDifference {
    /// With the findings of the rules on the same line.
    #[must_use]
    pub fn new(difference: &Difference, findings: &[Finding]) -> Self {
        let place = difference.location.as_ref();
        let lines_above = |finding: &Finding| {
            let (there, here) = finding.location.as_ref().zip(place)?;
            let is_near =
                there.file == here.file && difference.object.as_ref() == Some(&finding.object);
            here.line.checked_sub(there.line).filter(|&lines| is_near && lines <= ABOVE)
        };
        let told = findings.iter().filter(|finding| finding.level != Level::Note);
        let near: Vec<(u32, &Finding)> =
            told.filter_map(|finding| Some((lines_above(finding)?, finding))).collect();
        let nearest = near.iter().map(|(lines, _)| *lines).min();
        let nearest = near.iter().filter(|(lines, _)| Some(*lines) == nearest);
        let mut codes: Vec<String> = nearest.map(|(_, finding)| finding.code.to_owned()).collect();
        codes.dedup();
        Self {
            parameter: difference.parameter.clone(),
            sentence: difference.sentence(),
            intended: difference.intended.clone(),
            deployed: difference.deployed.clone(),
            place: place.map(ToString::to_string),
            findings: codes,
        }
    }
}

impl Readings {
    /// Compares two reports on the same manifests; `parameters` are those in which the models differ.
    #[must_use]
    pub fn new(intended: Report, deployed: Report, parameters: Vec<ParameterDifference>) -> Self {
        let mut differences = key_figures(&intended, &deployed);
        differences.retain(|figure| figure.intended != figure.deployed);
        Self { schema: SCHEMA.to_owned(), differences, parameters, intended, deployed }
    }
}

/// All key figures that at least one of the reports has.
pub(super) fn key_figures(intended: &Report, deployed: &Report) -> Vec<KeyFigure> {
    let of = |name, unit: &str, value: fn(&Report) -> Value| KeyFigure {
        name,
        unit: Some(unit).filter(|unit| !unit.is_empty()).map(str::to_owned),
        intended: value(intended),
        deployed: value(deployed),
    };
    let mut figures = vec![
        of(KeyName::FirstLimit, "", first_limit),
        of(KeyName::FirstLimitAt, "s", |report| {
            verdict::reached(report).first().map(|(_, at)| *at).into()
        }),
        of(KeyName::Lost, "events", |report| Value::Figure(report.ledger.dropped)),
        of(KeyName::FirstLossAt, "s", |report| {
            report.first_loss.as_ref().map(|loss| loss.at_s).into()
        }),
        of(KeyName::AgeP50, "s", |report| report.age.as_ref().map(|age| age.p50_s).into()),
        of(KeyName::AgeP99, "s", |report| report.age.as_ref().map(|age| age.p99_s).into()),
        of(KeyName::Recovery, "s", |report| {
            report.recovery.as_ref().and_then(|recovery| recovery.recovery_s).into()
        }),
        of(KeyName::WorkflowsCompleted, "workflows", |report| workflows(report).into()),
        of(KeyName::InFlight, "events", |report| Value::Figure(report.ledger.in_flight)),
    ];
    let has_storm = [intended, deployed].iter().any(|report| report.recovery.is_some());
    let is_there = |figure: &KeyFigure| match figure.name {
        // Without a storm there is nothing to recover from; with one, `null` is news.
        KeyName::Recovery => has_storm,
        KeyName::FirstLimit => true,
        _ => figure.intended != Value::None || figure.deployed != Value::None,
    };
    figures.retain(is_there);
    figures
}

fn first_limit(report: &Report) -> Value {
    match verdict::reached(report).first() {
        Some((limit, _)) => Value::Words(format!("`{}` of `{}`", limit.limit, limit.stage)),
        None => Value::None,
    }
}

/// Of all controllers together. Their intervals cannot be added up: with several of them there is none.
fn workflows(report: &Report) -> Option<Figure> {
    let controllers = report.stages.iter().filter(|stage| stage.kind == "Workflow");
    let completed: Vec<Figure> = controllers.filter_map(|stage| stage.completed).collect();
    match completed.as_slice() {
        [] => None,
        [only] => Some(*only),
        all => Some(Figure::exactly(all.iter().map(|figure| figure.value).sum())),
    }
}
