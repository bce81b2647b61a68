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
