//! What happened to each event, fact by fact, as CSV: written as it happens, so that a long run needs no
//! more memory than a short one.

use std::io::{self, Write};

use models::{Fact, FactSink, Reason};

use super::Failure;
use super::directory::OutFile;
use super::series::{quoted, seconds};

/// Writes facts to a file.
#[derive(Debug)]
pub(crate) struct Journeys {
    file: OutFile,
    /// By number of the component, quoted where they must be.
    names: Vec<String>,
    /// By [`Reason`]: as in JSON; empty where there is none.
    reasons: Vec<String>,
    /// The first write that failed; nothing is written after it.
    error: Option<io::Error>,
}

impl Journeys {
    /// Begins with the header. `names`: of the components, by number.
    pub(crate) fn new(file: OutFile, names: &[String]) -> Self {
        let names = names.iter().map(|name| quoted(name)).collect();
        let reasons = Reason::ALL.iter().map(name_of).collect();
        let mut journeys = Self { file, names, reasons, error: None };
        journeys.line(format_args!("time_s,event,fact,stage,reason\n"));
        journeys
    }

    /// The end of the file.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        match &self.error {
            Some(error) => Err(self.file.failure(error)),
            None => self.file.finish(),
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        if self.error.is_none() {
            self.error = self.file.write_fmt(line).err();
        }
    }
}

impl FactSink for Journeys {
    fn fact(&mut self, fact: &Fact) {
        let time = seconds(fact.at.as_nanos());
        let stage = self.names.get(usize::from(fact.component)).cloned().unwrap_or_default();
        let reason = self.reasons[fact.reason as usize].clone();
        let (event, kind) = (fact.event, fact.kind.name());
        self.line(format_args!("{time},{event},{kind},{stage},{reason}\n"));
    }
}

fn name_of(reason: &Reason) -> String {
    match (reason, serde_json::to_value(reason)) {
        (Reason::None, _) | (_, Err(_)) => String::new(),
        (_, Ok(name)) => name.as_str().unwrap_or_default().to_owned(),
    }
}
