//! Whatever is given as manifests: read, imported in both readings, checked, its fixes applied, and what the
//! import makes read as a model. Nothing may panic, hang or fill the memory.

#![no_main]

use libfuzzer_sys::fuzz_target;
use models::lint::{check_manifests, fix, formats};
use models::manifest::files::Manifests;
use models::manifest::{ImportOptions, Reading, import};
use models::{Model, Overrides};

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let files = [("fuzz.yaml", text.as_ref())];
    for reading in Reading::ALL {
        if let Ok(import) = import(&files, reading) {
            let _ = Model::from_manifests(&files, reading, &Overrides::default());
            assert!(import.ron_text().len() < 64 << 20);
        }
    }
    let checked = check_manifests(Manifests::read(&files), &ImportOptions::new(Reading::Deployed), &Overrides::default());
    for finding in &checked.findings {
        if let Some(fix) = &finding.fix {
            let _ = fix::apply(&fix.edits, &checked.manifests.files()[0]);
        }
    }
    let all = [checked];
    let _ = formats::sarif(&all);
    let _ = formats::github(&all);
    let _ = formats::patch(&all);
});
