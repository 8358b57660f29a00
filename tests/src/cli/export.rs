//! Limits written back as manifests.

use super::Folder;

#[test]
fn manifests_become_a_patch_that_makes_them_do_what_they_mean() {
    let folder = Folder::with_reference("export-patch");
    let ran = folder.run("export k8s --set default.max_msgs=200000");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    insta::assert_snapshot!(format!("{}\n{}", ran.out, ran.err));
    // In their place, and then there is nothing left to do.
    let ran = folder.run("export k8s --set default.max_msgs=200000 --in-place");
    assert_eq!((ran.status, ran.out.as_str()), (Some(0), ""), "{ran:?}");
    assert!(folder.read("k8s/eventbus.yaml").contains("maxMsgs: 200000"));
    assert!(!folder.read("k8s/eventbus.yaml").contains("settings:"));
    assert!(folder.read("k8s/sensors.yaml").contains("# Ten workflow submissions per minute"));
    let there = folder.names();
    assert_eq!(there, ["k8s"]);
}

#[test]
fn a_model_becomes_whole_manifests() {
    let folder = Folder::new("export-whole");
    let ran = folder.run("export reference");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    insta::assert_snapshot!(format!("{}\n{}", ran.out, ran.err));
    let files = folder.run("export reference --out k8s");
    assert_eq!((files.status, files.out.as_str()), (Some(0), ""), "{files:?}");
    let again = folder.run("export reference --out k8s");
    assert_eq!(again.status, Some(2), "{again:?}");
    assert!(again.err.contains("is there already: `--force` replaces it"), "{again:?}");
    assert_eq!(folder.run("export reference --out k8s --force").status, Some(0));
    let checked = folder.run("run k8s --horizon 1m");
    assert_eq!(checked.status, Some(0), "{checked:?}");
}

#[test]
fn a_model_is_put_onto_manifests() {
    let folder = Folder::with_reference("export-onto");
    folder.run("export k8s --in-place");
    let ran = folder.run("export reference --onto k8s --set default.max_msgs=1234");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.out.contains("+      maxMsgs: 1234\n"), "{ran:?}");
    let ran = folder.run("export reference --in-place");
    assert_eq!(ran.status, Some(2), "{ran:?}");
    let ran = folder.run("export nothing.ron");
    assert_eq!(ran.status, Some(2), "{ran:?}");
}
