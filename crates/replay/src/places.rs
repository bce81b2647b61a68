//! Whether a run may write where it is told to: over nothing that it reads, and over nothing that somebody else wrote.

use serde_json::Value;
use shell::Failure;
use std::fs;
use std::path::{Path, PathBuf};

/// Refuses inputs that stand where an output, or one on its way, will be.
pub fn spare(inputs: &[&Path], dir: &Path, names: &[&str]) -> Result<(), Failure> {
    let Ok(dir) = dir.canonicalize() else {
        // A folder that is not there yet holds no input.
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
        // Both a link that stands in the folder and one that leads there.
        if in_dir(input) || input.canonicalize().is_ok_and(|real| in_dir(&real)) {
            return Err(Failure::wrong(
                format!("{} is an input, and an output would be written over it", input.display()),
                "give another folder with `--out`",
            ));
        }
    }
    Ok(())
}

/// Refuses a folder with files under the names of outputs that no run of ours left there.
pub fn check_owner(dir: &Path, names: &[&str]) -> Result<(), Failure> {
    if is_ours(&dir.join("summary.json")) {
        return Ok(());
    }
    let taken: Vec<PathBuf> = names.iter().map(|name| dir.join(name)).filter(|path| path.is_file()).collect();
    let Some(first) = taken.first() else { return Ok(()) };
    // The new summary is there before the old files go: this run was killed while it moved its files.
    if is_ours(&dir.join("summary.json.partial")) {
        let doing = format!("cannot write to {}", dir.display());
        return taken.iter().try_for_each(fs::remove_file).map_err(|cause| Failure::failed(doing, &cause));
    }
    Err(Failure::wrong(
        format!("{} is in the way, and there is no summary.json of a replay beside it", first.display()),
        "give another folder with `--out`, or take the file away yourself",
    ))
}

/// Whether a file is the summary of a replay, by what stands in each of them.
fn is_ours(path: &Path) -> bool {
    let summary = fs::read(path).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
    summary.is_some_and(|summary| {
        ["plan", "readings", "intervals", "wall_s"].iter().all(|key| summary.get(key).is_some())
    })
}
