//! Which settings a stored state depends on.

use super::*;

fn vet(change: impl Fn(&mut VetSettings), zone: &str) -> u64 {
    let mut settings = rules();
    change(&mut settings);
    Vet::new(settings, Calendar::new(TimeZone::get(zone).unwrap(), [].into())).fingerprint()
}

#[test]
fn what_is_remembered_of_meters_depends_on_the_interval_alone() {
    let known = vet(|_| (), "Asia/Kolkata");
    assert_eq!(vet(|_| (), "UTC"), known);
    let limits: [fn(&mut VetSettings); 6] = [
        |settings| settings.zero_run = DAY,
        |settings| settings.flat = FlatRule { run: DAY, spread: Ratio(0.1), floor: WattHours(5) },
        |settings| settings.spike = SpikeRule { times: 9.0, floor: Watts(9.0) },
        |settings| settings.day = None,
        |settings| settings.reverse = WattHours(99),
        |settings| settings.power_factor.least = Ratio(0.1),
    ];
    for change in limits {
        assert_eq!(vet(change, "Asia/Kolkata"), known);
    }
    assert_ne!(vet(|settings| settings.grid = Grid::new(HOUR).unwrap(), "Asia/Kolkata"), known);
    // Pinned: what this program stores must still be found by the next one.
    expect!["aac3e9d3698861bf"].assert_eq(&format!("{known:x}"));
}

#[test]
fn findings_of_the_day_depend_on_the_interval_and_the_local_day() {
    let of = |settings, zone, length| {
        let calendar = Calendar::new(TimeZone::get(zone).unwrap(), [].into());
        Findings::new(settings, calendar, Grid::new(length).unwrap()).fingerprint()
    };
    let known = of(town_rules(), "Asia/Kolkata", HALF);
    let limits = FindingsSettings {
        sanctioned: Ratio(2.0),
        inactive: WattHours(1),
        group_sum: Ratio(0.5),
        multiplier_days: 9,
    };
    assert_eq!(of(limits, "Asia/Kolkata", HALF), known);
    assert_ne!(of(town_rules(), "UTC", HALF), known);
    assert_ne!(of(town_rules(), "Asia/Kolkata", HOUR), known);
    expect!["dce840ec216f4f3c"].assert_eq(&format!("{known:x}"));
}

#[test]
fn counts_are_stored_by_the_names_of_their_rules() {
    let mut tally = Tally::default();
    tally.add_of(Rule::Flat, 3);
    let bytes = postcard::to_stdvec(&tally).unwrap();
    assert_eq!(postcard::from_bytes::<Vec<(String, u64)>>(&bytes).unwrap(), [("flat".to_owned(), 3)]);
    // An earlier program had a rule that this one does not know.
    let stored = vec![("flat".to_owned(), 3_u64), ("gone".to_owned(), 9)];
    let restored: Tally = postcard::from_bytes(&postcard::to_stdvec(&stored).unwrap()).unwrap();
    assert_eq!(restored, tally);
}
