use super::*;

keys! {
    /// A key of every kind.
    Every {
        share: Ratio > 0 = "6.25 %", "a share";
        current: Amperes >= 0 = "0 A", "a current";
        voltage: Volts > 0 = "230 V", "a voltage";
        power: Watts > 0 = "2 kW", "a power";
        energy: WattHours > 0 = "500 Wh", "an energy";
        time: Milliseconds > 0 = "7 d", "a length of time";
        count: u32 >= 0 = 0, "how many";
    }
}

impl Every {
    fn check(&self) -> Result<(), SettingsError> {
        Ok(())
    }
}

fn refused(key: &str, written: Written<'_>) -> String {
    let error = Every::read(&[(key, written)]).unwrap_err();
    format!("{}: {error}; {}", error.code(), error.help())
}

#[test]
fn what_a_section_leaves_out_is_as_its_default_and_what_is_shown_can_be_written() {
    let defaults = Every::read(&[]).unwrap();
    let shown = defaults.shown();
    let section: Vec<(&str, Written<'_>)> = shown
        .iter()
        .map(|(key, value)| (*key, value.parse().map_or(Written::Text(value), Written::Whole)))
        .collect();
    assert_eq!(Every::read(&section).unwrap(), defaults);
    let values: Vec<&str> = shown.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(values, ["6.25 %", "0 A", "230 V", "2 kW", "500 Wh", "7 d", "0"]);
}

#[test]
fn a_key_of_the_section_counts() {
    let rule = Every::read(&[("time", Written::Text("36 h")), ("count", Written::Whole(3))]).unwrap();
    assert_eq!((rule.time, rule.count, rule.share), (Milliseconds(129_600_000), 3, Ratio(0.0625)));
}

#[test]
fn what_is_refused_has_a_code_a_cause_and_a_way_out() {
    assert_eq!(
        [
            refused("pwoer", Written::Text("1 kW")),
            refused("zzz", Written::Whole(1)),
            refused("voltage", Written::Text("230 A")),
            refused("power", Written::Text("0 W")),
            refused("current", Written::Text("-1 A")),
            refused("energy", Written::Whole(500)),
            refused("share", Written::Text("101 %")),
            refused("count", Written::Text("3")),
            refused("count", Written::Whole(-1)),
            refused("count", Written::Whole(5_000_000_000)),
            refused("count", Written::Other("float")),
        ],
        [
            "plan::key: unknown key `pwoer`, expected one of `share`, `current`, `voltage`, `power`, `energy`, `time`, `count`; did you mean `power`?",
            "plan::key: unknown key `zzz`, expected one of `share`, `current`, `voltage`, `power`, `energy`, `time`, `count`; `gridwarden check` prints all keys with their values",
            "plan::unit: `voltage` must be a voltage in mV, V, kV, found the unit \"A\"; try `voltage = \"230 V\"`",
            "plan::range: `power` must be above zero, found 0 W; try `power = \"100 kW\"`",
            "plan::range: `current` must be zero or more, found -1 A; try `current = \"0.5 A\"`",
            "plan::syntax: `energy` must be text with a unit, found the number 500; try `energy = \"100 Wh\"`",
            "plan::range: `share` must be at most 100 %, found 101 %; try `share = \"10 %\"`",
            "plan::syntax: `count` must be a whole number, found the text \"3\"; try `count = 0`",
            "plan::range: `count` must be at least 0, found -1; try `count = 0`",
            "plan::range: `count` must be at most 4294967295, found 5000000000; try `count = 0`",
            "plan::syntax: `count` must be a whole number, found a value of type float; try `count = 0`",
        ]
    );
}

#[test]
fn a_misspelt_name_is_near_to_what_it_means() {
    let near = |word| nearest(word, ["low_load", "low_load_share", "blocks"].into_iter());
    assert_eq!(near("low_lod"), Some("low_load"));
    assert_eq!(near("bloks"), Some("blocks"));
    assert_eq!(near("share"), None);
}
