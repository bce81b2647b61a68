use crate::Aside;
use std::fs;
use std::io::Write;

#[test]
fn nothing_stands_under_the_name_before_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("summary.json");
    let mut aside = Aside::create(&path).unwrap();
    aside.write_all(b"{}").unwrap();
    assert!(!path.exists());
    assert_eq!(aside.path(), path);
    aside.finish().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"{}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_file_given_up_leaves_nothing_and_spares_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("summary.json");
    fs::write(&path, "old").unwrap();
    let mut aside = Aside::create(&path).unwrap();
    aside.write_all(b"new").unwrap();
    drop(aside);
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_name_that_is_taken_by_a_folder_is_an_error_that_leaves_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("summary.json");
    fs::create_dir(&path).unwrap();
    assert!(Aside::create(&path).unwrap().finish().is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_whole_file_can_be_read_before_it_is_moved_and_leaves_nothing_if_it_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("summary.json");
    fs::write(&path, "old").unwrap();
    for is_placed in [false, true] {
        let mut aside = Aside::create(&path).unwrap();
        aside.write_all(b"new").unwrap();
        let whole = aside.end().unwrap();
        assert_eq!((fs::read(whole.partial()).unwrap(), whole.path()), (b"new".to_vec(), &*path));
        if is_placed {
            whole.place().unwrap();
        } else {
            drop(whole);
        }
        assert_eq!(fs::read(&path).unwrap(), if is_placed { b"new" } else { b"old" });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
