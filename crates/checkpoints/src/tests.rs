//! The store over a folder: which chains it finds, and what pruning leaves.

mod crashes;
mod damage;
mod full_disk;
#[cfg(feature = "s3")]
mod s3;

use super::*;
use expect_test::{Expect, expect};
use std::error::Error;
use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// An error, its causes, and the help, one line each.
fn page(error: &(dyn Error + 'static), help: Option<&str>) -> String {
    let mut page = format!("error: {error}\n");
    let mut next = error.source();
    while let Some(cause) = next {
        page += &format!("  cause: {cause}\n");
        next = cause.source();
    }
    page + &help.map_or(String::new(), |help| format!("  help: {help}\n"))
}

/// A store in a temporary folder.
struct Folder {
    store: Store,
    dir: TempDir,
}

impl Folder {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { store: Store::open(dir.path().to_str().unwrap()).unwrap(), dir }
    }

    fn write(&self, position: u64, base: Option<u64>) {
        self.store.write(&piece(position, base), &payload(position, base)).unwrap();
    }

    /// The path of a piece.
    fn file(&self, position: u64, base: Option<u64>) -> PathBuf {
        self.pieces().join(piece(position, base).name().to_string())
    }

    fn pieces(&self) -> PathBuf {
        self.dir.path().join("topics/readings/00003")
    }

    /// Cuts a piece off after its first bytes.
    fn tear(&self, position: u64, base: Option<u64>, bytes: u64) {
        File::options().write(true).open(self.file(position, base)).unwrap().set_len(bytes).unwrap();
    }

    /// The newest chain, such as `10 12<10`, and below it the objects that were passed over.
    fn newest(&self, at: Option<u64>) -> String {
        let newest = self.store.newest(&subject(), at).unwrap();
        let mut shown = String::new();
        for (piece, bytes) in &newest.chain {
            assert_eq!(*bytes, payload(piece.position, piece.base));
            shown += &short(piece.name());
            shown += " ";
        }
        for (object, why) in &newest.passed_over {
            let name = Name::parse(object.rsplit('/').next().unwrap()).unwrap();
            shown += &format!("\n{}: {why}", short(name));
        }
        shown
    }

    /// The pieces in the folder.
    fn listed(&self) -> String {
        let names = self.store.list(&subject()).unwrap();
        names.into_keys().map(short).collect::<Vec<_>>().join(" ")
    }
}

fn subject() -> Subject {
    Subject::Partition { topic: "readings".to_owned(), partition: 3 }
}

fn piece(position: u64, base: Option<u64>) -> Piece {
    Piece { subject: subject(), position, base, fingerprint: 0x00c0_ffee }
}

fn payload(position: u64, base: Option<u64>) -> Vec<u8> {
    format!("{base:?} to {position}").into_bytes()
}

fn short(name: Name) -> String {
    match name.base {
        None => name.position.to_string(),
        Some(base) => format!("{}<{base}", name.position),
    }
}

#[track_caller]
fn check(pieces: &[(u64, Option<u64>)], at: Option<u64>, expected: Expect) {
    let folder = Folder::new();
    for (position, base) in pieces {
        folder.write(*position, *base);
    }
    expected.assert_eq(&folder.newest(at));
}

const SOME: [(u64, Option<u64>); 5] =
    [(10, None), (12, Some(10)), (15, Some(12)), (20, None), (22, Some(20))];

#[test]
fn the_chain_that_ends_last_is_found() {
    check(&[], None, expect![[""]]);
    check(&SOME[..1], None, expect!["10 "]);
    check(&SOME[..3], None, expect!["10 12<10 15<12 "]);
    check(&SOME, None, expect!["20 22<20 "]);
}

#[test]
fn a_chain_that_ends_elsewhere_is_found_too() {
    check(&SOME, Some(12), expect!["10 12<10 "]);
    check(&SOME, Some(20), expect!["20 "]);
    check(&SOME, Some(13), expect![[""]]);
}

#[test]
fn a_full_piece_is_preferred_to_changes_at_the_same_position() {
    check(&[(10, None), (15, Some(10)), (15, None)], None, expect!["15 "]);
}

#[test]
fn changes_without_their_base_are_passed_over() {
    check(
        &[(10, None), (15, Some(12))],
        None,
        expect![[r#"
            10 
            15<12: the piece builds on 12, which is missing or cannot be used"#]],
    );
    check(
        &[(10, None), (15, Some(12))],
        Some(15),
        expect![[r#"

            15<12: the piece builds on 12, which is missing or cannot be used"#]],
    );
}

#[test]
fn a_subject_has_its_own_pieces() {
    let folder = Folder::new();
    folder.write(10, None);
    let others = [
        Subject::Grid,
        Subject::Partition { topic: "readings".to_owned(), partition: 4 },
        Subject::Partition { topic: "..".to_owned(), partition: 3 },
        Subject::Partition { topic: "grid".to_owned(), partition: 3 },
    ];
    for (subject, index) in others.iter().zip(0_u64..) {
        assert!(folder.store.newest(subject, None).unwrap().chain.is_empty());
        let piece = Piece { subject: subject.clone(), ..piece(20 + index, None) };
        let size = folder.store.write(&piece, b"other").unwrap();
        assert_eq!(folder.store.newest(subject, None).unwrap().chain, [(piece, b"other".to_vec())]);
        assert_eq!(folder.store.size(subject).unwrap(), size);
    }
    expect!["10 "].assert_eq(&folder.newest(None));
    // A topic cannot climb out of its folder.
    assert!(folder.dir.path().join("topics/%2E%2E/00003").is_dir());
}

#[test]
fn a_large_piece_is_written_in_parts() {
    let folder = Folder::new();
    for length in [(8 << 20) - 1, 8 << 20, 3 * (8 << 20), 37_000_001] {
        let payload: Vec<u8> =
            (0..length).map(|byte: u32| byte.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
        let piece = piece(u64::from(length), None);
        let size = folder.store.write(&piece, &payload).unwrap();
        assert_eq!(fs::metadata(folder.file(u64::from(length), None)).unwrap().len(), size);
        let newest = folder.store.newest(&subject(), None).unwrap();
        assert!(newest.chain == [(piece, payload)]);
    }
}

#[test]
fn pruning_keeps_whole_chains() {
    let folder = Folder::new();
    for (position, base) in SOME {
        folder.write(position, base);
    }
    folder.store.prune(&subject(), u64::MAX, 3).unwrap();
    expect!["10 12<10 15<12 20 22<20"].assert_eq(&folder.listed());
    folder.write(23, Some(20));
    folder.store.prune(&subject(), u64::MAX, 2).unwrap();
    expect!["20 22<20 23<20"].assert_eq(&folder.listed());
    // Zero chains count as one: pruning never deletes everything.
    folder.store.prune(&subject(), u64::MAX, 0).unwrap();
    expect!["20 23<20"].assert_eq(&folder.listed());
    folder.store.prune(&Subject::Grid, u64::MAX, 1).unwrap();
}

#[test]
fn pruning_keeps_pieces_newer_than_the_last_whole_chain() {
    let folder = Folder::new();
    folder.write(10, None);
    folder.write(30, Some(25));
    folder.write(5, Some(2));
    folder.store.prune(&subject(), u64::MAX, 1).unwrap();
    expect!["10 30<25"].assert_eq(&folder.listed());
}

#[test]
fn a_piece_that_a_killed_writer_left_ahead_does_not_count_as_a_chain() {
    let folder = Folder::new();
    folder.write(10, None);
    // The writer was killed twice between this piece and the last piece of the same checkpoint.
    folder.write(30, None);
    folder.write(40, Some(10));
    folder.write(20, Some(10));
    folder.store.prune(&subject(), 20, 2).unwrap();
    expect!["10 20<10 30 40<10"].assert_eq(&folder.listed());
    // In the end a newer checkpoint passes it, and it is deleted.
    folder.write(50, None);
    folder.store.prune(&subject(), 50, 1).unwrap();
    expect!["50"].assert_eq(&folder.listed());
}

#[test]
fn foreign_files_are_left_alone() {
    let folder = Folder::new();
    folder.write(10, None);
    for name in ["notes.txt", "12.full", "00000000000000000012.full.bak", "00000000000000000012.full~"] {
        fs::write(folder.pieces().join(name), "mine").unwrap();
    }
    fs::create_dir(folder.pieces().join("00000000000000000013.full")).unwrap();
    expect!["10 "].assert_eq(&folder.newest(None));
    folder.store.prune(&subject(), u64::MAX, 1).unwrap();
    assert_eq!(fs::read_dir(folder.pieces()).unwrap().count(), 6);
}

#[test]
fn an_incomplete_file_is_deleted_when_it_is_old() {
    let folder = Folder::new();
    folder.write(10, None);
    let left = |name: &str, age: u64| {
        let path = folder.pieces().join(name);
        let file = File::create(&path).unwrap();
        #[expect(clippy::disallowed_methods, reason = "ages of files are counted from now")]
        file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        path
    };
    let old = left("00000000000000000012.full#1", 4000);
    let young = left("00000000000000000012.full#2", 60);
    let other = left("notes#1", 4000);
    expect!["10 "].assert_eq(&folder.newest(None));
    folder.store.prune(&subject(), u64::MAX, 1).unwrap();
    assert_eq!([old.exists(), young.exists(), other.exists()], [false, true, true]);
}

#[test]
fn a_folder_can_be_locked_once() {
    let folder = Folder::new();
    let lock = folder.store.lock().unwrap();
    let other = Store::open(&format!("file://{}", folder.dir.path().display())).unwrap();
    let error = other.lock().unwrap_err();
    assert!(!error.is_wrong_address());
    let page = page(&error, error.help());
    let page = page.replace(folder.dir.path().to_str().unwrap(), "DIR");
    expect![[r#"
        error: another run keeps its checkpoints in DIR
          help: stop that run, or give this one another folder with `--checkpoints`
    "#]]
    .assert_eq(&page);
    drop(lock);
    other.lock().unwrap();
}

/// A process that was replaced without knowing it, its successor, and a reader.
#[test]
fn several_processes_may_write_prune_and_read_at_once() {
    let folder = Folder::new();
    folder.write(0, None);
    std::thread::scope(|scope| {
        for writer in 0..2 {
            let folder = &folder;
            scope.spawn(move || {
                for position in 1..60 {
                    // Sometimes the same names, sometimes different ones.
                    let base = (position % 5 != writer).then_some(position - 1);
                    folder.write(position, base);
                    folder.store.prune(&subject(), u64::MAX, 1).unwrap();
                }
            });
        }
        let mut last = 0;
        while last < 59 {
            let newest = folder.store.newest(&subject(), None).unwrap();
            let end = newest.chain.last().expect("there is always a whole chain").0.position;
            assert!(end >= last, "{end} after {last}");
            last = end;
            let strange = newest.passed_over.iter().find(|(_, why)| !matches!(why, Unusable::Base { .. }));
            assert_eq!(strange, None);
        }
    });
    // No incomplete file is left.
    let names =
        fs::read_dir(folder.pieces()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| Name::parse(name).is_none()).count(), 0);
}

#[test]
fn changes_to_a_later_position_are_refused() {
    let folder = Folder::new();
    for base in [10, 11] {
        let refused = folder.store.write(&piece(10, Some(base)), b"").unwrap_err();
        assert!(matches!(refused, StoreError::Order { .. }) && !refused.may_pass(), "{refused}");
    }
}

#[test]
fn wrong_addresses_are_reported() {
    let check = |at: &str, is_wrong_address: bool, expected: Expect| {
        let Err(error) = Store::open(at) else { panic!("{at} was opened") };
        expected.assert_eq(&page(&error, error.help()));
        assert_eq!(error.is_wrong_address(), is_wrong_address, "{at}");
    };
    check(
        "gs://bucket/state",
        true,
        expect![[r#"
            error: checkpoints cannot be kept at gs://bucket/state
              help: give a folder, file:///FOLDER or s3://BUCKET/PREFIX
        "#]],
    );
    check(
        "/dev/null/state",
        false,
        expect![[r#"
            error: cannot make the folder /dev/null/state for checkpoints
              cause: Not a directory (os error 20)
        "#]],
    );
    #[cfg(not(feature = "s3"))]
    check(
        "s3://bucket/state",
        true,
        expect![[r#"
            error: this program was built without S3, and cannot keep checkpoints at s3://bucket/state
              help: give a folder, or build gridwarden with `--features s3`
        "#]],
    );
}

#[test]
fn a_failure_is_retried_until_it_works_or_the_caller_stops() {
    let folder = Folder::new();
    let failing = || {
        Err(StoreError::new(
            "write",
            "x".to_owned(),
            object_store::Error::Generic {
                store: "test",
                source: std::io::Error::from_raw_os_error(28).into(),
            },
        ))
    };
    let mut tries = 0;
    let paused_ms = std::cell::Cell::new(0);
    let fails = |error: &StoreError, pause: Duration| {
        assert!(matches!(error, StoreError::Full { .. }), "{error}");
        paused_ms.set(paused_ms.get() + pause.as_millis());
    };
    let worked = retrying(
        || false,
        fails,
        || {
            tries += 1;
            if tries == 2 { folder.store.write(&piece(10, None), b"") } else { failing() }
        },
    );
    assert!(worked.is_ok());
    assert_eq!((tries, paused_ms.get()), (2, 200));
    let stopped = retrying(|| true, fails, failing).unwrap_err();
    assert!(matches!(stopped, StoreError::Full { .. }), "{stopped}");
}

#[test]
fn an_answer_of_s3_is_reported_in_one_line() {
    let body = "Server returned non-2xx status code: 403 Forbidden: <?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code>\
                <Message>Access Denied</Message><RequestId>1</RequestId></Error>";
    let cause = object_store::Error::Generic { store: "S3", source: body.into() };
    let error = StoreError::new("list", "s3://bucket/state".to_owned(), cause);
    expect![[r#"
        error: no permission to list s3://bucket/state
          cause: AccessDenied: Access Denied
    "#]]
    .assert_eq(&page(&error, None));
}
