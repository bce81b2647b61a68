//! How often a meter usually sends.

/// The usual times between two readings, s.
const STEPS: [i64; 12] = [5, 10, 30, 60, 300, 600, 900, 1200, 1800, 3600, 7200, 86_400];
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
        let is_near = |step: &i64| (seconds - step).abs() * 5 <= *step;
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
        (self.0 & 15 > 0).then(|| STEPS.get(usize::from(self.0 >> 4)).copied())?
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
        check(&[900], Some(900));
        check(&[900, 900, 1800, 900, 27_000, 900], Some(900));
        check(&[903, 897, 911], Some(900));
        check(&[420, 420, 420], None);
        check(&[86_400, 86_400], Some(86_400));
    }

    #[test]
    fn a_meter_may_change_its_rhythm() {
        let mut steps = vec![900; 1000];
        steps.extend([1800; 20]);
        check(&steps, Some(1800));
    }
}
