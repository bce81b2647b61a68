//! Broken input through the command line: each mistake is told with its place, its cause and a way out, ends with the
//! documented code, and leaves nothing behind that looks like a result.
#![expect(clippy::unwrap_used, reason = "what a test cannot go on without has failed it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A folder with a plan, readings and a topology that work, until a test breaks one of them.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pipelines/demo.toml");
        fs::copy(plan, desk.path("plan.toml")).unwrap();
        desk.write("readings.ndjson", lines(200));
        desk.write(
            "topology.csv",
            "meter,role,transformer,feeder,area,phase,class,sanctioned_w,phone,reader_phone,from,to\n\
             M1,consumer,T1,F1,A1,a,domestic,3000,,+000200000001,,\n",
        );
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Writes another line in the plan, in place of the one that begins so.
    fn edit_plan(&self, begins: &str, instead: &str) -> usize {
        let text = fs::read_to_string(self.path("plan.toml")).unwrap();
        let at = text.lines().position(|line| line.starts_with(begins));
        let at = at.unwrap_or_else(|| panic!("no line of the plan begins with {begins}"));
        let mut lines: Vec<&str> = text.lines().collect();
        lines[at] = instead;
        self.write("plan.toml", lines.join("\n") + "\n");
        at + 1
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gridwarden"));
        command.current_dir(self.0.path()).args(arguments).output().unwrap()
    }

    fn replay(&self, readings: &str) -> Output {
        self.run(&REPLAY.map(|argument| if argument == "readings.ndjson" { readings } else { argument }))
    }

    /// What stands in the folder of outputs.
    fn left(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path("out")) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// What the last run counted.
    fn summary(&self) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.path("out/summary.json")).unwrap()).unwrap()
    }

    /// The run failed with this code, said all of this on standard error, offered help, and left nothing.
    fn check(&self, output: &Output, code: i32, said: &[&str]) {
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{errors}");
        assert!(errors.lines().any(|line| line.starts_with("error")), "no error line:\n{errors}");
        for part in said.iter().chain(&["help"]) {
            assert!(errors.contains(part), "no \"{part}\" in:\n{errors}");
        }
        assert!(!errors.contains("panicked"), "{errors}");
        assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
        assert_eq!(self.left(), Vec::<String>::new(), "left behind");
    }
}

const REPLAY: [&str; 8] =
    ["replay", "plan.toml", "--readings", "readings.ndjson", "--topology", "topology.csv", "--out", "out"];

fn lines(count: i64) -> String {
    let line = |quarter: i64| {
        let time = 1_704_067_200_000 + quarter * 900_000;
        format!(
            "{{\"meter\":\"M1\",\"time\":{time},\"imp\":{},\"v\":230.1,\"i\":2.5}}\n",
            1000 + 100 * quarter
        )
    };
    (1..=count).map(line).collect()
}

#[test]
fn what_the_tests_break_works_before() {
    let desk = Desk::new();
    let output = desk.run(&REPLAY);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(desk.left().contains(&"intervals.parquet".to_owned()));
    assert!(desk.left().iter().all(|name| !name.ends_with(".partial")), "{:?}", desk.left());
}

#[test]
fn readings_that_are_not_there() {
    let desk = Desk::new();
    desk.check(&desk.replay("missing.ndjson"), 1, &["missing.ndjson", "No such file"]);
}

#[test]
fn the_second_of_two_files_is_not_there() {
    let desk = Desk::new();
    let output = desk.run(&[&REPLAY[..4], &["missing.ndjson"], &REPLAY[4..]].concat());
    desk.check(&output, 1, &["missing.ndjson", "No such file"]);
}

#[test]
fn readings_that_are_an_empty_file() {
    let desk = Desk::new();
    desk.write("empty.ndjson", "");
    desk.check(&desk.replay("empty.ndjson"), 1, &["empty.ndjson is empty"]);
}

#[test]
fn readings_that_are_blank_lines() {
    let desk = Desk::new();
    desk.write("blank.ndjson", "\n\n  \n\r\n");
    desk.check(&desk.replay("blank.ndjson"), 1, &["no reading could be used: the input holds none"]);
}

#[test]
fn readings_that_are_compressed() {
    let desk = Desk::new();
    for (magic, name) in [(&b"\x1f\x8b\x08\x00"[..], "gzip"), (b"\x28\xb5\x2f\xfd", "zstd")] {
        desk.write("readings.packed", [magic, &[7; 200]].concat());
        let said = ["readings.packed is compressed with", name, "decompress it first"];
        desk.check(&desk.replay("readings.packed"), 1, &said);
    }
}

#[test]
fn readings_that_are_arrow_ipc() {
    let desk = Desk::new();
    for (magic, name) in
        [(&b"ARROW1\0\0"[..], "an Arrow file"), (b"\xff\xff\xff\xff\x10\0\0\0", "an Arrow stream")]
    {
        desk.write("readings.arrow", magic);
        desk.check(&desk.replay("readings.arrow"), 1, &["readings.arrow is", name, "write it as Parquet"]);
    }
}

#[test]
fn a_dead_letter_is_shown_by_its_beginning() {
    let desk = Desk::new();
    desk.write("noise.ndjson", [&b"\xfe".repeat(4000)[..], b"\n"].concat());
    let output = desk.replay("noise.ndjson");
    desk.check(&output, 1, &["1 message became a dead letter", "not-utf8", " ..."]);
    assert!(output.stderr.len() < 600, "{}", output.stderr.len());
}

#[test]
fn readings_that_are_no_text() {
    let desk = Desk::new();
    desk.write("latin.ndjson", b"{\"meter\":\"M\xe9\",\"time\":1704067200000,\"imp\":1}\n\xff\xfe\x00\n");
    desk.check(
        &desk.replay("latin.ndjson"),
        1,
        &["no reading could be used", "2 messages", "not-utf8", "latin.ndjson"],
    );
}

#[test]
fn readings_that_are_a_folder() {
    let desk = Desk::new();
    fs::create_dir(desk.path("folder")).unwrap();
    desk.check(&desk.replay("folder"), 1, &["cannot read folder", "directory"]);
}

#[test]
fn standard_input_that_stands_twice() {
    let desk = Desk::new();
    let output = desk.run(&["replay", "plan.toml", "--readings", "-", "-", "--out", "out"]);
    desk.check(&output, 2, &["standard input", "twice"]);
}

#[test]
fn standard_input_that_is_parquet() {
    let desk = Desk::new();
    parquet(&desk);
    let mut command = Command::new(env!("CARGO_BIN_EXE_gridwarden"));
    command.current_dir(desk.0.path()).args(["replay", "plan.toml", "--readings", "-", "--out", "out"]);
    let file = fs::File::open(desk.path("town/readings.parquet")).unwrap();
    desk.check(&command.stdin(file).output().unwrap(), 2, &["standard input takes JSON lines", "Parquet"]);
}

fn parquet(desk: &Desk) -> Vec<u8> {
    let town = ["-q", "simulate", "--meters", "20", "--days", "2", "--format", "parquet", "--out", "town"];
    let output = desk.run(&town);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read(desk.path("town/readings.parquet")).unwrap()
}

#[test]
fn half_a_parquet_file() {
    let desk = Desk::new();
    let whole = parquet(&desk);
    for length in [4, 12, whole.len() / 2, whole.len() - 1] {
        desk.write("half.parquet", &whole[..length]);
        desk.check(&desk.replay("half.parquet"), 1, &["half.parquet", "cause"]);
    }
}

#[test]
fn a_parquet_file_that_is_damaged_inside() {
    let desk = Desk::new();
    let mut damaged = parquet(&desk);
    let (from, to) = (damaged.len() / 4, damaged.len() / 2);
    damaged[from..to].fill(0xaa);
    desk.write("damaged.parquet", &damaged);
    desk.check(&desk.replay("damaged.parquet"), 1, &["damaged.parquet", "cause"]);
}

/// Some damage makes the decoder of Parquet itself panic; nobody hears of it but by our error.
#[test]
fn a_damaged_page_is_told_by_our_error_alone() {
    let desk = Desk::new();
    let whole = parquet(&desk);
    let mut gave_up = 0;
    for part in 8..24 {
        let mut damaged = whole.clone();
        let from = whole.len() / 32 * part;
        damaged[from..from + 64].fill(0xaa);
        desk.write("damaged.parquet", &damaged);
        let output =
            desk.run(&["-q", "replay", "plan.toml", "--readings", "damaged.parquet", "--out", "out"]);
        let errors = String::from_utf8_lossy(&output.stderr);
        let ours =
            |line: &str| ["error: ", "  cause: ", "  help: "].iter().any(|begins| line.starts_with(begins));
        assert!(errors.lines().all(ours), "part {part}: {errors}");
        gave_up += u32::from(errors.contains("the decoder gave up"));
    }
    assert!(gave_up > 0, "none of these makes the decoder panic");
}

#[test]
fn a_plan_that_is_not_there() {
    let desk = Desk::new();
    fs::remove_file(desk.path("plan.toml")).unwrap();
    desk.check(&desk.run(&REPLAY), 2, &["plan.toml", "No such file", "pipelines/"]);
    desk.check(&desk.run(&["check", "plan.toml"]), 2, &["plan.toml", "No such file", "pipelines/"]);
}

#[test]
fn a_plan_that_is_no_text_or_a_folder() {
    let desk = Desk::new();
    desk.write("plan.toml", b"name = \"\xff\"\n");
    desk.check(&desk.run(&REPLAY), 2, &["plan.toml", "UTF-8"]);
    fs::remove_file(desk.path("plan.toml")).unwrap();
    fs::create_dir(desk.path("plan.toml")).unwrap();
    desk.check(&desk.run(&REPLAY), 2, &["plan.toml", "directory"]);
}

fn check_plan(begins: &str, instead: &str, said: &[&str]) {
    let desk = Desk::new();
    let place = format!("--> plan.toml:{}:", desk.edit_plan(begins, instead));
    let said = [said, &[&place]].concat();
    desk.check(&desk.run(&REPLAY), 2, &said);
    desk.check(&desk.run(&["check", "plan.toml"]), 2, &said);
}

#[test]
fn a_key_that_no_plan_has() {
    check_plan("grace =", "gracious = \"20 min\"", &["error[plan::key]", "gracious"]);
    check_plan("[sms]", "[telegrams]", &["error[plan::key]", "telegrams"]);
}

#[test]
fn a_key_that_every_plan_has_is_missing() {
    let desk = Desk::new();
    desk.edit_plan("voltage =", "");
    desk.check(&desk.run(&REPLAY), 2, &["error[plan::missing]", "`voltage`", "--> plan.toml:"]);
}

#[test]
fn a_length_in_volts() {
    check_plan("length =", "length = \"15 V\"", &["error[plan::unit]", "`length`", "\"V\""]);
}

#[test]
fn a_number_without_its_unit() {
    check_plan("grace =", "grace = \"20\"", &["error[plan::unit]", "`grace`", "no unit"]);
}

#[test]
fn a_window_below_zero() {
    check_plan("length =", "length = \"-15 min\"", &["error[plan::", "`length`", "-15 min"]);
    check_plan("grace =", "grace = \"-20 min\"", &["error[plan::", "`grace`", "-20 min"]);
}

#[test]
fn a_plan_that_is_no_toml() {
    let desk = Desk::new();
    let line = desk.edit_plan("[limits]", "[limits");
    let output = desk.run(&REPLAY);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    let place = format!("--> plan.toml:{line}:");
    assert!(errors.starts_with("error[plan::syntax]") && errors.contains(&place), "{errors}");
    assert_eq!(desk.left(), Vec::<String>::new());
}

#[test]
fn a_command_that_is_none() {
    let desk = Desk::new();
    desk.check(&desk.run(&["replai"]), 2, &["replai", "replay"]);
    desk.check(&desk.run(&["replay", "plan.toml", "--readings", "readings.ndjson"]), 2, &["--out"]);
    desk.check(&desk.run(&[&REPLAY[..], &["--shards", "0"]].concat()), 2, &["--shards"]);
}

#[test]
fn a_file_where_the_folder_of_outputs_should_be() {
    let desk = Desk::new();
    desk.write("out", "mine\n");
    desk.check(&desk.run(&REPLAY), 1, &["cannot make the folder out", "`--out`"]);
    let town = ["-q", "simulate", "--meters", "3", "--days", "1", "--out", "out"];
    desk.check(&desk.run(&town), 1, &["cannot make the folder out", "`--out`"]);
    assert_eq!(fs::read_to_string(desk.path("out")).unwrap(), "mine\n");
}

#[test]
fn a_folder_where_an_output_should_be() {
    let desk = Desk::new();
    fs::create_dir_all(desk.path("out/intervals.parquet")).unwrap();
    let output = desk.run(&REPLAY);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("cannot write to out") && errors.contains("cause"), "{errors}");
    // `summary.json` comes last: without it, nobody takes what is there for a whole run.
    assert_eq!(desk.left(), ["intervals.parquet"]);
}

#[test]
fn an_earlier_run_stands_if_the_first_file_of_a_later_one_cannot_be_moved() {
    let desk = Desk::new();
    assert!(desk.run(&REPLAY).status.success());
    let before = fs::read(desk.path("out/summary.json")).unwrap();
    fs::remove_file(desk.path("out/intervals.parquet")).unwrap();
    fs::create_dir(desk.path("out/intervals.parquet")).unwrap();
    let names = desk.left().len();
    assert_eq!(desk.run(&REPLAY).status.code(), Some(1));
    assert_eq!((fs::read(desk.path("out/summary.json")).unwrap(), desk.left().len()), (before, names));
}

fn check_topology(text: &str, said: &[&str]) {
    check_with_topology(text, &[&["topology.csv"], said].concat());
}

fn check_with_topology(text: &str, said: &[&str]) {
    let desk = Desk::new();
    desk.write("topology.csv", text);
    desk.check(&desk.run(&REPLAY), 1, said);
}

#[test]
fn a_topology_with_a_role_that_is_none() {
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
fn what_a_topology_holds_in_vain_is_told() {
    let desk = Desk::new();
    desk.write(
        "topology.csv",
        "meter,role,transformer,colour\nD1,transformer,T1,red\nM1,consumer,T1,\nM2,consumer,T9,\nM3,consumer,T8,\n",
    );
    let output = desk.run(&REPLAY);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    for said in ["column=\"colour\"", "consumers=2", "M2 on T9"] {
        assert!(errors.contains(said), "no {said} in {errors}");
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
fn without_a_topology_intervals_come_all_the_same() {
    let desk = Desk::new();
    let output = desk.run(&["replay", "plan.toml", "--readings", "readings.ndjson", "--out", "out"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary = fs::read_to_string(desk.path("out/summary.json")).unwrap();
    assert!(summary.contains("\"intervals\": 200"), "{summary}");
}

/// Twenty blocks of M1 and M2 whose currents are apart, as those of two supplies with one neutral.
fn shared_neutral() -> String {
    let line = |quarter: i64| {
        let time = 1_704_067_200_000 + quarter * 900_000;
        format!(
            "{{\"meter\":\"M1\",\"time\":{time},\"v\":230,\"i\":8,\"in\":5}}\n\
             {{\"meter\":\"M2\",\"time\":{time},\"v\":230,\"i\":2,\"in\":5}}\n"
        )
    };
    (1..=20).map(line).collect()
}

#[test]
fn where_neighbours_are_unknown_nobody_is_suspected_and_that_is_told() {
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

#[test]
fn every_message_is_admitted_or_a_repeat_or_a_dead_letter() {
    let desk = Desk::new();
    assert!(desk.run(&["-q", "simulate", "--meters", "20", "--days", "3", "--out", "town"]).status.success());
    let output = desk.replay("town/readings.ndjson");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary = desk.summary();
    let number = |name: &str| summary[name].as_u64().unwrap();
    let count = |path: &str| fs::read_to_string(desk.path(path)).unwrap_or_default().lines().count() as u64;
    assert_eq!(number("messages"), count("town/readings.ndjson"));
    let letters = number("late") + number("dead");
    assert_eq!(number("messages"), number("admitted") + number("duplicates") + letters, "{summary}");
    assert_eq!(letters, count("out/dead-letters.ndjson"));
    assert!(number("late") > 0 && number("dead") > 0 && number("duplicates") > 0, "{summary}");
    let told = String::from_utf8_lossy(&output.stdout);
    let letters = format!(", {letters} dead letters: {} torn, {} late\n", number("dead"), number("late"));
    assert!(told.contains(&letters), "{told}");
}

#[test]
fn garbage_that_moves_no_watermark_goes_on_in_its_order() {
    let desk = Desk::new();
    let garbage: String = (0..20_000).map(|number| format!("garbage {number}\n")).collect();
    desk.write("garbage.ndjson", garbage + &lines(20));
    let output = desk.replay("garbage.ndjson");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let letters = fs::read_to_string(desk.path("out/dead-letters.ndjson")).unwrap();
    assert_eq!(letters.lines().count(), 20_000);
    for (number, letter) in letters.lines().enumerate() {
        assert!(letter.contains(&format!("\"garbage {number}\"")), "{number}: {letter}");
    }
    assert_eq!(desk.summary()["admitted"], 20);
}

#[test]
fn a_line_without_an_end_is_one_dead_letter_with_its_beginning() {
    let desk = Desk::new();
    let sneaked = r#"{"meter":"SNEAK","time":1704067200000,"imp":1}"#;
    desk.write("long.ndjson", "x".repeat(262_144) + sneaked + "\n" + &lines(20));
    let output = desk.replay("long.ndjson");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let letters = fs::read_to_string(desk.path("out/dead-letters.ndjson")).unwrap();
    let letter: serde_json::Value = serde_json::from_str(letters.trim_end()).unwrap();
    assert_eq!(letter["reason"], "too-long");
    assert_eq!(letter["bytes"].as_str().unwrap().len(), 65_536);
    let summary = desk.summary();
    assert_eq!([&summary["messages"], &summary["admitted"], &summary["meters"]], [21, 20, 1], "{summary}");
}

#[test]
fn a_file_in_another_order_is_told_with_a_way_out() {
    let desk = Desk::new();
    let reversed: Vec<String> = lines(200).lines().rev().map(str::to_owned).collect();
    desk.write("reversed.ndjson", reversed.join("\n"));
    let output = desk.replay("reversed.ndjson");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let late = desk.summary()["late"].as_f64().unwrap();
    assert!(late > 150.0, "{late}");
    for said in [
        &format!("{} % of the readings came too late", (late / 2.0).round()),
        "sort the file by time",
        "longer grace",
    ] {
        assert!(errors.contains(said), "no {said} in {errors}");
    }
}

/// Linux has a device that is always full.
#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let desk = Desk::new();
    let explain = ["explain", "M1", "--plan", "plan.toml", "--readings", "readings.ndjson"];
    let simulate = ["simulate", "--meters", "3", "--days", "1", "--out", "town"];
    for arguments in [&["completions", "bash"][..], &["check", "plan.toml"], &REPLAY, &explain, &simulate] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gridwarden"));
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = command.current_dir(desk.0.path()).args(arguments).stdout(full).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {errors}");
        assert!(errors.contains("error: cannot write to standard output"), "{arguments:?}: {errors}");
        assert!(!errors.contains("panicked"), "{errors}");
    }
}

#[test]
fn with_log_lines_for_machines_an_error_is_one_too() {
    let desk = Desk::new();
    let output = desk.run(&["-q", "--log-format", "json", "check", "missing.toml"]);
    assert_eq!(output.status.code(), Some(2));
    let line: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!((&line["level"], &line["code"]), (&"ERROR".into(), &2.into()), "{line}");
    let message = line["message"].as_str().unwrap();
    assert!(message.contains("cannot read the plan missing.toml") && message.contains("help"), "{message}");
}

#[test]
fn no_speed_is_told_of_a_run_that_is_too_short_to_have_one() {
    let desk = Desk::new();
    desk.write("few.ndjson", lines(3));
    let output = desk.replay("few.ndjson");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && !told.contains("CPU second"), "{told}");
}

#[test]
fn quiet_is_quiet_where_files_tell_the_result() {
    let desk = Desk::new();
    let output = desk.run(&[&["--quiet"], &REPLAY[..]].concat());
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty());
    assert!(!desk.run(&["--quiet", "check", "plan.toml"]).stdout.is_empty());
}

#[test]
fn options_of_simulate_that_make_no_town() {
    let desk = Desk::new();
    let town = ["simulate", "--meters", "10", "--days", "1", "--out", "out"];
    for (option, value, said) in [
        ("--thieves", "200%", "--thieves"),
        ("--interval", "7 parsecs", "--interval"),
        ("--interval", "7m", "interval"),
        ("--start", "yesterday", "--start"),
        ("--transformers", "11", "transformers"),
        ("--late", "-1", "--late"),
        ("--late", "-1%", "`--late` is no share"),
        ("--interval", "7m", "found 7 min"),
        ("--utc-offset", "20", "-14 to 14 hours"),
        ("--late", "99.9%", "% together"),
    ] {
        let joined = format!("{option}={value}");
        desk.check(&desk.run(&[&town[..], &[&joined]].concat()), 2, &[said]);
        desk.check(&desk.run(&[&town[..], &[option, value]].concat()), 2, &[said]);
    }
    for (meters, days) in [("-1", "1"), ("100000000000", "1"), ("1", "-1"), ("1", "4000000")] {
        let output = desk.run(&["simulate", "--meters", meters, "--days", days, "--out", "out"]);
        desk.check(&output, 2, &["a whole number"]);
    }
    desk.check(&desk.run(&["simulate", "--meters", "0", "--days", "1", "--out", "out"]), 2, &["meters"]);
}

#[test]
fn what_a_town_leaves_out_or_takes_away_is_told() {
    let desk = Desk::new();
    let town = |format: &str| {
        let output = desk.run(&[
            "simulate", "--meters", "1", "--days", "1", "--torn", "20%", "--format", format, "--out", "town",
        ]);
        assert!(output.status.success());
        assert!(String::from_utf8_lossy(&output.stdout).contains("of 1 consumer over 1 day,"));
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(town("ndjson"), "");
    let told = town("parquet");
    assert!(told.contains("torn messages were left out") && told.contains("readings.ndjson"), "{told}");
    assert!(!desk.path("town/readings.ndjson").exists());
}

#[test]
fn a_meter_that_nobody_heard_of_cannot_be_explained() {
    let desk = Desk::new();
    let explain = |meter: &str| {
        let input = ["--readings", "readings.ndjson", "--topology", "topology.csv"];
        desk.run(&[&["explain", meter, "--plan", "plan.toml"][..], &input[..]].concat())
    };
    desk.check(&explain("M2"), 1, &["meter M2"]);
    desk.check(&explain("no such name"), 2, &["no such name"]);
    assert!(explain("M1").status.success());
}

#[test]
fn a_case_is_explained_alone() {
    let desk = Desk::new();
    // Two leaks, twenty days apart: with a cool-down of a day, two cases.
    let line = |quarter: i64| {
        let neutral = if (100..120).contains(&(quarter % 1000)) { 5 } else { 8 };
        let time = 1_704_067_200_000 + quarter * 900_000;
        format!("{{\"meter\":\"M1\",\"time\":{time},\"v\":230,\"i\":8,\"in\":{neutral}}}\n")
    };
    desk.write("two.ndjson", (1..1300).map(line).collect::<String>());
    let explain = |what: &str| {
        let input = ["--plan", "plan.toml", "--readings", "two.ndjson", "--topology", "topology.csv"];
        let output = desk.run(&[&["explain", what], &input[..]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let all = explain("M1");
    let opened = all.lines().filter(|line| line.contains(" opened at "));
    let ids: Vec<&str> = opened.map(|line| line.split_whitespace().nth(1).unwrap()).collect();
    assert_eq!(ids.len(), 2, "{all}");
    let one = explain(ids[1]);
    assert!(one.contains(ids[1]) && !one.contains(ids[0]), "{one}");
    assert_eq!(one.matches("please check").count(), 1, "{one}");
    let none = explain("phase-neutral.M1.20240105T1430Z");
    assert!(none.contains("none is phase-neutral.M1.20240105T1430Z") && none.contains(ids[0]), "{none}");
    assert!(!none.contains("opened at"), "{none}");
}

#[test]
fn why_there_is_no_case_is_told() {
    let desk = Desk::new();
    desk.write("shared.ndjson", shared_neutral());
    desk.write("known.csv", "meter,role,transformer\nM1,consumer,T1\nM2,consumer,T1\n");
    let explain = |plan: &str, readings: &str, topology: &[&str]| {
        let input = ["explain", "M1", "--plan", plan, "--readings", readings];
        let output = desk.run(&[&input[..], topology].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let known = ["--topology", "known.csv"];
    let told = explain("plan.toml", "shared.ndjson", &known);
    assert!(told.contains("a shared neutral explains 20 of them: M2"), "{told}");
    let told = explain("plan.toml", "shared.ndjson", &[]);
    assert!(told.contains("20 of them raise nothing: on no known transformer"), "{told}");
    let told = explain("plan.toml", "readings.ndjson", &known);
    assert!(told.contains("cases      none: no interval has a phase and a neutral current"), "{told}");
    let j1 = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pipelines/j1.toml");
    let told = explain(j1.to_str().unwrap(), "readings.ndjson", &known);
    assert!(told.contains("cases      none: this plan has no detectors"), "{told}");
}

#[test]
fn a_meter_with_dots_in_its_name_can_be_explained() {
    let desk = Desk::new();
    desk.write("dotted.ndjson", lines(20).replace("\"M1\"", "\"north.M.1\""));
    for name in ["north.M.1", "phase-neutral.north.M.1.20240105T1430Z"] {
        let output = desk.run(&["explain", name, "--plan", "plan.toml", "--readings", "dotted.ndjson"]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {errors}");
        assert!(String::from_utf8_lossy(&output.stdout).starts_with("meter north.M.1:"), "{name}");
    }
}

#[test]
fn an_earlier_run_stands_until_a_later_one_is_whole() {
    let desk = Desk::new();
    assert!(desk.run(&REPLAY).status.success());
    let before = fs::read(desk.path("out/intervals.parquet")).unwrap();
    desk.write("latin.ndjson", b"\xff\n");
    assert_eq!(desk.replay("latin.ndjson").status.code(), Some(1));
    assert!(before == fs::read(desk.path("out/intervals.parquet")).unwrap());
    assert!(desk.left().iter().all(|name| !name.ends_with(".partial")), "{:?}", desk.left());
}

#[test]
fn a_replay_does_not_write_over_its_own_input() {
    let desk = Desk::new();
    fs::create_dir(desk.path("out")).unwrap();
    for name in ["out/dead-letters.ndjson", "out/alerts.ndjson.partial"] {
        desk.write(name, lines(20));
        for shown in [name.to_owned(), format!("./out/../{name}"), desk.path(name).display().to_string()] {
            let output = desk.replay(&shown);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{errors}");
            assert!(errors.contains("is an input") && errors.contains("help"), "{errors}");
        }
        assert_eq!(fs::read_to_string(desk.path(name)).unwrap(), lines(20));
        fs::remove_file(desk.path(name)).unwrap();
    }
}

#[test]
fn a_replay_takes_nothing_away_that_is_not_its_own() {
    for name in ["alerts.ndjson", "summary.json"] {
        let desk = Desk::new();
        fs::create_dir(desk.path("out")).unwrap();
        desk.write(&format!("out/{name}"), "{\"mine\": true}\n");
        let output = desk.run(&REPLAY);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains(&format!("out/{name} is in the way")) && errors.contains("help"), "{errors}");
        assert_eq!(desk.left(), [name]);
    }
}

#[test]
fn what_was_left_by_a_run_that_was_killed_while_it_moved_its_files_is_its_own() {
    let desk = Desk::new();
    assert!(desk.run(&REPLAY).status.success());
    fs::rename(desk.path("out/summary.json"), desk.path("out/summary.json.partial")).unwrap();
    desk.write("latin.ndjson", b"\xff\n");
    desk.check(&desk.replay("latin.ndjson"), 1, &["no reading could be used"]);
}

/// Replays that are ended from outside. On Linux, where `env` can restore a signal that is ignored.
#[cfg(target_os = "linux")]
mod ended {
    use super::{Desk, REPLAY, lines};
    use std::io::Write;
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;

    /// A replay that has read much and waits for more.
    fn in_the_middle(desk: &Desk) -> Child {
        let stdin = ["replay", "plan.toml", "--readings", "-", "--topology", "topology.csv", "--out", "out"];
        // A shell that runs the tests in the background may have told them to ignore Ctrl-C; `env` takes that back.
        let mut command = Command::new("env");
        command.current_dir(desk.0.path()).args(["--default-signal=INT", env!("CARGO_BIN_EXE_gridwarden")]);
        command.args(stdin).stdin(Stdio::piped()).stderr(Stdio::null());
        let mut replay = command.spawn().unwrap();
        let mut pipe = replay.stdin.take().unwrap();
        // More than is read ahead, so that the first intervals are closed.
        pipe.write_all(lines(20_000).as_bytes()).unwrap();
        let partial = desk.path("out/intervals.parquet.partial");
        for _ in 0..600 {
            if partial.exists() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        assert!(partial.exists(), "no file was begun");
        assert!(replay.try_wait().unwrap().is_none(), "it ended although more was to come");
        replay.stdin = Some(pipe);
        replay
    }

    #[test]
    fn while_a_run_writes_to_a_folder_no_other_does() {
        let desk = Desk::new();
        let mut replay = in_the_middle(&desk);
        let before = desk.left();
        let town = ["simulate", "--meters", "3", "--days", "1", "--out", "out"];
        for arguments in [&REPLAY[..], &town] {
            let output = desk.run(arguments);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{errors}");
            assert!(errors.contains("another run is writing to out") && errors.contains("help"), "{errors}");
        }
        assert_eq!(desk.left(), before);
        // It hears that there is no more, and goes on to its own end.
        drop(replay.stdin.take());
        assert!(replay.wait().unwrap().success());
        assert!(desk.run(&REPLAY).status.success());
    }

    #[test]
    fn what_a_killed_replay_left_disturbs_nobody() {
        let desk = Desk::new();
        let mut replay = in_the_middle(&desk);
        replay.kill().unwrap();
        assert!(!replay.wait().unwrap().success());
        assert!(desk.left().iter().all(|name| name.ends_with(".partial")), "{:?}", desk.left());
        // A run that fails takes it away too: `sms.ndjson` is none of what it begins itself.
        desk.write("latin.ndjson", b"\xff\n");
        desk.check(&desk.replay("latin.ndjson"), 1, &["no reading could be used"]);
    }

    #[test]
    fn a_replay_that_is_told_to_end_takes_its_files_away() {
        for (signal, code) in [("INT", 130), ("TERM", 143)] {
            let desk = Desk::new();
            let mut replay = in_the_middle(&desk);
            let id = replay.id().to_string();
            assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
            let mut ended = None;
            for _ in 0..200 {
                ended = replay.try_wait().unwrap();
                if ended.is_some() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            if ended.is_none() {
                replay.kill().unwrap();
                replay.wait().unwrap();
            }
            assert_eq!(ended.expect("ten seconds are enough").code(), Some(code), "{signal}");
            assert_eq!(desk.left(), Vec::<String>::new(), "{signal}");
        }
    }
}
