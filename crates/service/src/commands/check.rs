//! `gridwarden check`: the plan as it will be used.

use super::read_plan;
use crate::cli;
use crate::failure::Failure;
use crate::say::say;
use fleet::Energy;
use pipeline::Plan;
use reading::time::{DAY, HOUR, MINUTE, SECOND};
use std::fmt::Write;

/// Runs the command.
pub fn run(args: &cli::Check) -> Result<(), Failure> {
    say(&told(&read_plan(&args.plan)?));
    Ok(())
}

fn told(plan: &Plan) -> String {
    let intervals = &plan.intervals;
    let mut page = format!("plan {}, local days of {}\n", plan.name, plan.calendar.zone_name());
    let mut line = |what: &str, text: String| {
        writeln!(page, "  {what:<15} {text}").expect("writing to a string cannot fail");
    };
    line(
        "intervals",
        format!(
            "of {}, closed {} after their end, {} open at once",
            time(intervals.grid.length()),
            time(intervals.grace),
            intervals.open_intervals()
        ),
    );
    line(
        "energy",
        match intervals.energy {
            Energy::Registers => "from registers".to_owned(),
            Energy::Power => "from instantaneous power".to_owned(),
            Energy::Both => "from registers where a meter sends them, else from power".to_owned(),
        },
    );
    if let Some(cross) = intervals.cross_check {
        line(
            "cross-check",
            format!(
                "flags registers and power that differ by over {} % and {} Wh",
                100.0 * cross.share,
                cross.floor.0
            ),
        );
    }
    line("gaps", format!("filled up to {}", time(intervals.longest_gap)));
    line(
        "clocks",
        format!(
            "{} ahead of the others: the reading waits, {} at most",
            time(plan.order.ahead),
            plan.order.most_waiting
        ),
    );
    line("memory", format!("{} bytes a single-phase meter", intervals.bytes_per_meter()));
    if let Some(candidate) = plan.candidate {
        line(
            "candidate",
            format!("mean imbalance over {} % and {} A", candidate.share.percent(), candidate.floor.0),
        );
    }
    line("balance", if plan.balance { "of every transformer" } else { "none" }.to_owned());
    line(
        "forecast",
        match &plan.forecast {
            Some(forecast) => format!(
                "the next day at local midnight, quantiles {:?}, the town{}",
                forecast.quantiles,
                if forecast.transformers { " and each transformer" } else { "" }
            ),
            None => "none".to_owned(),
        },
    );
    line(
        "detectors",
        match &plan.phase_neutral {
            Some(rule) => format!("phase-neutral {rule:?}"),
            None => "none".to_owned(),
        },
    );
    line(
        "messages",
        match &plan.sms {
            Some(throttle) => format!("to the meter reader of the area, {throttle:?}"),
            None => "none".to_owned(),
        },
    );
    page
}

fn time(ms: i64) -> String {
    let units = [(DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"), (1, "ms")];
    let (size, name) = units.iter().find(|(size, _)| ms % size == 0).unwrap_or(&units[4]);
    format!("{} {name}", ms / size)
}
