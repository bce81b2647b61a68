//! The names and values of a scrape. A changed name breaks users' dashboards and alert rules.

use super::*;
use expect_test::expect;
use fleet::FleetMemory;
use reading::EventTime;
use web::{MetricsFormat, Question, Refusal};

/// The samples of a scrape.
fn samples(metrics: &Metrics) -> Vec<String> {
    let page = metrics.open_metrics().unwrap();
    page.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

/// One sample's value.
fn value(metrics: &Metrics, sample: &str) -> Option<f64> {
    let line = |line: &String| {
        line.rsplit_once(' ').filter(|(name, _)| *name == sample).map(|(_, value)| value.parse())
    };
    samples(metrics).iter().find_map(line).map(|value| value.unwrap())
}

#[test]
fn the_names_stay() {
    let metrics = Metrics::new();
    metrics.dead_letters("torn", 0);
    metrics.sent("intervals");
    metrics.checkpointed(true, 0, Duration::ZERO);
    let page = metrics.open_metrics().unwrap();
    let kinds: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("# TYPE gridwarden_")).collect();
    expect![[r#"
        received_messages counter
        received_bytes counter
        readings_decoded counter
        readings_admitted counter
        readings_repeated counter
        readings_late counter
        dead_letters counter
        sent_messages counter
        queued_messages gauge
        delivery_failures counter
        intervals counter
        alerts counter
        alert_latency_seconds histogram
        cases_open gauge
        outages_open gauge
        silent_meters gauge
        merge_waiting_rows gauge
        checkpoints counter
        checkpoint_size_bytes gauge
        checkpoint_duration_seconds histogram
        checkpoint_failures counter
        rebalances counter
        assigned_partitions gauge
        log_lost_lines gauge
        resident_memory_bytes gauge
        partition_lag_messages gauge
        partition_position gauge
        partition_watermark_delay_seconds gauge
        partition_idle gauge
        memory_bytes gauge
        checkpoint_age_seconds gauge"#]]
    .assert_eq(&kinds.join("\n"));
}

/// The specification of OpenMetrics orders the lines: help, type and unit of a family, then its samples.
#[test]
fn a_fresh_scrape_can_be_read() {
    let metrics = Metrics::new();
    let partition = metrics.partition("readings", 0);
    partition.lag.set(1);
    metrics.dead_letters("torn", 0);
    metrics.alerted(0);
    let page = metrics.open_metrics().unwrap();
    let mut family = String::new();
    let mut seen = std::collections::BTreeSet::new();
    let lines: Vec<&str> = page.lines().collect();
    assert_eq!(lines.last(), Some(&"# EOF"));
    for line in &lines[..lines.len() - 1] {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, text) = help.split_once(' ').unwrap();
            assert!(seen.insert(name.to_owned()), "{name} comes twice");
            assert!(name.starts_with("gridwarden_") && text.len() > 10, "{line}");
            name.clone_into(&mut family);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert!(name == family && ["counter", "gauge", "histogram"].contains(&kind), "{line}");
        } else if let Some(unit) = line.strip_prefix("# UNIT ") {
            let (name, unit) = unit.split_once(' ').unwrap();
            assert!(name == family && name.ends_with(unit), "{line}");
        } else {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with(&family) && value.parse::<f64>().is_ok(), "{line}");
        }
    }
}

#[test]
fn a_scrape_shows_every_count() {
    let metrics = Metrics::new();
    metrics.received_messages.inc_by(20);
    metrics.received_bytes.inc_by(2000);
    metrics.readings_decoded.inc_by(19);
    metrics.readings_admitted.inc_by(14);
    metrics.readings_repeated.inc_by(3);
    metrics.readings_late.inc_by(2);
    metrics.dead_letters("late", 2);
    metrics.dead_letters("late", 1);
    metrics.intervals.inc_by(7);
    metrics.sent("intervals").inc_by(7);
    metrics.queued_messages.set(4);
    metrics.delivery_failures.inc();
    metrics.merge(5);
    metrics.town(TownGauge::CasesOpen).set(6);
    metrics.checkpoint_failures.inc();
    metrics.rebalances.inc_by(2);
    metrics.assigned_partitions.set(8);
    let not_zero =
        |line: &&String| !line.ends_with(" 0") && !line.contains("_resident_") && !line.contains("_age_");
    expect![[r#"
        gridwarden_received_messages_total 20
        gridwarden_received_bytes_total 2000
        gridwarden_readings_decoded_total 19
        gridwarden_readings_admitted_total 14
        gridwarden_readings_repeated_total 3
        gridwarden_readings_late_total 2
        gridwarden_dead_letters_total{reason="late"} 3
        gridwarden_sent_messages_total{topic="intervals"} 7
        gridwarden_queued_messages 4
        gridwarden_delivery_failures_total 1
        gridwarden_intervals_total 7
        gridwarden_alert_latency_seconds_sum 0.0
        gridwarden_cases_open 6
        gridwarden_merge_waiting_rows 5
        gridwarden_checkpoint_duration_seconds_sum 0.0
        gridwarden_checkpoint_failures_total 1
        gridwarden_rebalances_total 2
        gridwarden_assigned_partitions 8
        gridwarden_memory_bytes{part="merge"} 840"#]]
    .assert_eq(&samples(&metrics).iter().filter(not_zero).cloned().collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_scrape_shows_a_partition_while_this_process_has_it() {
    let metrics = Metrics::new();
    let partitions = [metrics.partition("readings", 10), metrics.partition("readings", 9)];
    partitions[0].lag.set(5);
    partitions[0].position.set(123);
    partitions[1].idle.set(1);
    partitions[0].memory(FleetMemory { names: 1, meters: 2, cells: 3, rest: 4 }, 5);
    partitions[1].memory(FleetMemory { names: 10, meters: 20, cells: 30, rest: 40 }, 50);
    let about = |metrics: &Metrics| {
        let about = |line: &&String| line.contains("_partition_") || line.contains("_memory_bytes{");
        samples(metrics).iter().filter(about).cloned().collect::<Vec<_>>().join("\n")
    };
    expect![[r#"
        gridwarden_partition_lag_messages{topic="readings",partition="9"} 0.0
        gridwarden_partition_lag_messages{topic="readings",partition="10"} 5.0
        gridwarden_partition_position{topic="readings",partition="9"} 0.0
        gridwarden_partition_position{topic="readings",partition="10"} 123.0
        gridwarden_partition_idle{topic="readings",partition="9"} 1.0
        gridwarden_partition_idle{topic="readings",partition="10"} 0.0
        gridwarden_memory_bytes{part="names"} 11
        gridwarden_memory_bytes{part="meters"} 22
        gridwarden_memory_bytes{part="cells"} 33
        gridwarden_memory_bytes{part="rest"} 44
        gridwarden_memory_bytes{part="metering"} 55
        gridwarden_memory_bytes{part="merge"} 0"#]]
    .assert_eq(&about(&metrics));
    drop(partitions);
    expect![[r#"
        gridwarden_memory_bytes{part="names"} 0
        gridwarden_memory_bytes{part="meters"} 0
        gridwarden_memory_bytes{part="cells"} 0
        gridwarden_memory_bytes{part="rest"} 0
        gridwarden_memory_bytes{part="metering"} 0
        gridwarden_memory_bytes{part="merge"} 0"#]]
    .assert_eq(&about(&metrics));
}

#[test]
fn delays_and_ages_grow_by_themselves() {
    let metrics = Metrics::new();
    let partition = metrics.partition("readings", 0);
    let delay = "gridwarden_partition_watermark_delay_seconds{topic=\"readings\",partition=\"0\"}";
    assert_eq!(value(&metrics, delay), None);
    partition.front(EventTime(wall_ms() - 90_000));
    let first = value(&metrics, delay).unwrap();
    assert!((90.0..100.0).contains(&first), "{first}");
    let age = value(&metrics, "gridwarden_checkpoint_age_seconds").unwrap();
    std::thread::sleep(Duration::from_millis(20));
    assert!(value(&metrics, delay).unwrap() > first);
    assert!(value(&metrics, "gridwarden_checkpoint_age_seconds").unwrap() > age);
}

#[test]
fn checkpoints_are_counted_by_kind() {
    let metrics = Metrics::new();
    std::thread::sleep(Duration::from_millis(300));
    metrics.checkpointed(true, 5000, Duration::from_millis(300));
    metrics.checkpointed(false, 70, Duration::from_millis(30));
    assert!(value(&metrics, "gridwarden_checkpoint_age_seconds").unwrap() < 0.3);
    let about =
        |line: &&String| line.contains("_checkpoint") && !line.contains("_age_") && !line.contains("_bucket");
    let mut lines: Vec<String> = samples(&metrics).iter().filter(about).cloned().collect();
    lines.sort();
    expect![[r#"
        gridwarden_checkpoint_duration_seconds_count 2
        gridwarden_checkpoint_duration_seconds_sum 0.32999999999999998
        gridwarden_checkpoint_failures_total 0
        gridwarden_checkpoint_size_bytes{kind="changes"} 70
        gridwarden_checkpoint_size_bytes{kind="full"} 5000
        gridwarden_checkpoints_total{kind="changes"} 1
        gridwarden_checkpoints_total{kind="full"} 1"#]]
    .assert_eq(&lines.join("\n"));
}

#[test]
fn an_alert_has_its_latency() {
    let metrics = Metrics::new();
    metrics.alerted(wall_ms() - 1500);
    // The broker's clock may be ahead.
    metrics.alerted(wall_ms() + 60_000);
    let sample = |name| value(&metrics, name).unwrap();
    assert_eq!(sample("gridwarden_alert_latency_seconds_count"), 2.0);
    assert_eq!(sample("gridwarden_alerts_total"), 2.0);
    let sum = sample("gridwarden_alert_latency_seconds_sum");
    assert!((1.5..10.0).contains(&sum), "{sum}");
}

#[test]
fn the_process_has_its_memory() {
    assert!(value(&Metrics::new(), "gridwarden_resident_memory_bytes").unwrap() > 1e6);
}

#[test]
fn a_main_loop_that_hangs_is_reported() {
    let metrics = Metrics::new();
    assert_eq!(metrics.health.dead(), None);
    std::thread::sleep(Duration::from_millis(300));
    let reason = metrics.health.silent(Duration::from_millis(299)).unwrap();
    expect!["the main loop has not answered for 0 s"].assert_eq(&reason);
    metrics.beat(Loop::Main);
    assert_eq!(metrics.health.silent(Duration::from_millis(299)), None);
}

#[test]
fn a_loop_is_missed_from_its_first_beat_until_it_rests() {
    let metrics = Metrics::new();
    metrics.beat(Loop::Grid);
    std::thread::sleep(Duration::from_millis(300));
    metrics.beat(Loop::Main);
    let reason = metrics.health.silent(Duration::from_millis(299)).unwrap();
    expect!["the loop of the grid has not answered for 0 s"].assert_eq(&reason);
    metrics.rest(Loop::Grid);
    assert_eq!(metrics.health.silent(Duration::from_millis(299)), None);
}

#[test]
fn a_scraper_gets_the_format_that_it_reads() {
    let metrics = Metrics::new();
    metrics.dead_letters("torn", 3);
    let open = metrics.answer(Question::Metrics(MetricsFormat::OpenMetrics)).unwrap();
    assert!(open.contains("\ngridwarden_dead_letters_total{reason=\"torn\"} 3\n"), "{open}");
    assert!(open.ends_with("\n# EOF\n"), "{open}");
    let plain = metrics.answer(Question::Metrics(MetricsFormat::PrometheusText)).unwrap();
    assert!(
        plain.contains("# TYPE gridwarden_intervals_total counter\n") && !plain.contains("# EOF"),
        "{plain}"
    );
    // `web` does not know the encoder, so it has its own copy of the content type.
    assert_eq!(MetricsFormat::PrometheusText.content_type(), prometheus_text::CONTENT_TYPE);
}

#[test]
fn ready_says_what_is_missing() {
    let metrics = Metrics::new();
    let ready = || metrics.answer(Question::Readiness);
    assert_eq!(ready(), Err(Refusal::Unavailable("starting".to_owned())));
    metrics.health.not_ready("waiting for partitions of readings");
    assert_eq!(ready(), Err(Refusal::Unavailable("waiting for partitions of readings".to_owned())));
    metrics.health.ready();
    assert_eq!(ready(), Ok("ok\n".to_owned()));
    assert_eq!(metrics.answer(Question::Health), Ok("ok\n".to_owned()));
}
