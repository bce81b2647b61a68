use super::*;
use outbox::{Answer, New, Outbox, Receipt, Settings};
use proptest::prelude::*;

fn file() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("outbox.sqlite");
    (dir, path)
}

fn store(outbox: &mut Outbox) {
    drop(outbox.take_changed());
    outbox.stored();
}

/// All that an outbox remembers.
fn all(outbox: &Outbox) -> Vec<Entry> {
    outbox.entries().cloned().collect()
}

/// An outbox in which messages of every state stand.
fn filled(count: u8) -> Outbox {
    let mut outbox = Outbox::new(Settings::usual(["sms", "sms"]), Moment(0)).unwrap();
    outbox.connected(0);
    for number in 0..count {
        let id = MessageId(format!("m{number}"));
        let text = format!("मीटर {number} '\"; \u{0}");
        outbox.put(
            Moment(1),
            New {
                id,
                way: "sms".to_owned(),
                line: format!("l{}", number % 7),
                text,
                parts: u16::from(number % 3) + 1,
            },
        );
    }
    store(&mut outbox);
    let mut round = 0;
    while let Some(one) = outbox.next(Moment(2)) {
        round += 1;
        let remote = format!("r{round}");
        let answer = match round % 5 {
            0 => Answer::Never { reason: "wrong".to_owned() },
            1 => Answer::NotNow { reason: "busy".to_owned() },
            _ => Answer::Accepted { remote: remote.clone() },
        };
        outbox.answered(Moment(3), one.ticket, answer);
        store(&mut outbox);
        if round % 3 == 0 {
            outbox.receipt(Moment(4), 0, &remote, Receipt::Delivered);
        }
        if round > 50 {
            break;
        }
    }
    outbox
}

#[test]
fn what_was_saved_is_there_when_the_file_is_opened_again() {
    let (_dir, path) = file();
    let outbox = filled(30);
    Store::open(&path).unwrap().save(&all(&outbox), &[]).unwrap();
    let store = Store::open(&path).unwrap();
    assert!(store.load().unwrap().iter().eq(outbox.entries()));
    assert_eq!(store.counts().unwrap().values().sum::<u64>(), 30);
    assert!(store.counts().unwrap().len() >= 3, "{:?}", store.counts());
    assert!(store.check().unwrap());
}

#[test]
fn what_is_forgotten_is_deleted_with_its_parts() {
    let (_dir, path) = file();
    let mut store = Store::open(&path).unwrap();
    let changed = all(&filled(10));
    store.save(&changed, &[]).unwrap();
    let ids: Vec<MessageId> = changed.into_iter().map(|entry| entry.id).collect();
    store.save(&[], &ids).unwrap();
    assert_eq!(store.load().unwrap(), []);
    let parts = store.connection.query_row("SELECT count(*) FROM parts", [], |row| row.get::<_, i64>(0));
    assert_eq!(parts.unwrap(), 0);
}

#[test]
fn another_file_is_refused_and_left_alone() {
    let (_dir, path) = file();
    std::fs::write(
        &path,
        "something else, and much longer than the head of a database would be ...........................",
    )
    .unwrap();
    assert!(Store::open(&path).is_err());
    std::fs::remove_file(&path).unwrap();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE other (x)").unwrap();
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
}

#[test]
fn only_one_process_sends() {
    let (_dir, path) = file();
    let store = Store::open(&path).unwrap();
    assert!(matches!(Store::open(&path).unwrap_err(), StoreError::Taken { .. }));
    assert_eq!(Store::peek(&path).unwrap(), [], "others may look");
    assert!(matches!(Store::peek(&path.with_extension("x")).unwrap_err(), StoreError::Missing { .. }));
    drop(store);
    assert!(Store::open(&path).is_ok());
}

#[test]
fn a_newer_file_is_refused() {
    let (_dir, path) = file();
    drop(Store::open(&path).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 9).unwrap();
    assert!(matches!(Store::open(&path).unwrap_err(), StoreError::Newer { found: 9, .. }));
}

#[test]
fn a_write_that_fails_changes_nothing() {
    let (_dir, path) = file();
    let mut store = Store::open(&path).unwrap();
    let mut changed = all(&filled(3));
    changed[2].id = changed[0].id.clone();
    assert!(store.save(&changed, &[]).is_err());
    assert_eq!(store.load().unwrap(), []);
}

#[test]
fn the_settings_that_keep_it_safe_are_on() {
    let (_dir, path) = file();
    let store = Store::open(&path).unwrap();
    let text =
        |name| store.connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0));
    assert_eq!(text("journal_mode").unwrap(), "wal".to_owned().into());
    assert_eq!(text("synchronous").unwrap(), 2.into());
    assert_eq!(text("foreign_keys").unwrap(), 1.into());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn saving_again_and_again_is_saving_once(count in 1_u8..40, cut in 0_usize..40) {
        let (_dir, path) = file();
        let mut store = Store::open(&path).unwrap();
        let outbox = filled(count);
        let changed = all(&outbox);
        let cut = cut.min(changed.len());
        store.save(&changed[..cut], &[]).unwrap();
        store.save(&changed, &[]).unwrap();
        prop_assert!(store.load().unwrap().iter().eq(outbox.entries()));
    }
}

/// A file as version 1 made it, with a message that waits and one that was sent.
const VERSION_1: &str = "
    CREATE TABLE messages (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, line TEXT NOT NULL, text TEXT NOT NULL,
        parts INTEGER NOT NULL, came INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT, changed INTEGER NOT NULL,
        accepted INTEGER NOT NULL, tries INTEGER NOT NULL, not_before INTEGER NOT NULL, gateway INTEGER NOT NULL,
        last_problem TEXT
    ) STRICT;
    CREATE TABLE parts (
        number INTEGER NOT NULL REFERENCES messages (number) ON DELETE CASCADE, part INTEGER NOT NULL,
        gateway INTEGER NOT NULL, remote TEXT NOT NULL, arrived INTEGER NOT NULL, PRIMARY KEY (number, part)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO messages VALUES (0, 'sms.a', '112', 'M1', 1, 5, 'queued', NULL, 5, 0, 2, 9, 0, 'busy');
    INSERT INTO messages VALUES (1, 'sms.b', '113', 'M2', 1, 6, 'sent', NULL, 7, 1, 0, 6, 0, NULL);
    INSERT INTO parts VALUES (1, 0, 0, 'r1', 0);
    PRAGMA application_id = 1196912482;
    PRAGMA user_version = 1;
";

#[test]
fn a_file_of_an_older_version_is_read_and_goes_on_as_the_newest() {
    goes_on(VERSION_1);
    goes_on(&format!("{VERSION_1} {SINCE_2}; PRAGMA user_version = 2;"));
    let beside = format!("{BESIDE} {}", people::TABLES);
    goes_on(&format!("{VERSION_1} {SINCE_2}; {beside} PRAGMA user_version = 3;"));
    let phones = format!("{} {}", inbox::TABLES, people::RESULTS);
    goes_on(&format!("{VERSION_1} {SINCE_2}; {beside} {phones} PRAGMA user_version = 4;"));
    goes_on(&format!("{VERSION_1} {SINCE_2}; {beside} {phones} {ROWS} PRAGMA user_version = 5;"));
}

fn goes_on(older: &str) {
    let (_dir, path) = file();
    Connection::open(&path).unwrap().execute_batch(older).unwrap();
    let looked_at = Store::peek(&path).unwrap();
    let ways: Vec<(&str, &str, &str)> =
        looked_at.iter().map(|one| (one.id.0.as_str(), one.way.as_str(), one.state.name())).collect();
    assert_eq!(ways, [("sms.a", "sms", "queued"), ("sms.b", "sms", "sent")]);
    assert_eq!(looked_at[1].receipts, [(0, "r1".to_owned(), false)]);
    assert_eq!(Store::peek_trace(&path, &looked_at[0].id).unwrap(), None);
    let mut store = Store::open(&path).unwrap();
    assert_eq!(store.load().unwrap(), looked_at);
    let changed =
        Entry { way: "email".to_owned(), number: 2, id: MessageId("e".to_owned()), ..looked_at[0].clone() };
    store.save(std::slice::from_ref(&changed), &[]).unwrap();
    drop(store);
    assert_eq!(Store::open(&path).unwrap().load().unwrap()[2], changed);
    let people = crate::People::open(&path).unwrap();
    assert_eq!((people.silences().unwrap(), people.changes().unwrap()), (vec![], 0));
    assert_eq!(people.results("a").unwrap(), []);
    assert_eq!(Store::open(&path).unwrap().unread(1).unwrap(), []);
}

#[test]
fn what_phones_sent_is_there_until_it_is_done_and_counts_for_a_day() {
    let (_dir, path) = file();
    let mut store = Store::open(&path).unwrap();
    let new = |text: &str| inbox::New {
        gateway: "smsc".to_owned(),
        from: "91980".to_owned(),
        text: text.to_owned(),
    };
    let save = |store: &mut Store, came, done| {
        store.save_with(&[], &[], &Beside { came, done, ..Beside::default() }).unwrap();
    };
    save(&mut store, vec![new("USE"), new("STOP")], inbox::Done::default());
    drop(store);
    let mut store = Store::open(&path).unwrap();
    let unread = store.unread(10).unwrap();
    assert_eq!(unread.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(), ["USE", "STOP"]);
    let came = vec![(unread[0].number, true), (unread[1].number, false)];
    save(&mut store, vec![], inbox::Done { came, stops: vec![("91980".to_owned(), true)] });
    assert_eq!(store.unread(10).unwrap(), []);
    assert_eq!(store.answered("91980", Moment(0)).unwrap(), unread[..1]);
    assert_eq!(store.answered("91980", now().plus(1)).unwrap(), []);
    assert_eq!(store.stopped().unwrap(), BTreeSet::from(["91980".to_owned()]));
    let again = inbox::Done { came: vec![], stops: vec![("91980".to_owned(), false)] };
    save(&mut store, vec![], again);
    assert!(store.stopped().unwrap().is_empty());
}

#[test]
fn what_is_beside_messages_is_stored_with_them() {
    let (_dir, path) = file();
    let mut store = Store::open(&path).unwrap();
    let id = MessageId("sms.a".to_owned());
    // Version 4 kept a state as one value.
    store.connection.execute("INSERT INTO kept VALUES ('desk', 1, x'0102')", []).unwrap();
    let whole = Kept { version: 1, whole: vec![1, 2], rows: vec![] };
    assert_eq!(store.kept("desk").unwrap(), Some(whole));
    let row = |key: u8, value: Option<u8>| (vec![key], value.map(|value| vec![value]));
    let beside = |rows| Beside {
        places: vec![(id.clone(), "A01".to_owned())],
        traces: vec![(id.clone(), "a".repeat(32))],
        heard: vec!["n1".to_owned(), "n1".to_owned()],
        kept: Some(Changed { name: "desk", version: 2, rows }),
        ..Beside::default()
    };
    let first = vec![row(1, Some(1)), row(2, Some(1)), row(3, Some(1))];
    store.save_with(&[], &[], &beside(first)).unwrap();
    store.save_with(&[], &[], &beside(vec![row(3, None), row(1, Some(2)), row(4, None)])).unwrap();
    drop(store);
    let mut store = Store::open(&path).unwrap();
    let places = || {
        let file = Connection::open(&path).unwrap();
        file.query_row("SELECT count(*) FROM places WHERE id = 'sms.a' AND area = 'A01'", [], |row| {
            row.get(0)
        })
    };
    assert_eq!(places(), Ok(1));
    assert_eq!(store.heard().unwrap(), BTreeSet::from(["n1".to_owned()]));
    let rows = vec![(vec![1], vec![2]), (vec![2], vec![1])];
    assert_eq!(store.kept("desk").unwrap(), Some(Kept { version: 2, whole: vec![], rows }));
    assert_eq!(store.kept("other").unwrap(), None);
    assert_eq!(Store::peek_trace(&path, &id).unwrap(), Some("a".repeat(32)));
    store.save(&[], std::slice::from_ref(&id)).unwrap();
    assert_eq!(places(), Ok(0));
    assert_eq!(Store::peek_trace(&path, &id).unwrap(), None);
}
