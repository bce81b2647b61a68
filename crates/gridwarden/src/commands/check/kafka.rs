//! The sections of a plan about Kafka.

use super::page::Page;
use pipeline::Compression;
use reading::quantity::time;
use std::time::Duration;
use stream::{Exchange, IntervalsFormat, KafkaPlan};

pub(super) fn sections(plan: &KafkaPlan, compression: Compression, page: &mut Page) {
    page.section("kafka");
    let brokers = if plan.brokers.is_empty() { "none: `--brokers` must name them" } else { &plan.brokers };
    page.key("brokers", brokers);
    page.key("group", &plan.group);
    page.key("readings", &plan.readings);
    page.key("format", format!("{}: of messages without a header `format`", plan.format.name()));
    page.key("idle_after", length(plan.idle_after));
    page.key("topology", plan.topology.as_deref().unwrap_or("none: `--topology` may name a file"));
    for (key, topic) in plan.topics_of_results() {
        page.key(key, topic.unwrap_or("none: not written"));
    }
    let mut settings = plan.client().shown().peekable();
    match settings.peek() {
        None => page.none("kafka.client"),
        Some(_) => {
            page.section("kafka.client");
            settings.for_each(|(name, value)| page.key(name, value));
        }
    }
    super::output(compression, page);
    page.key(
        "intervals",
        match plan.intervals_format {
            IntervalsFormat::Json => "json",
            IntervalsFormat::Arrow => "arrow",
        },
    );
    page.key(
        "transactional",
        match plan.transactional {
            true => "true: results and positions are committed together",
            false => "false: after a crash, results may be written again, under the same keys",
        },
    );
    page.section("grid");
    page.key(
        "exchange",
        match plan.exchange {
            Exchange::Memory => "memory: an instance knows only its own meters",
            Exchange::Kafka => "kafka: each instance knows all meters of its transformers, through the topic of intervals; forecasts, demand and outages of transformers, but not of feeders or the town; no `supply`",
        },
    );
    page.section("checkpoints");
    page.key("every", length(plan.checkpoint_every));
    page.key("full_after", plan.full_after);
}

fn length(of: Duration) -> String {
    time(i64::try_from(of.as_millis()).unwrap_or(i64::MAX))
}
