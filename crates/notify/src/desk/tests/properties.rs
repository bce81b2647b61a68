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
