//! Topologies that contradict themselves, or lack something that a command needs.

use crate::desk::{Desk, REPLAY, shared_neutral};
use std::fs;

fn check_topology(text: &str, words: &[&str]) {
    check_with_topology(text, &[&["topology.csv"], words].concat());
}

fn check_with_topology(text: &str, words: &[&str]) {
    let desk = Desk::new();
    desk.write("topology.csv", text);
    desk.check(&desk.run(&REPLAY), 1, words);
}

#[test]
fn a_topology_with_an_unknown_role() {
    check_topology(
        "meter,role,transformer\nM1,consumer,T1\nM2,thing,T1\n",
        &["role \"thing\"", "line 3", "consumer, transformer and feeder"],
    );
}

#[test]
fn a_topology_with_two_places_at_once() {
    check_topology(
        "meter,role,transformer,from,to\n\
         M1,consumer,T1,,2024-01-02T00:00:00Z\n\
         M1,consumer,T2,2024-01-01T00:00:00Z,\n",
        &["meter M1 has two places", "2024-01-02T00:00:00Z", "2024-01-01T00:00:00Z"],
    );
}

#[test]
fn a_topology_with_a_period_that_ends_before_it_starts() {
    check_topology(
        "meter,role,transformer,from,to\nM1,consumer,T1,2024-01-02T00:00:00Z,2024-01-01T00:00:00Z\n",
        &["meter M1", "2024-01-02T00:00:00Z", "2024-01-01T00:00:00Z"],
    );
}

#[test]
fn a_topology_without_its_columns() {
    check_topology("name,place\nM1,T1\n", &["meter", "line 2"]);
    check_topology("meter,role\n", &["no rows"]);
    check_topology("", &["no rows"]);
    check_topology("meter,role,from\nM1,consumer,yesterday\n", &["from \"yesterday\"", "line 2"]);
}

#[test]
fn a_topology_without_a_header_or_with_other_separators() {
    check_topology("M1,consumer,T1\nM2,consumer,T1\n", &["line 2", "the first line must name the columns"]);
    check_topology("meter;role;transformer\nM1;consumer;T1\n", &["separate the columns by commas"]);
    check_topology("M1;consumer;T1\n", &["separate the columns by commas"]);
}

#[test]
fn a_topology_names_the_lines_that_contradict_each_other() {
    check_topology("meter,role\nM1,consumer\n\nM2,consumer\nM1,consumer\n", &["at line 2, line 5", "M1"]);
    check_topology("meter,role,sanctioned_w\nM1,consumer,-3000\n", &["sanctioned_w \"-3000\"", "line 2"]);
}

#[test]
fn a_topology_with_a_wrong_name() {
    let place = "1 to 64 bytes of UTF-8";
    check_topology(
        "meter,role,area\nM1,consumer,Süd\nM2,consumer,Süd/3\n",
        &["area \"Süd/3\" at line 3", "character 4 is `/`", place],
    );
    check_topology(
        "meter,role,area\nM1,consumer,मुंबई/पूर्व\n",
        &["area \"मुंबई/पूर्व\" at line 2", "character 6 is `/`"],
    );
    check_topology(
        "meter,role,transformer\nM1,consumer,T\u{202E}1\n",
        &[r#"transformer "T\u{202e}1" at line 2"#, "character 2 is U+202E", place],
    );
    let long = "ü".repeat(33);
    check_topology(
        &format!("meter,role,feeder\nM1,consumer,{long}\n"),
        &["line 2", "it has 66 bytes of UTF-8", place],
    );
    check_topology(
        "meter,role\nM ü,consumer\n",
        &["meter \"M ü\" at line 2", "1 to 32 of A-Z a-z 0-9 . _ -"],
    );
}

#[test]
fn a_topology_in_another_encoding() {
    let desk = Desk::new();
    let latin = b"meter,role,area\nM1,consumer,S\xFCd\n";
    let wide: Vec<u8> =
        "\u{FEFF}meter,role\nM1,consumer\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for text in [&latin[..], &wide] {
        fs::write(desk.path("topology.csv"), text).unwrap();
        desk.check(&desk.run(&REPLAY), 1, &["topology.csv", "at line", "UTF-8"]);
    }
    desk.write("topology.csv", "\u{FEFF}meter,role,area\nM1,consumer,  Süd  \n");
    let output = desk.run(&REPLAY);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn useless_parts_of_a_topology_are_reported() {
    let desk = Desk::new();
    desk.write(
        "topology.csv",
        "meter,role,transformer,colour\nD1,transformer,T1,red\nM1,consumer,T1,\nM2,consumer,T9,\nM3,consumer,T8,\n",
    );
    let output = desk.run(&REPLAY);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    for words in ["column=\"colour\"", "count=2", "M2 on T9"] {
        assert!(errors.contains(words), "no {words} in {errors}");
    }
}

#[test]
fn a_topology_whose_reader_has_no_phone_number() {
    check_with_topology(
        "meter,role,area,reader_phone\nM1,consumer,A1,call me\n",
        &["topology", "M1", "call me", "reader_phone"],
    );
    check_with_topology(
        "meter,role,area,reader_phone\nM1,consumer,A1,+000200000001\nM2,consumer,A1,+000200000002\n",
        &["topology", "A1", "reader_phone"],
    );
}

#[test]
fn a_topology_that_is_not_there() {
    let desk = Desk::new();
    fs::remove_file(desk.path("topology.csv")).unwrap();
    desk.check(&desk.run(&REPLAY), 1, &["topology.csv", "No such file", "`--topology`"]);
}

#[test]
fn without_a_topology_there_are_intervals_too() {
    let desk = Desk::new();
    let output = desk.run(&["replay", "plan.toml", "--readings", "readings.ndjson", "--out", "out"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary = fs::read_to_string(desk.path("out/summary.json")).unwrap();
    assert!(summary.contains("\"intervals\": 200"), "{summary}");
}

#[test]
fn meters_with_unknown_neighbours_raise_no_suspicion_and_are_reported() {
    let desk = Desk::new();
    desk.write("shared.ndjson", shared_neutral());
    desk.write("foreign.csv", "meter,role,transformer\nX1,consumer,T1\n");
    desk.write("known.csv", "meter,role,transformer\nM1,consumer,T1\nM2,consumer,T1\n");
    let replay = ["replay", "plan.toml", "--readings", "shared.ndjson", "--out", "out"];
    for (topology, strangers) in
        [(&[][..], 2), (&["--topology", "foreign.csv"], 2), (&["--topology", "known.csv"], 0)]
    {
        let output = desk.run(&[&replay, topology].concat());
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        assert_eq!(errors.contains("2 of 2 meters are on no transformer"), strangers == 2, "{errors}");
        let summary = desk.summary();
        assert_eq!(summary["cases"], 0, "{topology:?}");
        assert_eq!(summary["not_looked_at"]["meters"], strangers, "{topology:?}");
        assert_eq!(summary["not_looked_at"]["intervals"], 20 * strangers, "{topology:?}");
    }
}
