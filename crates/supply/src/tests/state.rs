//! Which settings a stored state depends on, and what is refused.

use super::*;
use expect_test::expect;

#[test]
fn outages_depend_on_the_interval_and_indices_on_the_local_day() {
    let (topology, _) = street("A T1 F1 A1 | 1");
    let of = |settings, zone: &str| {
        let calendar = Calendar::new(TimeZone::get(zone).unwrap(), BTreeSet::new());
        let supply = Supply::new(settings, calendar, &topology);
        [supply.fingerprint(), supply.indices_fingerprint()]
    };
    let known = of(rules(), "UTC");
    let limits = SupplySettings {
        grace: HOUR,
        longest_gap: 2 * HOUR,
        silent_after: 3 * HOUR,
        momentary: MINUTE,
        transformer_share: Ratio(0.1),
        feeder_share: Ratio(0.1),
        low_voltage: Volts(1.0),
        high_voltage: Volts(2.0),
        unbalance: Ratio(0.5),
        ..rules()
    };
    assert_eq!(of(limits, "UTC"), known, "limits decide about what comes");
    let [outages, indices] = of(SupplySettings { grid: Grid::new(30 * MINUTE).unwrap(), ..rules() }, "UTC");
    assert!(outages != known[0] && indices == known[1], "interval");
    let [outages, indices] = of(SupplySettings { whole: false, ..rules() }, "UTC");
    assert!(outages != known[0] && indices == known[1], "feeders go across the parts of a town");
    let [outages, indices] = of(rules(), "Asia/Kolkata");
    assert!(outages == known[0] && indices != known[1], "local days");
    // Pinned: what this program stores must still be found by the next one.
    expect!["[278275b6a28e1e88, df58a61cb722f42d]"].assert_eq(&format!("{known:x?}"));
}

#[test]
fn an_outage_whose_consumers_do_not_add_up_is_refused() {
    let (topology, ticks) = street(
        "A T1 F1 A1 | 11x.
         B T1 F1 A1 | 11x.
         C T1 F1 A1 | 11x.
         D T2 F2 A1 | 1111",
    );
    let mut supply = Supply::new(rules(), calendar(), &topology);
    for (at, came) in &ticks {
        let joined = Join::new(&topology, &came.rows);
        supply.tick(hour(at + 1), &joined, &came.events, &mut SupplyRows::default());
    }
    assert_eq!(supply.open(), 1, "one outage of three consumers");
    let whole = supply.snapshot(&topology);
    supply.out.pop_first();
    let torn = supply.snapshot(&topology);
    let restored = |stored| Supply::new(rules(), calendar(), &topology).restore(&topology, stored);
    assert_eq!(restored(whole), Ok(()));
    assert_eq!(restored(torn), Err(RestoreError));
}
