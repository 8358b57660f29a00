//! `depends` of a DAG's tasks: which of them run if none fails, and after which others.
//!
//! argo-workflows `docs/enhanced-depends-logic.md`: a task's name alone is that it succeeded, was skipped or is a
//! daemon. In the model a task waits for the success of others and nothing else: a task that only a failure
//! would start is left out, and of several ways to start one all are waited for.

use std::collections::BTreeMap;

/// When a task begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct When {
    /// Whether it does, if nothing fails.
    pub(super) runs: bool,
    /// The tasks that it names, in order of their names.
    pub(super) after: Vec<String>,
    /// Whether all that it says is that those have succeeded.
    pub(super) is_exact: bool,
}

/// Levels of brackets.
const DEPTH_MAX: u32 = 100;

/// When each task begins, by name, given what its `depends` says.
pub(super) fn read(tasks: &[(&str, String)]) -> BTreeMap<String, When> {
    let mut all: BTreeMap<String, When> = BTreeMap::new();
    let mut runs: BTreeMap<&str, bool> = tasks.iter().map(|(name, _)| (*name, true)).collect();
    // What one task is left out for may be what another is left out for in turn.
    for _ in 0..=tasks.len() {
        let before = runs.clone();
        for (name, text) in tasks {
            let when = Reader::new(text, &runs).whole();
            runs.insert(name, when.runs);
            all.insert((*name).to_owned(), when);
        }
        if runs == before {
            break;
        }
    }
    for when in all.values_mut() {
        when.after.retain(|name| runs.get(name.as_str()) == Some(&true));
    }
    all
}

struct Reader<'r> {
    rest: &'r str,
    runs: &'r BTreeMap<&'r str, bool>,
    after: Vec<String>,
    is_exact: bool,
    depth: u32,
}

impl<'r> Reader<'r> {
    fn new(text: &'r str, runs: &'r BTreeMap<&'r str, bool>) -> Self {
        Self { rest: text, runs, after: Vec::new(), is_exact: true, depth: 0 }
    }

    fn whole(mut self) -> When {
        let is_empty = self.rest.trim().is_empty();
        let runs = is_empty || self.any().unwrap_or(true);
        // What could not be read: all that is named there.
        while !self.rest.trim().is_empty() {
            self.is_exact = false;
            if self.one().is_none() {
                let mut rest = self.rest.trim_start().chars();
                rest.next();
                self.rest = rest.as_str();
            }
        }
        self.after.sort();
        self.after.dedup();
        When { runs, after: self.after, is_exact: self.is_exact }
    }

    fn takes(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn any(&mut self) -> Option<bool> {
        let mut value = self.every()?;
        while self.takes("||") {
            self.is_exact = false;
            value |= self.every()?;
        }
        Some(value)
    }

    fn every(&mut self) -> Option<bool> {
        let mut value = self.one()?;
        while self.takes("&&") {
            value &= self.one()?;
        }
        Some(value)
    }

    fn one(&mut self) -> Option<bool> {
        if self.depth == DEPTH_MAX {
            return None;
        }
        if self.takes("!") {
            self.is_exact = false;
            self.depth += 1;
            let value = self.one();
            self.depth -= 1;
            return value.map(|value| !value);
        }
        if self.takes("(") {
            self.depth += 1;
            let value = self.any();
            self.depth -= 1;
            return value.filter(|_| self.takes(")"));
        }
        let text = self.rest.trim_start();
        let end = text.find(|c: char| !(c.is_alphanumeric() || "-_.".contains(c)));
        let (word, rest) = text.split_at(end.unwrap_or(text.len()));
        if word.is_empty() {
            return None;
        }
        self.rest = rest;
        let (name, result) = word.split_once('.').unwrap_or((word, ""));
        let runs = self.runs.get(name).copied();
        if runs.is_some() {
            self.after.push(name.to_owned());
        }
        let runs = runs.unwrap_or(true);
        self.is_exact &= ["", "Succeeded"].contains(&result);
        Some(match result {
            "Failed" | "Errored" | "AllFailed" | "Skipped" => false,
            "Omitted" => !runs,
            _ => runs,
        })
    }
}

/// Leaves out what would have tasks wait for each other in a circle; tells whether there was anything.
pub(super) fn break_circles(after: &mut [Vec<usize>]) -> bool {
    let mut done = vec![false; after.len()];
    loop {
        let is_due = |task: &usize, done: &[bool]| {
            !done[*task] && after[*task].iter().all(|&other| done[other])
        };
        let due: Vec<usize> = (0..after.len()).filter(|task| is_due(task, &done)).collect();
        if due.is_empty() {
            break;
        }
        due.into_iter().for_each(|task| done[task] = true);
    }
    let stuck: Vec<usize> = (0..after.len()).filter(|&task| !done[task]).collect();
    for &task in &stuck {
        after[task].retain(|&other| done[other]);
    }
    !stuck.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn when(text: &str) -> (bool, String, bool) {
        let tasks = [("a", String::new()), ("b-1", String::new()), ("it", text.to_owned())];
        let all = read(&tasks);
        let When { runs, after, is_exact } = all["it"].clone();
        (runs, after.join(" "), is_exact)
    }

    #[test]
    fn expressions_say_whether_and_after_what() {
        let cases = [
            ("", true, "", true),
            ("a", true, "a", true),
            ("a && b-1.Succeeded", true, "a b-1", true),
            ("a || b-1", true, "a b-1", false),
            ("a.Succeeded || a.Failed", true, "a", false),
            ("a.Failed", false, "a", false),
            ("a && b-1.Errored", false, "a b-1", false),
            ("!a.Failed", true, "a", false),
            ("(a || b-1.Failed) && !b-1.Skipped", true, "a b-1", false),
            ("a.AnySucceeded", true, "a", false),
            ("a.Omitted", false, "a", false),
            ("nobody && a", true, "a", true),
            ("a &&", true, "a", true),
            ("a b-1", true, "a b-1", false),
            ("((a", true, "a", true),
            ("\u{e4} % a", true, "a", false),
        ];
        for (text, runs, after, is_exact) in cases {
            assert_eq!(when(text), (runs, after.to_owned(), is_exact), "{text}");
        }
        // No stack is deep enough for this, and none is needed.
        assert!(when(&"(".repeat(100_000)).0);
        assert!(when(&"!".repeat(100_000)).0);
    }

    #[test]
    fn what_follows_a_task_that_is_left_out_is_left_out_as_well() {
        let tasks = [
            ("c", "b".to_owned()),
            ("d", "a || c".to_owned()),
            ("b", "a.Failed".to_owned()),
            ("a", String::new()),
        ];
        let all = read(&tasks);
        let runs: Vec<bool> = ["a", "b", "c", "d"].iter().map(|it| all[*it].runs).collect();
        assert_eq!(runs, [true, false, false, true]);
        assert_eq!(all["d"].after, ["a"]);
    }

    #[test]
    fn circles_are_broken() {
        let mut after = vec![vec![1], vec![0, 2], vec![]];
        assert!(break_circles(&mut after));
        assert_eq!(after, [vec![], vec![2], vec![]]);
        assert!(!break_circles(&mut after));
    }
}
