//! A progress bar for long commands, on a terminal.

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::time::Duration;

/// A bar on a terminal. Elsewhere it is hidden, and the summary is enough.
pub fn progress_bar(quiet: bool) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if quiet {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{spinner} {human_pos} readings  {per_sec}  {msg}  {elapsed}");
    let style = style.expect("the template is fixed");
    // The built-in form has four decimals.
    bar.set_style(style.with_key("per_sec", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let written = write!(out, "{}/s", HumanCount(state.per_sec() as u64));
        written.expect("writing to a string cannot fail");
    }));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
