//! `gridwarden check`: the plan as it will be used, in the words and units that plans are written in.

mod kafka;

use crate::cli;
use detect::PhaseNeutral;
use fleet::{Energy, RegisterRules};
use metering::{DemandRule, Zone};
use pipeline::Plan;
use reading::quantity::{amperes, percent, time, volts, watt_hours, watts};
use reading::{DayType, Limits};
use shell::{Failure, print, read_plan_and_text};
use std::fmt::{Display, Write};
use stream::{Environment, Exchange, KafkaPlan};
use vet::{FindingsSettings, PowerFactorRule, Rule, VetSettings};

/// Runs the command.
pub fn run(args: &cli::Check) -> Result<(), Failure> {
    let (plan, text) = read_plan_and_text(&args.plan)?;
    let kafka = KafkaPlan::if_any(&text, &args.plan, None, &Environment::of_process())?;
    let in_parts = kafka.as_ref().is_some_and(|kafka| kafka.exchange == Exchange::Kafka);
    let plan = if in_parts { plan.of_a_part() } else { plan };
    print(&told(&plan, kafka.as_ref()))
}

fn told(plan: &Plan, kafka: Option<&KafkaPlan>) -> String {
    let mut page = Page(format!("plan {}\n", plan.name));
    page.key("time_zone", plan.calendar.zone_name());
    page.key("holidays", listed(plan.calendar.holidays()));
    page.key("balance", if plan.balance { "true: of every transformer" } else { "false" });
    intervals(plan, &mut page);
    limits(&plan.limits, &mut page);
    registers(&plan.intervals.registers, &mut page);
    match plan.metering.as_ref().and_then(|rules| rules.profile.as_ref()) {
        None => page.none("profiles"),
        Some(profile) => {
            page.section("profiles");
            page.key("slot", format!("{}: {} a day", time(profile.slot()), profile.slots()));
            page.key("half_life", format!("{} days of a type", profile.half_life()));
        }
    }
    match plan.metering.as_ref().and_then(|rules| rules.demand.as_ref()) {
        None => page.none("demand"),
        Some(demand) => demand_of(demand, &mut page),
    }
    match plan.metering.as_ref().and_then(|rules| rules.demand.as_ref()).map(DemandRule::pf_classes) {
        None | Some(0) => page.none("power_factor"),
        Some(classes) => {
            page.section("power_factor");
            page.key("step", format!("{}: {classes} classes", 1.0 / classes as f64));
        }
    }
    match &plan.groups {
        None => page.none("groups"),
        Some(rule) => {
            page.section("groups");
            let of_whom =
                if rule.whole_town { "each transformer, each feeder, and all" } else { "each transformer" };
            page.key("reporting", format!("{}: demand of {of_whom}", percent(rule.reporting.0)));
        }
    }
    match plan.above_sanctioned {
        None => page.none("sanctioned"),
        Some(above) => {
            page.section("sanctioned");
            page.key("above", percent(above.0));
        }
    }
    match plan.linear_up_to {
        None => page.none("estimation"),
        Some(linear_up_to) => {
            page.section("estimation");
            page.key("linear_up_to", format!("{}: longer silences by the load profile", time(linear_up_to)));
        }
    }
    match &plan.quality {
        None => page.none("quality"),
        Some(rules) => {
            quality(rules, &mut page);
            if let Some(rules) = &plan.town_rules {
                town_rules(rules, &mut page);
            }
        }
    }
    page.key("counted", listed(plan.rules().map(Rule::name)));
    match &plan.supply {
        None => page.none("supply"),
        Some(rules) => supply(rules, &mut page),
    }
    match &plan.forecast {
        None => page.none("forecast"),
        Some(forecast) => {
            page.section("forecast");
            page.key("quantiles", listed(&forecast.quantiles));
            page.key(
                "transformers",
                match (forecast.town, forecast.transformers) {
                    (true, true) => "true: each, and the town",
                    (true, false) => "false: the town alone",
                    (false, _) => "true: each; no instance sees the whole town",
                },
            );
        }
    }
    match &plan.phase_neutral {
        None => page.none("detectors"),
        Some(rule) => phase_neutral(rule, &mut page),
    }
    match &plan.cases {
        None => page.none("cases"),
        Some(rules) => {
            page.section("cases");
            page.key("cool_down", time(rules.cool_down()));
            page.key("follow_within", time(rules.follow_within()));
            page.key("most_open", rules.most_open());
        }
    }
    match &plan.sms {
        None => page.none("sms"),
        Some(throttle) => {
            page.section("sms");
            page.key("per_hour", throttle.per_hour());
            page.key("per_day", throttle.per_day());
            page.key("again_after", time(throttle.again_after()));
        }
    }
    match kafka {
        None => page.none("kafka"),
        Some(kafka) => kafka::sections(kafka, &mut page),
    }
    page.0
}

fn intervals(plan: &Plan, page: &mut Page) {
    let settings = &plan.intervals;
    page.section("intervals");
    page.key("length", time(settings.grid.length()));
    page.key("grace", time(settings.grace));
    page.key("clock_ahead", time(plan.order.ahead));
    page.key("most_waiting", plan.order.most_waiting);
    page.key("longest_gap", time(settings.longest_gap));
    page.key(
        "energy",
        match settings.energy {
            Energy::Registers => "registers",
            Energy::Power => "power",
            Energy::Both => "both: registers where a meter sends them, else power",
        },
    );
    if let Some(cross) = settings.cross_check {
        page.key(
            "cross_check",
            format!("share {}, floor {}", percent(cross.share), watt_hours(cross.floor.0)),
        );
    }
    if let Some(candidate) = plan.candidate {
        page.key(
            "candidate",
            format!("share {}, floor {}", percent(candidate.share.0), amperes(candidate.floor.0)),
        );
    }
    let (open, bytes) = (settings.open_intervals(), plan.bytes_per_meter());
    page.key("memory", format!("{bytes} bytes a single-phase meter, {open} intervals open at once"));
}

fn demand_of(rule: &DemandRule, page: &mut Page) {
    page.section("demand");
    page.key("block", time(rule.block()));
    page.key("billing_day", rule.billing_day());
    page.key("low_power_factor", rule.low_pf().0);
    page.key("zones", listed(rule.zones().iter().map(zone)));
}

/// `evening 18:00-22:00`, and when it does not hold on every day, when it does.
fn zone(zone: &Zone) -> String {
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let mut told = format!("{} {}-{}", zone.name, clock(zone.from), clock(zone.to));
    if zone.days != Zone::ALL_DAYS {
        let of = DayType::ALL.into_iter().filter(|day| zone.days >> *day as u8 & 1 == 1).map(DayType::name);
        told += &format!(" {}", of.collect::<Vec<_>>().join(" "));
    }
    if zone.months != Zone::ALL_YEAR {
        let of = (1..=12).filter(|month| zone.months >> (month - 1) & 1 == 1);
        told += &format!(" months {}", of.map(|month| month.to_string()).collect::<Vec<_>>().join(" "));
    }
    told
}

fn quality(rules: &VetSettings, page: &mut Page) {
    let VetSettings { zero_run, flat, spike, day, reverse, power_factor, .. } = rules;
    page.section("quality");
    page.key("zero_run", time(*zero_run));
    page.key(
        "flat",
        format!(
            "run {}, spread {}, floor {}",
            time(flat.run),
            percent(flat.spread.0),
            watt_hours(flat.floor.0)
        ),
    );
    page.key("spike", format!("times {}, floor {}", spike.times, watts(spike.floor.0 as i64)));
    match day {
        None => page.key("day", "none"),
        Some(day) => page.key(
            "day",
            format!(
                "low {}, high {}, floor {}",
                percent(day.low.0),
                percent(day.high.0),
                watt_hours(day.floor.0)
            ),
        ),
    }
    page.key("reverse", watt_hours(reverse.0));
    let PowerFactorRule { least, most, floor } = power_factor;
    let floor = amperes(f64::from(floor.0) / 1000.0);
    page.key("power_factor", format!("least {}, most {}, floor {floor}", percent(least.0), percent(most.0)));
}

fn town_rules(rules: &FindingsSettings, page: &mut Page) {
    let FindingsSettings { sanctioned, inactive, group_sum, multiplier_days } = rules;
    page.key(
        "town",
        format!(
            "sanctioned {}, inactive {}, group_sum {}, multiplier_days {multiplier_days}",
            percent(sanctioned.0),
            watt_hours(inactive.0),
            percent(group_sum.0)
        ),
    );
}

fn supply(rules: &supply::SupplySettings, page: &mut Page) {
    page.section("supply");
    page.key("silent_after", time(rules.silent_after));
    page.key("momentary", time(rules.momentary));
    page.key("transformer_share", percent(rules.transformer_share.0));
    match rules.whole {
        true => page.key("feeder_share", percent(rules.feeder_share.0)),
        false => page.key("feeder_share", "none: no instance sees all of a feeder, nor of an area"),
    }
    page.key("low_voltage", volts(rules.low_voltage.0));
    page.key("high_voltage", volts(rules.high_voltage.0));
    page.key("unbalance", percent(rules.unbalance.0));
}

fn limits(limits: &Limits, page: &mut Page) {
    page.section("limits");
    page.key("voltage", volts(f64::from(limits.v_max.0) / 1000.0));
    page.key("current", amperes(f64::from(limits.i_max.0) / 1000.0));
    page.key("power", watts(limits.p_max.0 / 1000));
}

fn registers(rules: &RegisterRules, page: &mut Page) {
    page.section("registers");
    page.key("rollovers", listed(rules.rollovers.iter().map(|at| watt_hours(*at))));
    page.key("reset_power", watts(rules.reset_power));
}

fn phase_neutral(rule: &PhaseNeutral, page: &mut Page) {
    page.section("detectors.phase-neutral");
    page.key("share", percent(rule.share().0));
    page.key("floor", amperes(rule.floor().0));
    page.key("low_load", amperes(rule.low_load().0));
    page.key("low_load_share", percent(rule.low_load_share().0));
    page.key("blocks", rule.blocks());
}

/// Sections and keys as a plan has them.
struct Page(String);

impl Page {
    fn section(&mut self, name: &str) {
        self.line(format_args!("\n[{name}]"));
    }

    fn none(&mut self, name: &str) {
        self.line(format_args!("\n[{name}] none"));
    }

    fn key(&mut self, name: &str, value: impl Display) {
        self.line(format_args!("  {name:<15} {value}"));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.0, "{line}").expect("writing to a string cannot fail");
    }
}

fn listed(all: impl IntoIterator<Item = impl Display>) -> String {
    let all: Vec<String> = all.into_iter().map(|one| one.to_string()).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

#[cfg(test)]
mod tests;
