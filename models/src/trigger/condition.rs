//! The condition under which a trigger fires: dependencies joined by `&&` and `||`.
//!
//! Argo Events evaluates the expression whenever an event comes, over the dependencies seen since the
//! last firing; without `&` in it every event fires alone (`requiresANDLogic`, argo-events
//! `pkg/eventbus/jetstream/sensor/trigger_conn.go`).

/// A condition over numbered dependencies (at most 64).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// The dependency was seen.
    Seen(u8),
    /// All of them.
    All(Vec<Condition>),
    /// At least one of them.
    Any(Vec<Condition>),
}

/// Why a condition could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ConditionError {
    /// The expression ends, or goes on, where it must not.
    Unexpected {
        /// Byte offset in the expression.
        offset: usize,
        /// What was found, as a phrase.
        found: String,
    },
    /// Parentheses within parentheses, too deep.
    TooDeep {
        /// Byte offset in the expression.
        offset: usize,
    },
    /// A name that is no dependency of the sensor.
    Unknown {
        /// Byte offset in the expression.
        offset: usize,
        /// The name.
        name: String,
    },
}

/// Deeper nesting than this is no condition; it also keeps every recursion over one small.
pub(crate) const DEPTH_MAX: usize = 64;

impl Condition {
    /// Reads `(a && b) || c`; `names` are the dependencies in the order of their numbers.
    ///
    /// # Errors
    /// Says what stands where it must not.
    pub(crate) fn parse(text: &str, names: &[String]) -> Result<Self, ConditionError> {
        let mut parser = Parser { text, at: 0, depth: 0, names };
        let condition = parser.any()?;
        parser.skip_space();
        if parser.at < text.len() {
            return Err(parser.unexpected());
        }
        Ok(condition)
    }

    /// Every dependency must be seen: the condition of a trigger that states none.
    #[must_use]
    pub(crate) fn all_of(dependencies: u8) -> Self {
        Self::All((0..dependencies).map(Self::Seen).collect())
    }

    /// Whether it holds when exactly the dependencies in the bit set `seen` were seen.
    #[must_use]
    pub(crate) fn holds(&self, seen: u64) -> bool {
        match self {
            Self::Seen(dependency) => seen >> dependency & 1 == 1,
            Self::All(parts) => parts.iter().all(|part| part.holds(seen)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(seen)),
        }
    }

    /// Whether an event has to wait for another; if not, each fires alone.
    #[must_use]
    pub(crate) fn joins(&self) -> bool {
        match self {
            Self::Seen(_) => false,
            Self::All(parts) => parts.len() > 1 || parts.iter().any(Self::joins),
            Self::Any(parts) => parts.iter().any(Self::joins),
        }
    }

    /// The dependencies it names, as a bit set.
    #[must_use]
    pub(crate) fn dependencies(&self) -> u64 {
        match self {
            Self::Seen(dependency) => 1 << dependency,
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().fold(0, |all, part| all | part.dependencies())
            }
        }
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    /// Open parentheses.
    depth: usize,
    names: &'t [String],
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Condition, ConditionError> {
        let mut parts = vec![self.all()?];
        while self.eat("||") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::Any(parts) })
    }

    fn all(&mut self) -> Result<Condition, ConditionError> {
        let mut parts = vec![self.one()?];
        while self.eat("&&") {
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::All(parts) })
    }

    fn one(&mut self) -> Result<Condition, ConditionError> {
        if self.eat("(") {
            if self.depth == DEPTH_MAX {
                return Err(ConditionError::TooDeep { offset: self.at - 1 });
            }
            self.depth += 1;
            let inner = self.any()?;
            self.depth -= 1;
            return if self.eat(")") { Ok(inner) } else { Err(self.unexpected()) };
        }
        self.skip_space();
        let rest = &self.text[self.at..];
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '&' | '|'))
            .unwrap_or(rest.len());
        if end == 0 {
            return Err(self.unexpected());
        }
        let name = &rest[..end];
        let Some(number) = self.names.iter().position(|known| known == name) else {
            return Err(ConditionError::Unknown { offset: self.at, name: name.to_owned() });
        };
        self.at += end;
        Ok(Condition::Seen(number as u8))
    }

    fn eat(&mut self, token: &str) -> bool {
        self.skip_space();
        let found = self.text[self.at..].starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn unexpected(&self) -> ConditionError {
        let found = match self.text[self.at..].chars().next() {
            Some(c) => format!("`{c}`"),
            None => "the end".to_owned(),
        };
        ConditionError::Unexpected { offset: self.at, found }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        ["a", "b", "c-1"].map(str::to_owned).to_vec()
    }

    #[test]
    fn conditions_are_read_and_evaluated() {
        // (text, seen sets under which it holds, whether it joins)
        let table: [(&str, &[u64], bool); 5] = [
            ("a", &[0b001, 0b011, 0b101, 0b111], false),
            ("a || b", &[0b001, 0b010, 0b011, 0b101, 0b110, 0b111], false),
            ("a && b", &[0b011, 0b111], true),
            ("(a && b) || c-1", &[0b011, 0b100, 0b101, 0b110, 0b111], true),
            ("a&&(b||c-1)", &[0b011, 0b101, 0b111], true),
        ];
        for (text, holding, joins) in table {
            let condition = Condition::parse(text, &names()).unwrap();
            let holds: Vec<u64> = (0..8).filter(|&seen| condition.holds(seen)).collect();
            assert_eq!(holds, holding, "{text}");
            assert_eq!(condition.joins(), joins, "{text}");
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(Condition::parse(&nested(DEPTH_MAX), &names()), Ok(Condition::Seen(0)));
        // A hundred thousand of them used to overflow the stack.
        for depth in [DEPTH_MAX + 1, 100_000] {
            let error = ConditionError::TooDeep { offset: DEPTH_MAX };
            assert_eq!(Condition::parse(&nested(depth), &names()), Err(error), "{depth}");
        }
    }

    #[test]
    fn what_stands_wrong_is_named() {
        let unexpected =
            |offset, found: &str| ConditionError::Unexpected { offset, found: found.to_owned() };
        let table = [
            ("", unexpected(0, "the end")),
            ("a &&", unexpected(4, "the end")),
            ("a b", unexpected(2, "`b`")),
            ("(a || b", unexpected(7, "the end")),
            ("a & b", unexpected(2, "`&`")),
            ("a && d", ConditionError::Unknown { offset: 5, name: "d".to_owned() }),
        ];
        for (text, error) in table {
            assert_eq!(Condition::parse(text, &names()), Err(error), "{text}");
        }
    }
}
