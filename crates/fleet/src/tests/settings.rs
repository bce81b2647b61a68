//! A state goes on under other settings, unless their fingerprints differ.

use super::*;
use proptest::prelude::*;
use reading::time::DAY;

#[test]
fn a_fleet_depends_on_the_grid_on_how_much_is_open_and_on_registers() {
    let quarters = Grid::new(QUARTER).unwrap();
    let other = |change: &dyn Fn(&mut Settings)| {
        let mut settings = hourly();
        change(&mut settings);
        settings.fingerprint() != hourly().fingerprint()
    };
    assert!(other(&|settings| settings.grid = quarters));
    assert!(other(&|settings| settings.grace = 61 * MINUTE));
    assert!(other(&|settings| settings.energy = Energy::Power));
    assert!(!other(&|settings| settings.energy = Energy::Registers), "a register is settled as with both");
    assert!(!other(&|settings| settings.grace = 60 * MINUTE), "as many intervals are open");
    assert!(!other(&|settings| settings.cross_check = Some(CrossCheck { share: 0.1, floor: WattHours(1) })));
    assert!(!other(&|settings| settings.longest_gap = DAY));
    assert!(!other(&|settings| settings.registers.rollovers.clear()));
    assert!(!other(&|settings| settings.registers.reset_power = 1));
    assert!(!other(&|settings| settings.registers.most_power = 1));
    // Pinned: a change here makes every stored fleet unusable.
    assert_eq!(hourly().fingerprint(), 18_013_185_064_329_791_756);
}

/// Twenty meters, a register each quarter of an hour; the readings of one moment are on their way for so many
/// minutes.
fn day(delays: &[u8]) -> Vec<RawReading> {
    let one = |(place, delay): (usize, &u8)| {
        let (quarter, meter) = (place as i64 / 20, place % 20);
        (
            quarter * 15 + i64::from(*delay),
            register(&format!("m{meter:02}"), quarter * 15, 500 + quarter * 25),
        )
    };
    let mut day: Vec<(i64, RawReading)> = delays.iter().enumerate().map(one).collect();
    day.sort_by_key(|(arrival, _)| *arrival);
    day.into_iter().map(|(_, raw)| raw).collect()
}

proptest! {
    /// Nothing is late or refused after a change of settings that leaves the fingerprints, and no energy is lost.
    #[test]
    fn a_state_goes_on_under_settings_that_it_does_not_depend_on(
        delays in proptest::collection::vec(0..10_u8, 20 * 24),
        stop in 0..20 * 24_usize,
        grace in 10..60_i64,
        ahead in 15..120_i64,
        most_power in prop_oneof![Just(100_000_i64), Just(100_000_000_i64)],
    ) {
        let before = hourly();
        let mut after = Settings { grace: grace * MINUTE, longest_gap: 2 * DAY, energy: Energy::Registers, ..before.clone() };
        after.registers.most_power = most_power;
        after.registers.rollovers.clear();
        prop_assert_eq!(before.fingerprint(), after.fingerprint());
        let all = day(&delays);
        let (first, rest) = all.split_at(stop);
        let mut engine = Engine::new(&before, 1);
        engine.take(&batch(first));
        let state = engine.sequencer.snapshot();
        let mut engine = engine.restarted(&after, 2);
        let order = SequencerSettings { ahead: ahead * MINUTE, most_waiting: 4000, ..order_of(&after) };
        engine.sequencer = Sequencer::new(order);
        engine.sequencer.restore(&state).unwrap();
        engine.take(&batch(rest));
        prop_assert_eq!((engine.late, engine.refused.len()), (0, 0));
        let energy: i64 = engine.finish().iter().filter_map(|row| row.imp).map(|wh| wh.0).sum();
        prop_assert_eq!(energy, 20 * 23 * 25);
    }
}

#[test]
fn what_a_longer_grace_left_open_closes_before_anything_is_admitted() {
    let long = Settings { grace: 3 * 60 * MINUTE, ..hourly() };
    let mut engine = Engine::new(&long, 1);
    let quarters = (0..=11).flat_map(|quarter| (0..20).map(move |meter| (quarter, meter)));
    let sent = |(quarter, meter): (i64, i64)| register(&format!("m{meter:02}"), quarter * 15, quarter * 25);
    engine.take(&batch(&quarters.map(sent).collect::<Vec<_>>()));
    let state = engine.sequencer.snapshot();
    assert!(engine.sequencer.closed() <= START);

    // Of the fleet nothing is left: fewer intervals are open now.
    let short = Settings { grace: 0, ..hourly() };
    assert_ne!(short.fingerprint(), long.fingerprint());
    let mut engine = Engine::new(&short, 1);
    engine.sequencer.restore(&state).unwrap();
    engine.take(&batch(&[register("m00", 100, 500), register("m00", 160, 600)]));
    assert_eq!(engine.sequencer.closed(), START.plus(2 * 60 * MINUTE));
    assert_eq!((engine.late, engine.shards[0].totals().admitted), (0, 2), "the newest hour has its room");
}

#[test]
fn what_waits_shrinks_to_a_smaller_limit() {
    let mut engine = Engine::new(&hourly(), 1);
    let now = (0..20).map(|meter| register(&format!("m{meter:02}"), 0, 0));
    let far = (0..100).map(|place| register("a", 1000 + place * 15, 0));
    engine.take(&batch(&now.chain(far).collect::<Vec<_>>()));
    assert_eq!(engine.sequencer.waiting(), 100);
    let mut fewer = Sequencer::new(SequencerSettings { most_waiting: 3, ..order_of(&hourly()) });
    fewer.restore(&engine.sequencer.snapshot()).unwrap();
    let (mut steps, mut refused) = (Vec::new(), Vec::new());
    fewer.sequence(0, &batch(&[register("a", 900, 0)]), 0, &mut steps, &mut refused);
    assert_eq!((fewer.waiting(), refused.len()), (21 * WAITING_PER_METER, 38));
    assert!(refused.iter().all(|(_, reason)| *reason == Reason::ClockAhead));
}
