//! What is on disk: keys, spool, numbers, commands, their log.

use super::{NOW, TITLE, answer, frame, order, row, sealed, time};
use crate::meters::{ModbusAddress, parse, read, write};
use crate::orders::{UtilityKey, read_all, read_public};
use crate::spool::{Position, Spool};
use crate::{FileSink, Sink, Store, read_status};
use expect_test::expect;
use meter_wire::command::Outcome;
use meter_wire::message::Kind;
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_wrong_line_of_the_meters_is_named_and_no_key_is_shown() {
    let good = "M1 47574d0000000001 1 00112233445566778899aabbccddeeff";
    let wrong = [
        "M1 47574d0000000001 1",
        "M/1 47574d0000000001 1 00112233445566778899aabbccddeeff",
        "M1 4757 1 00112233445566778899aabbccddeeff",
        "M1 47574d0000000001 x 00112233445566778899aabbccddeeff",
        "M1 47574d0000000001 1 secret",
        "M1 47574d0000000001 1 00112233445566778899aabbccddeeff modbus=host/1",
        "M1 47574d0000000001 1 00112233445566778899aabbccddeeff modbus=host:502/248",
        "M1 47574d0000000002 1 00112233445566778899aabbccddeeff",
    ];
    let said = wrong.map(|line| {
        let text =
            if line.contains("0002") { format!("{good}\n{line}") } else { format!("# meters\n{line}") };
        let (number, wrong) = parse(&text).unwrap_err();
        format!("{number}: {wrong}")
    });
    expect![[r#"
        2: it has 3 words
        2: `M/1` is no name of a meter
        2: `4757` is no title: it has 16 hexadecimal digits
        2: `x` is no generation of a key: it is a number up to 65535
        2: the key has not 32 hexadecimal digits
        2: `modbus=host/1` is no address: try modbus=HOST:PORT/UNIT
        2: `modbus=host:502/248` is no address: try modbus=HOST:PORT/UNIT
        2: meter or title was on a line before"#]]
    .assert_eq(&said.join("\n"));
    assert_eq!(parse(&format!("{good}  # the first\n\n")).unwrap().len(), 1);
}

#[test]
fn keys_are_for_their_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (meters, utility) = (folder.path().join("keys"), folder.path().join("utility.key"));
    let modbus = Some(ModbusAddress { host: "10.0.0.7:502".to_owned(), unit: 3 });
    let rows = [crate::meters::MeterRow { modbus, ..row() }];
    write(&meters, &rows).unwrap();
    assert_eq!(read(&meters).unwrap(), rows);
    let key = UtilityKey::create(&utility).unwrap();
    assert_eq!(read_public(&crate::orders::public_path(&utility)).unwrap(), key.public());
    assert_eq!(UtilityKey::read(&utility).unwrap().public(), key.public());
    assert!(UtilityKey::create(&utility).is_err());
    for path in [&meters, &utility] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(path, fs::Permissions::from_mode(0o640)).unwrap();
    }
    for failure in [read(&meters).unwrap_err(), UtilityKey::read(&utility).err().unwrap()] {
        assert!(failure.to_string().contains("chmod 600"), "{failure}");
    }
}

#[test]
fn the_spool_hands_on_whole_lines_in_order_and_forgets_what_was_delivered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spool");
    let mut spool = Spool::open(&path, Position::default()).unwrap();
    let line = format!("{}\n", "x".repeat(9_999));
    for _ in 0..2_000 {
        spool.append(line.as_bytes()).unwrap();
    }
    let mut handed = 0;
    while let Some((lines, until)) = spool.next().unwrap() {
        assert!(lines.len().is_multiple_of(10_000) && lines.ends_with(b"\n"));
        handed += lines.len();
        spool.deliver(until);
        if handed > 9_000_000 && handed < 9_300_000 {
            // Started anew here, it goes on here.
            spool = Spool::open(&path, spool.delivered()).unwrap();
        }
    }
    assert_eq!(handed, 20_000_000);
    assert_eq!(fs::read_dir(&path).unwrap().count(), 3);
    spool.forget().unwrap();
    assert_eq!(fs::read_dir(&path).unwrap().count(), 1);
    // A crash cut the last line short.
    let file = path.join("00000002.ndjson");
    let before = fs::read(&file).unwrap();
    fs::write(&file, [&before[..], b"{\"meter\":\"M"].concat()).unwrap();
    let spool = Spool::open(&path, spool.delivered()).unwrap();
    assert!(!spool.waits() && fs::read(&file).unwrap() == before);
}

#[test]
fn a_store_that_is_opened_again_knows_numbers_commands_and_what_waits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let open = || Store::open(&path, &[row()]).unwrap();
    let mut store = open();
    assert!(Store::open(&path, &[row()]).unwrap_err().to_string().contains("another gateway"));
    let message = sealed(TITLE, Kind::Reading, 3, &frame("M42", NOW, 100, false));
    store.desk.hear(&mut message.clone(), time(NOW));
    order(folder.path(), 9, NOW + 60).write(&Store::commands(&path)).unwrap();
    // A receipt and the command leave, once both are on disk.
    assert_eq!(store.commit(time(NOW), |_| true).unwrap().len(), 2);
    drop(store);

    let mut store = open();
    store.desk.hear(&mut message.clone(), time(NOW));
    store.desk.hear(&mut sealed(TITLE, Kind::Reading, 4, &frame("M42", NOW, 100, false)), time(NOW));
    // Its answer was lost with the gateway that was killed.
    let repeated = answer(9, Outcome::Refused(meter_wire::Refusal::Repeated));
    store.commit(time(NOW + 1), |_| true).unwrap();
    store.desk.hear(&mut sealed(TITLE, Kind::Acknowledgement, 5, &repeated), time(NOW));
    store.commit(time(NOW + 2), |_| true).unwrap();
    store.write_status(|_| true).unwrap();
    let (waiting, _) = store.spool.next().unwrap().unwrap();
    assert_eq!(waiting.iter().filter(|byte| **byte == b'\n').count(), 1);
    let audit = fs::read_to_string(path.join("audit.ndjson")).unwrap();
    expect![[r#"
        {"time":"2024-01-05T09:00:00Z","meter":"M42","number":9,"command":"disconnect","state":"requested"}
        {"time":"2024-01-05T09:00:00Z","meter":"M42","number":9,"command":"disconnect","state":"sent"}
        {"time":"2024-01-05T09:00:02Z","meter":"M42","number":9,"command":"disconnect","state":"done"}
    "#]]
    .assert_eq(&audit);
    assert_eq!(read_all(&Store::commands(&path)).unwrap().0, []);
    let status = read_status(&path).unwrap();
    assert_eq!((status[0].repeats, status[0].refused.as_str(), status[0].commands), (1, "replayed 1", 0));
}

#[test]
fn a_file_among_the_commands_that_is_none_is_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let mut store = Store::open(&path, &[row()]).unwrap();
    let commands = Store::commands(&path);
    fs::create_dir_all(&commands).unwrap();
    fs::write(commands.join("7.cmd"), "meter M42\nuntil soon\n").unwrap();
    assert_eq!(store.commit(time(NOW), |_| true).unwrap(), []);
    assert!(commands.join("7.wrong").exists());
}

#[test]
fn lines_that_a_file_has_already_are_not_put_into_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("readings.ndjson");
    let put = |portions: &[&str]| {
        let mut sink = FileSink::open(&path).unwrap();
        portions.iter().for_each(|lines| sink.put(lines.as_bytes()).unwrap());
        fs::read_to_string(&path).unwrap()
    };
    assert_eq!(put(&["1\n2\n", "3\n"]), "1\n2\n3\n");
    // The position of before "2" was noted, and a crash cut a line short.
    fs::write(&path, "1\n2\n3\n{\"me").unwrap();
    assert_eq!(put(&["2\n3\n4\n"]), "1\n2\n3\n4\n");
    // In portions of another size.
    assert_eq!(put(&["2\n", "3\n", "4\n5\n", "5\n"]), "1\n2\n3\n4\n5\n5\n");
    assert_eq!(put(&["6\n"]), "1\n2\n3\n4\n5\n5\n6\n");
}
