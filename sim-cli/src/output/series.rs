//! The course of everything over time as tidy CSV: a row per replication, window, stage, metric and
//! statistic.

use std::io::{self, Write};

use models::outcome::{ComponentOutcome, Outcome, SampleOutcome};

use super::directory::OutFile;

const HEADER: &str = "replication,window_start_s,stage,kind,metric,statistic,unit,value\n";

/// Writes the series of all replications.
pub(crate) fn write(file: &mut OutFile, outcomes: &[Outcome]) -> io::Result<()> {
    file.write_all(HEADER.as_bytes())?;
    for outcome in outcomes {
        let mut rows = Rows { file, outcome, stage: String::new(), kind: "Model" };
        rows.counts("backlog", "last", outcome.backlog.iter().map(|&b| u64::from(b)))?;
        rows.counts("lost", "count", outcome.lost.iter().copied())?;
        rows.samples(&outcome.age)?;
        for component in &outcome.components {
            rows.component(component)?;
        }
    }
    Ok(())
}

struct Rows<'a> {
    file: &'a mut OutFile,
    outcome: &'a Outcome,
    /// Quoted where it must be.
    stage: String,
    kind: &'a str,
}

impl<'a> Rows<'a> {
    fn component(&mut self, component: &'a ComponentOutcome) -> io::Result<()> {
        self.stage = quoted(&component.name);
        self.kind = &component.kind;
        for count in &component.counts {
            self.counts(count.fact.name(), "count", count.windows.iter().copied())?;
        }
        for gauge in &component.gauges {
            let unit = if gauge.name == "bytes" { "bytes" } else { "events" };
            for (number, window) in (0..).zip(&gauge.windows) {
                self.row(number, &gauge.name, "mean", unit, &window.mean.to_string())?;
                self.row(number, &gauge.name, "min", unit, &window.min.to_string())?;
                self.row(number, &gauge.name, "max", unit, &window.max.to_string())?;
                self.row(number, &gauge.name, "last", unit, &window.last.to_string())?;
            }
        }
        component.samples.iter().try_for_each(|samples| self.samples(samples))
    }

    fn counts(
        &mut self,
        metric: &str,
        statistic: &str,
        values: impl Iterator<Item = u64>,
    ) -> io::Result<()> {
        for (number, value) in (0..).zip(values) {
            self.row(number, metric, statistic, "events", &value.to_string())?;
        }
        Ok(())
    }

    /// A window in which nothing was measured has only its count.
    fn samples(&mut self, samples: &SampleOutcome) -> io::Result<()> {
        let metric = &samples.name;
        for (number, window) in (0..).zip(&samples.windows) {
            self.row(number, metric, "count", "events", &window.count.to_string())?;
            if window.count > 0 {
                self.row(number, metric, "mean", "s", &seconds(window.mean_ns))?;
                self.row(number, metric, "p50", "s", &seconds(window.p50_ns))?;
                self.row(number, metric, "p99", "s", &seconds(window.p99_ns))?;
                self.row(number, metric, "max", "s", &seconds(window.max_ns))?;
            }
        }
        Ok(())
    }

    fn row(
        &mut self,
        number: u64,
        metric: &str,
        statistic: &str,
        unit: &str,
        value: &str,
    ) -> io::Result<()> {
        let (replication, kind) = (self.outcome.replication, self.kind);
        let start = seconds(number * self.outcome.window_ns);
        let stage = &self.stage;
        writeln!(
            self.file,
            "{replication},{start},{stage},{kind},{metric},{statistic},{unit},{value}"
        )
    }
}

/// Nanoseconds as seconds, exactly.
pub(crate) fn seconds(nanos: u64) -> String {
    let (whole, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    if rest == 0 {
        return whole.to_string();
    }
    let text = format!("{whole}.{rest:09}");
    text.trim_end_matches('0').to_owned()
}

/// A field of a CSV file (RFC 4180).
pub(crate) fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", field.replace('"', "\"\""));
    }
    field.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_exact() {
        for (nanos, expected) in
            [(0, "0"), (1, "0.000000001"), (1_500_000_000, "1.5"), (60_000_000_000, "60")]
        {
            assert_eq!(seconds(nanos), expected);
        }
    }

    #[test]
    fn fields_with_commas_and_quotes() {
        assert_eq!(quoted("plain/name"), "plain/name");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
