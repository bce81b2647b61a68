//! Stream equals batch: any order inside the grace, any cut, any number of shards, a restart anywhere.

use super::*;
use proptest::prelude::*;
use std::collections::VecDeque;

/// What happens to one reading on its way.
#[derive(Debug, Clone)]
struct Arrival {
    meter: u8,
    quarter: i64,
    /// Milliseconds off the quarter of an hour.
    off: i64,
    delay: i64,
    use_wh: i64,
    kind: u8,
}

fn arrivals(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Arrival>> {
    let one = (
        0..6_u8,
        0..40_i64,
        prop_oneof![6 => Just(0_i64), 1 => 1..60_000_i64],
        0..20 * MINUTE,
        0..5000_i64,
        0..12_u8,
    );
    proptest::collection::vec(
        one.prop_map(|(meter, quarter, off, delay, use_wh, kind)| Arrival {
            meter,
            quarter,
            off,
            delay,
            use_wh,
            kind,
        }),
        count,
    )
}

/// Readings in the order of event time, one a moment and meter, each with how long it is on its way.
fn readings(mut arrivals: Vec<Arrival>) -> Vec<(RawReading, i64)> {
    arrivals.sort_by_key(|a| (a.quarter * QUARTER + a.off, a.meter));
    arrivals.dedup_by_key(|a| (a.quarter, a.off, a.meter));
    let mut registers = [5_000_000_i64; 6];
    arrivals
        .into_iter()
        .map(|a| {
            let wh = &mut registers[a.meter as usize];
            *wh += a.use_wh;
            if a.kind == 0 {
                *wh = a.use_wh % 100;
            }
            let mut raw = register(&format!("m{}", a.meter), a.quarter * 15, *wh);
            raw.time = raw.time.plus(a.off);
            if a.kind % 3 == 1 {
                raw.exp = Some(WattHours(*wh / 2));
            }
            if a.kind == 2 {
                raw.imp = None;
            }
            (raw, a.delay)
        })
        .collect()
}

fn jumbled(readings: &[(RawReading, i64)]) -> Vec<RawReading> {
    let mut jumbled: Vec<&(RawReading, i64)> = readings.iter().collect();
    jumbled.sort_by_key(|(raw, delay)| raw.time.plus(*delay));
    jumbled.into_iter().map(|(raw, _)| raw.clone()).collect()
}

/// An engine that has taken all readings, cut into batches, and was restarted with other shards in the batch in which
/// reading number `restart` came.
fn fed(settings: &Settings, arrived: &[RawReading], cuts: &[usize], shards: u32, restart: usize) -> Engine {
    let mut engine = Engine::new(settings, shards);
    let (mut rest, mut cut) = (arrived, cuts.iter().cycle());
    while !rest.is_empty() {
        let (now, later) = rest.split_at((*cut.next().unwrap()).min(rest.len()));
        let done = arrived.len() - rest.len();
        engine.take(&batch(now));
        if done < restart && restart <= done + now.len() {
            engine = engine.restarted(settings, 5 - shards);
        }
        rest = later;
    }
    engine
}

proptest! {
    #[test]
    fn order_inside_the_grace_cuts_shards_and_restarts_change_nothing(
        arrivals in arrivals(20..150),
        cuts in proptest::collection::vec(1..40_usize, 1..20),
        shards in prop_oneof![Just(1_u32), Just(4)],
        restart in 0..150_usize,
        quarter_hours in any::<bool>(),
    ) {
        let mut settings = hourly();
        if quarter_hours {
            settings.grid = Grid::new(QUARTER).unwrap();
        }
        let in_time = readings(arrivals);
        let whole = run(&settings, &in_time.iter().map(|(raw, _)| raw.clone()).collect::<Vec<_>>());

        let arrived = jumbled(&in_time);
        let engine = fed(&settings, &arrived, &cuts, shards, restart);
        prop_assert_eq!(engine.late, 0);
        prop_assert_eq!(engine.finish(), whole);
    }

    #[test]
    fn repeats_change_nothing(arrivals in arrivals(20..150), twice in proptest::collection::vec(any::<bool>(), 150)) {
        let in_time: Vec<RawReading> = readings(arrivals).into_iter().map(|(raw, _)| raw).collect();
        let whole = run(&hourly(), &in_time);
        let repeated: Vec<RawReading> = in_time
            .iter()
            .zip(&twice)
            .flat_map(|(raw, twice)| std::iter::repeat_n(raw.clone(), if *twice { 2 } else { 1 }))
            .collect();
        prop_assert_eq!(run(&hourly(), &repeated), whole);
    }
}

/// The readings with those of each meter in their order, and the meters interleaved as `turns` say.
fn interleaved(readings: &[RawReading], turns: &[u8]) -> Vec<RawReading> {
    let mut queues: Vec<VecDeque<&RawReading>> = vec![VecDeque::new(); 6];
    for raw in readings {
        queues[usize::from(raw.meter.as_bytes()[1] - b'0')].push_back(raw);
    }
    let mut turns = turns.iter().cycle();
    std::iter::from_fn(|| {
        let left: Vec<usize> = (0..6).filter(|&meter| !queues[meter].is_empty()).collect();
        let turn = usize::from(*turns.next()?);
        queues[*left.get(turn % left.len().max(1))?].pop_front().cloned()
    })
    .collect()
}

proptest! {
    /// A meter may deliver at once what it measured in ten hours, before the others or after them.
    #[test]
    fn what_other_meters_do_changes_no_row_of_a_meter(
        arrivals in arrivals(100..400),
        turns in proptest::collection::vec(0..6_u8, 1..60),
        cuts in proptest::collection::vec(1..40_usize, 1..20),
        shards in prop_oneof![Just(1_u32), Just(4)],
        restart in 0..240_usize,
        quarter_hours in any::<bool>(),
    ) {
        let mut settings = hourly();
        if quarter_hours {
            settings.grid = Grid::new(QUARTER).unwrap();
        }
        let in_time: Vec<RawReading> = readings(arrivals).into_iter().map(|(raw, _)| raw).collect();
        let whole = run(&settings, &in_time);
        let arrived = interleaved(&in_time, &turns);
        prop_assert_eq!(arrived.len(), in_time.len());

        let engine = fed(&settings, &arrived, &cuts, shards, restart);
        prop_assert_eq!(engine.refused.len(), 0);
        prop_assert_eq!(engine.finish(), whole);
    }
}

#[test]
fn partitions_are_merged_by_time() {
    // Three files: one meter's whole day each. Read one after the other, two of them would be late.
    let files: Vec<Vec<RawReading>> = ["a", "b", "c"]
        .iter()
        .map(|name| (0..=96).map(|quarter| register(name, quarter * 15, quarter * 100)).collect())
        .collect();
    let rows = merged(&files);
    assert_eq!(rows.len(), 3 * 25);
    let known: Vec<_> = rows.iter().filter_map(|row| row.imp).collect();
    assert_eq!(known, [WattHours(400); 3 * 24]);
}

#[test]
fn a_pause_of_one_partition_waits_for_the_others() {
    // One file has nothing for twelve hours; the other goes on, one meter in each.
    let pause = (0..=8).chain(56..=96).map(|quarter| register("a", quarter * 15, quarter * 100)).collect();
    let whole = (0..=96).map(|quarter| register("b", quarter * 15, quarter * 100)).collect();
    let rows = merged(&[pause, whole]);
    let energy: i64 = rows.iter().filter_map(|row| row.imp).map(|wh| wh.0).sum();
    assert_eq!((rows.len(), energy), (2 * 25, 2 * 9600));
}

#[test]
fn a_message_lost_from_one_of_several_files_moves_no_reading() {
    let settings = Settings { grid: Grid::new(QUARTER).unwrap(), grace: QUARTER, ..hourly() };
    let file = |name: &str, lost: i64| -> Vec<RawReading> {
        let kept = (0..24).filter(|&quarter| quarter != lost);
        kept.map(|quarter| register(name, quarter * 15, 500 + quarter * 100)).collect()
    };
    let rows = merged_by(&settings, &[file("a", -1), file("b", 2), file("c", -1)]);
    let of_b: Vec<_> = rows.iter().filter(|row| row.meter.to_string() == "b").collect();
    assert_eq!(of_b.len(), 24);
    for (quarter, row) in of_b.iter().enumerate().skip(1) {
        assert_eq!((row.imp, row.sums.readings), (Some(WattHours(100)), u16::from(quarter != 2)), "{row:?}");
    }
}

proptest! {
    #[test]
    fn a_file_for_each_meter_gives_what_one_file_gives(
        arrivals in arrivals(20..150),
        twice in proptest::collection::vec(any::<bool>(), 150),
        quarter_hours in any::<bool>(),
    ) {
        let mut settings = hourly();
        if quarter_hours {
            settings.grid = Grid::new(QUARTER).unwrap();
        }
        let in_time: Vec<_> = readings(arrivals)
            .into_iter()
            .zip(&twice)
            .flat_map(|(reading, twice)| std::iter::repeat_n(reading, if *twice { 2 } else { 1 }))
            .collect();
        let one = merged_by(&settings, &[jumbled(&in_time)]);
        let of = |name: String| in_time.iter().filter(move |(raw, _)| raw.meter.to_string() == name);
        let files: Vec<Vec<RawReading>> = (0..6)
            .map(|meter| jumbled(&of(format!("m{meter}")).cloned().collect::<Vec<_>>()))
            .filter(|file| !file.is_empty())
            .collect();
        prop_assert_eq!(merged_by(&settings, &files), one);
    }
}

#[test]
fn a_clock_far_ahead_moves_no_time_if_its_file_ends_first() {
    let half_day = |quarters: std::ops::Range<i64>| -> Vec<RawReading> {
        let at = |quarter| ["a", "b", "c", "d"].map(|name| register(name, quarter * 15, quarter * 100));
        quarters.flat_map(at).collect()
    };
    let read_with = |ahead: i64| {
        let first = [half_day(0..48), vec![register("a", ahead * 60, 10_000)]].concat();
        let engine = read(&hourly(), &[first, half_day(48..97)]);
        let reasons: Vec<Reason> = engine.refused.iter().map(|refusal| refusal.reason).collect();
        (reasons, engine.rows.iter().map(|row| row.end).max())
    };
    let (reasons, last) = read_with(365 * 24);
    assert_eq!((reasons, last), (vec![Reason::ClockAhead], read_with(23).1));
    // Twenty hours after the end of the last file may be the end of a pause.
    assert_eq!(read_with(44).0, []);
}

#[test]
fn a_file_of_a_single_reading_moves_no_time_of_other_files() {
    let day: Vec<RawReading> = (0..96)
        .flat_map(|quarter| ["a", "b", "c", "d"].map(|name| register(name, quarter * 15, quarter * 100)))
        .collect();
    let with = |minutes: i64| {
        let engine = read(&hourly(), &[day.clone(), vec![register("z", minutes, 1)]]);
        engine.refused.iter().map(|refusal| refusal.reason).collect::<Vec<_>>()
    };
    assert_eq!(with(365 * 24 * 60), [Reason::ClockAhead]);
    assert_eq!(with(30 * 60), []);
    assert_eq!(with(12 * 60), []);
}

#[test]
fn a_register_that_wavers_counts_the_same_in_any_order() {
    let points = [(15, 1000), (30, 1001), (45, 1000), (60, 1001)];
    let rows = |order: [usize; 4]| {
        let others = (0..20).map(|meter| register(&format!("m{meter:02}"), 60, 0));
        let own = order.map(|place| register("a", points[place].0, points[place].1));
        run(&hourly(), &others.chain(own).collect::<Vec<_>>())
    };
    for order in [[0, 3, 1, 2], [3, 2, 1, 0], [1, 0, 3, 2]] {
        assert_eq!(rows(order), rows([0, 1, 2, 3]));
    }
}

fn merged(files: &[Vec<RawReading>]) -> Vec<Interval> {
    merged_by(&hourly(), files)
}

/// The rows by meter and end: in which tick a silent meter's rows come depends on who closes it.
fn merged_by(settings: &Settings, files: &[Vec<RawReading>]) -> Vec<Interval> {
    let mut engine = read(settings, files);
    assert_eq!(engine.refused, []);
    engine.rows.sort_by_key(|row| (row.meter, row.end));
    engine.rows
}

fn read(settings: &Settings, files: &[Vec<RawReading>]) -> Engine {
    let mut engine = Engine::new(settings, 1);
    engine.sequencer = Sequencer::new(order_of(settings));
    for (id, file) in files.iter().enumerate() {
        engine.sequencer.open(id as PartitionId, Some(file[0].time));
    }
    let batches: Vec<Batch> = files.iter().map(|file| batch(file)).collect();
    let mut done = vec![0; files.len()];
    while let Some(id) = engine.sequencer.wants() {
        let (mut steps, mut waited) = (Vec::new(), Vec::new());
        let place = id as usize;
        done[place] = engine.sequencer.sequence(id, &batches[place], done[place], &mut steps, &mut waited);
        assert_eq!(waited.len(), 0);
        if done[place] == batches[place].len() {
            engine.sequencer.end(id, &mut steps);
        }
        engine.step(&batches[place], steps);
    }
    let mut last = Vec::new();
    engine.shards[0].finish(&mut last);
    engine.rows.extend(last);
    engine
}
