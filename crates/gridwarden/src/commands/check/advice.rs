//! What a survey of readings means for a plan: the page about it, and what to do, the worst first.

use super::page::{Page, listed};
use super::survey::{Meter, STEPS, Survey};
use grid::{Role, Topology, TopologyRow};
use pipeline::Plan;
use reading::quantity::time;
use reading::time::{DAY, MINUTE};
use reading::{Issue, MeterId, Reason};
use shell::grouped;
use std::cmp::Reverse;

/// So many causes are named.
const MOST: usize = 10;

/// A cause of bad data, and the way out.
struct Cause {
    /// How many readings or meters it touches, of how many.
    share: f64,
    what: String,
    what_to_do: String,
}

/// Adds the section about readings to the page, and what to do about them.
pub(super) fn readings(survey: &Survey, plan: &Plan, topology: Option<&Topology>, page: &mut Page) {
    page.section("readings");
    page.key("readings", format!("{} of {}", grouped(survey.readings), meters(survey.meters.len())));
    if survey.letters > 0 {
        page.key("dead letters", format!("{} read again", grouped(survey.letters as u64)));
    }
    if let Some((first, last)) = survey.span() {
        page.key("time", format!("{first} to {last}"));
    }
    page.key("every", listed(steps(survey)));
    page.key("measured", measured(survey));
    let mut causes = Vec::new();
    refused(survey, &mut causes);
    stamps(survey, plan, &mut causes);
    completeness(survey, &mut causes);
    lateness(survey, plan, &mut causes);
    registers(survey, plan, &mut causes);
    if let Some(topology) = topology {
        places(survey, topology, &mut causes);
    }
    causes.sort_by_key(|cause| Reverse((cause.share * 1e6) as u64));
    page.section("what to do");
    if survey.readings == 0 && causes.is_empty() {
        page.line_of("there is no reading to judge");
    } else if causes.is_empty() {
        page.line_of("nothing: these readings suit the plan");
    }
    for (number, Cause { what, what_to_do, .. }) in (1..).zip(causes.iter().take(MOST)) {
        page.line_of(&format!("{number:2}. {what}"));
        what_to_do.lines().for_each(|line| page.line_of(&format!("    {line}")));
    }
    if causes.len() > MOST {
        page.line_of(&format!("and {} smaller causes", causes.len() - MOST));
    }
}

fn meters(count: usize) -> String {
    several(count as u64, "meter")
}

fn several(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{} {what}s", grouped(count)) }
}

/// Which meters send how often: `15 min: 205 meters`.
fn steps(survey: &Survey) -> Vec<String> {
    let usual: Vec<Option<i64>> = survey.meters.values().map(Meter::usual_step).collect();
    let count = |step: Option<i64>| usual.iter().filter(|usual| **usual == step).count();
    let known = STEPS.iter().map(|&step| (count(Some(step)), time(step * MINUTE)));
    let all = known.chain([(count(None), "no usual step".to_owned())]);
    all.filter(|(count, _)| *count > 0).map(|(count, step)| format!("{step}: {}", meters(count))).collect()
}

/// Which measurements the meters send.
fn measured(survey: &Survey) -> String {
    let carried = |of: fn(&Meter) -> u64| survey.meters.values().filter(|meter| of(meter) > 0).count();
    let all = [
        ("imp", carried(|meter| meter.carries.imp)),
        ("exp", carried(|meter| meter.carries.exp)),
        ("p", carried(|meter| meter.carries.p)),
        ("q", carried(|meter| meter.carries.q)),
        ("v", carried(|meter| meter.carries.v)),
        ("i", carried(|meter| meter.carries.i)),
        ("in", carried(|meter| meter.carries.neutral)),
    ];
    listed(all.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!("{name} of {count}")))
}

/// Counts meters, with the name of the one that is touched most.
fn of_meters(survey: &Survey, touched: impl Fn(&Meter) -> u64) -> (usize, u64, Option<MeterId>) {
    let each = || survey.meters.iter().map(|(meter, seen)| (touched(seen), *meter));
    let worst = each().max_by_key(|(count, meter)| (*count, Reverse(*meter))).filter(|(count, _)| *count > 0);
    let count = each().filter(|(count, _)| *count > 0).count();
    (count, each().map(|(count, _)| count).sum(), worst.map(|(_, meter)| meter))
}

fn share(part: u64, all: u64) -> f64 {
    part as f64 / all.max(1) as f64
}

fn percent(share: f64) -> String {
    if share < 0.001 { "less than 0.1 %".to_owned() } else { format!("{:.1} %", share * 100.0) }
}

/// A cause that touches so many readings of some meters.
fn cause(
    survey: &Survey,
    touched: impl Fn(&Meter) -> u64,
    what: &str,
    what_to_do: impl Into<String>,
) -> Option<Cause> {
    let (count, readings, worst) = of_meters(survey, touched);
    let worst = worst?;
    let share = share(readings, survey.readings);
    let of = match count {
        1 => format!("of {worst} are {what}"),
        _ => format!("of {} are {what}, most of them of {worst}", meters(count)),
    };
    Some(Cause {
        share,
        what: format!("{} ({}) {of}", several(readings, "reading"), percent(share)),
        what_to_do: what_to_do.into(),
    })
}

/// Readings that are refused, by reason, and values that are left out.
fn refused(survey: &Survey, causes: &mut Vec<Cause>) {
    let all = survey.readings + survey.refused;
    for &reason in Reason::ALL {
        let count = survey.counts.of_reason(reason);
        if count > 0 {
            causes.push(Cause {
                share: share(count, all),
                what: format!(
                    "{} ({}) refused: {reason}",
                    several(count, "message"),
                    percent(share(count, all))
                ),
                what_to_do: refused_to_do(survey, reason),
            });
        }
    }
    for &issue in Issue::ALL {
        // Clocks that run ahead are counted with their meters.
        let count = if issue == Issue::ClockAhead { 0 } else { survey.issues(issue) };
        if count > 0 {
            let (done, what_to_do) = of_issue(issue);
            causes.push(Cause {
                share: share(count, all),
                what: format!("{} {done}: {issue}", several(count, "value")),
                what_to_do: what_to_do.to_owned(),
            });
        }
    }
}

/// What to do about refused lines, with the first of them.
fn refused_to_do(survey: &Survey, reason: Reason) -> String {
    let to_do = "mend the sender, and `replay` or `resend` take most dead letters again; what is torn has to be sent again";
    let Some(example) = survey.examples.get(&reason) else { return to_do.to_owned() };
    let names = example.names().map(|names| format!("\n{names}")).unwrap_or_default();
    format!("{to_do}\n{}{names}", example.words())
}

/// What was done with values of an issue, and what to do about it.
fn of_issue(issue: Issue) -> (&'static str, &'static str) {
    match issue {
        Issue::VoltageImplausible | Issue::CurrentImplausible | Issue::PowerImplausible => {
            ("left out", "see `[limits]` of the plan, and the units: V, A, W and var")
        }
        Issue::UnknownField => (
            "left out",
            "nothing, if nobody needs them; else see the names of fields in docs/reference/wire.md",
        ),
        Issue::NegativeCurrent => {
            ("taken without their sign", "nothing: a current is a size, and `p` has the direction")
        }
        Issue::NegativeRegister => {
            ("left out", "a register counts up from zero: energy that is fed in belongs into `exp`")
        }
        Issue::UnknownEvent => ("left out", "see the names of events in docs/reference/meter-events.md"),
        Issue::NotANumber => ("left out", "write null where nothing was measured"),
        _ => ("noted", "see docs/reference/wire.md"),
    }
}

/// Stamps off the grid, and steps that do not suit the length of an interval.
fn stamps(survey: &Survey, plan: &Plan, causes: &mut Vec<Cause>) {
    let length = plan.grid().length();
    let snap = plan.intervals.snap;
    let to_do = format!(
        "they are interpolated, and flagged; clocks of meters that are {} off can be allowed by `snap` of `[intervals]`, up to {}",
        if snap == 0 { "some seconds".to_owned() } else { format!("more than {}", time(snap)) },
        time(length / 4)
    );
    let is_off = |meter: &Meter| if meter.carries.imp > 0 { meter.off_boundaries(length) } else { 0 };
    causes.extend(cause(survey, is_off, &format!("stamped off the {} of the plan", time(length)), to_do));
    let is_rare = |meter: &&Meter| meter.usual_step().is_some_and(|step| step * MINUTE > length);
    let rare: Vec<&Meter> = survey.meters.values().filter(is_rare).collect();
    if let Some(longest) = rare.iter().filter_map(|meter| meter.usual_step()).max() {
        causes.push(Cause {
            share: share(rare.len() as u64, survey.meters.len() as u64),
            what: format!(
                "{} with less than a reading for each interval of {}",
                meters(rare.len()),
                time(length)
            ),
            what_to_do: match longest <= 60 {
                true if begins_days(plan, longest * MINUTE) => {
                    format!("`length = \"{}\"` in `[intervals]` suits all of them", time(longest * MINUTE))
                }
                true => format!(
                    "nothing: energy between two registers is spread, and flagged; intervals of {} do not begin at local \
                     midnight of {}",
                    time(longest * MINUTE),
                    plan.calendar.zone_name()
                ),
                false => {
                    "they have no interval of their own: energy between two registers is spread".to_owned()
                }
            },
        });
    }
}

/// Whether intervals of this length begin at local midnight, in winter and in summer.
fn begins_days(plan: &Plan, length: i64) -> bool {
    let days = ["2026-01-01", "2026-07-01"].map(|day| day.parse().expect("a date"));
    days.into_iter().all(|day| plan.calendar.start_of(day).0.rem_euclid(length) == 0)
}

/// Readings that are missing, or there twice.
fn completeness(survey: &Survey, causes: &mut Vec<Cause>) {
    let missing = |meter: &Meter| meter.missing().map_or(0, |(missing, _)| missing);
    let expected: u64 = survey.meters.values().filter_map(|meter| Some(meter.missing()?.1)).sum();
    let (count, all, worst) = of_meters(survey, missing);
    if let Some(worst) = worst {
        let longest = survey.meters.values().map(|meter| meter.longest_step).max().unwrap_or_default();
        causes.push(Cause {
            share: share(all, expected),
            what: format!(
                "{} readings ({} of those expected) of {} are missing, most of {worst}; the longest silence is {}",
                grouped(all),
                percent(share(all, expected)),
                meters(count),
                time(longest)
            ),
            what_to_do: "energy across a gap is estimated, and flagged; longer than `longest_gap` it is left out".to_owned(),
        });
    }
    let to_do = "nothing: a reading that comes twice counts once";
    causes.extend(cause(survey, |meter| meter.repeats, "there twice", to_do));
}

/// Readings that come after their tick, or out of the order of their own meter.
fn lateness(survey: &Survey, plan: &Plan, causes: &mut Vec<Cause>) {
    let longest = survey.meters.values().map(|meter| meter.latest_by).max().unwrap_or_default();
    let of_late = share(of_meters(survey, |meter| meter.late[1]).1, survey.readings);
    let to_do = match plan.final_after {
        _ if of_late > 0.3 => {
            "the files seem to have one meter after the other: sort them by time, or cases and outages are missed"
                .to_owned()
        }
        0 => "set `final_after` in `[intervals]`, so that balances and sums of groups wait for them".to_owned(),
        final_after if longest > final_after => format!(
            "the latest come {} late: with `final_after = \"{}\"` balances and sums of groups would wait for them",
            time(longest / MINUTE * MINUTE),
            time(longest.div_euclid(DAY) * DAY + DAY)
        ),
        final_after => format!("nothing: balances and sums of groups wait for {}", time(final_after)),
    };
    causes.extend(cause(survey, |meter| meter.late[1], "more than 8 h late", to_do));
    let to_do = "they are dead letters `late` if their interval is closed: sort the file by time, or by meter and time";
    causes.extend(cause(survey, |meter| meter.behind, "older than the one before of the same meter", to_do));
    let to_do = "they wait until the others have come so far; mend the clocks, or their time zone";
    causes.extend(cause(survey, |meter| meter.ahead, "stamped later than the others have come", to_do));
}

/// Registers that contradict themselves or the power, or that are not there.
fn registers(survey: &Survey, plan: &Plan, causes: &mut Vec<Cause>) {
    let to_do = "their energy is left out until the register goes on";
    causes.extend(cause(survey, |meter| meter.falls, "below the register before", to_do));
    let to_do = "check the unit: `imp` is in Wh; else raise `most_power` in `[registers]`, or give the meter \
                 `sanctioned_w` in the topology";
    causes.extend(cause(
        survey,
        |meter| meter.jumps,
        "above the register before by more than `most_power` allows",
        to_do,
    ));
    let without: Vec<&Meter> = survey.meters.values().filter(|meter| meter.carries.imp == 0).collect();
    let with_power = without.iter().filter(|meter| meter.carries.p > 0).count();
    if !without.is_empty() && plan.intervals.energy != fleet::Energy::Power {
        causes.push(Cause {
            share: share(without.len() as u64, survey.meters.len() as u64),
            what: format!("{} without a register `imp`", meters(without.len())),
            what_to_do: match with_power {
                0 => "there is no power `p` either: there is no energy to compute".to_owned(),
                _ => format!(
                    "`energy = \"power\"` or \"both\" in `[intervals]` takes it from `p` (of {})",
                    meters(with_power)
                ),
            },
        });
    }
    for (wrong, unit, right) in [(0.001, "`imp` is in kWh", "Wh"), (1000.0, "`p` is in kW", "W")] {
        let is_wrong = |meter: &&Meter| {
            meter.register_to_power().is_some_and(|ratio: f64| (ratio / wrong).ln().abs() < 0.7)
        };
        let count = survey.meters.values().filter(is_wrong).count();
        if count > 0 {
            causes.push(Cause {
                // All energy of these meters is wrong, so it comes first.
                share: 1.0 + share(count as u64, survey.meters.len() as u64),
                what: format!(
                    "of {} the registers rise {wrong} times as much as the power says",
                    meters(count)
                ),
                what_to_do: format!("probably {unit}; readings have {right}"),
            });
        }
    }
}

/// Meters that the topology does not know, and consumers that were never heard.
fn places(survey: &Survey, topology: &Topology, causes: &mut Vec<Cause>) {
    let strangers: Vec<&MeterId> =
        survey.meters.keys().filter(|meter| topology.rows_of(meter).next().is_none()).collect();
    if let Some(first) = strangers.first() {
        causes.push(Cause {
            share: share(strangers.len() as u64, survey.meters.len() as u64),
            what: format!("{} missing in the topology, for example {first}", meters(strangers.len())),
            what_to_do: "without a transformer, no balance has them and no neighbour can be compared"
                .to_owned(),
        });
    }
    let Some((from, to)) = survey.span() else { return };
    let holds =
        |row: &&TopologyRow| row.from.is_none_or(|start| start < to) && row.to.is_none_or(|end| end > from);
    let consumers = topology.rows().iter().filter(|row| row.role == Role::Consumer).filter(holds);
    let mut silent: Vec<MeterId> =
        consumers.filter(|row| !survey.meters.contains_key(&row.meter)).map(|row| row.meter).collect();
    silent.dedup();
    if let Some(first) = silent.first() {
        causes.push(Cause {
            share: share(silent.len() as u64, topology.rows().len() as u64),
            what: format!(
                "{} of the topology without a reading here, for example {first}",
                meters(silent.len())
            ),
            what_to_do:
                "their transformers have no complete balance: remove those that are gone, ask the others"
                    .to_owned(),
        });
    }
}

#[cfg(test)]
mod tests;
