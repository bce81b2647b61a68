use super::*;
use reading::time::HOUR;

const BEGIN: i64 = 1_704_067_200_000;

/// A plan of hourly intervals.
fn plan() -> Plan {
    let plan = Plan::read(include_str!("../../../../pipelines/j1.toml")).unwrap();
    assert_eq!(plan.order.grid.length(), HOUR);
    plan
}

/// A word like `A@3`: a reading of meter A at hour 3.
fn line(word: &str) -> String {
    let (meter, hour) = word.split_once('@').unwrap();
    let time = BEGIN + hour.parse::<i64>().unwrap() * HOUR;
    format!("{{\"meter\":\"{meter}\",\"time\":{time},\"imp\":{hour}}}")
}

/// Letters of these readings. `!` before a word means that it was no reading before.
fn letters(words: &str) -> Letters {
    let letter = |word: &str| {
        let reason = if word.starts_with('!') { Reason::FieldType } else { Reason::Late };
        let bytes = line(word.trim_start_matches('!')).into_bytes();
        Letter { reason, source: "a".to_owned(), bytes }
    };
    Letters::new(words.split_whitespace().map(letter), &plan(), &mut vec!["a".into()]).unwrap()
}

/// The steps of a file as words: what is admitted, `(` letters `)`, and `|` where a tick closes.
#[track_caller]
fn check(dead: &str, file: &str, expected: &str) {
    let mut letters = letters(dead);
    let mut counts = Counts::default();
    let mut found = Vec::new();
    for part in file.split_inclusive('|') {
        let text: Vec<String> = part.trim_end_matches('|').split_whitespace().map(line).collect();
        let mut batch = Batch::of_bytes(text.join("\n"));
        wire::json::decode_lines(&plan().limits, &mut batch);
        let end = batch.readings.last().map_or(EventTime::MAX, Reading::time);
        let mut steps = vec![Step::Admit(0..batch.len())];
        if part.ends_with('|') {
            steps.push(Step::Advance(end));
        }
        let judged = (&batch, 0..batch.len());
        found.extend(letters.put_into(judged, steps, &mut counts).iter().map(|step| shown(step, &batch)));
    }
    let nothing = (&Batch::default(), 0..0);
    let rest = letters.put_into(nothing, vec![Step::Advance(EventTime::MAX)], &mut counts);
    found.extend(rest.iter().map(|step| shown(step, &Batch::default())));
    found.retain(|words| !words.is_empty());
    assert_eq!(found.join(" "), expected, "{dead} into {file}");
}

fn shown(step: &Step, batch: &Batch) -> String {
    let word = |batch: &Batch, index: usize| {
        format!("{}@{}", batch.meter(index), (batch.readings[index].time().0 - BEGIN) / HOUR)
    };
    let words = |batch: &Batch, range: Range<usize>| {
        range.map(|index| word(batch, index)).collect::<Vec<_>>().join(" ")
    };
    match step {
        Step::Admit(range) => words(batch, range.clone()),
        Step::Released(_, held) => format!("({})", words(held, 0..held.len())),
        Step::Refused(_, refused) => format!("refused {}", words(refused, 0..refused.len())),
        Step::Advance(_) => "|".to_owned(),
        Step::Join(_) => "join".to_owned(),
        Step::Rest(_) => "rest".to_owned(),
    }
}

#[test]
fn a_letter_stands_before_the_first_later_reading_of_its_meter() {
    check("A@2", "A@1 B@2 B@3 A@3 A@2", "A@1 B@2 B@3 (A@2) A@3 |");
    check("A@3 A@2", "A@1 A@4 A@3 A@2 A@5", "A@1 (A@2 A@3) A@4 A@5 |");
    // A burst in which one reading came last.
    check("A@2", "B@9 | A@1 A@3 A@4 A@2", "B@9 | A@1 (A@2) A@3 A@4 |");
    // The newest first.
    check("A@2 A@1", "A@3 A@2 A@1", "(A@1 A@2) A@3 |");
}

#[test]
fn the_first_of_two_equal_readings_counts() {
    // The file is read under another plan, and its reading is in time now.
    check("A@2", "A@1 A@2 A@3", "A@1 A@2 A@3 |");
    check("A@2 A@2", "A@1 A@3 A@2 A@2", "A@1 (A@2 A@2) A@3 |");
}

#[test]
fn a_letter_of_a_meter_that_no_file_knows_counts_at_its_time() {
    check(
        "!C@2 !C@1 !C@5 !C@9",
        "A@1 A@2 | A@3 A@7 | A@8",
        "A@1 A@2 (C@1 C@2) | A@3 A@7 (C@5) | A@8 (C@9) |",
    );
    // A late one had a file, which may still come.
    check("C@2", "A@1 A@2 | C@1 C@3", "A@1 A@2 | C@1 (C@2) C@3 |");
    check("!C@5", "C@1 A@5 | C@3", "C@1 A@5 | C@3 (C@5) |");
}

#[test]
fn a_letter_whose_meter_has_come_to_the_interval_before_counts_at_its_time() {
    check("A@2", "A@1 B@1 B@2 | B@3 A@3 A@2", "A@1 B@1 B@2 (A@2) | B@3 A@3 |");
    // Letters of one meter in a row.
    check("A@2 A@3", "A@1 B@3 | A@4 A@2 A@3", "A@1 B@3 (A@2 A@3) | A@4 |");
    // A reading between is missing, or may still come.
    check("A@3", "A@1 B@3 | A@2 A@4 A@3", "A@1 B@3 | A@2 (A@3) A@4 |");
}

#[test]
fn what_has_no_later_reading_counts_at_the_end_unless_it_is_far_ahead() {
    check("A@7 A@31 A@32", "A@1 A@7", "A@1 A@7 (A@31) refused A@32 |");
    check("A@8", "A@1 A@7", "A@1 A@7 (A@8) |");
}

#[test]
fn a_reading_that_waits_shows_that_its_meter_has_gone_on() {
    let mut letters = letters("A@2 A@4");
    let text = ["B@1", "A@3", "B@2", "A@99"].map(line).join("\n");
    let mut batch = Batch::of_bytes(text);
    wire::json::decode_lines(&plan().limits, &mut batch);
    // The readings of A wait: the second one has an impossible time.
    let steps = vec![Step::Admit(0..1), Step::Advance(EventTime(BEGIN)), Step::Admit(2..3)];
    let mut counts = Counts::default();
    let all = letters.put_into((&batch, 0..4), steps, &mut counts);
    let shown: Vec<String> = all.iter().map(|step| shown(step, &batch)).collect();
    assert_eq!(shown, ["B@1", "(A@2)", "|", "B@2"]);
    // They count later.
    let steps = vec![Step::Released(0, Box::new(part_of(&batch, &[1])))];
    let all = letters.put_into((&Batch::default(), 0..0), steps, &mut counts);
    assert_eq!(all.iter().map(|step| self::shown(step, &batch)).collect::<Vec<_>>(), ["(A@3)"]);
}
