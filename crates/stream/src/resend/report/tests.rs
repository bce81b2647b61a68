use super::*;
use expect_test::expect;
use std::path::PathBuf;

fn args(from: Option<&str>) -> Resend {
    Resend {
        plan: PathBuf::from("ami.toml"),
        brokers: None,
        from: from.map(PathBuf::from),
        reasons: Vec::new(),
        since: None,
        until: None,
        save: None,
        dry_run: false,
    }
}

#[test]
fn it_says_what_was_sent_and_why_others_were_left() {
    let mut report = Report::default();
    for _ in 0..1200 {
        report.sent(Reason::NotArrow, 2);
        report.left(Some(Reason::Late), Why::Late);
    }
    report.sent(Reason::ClockAhead, 1);
    report.left(Some(Reason::Torn), Why::Unreadable);
    report.left(Some(Reason::NotJson), Why::Unreadable);
    report.left(Some(Reason::Torn), Why::SentBefore);
    report.left(None, Why::NoLetter);
    expect![[r#"
        1,201 dead letters sent again to readings: 1,200 not-arrow, 1 clock-ahead (2,401 readings)
        1,204 left:
          1,200 late: the intervals of their meters are closed. They go back by a replay together with the original file: `gridwarden replay ami.toml --readings ORIGINAL out/dead-letters.ndjson --out DIR`
          1 not-json, 1 torn: what is wrong with them is not mended: they still cannot be read
          1 torn: they were sent before; remove out/dead-letters.ndjson.sent to send them once more
          1 without a reason: these lines are no dead letters
        A meter that has gone on since refuses its own as `late`: those go back by a replay together with the original file.
    "#]]
    .assert_eq(&report.page(&args(Some("out/dead-letters.ndjson")), "readings"));
}

#[test]
fn nothing_is_one_line() {
    expect!["0 dead letters would be sent again to readings\n"]
        .assert_eq(&Report::default().page(&Resend { dry_run: true, ..args(None) }, "readings"));
}

#[test]
fn late_letters_of_a_topic_go_into_a_file_first() {
    expect!["They go back by a replay together with the original file: write them to a file with `--save left.ndjson`; then `gridwarden replay ami.toml --readings ORIGINAL left.ndjson --out DIR`"]
        .assert_eq(&late_goes_back(&args(None)));
}
