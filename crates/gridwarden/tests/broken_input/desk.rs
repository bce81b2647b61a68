//! The working folder of a test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A folder with a correct plan, readings and a topology. Each test then breaks one of them.
pub struct Desk(TempDir);

impl Desk {
    pub fn new() -> Self {
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

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Replaces the line of the plan that begins with these words. Returns its number.
    pub fn edit_plan(&self, begins: &str, instead: &str) -> usize {
        let text = fs::read_to_string(self.path("plan.toml")).unwrap();
        let at = text.lines().position(|line| line.starts_with(begins));
        let at = at.unwrap_or_else(|| panic!("no line of the plan begins with {begins}"));
        let mut lines: Vec<&str> = text.lines().collect();
        lines[at] = instead;
        self.write("plan.toml", lines.join("\n") + "\n");
        at + 1
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gridwarden"));
        command.current_dir(self.0.path()).args(arguments).output().unwrap()
    }

    pub fn replay(&self, readings: &str) -> Output {
        self.run(&REPLAY.map(|argument| if argument == "readings.ndjson" { readings } else { argument }))
    }

    /// The names of files in the folder of outputs.
    pub fn left(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path("out")) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// The summary of the last run.
    pub fn summary(&self) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.path("out/summary.json")).unwrap()).unwrap()
    }

    /// The run failed with this exit code, with all these words and a help on standard error, and left no file behind.
    pub fn check(&self, output: &Output, code: i32, words: &[&str]) {
        self.check_words(output, code, words);
        assert_eq!(self.left(), Vec::<String>::new(), "left behind");
    }

    /// The same of a command that leaves something.
    pub fn check_words(&self, output: &Output, code: i32, words: &[&str]) {
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{errors}");
        assert!(errors.lines().any(|line| line.starts_with("error")), "no error line:\n{errors}");
        for part in words.iter().chain(&["help"]) {
            assert!(errors.contains(part), "no \"{part}\" in:\n{errors}");
        }
        assert!(!errors.contains("panicked"), "{errors}");
        assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

/// The arguments of a replay of this folder.
pub const REPLAY: [&str; 8] =
    ["replay", "plan.toml", "--readings", "readings.ndjson", "--topology", "topology.csv", "--out", "out"];

/// Readings of one meter, one for each quarter of an hour.
pub fn lines(count: i64) -> String {
    let line = |quarter: i64| {
        let time = 1_704_067_200_000 + quarter * 900_000;
        format!(
            "{{\"meter\":\"M1\",\"time\":{time},\"imp\":{},\"v\":230.1,\"i\":2.5}}\n",
            1000 + 100 * quarter
        )
    };
    (1..=count).map(line).collect()
}

/// Twenty intervals of M1 and M2 whose phase and neutral currents differ as if both supplies shared one neutral.
pub fn shared_neutral() -> String {
    let line = |quarter: i64| {
        let time = 1_704_067_200_000 + quarter * 900_000;
        format!(
            "{{\"meter\":\"M1\",\"time\":{time},\"v\":230,\"i\":8,\"in\":5}}\n\
             {{\"meter\":\"M2\",\"time\":{time},\"v\":230,\"i\":2,\"in\":5}}\n"
        )
    };
    (1..=20).map(line).collect()
}
