use super::feed::{Feed, Reached};
use super::lines::Lines;
use super::picture::Picture;
use super::screen::{Theme, draw};
use super::show::{self, Ended, Pace};
use super::verdict::Verdict;
use super::*;
use expect_test::{Expect, expect};
use pipeline::Outputs;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use reading::time::{DAY, HOUR, MINUTE};
use reading::{EventTime, MeterId};
use shell::Stop;
use simulate::{Faults, Kind, Settings, Truth};
use std::collections::BTreeSet;

fn args(meters: usize, days: u32) -> Demo {
    Demo { meters, days, seed: 7, speed: 1800.0, seconds: None, plain: true }
}

fn small_town(args: &Demo) -> (Plan, Town) {
    let plan = Plan::read(PLAN).unwrap();
    let town = Town::new(Settings { days: 12, onset_days: None, ..settings(args, &plan) }).unwrap();
    (plan, town)
}

/// The picture of a small town after so many days and a bit. Values that differ between machines are fixed.
fn picture_of(args: &Demo) -> Picture {
    let (plan, town) = small_town(args);
    picture_of_town(args, &plan, &town)
}

fn picture_of_town(args: &Demo, plan: &Plan, town: &Town) -> Picture {
    let mut feed = Feed::new(plan, town).unwrap();
    let mut picture = Picture::new(plan.calendar.clone(), plan.grid(), town.settings().start);
    let mut out = Outputs::default();
    let end = town.settings().start.plus(i64::from(args.days) * DAY + 14 * HOUR + 5 * MINUTE);
    while picture.now < end {
        picture.now = picture.now.plus(15 * MINUTE).min(end);
        while let Reached::Part(_) = feed.step(picture.now, &mut out) {}
        picture.take(&mut out);
    }
    picture.refresh(&feed);
    picture.history = None;
    picture.rate = 1040.0;
    picture.gauges.bytes_a_meter = 400;
    picture
}

fn check(picture: &Picture, width: u16, height: u16, answer: &Expect) {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, picture, Theme { color: true })).unwrap();
    let buffer = terminal.backend().buffer();
    // The bar keeps the indentation of the snapshot from swallowing that of the screen.
    let cells = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    let row = |y| format!("|{}\n", cells(y).trim_end());
    answer.assert_eq(&(0..height).map(row).collect::<String>());
}

#[test]
fn a_small_terminal_shows_everything_one_below_another() {
    check(
        &picture_of(&args(50, 5)),
        80,
        24,
        &expect![[r#"
            | gridwarden demo   Sat 2024-01-06 14:05                      live, Asia/Kolkata
            | 1,040 readings/s  27,717 readings  52 meters  400 B/meter
            | watermark 13:45, 20 min behind  49 intervals open
            | 22 dead letters: 17 late, 5 torn  140 repeats
            | Load 15.1 kW  expected 9.1 kW  (7.6 to 10.6)  at 13:45
            | 50.0 kW         ⢀░░⣄░                          ░                │        ░░░
            |                ░⡜⢇⣀⠏⣾⣆⢄╌░                    ░░░                │      ░░╌╌╌╌╌
            | 25.0 kW       ╌⡖⠁ ░ ⠁░░⢣⢠⢄░               ░╌╌╌╌╌⢀░⡤⡀ ⢀          │     ╌╌╌ ░ ░░
            |             ╌⡰⠉         ⠁╌⠱⣀░░░⢀⡀░⡀⣀⣀░╌⢀╌⡀⡤⡠⣀⠖⠒⠒⠁⠉╌⠉⠉⠁⠣⡠⠒⠢⠓⠢⠤⠢⢢ │   ╌╌░
            |         ╌╌⡠⠔⠊            ░░⠁⠉⠊⠒⠊⠈⠊⠈╌░⠉⠉⠁⠉⠈░ ⠁     ░╌╌╌╌░░╌╌╌░╌⠈╌╌╌╌╌░
            |  0.0 kW ⠉⠉░                 ░░░░ ░                  ░░░╌╌░░░╌░░░│░
            |                  18:00         00:00         06:00         12:00         18:00
            | Transformers by gap, last complete quarter-hours (~ estimated)
            |         supplied  consumed  gap kWh     gap    heard
            | T0002       4.62      4.50     0.12   ~2.5 %    25/25  ████████████████████████
            | T0001       1.90      1.87     0.03    1.3 %    25/25  █████
            |
            | 1 alert and 1 case opened, 1 open now
            |  3 Jan 12:30  check M000027  phase 8.47 A  neutral 6.47 A  1.99 A apart, 24 %
            |
            |
            | SMS 1 at  3 Jan 19:15 to +000200000001: Please check meter M000027: phase 8.5
            | A, neutral 6.5 A since 3 Jan 11:15. Transformer T0002. Area A01.
            | q ends the demo and prints a summary: what was found, and what to try next
        "#]],
    );
}

#[test]
fn a_large_terminal_shows_chart_and_table_side_by_side() {
    check(
        &picture_of(&args(50, 5)),
        120,
        40,
        &expect![[r#"
            | gridwarden demo   Sat 2024-01-06 14:05                                                              live, Asia/Kolkata
            | 1,040 readings/s  27,717 readings  52 meters  400 B/meter  watermark 13:45, 20 min behind  49 intervals open
            | 22 dead letters: 17 late, 5 torn  140 repeats
            | Load 15.1 kW  expected 9.1 kW  (7.6 to 10.6)          Transformers by gap, last complete quarter-hours (~ estimated)
            | 50.0 kW                                  │                    supplied  consumed  gap kWh     gap    heard
            |               ░                          │            T0002       4.62      4.50     0.12   ~2.5 %    25/25  ██████████
            |              ░⢠⡀░                        │            T0001       1.90      1.87     0.03    1.3 %    25/25  ██
            |              ⡀⢸⡇░                        │      ░░
            |              ⣿⢸⣷⡄                        │      ░░
            |             ░⣿⢸⣿⡇              ░         │      ╌╌
            |             ░⡏⣾⣿⡇              ░         │    ░░░░
            |             ░⡇⡿⣿⠑⡄            ░░         │    ░╌
            |             ╌⡇░⠁░⡇            ░░         │    ╌░
            |             ⡜  ░░⡇           ░╌╌         │    ░
            |            ░⡇    ⢸⣦          ░░░ ⡔⡄      │   ░░
            | 25.0 kW    ░⡇    ⢸⣿         ░╌░░░⡇⡇⣄     │   ╌
            |            ⢠⠃    ⠘⢹       ░░░░ ░⡦⠃⠓⢹  ⣷  │   ░
            |            ⢸      ╌⡇  ░ ░ ░░░░⢀⠏░░ ⢸ ⡀⡟⣄⢰│  ░░
            |           ░⢸      ░⡇░░░ ░░░░⢀⢦⢸  ░  ⣿⠈ ⠁⡿│  ░
            |           ╌⡇      ░⢸░░⣷⢠⣰⡄╌╌⢸⢸⡇  ╌  ⠋    │  ╌
            |           ⢸       ░⠘⢢░⡟⣼⠟⠸⠒⠤⠃⠘⠁  ░░      │ ░░
            |          ░⡜        ░⢸⠜╌⠋░░░░░     ░░ ░  ░│░░░
            |         ░⢸          ░░░░░░ ░      ╌░ ░ ░░│░╌
            |         ╌⢸           ░░░░░        ░╌░░░░╌│╌░
            |         ⠜⠁           ░░░          ░░╌╌╌╌░╌░
            |                                    ░░░░░░│░
            |                                     ░░░ ░│
            |  0.0 kW                              ░   │
            |              18:00   00:00    06:00   12:00
            | 1 alert and 1 case opened, 1 open now
            |  3 Jan 12:30  check M000027  phase 8.47 A  neutral 6.47 A  1.99 A apart, 24 %  allowed 0.57 A
            |
            |
            |
            |
            |
            |
            | SMS 1 at  3 Jan 19:15 to +000200000001: Please check meter M000027: phase 8.5 A, neutral 6.5 A since 3 Jan 11:15.
            | Transformer T0002. Area A01.
            | q ends the demo and prints a summary: what was found, and what to try next
        "#]],
    );
}

#[test]
fn a_tiny_terminal_shows_words() {
    check(
        &picture_of(&args(50, 5)),
        40,
        12,
        &expect![[r#"
            | gridwarden demo   Sat 2024-01-06 14:05
            | 1,040 readings/s  27,717 readings
            | 52 meters  400 B/meter
            | watermark 13:45, 20 min behind
            | 49 intervals open
            | 22 dead letters: 17 late, 5 torn
            | 140 repeats
            | SMS 1 at  3 Jan 19:15 to +000200000001:
            | Please check meter M000027: phase 8.5
            | A, neutral 6.5 A since 3 Jan 11:15.
            | Transformer T0002. Area A01.
            | q ends the demo and prints a summary: …
        "#]],
    );
}

#[test]
fn before_the_first_reading_there_is_a_bar() {
    let args = args(50, 5);
    let (plan, town) = small_town(&args);
    let picture = Picture::new(plan.calendar.clone(), plan.grid(), town.settings().start);
    check(
        &picture,
        80,
        24,
        &expect![[r#"
            | gridwarden demo   Mon 2024-01-01 00:00                                 history
            | 0 readings/s  0 readings  0 meters  0 B/meter  no watermark yet
            | 0 intervals open  0 dead letters  0 repeats
            | Load of the town: no interval has closed yet
            |
            |
            |
            |
            |
            |
            |
            |
            | Transformers by gap
            |         supplied  consumed  gap kWh     gap    heard
            |
            |
            |
            | 0 alerts and 0 cases opened, 0 open now
            | none yet
            |
            |
            |
            | no SMS yet
            | history   0 % ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  q ends
        "#]],
    );
}

#[test]
fn no_size_of_terminal_panics() {
    let picture = picture_of(&args(20, 1));
    for (width, height) in
        (1..200).step_by(7).flat_map(|width| (1..60).step_by(5).map(move |height| (width, height)))
    {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, &picture, Theme { color: false })).unwrap();
    }
}

#[test]
fn plain_lines_show_history_and_hours() {
    let args = args(20, 2);
    let (plan, town) = small_town(&args);
    let mut feed = Feed::new(&plan, &town).unwrap();
    let mut picture = Picture::new(plan.calendar.clone(), plan.grid(), town.settings().start);
    let mut printed = Vec::new();
    let mut lines = Lines::new(&mut printed, Stop::default(), false);
    // No machine keeps up with this speed, so the demo runs as fast as it can until the town ends.
    let pace = Pace { days: 2, speed: 1e12, seconds: None };
    assert_eq!(show::run(&pace, &mut feed, &mut picture, &mut lines).unwrap(), Ended::TownsEnd);
    let printed = String::from_utf8(printed).unwrap();
    assert!(printed.starts_with("history"), "{printed}");
    let hours = printed.lines().filter(|line| line.contains("  load ")).count();
    assert!((235..=240).contains(&hours), "{hours} hours of ten days in\n{printed}");
}

#[test]
fn the_rate_of_the_live_part_is_not_that_of_the_history() {
    let args = args(20, 2);
    let (plan, town) = small_town(&args);
    let mut feed = Feed::new(&plan, &town).unwrap();
    let mut picture = Picture::new(plan.calendar.clone(), plan.grid(), town.settings().start);
    let mut lines = Lines::new(io::sink(), Stop::default(), true);
    let pace = Pace { days: 2, speed: 1.0, seconds: Some(0.0) };
    assert_eq!(show::run(&pace, &mut feed, &mut picture, &mut lines).unwrap(), Ended::Asked);
    assert!(picture.gauges.readings > 3000 && picture.rate == 0.0, "{}", picture.rate);
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    assert!(ignore_closed_pipe(Err(io::ErrorKind::BrokenPipe.into())).is_ok());
    assert_eq!(ignore_closed_pipe(Err(io::ErrorKind::StorageFull.into())).unwrap_err().code, 1);
}

#[test]
fn arguments_that_make_no_demo_are_wrong() {
    let with = |change: fn(&mut Demo)| {
        let mut args = args(10, 1);
        change(&mut args);
        pace(&args).map(|_| ()).map_err(|failure| failure.code)
    };
    assert_eq!(with(|_| {}), Ok(()));
    assert_eq!(with(|args| args.meters = 0), Err(2));
    for speed in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let mut args = args(10, 1);
        args.speed = speed;
        assert_eq!(pace(&args).unwrap_err().code, 2, "speed {speed}");
    }
    assert_eq!(with(|args| args.seconds = Some(-1.0)), Err(2));
    assert_eq!(with(|args| args.seconds = Some(f64::NAN)), Err(2));
    let plan = Plan::read(PLAN).unwrap();
    let unmade = Settings { days: u32::MAX, ..settings(&args(10, 1), &plan) }.check().unwrap_err();
    assert_eq!(wrong_town(&args(10, 1), &unmade).code, 2);
}

#[test]
fn the_town_goes_on_until_its_watcher_ends_it() {
    let plan = Plan::read(PLAN).unwrap();
    let settings = settings(&args(500, 30), &plan);
    assert!(settings.check().is_ok());
    assert!(settings.days > 70 * 365, "{} days", settings.days);
    let town = Town::new(settings).unwrap();
    let begun = |day: i64| {
        let until = settings.start.plus(day * DAY);
        let truth = town.truth();
        let meters =
            truth.iter().filter(|truth| truth.guilty() && truth.from < until).map(|truth| truth.meter);
        meters.collect::<BTreeSet<_>>().len()
    };
    // Five meters within the history, five more in the live part, and none after 42 days.
    assert_eq!((begun(30), begun(42), begun(1000)), (5, 10, 10));
}

#[test]
fn the_command_in_the_summary_makes_the_same_town_again() {
    let args = args(20, 2);
    let (_, town) = small_town(&args);
    let mut picture = picture_of(&args);
    picture.now = town.settings().start.plus(2 * DAY + HOUR);
    let town = Town::new(Settings { onset_days: Some(60), ..*town.settings() }).unwrap();
    let page = verdict::page(&args, &town, &picture, false);
    let line = page.lines().find(|line| line.contains("gridwarden simulate")).unwrap();
    expect!["  gridwarden simulate --meters 20 --days 2 --onset-days 60 --seed 7 --start 2023-12-31T18:30:00Z --utc-offset 5.5 --daily 0.04 --fast-concentrators 0.05 --out town"].assert_eq(line);
}

#[test]
fn the_summary_says_what_was_done_about_meters_that_are_not_in_order() {
    let args = args(150, 3);
    let plan = Plan::read(PLAN).unwrap();
    let faults = Faults { daily: 0.04, fast_concentrators: 0.2, ..Faults::usual() };
    let town = Town::new(Settings { days: 12, onset_days: None, faults, ..settings(&args, &plan) }).unwrap();
    let picture = picture_of_town(&args, &plan, &town);
    let page = verdict::page(&args, &town, &picture, false);
    let said =
        page.lines().map(str::trim).filter(|line| line.starts_with("late ") || line.starts_with("clocks "));
    expect![[r#"
        late       6 meters deliver hours late: 1,634 intervals joined the balances of their time; balances were revised 2,103 times
        clocks     26 meters stamp up to 59 min ahead: 8,582 readings waited until the others had come so far; mend the clocks"#]].assert_eq(&said.collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_town_starts_at_a_local_midnight() {
    let plan = Plan::read(PLAN).unwrap();
    let settings = settings(&args(10, 1), &plan);
    assert_eq!(plan.calendar.minute_of_day(settings.start), 0);
    assert_eq!(settings.utc_offset_ms, 5 * HOUR + 30 * MINUTE);
}

#[test]
fn a_case_before_the_tampering_counts_as_a_mistake() {
    let meter = |name: &str| MeterId::new(name).unwrap();
    let truth = |name: &str, kind, from| Truth {
        meter: meter(name),
        kind,
        from: EventTime(from),
        to: EventTime(1000),
        share: None,
        note: String::new(),
    };
    let truths = [
        truth("found", Kind::EarthReturn, 10),
        truth("early", Kind::PhaseBypass, 50),
        truth("missed", Kind::PhaseBypass, 20),
        truth("later", Kind::PhaseBypass, 500),
        truth("pair", Kind::SharedNeutral, 0),
    ];
    let first_cases = [("found", 30), ("early", 40), ("pair", 30), ("plain", 30)];
    let first_cases = first_cases.into_iter().map(|(name, at)| (meter(name), EventTime(at))).collect();
    let verdict = Verdict::new(&truths, &first_cases, EventTime(100));
    expect![[r#"
        Verdict {
            tampered: {
                MeterId(early): (
                    "phase-bypass",
                    EventTime(
                        50,
                    ),
                    true,
                ),
                MeterId(found): (
                    "earth-return",
                    EventTime(
                        10,
                    ),
                    true,
                ),
                MeterId(missed): (
                    "phase-bypass",
                    EventTime(
                        20,
                    ),
                    false,
                ),
            },
            innocent: {
                MeterId(early): "phase-bypass",
                MeterId(pair): "shared-neutral",
                MeterId(plain): "nothing odd",
            },
        }"#]]
    .assert_eq(&format!("{verdict:#?}"));
}
