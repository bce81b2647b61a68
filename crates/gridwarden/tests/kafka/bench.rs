//! The surroundings of a check: a broker, a folder, names of its own, and a town whose readings are in a topic.

use crate::plan::Plan;
use crate::process::Process;
use crate::random::Random;
use crate::topics::Watcher;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a step may take. On an idle machine it takes a moment.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How long a whole run may take.
pub const WHOLE_RUN: Duration = Duration::from_secs(300);

/// The surroundings of a check, and the options of the suite.
pub struct Bench {
    /// The name of the check.
    pub name: &'static str,
    /// `HOST:PORT`.
    pub brokers: String,
    /// Whether the long form of the suite runs.
    pub full: bool,
    pub random: Random,
    seed: u64,
    folder: TempDir,
    began: Instant,
    processes: u32,
}

/// A town whose readings are in a topic.
pub struct Town {
    pub readings: String,
    pub topology: PathBuf,
}

/// How large a town is.
#[derive(Clone, Copy)]
pub struct Size {
    pub meters: u32,
    pub days: u32,
    pub partitions: u32,
}

impl Size {
    /// About how many readings there are. There is one meter of a transformer for 25 consumers, and each meter sends 96
    /// readings a day.
    pub fn readings(self) -> i64 {
        i64::from(self.meters) * 26 / 25 * 96 * i64::from(self.days)
    }
}

impl Bench {
    /// The surroundings of the check with this name. Every check of every run has topics of its own.
    #[expect(clippy::disallowed_methods, reason = "a check has a clock")]
    pub fn new(name: &'static str) -> Self {
        let brokers = variable("SUITE_BROKERS").expect("scripts/kafka-suite starts a broker and runs this");
        let seed = variable("SUITE_SEED").map_or(1, |seed| seed.into_string().unwrap().parse().unwrap());
        let bench = Self {
            name,
            brokers: brokers.into_string().unwrap(),
            full: variable("SUITE_FULL").is_some(),
            random: Random::new(seed, name),
            seed,
            folder: tempfile::tempdir().unwrap(),
            began: Instant::now(),
            processes: 0,
        };
        println!("\n{name}, SEED={seed}");
        bench
    }

    /// A value for the short form of the suite, another for the long form.
    pub fn form<T>(&self, short: T, long: T) -> T {
        if self.full { long } else { short }
    }

    /// A name that no other check uses.
    pub fn own(&self, what: &str) -> String {
        format!("{}-{}-{what}", self.name.replace('_', "-"), std::process::id())
    }

    /// A path below the folder of this check.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Prints a line, with the time since the check began.
    pub fn say(&self, what: &str) {
        println!("  {:6.1} s  {what}", self.began.elapsed().as_secs_f64());
    }

    /// A town whose readings are sent to a topic before this returns.
    pub fn town(&mut self, size: Size) -> Town {
        self.town_with(size, &[])
    }

    /// The same, with more options of `simulate`.
    pub fn town_with(&mut self, size: Size, options: &[&str]) -> Town {
        let (process, town) = self.send_town(size, 0, options);
        process.wait(WHOLE_RUN).expect(0);
        let sent = Watcher::new(&self.brokers, "kafka-suite-reader", &town.readings).messages();
        self.say(&format!("{sent} readings of {} meters lie in {} partitions", size.meters, size.partitions));
        town
    }

    /// A town that goes on sending, this many times faster than real meters.
    pub fn town_that_sends(&mut self, size: Size, speed: u32) -> (Process, Town) {
        self.send_town(size, speed, &[])
    }

    fn send_town(&mut self, size: Size, speed: u32, options: &[&str]) -> (Process, Town) {
        let town = Town { readings: self.own("readings"), topology: self.path("town/topology.csv") };
        let mut command = Command::new(gridwarden());
        command.args(["simulate", "--quiet", "--create-topics", "--brokers", &self.brokers]);
        command.args(["--topic", &town.readings, "--out"]).arg(self.path("town"));
        for (option, value) in [
            ("--meters", u64::from(size.meters)),
            ("--days", u64::from(size.days)),
            ("--partitions", u64::from(size.partitions)),
            ("--speed", u64::from(speed)),
            ("--seed", self.seed),
        ] {
            command.args([option, &value.to_string()]);
        }
        // Enough thieves, so that even a small town has alerts.
        command.args(["--thieves", "6%", "--lookalikes", "3%"]);
        command.args(options);
        let log = self.next_log("simulate");
        (Process::start(&mut command, &log), town)
    }

    /// Starts `gridwarden run` of a plan, with more arguments.
    pub fn run(&mut self, plan: &Plan, town: &Town, checkpoints: &Path, more: &[&str]) -> Process {
        self.run_in(plan, town, checkpoints, more, &[])
    }

    /// The same, with settings of librdkafka for this process only.
    pub fn run_in(
        &mut self,
        plan: &Plan,
        town: &Town,
        checkpoints: &Path,
        more: &[&str],
        settings: &[(&str, &str)],
    ) -> Process {
        let mut command = Command::new(gridwarden());
        // Each process has its own file of the plan, because others may be reading theirs.
        let path = plan.write(&self.path(&format!("plan-{}.toml", self.processes)));
        command.arg("run").arg(path).args(["--brokers", &self.brokers, "--checkpoints"]).arg(checkpoints);
        command.args(more);
        // Without a second stage no topology is needed.
        if plan.has_second_stage() {
            command.arg("--topology").arg(&town.topology);
        }
        command.env_remove("GRIDWARDEN_KAFKA_BROKERS");
        for (name, value) in settings {
            let variable = name.to_ascii_uppercase().replace('.', "_");
            command.env(format!("GRIDWARDEN_KAFKA_{variable}"), value);
        }
        let log = self.next_log("run");
        Process::start(&mut command, &log)
    }

    /// Starts `gridwarden resend` of a plan, with more arguments.
    pub fn resend(&mut self, plan: &Plan, more: &[&str]) -> Process {
        let mut command = Command::new(gridwarden());
        let path = plan.write(&self.path(&format!("plan-{}.toml", self.processes)));
        command.arg("resend").arg(path).args(["--brokers", &self.brokers]).args(more);
        command.env_remove("GRIDWARDEN_KAFKA_BROKERS");
        let log = self.next_log("resend");
        Process::start(&mut command, &log)
    }

    /// An undisturbed run to the end of the readings, into topics that it creates.
    pub fn undisturbed(&mut self, plan: &Plan, town: &Town) {
        let checkpoints = self.path(&plan.group());
        let ended = self.run(plan, town, &checkpoints, &["--until-end", "--create-topics"]).wait(WHOLE_RUN);
        let ended = ended.expect(0);
        let words = ended.log.lines().find(|line| line.contains(" -> ")).unwrap_or_default();
        self.say(&format!("undisturbed: {words}"));
    }

    /// Creates the topics of a plan's results.
    pub fn make_topics(&self, plan: &Plan, partitions: u32) {
        for (_, topic) in plan.topics() {
            crate::topics::make(&self.brokers, &topic, i32::try_from(partitions).unwrap());
        }
    }

    /// `scripts/kafka` on the broker of the suite.
    pub fn kafka(&self, command: &[&str]) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/kafka");
        let dir = variable("SUITE_KAFKA_DIR").expect("scripts/kafka-suite sets the folder of its broker");
        let done = Command::new(script).arg("--dir").arg(dir).args(command).output().unwrap();
        assert!(
            done.status.success(),
            "scripts/kafka {command:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }

    fn next_log(&mut self, what: &str) -> PathBuf {
        self.processes += 1;
        self.path(&format!("{what}-{}.log", self.processes))
    }
}

/// Settings that make librdkafka read slowly, so that a short log lasts long enough to disturb the run.
pub fn slowly(pause_ms: &'static str) -> [(&'static str, &'static str); 3] {
    [("queued.min.messages", "1"), ("fetch.queue.backoff.ms", pause_ms), ("fetch.message.max.bytes", "65536")]
}

/// Waits until something holds, or fails the check.
pub fn until(what: &str, longest: Duration, holds: impl FnMut() -> bool) {
    assert!(comes_true(longest, holds), "not within {longest:?}: {what}");
}

/// Waits until something holds. Returns whether it does.
#[expect(clippy::disallowed_methods, reason = "a check has a clock")]
pub fn comes_true(longest: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    loop {
        if holds() {
            return true;
        }
        if began.elapsed() > longest {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// The program to check: the release build if the script names one.
pub fn gridwarden() -> PathBuf {
    variable("SUITE_GRIDWARDEN").map_or_else(|| env!("CARGO_BIN_EXE_gridwarden").into(), PathBuf::from)
}

fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}
