//! Golden fingerprints: what each preset does, to the bit. A change here is *value-breaking*: it has its
//! own heading in the changelog.
//!
//! The table is `presets.txt`. To accept what changed, run with `SURGETANK_BLESS=1` and read the diff.

mod presets;
