use super::*;
use crate::Comparing;
use crate::weigh::Found;
use crate::{EvidenceState, Written};
use expect_test::{Expect, expect};
use grid::{Fronts, Role, Topology, TopologyRow};
use proptest::prelude::*;
use reading::time::MINUTE;
use reading::{EventTime, Grid, Sums, TransformerId};
use std::sync::Arc;
use without_case::Looked;

/// Firmware thresholds in the field, which are the defaults.
fn rule() -> Rule {
    Rule::read(&[]).unwrap()
}

const BLOCK: i64 = 30 * MINUTE;

pub(super) fn end_of(block: i64) -> EventTime {
    EventTime(19_727 * reading::time::DAY + block * BLOCK)
}

/// `8/5`: mean phase and neutral current in A. A `~` behind: estimated. `8`: no neutral, as on three phases. `.`:
/// none.
pub(super) fn interval(meter: &str, block: i64, text: &str) -> Option<Interval> {
    let (text, quality) = match text.strip_suffix('~') {
        Some(text) => (text, Quality::ESTIMATED),
        None => (text, Quality::MEASURED),
    };
    let mut sums = Sums { readings: 2, i_count: 2, v_min: 229_000, v_max: 231_000, ..Sums::EMPTY };
    let twice = |text: &str| (text.parse::<f64>().unwrap() * 2000.0).round() as u32;
    match text.split_once('/') {
        Some((phase, neutral)) => {
            (sums.i, sums.neutral, sums.loop_count) = (twice(phase), twice(neutral), 2);
        }
        None if text == "." => return None,
        None => sums.i = twice(text),
    }
    let meter = MeterId::new(meter).unwrap();
    let (start, end) = (end_of(block - 1), end_of(block));
    Some(Interval { meter, start, end, imp: Some(WattHours(1000)), exp: None, sums, quality, instead: None })
}

pub(super) fn row(meter: &str, role: Role, transformer: &str) -> TopologyRow {
    let mut row = TopologyRow::new(MeterId::new(meter).unwrap(), role);
    row.transformer = TransformerId::new(transformer).map(Arc::new);
    row
}

/// The rule at work in a street, with what it needs to know of who was heard.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Town {
    topology: Topology,
    fronts: Fronts,
    runs: Runs,
    held_back: u64,
}

impl Town {
    /// Waits for nobody.
    pub(super) fn new(topology: Topology) -> Self {
        Self::patient(topology, 0)
    }

    /// Waits for so many blocks.
    fn patient(topology: Topology, blocks: i64) -> Self {
        let fronts = Fronts::new(Grid::new(BLOCK).unwrap(), blocks * BLOCK, &topology);
        Self { topology, fronts, runs: Runs::new(rule()), held_back: 0 }
    }

    /// A tick with rows of this block, and of earlier ones.
    pub(super) fn tick(&mut self, block: i64, rows: &[Interval]) -> Vec<Found> {
        self.fronts.tick(end_of(block), self.topology.join(rows));
        self.examine(rows, false)
    }

    fn end(&mut self) -> Vec<Found> {
        self.examine(&[], true)
    }

    fn examine(&mut self, rows: &[Interval], at_the_end: bool) -> Vec<Found> {
        let (topology, fronts) = (&self.topology, &self.fronts);
        let comparing = Comparing { topology, fronts, at_the_end, events: &[], wires: &[] };
        let mut out = Findings::default();
        let of_consumers = self.topology.join(rows).filter(Joined::is_consumer);
        of_consumers.for_each(|joined| self.runs.see(&comparing, &joined, &mut out));
        self.runs.end(&comparing, &mut out);
        self.held_back += out.held_back;
        out.found
    }

    fn runs(&self) -> usize {
        self.runs.streets.values().map(|street| street.runs.len()).sum()
    }
}

/// A street: a line for each meter, `M1@T1 8/5 8/5 .`, a word for each block. Every tick is examined; what is
/// suspected in which block is the answer.
fn check(street: &str, answer: &Expect) {
    let (topology, ticks) = read(street);
    let mut town = Town::new(topology);
    let mut lines = String::new();
    for (number, intervals) in ticks.iter().enumerate() {
        for found in &town.tick(number as i64 + 1, intervals) {
            lines += &format!("{}: {}\n", number + 1, line(found));
        }
    }
    answer.assert_eq(&lines);
}

fn read(street: &str) -> (Topology, Vec<Vec<Interval>>) {
    let (mut rows, mut ticks) = (Vec::new(), Vec::<Vec<Interval>>::new());
    for line in street.trim().lines() {
        let mut words = line.split_whitespace();
        let (meter, transformer) = words.next().unwrap().split_once('@').unwrap();
        let role = if meter.starts_with('D') { Role::Transformer } else { Role::Consumer };
        rows.push(row(meter, role, transformer));
        for (number, word) in words.enumerate() {
            ticks.resize_with(ticks.len().max(number + 1), Vec::new);
            ticks[number].extend(interval(meter, number as i64 + 1, word));
        }
    }
    (Topology::new(rows).unwrap(), ticks)
}

fn number(found: &Found, fact: &str) -> f64 {
    found.evidence.fact(fact).unwrap().value
}

fn allowed(found: &Found) -> f64 {
    found.evidence.fact("apart").unwrap().limit.unwrap()
}

fn line(found: &Found) -> String {
    let innocent = |innocent: &Innocent| match (innocent.name(), &innocent.facts[..]) {
        ("shared-neutral", [apart]) => match apart.about {
            Some(other) => format!("{other} {:.1}", apart.value),
            None => format!("none {:.1}", apart.value),
        },
        ("broken-neutral", [back, ..]) => format!("{:.0} % comes back", back.value * 100.0),
        ("broken-neutral", []) => "nothing goes out".to_owned(),
        ("low-load", [load, low]) => {
            format!("load {:.1} of {:.1} low {}", load.value, load.limit.unwrap(), low.value)
        }
        ("three-phase", [readings]) => format!("{} loop readings", readings.value),
        ("brief", [blocks]) => format!("{} of {} blocks", blocks.value, blocks.limit.unwrap()),
        other => panic!("{other:?}"),
    };
    let innocents: Vec<String> = found.evidence.looked_at.iter().map(innocent).collect();
    format!(
        "{} {:.1}/{:.1} = {:.1} > {:.2}, {:.0} %, {} Wh, score {:.3} ({})",
        found.meter,
        number(found, "phase"),
        number(found, "neutral"),
        number(found, "apart"),
        allowed(found),
        number(found, "share") * 100.0,
        found.evidence.excess.map_or("-".to_owned(), |energy| energy.0.to_string()),
        found.evidence.score,
        innocents.join(", ")
    )
}

#[test]
fn five_blocks_apart_are_suspicious_and_every_one_after_them() {
    check(
        "M1@T1 8/5 8/5 8/5 8/5 8/5 8/5",
        &expect![[r#"
            5: M1 8.0/5.0 = 3.0 > 0.50, 38 %, 1725 Wh, score 0.417 (none 0.2, 62 % comes back, load 8.0 of 2.0 low 0, 10 loop readings, 5 of 5 blocks)
            6: M1 8.0/5.0 = 3.0 > 0.50, 38 %, 2070 Wh, score 0.486 (none 0.2, 62 % comes back, load 8.0 of 2.0 low 0, 12 loop readings, 6 of 5 blocks)
        "#]],
    );
}

#[test]
fn four_blocks_are_brief() {
    check("M1@T1 8/5 8/5 8/5 8/5 8/8 8/5 8/5 8/5 8/5", &expect![[""]]);
}

#[test]
fn a_missing_block_ends_the_run() {
    check("M1@T1 8/5 8/5 8/5 8/5 . 8/5 8/5 8/5 8/5", &expect![[""]]);
}

#[test]
fn an_estimated_block_is_no_evidence() {
    check("M1@T1 8/5 8/5 8/5 8/5 8/5~ 8/5 8/5 8/5 8/5", &expect![[""]]);
}

#[test]
fn the_other_side_is_another_run() {
    check("M1@T1 8/5 8/5 8/5 8/5 5/8 5/8 5/8 5/8", &expect![[""]]);
}

#[test]
fn a_shared_neutral_explains_both_meters() {
    check(
        "
        M1@T1 8/5 8/5 8/5 8/5 8/5 8/5
        M2@T1 2/5 2/5 2/5 2/5 2/5 2/5
        M3@T1 4/4 4/4 4/4 4/4 4/4 4/4
        ",
        &expect![[""]],
    );
}

#[test]
fn the_opposite_on_another_transformer_explains_nothing() {
    check(
        "
        M1@T1 8/5 8/5 8/5 8/5 8/5
        M2@T2 2/5 2/5 2/5 2/5 2/5
        ",
        &expect![[r#"
            5: M1 8.0/5.0 = 3.0 > 0.50, 38 %, 1725 Wh, score 0.417 (none 0.2, 62 % comes back, load 8.0 of 2.0 low 0, 10 loop readings, 5 of 5 blocks)
            5: M2 2.0/5.0 = 3.0 > 0.50, 60 %, 1725 Wh, score 0.417 (none 0.2, 250 % comes back, load 5.0 of 2.0 low 0, 10 loop readings, 5 of 5 blocks)
        "#]],
    );
}

#[test]
fn an_opposite_that_is_off_by_more_than_a_fifth_explains_nothing() {
    check(
        "
        M1@T1 8/5 8/5 8/5 8/5 8/5
        M2@T1 4/4 4/4 4/4 4/4 4/4
        M3@T1 2/4.3 2/4.3 2/4.3 2/4.3 2/4.3
        ",
        &expect![[r#"
            5: M1 8.0/5.0 = 3.0 > 0.50, 38 %, 1725 Wh, score 0.417 (M3 -2.3, 62 % comes back, load 8.0 of 2.0 low 0, 10 loop readings, 5 of 5 blocks)
            5: M3 2.0/4.3 = 2.3 > 0.50, 53 %, 1323 Wh, score 0.391 (M1 3.0, 215 % comes back, load 4.3 of 2.0 low 0, 10 loop readings, 5 of 5 blocks)
        "#]],
    );
}

#[test]
fn at_low_load_the_floor_decides() {
    // With the thresholds of the field a quarter of less than 2 A is below the floor, so 0.5 A is what counts.
    check("M1@T1 1.9/1.4 1.9/1.4 1.9/1.4 1.9/1.4 1.9/1.4", &expect![[""]]);
    check(
        "M1@T1 1.9/1.3 1.9/1.3 1.9/1.3 1.9/1.3 1.9/1.3",
        &expect![[r#"
            5: M1 1.9/1.3 = 0.6 > 0.50, 32 %, 345 Wh, score 0.083 (none 0.2, 68 % comes back, load 1.9 of 2.0 low 5, 10 loop readings, 5 of 5 blocks)
        "#]],
    );
}

#[test]
fn with_a_low_floor_low_load_is_allowed_a_larger_share() {
    let rule = Rule::read(&[("floor", Written::Text("0.1 A"))]).unwrap();
    let allowed = |text: &str| {
        let currents = features::loop_currents(&interval("M1", 1, text).unwrap()).unwrap();
        format!("{:.3}", rule.allowed(&currents).0)
    };
    assert_eq!(
        ["1.6/1.2", "1.2/1.6", "2/1.6", "16/1.6", "0.2/0.1"].map(allowed),
        ["0.400", "0.400", "0.125", "1.000", "0.100"]
    );
}

#[test]
fn three_phases_are_not_examined() {
    check("M1@T1 8 8 8 8 8 8", &expect![[""]]);
}

#[test]
fn the_meter_of_a_transformer_is_not_examined() {
    check("D1@T1 8/5 8/5 8/5 8/5 8/5 8/5", &expect![[""]]);
}

/// Where M1 hangs on T1.
fn lone() -> Topology {
    Topology::new(vec![row("M1", Role::Consumer, "T1")]).unwrap()
}

#[test]
fn without_a_known_transformer_nothing_is_suspected_and_what_was_apart_is_broken_neutral() {
    let without_transformer = TopologyRow::new(MeterId::new("M1").unwrap(), Role::Consumer);
    for topology in [Topology::default(), Topology::new(vec![without_transformer]).unwrap()] {
        let mut town = Town::new(topology);
        for (block, text) in (1..).zip(["8/5", "8/5", "8/5", "8/5", "8/5", "8/8"]) {
            assert_eq!(town.tick(block, &[interval("M1", block, text).unwrap()]), []);
        }
        assert_eq!((town.runs(), town.held_back), (0, 5));
    }
}

#[test]
fn a_run_begins_when_the_transformer_is_known() {
    let mut known = row("M1", Role::Consumer, "T1");
    known.from = Some(end_of(3));
    let topology = Topology::new(vec![known]).unwrap();
    let mut town = Town::new(topology);
    let mut out = Vec::new();
    for block in 1..=8 {
        out.extend(town.tick(block, &[interval("M1", block, "8/5").unwrap()]));
    }
    assert_eq!(out.len(), 1);
    assert_eq!((out[0].evidence.since, out[0].evidence.blocks), (end_of(3), 5));
}

#[test]
fn what_became_of_a_meter_without_a_case_is_broken_neutral() {
    let looked = |street: &str| {
        let (topology, ticks) = read(street);
        let rows = ticks.concat();
        rule().look_at(MeterId::new("M1").unwrap(), topology.join(&rows))
    };
    let shared = looked(
        "
        M1@T1 8/5 8/5 8/5 8/5 8/5 8/8 8/5
        M2@T1 2/5 2/5 2/5 2/5 2/5 2/2 3/3
        ",
    );
    let by = BTreeMap::from([(MeterId::new("M2").unwrap(), 5)]);
    assert_eq!(
        shared,
        Looked { compared: 7, apart: 6, shared: by, broken: 0, held_back: 0, longest_run: 1, needed: 5 }
    );
    let brief = looked("M1@T1 8/5 8/5 8/5 . 8/5 8/5 5/8 8");
    assert_eq!((brief.compared, brief.apart, brief.longest_run), (6, 6, 3));
    let unknown = read("M1@T1 8/5 8/5").1.concat();
    let unknown = rule().look_at(MeterId::new("M1").unwrap(), Topology::default().join(&unknown));
    assert_eq!((unknown.apart, unknown.held_back, unknown.longest_run), (2, 2, 0));
}

#[test]
fn blocks_that_come_back_late_count_in_their_order() {
    let late: Vec<Interval> = (1..=6).filter_map(|block| interval("M1", block, "8/5")).collect();
    for end in [6, 7] {
        let mut town = Town::new(lone());
        let found = town.tick(end, &late);
        let of: Vec<(EventTime, u32)> =
            found.iter().map(|found| (found.time, found.evidence.blocks)).collect();
        assert_eq!(of, [(end_of(5), 5), (end_of(6), 6)]);
        assert_eq!(town.runs(), usize::from(end == 6), "a run that does not reach the tick is over");
    }
}

/// `M1` and `M2` share a neutral, and `M2` delivers all its blocks in one tick.
fn late_neighbour(patience: i64, delivered_in: i64) -> (Vec<Found>, Town) {
    let (topology, _) = read("M1@T1 .\nM2@T1 .");
    let mut town = Town::patient(topology, patience);
    let mut found = Vec::new();
    for block in 1..=12 {
        let mut rows = vec![interval("M1", block, "8/5").unwrap()];
        match block {
            1 => rows.extend(interval("M2", 1, "2/5")),
            _ if block == delivered_in => rows.extend((2..=block).filter_map(|of| interval("M2", of, "2/5"))),
            _ => {}
        }
        found.extend(town.tick(block, &rows));
    }
    (found, town)
}

#[test]
fn a_late_neighbour_is_waited_for() {
    assert_eq!(late_neighbour(20, 12).0, [], "the late one explains the other");
    assert!(!late_neighbour(0, 12).0.is_empty(), "and without patience it does not");
    let (found, mut town) = late_neighbour(20, 99);
    assert_eq!(found, []);
    assert_eq!(town.end(), [], "what cannot be looked at raises nothing, not even at the end");
}

/// `M1` and `M2` shared a neutral, a third of a turn apart, and then `M2` uses too little to explain what `M1` shows. `M3` delivers in this tick.
fn pair_beside_a_late_one(delivered_in: i64) -> Vec<Found> {
    let (topology, _) = read("M1@T1 .\nM2@T1 .\nM3@T1 .");
    let mut town = Town::patient(topology, 20);
    let mut found = Vec::new();
    for block in 1..=12 {
        let other = if block <= 3 { "4/1.9" } else { "0.5/0.5" };
        let mut rows = vec![interval("M1", block, "8/5").unwrap(), interval("M2", block, other).unwrap()];
        if block == 1 || block >= delivered_in {
            let first = if block == delivered_in { 2 } else { block };
            rows.extend((first.max(1)..=block).filter_map(|of| interval("M3", of, "4/4")));
        }
        found.extend(town.tick(block, &rows));
    }
    found
}

#[test]
fn a_pair_that_is_known_late_explains_what_it_would_have_explained_in_time() {
    let in_time = pair_beside_a_late_one(1);
    assert_eq!(in_time.first().map(|found| found.time), Some(end_of(8)));
    assert_eq!(pair_beside_a_late_one(12), in_time);
}

#[test]
fn a_neighbour_that_is_silent_for_too_long_is_not_waited_for() {
    let (found, _) = late_neighbour(6, 99);
    let times: Vec<EventTime> = found.iter().map(|found| found.time).collect();
    // Heard in block 1 and given up with block 7: then all blocks so far are compared, of which the first was explained.
    assert_eq!(times, (6..=12).map(end_of).collect::<Vec<_>>());
}

#[test]
fn a_neighbour_that_was_never_heard_is_waited_for_once() {
    let (topology, ticks) = read("M1@T1 8/5 8/5 8/5 8/5 8/5 8/5 8/5\nM2@T1 .");
    let mut town = Town::patient(topology, 20);
    let ticks = (1..).zip(&ticks);
    assert!(ticks.clone().all(|(block, rows)| town.tick(block, rows).is_empty()));
    assert_eq!(town.end().len(), 3, "at the end it is clear that it will not come");
    for (block, rows) in ticks {
        town.tick(block + 30, rows);
    }
    let late = town.tick(60, &[interval("M1", 60, "8/8").unwrap()]);
    assert_eq!(late, []);
}

#[test]
fn what_waits_is_bounded() {
    let (topology, _) = read("M1@T1 .\nM2@T1 .\nM3@T1 .");
    let mut town = Town::patient(topology, 10_000);
    for block in 1..=2000 {
        let of = |meter| interval(meter, block, "8/5").unwrap();
        town.tick(block, &[of("M1"), of("M2")]);
    }
    let waiting = town.runs.streets[&0].waiting.values().map(Vec::len).sum::<usize>();
    assert!(waiting <= 2048, "{waiting}");
    assert_eq!(town.held_back, 4000 - waiting as u64);
}

#[test]
fn without_voltage_the_excess_is_not_guessed() {
    let (mut town, mut out) = (Town::new(lone()), Vec::new());
    for block in 1..=5 {
        let mut interval = interval("M1", block, "8/5").unwrap();
        (interval.sums.v_min, interval.sums.v_max) = (i32::MAX, i32::MIN);
        out.extend(town.tick(block, &[interval]));
    }
    assert_eq!(out[0].evidence.excess, None);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let refused = |key, written| Rule::read(&[(key, written)]).unwrap_err().to_string();
    expect!["`share` must be at most 100 %, found 625 %"]
        .assert_eq(&refused("share", Written::Text("625 %")));
    expect!["`floor` must be above zero, found 0 A"].assert_eq(&refused("floor", Written::Text("0 A")));
    expect!["`low_load_share` (1 %) must be at least `share` (6.25 %)"]
        .assert_eq(&refused("low_load_share", Written::Text("1 %")));
    expect!["`blocks` must be at least 1, found 0"].assert_eq(&refused("blocks", Written::Whole(0)));
}

#[test]
fn the_runs_depend_on_what_is_allowed_and_not_on_how_many_blocks_are_needed() {
    let fingerprint = |section: &[(&str, Written<'_>)]| Rule::read(section).unwrap().fingerprint();
    let firmware = fingerprint(&[]);
    assert_eq!(fingerprint(&[("blocks", Written::Whole(9))]), firmware);
    for (key, other) in [("share", "5 %"), ("floor", "1 A"), ("low_load", "3 A"), ("low_load_share", "30 %")]
    {
        assert_ne!(fingerprint(&[(key, Written::Text(other))]), firmware, "{key}");
    }
}

#[test]
fn the_score_grows_with_size_and_with_length() {
    let score = |blocks: i64, text: &str| {
        let (mut town, mut out) = (Town::new(lone()), Vec::new());
        for block in 1..=blocks {
            out = town.tick(block, &[interval("M1", block, text).unwrap()]);
        }
        format!("{:.3}", out[0].evidence.score)
    };
    assert_eq!(score(5, "8/7"), "0.250", "twice what is allowed, just long enough");
    assert_eq!(score(50, "8/7"), "0.475");
    assert_eq!(score(5, "8/6"), "0.375");
    assert_eq!(score(50, "8/0"), "0.891");
}

/// Some meters on two transformers, with currents that are often apart, sometimes shared, sometimes missing.
fn streets() -> impl Strategy<Value = (Topology, Vec<Vec<Interval>>)> {
    let word = prop_oneof![
        6 => (1_u8..9, 1_u8..9).prop_map(|(phase, neutral)| format!("{phase}/{neutral}")),
        6 => Just("8/5".to_owned()),
        2 => Just("2/5".to_owned()),
        4 => Just("4/1.9".to_owned()),
        4 => Just("0.5/0.5".to_owned()),
        1 => Just(".".to_owned()),
        1 => Just("8/5~".to_owned()),
        1 => Just("8".to_owned()),
    ];
    let meter = prop::collection::vec(word, 12);
    prop::collection::vec(meter, 1..8).prop_map(|meters| {
        let line = |(number, words): (usize, Vec<String>)| {
            format!("M{number}@T{} {}\n", number % 2, words.join(" "))
        };
        read(&meters.into_iter().enumerate().map(line).collect::<String>())
    })
}

fn examined(town: &mut Town, ticks: &[Vec<Interval>], from: usize) -> Vec<Found> {
    let ticks = (from as i64 + 1..).zip(ticks);
    ticks.flat_map(|(block, intervals)| town.tick(block, intervals)).collect()
}

/// The ticks in which the rows of each meter arrive, if each meter delivers whenever its own pattern says so, and all
/// of them at the end.
fn delivered(ticks: &[Vec<Interval>], patterns: &[u16]) -> Vec<Vec<Interval>> {
    let mut late = vec![Vec::new(); ticks.len()];
    for (number, rows) in ticks.iter().enumerate() {
        for row in rows {
            let meter = row.meter.to_string()[1..].parse::<usize>().unwrap();
            let delivers = |tick: &usize| patterns[meter % patterns.len()] >> tick & 1 == 1;
            late[(number..ticks.len() - 1).find(delivers).unwrap_or(ticks.len() - 1)].push(*row);
        }
    }
    late.iter_mut().for_each(|tick| tick.sort_by_key(|row| (row.meter, row.end)));
    late
}

fn sorted(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|found| (found.time, found.meter));
    found
}

proptest! {
    #[test]
    fn all_evidence_passes_the_rule((topology, ticks) in streets()) {
        for found in examined(&mut Town::new(topology), &ticks, 0) {
            let numbers = &found.evidence;
            prop_assert!(numbers.score > 0.0 && numbers.score < 1.0, "{}", numbers.score);
            prop_assert!(number(&found, "apart") > allowed(&found));
            prop_assert!(numbers.blocks >= rule().blocks);
            prop_assert_eq!(numbers.until.since(numbers.since), i64::from(numbers.blocks) * BLOCK);
            // Every block of the run was really apart, measured, and of this meter.
            let own: Vec<&Interval> = ticks
                .iter()
                .flatten()
                .filter(|one| one.meter == found.meter && one.start >= numbers.since && one.end <= numbers.until)
                .collect();
            prop_assert_eq!(own.len(), numbers.blocks as usize);
            for interval in own {
                prop_assert_eq!(interval.quality, Quality::MEASURED);
                let currents = features::loop_currents(interval).unwrap();
                prop_assert!(currents.apart > rule().allowed(&currents));
            }
        }
    }

    #[test]
    fn the_order_of_rows_within_a_tick_changes_nothing((topology, ticks) in streets(), by in any::<prop::sample::Index>()) {
        let turned: Vec<Vec<Interval>> = ticks
            .iter()
            .map(|tick| {
                let mut tick = tick.clone();
                tick.reverse();
                let at = if tick.is_empty() { 0 } else { by.index(tick.len()) };
                tick.rotate_left(at);
                tick
            })
            .collect();
        prop_assert_eq!(
            examined(&mut Town::new(topology.clone()), &ticks, 0),
            examined(&mut Town::new(topology), &turned, 0)
        );
    }

    /// Whenever the meters deliver, each in its own order: the same evidence, of the same intervals.
    #[test]
    fn the_order_of_arrival_changes_nothing(
        (topology, ticks) in streets(),
        patterns in prop::collection::vec(any::<u16>(), 1..8),
    ) {
        let mut in_time = Town::patient(topology.clone(), 20);
        let mut expected = examined(&mut in_time, &ticks, 0);
        expected.extend(in_time.end());
        let mut late = Town::patient(topology, 20);
        let mut found = examined(&mut late, &delivered(&ticks, &patterns), 0);
        found.extend(late.end());
        prop_assert_eq!(sorted(found), sorted(expected));
    }

    #[test]
    fn a_restored_detector_goes_on_the_same(
        (topology, ticks) in streets(),
        cut in 0_usize..12,
        patience in 0_i64..20,
    ) {
        let mut whole = Town::patient(topology.clone(), patience);
        examined(&mut whole, &ticks[..cut], 0);
        let mut restored = Town { runs: Runs::new(rule()), ..whole.clone() };
        restored.runs.restore(whole.runs.state(&topology), &topology);
        let rest = examined(&mut whole, &ticks[cut..], cut);
        prop_assert_eq!(&rest, &examined(&mut restored, &ticks[cut..], cut));
        prop_assert_eq!(whole, restored);
        for found in rest {
            let stored = EvidenceState::from(&found.evidence);
            prop_assert_eq!(Evidence::try_from(stored).unwrap(), found.evidence);
        }
    }
}
