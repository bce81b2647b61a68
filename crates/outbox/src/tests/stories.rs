//! Any story of messages, answers, lost connections and crashes: nothing is lost, and the order of each line is kept.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// What happens next in a story.
#[derive(Debug, Clone)]
enum Act {
    Put(u8, u8),
    /// The gateway answers the oldest submission that it got.
    Answer(u8),
    /// The same, and the answer is lost with the connection.
    Close,
    /// Everything but the disk is gone.
    Crash,
    Wait(i64),
    Store,
    Receipt,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (0_u8..5, 1_u8..4).prop_map(|(line, parts)| Act::Put(line, parts)),
        8 => (0_u8..9).prop_map(Act::Answer),
        1 => Just(Act::Close),
        1 => Just(Act::Crash),
        4 => (1_i64..60).prop_map(Act::Wait),
        4 => Just(Act::Store),
        2 => Just(Act::Receipt),
    ];
    prop::collection::vec(act, 0..120)
}

/// Gateways that nobody trusts, and what they have got.
#[derive(Default)]
struct World {
    disk: BTreeMap<MessageId, Entry>,
    /// Submissions without an answer.
    open: Vec<Submission>,
    /// What gateways accepted, in their order: line, number, part.
    got: Vec<(String, u64, u16)>,
    remotes: Vec<(u16, String)>,
    refused: BTreeSet<u64>,
    put: u64,
    losses: u64,
    now: i64,
}

impl World {
    fn answer(&mut self, outbox: &mut Outbox, how: u8) {
        if self.open.is_empty() {
            return;
        }
        let one = self.open.remove(0);
        let now = Moment(self.now);
        match how {
            0 => outbox.answered(now, one.ticket, Answer::Throttled),
            1 => outbox.answered(now, one.ticket, Answer::NotNow { reason: "busy".to_owned() }),
            2 if one.part == 0 && one.number.is_multiple_of(5) => {
                self.refused.insert(one.number);
                outbox.answered(now, one.ticket, Answer::Never { reason: "wrong".to_owned() });
            }
            3 => {
                // It may have arrived.
                if one.number.is_multiple_of(2) {
                    self.accept(&one);
                }
                self.losses += 1;
                outbox.answered(now, one.ticket, Answer::Unanswered { reason: "no answer".to_owned() });
            }
            4 => outbox.answered(now, one.ticket, Answer::Closed { reason: "who are you".to_owned() }),
            _ if one.gateway == 2 => {
                let remote = format!("r{}", self.got.len());
                self.got.extend((0..one.parts).map(|part| (one.line.clone(), one.number, part)));
                outbox.answered(now, one.ticket, Answer::AcceptedWhole { remote: remote.clone() });
                self.remotes.push((one.gateway, remote));
            }
            _ => {
                let remote = format!("r{}", self.got.len());
                self.accept(&one);
                self.remotes.push((one.gateway, remote.clone()));
                outbox.answered(now, one.ticket, Answer::Accepted { remote });
            }
        }
    }

    fn accept(&mut self, one: &Submission) {
        self.got.push((one.line.clone(), one.number, one.part));
    }

    /// What is under way may have arrived: here the first half of it did.
    fn lose(&mut self, of: impl Fn(&Submission) -> bool) {
        let (lost, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.open).into_iter().partition(of);
        let half = lost.len().div_ceil(2);
        lost[..half].iter().for_each(|one| self.accept(one));
        (self.open, self.losses) = (kept, self.losses + 1);
    }

    fn act(&mut self, mut outbox: Outbox, act: &Act) -> Outbox {
        let now = Moment(self.now);
        match act {
            Act::Put(line, parts) => {
                outbox.put(now, new(&format!("m{}", self.put), &format!("l{line}"), u16::from(*parts)));
                self.put += 1;
                // A message is there once it is stored: who brought it repeats it otherwise.
                store(&mut outbox, &mut self.disk);
            }
            Act::Answer(how) => self.answer(&mut outbox, *how),
            Act::Close => {
                self.lose(|one| one.gateway == 0);
                outbox.disconnected(now, 0);
                outbox.connected(0);
            }
            Act::Crash => {
                self.lose(|_| true);
                outbox = Outbox::restore(settings(), now, self.disk.values().cloned()).unwrap();
                outbox.connected(0);
                outbox.connected(1);
                outbox.connected(2);
            }
            Act::Wait(ms) => {
                self.now += ms;
                for gateway in outbox.pass_time(Moment(self.now)) {
                    self.lose(|one| one.gateway == gateway);
                    outbox.disconnected(Moment(self.now), gateway);
                    outbox.connected(gateway);
                }
            }
            Act::Store => store(&mut outbox, &mut self.disk),
            Act::Receipt => {
                if let Some((gateway, remote)) = self.remotes.pop() {
                    outbox.receipt(now, gateway, &remote, Receipt::Delivered);
                }
            }
        }
        self.open.extend(submit(&mut outbox, self.now));
        assert!(outbox.in_flight() <= 3 * settings().window as usize);
        outbox
    }

    /// Gateways become well, and everything goes out.
    fn end(&mut self, mut outbox: Outbox) -> Outbox {
        for _ in 0..10_000 {
            if outbox.waiting() == 0 {
                store(&mut outbox, &mut self.disk);
                break;
            }
            if self.open.is_empty() {
                self.now = self.now.max(outbox.wake_at().map_or(self.now + 1, |at| at.0)) + 1;
                self.open.extend(submit(&mut outbox, self.now));
            }
            self.answer(&mut outbox, 7);
            store(&mut outbox, &mut self.disk);
            self.open.extend(submit(&mut outbox, self.now));
        }
        outbox
    }
}

fn play(acts: &[Act]) -> (World, Outbox) {
    let mut world = World::default();
    let mut outbox = outbox(settings());
    for act in acts {
        outbox = world.act(outbox, act);
    }
    let outbox = world.end(outbox);
    (world, outbox)
}

proptest! {
    #[test]
    fn nothing_is_lost_and_only_what_nobody_answered_is_sent_twice(acts in acts()) {
        let (world, outbox) = play(&acts);
        prop_assert_eq!(outbox.waiting(), 0);
        let got: BTreeSet<(u64, u16)> = world.got.iter().map(|(_, number, part)| (*number, *part)).collect();
        for entry in outbox.entries() {
            let is_refused = matches!(entry.state, State::Failed { .. });
            for part in 0..if is_refused { 0 } else { entry.parts } {
                prop_assert!(got.contains(&(entry.number, part)), "{} part {part} is lost", entry.id);
            }
            prop_assert!(!is_refused || world.refused.contains(&entry.number), "{entry:?}");
        }
        prop_assert_eq!(outbox.entries().count() as u64, world.put);
        let twice = (world.got.len() - got.len()) as u64;
        let most = world.losses * 3 * u64::from(settings().window);
        prop_assert!(twice <= most, "{twice} twice, {} losses", world.losses);
        if world.losses == 0 {
            prop_assert_eq!(twice, 0);
        }
    }

    #[test]
    fn the_order_of_a_line_is_kept(acts in acts()) {
        let (world, _) = play(&acts);
        let mut last = BTreeMap::<&str, (u64, u16)>::new();
        let mut seen = BTreeSet::new();
        for (line, number, part) in &world.got {
            // What was sent twice counts when it came first.
            if seen.insert((number, part)) {
                let before = last.insert(line, (*number, *part));
                prop_assert!(before.is_none_or(|before| before < (*number, *part)), "{line}");
            }
        }
    }

    #[test]
    fn what_is_stored_is_the_outbox(acts in acts()) {
        let (world, outbox) = play(&acts);
        let stored: BTreeSet<u64> = world.disk.values().map(|entry| entry.number).collect();
        prop_assert_eq!(stored.len(), outbox.entries().count());
        for entry in outbox.entries() {
            prop_assert_eq!(&world.disk[&entry.id], entry);
        }
        let restored = Outbox::restore(settings(), Moment(world.now), world.disk.values().cloned()).unwrap();
        prop_assert!(restored.entries().eq(outbox.entries()));
    }
}
