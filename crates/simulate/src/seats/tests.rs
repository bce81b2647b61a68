use super::*;
use crate::Faults;
use reading::EventTime;

fn settings(meters: usize, seed: u64) -> Settings {
    Settings::usual(meters, 30, seed, EventTime(1_700_006_400_000))
}

fn count(seats: &[Seat], oddity: Oddity) -> usize {
    seats.iter().filter(|seat| seat.oddity == Some(oddity)).count()
}

#[test]
fn shares_are_met_to_within_one() {
    for seed in 0..50 {
        let seats = deal(&settings(500, seed));
        assert_eq!(count(&seats, Oddity::Theft), 10, "SEED={seed}");
        for oddity in [Oddity::CtError, Oddity::Brief, Oddity::SwappedWires, Oddity::SharedLess] {
            assert!((4..=5).contains(&count(&seats, oddity)), "SEED={seed} {oddity:?}");
        }
        let solar = seats.iter().filter(|seat| seat.solar).count();
        assert!((40..=50).contains(&solar), "SEED={seed} {solar}");
    }
}

#[test]
fn from_fifty_on_a_small_share_means_one() {
    for seed in 0..50 {
        let rare = Settings { thieves: 0.001, ..settings(50, seed) };
        assert_eq!(count(&deal(&rare), Oddity::Theft), 1, "SEED={seed}");
        let none = Settings { thieves: 0.0, ..settings(50, seed) };
        assert_eq!(count(&deal(&none), Oddity::Theft), 0, "SEED={seed}");
    }
}

#[test]
fn a_larger_town_moves_no_consumer() {
    for meters in [100, 499, 501, 733] {
        let small = deal(&settings(meters, 5));
        let large = deal(&settings(meters + 300, 5));
        let moved = small.iter().zip(&large).filter(|(a, b)| a != b).count();
        assert_eq!(moved, 0, "{meters}");
    }
}

#[test]
fn everybody_can_be_picked() {
    let all = Settings { thieves: 1.0, ..settings(70, 1) };
    assert_eq!(count(&deal(&all), Oddity::Theft), 70);
    let reset = Settings { faults: Faults { reset: 1.0, ..Faults::NONE }, ..settings(70, 1) };
    assert!(deal(&reset).iter().all(|seat| seat.oddity.is_some() || seat.misfortune.is_some()));
}

#[test]
fn pairs_share_a_transformer() {
    for seed in 0..20 {
        let settings = Settings { transformers: Some(166), ..settings(500, seed) };
        let seats = deal(&settings);
        for (at, _) in seats.iter().enumerate().filter(|(_, s)| s.oddity == Some(Oddity::SharedLess)) {
            assert_eq!(seats[at + 1].oddity, Some(Oddity::SharedMore));
            assert_eq!(at / settings.consumers_each(), (at + 1) / settings.consumers_each());
        }
    }
}
