//! Temporary: until every crate offers these itself.
pub(crate) trait Pending {
    const STATE_VERSION: u16 = 1;
    fn fingerprint(&self) -> u64 {
        0
    }
}
impl Pending for detect::PhaseNeutralRuns {}
impl Pending for detect::PhaseNeutral {}
impl Pending for detect::DailyScores {}
impl Pending for cases::Cases {}
impl Pending for notify::Notifier {}
