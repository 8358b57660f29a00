//! What the program does when all is well.

use super::{Folder, program};

const MODEL: &str = r#"(
    name: "small",
    horizon: "10m",
    stages: [
        EventSource(
            name: "orders",
            arrivals: Spike(base: "1/s", peak: "20/s", at: "3m", for: "1m"),
            to: "billing",
        ),
        Station(name: "billing", servers: 2, service: "200ms", queue: (max_msgs: 500)),
    ],
)
"#;

fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.write("small.ron", MODEL);
    folder
}

#[test]
fn a_report_for_people() {
    let ran = folder("text").run("run small.ron");
    assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    assert!(!ran.out.contains('\u{1b}'), "no colors in a pipe");
    for part in
        ["small", "Stages", "Signals", "Ledger", "Again", "surgetank run small.ron --seed 1"]
    {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    assert!(ran.out.lines().all(|line| line.chars().count() <= 100), "{}", ran.out);
    let ascii = folder("ascii").run("run small.ron --ascii --reps 2");
    assert!(ascii.out.is_ascii(), "{}", ascii.out);
}

/// The report in the README is the one that its first command prints.
#[test]
fn the_readme_tells_the_truth() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let output = std::process::Command::new(program())
        .args(["run", "models/presets/reference.ron"])
        .current_dir(&root)
        .env_clear()
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    let (before, rest) = readme.split_once("```text\n").unwrap();
    let (shown, after) = rest.split_once("```\n").unwrap();
    if std::env::var_os("SURGETANK_BLESS").is_some() {
        let text = format!("{before}```text\n{report}```\n{after}");
        return std::fs::write(root.join("README.md"), text).unwrap();
    }
    assert_eq!(shown, report, "`SURGETANK_BLESS=1` writes it anew");
}

/// The command that a report gives leads to the same report, at any number of threads.
#[test]
fn the_same_again() {
    let folder = folder("again");
    let ran = folder.run("run small.ron --set billing.servers=3 --reps 3 --jobs 1 --format json");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["schema"], "surgetank-report/1");
    assert_eq!(report["ledger"]["balances"], true);
    let command = report["provenance"]["command"].as_str().unwrap();
    assert_eq!(command, "surgetank run small.ron --set billing.servers=3 --seed 1 --reps 3");
    let again = command.strip_prefix("surgetank ").unwrap();
    for jobs in ["1", "2"] {
        let rerun = folder.run(&format!("{again} --format json --jobs {jobs}"));
        assert_eq!(rerun.out, ran.out, "{jobs} jobs");
    }
    folder.write("result.json", &ran.out);
    let verified = folder.run("verify result.json");
    assert_eq!(verified.status, Some(0), "{verified:?}");
    folder.write("small.ron", MODEL.replace("200ms", "210ms"));
    let other = folder.run("verify result.json");
    assert_eq!(other.status, Some(1), "{other:?}");
    assert!(other.err.contains("the model is another"), "{other:?}");
}

#[test]
fn results_in_a_directory() {
    let folder = folder("out");
    let ran = folder.run("run small.ron --out results/first --format json");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(folder.names(), ["results", "small.ron"]);
    assert_eq!(folder.read("results/first/report.json"), ran.out);
    let series = folder.read("results/first/series.csv");
    let fields = |line: &str| line.split(',').count();
    assert!(series.lines().all(|line| fields(line) == 8), "{}", &series[..500]);
    let journeys = folder.read("results/first/journeys.csv");
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let offered = report["ledger"]["offered"]["value"].as_f64().unwrap();
    let born = journeys.lines().filter(|line| line.contains(",born,")).count();
    assert_eq!(born as f64, offered);

    // Not over what is there, unless it is wanted; and then whole.
    let refused = folder.run("run small.ron --out results/first");
    assert_eq!(refused.status, Some(2), "{refused:?}");
    assert!(refused.err.contains("--force"), "{refused:?}");
    let replaced = folder.run("run small.ron --out results/first --force --seed 2 --reps 2");
    assert_eq!(replaced.status, Some(0), "{replaced:?}");
    assert_ne!(folder.read("results/first/series.csv"), series);
    let names: Vec<_> = std::fs::read_dir(folder.0.join("results"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["first"], "nothing is left beside it");
}

/// `--force` replaces what a run has made, and nothing that somebody else would miss.
#[test]
fn force_spares_what_is_not_its_own() {
    let folder = folder("force");
    let run = |out: &str| folder.run(&format!("run small.ron --force --out {out}"));
    std::fs::create_dir_all(folder.0.join("mine")).unwrap();
    folder.write("mine/report.json", "{\"title\": \"the yearly report\"}");
    folder.write("mine/keep.txt", "precious");
    let refused = run("mine");
    assert_eq!(refused.status, Some(2), "{refused:?}");
    assert!(refused.err.contains("no result of surgetank"), "{refused:?}");
    assert!(refused.err.contains("`mine/keep.txt` would be lost"), "{refused:?}");
    assert_eq!(run("result").status, Some(0));
    assert_eq!(run("result").status, Some(0), "a result is replaced");
    folder.write("result/notes.txt", "precious");
    let refused = run("result");
    assert_eq!(refused.status, Some(2), "{refused:?}");
    assert!(refused.err.contains("`result/notes.txt` would be lost"), "{refused:?}");
    assert_eq!(folder.read("result/notes.txt"), "precious");
    assert_eq!(folder.names(), ["mine", "result", "small.ron"], "no draft is left");
}

/// Ctrl-C while it runs: status 130, and no half of a result.
#[cfg(unix)]
#[test]
fn interrupted_runs_leave_nothing() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let folder = Folder::new("interrupted");
    let mut child = Command::new(program())
        .args(["run", "reference", "--horizon", "1000d", "--out", "result"])
        .current_dir(&folder.0)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    #[expect(clippy::disallowed_methods, reason = "another process is waited for")]
    let began = Instant::now();
    let has_journeys = |name: &String| folder.0.join(name).join("journeys.csv").exists();
    while !folder.names().iter().any(has_journeys) {
        assert!(began.elapsed() < Duration::from_secs(60), "it begins");
        std::thread::sleep(Duration::from_millis(5));
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(folder.names(), [""; 0]);
}

/// A result with the name of a preset does not hide the preset; the command printed goes on working.
#[test]
fn a_result_does_not_hide_a_preset() {
    let folder = Folder::new("hide");
    let ran = folder.run("run spike --horizon 1m --out spike");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let again = folder.run("run spike --horizon 1m --seed 1");
    assert_eq!((again.status, &again.out), (Some(0), &ran.out), "{again:?}");
    let verified = folder.run("verify spike");
    assert_eq!(verified.status, Some(0), "{verified:?}");
}

/// A directory of results has all that is needed to run it again: wherever it is moved, and whatever
/// became of the model.
#[test]
fn results_are_verified_by_themselves() {
    let folder = Folder::new("kept");
    let traced = MODEL.replace(
        "Spike(base: \"1/s\", peak: \"20/s\", at: \"3m\", for: \"1m\")",
        "Trace(file: \"traces/day.csv\")",
    );
    std::fs::create_dir_all(folder.0.join("models/traces")).unwrap();
    folder.write("models/traced.ron", &traced);
    folder.write("models/traces/day.csv", "timestamp,size_bytes\n1,10\n2,10\n3,10\n");
    folder.write("storm.ron", "(sources: { \"orders\": Poisson(rate: \"3/s\") })");
    let set = "--set billing.servers=3 --horizon 5m --out";
    for (arguments, stdin) in [
        (format!("run - {set} out/stdin"), MODEL),
        (format!("run models/traced.ron {set} out/traced"), ""),
        (format!("run models/traced.ron --storm storm.ron --reps 2 {set} out/storm"), ""),
    ] {
        let ran = folder.run_with(&arguments, stdin.as_bytes());
        assert_eq!(ran.status, Some(0), "{ran:?}");
    }
    std::fs::remove_dir_all(folder.0.join("models")).unwrap();
    std::fs::remove_file(folder.0.join("storm.ron")).unwrap();
    std::fs::rename(folder.0.join("out"), folder.0.join("moved")).unwrap();
    for result in ["moved/stdin", "moved/traced", "moved/storm", "moved/storm/report.json"] {
        let ran = folder.run(&format!("verify {result}"));
        assert_eq!(ran.status, Some(0), "{result}: {ran:?}");
    }
    let ran = folder.run_with("run - --format json", MODEL.as_bytes());
    folder.write("result.json", &ran.out);
    let refused = folder.run("verify result.json");
    assert_eq!(refused.status, Some(2), "{refused:?}");
    assert!(refused.err.contains("standard input"), "{refused:?}");
}

/// Who reads that a result differs wants to know in what.
#[test]
fn verify_names_what_differs() {
    let folder = folder("differs");
    let ran = folder.run("run small.ron --out result");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let report = folder.read("result/report.json");
    let json: serde_json::Value = serde_json::from_str(&report).unwrap();
    let completed = json["ledger"]["completed"]["value"].to_string();
    let other = |from: &str, to: &str| {
        assert!(report.contains(from), "{from}: {report}");
        folder.write("result/report.json", report.replacen(from, to, 1));
        let ran = folder.run("verify result");
        assert_eq!(ran.status, Some(1), "{ran:?}");
        ran.err
    };
    let from = format!("\"completed\": {{\n      \"value\": {completed}");
    let error = other(&from, &from.replace(&completed, "7.0"));
    let expected = format!("`ledger.completed.value`: 7.0 then, {completed} now\n");
    assert!(error.contains("its figures are not") && error.contains(&expected), "{error}");
    let fingerprint = json["provenance"]["fingerprint"].as_str().unwrap();
    let error = other(fingerprint, &"0".repeat(32));
    assert!(error.contains(&format!("{} then, {fingerprint} now", "0".repeat(32))), "{error}");
}

#[test]
fn standard_input_and_what_there_is() {
    let folder = Folder::new("stdin");
    let ran = folder.run_with("run - --seed 3", MODEL.as_bytes());
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.out.contains("surgetank run - --seed 3"), "{}", ran.out);
    for arguments in
        ["list", "list arrivals", "schema", "schema report", "schema readings", "schema storm"]
    {
        let ran = folder.run(arguments);
        assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""), "{arguments}: {ran:?}");
        assert!(ran.out.len() > 200, "{arguments}: {}", ran.out);
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = folder.run(&format!("completions {shell}"));
        assert!(ran.status == Some(0) && ran.out.contains("surgetank"), "{shell}: {ran:?}");
    }
    let help = folder.run("--help");
    assert!(help.status == Some(0) && help.out.contains("surgetank run reference"), "{help:?}");
}

#[test]
fn check_finds_everything_and_runs_nothing() {
    let folder = folder("check");
    folder.write("bad.ron", MODEL.replace("servers: 2", "servers: 0").replace("1m", "1 parsec"));
    let ran = folder.run("check small.ron");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    insta::assert_snapshot!(ran.out);
    let ran = folder.run("check small.ron bad.ron --format json");
    assert_eq!(ran.status, Some(2), "{ran:?}");
    let found: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(found["schema"], "surgetank-check/1");
    assert_eq!(found["diagnostics"].as_array().unwrap().len(), 2, "{}", ran.out);
    assert_eq!(found["findings"][0]["code"], "ST105", "{}", ran.out);
}

/// The manifests of the document, at the night before the storm.
#[test]
fn check_reads_manifests_and_explains() {
    let folder = Folder::with_reference("check-manifests");
    let ran = folder.run("check k8s --storm spike");
    assert_eq!(ran.status, Some(1), "{ran:?}");
    insta::assert_snapshot!(ran.out);
    let alone = folder.run("check k8s");
    assert!(alone.out.contains("no limit was held against a load"), "{}", alone.out);
    for (format, part) in [
        ("sarif", "\"ruleId\": \"ST001\""),
        ("github", "::error file=k8s/eventbus.yaml,line="),
        ("patch", "+++ k8s/sensors.yaml"),
    ] {
        let ran = folder.run(&format!("check k8s --format {format}"));
        assert!(ran.out.contains(part), "{format}: {}", ran.out);
    }
    let ran = folder.run("explain st001");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.out.starts_with("ST001 settings-refused (error)"), "{}", ran.out);
    let ran = folder.run("explain ST01");
    assert!(ran.status == Some(2) && ran.err.contains("did you mean"), "{ran:?}");
}

/// Manifests become a model that runs, and every field is accounted for.
#[test]
fn import_writes_a_model_and_tells_what_became_of_every_field() {
    let folder = Folder::new("import");
    let bus = "kind: EventBus\nmetadata: {name: default}\nspec:\n  jetstream:\n    version: 2.10.29\n    \
               streamConfig: |\n      maxMsgs: 1000\n      maxMesgs: 1\n";
    let source = "kind: EventSource\nmetadata: {name: hook}\nspec:\n  webhook:\n    a: {endpoint: /a} # surgetank: rate 5/s\n";
    folder.write("bus.yaml", bus);
    folder.write("source.yaml", source);
    let ran = folder.run("import bus.yaml source.yaml -o model.ron");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.err.contains("unknown: bus.yaml:8:"), "{ran:?}");
    let model = std::fs::read_to_string(folder.0.join("model.ron")).unwrap();
    assert!(model.contains("// assumed: "), "{model}");
    assert_eq!(folder.run("run model.ron --horizon 1m").status, Some(0));
    let again = folder.run("import bus.yaml -o model.ron");
    assert!(
        again.status == Some(2) && again.err.contains("is there already: `--force` replaces it"),
        "{again:?}"
    );
    let table = folder.run("import bus.yaml source.yaml --table");
    insta::assert_snapshot!(table.out);
}

/// `surgetank list | head -1`, and even `| true`.
#[test]
fn nobody_listens() {
    use std::process::{Command, Stdio};

    for arguments in [&["list"][..], &["schema"], &["completions", "zsh"], &["--help"]] {
        let mut child = Command::new(program())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        assert!(output.stderr.is_empty(), "{arguments:?}: {output:?}");
    }
}
