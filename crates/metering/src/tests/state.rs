//! What is stored, what comes back, and which setting loses which part.

use super::*;
use expect_test::expect;

fn settings() -> MeteringSettings {
    let settings = rules(HOUR, 2 * HOUR);
    MeteringSettings { demand: settings.demand.map(|demand| demand.with_pf_classes(20).unwrap()), ..settings }
}

fn metering(settings: &MeteringSettings) -> Metering {
    Metering::new(settings.clone(), calendar("Asia/Kolkata"))
}

pub(super) fn restore_profiles(from: &Metering, to: &mut Metering) {
    let bytes = postcard::to_stdvec(&from.stored_profiles(0..1)).unwrap();
    assert!(to.restore_profiles(&postcard::from_bytes(&bytes).unwrap()));
}

fn restore_demand(from: &Metering, to: &mut Metering) {
    let bytes = postcard::to_stdvec(&from.stored_demand(0..1)).unwrap();
    assert!(to.restore_demand(&postcard::from_bytes(&bytes).unwrap()));
    let bytes = postcard::to_stdvec(&from.stored_power_factors(0..1)).unwrap();
    assert!(to.restore_power_factors(&postcard::from_bytes(&bytes).unwrap()));
}

/// Brings all parts of one meter's state over, by way of their bytes.
pub(super) fn restore_all(from: &Metering, to: &mut Metering) {
    restore_profiles(from, to);
    restore_demand(from, to);
}

/// The rows without what the profile adds to them.
fn without_profile(mut rows: Vec<DemandRow>) -> Vec<DemandRow> {
    rows.iter_mut().filter_map(|row| row.whole.as_mut()).for_each(|whole| {
        (whole.base, whole.night_share) = (None, None);
    });
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_part_that_is_lost_takes_no_other_with_it(rows in days(), at in 0..1500_usize) {
        let settings = settings();
        let whole = metered(&settings, &rows, usize::MAX);
        let (before, after) = rows.split_at(at.min(rows.len()));
        let mut first = metering(&settings);
        let mut early = MeteringRows::default();
        first.take(&vec![0; before.len()], before, &mut early);
        let go_on = |mut second: Metering| {
            let mut late = MeteringRows::default();
            second.take(&vec![0; after.len()], after, &mut late);
            second.finish([(0, meter())].into_iter(), &mut late);
            late
        };
        // A meter that was never heard of has no slot.
        prop_assume!(!before.is_empty());
        let mut second = metering(&settings);
        restore_profiles(&first, &mut second);
        prop_assert_eq!(go_on(second).profiles, whole.profiles);
        let mut second = metering(&settings);
        restore_demand(&first, &mut second);
        let demand = [early.demand.clone(), go_on(second).demand].concat();
        prop_assert_eq!(without_profile(demand), without_profile(whole.demand));
    }
}

#[test]
fn changes_are_laid_over_what_was_stored() {
    let settings = settings();
    let mut metering = metering(&settings);
    let take = |metering: &mut Metering, slot, wh| {
        let rows = [row(0, Some(wh), Some(10), Quality::MEASURED)];
        metering.take(&[slot], &rows, &mut MeteringRows::default());
    };
    let profiles = |metering: &Metering, slots: &[u32]| -> ProfilesState {
        let bytes = postcard::to_stdvec(&metering.stored_profiles(slots.iter().copied())).unwrap();
        postcard::from_bytes(&bytes).unwrap()
    };
    let demand = |metering: &Metering, slots: &[u32]| -> DemandState {
        let bytes = postcard::to_stdvec(&metering.stored_demand(slots.iter().copied())).unwrap();
        postcard::from_bytes(&bytes).unwrap()
    };
    take(&mut metering, 0, 100);
    take(&mut metering, 4, 100);
    let mut whole = (profiles(&metering, &[0, 4]), demand(&metering, &[0, 4]));
    for slot in [2, 4, 5] {
        take(&mut metering, slot, 300);
    }
    whole.0.overlay(profiles(&metering, &[2, 4, 5]));
    whole.1.overlay(demand(&metering, &[2, 4, 5]));
    let now = (profiles(&metering, &[0, 2, 4, 5]), demand(&metering, &[0, 2, 4, 5]));
    // As bytes, because a power that is not known is a NaN.
    assert_eq!(postcard::to_stdvec(&whole).unwrap(), postcard::to_stdvec(&now).unwrap());
}

#[test]
fn a_state_that_does_not_fit_is_refused() {
    let settings = settings();
    let mut full = metering(&settings);
    // Two hours that import, with reactive power: a slot is learned, and a class counted.
    let rows: Vec<Interval> =
        (0..8).map(|number| row(number, Some(300), Some(20), Quality::MEASURED)).collect();
    full.take(&[0; 8], &rows, &mut MeteringRows::default());
    let bytes = postcard::to_stdvec(&full.stored_profiles(0..1)).unwrap();
    let other = MeteringSettings { profile: None, ..settings.clone() };
    assert!(!metering(&other).restore_profiles(&postcard::from_bytes(&bytes).unwrap()));
    let bytes = postcard::to_stdvec(&full.stored_demand(0..1)).unwrap();
    let other = MeteringSettings { demand: None, ..settings };
    assert!(!metering(&other).restore_demand(&postcard::from_bytes(&bytes).unwrap()));
    let bytes = postcard::to_stdvec(&full.stored_power_factors(0..1)).unwrap();
    assert!(!metering(&other).restore_power_factors(&postcard::from_bytes(&bytes).unwrap()));
}

/// Settings by what was changed in them, and the calendar that goes with them.
fn changed() -> Vec<(&'static str, MeteringSettings, Calendar)> {
    let base = settings();
    let kolkata = || calendar("Asia/Kolkata");
    let profile = |slot, half_life| {
        let profile = Some(ProfileRule::new(slot, half_life, base.grid).unwrap());
        MeteringSettings { profile, ..base.clone() }
    };
    let [evening, night] = [zone("evening", 18 * 60, 22 * 60), zone("night", 22 * 60, 6 * 60)];
    let demand = |block, zones, billing_day, low, classes| {
        let demand = DemandRule::new(block, zones, billing_day, Ratio(low), base.grid).unwrap();
        let demand = Some(demand.with_pf_classes(classes).unwrap());
        MeteringSettings { demand, ..base.clone() }
    };
    let zones = || vec![evening.clone(), night.clone()];
    let renamed = vec![Zone { name: "peak".to_owned(), ..evening.clone() }, night.clone()];
    let winter = vec![Zone { months: 1, ..evening.clone() }, night.clone()];
    let sundays = vec![Zone { days: 0b100, ..evening.clone() }, night.clone()];
    let later = vec![evening.clone(), Zone { to: 7 * 60, ..night.clone() }];
    let hours = MeteringSettings { grid: Grid::new(HOUR).unwrap(), ..base.clone() };
    vec![
        ("nothing", base.clone(), kolkata()),
        ("holidays", base.clone(), Calendar::new(TimeZone::get("Asia/Kolkata").unwrap(), [].into())),
        ("half_life", profile(2 * HOUR, 4), kolkata()),
        ("low_power_factor", demand(HOUR, zones(), 15, 0.9, 20), kolkata()),
        ("name of a zone", demand(HOUR, renamed, 15, 0.85, 20), kolkata()),
        ("slot", profile(HOUR, 3), kolkata()),
        ("no [profiles]", MeteringSettings { profile: None, ..base.clone() }, kolkata()),
        ("block", demand(HALF, zones(), 15, 0.85, 20), kolkata()),
        ("billing_day", demand(HOUR, zones(), 1, 0.85, 20), kolkata()),
        ("hours of a zone", demand(HOUR, later, 15, 0.85, 20), kolkata()),
        ("months of a zone", demand(HOUR, winter, 15, 0.85, 20), kolkata()),
        ("days of a zone", demand(HOUR, sundays, 15, 0.85, 20), kolkata()),
        ("zones", demand(HOUR, vec![evening.clone()], 15, 0.85, 20), kolkata()),
        ("step of [power_factor]", demand(HOUR, zones(), 15, 0.85, 10), kolkata()),
        ("no [demand]", MeteringSettings { demand: None, ..base.clone() }, kolkata()),
        ("time_zone", base.clone(), calendar("Asia/Dhaka")),
        ("length of [intervals]", hours, kolkata()),
    ]
}

#[test]
fn a_setting_loses_the_parts_that_depend_on_it() {
    let parts = |metering: &Metering| {
        [
            ("profiles", metering.profiles_fingerprint()),
            ("demand", metering.demand_fingerprint()),
            ("power-factor", metering.power_factor_fingerprint()),
        ]
    };
    let base = parts(&metering(&settings()));
    let page: String = changed()
        .into_iter()
        .map(|(what, settings, calendar)| {
            let pairs = base.into_iter().zip(parts(&Metering::new(settings, calendar)));
            let lost: Vec<_> = pairs.filter(|(one, other)| one != other).map(|(one, _)| one.0).collect();
            format!("{what} -> {}\n", if lost.is_empty() { "none".to_owned() } else { lost.join(", ") })
        })
        .collect();
    expect![[r#"
        nothing -> none
        holidays -> none
        half_life -> none
        low_power_factor -> none
        name of a zone -> none
        slot -> profiles
        no [profiles] -> profiles
        block -> demand, power-factor
        billing_day -> demand, power-factor
        hours of a zone -> demand, power-factor
        months of a zone -> demand, power-factor
        days of a zone -> demand, power-factor
        zones -> demand, power-factor
        step of [power_factor] -> power-factor
        no [demand] -> demand, power-factor
        time_zone -> profiles, demand, power-factor
        length of [intervals] -> profiles, demand, power-factor
    "#]]
    .assert_eq(&page);
    // Pinned: what this program stores must still be found by the next one.
    expect![[r#"[("profiles", Some(c7db46867055a8a7)), ("demand", Some(e642211e6dd68853)), ("power-factor", Some(61cae7be935e9ff8))]"#]].assert_eq(&format!("{base:x?}"));
}

#[test]
fn groups_depend_on_their_demand_and_on_which_there_are() {
    let fingerprint = |settings: &MeteringSettings, rule: Option<GroupRule>, above, calendar: &Calendar| {
        Groups::new(settings, rule, above, 0, calendar).fingerprint()
    };
    let (base, kolkata) = (settings(), calendar("Asia/Kolkata"));
    let rule = GroupRule { reporting: Ratio(0.95), whole_town: true };
    let above = Some(Ratio(1.1));
    let known = fingerprint(&base, Some(rule), above, &kolkata);
    let of_rules = [
        ("reporting", Some(GroupRule { reporting: Ratio(0.5), ..rule }), above),
        ("above", Some(rule), Some(Ratio(0.9))),
        ("no [sanctioned]", Some(rule), None),
        ("exchange", Some(GroupRule { whole_town: false, ..rule }), above),
        ("no [groups]", None, above),
    ];
    let of_rules = of_rules.map(|(what, rule, above)| (what, fingerprint(&base, rule, above, &kolkata)));
    let of_settings = changed()
        .into_iter()
        .map(|(what, settings, calendar)| (what, fingerprint(&settings, Some(rule), above, &calendar)));
    let all = of_rules.into_iter().chain(of_settings);
    let (same, lost): (Vec<_>, Vec<_>) = all.partition(|(_, found)| *found == known);
    let names =
        |all: Vec<(&'static str, u64)>| all.into_iter().map(|one| one.0).collect::<Vec<_>>().join(", ");
    expect!["reporting, above, no [sanctioned], nothing, holidays, half_life, low_power_factor, name of a zone, slot, no [profiles], step of [power_factor]"].assert_eq(&names(same));
    expect!["exchange, no [groups], block, billing_day, hours of a zone, months of a zone, days of a zone, zones, no [demand], time_zone, length of [intervals]"].assert_eq(&names(lost));
    expect!["b39333f5d445cddf"].assert_eq(&format!("{known:x}"));
}
