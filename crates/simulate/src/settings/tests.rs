use super::*;

fn usual() -> Settings {
    Settings::usual(500, 30, 1, EventTime(1_700_006_400_000))
}

fn check(settings: &Settings, says: &str) {
    let said = settings.check().map_or_else(|error| error.to_string(), |()| "good".to_owned());
    assert_eq!(said, says);
}

#[test]
fn the_usual_town_can_be_made() {
    check(&usual(), "good");
    check(&usual().honest(), "good");
}

#[test]
fn what_cannot_be_made_is_named() {
    check(&Settings { meters: 0, ..usual() }, "`meters` must be at least 1");
    check(&Settings { days: 0, ..usual() }, "`days` must be at least 1");
    check(&Settings { onset_days: Some(0), ..usual() }, "`onset_days` must be at least 1");
    let uneven = Settings { interval_ms: 7 * MINUTE, ..usual() };
    check(&uneven, "an hour must be a whole number of intervals of at least a second, found 420000 ms");
    let ancient = Settings { start: EventTime(0), ..usual() };
    check(&ancient, "a run of 30 days from 1970-01-01T00:00:00Z is not within 2000 to 2100");
    let between = Settings { start: EventTime(1_700_006_400_000 + MINUTE), ..usual() };
    check(
        &between,
        "`start` must be at a whole number of intervals of 900000 ms since 1970, found 2023-11-15T00:01:00Z",
    );
    check(&Settings { thieves: 1.5, ..usual() }, "share `thieves` must be between 0 and 1, found 1.5");
    check(&Settings { solar: f64::NAN, ..usual() }, "share `solar` must be between 0 and 1, found NaN");
    let faults = Faults { lost: 0.75, twice: 0.5, ..Faults::NONE };
    check(
        &Settings { faults, ..usual() },
        "`lost`, `twice`, `late`, `out_of_order` and `torn` must be at most 1 together, found 1.25",
    );
    let few = Settings { transformers: Some(501), ..usual() };
    check(&few, "`transformers` must be 1 to the number of meters, 500, found 501");
}
