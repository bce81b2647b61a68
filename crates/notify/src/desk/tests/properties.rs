//! What holds for a desk whatever happens: random days under all rules at once.

use super::*;
use proptest::prelude::*;

/// What happens in some ticks: notices, and how many minutes pass.
fn stories() -> impl Strategy<Value = Vec<(i64, Vec<String>)>> {
    let letter = prop::sample::select(vec!["M", "m", "O", "o", "O", "o", "X", "T", "t", "F", "f"]);
    let word = (letter, 0_u32..30, prop::sample::select(vec!["", "", "!", "-"]));
    let words = prop::collection::vec(word, 0..6).prop_map(|words| {
        let mut all: Vec<String> = words
            .iter()
            .map(|(letter, number, end)| {
                let number = match *letter {
                    "T" | "t" => number / 10,
                    "F" | "f" => number / 20,
                    _ => *number,
                };
                format!("{letter}{number}{end}")
            })
            .collect();
        // In a tick a thing happens once: who makes notices joins what happened to one thing.
        all.sort_unstable();
        all.dedup_by_key(|word| word.trim_end_matches(['!', '-']).to_uppercase());
        all
    });
    prop::collection::vec((1_i64..90, words), 0..60)
}

/// All that rules can ask for at once.
fn all_rules() -> (Vec<Receiver>, Vec<Route>) {
    let duty =
        Shift { hours: Hours { from: 480, to: 1200 }, days: DayType::ALL.to_vec(), address: phone("001") };
    let quiet = Some(Quiet { hours: Hours { from: 1320, to: 360 }, but: Severity::High });
    let receivers = vec![
        Receiver { per_hour: 2, per_day: 6, quiet, ..receiver("readers", Whom::Reader) },
        Receiver { per_hour: 3, per_day: 5, ..receiver("duty", Whom::Rota(vec![duty])) },
        Receiver {
            language: Language::new("hi").unwrap(),
            parts: 3,
            ..receiver("consumers", Whom::Consumer)
        },
        Receiver { per_hour: 1, per_day: 2, ..receiver("chief", Whom::One(phone("113"))) },
    ];
    let routes = vec![
        Route { kinds: vec![Kind::Suspicion], again_after: 600 * MINUTE, ..route("walk", "readers") },
        Route {
            group_by: Some(vec![By::Feeder]),
            wait: 10 * MINUTE,
            interval: 60 * MINUTE,
            repeat: Some(180 * MINUTE),
            clear: true,
            escalate: Some(Escalation { after: 60 * MINUTE, to: vec!["chief".to_owned()] }),
            ..route("duty", "duty")
        },
        Route {
            kinds: vec![Kind::Outage, Kind::AboveSanctioned],
            classes: ["home".to_owned()].into(),
            clear: true,
            ..route("own", "consumers")
        },
    ];
    (receivers, routes)
}

fn full_desk() -> Desk {
    let (receivers, routes) = all_rules();
    desk(receivers, routes, outages_keep_back())
}

/// Plays a part of a story; people silence and acknowledge now and then.
fn live(
    desk: &mut Desk,
    story: &[(i64, Vec<String>)],
    range: std::ops::Range<usize>,
    turned: bool,
) -> Vec<Message> {
    let mut messages = Vec::new();
    for place in range {
        let now = minute(story[..=place].iter().map(|(minutes, _)| minutes).sum());
        let mut notices: Vec<Notice> = story[place].1.iter().map(|word| notice(word, now)).collect();
        if turned {
            notices.reverse();
        }
        if place % 7 == 3 {
            desk.silence("work", silence(now, 100));
        }
        if place % 5 == 2 {
            desk.acknowledge("outage.M1", "asha", now);
            desk.acknowledge("outage.F0", "asha", now);
        }
        desk.route(now, &notices, &calendar(), &mut messages);
    }
    messages
}

/// A store of rows.
#[derive(Default)]
struct Rows(BTreeMap<RowKey, Row>);

impl Rows {
    fn write(&mut self, desk: &mut Desk) -> usize {
        let changed = desk.take_changed();
        let count = changed.len();
        for (key, row) in changed {
            match row {
                Some(row) => drop(self.0.insert(key, row)),
                None => drop(self.0.remove(&key)),
            }
        }
        count
    }

    fn read(&self) -> Vec<(RowKey, Row)> {
        self.0.iter().map(|(key, row)| (key.clone(), row.clone())).collect()
    }
}

#[test]
fn a_storm_is_written_once_and_not_with_every_message() {
    let mut desk = simple(|receiver, route| {
        (receiver.per_hour, receiver.per_day) = (100, 100);
        route.group_by = Some(vec![By::Feeder]);
        route.wait = 60 * MINUTE;
    });
    desk.track();
    let mut rows = Rows::default();
    let mut come = |at, notices: Vec<Notice>| {
        desk.route(minute(at), &notices, &calendar(), &mut Vec::new());
        rows.write(&mut desk)
    };
    // Each has an episode that goes on, and an errand; then there is the group, and figures.
    let storm = (0..1_000).map(|number| {
        let one = notice("O7", minute(0));
        Notice { episode: format!("outage.{number}"), id: format!("outage.{number}.began"), ..one }
    });
    assert_eq!(come(0, storm.collect()), 2_002);
    assert_eq!(come(1, vec![]), 1);
    assert_eq!(come(2, vec![notice("O27", minute(2))]), 4);
    assert_eq!(come(3, vec![notice("o27", minute(3))]), 4);
    // What was sent and would be repeated by nobody is remembered no more.
    assert!(come(60, vec![]) > 1_000);
    assert!(come(61, vec![]) <= 3);
}

#[test]
fn rows_that_are_mixed_up_are_no_state() {
    let mut whole = full_desk();
    whole.track();
    live(&mut whole, &[(1, vec!["M1".to_owned()])], 0..1, false);
    let mut rows = Rows::default();
    rows.write(&mut whole);
    let mut read = rows.read();
    let row = read[0].1.clone();
    read.last_mut().unwrap().1 = row;
    assert_eq!(full_desk().restore_rows(read), Err(DamagedRows));
}

proptest! {
    #[test]
    fn no_errand_is_forgotten(story in stories()) {
        let mut desk = full_desk();
        for end in 0..story.len() {
            live(&mut desk, &story, end..end + 1, false);
            let (counts, waiting) = (desk.counts(), desk.waiting());
            let Counts { repeated, unreachable, sent, digested, over, silenced, inhibited, answered, .. } = counts;
            let done = repeated + unreachable + sent + digested + over + silenced + inhibited + answered;
            prop_assert_eq!(counts.errands, done + waiting.grouped + waiting.held, "{:?} {:?}", counts, waiting);
        }
    }

    #[test]
    fn with_one_route_every_notice_is_an_errand(story in stories()) {
        let mut desk = simple(|_, route| route.severity = Severity::High);
        let messages = live(&mut desk, &story, 0..story.len(), false);
        let counts = desk.counts();
        prop_assert_eq!(counts.notices, counts.known + counts.unrouted + counts.errands);
        let in_messages: u64 = messages.iter().map(|one| 1 + u64::from(one.more)).sum();
        prop_assert_eq!(in_messages, counts.sent + counts.digested);
    }

    #[test]
    fn no_address_gets_more_than_its_receiver_allows(story in stories()) {
        let mut desk = full_desk();
        let messages = live(&mut desk, &story, 0..story.len(), false);
        for last in &messages {
            let to = desk.rules().receivers().iter().find(|one| last.id.split('.').nth(2) == Some(&one.name)).unwrap();
            let within = |ms| messages.iter().filter(|one| {
                one.to == last.to && one.time <= last.time && last.time.since(one.time) < ms
            }).count();
            prop_assert!(within(HOUR) <= to.per_hour as usize, "{}", last.id);
            prop_assert!(within(DAY) <= to.per_day as usize, "{}", last.id);
            prop_assert!(sms::alphabet::fits(&last.text, to.parts), "{}", last.text);
        }
    }

    #[test]
    fn an_id_stands_for_one_message(story in stories()) {
        let messages = live(&mut full_desk(), &story, 0..story.len(), false);
        // The notices of these tests have the same id in each of their episodes, so the time is a part of it here.
        let mut ids: Vec<_> = messages.iter().map(|one| (&one.id, one.time, &one.text)).collect();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), messages.len());
    }

    #[test]
    fn the_order_within_a_tick_changes_nothing(story in stories()) {
        let all = |turned| {
            let mut desk = full_desk();
            let messages = live(&mut desk, &story, 0..story.len(), turned);
            (messages, desk.snapshot())
        };
        prop_assert_eq!(all(false), all(true));
    }

    #[test]
    fn a_restored_desk_goes_on_the_same(story in stories(), cut in 0_usize..60) {
        let cut = cut.min(story.len());
        let mut whole = full_desk();
        live(&mut whole, &story, 0..cut, false);
        let mut restored = full_desk();
        restored.restore(whole.snapshot());
        prop_assert_eq!(&whole, &restored);
        let rest = |desk: &mut Desk| live(desk, &story, cut..story.len(), false);
        prop_assert_eq!(rest(&mut whole), rest(&mut restored));
        prop_assert_eq!(whole, restored);
    }

    #[test]
    fn a_desk_goes_on_the_same_from_the_rows_that_changed(story in stories(), every in 1_usize..5, from in 0_usize..9) {
        let mut whole = full_desk();
        let begun = from.min(story.len());
        live(&mut whole, &story, 0..begun, false);
        whole.track();
        let mut rows = Rows::default();
        for place in begun..story.len() {
            live(&mut whole, &story, place..place + 1, false);
            if place % every == 0 {
                rows.write(&mut whole);
            }
        }
        rows.write(&mut whole);
        let mut restored = full_desk();
        restored.restore_rows(rows.read()).unwrap();
        prop_assert_eq!(&whole, &restored);
        let end = story.iter().map(|(minutes, _)| minutes).sum::<i64>() + 1;
        let goes_on = |desk: &mut Desk| {
            let mut messages = Vec::new();
            for hour in 0..48 {
                let notices = [notice("O1", minute(end)), notice("o1", minute(end))];
                let notices = notices.get(hour..=hour).unwrap_or_default();
                desk.route(minute(end + 60 * hour as i64), notices, &calendar(), &mut messages);
            }
            messages
        };
        prop_assert_eq!(goes_on(&mut whole), goes_on(&mut restored));
        let mut again = Rows(rows.0.clone());
        again.write(&mut restored);
        rows.write(&mut whole);
        prop_assert_eq!(rows.0, again.0);
    }

    #[test]
    fn a_plan_that_lost_a_route_keeps_no_rows_of_it(story in stories()) {
        let mut whole = full_desk();
        whole.track();
        live(&mut whole, &story, 0..story.len(), false);
        let mut rows = Rows::default();
        rows.write(&mut whole);
        let (mut receivers, mut routes) = all_rules();
        routes.remove(1);
        receivers.pop();
        let rules = || desk(receivers.clone(), routes.clone(), outages_keep_back());
        let mut restored = rules();
        restored.restore_rows(rows.read()).unwrap();
        rows.write(&mut restored);
        let mut again = rules();
        again.restore_rows(rows.read()).unwrap();
        prop_assert_eq!(again, restored);
    }

    #[test]
    fn a_plan_that_lost_a_route_counts_its_errands(story in stories()) {
        let mut whole = full_desk();
        live(&mut whole, &story, 0..story.len(), false);
        let (receivers, mut routes) = all_rules();
        routes.remove(1);
        let mut restored = desk(receivers, routes, outages_keep_back());
        restored.restore(whole.snapshot());
        let waiting = |desk: &Desk| desk.waiting().grouped + desk.waiting().held;
        prop_assert_eq!(waiting(&whole), waiting(&restored) + restored.counts().homeless);
    }
}
