//! How patient the outbox is.

/// How messages are retried and given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The way that each gateway serves, such as `sms`. Of one way, the preferred gateway comes first.
    pub gateways: Vec<String>,
    /// Gateways that take one message at a time, by their place.
    pub one_by_one: Vec<u16>,
    /// Submissions to one gateway that are not answered, at most.
    pub window: u32,
    /// So long a gateway may take to answer, ms.
    pub answer_within: i64,
    /// The pause before the first retry, ms. It doubles each time.
    pub retry_after: i64,
    /// The longest pause before a retry, ms.
    pub retry_most: i64,
    /// After so many tries a message goes to the next gateway.
    pub tries: u32,
    /// A gateway that has been gone for so long loses its messages to the next one, ms.
    pub failover_after: i64,
    /// A message that no gateway has accepted for so long has failed, ms.
    pub give_up_after: i64,
    /// Messages that are not sent, at most. With more, whoever brings one has to wait.
    pub most_queued: usize,
    /// So long the id of a message is known after its end, ms: the same id again is no new message.
    pub remember: i64,
}

/// Why settings do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` must be {wanted}")]
pub struct SettingsError {
    /// Which one is wrong.
    pub key: &'static str,
    /// What it must be.
    pub wanted: &'static str,
}

impl Settings {
    /// Settings that suit most gateways, here of these ways.
    pub fn usual<W: Into<String>>(ways: impl IntoIterator<Item = W>) -> Self {
        Self {
            gateways: ways.into_iter().map(Into::into).collect(),
            one_by_one: Vec::new(),
            window: 10,
            answer_within: 30_000,
            retry_after: 1_000,
            retry_most: 5 * 60_000,
            tries: 5,
            failover_after: 30_000,
            give_up_after: 3 * 86_400_000,
            most_queued: 1_000_000,
            remember: 7 * 86_400_000,
        }
    }

    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        let above_zero = [
            ("gateways", self.gateways.len() as i64),
            ("window", i64::from(self.window)),
            ("answer_within", self.answer_within),
            ("retry_after", self.retry_after),
            ("tries", i64::from(self.tries)),
            ("give_up_after", self.give_up_after),
            ("most_queued", self.most_queued as i64),
        ];
        if let Some((key, _)) = above_zero.into_iter().find(|(_, value)| *value <= 0) {
            return Err(SettingsError { key, wanted: "more than nothing" });
        }
        if self.gateways.len() > usize::from(u16::MAX) {
            return Err(SettingsError { key: "gateways", wanted: "at most 65,535" });
        }
        if self.retry_most < self.retry_after {
            return Err(SettingsError { key: "retry_most", wanted: "at least `retry_after`" });
        }
        if self.failover_after < 0 || self.remember < 0 {
            let key = if self.remember < 0 { "remember" } else { "failover_after" };
            return Err(SettingsError { key, wanted: "nothing or more" });
        }
        Ok(())
    }

    /// The gateways of a way, from this one on, each once.
    pub(crate) fn from(&self, way: &str, own: u16) -> impl Iterator<Item = u16> {
        let count = self.gateways.len() as u16;
        let all = (0..count).map(move |step| ((u32::from(own) + u32::from(step)) % u32::from(count)) as u16);
        all.filter(move |one| self.serves(*one, way))
    }

    /// How many submissions to this gateway may wait for their answer.
    pub(crate) fn window(&self, gateway: u16) -> u32 {
        if self.one_by_one.contains(&gateway) { 1 } else { self.window }
    }

    /// Whether there is this gateway, and it is one of the way. What is stored may be of other gateways.
    pub(crate) fn serves(&self, gateway: u16, way: &str) -> bool {
        self.gateways.get(usize::from(gateway)).is_some_and(|one| one == way)
    }

    /// The pause before a retry: it doubles with each try, and is up to a quarter shorter, so that messages that failed
    /// together do not come back together. The same message always waits the same.
    pub(crate) fn pause(&self, tries: u32, seed: u64) -> i64 {
        let doubled = self.retry_after.saturating_mul(1_i64 << tries.min(30));
        let pause = doubled.min(self.retry_most);
        // Fibonacci hashing spreads numbers that follow each other.
        let spread = (seed.wrapping_add(u64::from(tries))).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        pause - (pause / 4) * spread as i64 / (1_i64 << 32)
    }
}
