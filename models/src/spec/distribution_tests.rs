use serde::Deserialize;

use super::*;
use crate::diagnostic::Diagnostics;
use crate::spec::ron_text;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    latency: DurationSpread,
    #[serde(default = "kibibyte")]
    size: SizeSpread,
}

fn kibibyte() -> SizeSpread {
    "1KiB".into()
}

fn check(text: &str) -> Result<(Distribution, Distribution), Diagnostics> {
    let (step, spans) = ron_text::parse::<Step>("m.ron", text)?;
    let mut cx = Checker::new("m.ron", Some(&spans));
    let latency = cx.field("latency", |cx| step.latency.compile(cx));
    let size = cx.field("size", |cx| step.size.compile(cx));
    let found = cx.finish();
    latency.zip(size).filter(|_| !found.has_errors()).ok_or(found)
}

/// Means by the formulas of the distributions.
#[test]
fn every_law_is_read_and_compiled() {
    let cases = [
        (r#""30ms""#, 0.03),
        (r#"Constant("30ms")"#, 0.03),
        (r#"Uniform(min: "10ms", max: "30ms")"#, 0.02),
        (r#"Exponential(mean: "30ms")"#, 0.03),
        (r#"Erlang(k: 3, mean: "30ms")"#, 0.03),
        (r#"Gamma(mean: "30ms", cv: 0.5)"#, 0.03),
        (
            r#"HyperExponential(branches: [
                (probability: 0.9, mean: "10ms"), (probability: 0.1, mean: "100ms")])"#,
            0.019,
        ),
        (r#"HyperExponentialBalanced(mean: "30ms", cv: 2)"#, 0.03),
        (r#"LogNormal(mean: "30ms", cv: 1.5)"#, 0.03),
        (r#"Weibull(shape: 1, scale: "30ms")"#, 0.03),
        (r#"Empirical(["10ms", "20ms", "60ms"])"#, 0.03),
    ];
    for (law, mean) in cases {
        let (latency, size) = check(&format!("(latency: {law})")).expect(law);
        assert!((latency.mean() - mean).abs() < 1e-12, "{law}: {}", latency.mean());
        assert_eq!(size.mean(), 1024.0);
    }
    let pareto = r#"(latency: "0s", size: Pareto(alpha: 1.5, min: "1KiB", max: 1048576))"#;
    let mean = check(pareto).unwrap().1.mean();
    // 3 (lo^-0.5 - hi^-0.5) / (lo^-1.5 - hi^-1.5) for alpha 1.5.
    assert!((mean - 2976.09).abs() < 1.0, "{mean}");
}

#[test]
fn a_model_is_written_as_it_was_read() {
    let text = r#"(latency:"30ms",size:Gamma(mean:"2KiB",cv:0.5))"#;
    let (step, _) = ron_text::parse::<Step>("m.ron", text).unwrap();
    assert_eq!(ron::to_string(&step).unwrap(), text);
}

#[test]
fn shape_and_meaning_are_checked() {
    let cases = [
        r#"(latency: "30")"#,
        "(latency: 30)",
        r#"(latency: Exponential("30ms"))"#,
        r#"(latency: Exponental(mean: "30ms"))"#,
        r#"(latency: Gamma(mean: "3 sec", cv: -1, size: 3))"#,
        r#"(latency: Gamma(mean: "3 sec", cv: -1))"#,
        r#"(latency: Uniform(min: "2s", max: "1s"), size: Uniform(min: "1", max: "-2KiB"))"#,
        r#"(latency: HyperExponential(branches: [
                (probability: 0.5, mean: "0s"), (probability: 0.2, mean: "x")]))"#,
        r#"(latency: Empirical([]), size: Empirical(["1KiB", 5, "7 apples"]))"#,
        "(latency: Exponential)",
        r#"(latency: Pareto(alpha: 1.5, min: "5s", max: "1s"), size: Uniform(min: 9, max: "8B"))"#,
        r#"(latency: LogNormal(mean: "1s", cv: 1e300), size: HyperExponential(branches: []))"#,
    ];
    let said: Vec<String> = cases.iter().map(|text| check(text).unwrap_err().to_string()).collect();
    insta::assert_snapshot!(said.join("\n\n"), @r"
    m.ron:1:11: error: `30` is not a duration: it needs a unit (in `latency`); expected a number with a unit (`ns`, `us`, `ms`, `s`, `m`, `h` or `d`), such as `30s`, `1m30s` or `250ms`

    m.ron:1:11: error: expected a duration in quotes or one of `Constant`, `Uniform`, `Exponential`, `Erlang`, `Gamma`, `HyperExponential`, `HyperExponentialBalanced`, `LogNormal`, `Weibull`, `Pareto`, `Empirical`, found the number `30` (in `latency`); write the number with its unit in quotes

    m.ron:1:11: error: expected fields by name: `(mean: ...)`, found `Exponential(...)` (in `latency`)

    m.ron:1:11: error: unknown variant `Exponental` in `Spread` (in `latency`); expected one of `Constant`, `Uniform`, `Exponential`, `Erlang`, `Gamma`, `HyperExponential`, `HyperExponentialBalanced`, `LogNormal`, `Weibull`, `Pareto`, `Empirical`; did you mean `Exponential`?

    m.ron:1:40: error: unknown field `size` in `Gamma` (in `latency.size`); expected one of `mean`, `cv`

    m.ron:1:23: error: `3 sec` is not a duration: the unit ` sec` is unknown (in `latency.mean`); expected a number with a unit (`ns`, `us`, `ms`, `s`, `m`, `h` or `d`), such as `30s`, `1m30s` or `250ms`
    m.ron:1:36: error: `-1` is out of range (in `latency.cv`); expected from 0.001 to 1000

    m.ron:1:35: error: `1s` is out of range (in `latency.max`); expected at least `min`, which is `2s`
    m.ron:1:71: error: `-2KiB` is not a size: it is negative (in `size.max`); expected bytes with an optional unit (`B`, `KiB`, `MiB`, `GiB`, `TiB`, `kB`, `MB`, `GB` or `TB`), such as `256KiB` or `1GiB`

    m.ron:1:28: error: the sum of the probabilities is `0.7` (in `latency.branches`); expected 1
    m.ron:2:42: error: `0s` is out of range (in `latency.branches[0].mean`); expected greater than zero and at most 1e18
    m.ron:2:74: error: `x` is not a duration: `x` is not a number (in `latency.branches[1].mean`); expected a number with a unit (`ns`, `us`, `ms`, `s`, `m`, `h` or `d`), such as `30s`, `1m30s` or `250ms`

    m.ron:1:11: error: the list is empty (in `latency`); expected at least one number
    m.ron:1:54: error: `7 apples` is not a size: the unit ` apples` is unknown (in `size[2]`); expected bytes with an optional unit (`B`, `KiB`, `MiB`, `GiB`, `TiB`, `kB`, `MB`, `GB` or `TB`), such as `256KiB` or `1GiB`

    m.ron:1:11: error: expected `Exponential(...)`: it has content, found the name `Exponential` (in `latency`)

    m.ron:1:46: error: `1s` is out of range (in `latency.max`); expected greater than `min`, which is `5s`
    m.ron:1:80: error: `8B` is out of range (in `size.max`); expected at least `min`, which is `9`

    m.ron:1:37: error: `1e300` is out of range (in `latency.cv`); expected greater than zero and at most 1000
    m.ron:1:78: error: the list is empty (in `size.branches`); expected from 1 to 64 in number
    ");
}
