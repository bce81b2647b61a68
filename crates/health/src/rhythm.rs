//! How often a meter usually sends.

use crate::delivered::A_DAY;

/// The usual times between two readings, s.
const STEPS: [i64; 12] = [5, 10, 30, 60, 300, 600, 900, 1200, 1800, 3600, 7200, 86_400];
/// A step is usual once so many votes are ahead: random times agree now and then.
const ENOUGH_VOTES: u8 = 4;
/// Stands for any other time.
const OTHER: u8 = STEPS.len() as u8;
const MOST_VOTES: u8 = 15;

/// The step that most readings of a meter have lately kept, in a byte: its number, and the votes that it is ahead by.
///
/// This is the majority vote of Boyer and Moore, with at most [`MOST_VOTES`] votes, so that another rhythm takes over
/// after some readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Rhythm(u8);

impl Rhythm {
    pub(crate) fn stored(self) -> u8 {
        self.0
    }

    pub(crate) fn restored(byte: u8) -> Self {
        Self(byte)
    }

    fn of(step: u8, votes: u8) -> Self {
        Self(step << 4 | votes)
    }

    /// Counts the time between two readings, s.
    pub(crate) fn vote(&mut self, seconds: i64) {
        // Near is within a tenth. Of short steps within a minute, at most a fifth: stamps may be some seconds off.
        let is_near = |step: &i64| (seconds - step).abs() <= (step / 10).max(60).min(step / 5);
        let (step, votes) = (self.0 >> 4, self.0 & 15);
        // Nearly always it is the usual step. A time that is near to two of them counts for that one.
        let voted = match STEPS.get(usize::from(step)) {
            Some(usual) if is_near(usual) => step,
            _ => STEPS.iter().position(is_near).map_or(OTHER, |step| step as u8),
        };
        *self = match (voted == step, votes) {
            (true, votes) => Self::of(step, (votes + 1).min(MOST_VOTES)),
            (false, 0) => Self::of(voted, 1),
            (false, votes) => Self::of(step, votes - 1),
        };
    }

    /// The usual step, s. None if the meter keeps no rhythm, or none is known yet.
    pub(crate) fn step(self) -> Option<i64> {
        let step = self.likely_step()?;
        // Few times are near a day by chance, and a day is over after one of them.
        let enough = if step == A_DAY { 1 } else { ENOUGH_VOTES };
        (self.0 & 15 >= enough).then_some(step)
    }

    /// The step that has the most votes, however few they are, s.
    pub(crate) fn likely_step(self) -> Option<i64> {
        (self.0 > 0).then(|| STEPS.get(usize::from(self.0 >> 4)).copied())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(steps: &[i64], expected: Option<i64>) {
        let mut rhythm = Rhythm::default();
        steps.iter().for_each(|&step| rhythm.vote(step));
        assert_eq!(rhythm.step(), expected, "{steps:?}");
    }

    #[test]
    fn the_step_of_most_readings_is_the_rhythm() {
        check(&[], None);
        check(&[900; 3], None);
        check(&[900; 4], Some(900));
        check(&[900, 900, 1800, 900, 27_000, 900, 900, 900], Some(900));
        check(&[903, 897, 911, 850, 949], Some(900));
        check(&[349, 251, 300, 340], Some(300));
        check(&[420, 420, 420], None);
        check(&[86_400, 86_400], Some(86_400));
    }

    /// Readings at any moment of each quarter: every tenth time between two of them is near to a quarter.
    #[test]
    fn random_times_are_no_rhythm() {
        let mut random = 1;
        let mut next = || {
            random = random * 1_103_515_245 % 2_147_483_647;
            random % 900
        };
        let times: Vec<i64> = (0..1000).map(|quarter| quarter * 900 + next()).collect();
        let mut rhythm = Rhythm::default();
        let known = times.windows(2).filter(|pair| {
            rhythm.vote(pair[1] - pair[0]);
            rhythm.step().is_some()
        });
        assert!(known.count() < 10);
    }

    #[test]
    fn a_meter_may_change_its_rhythm() {
        let mut steps = vec![900; 1000];
        steps.extend([1800; 20]);
        check(&steps, Some(1800));
    }
}
