use super::*;
use crate::{Faults, Kind, Role, Settings, Town};
use reading::EventTime;

fn town() -> Town {
    let faults = Faults { swap: 0.02, ..Faults::usual() };
    let settings = Settings::usual(300, 20, 4, EventTime(1_700_006_400_000));
    Town::new(Settings { faults, feeder_meters: true, ..settings }).unwrap()
}

fn topology() -> String {
    let mut text = Vec::new();
    write_topology_csv(&town().topology(), &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn the_topology_has_its_columns_in_every_row() {
    let text = topology();
    let head =
        "meter,role,transformer,feeder,area,phase,class,sanctioned_w,phone,reader_phone,from,to,concentrator";
    assert_eq!(text.lines().next(), Some(head));
    assert!(text.lines().all(|line| line.split(',').count() == 13));
    let first = "M000001,consumer,T0001,F01,A01,a,domestic,3000,+000100000001,+000200000001,,,C0001";
    assert_eq!(text.lines().nth(1), Some(first));
    assert!(text.contains("\nT0012,transformer,T0012,F02,A03,abc,,,,+000200000003,,,C0012\n"));
    assert!(text.contains("\nF02,feeder,,F02,A03,abc,,,,+000200000003,,,\n"));
}

#[test]
fn the_truth_has_its_columns() {
    let mut text = Vec::new();
    write_truth_csv(&town().truth(), &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text.lines().next(), Some("meter,kind,guilty,from,to,share,note"));
    assert!(text.lines().skip(1).all(|line| line.ends_with('"')));
    assert!(text.lines().any(|line| line.contains(",true,2023-11-") && line.contains("% of the load")));
}

#[test]
fn a_swapped_meter_is_two_rows_that_meet() {
    let (town, rows) = (town(), town().topology());
    let swapped: Vec<_> = town.truth().into_iter().filter(|row| row.kind == Kind::Swap).collect();
    assert!(!swapped.is_empty());
    for truth in swapped {
        let at = rows.iter().position(|row| row.meter == truth.meter).unwrap();
        let (old, new) = (&rows[at], &rows[at + 1]);
        assert_eq!(new.meter.as_str(), format!("{}-2", old.meter));
        assert_eq!((old.from, old.to), (None, Some(truth.from)));
        assert_eq!((new.from, new.to), (Some(truth.from), None));
        assert_eq!((old.transformer, old.role), (new.transformer, Role::Consumer));
    }
}
