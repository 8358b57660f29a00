//! Durations as argo-workflows reads them. Not a rule.

use crate::manifest::quantities::go_duration;
use crate::manifest::yaml::Node;

/// A duration in a field: a whole number is seconds, anything else is read as Go does.
pub(super) fn of(node: &Node, field: &str) -> Option<f64> {
    let text = node.text(field)?;
    text.parse::<i64>().map(|it| it as f64).ok().or_else(|| go(text))
}

/// A duration as Go's `time.ParseDuration` reads it, in seconds.
pub(super) fn go(text: &str) -> Option<f64> {
    go_duration(text).map(|nanoseconds| nanoseconds as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::yaml::document;

    #[test]
    fn durations_are_those_of_go_or_seconds() {
        let read = ["10s", "1h30m", "1.5s", "0", "-1s", "10", "1d", "", "5 s", "s"].map(go);
        let expected = [Some(10.0), Some(5_400.0), Some(1.5), Some(0.0), Some(-1.0)];
        assert_eq!(read[..5], expected);
        assert!(read[5..].iter().all(Option::is_none), "{read:?}");
        let node = document("f", "{a: 90, b: \"2m\", c: [1]}", 0).unwrap();
        assert_eq!(
            ["a", "b", "c", "d"].map(|it| of(&node, it)),
            [Some(90.0), Some(120.0), None, None]
        );
    }
}
