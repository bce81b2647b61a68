use super::*;
use crate::lv::Kind;
use crate::{Faults, Settings, SettingsError};
use reading::EventTime;
use reading::MeterId;
use std::collections::{BTreeMap, BTreeSet};

const START: EventTime = EventTime(1_711_929_600_000);

fn settings(meters: usize, kinds: &[Kind]) -> LvSettings {
    let town = Settings { faults: Faults::NONE, ..Settings::usual(meters, 10, 2, START) };
    LvSettings { kinds: kinds.to_vec(), ..LvSettings::usual(town) }
}

fn stories(settings: LvSettings) -> BTreeMap<MeterId, &'static str> {
    let town = LvTown::new(settings).unwrap();
    town.messages().truth().into_iter().map(|row| (row.meter, row.kind)).collect()
}

#[test]
fn shares_are_met_and_every_kind_has_its_part() {
    let mut settings = settings(2000, Kind::ALL);
    (settings.town.thieves, settings.innocents) = (0.05, 0.05);
    let town = LvTown::new(settings).unwrap();
    let rows = town.messages().truth();
    let count = |kind: Kind| rows.iter().filter(|row| row.kind == kind.name()).count();
    for kind in Kind::ALL {
        // A hundred thefts of 18 kinds, and a hundred innocent causes of 17.
        let expected = match kind {
            Kind::SharedNeutral => 10..=12,
            Kind::BrokenLineNeutral => 15..=120,
            _ => 5..=6,
        };
        assert!(expected.contains(&count(*kind)), "{} of {}", count(*kind), kind.name());
    }
    let guilty = rows.iter().filter(|row| row.guilty).count();
    assert!((99..=101).contains(&guilty), "{guilty}");
}

#[test]
fn another_choice_of_kinds_keeps_the_winners_and_a_larger_town_the_smaller_one() {
    let one = stories(settings(600, &[Kind::NeutralBypass]));
    let other = stories(settings(600, &[Kind::Magnet]));
    let large = stories(settings(800, &[Kind::Magnet]));
    assert!(one.keys().eq(other.keys()) && one.len() == 12);
    assert!(other.keys().all(|meter| large.contains_key(meter)));
}

#[test]
fn another_choice_of_kinds_moves_no_load_of_others() {
    let first = |kinds: &[Kind]| {
        let mut settings = settings(50, kinds);
        settings.town.thieves = 0.1;
        let town = LvTown::new(settings).unwrap();
        let odd: BTreeSet<MeterId> = town.messages().truth().iter().map(|row| row.meter).collect();
        let mut registers: BTreeMap<MeterId, (i64, i64)> = BTreeMap::new();
        for raw in town.messages().take(50 * 96).map(|message| message.raw) {
            let wh = raw.imp.unwrap().0;
            registers.entry(raw.meter).or_insert((wh, wh)).1 = wh;
        }
        (odd, registers)
    };
    let (odd, one) = first(&[Kind::NeutralBypass]);
    let (other_odd, other) = first(&[Kind::CtOpen]);
    for (meter, (from, to)) in
        one.iter().filter(|(meter, _)| !odd.contains(meter) && !other_odd.contains(meter))
    {
        let (other_from, other_to) = other[meter];
        let (used, other_used) = (to - from, other_to - other_from);
        // A neighbour's current moves the voltage, and with it a resistance's power.
        let is_same = (used - other_used).abs() <= used / 100 + 2;
        assert!(meter.as_str().starts_with('T') || is_same, "{meter}: {used} and {other_used} Wh");
    }
}

#[test]
fn the_index_has_its_mistakes_and_the_truth_names_them() {
    let mut wrong =
        settings(500, &[Kind::WrongTransformer, Kind::WrongPhase, Kind::Unindexed, Kind::TariffMisuse]);
    (wrong.town.thieves, wrong.innocents) = (0.04, 0.04);
    let town = LvTown::new(wrong).unwrap();
    let rows: BTreeMap<MeterId, Connection> =
        town.topology().into_iter().map(|row| (row.meter, row)).collect();
    let truth = town.messages().truth();
    assert!(truth.len() >= 40);
    for one in &truth {
        let row = rows.get(&one.meter);
        match one.kind {
            "unindexed" => assert!(row.is_none()),
            "wrong-transformer" => {
                let named = row.unwrap().transformer.unwrap();
                assert!(named != one.transformer && one.note.ends_with(&named.to_string()), "{}", one.note);
            }
            "tariff-misuse" => assert_eq!(row.unwrap().class, Some(Class::Domestic)),
            "wrong-phase" => {
                let index = town.consumers.iter().position(|consumer| consumer.meter == one.meter).unwrap();
                let phase = ["a", "b", "c"][town.consumers[index].phase.unwrap()];
                assert_ne!(row.unwrap().phase, phase);
            }
            other => panic!("{other}"),
        }
        assert!(
            row.is_none_or(|row| one.kind == "wrong-transformer" || row.transformer == Some(one.transformer))
        );
    }
}

#[test]
fn a_town_that_cannot_be_made_says_why() {
    let error = |settings: LvSettings| LvTown::new(settings).unwrap_err().to_string();
    let lone = settings(20, &[Kind::WrongTransformer]);
    assert_eq!(error(lone), "`wrong-transformer` needs two transformers, found one");
    let twice = settings(20, &[Kind::WrongTransformer; 2]);
    assert_eq!(error(twice), "`wrong-transformer` needs two transformers, found one");
    let much = LvSettings { innocents: 1.5, ..settings(20, Kind::ALL) };
    assert_eq!(error(much), "share `innocents` must be between 0 and 1, found 1.5");
    let none = settings(0, Kind::ALL);
    assert_eq!(error(none), SettingsError::NoMeters.to_string());
}

#[test]
fn the_truth_has_its_columns_in_every_row() {
    let mut settings = settings(300, Kind::ALL);
    settings.town.faults = Faults::usual();
    let town = LvTown::new(settings).unwrap();
    let mut text = Vec::new();
    crate::lv::write_lv_truth_csv(&town.messages().truth(), &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let plain = crate::csv::TRUTH;
    assert!(text.starts_with(&format!("{plain},transformer,wh_used,wh_lost\n")), "{text}");
    assert!(text.lines().skip(1).all(|line| line.split(',').count() == 10 && line.contains(",T0")), "{text}");
}
