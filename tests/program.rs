//! Runs the program in a folder, and reads the files that it leaves there.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// A temporary folder, removed after the test.
pub struct Scratch(TempDir);

impl Scratch {
    /// An empty folder.
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs the program in the folder.
    pub fn run(&self, arguments: &[&str]) -> Output {
        run_in(self.0.path(), arguments)
    }

    /// Runs the program in the folder. It must succeed.
    pub fn done(&self, arguments: &[&str]) -> String {
        done(&self.run(arguments), arguments)
    }

    /// The text of a file in the folder.
    pub fn text(&self, name: &str) -> String {
        let path = self.path(name);
        fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()))
    }

    /// The objects of a file with one JSON object a line.
    pub fn objects(&self, name: &str) -> Vec<Value> {
        self.text(name).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// `summary.json` of a folder of outputs.
    pub fn summary(&self, out: &str) -> Value {
        serde_json::from_str(&self.text(&format!("{out}/summary.json"))).unwrap()
    }
}

/// Runs the program in any folder.
pub fn run_in(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gridwarden-tested")).current_dir(dir).args(arguments).output().unwrap()
}

/// The output of a run, which must have succeeded.
pub fn done(output: &Output, arguments: &[&str]) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "gridwarden {}: {}\n{errors}", arguments.join(" "), output.status);
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The names of the files in a folder, sorted.
pub fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
