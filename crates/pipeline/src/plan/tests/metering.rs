//! Seasons, profiles and demand.

use super::*;

#[test]
fn a_season_that_cannot_be_is_an_error_with_a_way_out() {
    let zones = "to = \"22:00\" }]";
    for (written, answer) in [
        (
            "to = \"22:00\", months = [0, 4] }]",
            expect![[r#"
                error[plan::range]: `months` must be numbers from 1 to 12, found [0, 4]
                  --> demo.toml:40:69
                   | zones = [{ name = "evening", from = "18:00", to = "22:00", months = [0, 4] }]   # separate peaks and energy for these hours; a zone may have `days = ["weekday"]` and a season, `months = [11, 12, 1]`
                  help: try `months = [4, 5, 6]`, or leave it out for the whole year
            "#]],
        ),
        (
            "to = \"22:00\", months = [] }]",
            expect![[r#"
                error[plan::range]: `months` must be numbers from 1 to 12, found []
                  --> demo.toml:40:69
                   | zones = [{ name = "evening", from = "18:00", to = "22:00", months = [] }]   # separate peaks and energy for these hours; a zone may have `days = ["weekday"]` and a season, `months = [11, 12, 1]`
                  help: try `months = [4, 5, 6]`, or leave it out for the whole year
            "#]],
        ),
        (
            "to = \"22:00\", days = [\"monday\"] }]",
            expect![[r#"
                error[plan::choice]: `days` must be of "weekday", "saturday" and "sunday", found ["monday"]
                  --> demo.toml:40:67
                   | zones = [{ name = "evening", from = "18:00", to = "22:00", days = ["monday"] }]   # separate peaks and energy for these hours; a zone may have `days = ["weekday"]` and a season, `months = [11, 12, 1]`
                  help: try `days = ["weekday"]`, or leave it out for every day; holidays are Sundays
            "#]],
        ),
    ] {
        check(zones, written, answer);
    }
    let season = DEMO.replace(zones, "to = \"22:00\", days = [\"sunday\"], months = [12, 1] }]");
    let plan = Plan::read(&season).unwrap();
    let zone = &plan.metering.unwrap().demand.unwrap().zones()[0].clone();
    assert_eq!((zone.days, zone.months), (0b100, 1 << 11 | 1));
}

#[test]
fn profiles_and_demand_that_cannot_be_are_errors_with_a_way_out() {
    check(
        "slot = \"2 h\"",
        "slot = \"50 min\"",
        expect![[r#"
            error[plan::window]: `slot` must be whole intervals of 15 min, and whole slots must make a day
              --> demo.toml:33:8
               | slot = "50 min"                  # whole intervals; shorter slots take more memory, see `gridwarden check`
              help: try `slot = "60 min"`
        "#]],
    );
    check(
        "block = \"30 min\"",
        "block = \"20 min\"",
        expect![[r#"
            error[plan::window]: `block` must be 1 to 60 intervals of 15 min, at most 4 h, and whole blocks must make a day
              --> demo.toml:37:9
               | block = "20 min"              # peaks are means over this time: in fixed blocks, and in blocks that slide by one interval
              help: try `block = "30 min"`, or shorter intervals
        "#]],
    );
    check(
        "billing_day = 1",
        "billing_day = 31",
        expect![[r#"
            error[plan::range]: `billing_day` must be from 1 to 28: every month has such a day
              --> demo.toml:38:15
               | billing_day = 31               # a period begins at midnight of this day of the month
              help: try `billing_day = 1`
        "#]],
    );
    check(
        "low_power_factor = 0.85",
        "low_power_factor = 85.0",
        expect![[r#"
            error[plan::range]: `low_power_factor` must be from 0 to 1, found 85
              --> demo.toml:39:20
               | low_power_factor = 85.0       # hours below this are counted
              help: try `low_power_factor = 0.85`
        "#]],
    );
    check(
        "from = \"18:00\"",
        "from = \"18\"",
        expect![[r#"
            error[plan::time]: `from` must be a time of the day, found "18"
              --> demo.toml:40:37
               | zones = [{ name = "evening", from = "18", to = "22:00" }]   # separate peaks and energy for these hours; a zone may have `days = ["weekday"]` and a season, `months = [11, 12, 1]`
              help: try `from = "18:00"`
        "#]],
    );
    check(
        "from = \"18:00\"",
        "from = \"18:10\"",
        expect![[r#"
            error[plan::time]: `from` must be where an interval of 15 min begins, found "18:10"
              --> demo.toml:40:37
               | zones = [{ name = "evening", from = "18:10", to = "22:00" }]   # separate peaks and energy for these hours; a zone may have `days = ["weekday"]` and a season, `months = [11, 12, 1]`
              help: try `from = "18:00"`
        "#]],
    );
    check(
        "length = \"15 min\"",
        "length = \"60 min\"",
        expect![[r#"
            error[plan::window]: intervals of 60 min do not begin at local midnight of Asia/Kolkata, and `[profiles]` and `[demand]` need that
              --> demo.toml:10:10
               | length = "60 min"             # whole minutes that divide an hour
              help: try `length = "30 min"` or "15 min"
        "#]],
    );
    let chatham = DEMO.replace("Asia/Kolkata", "Pacific/Chatham").replace("15 min", "30 min");
    let refused = Plan::read(&chatham).unwrap_err();
    let page = refused.render("demo.toml", &chatham);
    assert!(page.ends_with("help: try `length = \"15 min\"`\n"), "{page}");
    check(
        "name = \"evening\"",
        "name = \"all\"",
        expect![[r#"
            error[plan::choice]: `zones` need different names, and `all` is that of all minutes
              --> demo.toml:40:9
               | zones = [{ name = "all", from = "18:00", to = "22:00" }]   # separate peaks and energy for these hours; a zone may have `days = ["weekday"]` and a season, `months = [11, 12, 1]`
              help: call each zone as the tariff does
        "#]],
    );
}
