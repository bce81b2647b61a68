use super::*;

#[test]
fn a_line_that_was_sent_is_known_by_the_next_start_and_only_for_its_topic() {
    let folder = tempfile::tempdir().unwrap();
    let letters = folder.path().join("dead-letters.ndjson");
    let (first, second) = (Place::of_line(b"{\"a\":1}"), Place::of_line(b"{\"a\":2}"));
    let open = |topic: &str, dry_run| Marks::of_file(&letters, topic, dry_run).unwrap();
    assert!(!open("readings", true).knows(&first));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "a dry run writes nothing");
    open("readings", false).put([&first].into_iter()).unwrap();
    let marks = open("readings", false);
    assert!(marks.knows(&first) && !marks.knows(&second));
    assert!(!open("readings-2", true).knows(&first));
    // A topic whose name begins as that of another one.
    assert!(!open("reading", true).knows(&first));
}
