//! Manifests in both readings.

use super::{Folder, Ran};

fn both(folder: &Folder, more: &str) -> Ran {
    let ran = folder.run(&format!("run k8s --reading both --horizon 10m {more}"));
    assert_eq!(ran.status, Some(0), "{ran:?}");
    ran
}

#[test]
fn both_readings_on_the_screen() {
    let folder = Folder::with_reference("both-text");
    let ran = both(&folder, "");
    let at = |text: &str, part: &str| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
    assert!(at(&ran.out, ", as intended") < at(&ran.out, ", as deployed"), "{}", ran.out);
    assert!(at(&ran.out, ", as deployed") < at(&ran.out, "what you intended"), "{}", ran.out);
    for figure in ["first limit reached", "events lost", "event age, p99", "workflows completed"] {
        at(&ran.out, figure);
    }
    assert!(ran.err.starts_with("the manifests as intended:"), "{}", ran.err);
    // Why they differ, where, and by which finding.
    let why = &ran.out[at(&ran.out, "\nWhy\n")..];
    for part in ["order-sensor.rate_limit", "you believe 10/min", "sensors.yaml:30", "ST030"] {
        at(why, part);
    }
    assert!(ran.out.contains("Assumed"), "{}", ran.out);
    let help = folder.run("run --help");
    assert!(help.out.contains("`deployed` if not given"), "{}", help.out);
}

#[test]
fn both_readings_for_programs() {
    let folder = Folder::with_reference("both-json");
    let ran = both(&folder, "--format json --out results");
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["schema"], "surgetank-readings/1");
    assert!(!json["differences"].as_array().unwrap().is_empty());
    assert_eq!(folder.read("results/readings.json"), ran.out);
    for reading in ["intended", "deployed"] {
        assert_eq!(json[reading]["provenance"]["reading"], format!("as {reading}"));
        let report = folder.read(&format!("results/{reading}/report.json"));
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report, json[reading]);
        for file in ["series.csv", "journeys.csv"] {
            assert!(!folder.read(&format!("results/{reading}/{file}")).is_empty());
        }
        // Each is what its own command gives.
        let alone = folder.run(&format!("run k8s --reading {reading} --horizon 10m --format json"));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&alone.out).unwrap(), report);
    }
    // Both at once, and without the manifests.
    std::fs::remove_dir_all(folder.0.join("k8s")).unwrap();
    let verified = folder.run("verify results");
    assert_eq!(verified.status, Some(0), "{verified:?}");
    assert_eq!(verified.out.matches("the same to the bit").count(), 2, "{verified:?}");
}
