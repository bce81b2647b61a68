//! Checks of the output folder: a run overwrites none of its inputs, and no file that another program wrote.

use columns::Letter;
use serde_json::Value;
use shell::Failure;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Refuses an input whose path is that of an output, or of the `.partial` file of an output.
pub fn check_inputs(inputs: &[&Path], dir: &Path, names: &[&str]) -> Result<(), Failure> {
    let Ok(dir) = dir.canonicalize() else {
        // A folder that does not exist yet holds no input.
        return Ok(());
    };
    for input in inputs {
        let in_dir = |path: &Path| {
            let parent =
                path.parent().map(|parent| if parent == Path::new("") { Path::new(".") } else { parent });
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            parent.and_then(|parent| parent.canonicalize().ok()).is_some_and(|parent| parent == dir)
                && names.contains(&name.strip_suffix(".partial").unwrap_or(name))
        };
        // Check the link and its target: a run would replace a link in the folder, and overwrite a target there.
        if in_dir(input) || input.canonicalize().is_ok_and(|real| in_dir(&real)) {
            return Err(Failure::wrong(
                format!("{} is an input, and an output would be written over it", input.display()),
                "give another folder with `--out`",
            ));
        }
    }
    Ok(())
}

/// Refuses a folder that holds files with the names of outputs, unless an earlier replay wrote them.
pub fn check_owner(dir: &Path, names: &[&str]) -> Result<(), Failure> {
    if is_replay_summary(&dir.join("summary.json")) {
        return Ok(());
    }
    // A run that could read nothing leaves its dead letters alone.
    let is_foreign = |path: &PathBuf| path.is_file() && !begins_with_letter(path);
    let taken: Vec<PathBuf> = names.iter().map(|name| dir.join(name)).filter(is_foreign).collect();
    let Some(first) = taken.first() else { return Ok(()) };
    // `finish` writes the new summary before it removes the old files, so this run was killed while it moved files.
    if is_replay_summary(&dir.join("summary.json.partial")) {
        let doing = format!("cannot write to {}", dir.display());
        return taken.iter().try_for_each(fs::remove_file).map_err(|cause| Failure::failed(doing, &cause));
    }
    Err(Failure::wrong(
        format!("{} is in the way, and there is no summary.json of a replay beside it", first.display()),
        "give another folder with `--out`, or remove the file yourself",
    ))
}

/// Whether the first line of a file is a dead letter.
fn begins_with_letter(path: &Path) -> bool {
    let mut line = Vec::new();
    let read = File::open(path).and_then(|file| BufReader::new(file).read_until(b'\n', &mut line));
    read.is_ok() && Letter::parse(line.trim_ascii()).is_some()
}

/// Whether a file is the summary of a replay. Every summary has the four keys that are looked for here.
fn is_replay_summary(path: &Path) -> bool {
    let summary = fs::read(path).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
    summary.is_some_and(|summary| {
        ["plan", "readings", "intervals", "wall_s"].iter().all(|key| summary.get(key).is_some())
    })
}
