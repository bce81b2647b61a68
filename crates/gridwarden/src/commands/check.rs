//! `gridwarden check`: shows the plan as it will be used, with the keys and units of plans.

mod advice;
mod foreign;
mod kafka;
mod page;
mod reach;
mod routes;
mod survey;

use crate::cli;
use crate::commands::send::topics;
use deliver::plan::{Answers, GatewayPlan};
use detect::{Detector, DetectorRules};
use fleet::{Energy, RegisterRules};
use grid::IndexSettings;
use metering::{DemandRule, Zone};
use notify::{Channel, ChannelRule};
use page::{Page, listed};
use pipeline::{Compression, MostPower, Plan, PlanError};
use reading::quantity::{amperes, percent, time, volts, watt_hours, watts};
use reading::time::DAY;
use reading::{DayType, Limits};
use shell::{Failure, print, read_plan_and_text, read_topology};
use stream::{Environment, Exchange, KafkaPlan};
use survey::Survey;
use vet::{FindingsSettings, PowerFactorRule, Rule, VetSettings};

/// Runs the command.
pub fn run(args: &cli::Check) -> Result<(), Failure> {
    let (plan, text) = read_plan_and_text(&args.plan)?;
    let kafka = KafkaPlan::if_any(&text, &args.plan, None, &Environment::of_process())?;
    let in_plan = |error| Failure::plan(&error, &args.plan, &text);
    let gateways = gateways(&plan, &text).map_err(in_plan)?;
    topics::check(kafka.as_ref(), &gateways).map_err(in_plan)?;
    let in_parts = kafka.as_ref().is_some_and(|kafka| kafka.exchange == Exchange::Kafka);
    let plan = if in_parts { plan.of_a_part() } else { plan };
    let answers = deliver::plan::answers(&text).map_err(in_plan)?;
    if let (Some(_), Some(rules)) = (answers, &plan.desk) {
        deliver::plan::check_answers(rules, &plan.calendar, &gateways).map_err(in_plan)?;
    }
    let mut page = page_of(&plan, kafka.as_ref(), &gateways, answers);
    let topology = args.topology.as_deref().map(read_topology).transpose()?;
    let unreached = match (&plan.desk, &topology) {
        (Some(rules), Some(topology)) => reach::section(rules, topology, &mut page),
        _ => vec![],
    };
    if !args.readings.is_empty() {
        let survey = Survey::of(&args.readings, &plan)?;
        advice::readings(&survey, &plan, topology.as_ref(), &mut page);
        if survey.readings == 0 {
            print(&page.text())?;
            return Err(foreign::nothing_read(&args.readings, survey.first_refused.as_ref()));
        }
    }
    print(&page.text())?;
    let help = "compare the names of the plan with the columns of the topology, and fill those in";
    let failures = unreached.into_iter().map(|problem| Failure::wrong(problem, help)).collect();
    Failure::all(failures).map_or(Ok(()), Err)
}

/// The gateways of a plan, which reach all of its receivers, or none at all.
fn gateways(plan: &Plan, text: &str) -> Result<Vec<GatewayPlan>, PlanError> {
    let gateways = deliver::plan::read(text)?;
    if let Some(rules) = &plan.desk {
        deliver::plan::check_receivers(text, rules, &gateways)?;
    }
    for rule in Channel::ALL.iter().filter_map(|channel| plan.channel(*channel)) {
        deliver::plan::check_section(rule, &gateways)?;
    }
    let sections: Vec<Channel> = plan.channels.iter().map(ChannelRule::channel).collect();
    deliver::plan::check_registered(plan.desk.as_ref(), &sections, &gateways)?;
    Ok(gateways)
}

/// The whole page, section by section.
fn page_of(
    plan: &Plan,
    kafka: Option<&KafkaPlan>,
    gateways: &[GatewayPlan],
    answers: Option<Answers>,
) -> Page {
    let mut page = Page::about(&plan.name);
    page.key("time_zone", plan.calendar.zone_name());
    page.key("holidays", listed(plan.calendar.holidays()));
    page.key("balance", if plan.balance { "true: of every transformer" } else { "false" });
    intervals(plan, &mut page);
    limits(&plan.limits, &mut page);
    registers(&plan.intervals.registers, &plan.most_power, &mut page);
    metering(plan, &mut page);
    groups(plan, &mut page);
    quality(plan, &mut page);
    page.section_if("supply", plan.supply.as_ref(), supply);
    page.section_if("index", plan.index.as_ref(), index);
    health(plan, &mut page);
    forecast(plan, &mut page);
    watch(plan, &mut page);
    if gateways.is_empty() {
        page.none("[gateway]");
    }
    for gateway in gateways {
        page.section("[gateway]");
        gateway.shown().iter().for_each(|(key, value)| page.key(key, value));
    }
    page.section_if("answers", answers, |page, answers| {
        page.key("per_hour", format!("{}: answers to one phone", answers.per_hour));
        page.key("per_day", answers.per_day);
    });
    match kafka {
        None => {
            page.none("kafka");
            output(plan.compression, &mut page);
        }
        Some(kafka) => kafka::sections(kafka, plan.compression, &mut page),
    }
    page
}

/// What results are written as, where readings come from files or from Kafka.
fn output(compression: Compression, page: &mut Page) {
    page.section("output");
    page.key("compression", format!("{compression}: of Parquet files"));
}

fn intervals(plan: &Plan, page: &mut Page) {
    let settings = &plan.intervals;
    page.section("intervals");
    page.key("length", time(settings.grid.length()));
    page.key("grace", time(settings.grace));
    page.key("clock_ahead", time(plan.order.ahead));
    page.key("most_waiting", plan.order.most_waiting);
    page.key("longest_gap", time(settings.longest_gap));
    page.key("snap", if settings.snap == 0 { "none".to_owned() } else { time(settings.snap) });
    page.key("final_after", if plan.final_after == 0 { "at once".to_owned() } else { final_after(plan) });
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
    page.key("pf_true", column(plan.pf_true));
    page.key("unbalance", column(plan.unbalance));
    let (open, bytes) = (settings.open_intervals(), plan.bytes_per_meter());
    page.key("memory", format!("{bytes} bytes a single-phase meter, {open} intervals open at once"));
}

/// How long late rows join balances and sums of groups, and the memory that this takes.
fn final_after(plan: &Plan) -> String {
    let kilobytes = |bytes: usize| bytes.div_ceil(1000);
    let balances = kilobytes(plan.bytes_per_transformer());
    let text =
        format!("{}: {balances} kB a transformer for balances that may change", time(plan.final_after));
    match kilobytes(plan.bytes_per_group()) {
        0 => text,
        sums => format!("{text}, {sums} kB a group for sums that wait"),
    }
}

/// A column of intervals that a plan may ask for.
fn column(is_asked_for: bool) -> &'static str {
    if is_asked_for { "true: a column of intervals" } else { "false" }
}

/// The sections about each meter: load profile, demand, power factor.
fn metering(plan: &Plan, page: &mut Page) {
    let rules = plan.metering.as_ref();
    page.section_if("profiles", rules.and_then(|rules| rules.profile.as_ref()), |page, profile| {
        page.key("slot", format!("{}: {} a day", time(profile.slot()), profile.slots()));
        page.key("half_life", format!("{} days of a type", profile.half_life()));
    });
    let demand = rules.and_then(|rules| rules.demand.as_ref());
    page.section_if("demand", demand, |page, rule| {
        page.key("block", time(rule.block()));
        page.key("billing_day", rule.billing_day());
        page.key("low_power_factor", rule.low_pf().0);
        page.key("zones", listed(rule.zones().iter().map(zone)));
    });
    let classes = demand.map(DemandRule::pf_classes).filter(|classes| *classes > 0);
    page.section_if("power_factor", classes, |page, classes| {
        page.key("step", format!("{}: {classes} classes", 1.0 / classes as f64));
    });
}

/// The sections about demand of groups, sanctioned loads and estimation.
fn groups(plan: &Plan, page: &mut Page) {
    page.section_if("groups", plan.groups.as_ref(), |page, rule| {
        let groups =
            if rule.whole_town { "each transformer, each feeder, and all" } else { "each transformer" };
        page.key("reporting", format!("{}: demand of {groups}", percent(rule.reporting.0)));
    });
    page.section_if("sanctioned", plan.above_sanctioned, |page, above| page.key("above", percent(above.0)));
    page.section_if("estimation", plan.linear_up_to, |page, linear_up_to| {
        page.key("linear_up_to", format!("{}: longer silences by the load profile", time(linear_up_to)));
    });
}

/// A tariff zone, such as `evening 18:00-22:00`, with its days and months unless it holds on all of them.
fn zone(zone: &Zone) -> String {
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let mut text = format!("{} {}-{}", zone.name, clock(zone.from), clock(zone.to));
    if zone.days != Zone::ALL_DAYS {
        let of = DayType::ALL.into_iter().filter(|day| zone.days >> *day as u8 & 1 == 1).map(DayType::name);
        text += &format!(" {}", of.collect::<Vec<_>>().join(" "));
    }
    if zone.months != Zone::ALL_YEAR {
        let of = (1..=12).filter(|month| zone.months >> (month - 1) & 1 == 1);
        text += &format!(" months {}", of.map(|month| month.to_string()).collect::<Vec<_>>().join(" "));
    }
    text
}

fn quality(plan: &Plan, page: &mut Page) {
    page.section_if("quality", plan.quality.as_ref(), vet_settings);
    if let Some(rules) = plan.town_rules.as_ref().filter(|_| plan.quality.is_some()) {
        town_rules(rules, page);
    }
    page.key("counted", listed(plan.rules().map(Rule::name)));
}

fn vet_settings(page: &mut Page, rules: &VetSettings) {
    let VetSettings { zero_run, flat, spike, day, reverse, power_factor, .. } = rules;
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

fn supply(page: &mut Page, rules: &supply::SupplySettings) {
    page.key("silent_after", time(rules.silent_after));
    page.key("momentary", time(rules.momentary));
    page.key("transformer_share", percent(rules.transformer_share.0));
    match rules.whole {
        true => page.key("feeder_share", percent(rules.feeder_share.0)),
        false => page.key("feeder_share", "none: no instance sees a whole feeder or area"),
    }
    page.key("low_voltage", volts(rules.low_voltage.0));
    page.key("high_voltage", volts(rules.high_voltage.0));
    page.key("unbalance", percent(rules.unbalance.0));
}

fn index(page: &mut Page, index: &IndexSettings) {
    let days = index.days;
    page.key("days", format!("{days}: for another transformer or phase, less days against it"));
    page.key("margin", format!("{}: a difference of correlations", percent(index.margin)));
    page.key("memory", format!("{} bytes a consumer", grid::Index::BYTES_PER_METER));
}

fn health(plan: &Plan, page: &mut Page) {
    page.section_if("health", plan.health.as_ref(), |page, health| {
        let whose =
            if health.whole_town { "meters, transformers, concentrators" } else { "meters, transformers" };
        page.key("rows", format!("{whose}; each a local day"));
        page.key("final", format!("{} after the day", time(plan.final_after.max(DAY))));
    });
}

fn forecast(plan: &Plan, page: &mut Page) {
    page.section_if("forecast", plan.forecast.as_ref(), |page, forecast| {
        page.key("quantiles", listed(&forecast.quantiles));
        page.key(
            "transformers",
            match (forecast.town, forecast.transformers) {
                (true, true) => "true: each, and the town",
                (true, false) => "false: only the town",
                (false, _) => "true: each; no instance sees the whole town",
            },
        );
    });
}

/// The sections about detectors, cases and SMS.
fn watch(plan: &Plan, page: &mut Page) {
    detectors(&plan.detectors, page);
    page.section_if("cases", plan.cases.as_ref(), |page, rules| {
        page.key("cool_down", time(rules.cool_down()));
        page.key("follow_within", time(rules.follow_within()));
        page.key("most_open", rules.most_open());
        page.key("settle", time(plan.settle));
    });
    for channel in Channel::ALL {
        page.section_if(channel.name(), plan.channel(*channel), |page, rule| {
            rule.shown().iter().for_each(|(key, value)| page.key(key, value));
        });
    }
    routes::sections(plan.desk.as_ref(), page);
}

fn limits(limits: &Limits, page: &mut Page) {
    page.section("limits");
    page.key("voltage", volts(f64::from(limits.v_max.0) / 1000.0));
    page.key("current", amperes(f64::from(limits.i_max.0) / 1000.0));
    page.key("power", watts(limits.p_max.0 / 1000));
}

fn registers(rules: &RegisterRules, most_power: &MostPower, page: &mut Page) {
    page.section("registers");
    page.key("rollovers", listed(rules.rollovers.iter().map(|at| watt_hours(*at))));
    page.key("reset_power", watts(rules.reset_power));
    page.key("most_power", watts(most_power.usual));
    if !most_power.by_class.is_empty() {
        let by_class = most_power.by_class.iter();
        page.key(
            "most_power_by_class",
            listed(by_class.map(|(class, most)| format!("{class} {}", watts(*most)))),
        );
    }
}

fn detectors(rules: &DetectorRules, page: &mut Page) {
    if rules.is_empty() {
        page.none("detectors");
    }
    for detector in Detector::ALL {
        let Some(keys) = rules.shown(*detector) else { continue };
        page.section(&format!("detectors.{detector}"));
        keys.iter().for_each(|(key, value)| page.key(key, value));
    }
}

#[cfg(test)]
mod tests;
