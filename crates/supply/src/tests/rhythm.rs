//! Meters that read twice an hour: silences are known to half an hour, also those without a whole hour.

use super::*;

/// Meters that read at half past and at the hour, and are silent from and to these half-hours: what is published.
/// `wh` is what a register advanced from the last reading before a silence to the first one after it.
fn twice_an_hour(meters: &[(&str, (usize, usize), i64)], hours: usize) -> String {
    let places = meters.iter().map(|(name, ..)| placed(name, "T1", "F1", "A1"));
    let topology = Topology::new(places.collect()).unwrap();
    let mut supply = Supply::new(rules(), calendar(), &topology);
    let mut page = String::new();
    for at in 0..hours {
        let (mut came, mut out) = (Came::default(), SupplyRows::default());
        for &(name, (from, to), wh) in meters {
            let meter = MeterId::new(name).unwrap();
            // Readings of hour `at` are number 2 at + 1 and 2 at + 2, counted in half-hours.
            let reads = |number: usize| number <= from || number > to;
            let count = |hour: usize| u16::from(reads(2 * hour + 1)) + u16::from(reads(2 * hour + 2));
            if reads(2 * at + 2) {
                let mut first = at;
                while first > 0 && !reads(2 * first) {
                    first -= 1;
                }
                for hour in first..=at {
                    let (wh, quality) = match first < at {
                        true => (wh / (at - first + 1) as i64, Quality::ESTIMATED),
                        // Only the reading in the middle of it may be missing.
                        false if count(hour) == 1 => (wh, Quality::MEASURED),
                        false => (100, Quality::MEASURED),
                    };
                    came.rows.push(row(meter, hour, Some(wh), count(hour), quality));
                }
            } else if reads(2 * at + 1) {
                let time = hour(at).plus(30 * MINUTE);
                came.events.push(Event { meter, time, code: EventCode::HEARD });
            }
        }
        came.rows.sort_by_key(|row| (row.meter, row.end));
        supply.tick(hour(at + 1), &Join::new(&topology, &came.rows), &came.events, &mut out);
        out.outages.iter().for_each(|change| page += &format!("{:2} {}\n", at + 1, shown(change)));
    }
    page
}

#[test]
fn a_silence_begins_with_the_last_reading_and_ends_a_step_before_the_next_one() {
    // Half-hours 8 to 15 are missing: the last reading is at 3:30, and the next one at 8:00.
    let page = twice_an_hour(&[("A", (7, 15), 150)], 10);
    assert_eq!(page, " 8 consumer/A 03:30 to 07:30 silence sustained 1 240 min A1\n");
    let page = twice_an_hour(&[("A", (7, 19), 150), ("B", (0, 0), 0)], 12);
    let noticed = " 8 consumer/A 03:30 to ? silence 1 0 min A1\n";
    assert_eq!(page, format!("{noticed}10 consumer/A 03:30 to 09:30 silence sustained 1 360 min A1\n"));
}

#[test]
fn many_that_miss_the_same_two_readings_were_without_supply_though_each_hour_has_one() {
    let all = [("A", (7, 9), 150), ("B", (7, 9), 150), ("C", (7, 9), 150)];
    let page = twice_an_hour(&all, 7);
    assert_eq!(page, " 5 transformer/T1 03:30 to 04:30 silence sustained 3 180 min A1\n");
    assert_eq!(twice_an_hour(&all[..2], 7), "", "two of them may be lost messages");
}

#[test]
fn one_alone_was_without_supply_if_four_readings_are_missing_and_nothing_was_used() {
    let of = |to, wh| twice_an_hour(&[("A", (7, to), wh), ("B", (0, 0), 0), ("C", (0, 0), 0)], 8);
    assert_eq!(of(11, 200), " 6 consumer/A 03:30 to 05:30 silence sustained 1 120 min A1\n");
    assert_eq!(of(11, 210), "", "more than its edges");
    assert_eq!(of(10, 100), "", "three readings");
}

#[test]
fn a_branch_was_without_supply_if_its_consumers_together_used_nothing() {
    let branch = |wh: [i64; 3]| {
        let silent = ["A", "B", "C"].iter().zip(wh).map(|(name, wh)| (*name, (7, 10), wh));
        let others = ["D", "E", "F", "G"].map(|name| (name, (0, 0), 0));
        let all: Vec<_> = silent.chain(others).collect();
        twice_an_hour(&all, 8)
    };
    // One of them cooks when supply is back.
    let each = |name| format!(" 6 consumer/{name} 03:30 to 05:00 silence sustained 1 90 min A1\n");
    assert_eq!(branch([100, 100, 350]), ["A", "B", "C"].map(each).concat());
    assert_eq!(branch([250, 150, 250]), "", "messages failed");
}

#[test]
fn one_whose_next_reading_is_lost_was_without_supply_with_the_others() {
    let all = [("A", (7, 11), 150), ("B", (7, 11), 150), ("C", (7, 11), 150), ("D", (7, 12), 150)];
    let page = twice_an_hour(&all, 9);
    let noticed = " 6 transformer/T1 03:30 to ? silence 4 360 min A1\n";
    assert_eq!(page, format!("{noticed} 7 transformer/T1 03:30 to 06:00 silence sustained 4 510 min A1\n"));
}

#[test]
fn one_reading_that_many_miss_shows_an_outage_of_half_an_hour() {
    let all = |silent, wh| twice_an_hour(&["A", "B", "C", "D"].map(|name| (name, silent, wh)), 7);
    let within = all((8, 9), 50);
    assert_eq!(within, " 5 transformer/T1 04:00 to 04:30 silence sustained 4 120 min A1\n");
    assert_eq!(all((8, 9), 60), "", "the network of messages");
    let between = all((9, 10), 100);
    assert_eq!(between, " 6 transformer/T1 04:30 to 05:00 silence sustained 4 120 min A1\n");
    assert_eq!(all((9, 10), 120), "", "the network of messages");
    let three = ["A", "B", "C"].map(|name| (name, (8, 9), 0));
    assert_eq!(twice_an_hour(&three, 7), "", "three may lose the same one by chance");
}

#[test]
fn what_was_sent_of_an_interval_before_a_backlog_begins_no_outage() {
    // It delivers in the middle of hour 3, reports a return in hour 19, and delivers all that it measured in hour 20.
    let topology = Topology::new(vec![placed("A", "T1", "F1", "A1")]).unwrap();
    let mut supply = Supply::new(rules(), calendar(), &topology);
    let meter = MeterId::new("A").unwrap();
    let mut page = String::new();
    for at in 0..21 {
        let all = match at {
            0..3 => at..at + 1,
            20 => 3..21,
            _ => 0..0,
        };
        let rows: Vec<Interval> = all.map(|hour| row(meter, hour, Some(100), 2, Quality::MEASURED)).collect();
        let event = |minutes, code| Event { meter, time: hour(at).plus(minutes * MINUTE), code };
        let events = match at {
            3 => vec![event(30, EventCode::HEARD)],
            19 => vec![event(40, EventCode::POWER_FAILURE_RESTORED)],
            _ => Vec::new(),
        };
        let mut out = SupplyRows::default();
        supply.tick(hour(at + 1), &Join::new(&topology, &rows), &events, &mut out);
        out.outages.iter().for_each(|change| page += &format!("{:2} {}\n", at + 1, shown(change)));
    }
    let noticed = " 8 consumer/A 03:30 to ? silence 1 0 min A1\n21 not consumer/A 03:30\n";
    assert_eq!(page, format!("{noticed}21 consumer/A 19:40 to 19:40 restored momentary 1 0 min A1\n"));
}
