use super::*;
use crate::{Gap, Standing};
use expect_test::expect;
use jiff::civil::date;
use jiff::tz::TimeZone;
use reading::{FeederId, Quality};

const WITH_ALL: u32 = 2;

/// Half-hours of local time in Berlin.
fn losses(ranked: bool) -> Losses {
    let calendar = Calendar::new(TimeZone::get("Europe/Berlin").unwrap(), Default::default());
    Losses::new(calendar, Grid::new(HOUR / 2).unwrap(), ranked)
}

fn balance(transformer: &str, end: i64, supplied: i64, consumed: i64, reporting: u32) -> Balance {
    let gap = WattHours(supplied - consumed);
    Balance {
        transformer: TransformerId::new(transformer).unwrap(),
        start: EventTime(end - HOUR / 2),
        end: EventTime(end),
        supplied: Some(WattHours(supplied)),
        consumed: WattHours(consumed),
        estimated: Some(WattHours(0)),
        gap: Some(Gap { probable: gap, low: gap, high: gap }),
        meters: WITH_ALL,
        reporting,
        quality: Quality::MEASURED,
        revision: 0,
        standing: Standing::Final,
    }
}

/// The half-hours of local days from the first up to the second.
fn ends(losses: &Losses, from: Date, to: Date) -> impl Iterator<Item = i64> + use<> {
    let (start, end) = (losses.calendar.start_of(from).0, losses.calendar.start_of(to).0);
    (1..=(end - start) / (HOUR / 2)).map(move |number| start + number * (HOUR / 2))
}

fn name(target: Target) -> String {
    match target {
        Target::Feeder(feeder) => feeder.to_string(),
        Target::Transformer(transformer) => transformer.to_string(),
        other => panic!("{other} has no balance"),
    }
}

fn lines(rows: &[Loss]) -> String {
    let line = |one: &Loss| {
        let share = one.share.map_or("-".to_owned(), |share| format!("{:.3}", share.0));
        let rank = one.rank.map_or("-".to_owned(), |rank| rank.to_string());
        format!(
            "{} {} {}: {} - {} = {}, share {share}, {} h or {:.3}, rank {rank}, {}\n",
            name(one.target),
            one.period.name(),
            one.day,
            one.supplied.0,
            one.consumed.0,
            one.gap.map_or("-".to_owned(), |gap| gap.0.to_string()),
            one.hours_complete,
            one.completeness.0,
            if one.is_final { "final" } else { "open" }
        )
    };
    rows.iter().map(line).collect()
}

#[test]
fn days_and_months_are_local_and_the_largest_gap_comes_first() {
    let mut losses = losses(true);
    let mut rows = Vec::new();
    // 31 March 2024 has 23 hours.
    for end in ends(&losses, date(2024, 3, 30), date(2024, 4, 2)) {
        rows.extend(losses.take(
            &[
                balance("T1", end, 100, 95, WITH_ALL),
                balance("T2", end, 100, 80, WITH_ALL),
                balance("T3", end, 1000, 999, WITH_ALL - 1),
            ],
            &[],
        ));
    }
    rows.extend(losses.finish());
    expect![[r#"
        T1 day 2024-03-30: 4800 - 4560 = 240, share 0.050, 24 h or 1.000, rank 2, final
        T2 day 2024-03-30: 4800 - 3840 = 960, share 0.200, 24 h or 1.000, rank 1, final
        T3 day 2024-03-30: 48000 - 47952 = 48, share 0.001, 0 h or 0.000, rank 3, final
        T1 day 2024-03-31: 4600 - 4370 = 230, share 0.050, 23 h or 1.000, rank 2, final
        T2 day 2024-03-31: 4600 - 3680 = 920, share 0.200, 23 h or 1.000, rank 1, final
        T3 day 2024-03-31: 46000 - 45954 = 46, share 0.001, 0 h or 0.000, rank 3, final
        T1 month 2024-03-01: 9400 - 8930 = 470, share 0.050, 47 h or 0.063, rank -, final
        T2 month 2024-03-01: 9400 - 7520 = 1880, share 0.200, 47 h or 0.063, rank -, final
        T3 month 2024-03-01: 94000 - 93906 = 94, share 0.001, 0 h or 0.000, rank -, final
        T1 day 2024-04-01: 4800 - 4560 = 240, share 0.050, 24 h or 1.000, rank 2, open
        T2 day 2024-04-01: 4800 - 3840 = 960, share 0.200, 24 h or 1.000, rank 1, open
        T3 day 2024-04-01: 48000 - 47952 = 48, share 0.001, 0 h or 0.000, rank 3, open
        T1 month 2024-04-01: 4800 - 4560 = 240, share 0.050, 24 h or 0.033, rank -, open
        T2 month 2024-04-01: 4800 - 3840 = 960, share 0.200, 24 h or 0.033, rank -, open
        T3 month 2024-04-01: 48000 - 47952 = 48, share 0.001, 0 h or 0.000, rank -, open
    "#]]
    .assert_eq(&lines(&rows));
}

#[test]
fn a_transformer_with_few_balances_has_no_rank() {
    let mut losses = losses(true);
    for (number, end) in ends(&losses, date(2024, 5, 1), date(2024, 5, 2)).enumerate() {
        let mut without_supply = balance("T2", end, 100, 80, WITH_ALL);
        if number % 9 == 0 {
            (without_supply.supplied, without_supply.gap) = (None, None);
        }
        let closed = losses.take(&[balance("T1", end, 100, 95, WITH_ALL), without_supply], &[]);
        assert_eq!(closed, []);
    }
    expect![[r#"
        T1 day 2024-05-01: 4800 - 4560 = 240, share 0.050, 24 h or 1.000, rank 1, open
        T2 day 2024-05-01: 4200 - 3360 = 840, share 0.200, 21 h or 0.875, rank -, open
        T1 month 2024-05-01: 4800 - 4560 = 240, share 0.050, 24 h or 0.032, rank -, open
        T2 month 2024-05-01: 4200 - 3360 = 840, share 0.200, 21 h or 0.028, rank -, open
    "#]]
    .assert_eq(&lines(&losses.finish()));
}

#[test]
fn what_is_not_final_counts_at_the_end_alone() {
    let mut losses = losses(false);
    let day: Vec<i64> = ends(&losses, date(2024, 5, 1), date(2024, 5, 2)).collect();
    let (early, late) = day.split_at(40);
    for end in early {
        losses.take(&[balance("T1", *end, 100, 95, WITH_ALL)], &[]);
    }
    let open: Vec<Balance> = late
        .iter()
        .map(|end| Balance { standing: Standing::Open, ..balance("T1", *end, 100, 95, WITH_ALL) })
        .collect();
    assert_eq!(losses.take(&open, &[]), []);
    let mut with_open = losses.clone();
    for one in &open {
        let balances = vec![Balance { standing: Standing::Ended, ..*one }];
        let ended = Ended { end: one.end, balances, feeders: Vec::new() };
        assert_eq!(with_open.take_ended(&ended), []);
    }
    expect![[r#"
        T1 day 2024-05-01: 4800 - 4560 = 240, share 0.050, 24 h or 1.000, rank -, open
        T1 month 2024-05-01: 4800 - 4560 = 240, share 0.050, 24 h or 0.032, rank -, open
    "#]]
    .assert_eq(&lines(&with_open.finish()));
    expect![[r#"
        T1 day 2024-05-01: 4000 - 3800 = 200, share 0.050, 20 h or 0.833, rank -, open
        T1 month 2024-05-01: 4000 - 3800 = 200, share 0.050, 20 h or 0.027, rank -, open
    "#]]
    .assert_eq(&lines(&losses.finish()));
}

#[test]
fn feeders_are_ranked_among_feeders() {
    let mut losses = losses(true);
    let mut rows = Vec::new();
    for end in ends(&losses, date(2024, 5, 1), date(2024, 5, 3)) {
        let feeder = |name: &str, consumed: i64, is_complete: bool| FeederBalance {
            feeder: FeederId::new(name).unwrap(),
            end: EventTime(end),
            supplied: Some(WattHours(1000)),
            consumed: WattHours(consumed),
            estimated: is_complete.then_some(WattHours(0)),
            is_complete,
        };
        let feeders = [feeder("F1", 940, true), feeder("F2", 900, true), feeder("F3", 100, false)];
        rows.extend(losses.take(&[balance("T1", end, 100, 95, WITH_ALL)], &feeders));
    }
    expect![[r#"
        F1 day 2024-05-01: 48000 - 45120 = 2880, share 0.060, 24 h or 1.000, rank 2, final
        F2 day 2024-05-01: 48000 - 43200 = 4800, share 0.100, 24 h or 1.000, rank 1, final
        F3 day 2024-05-01: 0 - 0 = -, share -, 0 h or 0.000, rank -, final
        T1 day 2024-05-01: 4800 - 4560 = 240, share 0.050, 24 h or 1.000, rank 1, final
    "#]]
    .assert_eq(&lines(&rows));
}
