//! State by part: each changed setting loses the right parts, and stored parts of every version stay readable.

use crate::lanes::{LOG, PARTITIONS};
use crate::program::repository;
use expect_test::expect;
use grid::{Topology, TopologyRow};
use pipeline::{
    Confluence, Lane, LostPart, Outputs, PartitionId, Plan, StoredPart, Town, parts_of, restore_second,
    store_second,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::LazyLock;
use toml::{Table, Value};

/// The state of a partition and of the second stage after two days, under a plan with every kind of state.
struct Stored {
    lane: Vec<u8>,
    second: Vec<u8>,
}

static PLAN: LazyLock<Table> = LazyLock::new(|| {
    let mut plan: Table = fs::read_to_string(repository("pipelines/ami.toml")).unwrap().parse().unwrap();
    // The log goes over three days: later than that, nothing would be final.
    plan["intervals"].as_table_mut().unwrap().insert("final_after".to_owned(), "12 h".into());
    // The only section that ami.toml does not have.
    plan.insert("power_factor".to_owned(), "step = 0.05".parse::<Table>().unwrap().into());
    // And the lists that it does not have.
    let routes: Table = fs::read_to_string(repository("pipelines/routes.toml")).unwrap().parse().unwrap();
    for list in ["receiver", "route", "inhibit", "template"] {
        plan.insert(list.to_owned(), routes[list].clone());
    }
    // And the only key that the core reads from a section of the shell.
    plan["output"].as_table_mut().unwrap().insert("compression".to_owned(), "zstd".into());
    plan
});

static STORED: LazyLock<Stored> = LazyLock::new(|| {
    let (plan, topology) = (plan_of(&PLAN), &LOG.topology);
    let (mut confluence, mut town) = (Confluence::default(), Town::new(&plan, topology.clone()).unwrap());
    let (mut lanes, mut positions) = (Vec::new(), Vec::new());
    for partition in 0..PARTITIONS {
        let id = partition as PartitionId;
        let mut lane = Lane::new(&plan, topology);
        lane.open(id, None);
        confluence.open(id, lane.sequencer().closed());
        // One partition is ahead of the others, so that some of its rows are waiting.
        let count = LOG.partitions[partition].len() * if partition == 0 { 95 } else { 90 } / 100;
        let (mut position, mut out) = (0, Outputs::default());
        let batch = LOG.read(partition, &mut position, count);
        lane.take(id, &batch, 0, &mut out);
        confluence.take(id, lane.sequencer().closed(), &out.closings, &out.intervals, &out.reports);
        lanes.push(lane);
        positions.push((id, position as i64));
    }
    while let Some(flow) = confluence.next_flow() {
        town.take(flow, &mut Outputs::default());
    }
    Stored { lane: lanes[0].store(), second: store_second(&town, &confluence, &positions) }
});

fn plan_of(table: &Table) -> Plan {
    Plan::read(&table.to_string()).unwrap()
}

/// The parts that are lost under a plan, and all parts as they are stored again.
fn restored(plan: &Plan, topology: &Topology, stored: &Stored) -> (Vec<LostPart>, BTreeMap<String, Vec<u8>>) {
    let (mut lane, mut lost) = Lane::restore(plan, topology, &[&stored.lane]).unwrap();
    let (second, more) = restore_second(plan, topology.clone(), &stored.second).unwrap();
    lost.extend(more);
    let positions: Vec<_> = second.positions.into_iter().collect();
    let lane = lane.store();
    let second = store_second(&second.town, &second.confluence, &positions);
    let again = [lane, second].iter().flat_map(|bytes| parts_by_name(bytes)).collect();
    (lost, again)
}

fn parts_by_name(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let parts = parts_of(bytes).unwrap();
    parts.into_iter().map(|(name, part)| (name.to_owned(), part.bytes.to_vec())).collect()
}

/// The path of every setting of a table and of the tables in it. A list is one setting.
fn settings(table: &Table, path: &str, all: &mut Vec<String>) {
    for (key, value) in table {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match value {
            // The shell reads these sections; the core ignores them, but for one key.
            Value::Table(_) if ["kafka", "output", "grid", "checkpoints"].contains(&&path[..]) => {
                all.extend((path == "output").then(|| "output.compression".to_owned()));
            }
            Value::Table(inner) => settings(inner, &path, all),
            _ => all.push(path),
        }
    }
}

/// Other values for settings that cannot be changed by a simple rule.
const OTHERS: &[(&str, &str)] = &[
    ("name", "'other'"),
    ("time_zone", "'Europe/London'"),
    ("holidays", "['2024-01-27']"),
    ("intervals.length", "'15 min'"),
    ("intervals.grace", "'50 min'"),
    ("intervals.energy", "'power'"),
    ("registers.rollovers", "['100 MWh']"),
    ("profiles.slot", "'1 h'"),
    ("demand.block", "'60 min'"),
    ("demand.zones", "[{ name = 'evening', from = '18:00', to = '23:00' }]"),
    ("estimation.linear_up_to", "'3 h'"),
    ("power_factor.step", "0.1"),
    ("output.compression", "'none'"),
    ("forecast.quantiles", "[0.1, 0.5, 0.8]"),
];

/// Another value of the same kind.
fn other(path: &str, value: &Value) -> Value {
    if let Some((_, text)) = OTHERS.iter().find(|(known, _)| *known == path) {
        return format!("value = {text}").parse::<Table>().unwrap()["value"].clone();
    }
    match value {
        Value::Boolean(on) => Value::Boolean(!on),
        Value::Integer(number) => Value::Integer(number + 1),
        Value::Float(number) => Value::Float(number * 1.01),
        Value::String(text) => {
            let (number, unit) = text.split_once(' ').unwrap_or_else(|| panic!("{path} needs another value"));
            let number: f64 = number.parse().unwrap();
            // Whole numbers stay whole, and shares stay below one.
            let other = if number.fract() == 0.0 && number != 60.0 { number + 1.0 } else { number * 1.01 };
            Value::String(format!("{other} {unit}"))
        }
        Value::Array(tables) => Value::Array(tables.iter().map(other_table).collect()),
        other => panic!("{path} needs another value than {other}"),
    }
}

/// A receiver, route, inhibition or template with one other value.
fn other_table(value: &Value) -> Value {
    let mut table = value.as_table().unwrap().clone();
    let others = [("parts", 4.into()), ("wait", "1 h".into()), ("text", "{meter}".into())];
    for (key, other) in others {
        if table.contains_key(key) {
            table.insert(key.to_owned(), other);
        }
    }
    table.into()
}

/// The value at a path.
fn at<'a>(table: &'a mut Table, path: &str) -> &'a mut Value {
    match path.split_once('.') {
        None => &mut table[path],
        Some((key, rest)) => at(table[key].as_table_mut().unwrap(), rest),
    }
}

/// Restores under another plan. Parts that are not lost must be stored again byte by byte as before.
fn lost_under(plan: &Plan) -> BTreeSet<String> {
    let (lost, again) = restored(plan, &LOG.topology, &STORED);
    let lost: BTreeSet<String> = lost.into_iter().map(|part| part.name).collect();
    for bytes in [&STORED.lane, &STORED.second] {
        for (name, before) in parts_by_name(bytes) {
            let is_kept = again.get(&name) == Some(&before);
            assert!(is_kept != lost.contains(&name), "{name} is {}", if is_kept { "lost" } else { "kept" });
        }
    }
    lost
}

fn line(what: &str, lost: &BTreeSet<String>) -> String {
    format!("{what}: {}", lost.iter().cloned().collect::<Vec<_>>().join(" "))
}

#[test]
fn the_plan_keeps_every_kind_of_state() {
    let names: Vec<String> = [&STORED.lane, &STORED.second]
        .iter()
        .flat_map(|bytes| parts_by_name(bytes))
        .map(|(name, _)| name)
        .collect();
    expect![[r#"
        demand
        health
        meters
        order
        power-factor
        profiles
        vet
        wires
        apparent-power
        balances
        cases
        confluence
        ct-open
        deliveries
        desk
        event-then-drop
        findings
        found
        groups
        heard
        hours-missing
        index
        loads
        losses
        messages
        neutral-missing
        not-looked-at
        phase-neutral
        positions
        potential-link-open
        reversed-ct
        supply
        supply-indices
        suspicions
        use-after-disconnection"#]]
    .assert_eq(&names.join("\n"));
    assert_eq!(lost_under(&plan_of(&PLAN)), BTreeSet::new());
}

/// A setting that only affects the future, such as a limit, loses no part.
#[test]
fn a_changed_setting_loses_the_parts_that_depend_on_it_and_no_other() {
    let mut all = Vec::new();
    settings(&PLAN, "", &mut all);
    let (mut lines, mut none) = (Vec::new(), Vec::new());
    for path in all {
        let mut changed = PLAN.clone();
        let value = at(&mut changed, &path);
        *value = other(&path, value);
        let lost = lost_under(&plan_of(&changed));
        if lost.is_empty() { none.push(path) } else { lines.push(line(&path, &lost)) }
    }
    lines.push(format!("\nnothing is lost by\n{}", none.join("\n")));
    expect![[r#"
        balance: losses
        demand.billing_day: demand groups power-factor
        demand.block: demand groups power-factor
        demand.zones: demand groups power-factor
        detectors.apparent-power.short: apparent-power
        detectors.ct-open.floor: ct-open
        detectors.neutral-missing.current: neutral-missing
        detectors.phase-neutral.floor: phase-neutral
        detectors.phase-neutral.low_load: phase-neutral
        detectors.phase-neutral.low_load_share: phase-neutral
        detectors.phase-neutral.share: phase-neutral
        detectors.potential-link-open.current: potential-link-open
        detectors.reversed-ct.power: reversed-ct
        intervals.energy: meters
        intervals.grace: meters
        intervals.length: apparent-power balances confluence ct-open deliveries demand event-then-drop findings groups health heard hours-missing index loads losses meters neutral-missing phase-neutral potential-link-open power-factor profiles reversed-ct supply use-after-disconnection vet wires
        power_factor.step: power-factor
        profiles.slot: profiles
        time_zone: deliveries demand findings groups health index losses power-factor profiles supply-indices suspicions

        nothing is lost by
        cases.cool_down
        cases.follow_within
        cases.most_open
        demand.low_power_factor
        detectors.event-then-drop.drop
        detectors.hours-missing.days
        detectors.phase-neutral.blocks
        detectors.use-after-disconnection.blocks
        estimation.linear_up_to
        forecast.quantiles
        forecast.transformers
        groups.reporting
        holidays
        index.days
        index.margin
        inhibit
        intervals.clock_ahead
        intervals.cross_check.floor
        intervals.cross_check.share
        intervals.final_after
        intervals.longest_gap
        intervals.most_waiting
        intervals.snap
        limits.current
        limits.power
        limits.voltage
        name
        output.compression
        profiles.half_life
        quality.day.floor
        quality.day.high
        quality.day.low
        quality.flat.floor
        quality.flat.run
        quality.flat.spread
        quality.power_factor.floor
        quality.power_factor.least
        quality.power_factor.most
        quality.reverse
        quality.spike.floor
        quality.spike.times
        quality.town.group_sum
        quality.town.inactive
        quality.town.multiplier_days
        quality.town.sanctioned
        quality.zero_run
        receiver
        registers.most_power
        registers.reset_power
        registers.rollovers
        route
        sanctioned.above
        sms.again_after
        sms.per_day
        sms.per_hour
        supply.feeder_share
        supply.high_voltage
        supply.low_voltage
        supply.momentary
        supply.silent_after
        supply.transformer_share
        supply.unbalance
        template"#]].assert_eq(&lines.join("\n"));
}

#[test]
fn a_removed_section_loses_its_own_parts() {
    let mut lines = Vec::new();
    for section in [
        "profiles",
        "power_factor",
        "groups",
        "sanctioned",
        "quality",
        "supply",
        "health",
        "forecast",
        "sms",
        "routes",
    ] {
        let mut without = PLAN.clone();
        if section == "quality" {
            without.remove("estimation");
        }
        if section == "profiles" {
            without.remove("estimation");
            let quality = without["quality"].as_table_mut().unwrap();
            quality.remove("day");
        }
        // A route is for what these find.
        if ["routes", "supply", "sanctioned"].contains(&section) {
            ["receiver", "route", "inhibit", "template"].iter().for_each(|list| drop(without.remove(*list)));
        }
        without.remove(section);
        if let Ok(plan) = Plan::read(&without.to_string()) {
            lines.push(line(section, &lost_under(&plan)));
        } else {
            lines.push(format!("{section}: no plan without it"));
        }
    }
    expect![[r#"
        profiles: profiles
        power_factor: power-factor
        groups: groups
        sanctioned: desk
        quality: findings vet
        supply: desk supply supply-indices
        health: deliveries health
        forecast: loads
        sms: messages
        routes: desk"#]]
    .assert_eq(&lines.join("\n"));
}

/// The topology before it named feeders: most states in the folder were stored under it.
static WITHOUT_FEEDERS: LazyLock<Topology> = LazyLock::new(|| {
    let rows = LOG.topology.rows().iter().cloned();
    Topology::new(rows.map(|row| TopologyRow { feeder: None, ..row }).collect()).unwrap()
});

/// `tests/golden/state/NAME.vVERSION` holds the bytes of a part in each version that was ever written.
/// `UPDATE_EXPECT=1` adds a new version. It never changes an earlier one.
#[test]
fn parts_of_every_version_are_read() {
    let (plan, folder) = (plan_of(&PLAN), repository("tests/golden/state"));
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut golden = BTreeMap::<String, Vec<u16>>::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let (part, version) = name.rsplit_once(".v").unwrap();
        golden.entry(part.to_owned()).or_default().push(version.parse().unwrap());
    }
    for stored in [&STORED.lane, &STORED.second] {
        for (name, part) in parts_of(stored).unwrap() {
            let versions = golden.remove(name).unwrap_or_default();
            let topology = if name == "index" { &LOG.topology } else { &*WITHOUT_FEEDERS };
            let path = |version: u16| folder.join(format!("{name}.v{version}"));
            if !versions.contains(&part.version) {
                assert!(
                    update,
                    "{name} is stored as version {}: UPDATE_EXPECT=1 keeps its bytes",
                    part.version
                );
                fs::write(path(part.version), part.bytes).unwrap();
            }
            for version in versions {
                let bytes = fs::read(path(version)).unwrap();
                let old = StoredPart { version, bytes: &bytes, ..part };
                let mut stored = Stored { lane: STORED.lane.clone(), second: STORED.second.clone() };
                stored.replace(name, old);
                let (lost, again) = restored(&plan, topology, &stored);
                assert_eq!(lost, [], "{name} of version {version} cannot be read");
                if version == part.version {
                    assert!(again[name] == bytes, "{name} of version {version} has changed");
                } else {
                    // An earlier form may hold less. What was made of it is a state like any other.
                    stored.replace(name, StoredPart { bytes: &again[name], ..part });
                    let (lost, twice) = restored(&plan, topology, &stored);
                    assert!(lost.is_empty() && twice[name] == again[name], "{name} of version {version}");
                }
            }
        }
    }
    assert!(golden.is_empty(), "no part has this name: {golden:?}");
}

impl Stored {
    /// Replaces a part by another version of it.
    fn replace(&mut self, name: &str, by: StoredPart<'_>) {
        for bytes in [&mut self.lane, &mut self.second] {
            let before = bytes.clone();
            let mut parts = parts_of(&before).unwrap();
            if parts.contains_key(name) {
                parts.insert(name, by);
            }
            *bytes = b"GWPARTS1".to_vec();
            for (name, part) in parts {
                bytes.push(name.len() as u8);
                bytes.extend_from_slice(name.as_bytes());
                bytes.extend_from_slice(&part.version.to_le_bytes());
                bytes.extend_from_slice(&part.fingerprint.to_le_bytes());
                bytes.extend_from_slice(&(part.bytes.len() as u64).to_le_bytes());
                bytes.extend_from_slice(part.bytes);
            }
        }
    }
}
