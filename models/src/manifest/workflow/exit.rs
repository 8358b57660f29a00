//! Conditions of steps in exit handlers, which are often about how the workflow ended.

/// Levels of brackets.
const DEPTH_MAX: u32 = 50;
/// Bytes of a condition that is looked at.
const LENGTH_MAX: usize = 4_096;

/// Whether a step of an exit handler runs after success, as far as its `when` says so by comparing the
/// workflow's status: `{{workflow.status}} != Succeeded`, also with `&&`, `||` and brackets; none if that
/// depends on something else.
pub(super) fn after_success(when: &str) -> Option<bool> {
    if when.len() > LENGTH_MAX {
        return None;
    }
    let mut reader = Reader { rest: when, depth: 0 };
    let value = reader.any()?;
    value.filter(|_| reader.rest.trim().is_empty())
}

/// Outer options are about the form, inner ones about what is known.
struct Reader<'r> {
    rest: &'r str,
    depth: u32,
}

impl Reader<'_> {
    fn takes(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn any(&mut self) -> Option<Option<bool>> {
        let mut value = self.every()?;
        while self.takes("||") {
            value = match (value, self.every()?) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), other) | (other, Some(false)) => other,
                (None, None) => None,
            };
        }
        Some(value)
    }

    fn every(&mut self) -> Option<Option<bool>> {
        let mut value = self.one()?;
        while self.takes("&&") {
            value = match (value, self.one()?) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), other) | (other, Some(true)) => other,
                (None, None) => None,
            };
        }
        Some(value)
    }

    fn one(&mut self) -> Option<Option<bool>> {
        if self.takes("(") {
            self.depth += 1;
            if self.depth > DEPTH_MAX {
                return None;
            }
            let value = self.any()?;
            self.depth -= 1;
            return self.takes(")").then_some(value);
        }
        let ends = ["&&", "||", "(", ")"].iter().filter_map(|end| self.rest.find(end));
        let (own, rest) = self.rest.split_at(ends.min().unwrap_or(self.rest.len()));
        self.rest = rest;
        (!own.trim().is_empty()).then(|| compared(own))
    }
}

/// A comparison of the status with a word.
fn compared(text: &str) -> Option<bool> {
    let (left, right, is_equal) = match (text.split_once("!="), text.split_once("==")) {
        (Some((left, right)), _) => (left, right, false),
        (None, Some((left, right))) => (left, right, true),
        (None, None) => return None,
    };
    let plain = |text: &str| text.replace(['"', '\'', ' '], "");
    let (left, right) = (plain(left), plain(right));
    let is_status = |text: &str| ["{{workflow.status}}", "{{=workflow.status}}"].contains(&text);
    let other = match (is_status(&left), is_status(&right)) {
        (true, false) => right,
        (false, true) => left,
        _ => return None,
    };
    let is_word = !other.is_empty() && other.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_word.then_some((other == "Succeeded") == is_equal)
}

#[cfg(test)]
mod tests {
    use super::after_success;

    #[test]
    fn comparisons_with_the_status_are_decided() {
        let cases = [
            ("{{workflow.status}} == Succeeded", Some(true)),
            ("{{workflow.status}} != Succeeded", Some(false)),
            ("\"{{workflow.status}}\" == \"Failed\"", Some(false)),
            ("Failed != {{workflow.status}}", Some(true)),
            ("{{workflow.status}} == Failed || {{workflow.status}} == Error", Some(false)),
            (
                "{{x}} == 1 && ('{{workflow.status}}' == 'Failed' || {{workflow.status}} == Error)",
                Some(false),
            ),
            ("{{x}} == 1 || {{workflow.status}} == Succeeded", Some(true)),
            ("{{x}} == 1 && {{workflow.status}} == Succeeded", None),
            ("{{inputs.parameters.x}} == Succeeded", None),
            ("true", None),
            ("", None),
            ("({{workflow.status}} == Succeeded", None),
            ("{{workflow.status}} == Succeeded)", None),
        ];
        for (when, expected) in cases {
            assert_eq!(after_success(when), expected, "{when}");
        }
        assert_eq!(after_success(&"(".repeat(100_000)), None);
    }
}
