//! The answers to scrapers and probes.

use super::Metrics;
use web::{MetricsFormat, Question, Refusal};

impl Metrics {
    /// The text for a question over HTTP.
    pub fn answer(&self, question: Question) -> Result<String, Refusal> {
        let written = match question {
            Question::Metrics(MetricsFormat::OpenMetrics) => self.open_metrics(),
            Question::Metrics(MetricsFormat::PrometheusText) => self.prometheus_text(),
            Question::Health => return answer_unless(self.health.dead()),
            Question::Readiness => return answer_unless(self.health.missing()),
        };
        written.map_err(|_| Refusal::Broken("the metrics could not be written".to_owned()))
    }
}

fn answer_unless(wrong: Option<String>) -> Result<String, Refusal> {
    wrong.map_or_else(|| Ok("ok\n".to_owned()), |wrong| Err(Refusal::Unavailable(wrong)))
}
