//! Arrival processes as written: `Poisson(rate: "150/s")`, `Spike(base: "5/s", peak: "200/s", ...)`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim_core::arrival::{
    ArrivalProcess, Pattern, ProfilePoint, Shape, TraceErrors, TraceRow, parse_trace,
};
use sim_core::dist::Distribution;
use sim_core::time::{SimDuration, SimTime};

use super::check::Checker;
use super::cron;
use super::distribution::{DurationSpread, NumberSpread, Spread};
use super::quantity::{BytesText, DurationText, QuantityText, RateText};
use super::ron_text::utf8;
use crate::diagnostic::{Diagnostic, Location};

/// Gives the content of the files that a model names; this crate reads none itself.
pub trait Files {
    /// The bytes of the file at `path`, which is relative to the model.
    ///
    /// # Errors
    /// Why the file cannot be read, to follow "cannot read `path`: ".
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;
}

/// No files at all: for models that are given as a text.
#[derive(Clone, Copy, Debug)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        Err("files cannot be read here".to_owned())
    }
}

/// When events arrive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum Arrivals {
    /// Evenly, like a clock.
    Periodic {
        /// The time from one event to the next.
        every: DurationText,
        /// When the first one comes.
        #[serde(default = "no_time")]
        offset: DurationText,
    },
    /// At random at a constant rate, independently of each other.
    Poisson {
        /// The mean rate.
        rate: RateText,
    },
    /// With independent gaps from a distribution.
    Renewal {
        /// The gap from one event to the next.
        interval: DurationSpread,
    },
    /// Several events at once.
    Batch {
        /// When batches arrive.
        arrivals: Box<Arrivals>,
        /// How many events a batch has.
        size: NumberSpread,
    },
    /// Two rates by turns, Poisson within each; begins with `on`.
    OnOff {
        /// The busy turns.
        on: Turn,
        /// The quiet turns.
        off: Turn,
    },
    /// A Markov-modulated Poisson process: states with a rate each, exponential times in them.
    Mmpp {
        /// The states, gone through in order again and again unless there are `transitions`.
        states: Vec<State>,
        /// The probability of going from the state of the row to the state of the column.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        transitions: Vec<Vec<f64>>,
    },
    /// A rate that follows points in time, with steps and ramps. After the last point it stays.
    Profile {
        /// The points, in order.
        points: Vec<Point>,
        /// How arrivals spread over the time that the rate gives them.
        #[serde(default)]
        pattern: Spacing,
        /// After this time the profile begins anew.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        repeat: Option<DurationText>,
    },
    /// Day and night: a rate that follows a cosine, Poisson.
    Diurnal {
        /// The mean rate.
        mean: RateText,
        /// How far the rate swings around the mean, from 0 (not at all) to 1 (down to zero).
        amplitude: f64,
        /// The length of a day.
        #[serde(default = "one_day")]
        period: DurationText,
        /// When the rate is highest.
        peak_at: DurationText,
    },
    /// A storm: a base rate, then a peak for a while, then the base again; Poisson.
    Spike {
        /// The rate before and after.
        base: RateText,
        /// The rate at the top.
        peak: RateText,
        /// When the rate begins to rise.
        at: DurationText,
        /// How long the peak lasts, without the ramps.
        #[serde(rename = "for")]
        lasts: DurationText,
        /// How long the rate takes to rise, and to fall.
        #[serde(default = "no_time")]
        ramp: DurationText,
    },
    /// Arrivals as they were recorded: from a file or written here.
    Trace {
        /// A CSV file with the columns `timestamp,size_bytes[,count]`, beside the model.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<String>,
        /// The arrivals themselves, in order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        rows: Vec<Row>,
    },
    /// At the times that a calendar names, as cron does.
    Cron {
        /// Five fields (minute, hour, day of the month, month, weekday) such as `"*/5 9-17 * * mon-fri"`,
        /// `"@daily"` and its like, or `"@every 90s"`; a time zone may stand before, as in
        /// `"CRON_TZ=Asia/Tokyo 0 9 * * *"`. A time that several name counts once.
        schedules: Vec<String>,
        /// The zone whose clocks count: a name such as `"Europe/Berlin"`, or an offset such as `"+09:00"`.
        #[serde(default = "utc")]
        timezone: String,
        /// The date at which the run begins, such as `"2026-11-27T00:00:00Z"`.
        start: String,
    },
    /// All the arrivals of several processes.
    Superposition(Vec<Arrivals>),
}

/// One kind of turn of [`Arrivals::OnOff`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// The mean rate during the turn; `"0/s"` is silence.
    pub rate: RateText,
    /// How long a turn lasts.
    #[serde(rename = "for")]
    pub lasts: DurationSpread,
}

/// One state of [`Arrivals::Mmpp`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The mean rate in this state; `"0/s"` is silence.
    pub rate: RateText,
    /// How long a stay in this state lasts on average.
    pub mean_sojourn: DurationText,
}

/// One point of [`Arrivals::Profile`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// When, from the beginning of the run or of the period.
    pub at: DurationText,
    /// The rate from there on; `"0/s"` is silence.
    pub rate: RateText,
    /// How the rate comes there.
    #[serde(default)]
    pub shape: Approach,
}

/// How a rate comes to a [`Point`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Approach {
    /// It jumps there.
    #[default]
    Step,
    /// It moves in a straight line from the point before.
    Ramp,
}

/// How arrivals spread over the time that a rate gives them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Spacing {
    /// At random.
    #[default]
    Poisson,
    /// Evenly.
    Regular,
}

/// One recorded arrival of [`Arrivals::Trace`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// When, from the beginning of the run.
    pub at: DurationText,
    /// The size of each event, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<BytesText>,
    /// How many events at once.
    #[serde(default = "one_event")]
    pub count: u32,
}

fn no_time() -> DurationText {
    "0s".into()
}

fn one_day() -> DurationText {
    "1d".into()
}

fn utc() -> String {
    "UTC".to_owned()
}

fn one_event() -> u32 {
    1
}

/// The parameters of the constructors in `sim_core::arrival` and the fields they come from.
const PLACES: &[(&str, &str)] = &[
    ("interval", "every"),
    ("rate_per_s", "rate"),
    ("mean gap", "interval"),
    ("mean batch size", "size"),
    ("on_rate_per_s", "on.rate"),
    ("off_rate_per_s", "off.rate"),
    ("rates_per_s[]", "states[].rate"),
    ("mean_sojourn[]", "states[].mean_sojourn"),
    ("points[].rate_per_s", "points[].rate"),
    ("mean_rate_per_s", "mean"),
    ("relative_amplitude", "amplitude"),
    ("base_per_s", "base"),
    ("peak_per_s", "peak"),
    ("processes", ""),
];

impl Arrivals {
    /// The process that runs; what is wrong with it is reported. `files` gives the traces.
    pub fn compile(&self, files: &dyn Files, cx: &mut Checker<'_>) -> Option<ArrivalProcess> {
        let built = match self {
            Self::Periodic { every, offset } => {
                let every = cx.positive_duration("every", every);
                let offset = cx.duration("offset", offset);
                ArrivalProcess::periodic(every?, offset?)
            }
            Self::Poisson { rate } => {
                ArrivalProcess::poisson(cx.positive_rate("rate", rate)?.per_s())
            }
            Self::Renewal { interval } => {
                ArrivalProcess::renewal(spread(cx, "interval", interval)?)
            }
            Self::Batch { arrivals, size } => {
                let arrivals = cx.field("arrivals", |cx| arrivals.compile(files, cx));
                let size = spread(cx, "size", size);
                ArrivalProcess::batch(arrivals?, size?)
            }
            Self::OnOff { on, off } => {
                let on = cx.field("on", |cx| on.compile(cx));
                let off = cx.field("off", |cx| off.compile(cx));
                let ((on_rate, on), (off_rate, off)) = (on?, off?);
                ArrivalProcess::on_off(on_rate, on, off_rate, off)
            }
            Self::Mmpp { states, transitions } => {
                let states = cx.each("states", states, |cx, state| state.compile(cx))?;
                let (rates, sojourns): (Vec<f64>, Vec<SimDuration>) = states.into_iter().unzip();
                match transitions.as_slice() {
                    [] => ArrivalProcess::mmpp(&rates, &sojourns),
                    rows => ArrivalProcess::mmpp_with_transitions(&rates, &sojourns, rows),
                }
            }
            Self::Profile { points, pattern, repeat } => {
                let points = cx.each("points", points, |cx, point| point.compile(cx));
                let repeat = match repeat {
                    Some(repeat) => cx.positive_duration("repeat", repeat).map(Some),
                    None => Some(None),
                };
                ArrivalProcess::profile(points?, pattern.compile(), repeat?)
            }
            Self::Diurnal { mean, amplitude, period, peak_at } => {
                let mean = cx.positive_rate("mean", mean);
                let period = cx.positive_duration("period", period);
                let peak_at = instant(cx, "peak_at", peak_at);
                // The amplitude is checked even if the others could not be read.
                let amplitude = cx.field("amplitude", |cx| {
                    let fits = (0.0..=1.0).contains(amplitude);
                    cx.require(fits, amplitude, "from 0 to 1").then_some(*amplitude)
                });
                ArrivalProcess::diurnal(mean?.per_s(), amplitude?, period?, peak_at?)
            }
            Self::Spike { base, peak, at, lasts, ramp } => {
                let base = cx.rate_per_s_or_zero("base", base);
                let peak = cx.positive_rate("peak", peak);
                let at = instant(cx, "at", at);
                let lasts = cx.duration("for", lasts);
                let ramp = cx.duration("ramp", ramp);
                ArrivalProcess::spike(base?, peak?.per_s(), at?, lasts?, ramp?)
            }
            Self::Trace { file, rows } => {
                ArrivalProcess::trace(trace(cx, files, file.as_deref(), rows)?)
            }
            Self::Cron { schedules, timezone, start } => {
                return cron::compile(schedules, timezone, start, cx);
            }
            Self::Superposition(parts) => {
                let parts = cx.elements(parts, |cx, part| part.compile(files, cx))?;
                ArrivalProcess::superposition(parts)
            }
        };
        cx.built(built, PLACES)
    }
}

fn spread<Q: QuantityText>(
    cx: &mut Checker<'_>,
    name: &str,
    spread: &Spread<Q>,
) -> Option<Distribution> {
    cx.field(name, |cx| spread.compile(cx))
}

fn instant(cx: &mut Checker<'_>, name: &str, text: &DurationText) -> Option<SimTime> {
    cx.duration(name, text).map(|since| SimTime::ZERO + since)
}

impl Turn {
    fn compile(&self, cx: &mut Checker<'_>) -> Option<(f64, Distribution)> {
        let rate = cx.rate_per_s_or_zero("rate", &self.rate);
        let lasts = spread(cx, "for", &self.lasts);
        rate.zip(lasts)
    }
}

impl State {
    fn compile(&self, cx: &mut Checker<'_>) -> Option<(f64, SimDuration)> {
        let rate = cx.rate_per_s_or_zero("rate", &self.rate);
        rate.zip(cx.duration("mean_sojourn", &self.mean_sojourn))
    }
}

impl Point {
    fn compile(&self, cx: &mut Checker<'_>) -> Option<ProfilePoint> {
        let at = instant(cx, "at", &self.at);
        let rate = cx.rate_per_s_or_zero("rate", &self.rate);
        let shape = match self.shape {
            Approach::Step => Shape::Step,
            Approach::Ramp => Shape::Ramp,
        };
        Some(ProfilePoint { at: at?, rate_per_s: rate?, shape })
    }
}

impl Spacing {
    const fn compile(self) -> Pattern {
        match self {
            Self::Poisson => Pattern::Poisson,
            Self::Regular => Pattern::Regular,
        }
    }
}

impl Row {
    fn compile(&self, cx: &mut Checker<'_>) -> Option<TraceRow> {
        let at = instant(cx, "at", &self.at);
        let size_bytes = match &self.size {
            None => Some(None),
            Some(size) => cx.bytes("size", size).and_then(|bytes| {
                let fits = u32::try_from(bytes.as_u64()).ok();
                cx.field("size", |cx| cx.require(fits.is_some(), size, "less than `4GiB`"));
                fits.map(Some)
            }),
        };
        Some(TraceRow { at: at?, size_bytes: size_bytes?, count: self.count })
    }
}

fn trace(
    cx: &mut Checker<'_>,
    files: &dyn Files,
    file: Option<&str>,
    rows: &[Row],
) -> Option<Vec<TraceRow>> {
    match (file, rows) {
        (Some(file), []) => cx.field("file", |cx| trace_file(cx, files, file)),
        (None, [_, ..]) => cx.each("rows", rows, |cx, row| row.compile(cx)),
        (found, _) => {
            let has = if found.is_some() { "both" } else { "neither" };
            let expected = "either a `file` or `rows`";
            cx.error(format!("the trace has {has} of `file` and `rows`")).expected(expected);
            None
        }
    }
}

fn trace_file(cx: &mut Checker<'_>, files: &dyn Files, file: &str) -> Option<Vec<TraceRow>> {
    let bytes = match files.read(file) {
        Ok(bytes) => bytes,
        Err(reason) => {
            cx.error(format!("cannot read `{file}`: {reason}")).code("unreadable-file");
            return None;
        }
    };
    let text = utf8(file, &bytes).map_err(|found| cx.add(found)).ok()?;
    parse_trace(text).map_err(|errors| report_trace(cx, file, &errors)).ok()
}

fn report_trace(cx: &mut Checker<'_>, file: &str, errors: &TraceErrors) {
    let path = cx.path().to_owned();
    cx.add(errors.listed.iter().map(|error| {
        let message = match (error.column, error.found.as_str()) {
            ("row", "") => "the trace has no rows".to_owned(),
            (column, "") => format!("the {column} is missing"),
            (column, found) => format!("wrong {column}: `{found}`"),
        };
        let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let mut diagnostic = Diagnostic::error(path.as_str(), message);
        diagnostic.code("bad-trace").expected(error.expected.as_str()).at(Some(Location {
            file: file.to_owned(),
            line: number(error.line),
            column: number(error.at),
            length: number(error.length),
        }));
        diagnostic
    }));
    if errors.omitted > 0 {
        cx.error(format!("`{file}` has {} more problems", errors.omitted));
    }
}

#[cfg(test)]
#[path = "arrival_tests.rs"]
mod tests;
