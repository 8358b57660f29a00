//! A bar on standard error for whatever takes longer than a second, if somebody is there to see it.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use experiments::{Progress, STEPS};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const PATIENCE: Duration = Duration::from_secs(1);

/// The bar of one experiment.
pub(crate) struct Bar {
    bar: ProgressBar,
    began: Instant,
    shown: AtomicBool,
}

impl Bar {
    /// Hidden at first.
    pub(crate) fn new(replications: u64) -> Self {
        let bar =
            ProgressBar::with_draw_target(Some(replications * STEPS), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("  {bar:40} {percent:>3} %, {eta} left") {
            bar.set_style(style);
        }
        #[expect(clippy::disallowed_methods, reason = "beside the run, which never reads it")]
        let began = Instant::now();
        // Without a terminal it counts as shown already, and is never drawn.
        let shown = AtomicBool::new(!std::io::stderr().is_terminal());
        Self { bar, began, shown }
    }

    /// Takes the bar off the screen.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Bar {
    fn step(&self) {
        self.bar.inc(1);
        if self.began.elapsed() > PATIENCE && !self.shown.swap(true, Ordering::Relaxed) {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}
