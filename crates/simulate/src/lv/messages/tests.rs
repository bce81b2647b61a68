use super::*;
use crate::lv::kind::Index;
use crate::lv::{Kind, LvSettings};
use crate::{Faults, Settings};
use reading::{EventTime, MeterId, Phases, RawReading};
use std::collections::BTreeMap;

/// 2024-04-01, in a warm month.
const START: EventTime = EventTime(1_711_929_600_000);

/// A town with these kinds, without faults and errors of meters.
fn settings(meters: usize, days: u32, seed: u64, kinds: &[Kind]) -> LvSettings {
    let town = Settings { faults: Faults::NONE, ..Settings::usual(meters, days, seed, START) };
    LvSettings { kinds: kinds.to_vec(), meters_err: false, ..LvSettings::usual(town) }
}

fn town(settings: LvSettings) -> LvTown {
    LvTown::new(settings).unwrap()
}

/// What a transformer supplied, what registers counted of it, what stories kept from them, and what wires took, Wh.
fn books(messages: &LvMessages<'_>, number: usize) -> [i64; 4] {
    let town = messages.town;
    let transformer = &messages.transformers[number];
    let (mut registered, mut lost) = (0, 0);
    for index in transformer.consumers.clone() {
        let (before, now) = (&town.consumers[index], &messages.consumers[index]);
        lost += now.account.lost_wh();
        let is_missing =
            now.story.is_some_and(|story| matches!(story.kind.row().effect, Effect::Index(Index::Missing)));
        if !is_missing {
            let wh = |consumer: &Consumer| {
                consumer.registers.imp.read().0 - consumer.registers.exp.map_or(0, |exp| exp.read().0)
            };
            registered += wh(now) - wh(before);
        }
    }
    lost += transformer.hooks.iter().map(|hook| hook.account.lost_wh()).sum::<i64>();
    [transformer.supplied.used_wh(), registered, lost, transformer.supplied.lost_wh()]
}

#[test]
fn a_transformer_supplies_what_is_registered_what_is_not_and_what_wires_take() {
    let mut settings = settings(500, 8, 3, Kind::ALL);
    (settings.town.thieves, settings.innocents) = (0.20, 0.20);
    let town = town(settings);
    let mut messages = town.messages();
    messages.by_ref().for_each(drop);
    let mut all_lost = 0;
    for number in 0..town.transformers.len() {
        let [supplied, registered, lost, wires] = books(&messages, number);
        let apart = supplied - registered - lost - wires;
        // A watt-hour for each register that cuts off, and one for each number that is rounded.
        assert!(
            apart.abs() <= 60,
            "T{:04}: {supplied} - {registered} - {lost} - {wires} = {apart}",
            number + 1
        );
        let own = messages.transformers[number].registered_wh() - town.transformers[number].registered_wh();
        let error = messages.transformers[number].error.is_some();
        assert!(error || (own - supplied).abs() <= 2, "{own} Wh on the meter, {supplied} Wh supplied");
        let share = wires as f64 / supplied as f64;
        assert!((0.01..0.12).contains(&share), "wires of T{:04} take {share}", number + 1);
        all_lost += lost;
    }
    assert!(all_lost > 1_000_000, "{all_lost}");
}

mod pictures;

#[test]
fn same_seed_same_messages_and_same_truth() {
    let messages = |seed| {
        let settings = LvSettings::usual(Settings::usual(120, 3, seed, START));
        let town = town(settings);
        let mut messages = town.messages();
        let all: Vec<Message> = messages.by_ref().collect();
        (all, messages.truth())
    };
    assert!(messages(7) == messages(7));
    assert!(messages(7).0 != messages(8).0);
}

#[test]
fn messages_arrive_in_order_and_those_that_wait_are_bounded() {
    let settings = LvSettings { innocents: 0.1, ..LvSettings::usual(Settings::usual(100, 20, 4, START)) };
    let town = town(settings);
    let mut messages = town.messages();
    let (mut last, mut most) = (START, 0);
    while let Some(message) = messages.next() {
        assert!(last <= message.arrival);
        last = message.arrival;
        most = most.max(messages.road.waiting());
    }
    // One or two meters at a time are not heard, for five days at most, and some messages are late.
    assert!((50..2000).contains(&most), "{most} messages wait");
}

#[test]
fn an_outage_takes_the_load_away_and_conserves_energy() {
    let mut settings = settings(60, 8, 5, &[]);
    settings.town.outages = 6;
    let town = town(settings);
    assert_eq!(town.outages().len(), 6);
    let mut messages = town.messages();
    let events = messages.by_ref().filter(|message| !message.raw.events.is_empty()).count();
    assert!(events > 30, "{events}");
    for number in 0..town.transformers.len() {
        let [supplied, registered, lost, wires] = books(&messages, number);
        assert_eq!(lost, 0);
        assert!((supplied - registered - wires).abs() < 30, "{supplied} - {registered} - {wires}");
    }
}

#[test]
fn usual_meters_err_within_their_class() {
    let settings = LvSettings { meters_err: true, ..settings(100, 6, 6, &[]) };
    let town = town(settings);
    let mut messages = town.messages();
    messages.by_ref().for_each(drop);
    for number in 0..town.transformers.len() {
        let [supplied, registered, _, wires] = books(&messages, number);
        let share = (supplied - registered - wires) as f64 / supplied as f64;
        assert!(share != 0.0 && share.abs() < 0.01, "{share}");
    }
}

/// The largest of the differences of phase and neutral current of a town's single-phase meters below two amperes.
#[test]
fn at_a_low_load_the_elements_of_a_poor_meter_differ() {
    let mut settings = LvSettings { meters_err: true, ..settings(60, 3, 7, &[Kind::LowLoad]) };
    settings.innocents = 0.1;
    let town = town(settings);
    let poor: Vec<MeterId> = town.messages().truth().iter().map(|row| row.meter).collect();
    let (mut apart, mut usual) = (Vec::new(), Vec::new());
    for raw in town.messages().map(|message| message.raw) {
        let (Some(Phases::One(i)), Some(neutral)) = (raw.i, raw.neutral) else { continue };
        let list = if poor.contains(&raw.meter) { &mut apart } else { &mut usual };
        list.push((i.0 - neutral.0).abs());
    }
    let mean = |list: &[i32]| f64::from(list.iter().sum::<i32>()) / list.len() as f64;
    assert!(mean(&apart) > 60.0 && mean(&apart) < 500.0, "{} mA", mean(&apart));
    assert!(mean(&apart) > 2.0 * mean(&usual), "{} mA and {} mA", mean(&apart), mean(&usual));
}
